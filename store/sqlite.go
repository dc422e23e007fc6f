package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SQLite is the settings database in one file. It is safe for concurrent use.
type SQLite struct {
	*database
	outbox
}

// Open opens the database file, creates it with mode 0600 when there is none, and brings its tables up to date. Another
// process holding it gives ErrLocked, a file that is no database ErrCorrupt.
func Open(ctx context.Context, path string, opts Options) (*SQLite, error) {
	d, err := openDatabase(ctx, path, opts, blueprint{name: "settings database", folder: "migrations",
		// FULL: a delivery or an audit entry that was accepted survives a power cut, not only a kill.
		writing: []string{"journal_mode(WAL)", "synchronous(FULL)"}})
	if err != nil {
		return nil, err
	}
	s := &SQLite{database: d}
	s.outbox = outbox{source: d.reader, exec: s.exec}
	return s, nil
}

// change runs statements in one transaction on the only writing connection.
func (s *SQLite) change(ctx context.Context, what string, body func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, translate(err))
	}
	if err := body(tx); err != nil {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			err = errors.Join(err, undo)
		}
		return fmt.Errorf("%s: %w", what, translate(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, translate(err))
	}
	return nil
}

// exec runs one statement and says how many rows it touched.
func (s *SQLite) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	result, err := s.writer.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, translate(err))
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, translate(err))
	}
	return rows, nil
}

// execOne runs one statement that must touch a row; ErrNotFound when it touched none.
func (s *SQLite) execOne(ctx context.Context, what, query string, args ...any) error {
	rows, err := s.exec(ctx, what, query, args...)
	if err == nil && rows == 0 {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return err
}
