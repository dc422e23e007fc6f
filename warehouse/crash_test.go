package warehouse_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wayguard/search"
	"wayguard/warehouse"
	"wayguard/warehouse/warehousetest"
)

// The test binary started with this variable is the child of one of the tests below.
const (
	childVariable = "WAYGUARD_WAREHOUSE_CHILD"
	childPath     = "WAYGUARD_WAREHOUSE_PATH"
)

func TestMain(m *testing.M) {
	path := os.Getenv(childPath)
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "insert":
		os.Exit(insertForever(path))
	case "disk":
		os.Exit(fillDisk(path, 0))
	case "disk at checkpoint":
		os.Exit(fillDisk(path, 1<<20))
	}
	os.Exit(2)
}

func child(t *testing.T, kind, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self)
	command.Env = append(os.Environ(), childVariable+"="+kind, childPath+"="+path)
	command.Stderr = os.Stderr
	return command
}

// crashLog is the log that the children insert from: the same records in every process.
func crashLog() []warehouse.Entry { return warehousetest.NewGenerator(99).Entries(12_000) }

// insertForever goes on from where the warehouse is, as the reader of a log does, with a batch that overlaps what is
// there, and prints each position once it is acknowledged.
func insertForever(path string) int {
	w, err := warehouse.Open(path, warehouse.Options{Checkpoint: 1 << 20})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx := context.Background()
	position, err := w.Position(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("opened", position)
	entries := crashLog()
	next := 0
	for next < len(entries) && entries[next].Position <= position {
		next++
	}
	for ; next < len(entries); next += 40 {
		if err := w.Insert(ctx, entries[max(0, next-20):min(next+40, len(entries))]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("acknowledged", entries[min(next+40, len(entries))-1].Position)
	}
	return 0
}

func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills twenty processes: not in -short")
	}
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	var acknowledged uint64
	started := time.Now()
	kills := 0
	for ; kills < 20 && (kills < 5 || time.Since(started) < 8*time.Second); kills++ {
		command := child(t, "insert", path)
		out, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for seen := 0; lines.Scan(); {
			var what string
			var position uint64
			if _, err := fmt.Sscan(lines.Text(), &what, &position); err != nil {
				t.Fatalf("child said %q", lines.Text())
			}
			if position < acknowledged {
				t.Fatalf("kill %d: %s %d after %d was acknowledged", kills, what, position, acknowledged)
			}
			acknowledged = position
			if seen++; seen == 3+kills%7 {
				// Not right at an acknowledgement: somewhere in the next transactions.
				time.AfterFunc(time.Duration(kills*3)*time.Millisecond, func() { _ = command.Process.Kill() })
			}
		}
		if err := command.Wait(); err == nil {
			t.Fatal("the log ended before the process was killed: make it longer")
		}
	}
	t.Logf("%d kills, position %d", kills, acknowledged)
	checkWhole(t, open(t, path, warehouse.Options{}), crashLog(), acknowledged)
}

// checkWhole says whether the warehouse holds the log up to its position, each record once, and at least acknowledged.
func checkWhole(t *testing.T, w *warehouse.DuckDB, log []warehouse.Entry, acknowledged uint64) {
	t.Helper()
	position, err := w.Position(t.Context())
	if err != nil || position < acknowledged || acknowledged == 0 {
		t.Fatalf("position is %d, %v; %d was acknowledged", position, err, acknowledged)
	}
	want := map[string]int64{}
	for _, entry := range log {
		if entry.Position <= position && entry.Record.Event.Environment == warehousetest.Production {
			want[string(entry.Record.Session.ID)]++
		}
	}
	query := search.Query{Environment: warehousetest.Production}
	err = w.Each(t.Context(), query, func(s search.Session) error {
		if s.Events != want[string(s.ID)] {
			t.Errorf("session %s counts %d events, want %d", s.ID, s.Events, want[string(s.ID)])
		}
		delete(want, string(s.ID))
		return nil
	})
	if err != nil || len(want) != 0 {
		t.Errorf("%d sessions are missing, %v", len(want), err)
	}
	for _, entry := range log[:40] {
		e := &entry.Record.Event
		story, err := w.Story(t.Context(), e.Environment, entry.Record.Session.ID)
		if err != nil || int64(len(story.Events)) != story.Session.Events {
			t.Errorf("story has %d events of %d, %v", len(story.Events), story.Session.Events, err)
		}
	}
}

func TestOpenByAnotherProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	open(t, path, warehouse.Options{})
	out, err := child(t, "insert", path).Output()
	if err == nil || strings.Contains(string(out), "opened") {
		t.Fatalf("a second process opened the file: %q", out)
	}
}
