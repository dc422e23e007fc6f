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

//go:embed migrations/*.sql migrations/ledger/*.sql
var migrations embed.FS

// Options tune the database. The zero value is right for one process on one machine.
type Options struct {
	// BusyTimeout is how long a statement waits for another process's lock before ErrLocked. Default 5 s.
	BusyTimeout time.Duration
	// Readers is how many connections read at once; writing always uses exactly one. Default 4.
	Readers int
	// Searchers is how many connections of a Ledger search, walk over all decisions or look for what retention takes away. Default 2.
	Searchers int
}

func (o Options) complete() Options {
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.Searchers <= 0 {
		o.Searchers = 2
	}
	return o
}

// blueprint says what kind of database a file is.
type blueprint struct {
	// name is for errors, such as "settings database".
	name string
	// folder holds the migrations.
	folder string
	// writing are the pragmas of the writing connection, beside those that every one has.
	writing []string
}

// database is one SQLite file. It is safe for concurrent use.
type database struct {
	path   string
	writer *sql.DB
	reader *sql.DB
}

// openDatabase opens the file, creates it with mode 0600 when there is none, and brings its tables up to date.
func openDatabase(ctx context.Context, path string, opts Options, b blueprint) (*database, error) {
	fail := func(err error) error { return fmt.Errorf("open %s %s: %w", b.name, path, err) }
	if err := private(path); err != nil {
		return nil, fail(err)
	}
	d := &database{path: path}
	if err := d.connect(opts.complete(), b); err != nil {
		return nil, fail(err)
	}
	if err := d.migrate(ctx, b.folder); err != nil {
		return nil, errors.Join(fail(translate(err)), d.Close())
	}
	return d, nil
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

func (d *database) connect(opts Options, b blueprint) error {
	absolute, err := filepath.Abs(d.path)
	if err != nil {
		return err
	}
	d.writer, err = sql.Open("sqlite", dsn(absolute, opts, b.writing))
	if err != nil {
		return err
	}
	// SQLite has one writer anyway: a second connection would only wait for the first one's lock.
	d.writer.SetMaxOpenConns(1)
	d.reader, err = d.readers(opts, opts.Readers)
	if err != nil {
		return errors.Join(err, d.writer.Close())
	}
	return nil
}

// readers makes some connections that only read.
func (d *database) readers(opts Options, count int) (*sql.DB, error) {
	absolute, err := filepath.Abs(d.path)
	if err != nil {
		return nil, err
	}
	pool, err := sql.Open("sqlite", dsn(absolute, opts, nil))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(count)
	pool.SetMaxIdleConns(count)
	return pool, nil
}

// dsn is the driver's address of a file; without pragmas for writing it can only be read through.
func dsn(path string, opts Options, writing []string) string {
	values := url.Values{"_txlock": {"immediate"}}
	pragmas := []string{
		"busy_timeout(" + strconv.FormatInt(opts.BusyTimeout.Milliseconds(), 10) + ")",
		"foreign_keys(1)",
	}
	if len(writing) == 0 {
		values.Set("_txlock", "deferred")
		pragmas = append(pragmas, "query_only(1)")
	}
	values["_pragma"] = append(pragmas, writing...)
	return (&url.URL{Scheme: "file", Path: path, RawQuery: values.Encode()}).String()
}

func (d *database) migrate(ctx context.Context, folder string) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, d.writer, files, goose.WithDisableGlobalRegistry(true))
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
func (d *database) Close() error {
	return errors.Join(d.reader.Close(), d.writer.Close())
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
