package stream

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
)

// file is a segment being written.
type file interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// files is the part of the file system that writing a log needs; tests hand in one that fails.
type files interface {
	// create makes a new file; fs.ErrExist when there is one.
	create(path string) (file, error)
	// modify opens an existing file for writing.
	modify(path string) (file, error)
	remove(path string) error
	// syncFolder makes the folder's entries durable.
	syncFolder(path string) error
}

// osFiles is the real file system.
type osFiles struct{}

func (osFiles) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (osFiles) modify(path string) (file, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

func (osFiles) remove(path string) error { return os.Remove(path) }

func (osFiles) syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// lockFolder makes sure that one process has the log. The kernel drops the lock with the process, however it ends.
func lockFolder(dir string) (io.Closer, error) {
	path := filepath.Join(dir, "lock")
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), lock.Close())
	}
	return lock, nil
}

const segmentSuffix = ".segment"

// segmentName names a segment by its first position, so that names sort as positions do.
func segmentName(first Position) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// segmentFirsts lists the first positions of the segments in a folder, oldest first. Other files are left alone.
func segmentFirsts(dir string) ([]Position, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var firsts []Position
	for _, entry := range entries {
		digits, isSegment := strings.CutSuffix(entry.Name(), segmentSuffix)
		if !isSegment || entry.IsDir() || len(digits) != 20 {
			continue
		}
		if first, err := strconv.ParseUint(digits, 10, 64); err == nil && first > 0 {
			firsts = append(firsts, Position(first))
		}
	}
	sort.Slice(firsts, func(i, j int) bool { return firsts[i] < firsts[j] })
	return firsts, nil
}
