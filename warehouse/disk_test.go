//go:build linux

package warehouse_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"wayguard/warehouse"
)

// limitFiles lets no file of the process grow beyond size bytes: to DuckDB, a full disk.
func limitFiles(size uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(size, limit.Max)
	return unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
}

// fillDisk inserts until the disk is full, shows that it stays so, makes room, and inserts the rest of the log.
func fillDisk(path string, checkpoint int64) int {
	signal.Ignore(syscall.SIGXFSZ)
	fail := func(what string, err error) int {
		fmt.Println("FAILED", what, err)
		return 1
	}
	w, err := warehouse.Open(path, warehouse.Options{Checkpoint: checkpoint})
	if err != nil {
		return fail("open", err)
	}
	ctx := context.Background()
	entries := crashLog()[:8000]
	const size = 1000
	failures := 0
	for next := 0; next < len(entries); {
		if next == 3*size && failures == 0 {
			if err := limitFiles(largest(path, path+".wal") + 100_000); err != nil {
				return fail("limit", err)
			}
		}
		err := w.Insert(ctx, entries[next:next+size])
		position, failed := w.Position(ctx)
		switch {
		case err == nil && failed == nil && position == entries[next+size-1].Position:
			next += size
		case err == nil:
			return fail("position after an insert", failed)
		default:
			if failures++; failures == 4 {
				if err := limitFiles(1 << 60); err != nil {
					return fail("make room", err)
				}
			}
			if failures > 10 {
				return fail("insert after room was made", err)
			}
			if failed == nil && position != entries[next-1].Position {
				return fail("position after a failed insert", fmt.Errorf("is %d", position))
			}
		}
	}
	fmt.Println("failures", failures)
	if err := w.Close(); err != nil {
		return fail("close", err)
	}
	return 0
}

// largest is the size of the largest of the files that are there.
func largest(paths ...string) uint64 {
	var size uint64
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			size = max(size, uint64(info.Size()))
		}
	}
	return size
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	// The first is full while the write-ahead log is written, the second while it is folded into the file.
	for _, kind := range []string{"disk", "disk at checkpoint"} {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "warehouse.duckdb")
			out, err := child(t, kind, path).Output()
			if err != nil || !strings.HasPrefix(string(out), "failures ") || strings.HasPrefix(string(out), "failures 0") {
				t.Fatalf("child said %q, %v", out, err)
			}
			t.Logf("child said %q", out)
			log := crashLog()[:8000]
			checkWhole(t, open(t, path, warehouse.Options{}), log, log[len(log)-1].Position)
		})
	}
}
