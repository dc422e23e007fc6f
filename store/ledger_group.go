package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// The bounds of the group: how many writes may wait, and how many one commit keeps at most.
const (
	maxWaiting = 4096
	maxGroup   = 256
)

// work is one write. It must come to the same when it is done again, because a group that fails is undone and done one by one.
type work struct {
	// ctx is its caller's: what nobody waits for any more is not done.
	ctx  context.Context
	do   func(d *desk) error
	done chan error
}

// group commits writes together: one goroutine begins a transaction and does in it all that wait by then. Nobody waits for a group to
// fill, and whoever is in a hurry may go as long as another process keeps the transaction from beginning.
type group struct {
	writer    *sql.DB
	committed func()
	// room holds a place for each that waits.
	room chan struct{}
	wake chan struct{}
	done chan struct{}

	mu      sync.Mutex
	waiting []*work
	closed  bool
	counts  LedgerMetrics

	// desk is the goroutine's; nil until the next transaction where the last one could not be ended.
	desk *desk
}

func newGroup(ctx context.Context, writer *sql.DB, committed func()) (*group, error) {
	g := &group{writer: writer, committed: committed, room: make(chan struct{}, maxWaiting), wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := g.sit(ctx); err != nil {
		return nil, err
	}
	go g.run()
	return g, nil
}

// do waits until the work is kept or has failed. When ctx ends before the work was begun it is not done at all; after that its end is
// waited for, so that the answer is true.
func (g *group) do(ctx context.Context, do func(d *desk) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case g.room <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.room }()
	w := &work{ctx: ctx, do: do, done: make(chan error, 1)}
	if err := g.add(w); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		if g.withdraw(w) {
			return ctx.Err()
		}
		return <-w.done
	}
}

func (g *group) add(w *work) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.waiting = append(g.waiting, w)
	g.stir()
	return nil
}

// stir wakes the goroutine.
func (g *group) stir() {
	select {
	case g.wake <- struct{}{}:
	default: // it is about to look
	}
}

// withdraw takes back work that was not begun.
func (g *group) withdraw(w *work) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, one := range g.waiting {
		if one == w {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

func (g *group) run() {
	defer close(g.done)
	for {
		// Whoever is about to write comes first, so that a group is more than the one who woke this goroutine.
		runtime.Gosched()
		some, closed := g.look()
		if some {
			g.round()
			continue
		}
		if closed {
			return
		}
		<-g.wake
	}
}

// look says whether any wait, and whether no more can come.
func (g *group) look() (some, closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting) > 0, g.closed
}

// take gives the longest waiting, at most so many.
func (g *group) take(most int) (list []*work) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), most)
	list = append(list, g.waiting[:n]...)
	left := copy(g.waiting, g.waiting[n:])
	clear(g.waiting[left:])
	g.waiting = g.waiting[:left]
	return list
}

// round does what waits in one transaction. Where none can be begun, all fail with the reason at once: nothing was done, and for each of
// them alone it would take as long again.
func (g *group) round() {
	if err := g.begin(); err != nil {
		for _, w := range g.take(maxWaiting) {
			w.done <- err
		}
		return
	}
	list := g.take(maxGroup)
	errs := make([]error, len(list))
	err := g.end(func(d *desk) error {
		for i, w := range list {
			d.failed, d.touched = false, false
			errs[i] = attempt(w, d)
			if errs[i] != nil && (d.failed || d.touched) {
				return errs[i] // what it did must be undone, and with it the others' work
			}
		}
		return nil
	})
	if err == nil {
		g.count(len(list), 0)
		for i, w := range list {
			w.done <- errs[i]
		}
		return
	}
	if len(list) == 1 {
		list[0].done <- err
		return
	}
	g.redo(list)
}

// redo does works one by one, because one of them failed. Those that follow when no transaction can be begun fail with it, and those whose
// callers are gone are left out.
func (g *group) redo(list []*work) {
	var locked error
	for _, w := range list {
		err := w.ctx.Err()
		if err == nil && locked == nil {
			locked = g.begin()
		}
		if err == nil {
			err = locked
		}
		if err == nil {
			if err = g.end(func(d *desk) error { return attempt(w, d) }); err == nil {
				g.count(1, 1)
			}
		}
		w.done <- err
	}
}

// attempt does a work, unless its caller is gone; a panic of it is its error, because the goroutine is everybody's.
func attempt(w *work, d *desk) (err error) {
	defer func() {
		if r := recover(); r != nil {
			d.failed = true
			err = fmt.Errorf("panic: %T", r) // its text may hold values
		}
	}()
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.do(d)
}

// begin begins a transaction, for which it waits as long as the busy timeout says.
func (g *group) begin() error {
	if err := g.sit(context.Background()); err != nil { // a transaction that several share ends with none of them
		return err
	}
	_, err := g.desk.exec("BEGIN IMMEDIATE")
	if err != nil {
		g.leave()
	}
	return err
}

// end does the body of the transaction that was begun, and keeps or undoes it.
func (g *group) end(body func(d *desk) error) error {
	d := g.desk
	err := body(d)
	if err == nil {
		if _, err = d.exec("COMMIT"); err == nil {
			g.committed()
			return nil
		}
	}
	if _, undo := d.exec("ROLLBACK"); undo != nil {
		g.leave() // SQLite has undone it itself, as for a full disk, or the connection is of no use
	}
	return err
}

// sit makes the desk if there is none.
func (g *group) sit(ctx context.Context) error {
	if g.desk != nil {
		return nil
	}
	conn, err := g.writer.Conn(ctx)
	if err != nil {
		return err
	}
	g.desk = &desk{conn: conn, statements: map[string]*sql.Stmt{}}
	return nil
}

// leave gives the connection up, with whatever transaction it is in. A new one is made, which tells if nothing can be.
func (g *group) leave() {
	_ = g.desk.clear() // statements must be closed before their connection
	_ = g.desk.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = g.desk.conn.Close()
	g.desk = nil
}

func (g *group) count(writes, redone int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.Writes += int64(writes)
	g.counts.Commits++
	g.counts.Redone += int64(redone)
	g.counts.Largest = max(g.counts.Largest, int64(writes))
}

func (g *group) metrics() LedgerMetrics {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.counts
	m.Waiting = int64(len(g.waiting))
	return m
}

// close does what waits and ends the goroutine.
func (g *group) close() error {
	g.mu.Lock()
	g.closed = true
	g.stir()
	g.mu.Unlock()
	<-g.done
	if g.desk == nil {
		return nil
	}
	d := g.desk
	g.desk = nil
	return d.close()
}

// desk is the writing connection with its prepared statements. Only the group's goroutine uses it.
type desk struct {
	conn *sql.Conn
	// statements by their text, of which there are as many as the source code has.
	statements map[string]*sql.Stmt
	// failed says that a statement failed, touched that one changed a row, since the present work began.
	failed, touched bool
}

func (d *desk) statement(query string) (*sql.Stmt, error) {
	if s := d.statements[query]; s != nil {
		return s, nil
	}
	s, err := d.conn.PrepareContext(context.Background(), query)
	if err != nil {
		d.failed = true
		return nil, err
	}
	d.statements[query] = s
	return s, nil
}

// exec runs a statement and says how many rows it touched.
func (d *desk) exec(query string, args ...any) (int64, error) {
	s, err := d.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		d.failed = true
		return 0, err
	}
	rows, err := result.RowsAffected()
	if err != nil {
		d.failed = true
		return 0, err
	}
	d.touched = d.touched || rows > 0
	return rows, nil
}

// pick reads at most one row in the transaction.
func pick[T any](d *desk, read func(scanner) (T, error), query string, args ...any) (one T, found bool, err error) {
	s, err := d.statement(query)
	if err != nil {
		return one, false, err
	}
	one, err = read(s.QueryRowContext(context.Background(), args...))
	if errors.Is(err, sql.ErrNoRows) {
		return one, false, nil
	}
	if err != nil {
		d.failed = true
		return one, false, err
	}
	return one, true, nil
}

// clear closes the statements.
func (d *desk) clear() error {
	var errs []error
	for _, s := range d.statements {
		errs = append(errs, s.Close())
	}
	clear(d.statements)
	return errors.Join(errs...)
}

func (d *desk) close() error { return errors.Join(d.clear(), d.conn.Close()) }
