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
	if stats.Entries > 1000 || stats.Evicted == 0 || stats.Bytes <= 0 {
		t.Errorf("%+v", stats)
	}
	m.Expire(time.UnixMicro(1e18))
	if stats := m.Stats(); stats.Entries != 0 || stats.Bytes != 0 {
		t.Errorf("after expiry: %+v", stats)
	}
}

func put(t *testing.T, m *state.Memory, key string, size int, expires time.Time) {
	t.Helper()
	held, err := m.Load(context.Background(), []string{key})
	if err != nil {
		t.Fatal(err)
	}
	entry := state.Entry{Key: key, Value: make([]byte, size), Version: held[0].Version, Expires: expires}
	if _, err := m.Commit(context.Background(), []state.Entry{entry}); err != nil {
		t.Fatal(err)
	}
}

func present(t *testing.T, m *state.Memory, kind string, n int) int {
	t.Helper()
	found := 0
	for i := range n {
		held, err := m.Load(context.Background(), []string{fmt.Sprint(kind, i)})
		if err != nil {
			t.Fatal(err)
		}
		if held[0].Version != 0 {
			found++
		}
	}
	return found
}

// A flood of names made up, each kept for 90 days, pushes out itself, and neither the sessions under way, which end within
// the hour, nor the accounts that came back.
func TestFloodPushesOutItself(t *testing.T) {
	m, now := state.NewMemory(1000), time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for range 2 {
		for i := range 100 {
			put(t, m, fmt.Sprint("account ", i), 10, now.Add(90*24*time.Hour))
			put(t, m, fmt.Sprint("session ", i), 10, now.Add(time.Hour))
		}
	}
	for i := range 50_000 {
		put(t, m, fmt.Sprint("made up ", i), 10, now.Add(90*24*time.Hour))
	}
	if accounts, sessions := present(t, m, "account ", 100), present(t, m, "session ", 100); accounts < 95 || sessions < 95 {
		t.Errorf("%d accounts and %d sessions of 100 are left", accounts, sessions)
	}
	if n := m.Stats().Entries; n != 1000 {
		t.Errorf("%d entries in a store for 1000", n)
	}
	path := filepath.Join(t.TempDir(), "state")
	if !m.Freeze() {
		t.Fatal("no snapshot")
	}
	if err := m.Save(path, 1); err != nil {
		t.Fatal(err)
	}
	back, _, err := state.LoadMemory(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		put(t, back, fmt.Sprint("more ", i), 10, now.Add(90*24*time.Hour))
	}
	if accounts := present(t, back, "account ", 100); accounts < 90 {
		t.Errorf("after a restart %d accounts of 100 are left", accounts)
	}
}

// The limit is one of bytes too: large entries are fewer.
func TestStoreIsBoundedInBytes(t *testing.T) {
	m := state.NewMemory(1000)
	for i := range 3000 {
		put(t, m, fmt.Sprint("large ", i%500), 10_000, time.Unix(2e9, 0))
	}
	if stats := m.Stats(); stats.Bytes > 1000<<10 || stats.Entries == 0 || stats.Evicted == 0 {
		t.Errorf("%+v", stats)
	}
}

// Two stores given the same forget the same: what a replay of a log sees does not depend on luck.
func TestEvictionIsTheSameEveryTime(t *testing.T) {
	left := ""
	for range 2 {
		m := state.NewMemory(300)
		for i := range 5000 {
			put(t, m, fmt.Sprint("key ", i*i%1777), i%50, time.Unix(2e9, 0))
		}
		now := ""
		for i := range 1777 {
			held, _ := m.Load(context.Background(), []string{fmt.Sprint("key ", i)})
			now += fmt.Sprint(held[0].Version, " ")
		}
		if left != "" && now != left {
			t.Fatal("two stores hold different entries after the same commits")
		}
		left = now
	}
}

// A commit that is larger than the store still does not eat its own entries.
func TestCommitOutlivesItsOwnRoom(t *testing.T) {
	m := state.NewMemory(3)
	var entries []state.Entry
	for i := range 10 {
		entries = append(entries, state.Entry{Key: fmt.Sprint(i), Value: []byte("v"), Expires: time.Unix(2e9, 0)})
	}
	if _, err := m.Commit(context.Background(), entries); err != nil {
		t.Fatal(err)
	}
	if n := present(t, m, "", 10); n != 10 {
		t.Errorf("%d of 10 entries of one commit are there", n)
	}
}

// A flood on a full store: every commit pushes out as much as it adds.
func BenchmarkCommitFull(b *testing.B) {
	m, ctx := state.NewMemory(100_000), context.Background()
	for i := 0; b.Loop(); i++ {
		entries := make([]state.Entry, 6)
		for k := range entries {
			entries[k] = state.Entry{Key: fmt.Sprint("key ", i, " ", k), Value: make([]byte, 300), Expires: time.Unix(2e9, 0)}
		}
		if _, err := m.Commit(ctx, entries); err != nil {
			b.Fatal(err)
		}
	}
}
