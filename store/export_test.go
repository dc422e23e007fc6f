package store

import (
	"context"
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

// AtOf is the time in an id.
func AtOf(id event.ID) int64 { return atOf(id) }
