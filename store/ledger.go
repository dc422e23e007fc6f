package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"wayguard/decision"
)

// Ledger keeps payment decisions, and everything around them, in one SQLite file. It is safe for concurrent use.
//
// All writes go through one goroutine, which commits together what waits together (see group), so that a write costs a share of a
// commit. The write-ahead log is given to the operating system with each commit and to the disk every 50 ms: a kill of the process loses
// nothing that was answered, a power cut or a crash of the operating system at most the last 50 ms, and neither damages the file.
//
// Searches, walks and retention read with connections of their own, so that however long they take no payment waits for one.
type Ledger struct {
	outbox
	file     *database
	searcher *sql.DB
	group    *group
	sync     *syncer
	// clock is when the decision was made that was recorded last, in microseconds since 1970; 0 before the first.
	clock atomic.Int64
}

var _ decision.Ledger = (*Ledger)(nil)

// ErrClosed means that the ledger is closed.
var ErrClosed = errors.New("ledger is closed")

// OpenLedger opens the ledger's file, creates it with mode 0600 when there is none, and brings its tables up to date. Errors are those
// of Open.
func OpenLedger(ctx context.Context, path string, opts Options) (*Ledger, error) {
	d, err := openDatabase(ctx, path, opts, blueprint{name: "decisions ledger", folder: "migrations/ledger", writing: []string{
		// NORMAL: a commit does not wait for the disk; the syncer sees to it.
		"journal_mode(WAL)", "synchronous(NORMAL)",
		// 16 MiB of pages, most of them of indexes that grow in the middle. A commit folds the log into the file only when it has 256 MiB,
		// which is when the syncer, who folds it in beside the writing, never found it at rest: under a load of thousands of decisions a
		// second, which write some 30 KiB each. All wait for such a commit, so that it must not come often.
		"cache_size(-16384)", "wal_autocheckpoint(64000)",
		// What retention and erasure take away is overwritten.
		"secure_delete(1)"}})
	if err != nil {
		return nil, err
	}
	l := &Ledger{file: d}
	if l.searcher, err = d.readers(opts.complete(), opts.complete().Searchers); err != nil {
		return nil, errors.Join(fmt.Errorf("open decisions ledger %s: %w", path, err), d.Close())
	}
	l.outbox = outbox{source: d.reader, exec: l.execGrouped}
	l.sync = newSyncer(d.path+"-wal", d.reader)
	if l.group, err = newGroup(ctx, d.writer, l.sync.touch); err != nil {
		return nil, errors.Join(fmt.Errorf("open decisions ledger %s: %w", path, translate(err)), l.sync.close(), l.searcher.Close(), d.Close())
	}
	return l, nil
}

// Close writes what waits, gives it to the disk and ends all connections. Whoever writes afterwards gets ErrClosed.
func (l *Ledger) Close() error {
	return errors.Join(l.group.close(), l.sync.close(), l.searcher.Close(), l.file.Close())
}

// LedgerMetrics are counts since the ledger was opened.
type LedgerMetrics struct {
	// Writes is how many were kept, in how many Commits; Redone were done one by one because another of their group failed.
	Writes, Commits, Redone int64
	// Waiting is how many wait now, Largest the most that one commit kept.
	Waiting, Largest int64
	// SyncFailures counts how often the disk did not take the log: what a power cut would lose is more than 50 ms then.
	SyncFailures int64
}

// Metrics tells the counts.
func (l *Ledger) Metrics() LedgerMetrics {
	m := l.group.metrics()
	m.SyncFailures = l.sync.failures.Load()
	return m
}

// Sync gives the disk what is not on it yet. Nobody needs to call it; a backup or a test may.
func (l *Ledger) Sync() error { return l.sync.now() }

// write does one piece of work in a transaction that it may share with others, and returns its error as it is when it is one of
// package decision's.
func (l *Ledger) write(ctx context.Context, what string, work func(d *desk) error) error {
	if err := l.group.do(ctx, work); err != nil {
		return fmt.Errorf("%s: %w", what, translate(err))
	}
	return nil
}

// execGrouped runs one statement and says how many rows it touched.
func (l *Ledger) execGrouped(ctx context.Context, what, query string, args ...any) (rows int64, err error) {
	err = l.write(ctx, what, func(d *desk) error {
		rows, err = d.exec(query, args...)
		return err
	})
	return rows, err
}
