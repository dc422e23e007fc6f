package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/state"
	"wayguard/stream"
)

// moody is a log whose disk fails for a while.
type moody struct {
	*stream.Memory
	mu       sync.Mutex
	failures int
	stuck    bool
}

func (m *moody) Read(ctx context.Context, after stream.Position, most int) ([]stream.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failures--; m.failures >= 0 {
		return nil, errors.New("input/output error")
	}
	return m.Memory.Read(ctx, after, most)
}

func (m *moody) Durable() stream.Position {
	if m.stuck {
		return 0
	}
	return m.Memory.Durable()
}

func (m *moody) Wait(ctx context.Context, after stream.Position) error {
	if m.stuck {
		<-ctx.Done()
		return ctx.Err()
	}
	return m.Memory.Wait(ctx, after)
}

// keeperOf is a keeper over a log that holds some records.
func keeperOf(t *testing.T, failures int) (*keeper, *strings.Builder) {
	t.Helper()
	ctx, p, log := context.Background(), planOf(t), stream.NewMemory(1000)
	live := newJudge(p)
	live.open(state.NewMemory(0), log, 0)
	for i := range 50 {
		if err := live.Observe(ctx, attempt(i)); err != nil {
			t.Fatal(err)
		}
	}
	told := &strings.Builder{}
	moods := &moody{Memory: log, failures: failures}
	return &keeper{path: filepath.Join(t.TempDir(), "state"), log: moods, writer: log, judge: newJudge(p), memory: state.NewMemory(0),
		logger: slog.New(slog.NewTextHandler(told, nil)), now: time.Now, retry: time.Millisecond, patience: 10 * time.Millisecond}, told
}

// A log that cannot be read at start is tried again, and told; nobody is judged on half a state.
func TestRestoreTriesAgain(t *testing.T) {
	k, told := keeperOf(t, 3)
	k.restore(context.Background())
	if !k.judge.opened() || k.folded != 50 {
		t.Fatalf("%d records folded in", k.folded)
	}
	if got := strings.Count(told.String(), "input/output error"); got != 1 {
		t.Errorf("the failure was told %d times:\n%s", got, told)
	}
	if err := k.judge.Observe(context.Background(), attempt(50)); err != nil {
		t.Error(err)
	}
}

// A stop while the state is restored is a stop, and leaves the judge closed and the snapshot as it was.
func TestStopWhileRestoring(t *testing.T) {
	k, _ := keeperOf(t, 1<<30)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.restore(ctx)
	}()
	k.tend(ctx)
	k.save(ctx)
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the restore goes on after the stop")
	}
	if k.judge.opened() {
		t.Error("events are judged on half a state")
	}
	if _, err := os.Stat(k.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a state was saved: %v", err)
	}
}

// While the state is restored, nothing of what the records rest on is forgotten because it is old by now.
func TestNothingExpiresWhileRestoring(t *testing.T) {
	k, _ := keeperOf(t, 0)
	entry := state.Entry{Key: "session", Value: []byte("v"), Expires: time.Now().Add(-time.Hour)}
	if _, err := k.memory.Commit(context.Background(), []state.Entry{entry}); err != nil {
		t.Fatal(err)
	}
	k.tend(context.Background())
	if n := k.memory.Stats().Entries; n != 1 {
		t.Fatalf("%d entries before the state is back", n)
	}
	k.restore(context.Background())
	before := k.memory.Stats().Entries
	k.tend(context.Background())
	if n := k.memory.Stats().Entries; n >= before {
		t.Errorf("%d entries, and %d after tidying", before, n)
	}
	if k.standing() != 50 {
		t.Errorf("the snapshot stands at %d", k.standing())
	}
}

// A full disk holds up the log; it must hold up neither the stop nor the snapshots to come.
func TestSaveDoesNotWaitForAFullDisk(t *testing.T) {
	k, told := keeperOf(t, 0)
	k.restore(context.Background())
	k.log.(*moody).stuck = true
	k.save(context.Background())
	if !strings.Contains(told.String(), "not durable") {
		t.Errorf("nothing was told:\n%s", told)
	}
	k.log.(*moody).stuck = false
	k.save(context.Background())
	if k.standing() != 50 {
		t.Errorf("the snapshot after it stands at %d", k.standing())
	}
	back, at := loadState(k.path, 0, 50, k.logger)
	if at != 50 || back.Stats().Entries != k.memory.Stats().Entries {
		t.Errorf("read back: %d entries at %d", back.Stats().Entries, at)
	}
}

// A snapshot that is damaged or ahead of the log is not used, and the state comes back from the log.
func TestSnapshotThatDoesNotFit(t *testing.T) {
	k, told := keeperOf(t, 0)
	k.restore(context.Background())
	k.save(context.Background())
	if m, at := loadState(k.path, 0, 49, k.logger); at != 0 || m.Stats().Entries != 0 || !strings.Contains(told.String(), "ahead of the log") {
		t.Errorf("ahead of the log: %d entries at %d", m.Stats().Entries, at)
	}
	if err := os.WriteFile(k.path, []byte("WGSTATE\x01 of before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, at := loadState(k.path, 0, 50, k.logger); at != 0 || m.Stats().Entries != 0 || !strings.Contains(told.String(), "cannot be used") {
		t.Errorf("damaged: %d entries at %d", m.Stats().Entries, at)
	}
}

// What is kept on disk of a visitor's state holds nothing that the event did not hold, and no value of a session.
func TestSnapshotHoldsNoSecret(t *testing.T) {
	k, _ := keeperOf(t, 0)
	k.restore(context.Background())
	e := attempt(60)
	e.Elements = append(e.Elements, event.Element{Name: "zz_card", Kind: event.Entity, Type: "card_number", Value: "hash-of-card", Display: "**** 1111"})
	if err := k.judge.Observe(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	k.save(context.Background())
	text, err := os.ReadFile(k.path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "hash-of-card") || strings.Contains(string(text), "1111") {
		t.Error("the snapshot holds the mask, or lacks the hash")
	}
}
