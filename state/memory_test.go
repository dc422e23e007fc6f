package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wayguard/state"
	"wayguard/state/statetest"
)

func TestMemoryConforms(t *testing.T) {
	statetest.Run(t, func(*testing.T) state.Store { return state.NewMemory(0) })
}

func fill(t *testing.T, m *state.Memory, from, to int, value string) {
	t.Helper()
	for i := from; i < to; i++ {
		key := fmt.Sprint("key ", i)
		held, _ := m.Load(context.Background(), []string{key})
		entry := state.Entry{Key: key, Value: []byte(value), Ref: "r", Version: held[0].Version, Expires: time.UnixMicro(int64(i) * 1e6)}
		if _, err := m.Commit(context.Background(), []state.Entry{entry}); err != nil {
			t.Fatal(err)
		}
	}
}

// A snapshot holds what was there at Freeze, whatever is committed while it is written.
func TestSnapshotIsOfOneMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	m := state.NewMemory(0)
	fill(t, m, 0, 3000, "before")
	if !m.Freeze() || m.Freeze() {
		t.Fatal("one snapshot at a time")
	}
	done := make(chan error)
	go func() { done <- m.Save(path, 42) }()
	fill(t, m, 0, 6000, "after")
	m.Expire(time.UnixMicro(500 * 1e6))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	back, position, err := state.LoadMemory(path, 0)
	if err != nil || position != 42 {
		t.Fatal(position, err)
	}
	if n := back.Stats().Entries; n != 3000 {
		t.Fatalf("%d entries in the snapshot", n)
	}
	for i := range 3000 {
		held, _ := back.Load(context.Background(), []string{fmt.Sprint("key ", i)})
		if string(held[0].Value) != "before" || held[0].Ref != "r" || held[0].Version == 0 {
			t.Fatalf("entry %d: %+v", i, held[0])
		}
	}
	if n := m.Stats().Entries; n != 5500 {
		t.Errorf("%d entries live", n)
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	if _, _, err := state.LoadMemory(path, 0); !errors.Is(err, state.ErrNoSnapshot) {
		t.Errorf("absent file: %v", err)
	}
	m := state.NewMemory(0)
	fill(t, m, 0, 20, "value")
	m.Freeze()
	if err := m.Save(path, 7); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := state.LoadMemory(path, 0); err == nil {
			t.Fatalf("cut at %d of %d was taken", cut, len(whole))
		}
	}
	for i := range whole {
		damaged := append([]byte{}, whole...)
		damaged[i] ^= 0x10
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := state.LoadMemory(path, 0); err == nil {
			t.Fatalf("a flipped bit at %d was taken", i)
		}
	}
}

func TestFullStoreEvictsAndCounts(t *testing.T) {
	m := state.NewMemory(1000)
	fill(t, m, 0, 5000, "v")
	stats := m.Stats()
	if stats.Entries > 1000+256 || stats.Evicted == 0 || stats.Bytes <= 0 {
		t.Errorf("%+v", stats)
	}
	m.Expire(time.UnixMicro(1e18))
	if stats := m.Stats(); stats.Entries != 0 || stats.Bytes != 0 {
		t.Errorf("after expiry: %+v", stats)
	}
}
