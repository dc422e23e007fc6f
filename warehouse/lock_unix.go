//go:build unix

package warehouse

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// fileLock keeps a second warehouse off the same file. DuckDB's own lock is one of fcntl and does not see a second
// opening by the same process; flock does, and dies with the process.
type fileLock struct{ file *os.File }

func lockFile(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close() // nothing was written
		return nil, fmt.Errorf("%w: %s is held by another warehouse", ErrLocked, path)
	}
	return &fileLock{file}, nil
}

func (l *fileLock) release() error { return l.file.Close() }
