package store

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// syncEvery is what a power cut may cost; every foldEvery-th time the log is folded into the file as well.
const (
	syncEvery = 50 * time.Millisecond
	foldEvery = 10
)

// syncer gives the write-ahead log to the disk a moment after it was written to, and folds it into the file, so that no commit has to.
type syncer struct {
	log    string
	reader *sql.DB
	// touched since it was given to the disk, and since it was folded in.
	touched, unfolded atomic.Bool
	failures          atomic.Int64
	stop              chan struct{}
	once              sync.Once
	done              chan struct{}
}

func newSyncer(log string, reader *sql.DB) *syncer {
	s := &syncer{log: log, reader: reader, stop: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

// touch says that the log was written to.
func (s *syncer) touch() {
	s.touched.Store(true)
	s.unfolded.Store(true)
}

func (s *syncer) run() {
	defer close(s.done)
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		// A failure is counted, and the log is tried again at the next tick: there is nobody here to tell.
		_ = s.now()
		if n%foldEvery == 0 && s.unfolded.Swap(false) {
			// PASSIVE waits for nobody and nobody waits for it. What it cannot do the next one does.
			_, _ = s.reader.Exec("PRAGMA wal_checkpoint(PASSIVE)")
		}
	}
}

// now syncs the log if it was written to since the last time.
func (s *syncer) now() error {
	if !s.touched.Swap(false) {
		return nil
	}
	err := syncFile(s.log)
	if err != nil {
		s.touched.Store(true)
		s.failures.Add(1)
	}
	return err
}

func (s *syncer) close() error {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	return s.now()
}

// syncFile gives a file's pages to the disk, whoever wrote them. It is opened anew each time, since SQLite may begin a new log; closing
// it is harmless, because SQLite keeps no lock on its log.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // folded into the database, which SQLite syncs itself
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
