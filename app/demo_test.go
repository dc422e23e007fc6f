package app

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// logged is the size of the log in a data directory.
func logged(t *testing.T, data string) int64 {
	t.Helper()
	size := int64(0)
	err := filepath.WalkDir(filepath.Join(data, "log"), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // a segment may come and go meanwhile
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// The demo stops as a whole when told, whenever that is; what it logged can be exported, and judged again twice with the
// same bytes, which are those of the time.
func TestDemoStopsAndReplays(t *testing.T) {
	before := runtime.NumGoroutine()
	data := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	options := DemoOptions{Listen: "127.0.0.1:0", Hub: "127.0.0.1:0", Data: data, People: 20, Seed: 3}
	go func() { done <- Demo(ctx, quietWorld(), options) }()
	for deadline := time.Now().Add(30 * time.Second); logged(t, data) < 60_000; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			break
		}
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the demo stopped with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the demo does not stop")
	}
	settled(t, before)
	exported, first, second := &bytes.Buffer{}, &bytes.Buffer{}, &bytes.Buffer{}
	world := quietWorld()
	world.Stdout = exported
	if err := Export(context.Background(), world, data); err != nil {
		t.Fatal(err)
	}
	for _, out := range []*bytes.Buffer{first, second} {
		told := &strings.Builder{}
		world.Stdout, world.Stderr = out, told
		if err := Replay(context.Background(), world, "", data, true); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`replayed [1-9]\d* events in .*; 0 verdicts differ`).MatchString(told.String()) {
			t.Errorf("the replay says %s", told)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two replays differ")
	}
	if lines := bytes.Count(exported.Bytes(), []byte("\n")); lines < 20 || lines != bytes.Count(first.Bytes(), []byte("\n")) {
		t.Errorf("%d records exported, %d replayed", lines, bytes.Count(first.Bytes(), []byte("\n")))
	}
}

// settled waits until no more goroutines run than before.
func settled(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// The demo of nobody in particular keeps nothing, also when it is stopped before it has begun.
func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Demo(ctx, quietWorld(), DemoOptions{Listen: "127.0.0.1:0", Hub: "127.0.0.1:0", People: 5, Seed: 1}); err != nil {
		t.Errorf("stopped with %v", err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A port that is taken ends the demo with its reason.
func TestDemoTellsATakenPort(t *testing.T) {
	h, err := open(quietWorld(), localConfig(t), RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	taken := h.hubListener.Addr().String()
	defer h.hubListener.Close()
	world := quietWorld()
	world.Logger = slog.New(slog.DiscardHandler)
	err = Demo(context.Background(), world, DemoOptions{Listen: "127.0.0.1:0", Hub: taken, People: 5, Seed: 1})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a taken port: %v", err)
	}
}

func TestReplayWithoutRecords(t *testing.T) {
	err := Replay(context.Background(), quietWorld(), "", t.TempDir(), false)
	if err == nil || !strings.Contains(err.Error(), "no recorded events") {
		t.Errorf("without records: %v", err)
	}
}
