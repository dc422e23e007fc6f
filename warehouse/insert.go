package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// Insert keeps the entries whose position is beyond Position and moves Position to the last of them, both in one
// transaction; entries at or below it are here already and are passed over. After an error nothing of the call is
// here, unless the failure struck between the commit and its answer: calling again with the same entries is always
// right.
func (d *DuckDB) Insert(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	err := d.write(ctx, func(conn *sql.Conn) error {
		var position uint64
		if err := conn.QueryRowContext(ctx, "SELECT position FROM progress").Scan(&position); err != nil {
			return fmt.Errorf("read position: %w", err)
		}
		added, err := newBatch(entries, position)
		if err != nil || added.last == position {
			return err
		}
		return added.store(ctx, conn)
	})
	if err != nil {
		return fmt.Errorf("insert into warehouse: %w", err)
	}
	return nil
}

func (b *batch) store(ctx context.Context, conn *sql.Conn) error {
	for _, part := range []struct {
		table string
		rows  []row
	}{{"events", b.events}, {"elements", b.elements}, {"labels", b.labels}, {"actions", b.actions}} {
		if err := appendRows(conn, catalog, part.table, part.rows); err != nil {
			return err
		}
	}
	if err := b.storeSessions(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "UPDATE progress SET position = ?", b.last); err != nil {
		return fmt.Errorf("move position: %w", err)
	}
	return nil
}

// appendRows adds rows in DuckDB's own format, within the connection's transaction.
func appendRows(conn *sql.Conn, catalog, table string, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	err := conn.Raw(func(raw any) error {
		native, ok := raw.(driver.Conn)
		if !ok {
			return errors.New("connection is none of DuckDB's")
		}
		appender, err := duckdb.NewAppender(native, catalog, "main", table)
		if err != nil {
			return err
		}
		for _, values := range rows {
			if err = appender.AppendRow(values...); err != nil {
				break
			}
		}
		// Closed in any case, it holds memory outside of Go's; open appenders also keep the write-ahead log from
		// being folded into the file.
		return errors.Join(err, appender.Close())
	})
	if err != nil {
		return fmt.Errorf("append to %s: %w", table, err)
	}
	return nil
}

const (
	makeChanges = `CREATE TEMP TABLE IF NOT EXISTS changes (
		environment VARCHAR, session VARCHAR, journey VARCHAR, opened TIMESTAMP, last_seen TIMESTAMP, rating UTINYINT,
		score BIGINT, events BIGINT, labelled BOOLEAN, located BOOLEAN, country VARCHAR, city VARCHAR, address VARCHAR,
		address_order VARCHAR)`
	// A session's row is taken out and put back: DuckDB is several times faster at that than at updating most of the
	// columns of rows that lie scattered. What the row was is kept aside meanwhile.
	makeBefore   = `CREATE TEMP TABLE IF NOT EXISTS before AS SELECT * FROM sessions LIMIT 0`
	keepBefore   = `INSERT INTO before SELECT s.* FROM sessions s SEMI JOIN changes c ON ` + sameSession
	takeOut      = `DELETE FROM sessions s USING changes c WHERE ` + sameSession
	sameSession  = `s.environment = c.environment AND s.session = c.session`
	oldestChange = `SELECT least((SELECT min(opened) FROM before), (SELECT min(opened) FROM changes))`
	putBack      = `INSERT INTO sessions
		SELECT c.environment, c.session, c.journey, least(b.opened, c.opened), greatest(b.last_seen, c.last_seen),
			c.rating, c.score, c.events + coalesce(b.events, 0), coalesce(l.labels, b.labels, 0),
			CASE WHEN c.located THEN c.country ELSE coalesce(b.country, '') END,
			CASE WHEN c.located THEN c.city ELSE coalesce(b.city, '') END,
			CASE WHEN c.located THEN c.address ELSE coalesce(b.address, '') END,
			CASE WHEN c.located THEN c.address_order ELSE coalesce(b.address_order, '') END
		FROM changes c
		LEFT JOIN before b ON b.environment = c.environment AND b.session = c.session
		LEFT JOIN (` + countLabels + `) l ON l.environment = c.environment AND l.session = c.session`
	// A label counts once a session, and a rule in shadow places none.
	countLabels = `SELECT l.environment, l.session, count(DISTINCT l.name) AS labels FROM labels l
		SEMI JOIN (SELECT environment, session FROM changes WHERE labelled) m
			ON l.environment = m.environment AND l.session = m.session
		WHERE NOT l.shadow AND l.happened >= ?::TIMESTAMP GROUP BY l.environment, l.session`
)

// storeSessions brings the rows of the batch's sessions up to date.
func (b *batch) storeSessions(ctx context.Context, conn *sql.Conn) error {
	rows := make([]row, 0, len(b.sessions))
	for _, change := range b.sessions {
		rows = append(rows, change.row())
	}
	for _, statement := range []string{makeChanges, "DELETE FROM changes", makeBefore, "DELETE FROM before"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("stage sessions: %w", err)
		}
	}
	if err := appendRows(conn, "temp", "changes", rows); err != nil {
		return err
	}
	for _, statement := range []string{keepBefore, takeOut} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("take out sessions: %w", err)
		}
	}
	var oldest time.Time
	if err := conn.QueryRowContext(ctx, oldestChange).Scan(&oldest); err != nil {
		return fmt.Errorf("find oldest session: %w", err)
	}
	if _, err := conn.ExecContext(ctx, putBack, oldest); err != nil {
		return fmt.Errorf("put back sessions: %w", err)
	}
	return nil
}
