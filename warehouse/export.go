package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"wayguard/search"
)

// exportPage is how many rows of an export are in memory at once.
const exportPage = 2000

// Each hands over all sessions of the query, whatever its limit and offset, in its order and as they were at one
// moment. It ends with the first error of take. Rows wait in a temporary table, on disk when they are many, and no
// transaction is open meanwhile: a slow taker holds up nobody but the next exports.
func (d *DuckDB) Each(ctx context.Context, q search.Query, take func(search.Session) error) error {
	asked, err := newQuestion(q)
	if err != nil {
		return err
	}
	select {
	case d.exports <- struct{}{}:
		defer func() { <-d.exports }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := d.enter(); err != nil {
		return fmt.Errorf("export sessions: %w", err)
	}
	defer d.mu.RUnlock()
	conn, err := d.base.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("export sessions: %w", err)
	}
	err = d.noted(export(ctx, conn, asked, func(s search.Session) error {
		if d.down.Load() {
			return ErrUnavailable // reopening waits for this
		}
		return take(s)
	}))
	if err := errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("export sessions: %w", err)
	}
	return nil
}

func export(ctx context.Context, conn *sql.Conn, asked *question, take func(search.Session) error) (err error) {
	err = within(ctx, conn, "COMMIT", func(conn *sql.Conn) error {
		where, err := asked.resolve(ctx, conn)
		if err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE export AS SELECT *, "+
			"row_number() OVER (ORDER BY %s) AS place FROM sessions WHERE %s", asked.order, where.sql()), where.args...)
		return err
	})
	if err != nil {
		return err
	}
	defer func() {
		_, dropped := conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS export")
		err = errors.Join(err, dropped)
	}()
	const page = "SELECT " + sessionColumns + " FROM export WHERE place > ? AND place <= ? ORDER BY place"
	for from := 0; ; from += exportPage {
		rows, err := conn.QueryContext(ctx, page, from, from+exportPage)
		if err != nil {
			return err
		}
		handed := 0
		err = eachSession(rows, func(s search.Session) error {
			handed++
			return take(s)
		})
		if err != nil || handed < exportPage {
			return err
		}
	}
}
