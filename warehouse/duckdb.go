package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// Options bound what the warehouse may take. The zero value is the default of each.
type Options struct {
	// Memory in bytes DuckDB may use, default 512 MiB; larger sorts spill to disk.
	Memory int64
	// Spill in bytes DuckDB may write beside the file for such sorts and for exports, default 4 GiB.
	Spill int64
	// Threads DuckDB may use for a question, default one a processor, at most four.
	Threads int
	// Readers is how many questions run at once, default 4; others wait. Exports have two places of their own.
	Readers int
	// Checkpoint is how large the write-ahead log may grow, in bytes, before it is folded into the file; default
	// 64 MiB. Larger is faster to write and slower to open after a crash.
	Checkpoint int64
	// StoryEvents is how many events a story holds at most, default 1000.
	StoryEvents int
}

func (o Options) withDefaults() Options {
	def := func(value *int64, standard int64) {
		if *value <= 0 {
			*value = standard
		}
	}
	count := func(value *int, standard int) {
		if *value <= 0 {
			*value = standard
		}
	}
	def(&o.Memory, 512<<20)
	def(&o.Spill, 4<<30)
	def(&o.Checkpoint, 64<<20)
	count(&o.Threads, min(runtime.NumCPU(), 4))
	count(&o.Readers, 4)
	count(&o.StoryEvents, 1000)
	return o
}

// DuckDB is the embedded warehouse. All methods may be called at the same time: one writes, the others read the state
// of the last commit.
type DuckDB struct {
	path string
	opts Options
	lock *fileLock

	// writing is held by Insert and Forget: DuckDB's file has one writer.
	writing sync.Mutex
	// exports bounds how many exports hold a connection for as long as their reader takes.
	exports chan struct{}
	// mu guards base; held for reading by every question, for writing only to close and to reopen.
	mu   sync.RWMutex
	base *base
	// down says that DuckDB has put itself out of service.
	down   atomic.Bool
	closed atomic.Bool
}

// base is one opening of the file.
type base struct {
	db *sql.DB
	// writer is the one connection that writes.
	writer *sql.Conn
}

func (b *base) close() error {
	return errors.Join(b.writer.Close(), b.db.Close())
}

// Open opens the warehouse at path, and makes it, with its folder, when it is not there. The error is ErrLocked when
// someone else has it open, ErrCorrupt when it cannot be read.
func Open(path string, opts Options) (*DuckDB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open warehouse %s: %w", path, err)
	}
	if strings.Contains(absolute, "?") {
		return nil, fmt.Errorf("open warehouse %s: DuckDB takes no question mark in a path", path)
	}
	opts = opts.withDefaults()
	if err := makeFolders(absolute); err != nil {
		return nil, fmt.Errorf("open warehouse %s: %w", path, err)
	}
	lock, err := lockFile(absolute + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open warehouse %s: %w", path, err)
	}
	opened, err := openBase(absolute, opts)
	if err != nil {
		return nil, errors.Join(openError(path, err), lock.release())
	}
	return &DuckDB{path: absolute, opts: opts, lock: lock, base: opened, exports: make(chan struct{}, exportPlaces)}, nil
}

// Close waits for what runs, folds the write-ahead log into the file and gives the file free.
func (d *DuckDB) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if d.base != nil {
		if !d.down.Load() {
			_, err = d.base.writer.ExecContext(context.Background(), "CHECKPOINT "+catalog)
		}
		err = errors.Join(err, d.base.close())
		d.base = nil
	}
	if err := errors.Join(err, d.lock.release()); err != nil {
		return fmt.Errorf("close warehouse: %w", err)
	}
	return nil
}

// Position is the highest position of the log that is here, 0 when nothing is.
func (d *DuckDB) Position(ctx context.Context) (uint64, error) {
	var position uint64
	err := d.read(ctx, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, "SELECT position FROM progress").Scan(&position)
	})
	if err != nil {
		return 0, fmt.Errorf("read warehouse position: %w", err)
	}
	return position, nil
}

// read runs ask on one connection, within one transaction: all it asks sees the same state.
func (d *DuckDB) read(ctx context.Context, ask func(*sql.Conn) error) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.mu.RUnlock()
	conn, err := d.base.db.Conn(ctx)
	if err != nil {
		return err
	}
	err = within(ctx, conn, "ROLLBACK", ask)
	return d.noted(errors.Join(err, conn.Close()))
}

// write runs change as the only writer, within one transaction: all of it happens or nothing.
func (d *DuckDB) write(ctx context.Context, change func(*sql.Conn) error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := d.revive(); err != nil {
		return err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if err := d.available(); err != nil {
		return err
	}
	err := d.noted(within(ctx, d.base.writer, "COMMIT", change))
	_ = hide(d.path) // opening has shown that it can be done, and what is committed is committed
	return err
}

// within runs do between BEGIN and end; a failure rolls back. The end is not cancelled with ctx: a connection must
// never be left inside a transaction.
func within(ctx context.Context, conn *sql.Conn, end string, do func(*sql.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lasting := context.WithoutCancel(ctx)
	if _, err := conn.ExecContext(lasting, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	err := do(conn)
	if err == nil {
		if _, err = conn.ExecContext(lasting, end); err == nil {
			return nil
		}
		err = &endError{err}
	}
	if _, failed := conn.ExecContext(lasting, "ROLLBACK"); failed != nil && !noTransaction(failed) {
		return errors.Join(err, failed)
	}
	return err
}

// enter begins a question: mu is held for reading when it returns no error. After a breakdown it reopens the file if
// the writer is not about to.
func (d *DuckDB) enter() error {
	if d.down.Load() && d.writing.TryLock() {
		err := d.revive()
		d.writing.Unlock()
		if err != nil {
			return err
		}
	}
	d.mu.RLock()
	if err := d.available(); err != nil {
		d.mu.RUnlock()
		return err
	}
	return nil
}

func (d *DuckDB) available() error {
	switch {
	case d.closed.Load():
		return ErrClosed
	case d.base == nil || d.down.Load():
		return ErrUnavailable
	}
	return nil
}

// endError is a transaction that could not be ended.
type endError struct{ cause error }

func (e *endError) Error() string { return "end transaction: " + e.cause.Error() }

func (e *endError) Unwrap() error { return e.cause }

// noted takes the warehouse out of service when err says that DuckDB did so, or should have: after a commit that failed
// on a full disk, DuckDB 1.4.3 goes on and damages the next rows it appends (seen in TestFullDisk). What is on disk is
// right, so all in memory is thrown away and read again.
func (d *DuckDB) noted(err error) error {
	var unfinished *endError
	if broken(err) || errors.As(err, &unfinished) {
		d.down.Store(true)
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// revive reopens the file after a breakdown; writing is held. It does not wait for readers: they end soon, since nothing answers them,
// but one whose own reader is slow must not hold up the writer; then the next call tries again.
func (d *DuckDB) revive() error {
	if d.closed.Load() {
		return ErrClosed
	}
	if !d.down.Load() {
		return nil
	}
	if !d.mu.TryLock() {
		return fmt.Errorf("%w: waiting for its readers to leave", ErrUnavailable)
	}
	defer d.mu.Unlock()
	if d.base != nil {
		_ = d.base.close() // it is broken, and that has been reported
		d.base = nil
	}
	opened, err := openBase(d.path, d.opts)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, openError(d.path, err))
	}
	d.base = opened
	d.down.Store(false)
	return nil
}
