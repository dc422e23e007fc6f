package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options tune the database. The zero value is right for one process on one machine.
type Options struct {
	// BusyTimeout is how long a statement waits for another process's lock before ErrLocked. Default 5 s.
	BusyTimeout time.Duration
	// Readers is how many connections read at once; writing always uses exactly one. Default 4.
	Readers int
}

// SQLite is the settings database in one file. It is safe for concurrent use.
type SQLite struct {
	path   string
	writer *sql.DB
	reader *sql.DB
}

// Open opens the database file, creates it with mode 0600 when there is none, and brings its tables up to date. Another
// process holding it gives ErrLocked, a file that is no database ErrCorrupt.
func Open(ctx context.Context, path string, opts Options) (*SQLite, error) {
	if opts.BusyTimeout <= 0 {
		opts.BusyTimeout = 5 * time.Second
	}
	if opts.Readers <= 0 {
		opts.Readers = 4
	}
	if err := private(path); err != nil {
		return nil, fmt.Errorf("open settings database %s: %w", path, err)
	}
	s := &SQLite{path: path}
	if err := s.connect(opts); err != nil {
		return nil, fmt.Errorf("open settings database %s: %w", path, err)
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open settings database %s: %w", path, translate(err)), s.Close())
	}
	return s, nil
}

// private makes sure that nobody else may read the file, before the driver writes a byte: it holds password hashes.
// SQLite gives its -wal and -shm files the same mode.
func private(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Close())
}

func (s *SQLite) connect(opts Options) error {
	absolute, err := filepath.Abs(s.path)
	if err != nil {
		return err
	}
	s.writer, err = sql.Open("sqlite", dsn(absolute, opts, false))
	if err != nil {
		return err
	}
	// SQLite has one writer anyway: a second connection would only wait for the first one's lock.
	s.writer.SetMaxOpenConns(1)
	s.reader, err = sql.Open("sqlite", dsn(absolute, opts, true))
	if err != nil {
		return errors.Join(err, s.writer.Close())
	}
	s.reader.SetMaxOpenConns(opts.Readers)
	s.reader.SetMaxIdleConns(opts.Readers)
	return nil
}

func dsn(path string, opts Options, readOnly bool) string {
	values := url.Values{"_txlock": {"immediate"}}
	pragmas := []string{
		"busy_timeout(" + strconv.FormatInt(opts.BusyTimeout.Milliseconds(), 10) + ")",
		"foreign_keys(1)",
	}
	if readOnly {
		values.Set("_txlock", "deferred")
		pragmas = append(pragmas, "query_only(1)")
	} else {
		// FULL: a delivery or an audit entry that was accepted survives a power cut, not only a kill.
		pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(FULL)")
	}
	values["_pragma"] = pragmas
	return (&url.URL{Scheme: "file", Path: path, RawQuery: values.Encode()}).String()
}

func (s *SQLite) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: its schema is version %d, this program knows %d", ErrNewer, current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close ends all connections; the write-ahead log is folded into the file.
func (s *SQLite) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
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

// scanner is a row, or the current one of rows.
type scanner interface {
	Scan(dest ...any) error
}

// list runs a query and reads each row with read.
func list[T any](ctx context.Context, db *sql.DB, what string, read func(scanner) (T, error), query string, args ...any) (
	[]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, translate(err))
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	var all []T
	for rows.Next() {
		one, err := read(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, translate(err))
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, translate(err))
	}
	return all, nil
}

// find runs a query for at most one row.
func find[T any](ctx context.Context, db *sql.DB, what string, read func(scanner) (T, error), query string, args ...any) (
	T, bool, error) {
	one, err := read(db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		var none T
		return none, false, nil
	}
	if err != nil {
		return one, false, fmt.Errorf("%s: %w", what, translate(err))
	}
	return one, true, nil
}

// stamp is how a time is kept: microseconds since 1970 in UTC, 0 for the zero time.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func unstamp(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
