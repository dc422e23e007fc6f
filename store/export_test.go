package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"wayguard/decision"
	"wayguard/event"
)

// CapPages makes the database as small as a full disk would, for tests.
func (s *SQLite) CapPages(ctx context.Context, pages int) error {
	_, err := s.writer.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

// CapPages makes the ledger as small as a full disk would, for tests.
func (l *Ledger) CapPages(ctx context.Context, pages int) error {
	return l.write(ctx, "cap", func(d *desk) error {
		_, err := d.exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		return err
	})
}

// Plan says how a search is done.
func (l *Ledger) Plan(ctx context.Context, q decision.Query) (string, error) {
	query, args, err := l.question(ctx, q, 20)
	if err != nil {
		return "", err
	}
	return l.explain(ctx, query, args)
}

// ValuePlan says how entries of a list are looked for.
func (l *Ledger) ValuePlan(ctx context.Context, env event.Environment, q decision.ValueQuery) (string, error) {
	query, args := valueQuestion(env, q)
	return l.explain(ctx, query, args)
}

func (l *Ledger) explain(ctx context.Context, query string, args []any) (string, error) {
	steps, err := list(ctx, l.file.reader, "explain", func(row scanner) (string, error) {
		var id, parent, unused int
		var text string
		err := row.Scan(&id, &parent, &unused, &text)
		return text, err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	return strings.Join(steps, "; "), err
}

// Panic has the goroutine that writes meet a panic.
func (l *Ledger) Panic(ctx context.Context, text string) error {
	return l.write(ctx, "panic", func(*desk) error { panic(text) })
}

// Fail changes something, calls meanwhile and fails, in whatever transaction it comes into.
func (l *Ledger) Fail(ctx context.Context, reason error, meanwhile func()) error {
	return l.write(ctx, "fail", func(d *desk) error {
		_, err := d.exec(`INSERT INTO retention_marks (environment, payloads) VALUES ('failing', 1)`)
		meanwhile()
		return errors.Join(reason, err)
	})
}

// OccupySearchers takes all connections of searches.
func (l *Ledger) OccupySearchers(ctx context.Context) (release func() error, err error) {
	var taken []*sql.Conn
	for range l.searcher.Stats().MaxOpenConnections {
		conn, err := l.searcher.Conn(ctx)
		if err != nil {
			return nil, err
		}
		taken = append(taken, conn)
	}
	return func() (err error) {
		for _, conn := range taken {
			err = errors.Join(err, conn.Close())
		}
		return err
	}, nil
}

// DuePlan says how deliveries are read action by action.
func (l *Ledger) DuePlan(ctx context.Context) (string, error) {
	return l.explain(ctx, fmt.Sprintf(dueByAction, "AND actions.action NOT IN ($4)"), []any{1, 1, 1, "x"})
}

// AtOf is the time in an id.
func AtOf(id event.ID) int64 { return atOf(id) }
