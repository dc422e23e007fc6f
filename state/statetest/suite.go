// Package statetest is the conformance suite that every state.Store passes.
package statetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"wayguard/state"
)

// Run tests stores made by open; each call must give an empty one.
func Run(t *testing.T, open func(t *testing.T) state.Store) {
	t.Run("missing entries have version 0", func(t *testing.T) { missing(t, open(t)) })
	t.Run("what is committed is loaded", func(t *testing.T) { roundTrip(t, open(t)) })
	t.Run("a batch is room for one load after the other", func(t *testing.T) { batches(t, open(t)) })
	t.Run("nothing of what is committed is kept", func(t *testing.T) { copies(t, open(t)) })
	t.Run("references are followed once", func(t *testing.T) { references(t, open(t)) })
	t.Run("a stale commit changes nothing", func(t *testing.T) { stale(t, open(t)) })
	t.Run("concurrent counting loses nothing", func(t *testing.T) { counting(t, open(t)) })
}

func expiry() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }

func load(t *testing.T, s state.Store, keys ...string) []state.Entry {
	t.Helper()
	entries, err := s.Load(context.Background(), keys)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func commit(t *testing.T, s state.Store, entries ...state.Entry) {
	t.Helper()
	for i := range entries {
		entries[i].Expires = expiry()
	}
	if _, err := s.Commit(context.Background(), entries); err != nil {
		t.Fatal(err)
	}
}

func missing(t *testing.T, s state.Store) {
	got := load(t, s, "a", "b")
	if len(got) != 2 || got[0].Key != "a" || got[1].Key != "b" || got[0].Version != 0 || got[1].Value != nil {
		t.Errorf("loaded %+v", got)
	}
}

func roundTrip(t *testing.T, s state.Store) {
	commit(t, s, state.Entry{Key: "a", Value: []byte("1")}, state.Entry{Key: "b", Value: []byte("2")})
	got := load(t, s, "b", "a")
	if string(got[0].Value) != "2" || string(got[1].Value) != "1" || got[0].Version == 0 || !got[0].Expires.Equal(expiry()) {
		t.Errorf("loaded %+v", got)
	}
	commit(t, s, state.Entry{Key: "a", Value: []byte("3"), Version: got[1].Version})
	if again := load(t, s, "a"); string(again[0].Value) != "3" || again[0].Version <= got[1].Version {
		t.Errorf("after a change: %+v", again)
	}
}

func loadInto(t *testing.T, s state.Store, b *state.Batch, keys ...string) []state.Entry {
	t.Helper()
	entries, err := s.LoadInto(context.Background(), b, keys)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func batches(t *testing.T, s state.Store) {
	commit(t, s, state.Entry{Key: "a", Value: []byte("first"), Ref: "b"}, state.Entry{Key: "b", Value: []byte("second")})
	var b state.Batch
	for range 3 {
		got := loadInto(t, s, &b, "a", "none")
		if len(got) != 3 || string(got[0].Value) != "first" || got[0].Ref != "b" || got[1].Version != 0 || got[2].Key != "b" || string(got[2].Value) != "second" {
			t.Errorf("loaded %+v", got)
		}
		if got := loadInto(t, s, &b, "b"); len(got) != 1 || string(got[0].Value) != "second" {
			t.Errorf("loaded %+v", got)
		}
	}
	kept := load(t, s, "a")
	commit(t, s, state.Entry{Key: "a", Value: []byte("third"), Version: kept[0].Version})
	loadInto(t, s, &b, "b", "a")
	if string(kept[0].Value) != "first" || kept[0].Ref != "b" {
		t.Errorf("what was loaded for good changed to %+v", kept[0])
	}
}

func copies(t *testing.T, s state.Store) {
	value, key := []byte("value"), []byte("key")
	commit(t, s, state.Entry{Key: string(key), Value: value, Ref: "r"})
	copy(value, "other")
	got := load(t, s, "key")
	if string(got[0].Value) != "value" {
		t.Errorf("the store holds %q", got[0].Value)
	}
	copy(got[0].Value, "XXXXX")
	if again := load(t, s, "key"); string(again[0].Value) != "value" {
		t.Errorf("a reader changed the store's value to %q", again[0].Value)
	}
}

func references(t *testing.T, s state.Store) {
	commit(t, s, state.Entry{Key: "k1", Ref: "s"}, state.Entry{Key: "k2", Ref: "s"}, state.Entry{Key: "s", Value: []byte("v")},
		state.Entry{Key: "lost", Ref: "gone"})
	got := load(t, s, "k1", "k2", "lost")
	if len(got) != 5 {
		t.Fatalf("loaded %d entries: %+v", len(got), got)
	}
	if got[3].Key != "s" || string(got[3].Value) != "v" || got[4].Key != "gone" || got[4].Version != 0 {
		t.Errorf("followed to %+v", got[3:])
	}
	if direct := load(t, s, "k1", "s"); len(direct) != 2 {
		t.Errorf("an entry asked for came twice: %+v", direct)
	}
}

func stale(t *testing.T, s state.Store) {
	commit(t, s, state.Entry{Key: "a", Value: []byte("1")})
	before := load(t, s, "a")[0]
	commit(t, s, state.Entry{Key: "a", Value: []byte("2"), Version: before.Version})
	now, err := s.Commit(context.Background(), []state.Entry{
		{Key: "new", Value: []byte("x"), Expires: expiry()},
		{Key: "a", Value: []byte("3"), Version: before.Version, Expires: expiry()},
	})
	if !errors.Is(err, state.ErrStale) {
		t.Fatalf("a stale commit gave %v", err)
	}
	if len(now) != 1 || now[0].Key != "a" || string(now[0].Value) != "2" {
		t.Errorf("came back: %+v", now)
	}
	if got := load(t, s, "new", "a"); got[0].Version != 0 || string(got[1].Value) != "2" {
		t.Errorf("half of it was done: %+v", got)
	}
	if _, err := s.Commit(context.Background(), []state.Entry{{Key: "a", Value: []byte("4"), Expires: expiry()}}); !errors.Is(err, state.ErrStale) {
		t.Errorf("an entry that is there was committed as new: %v", err)
	}
}

func counting(t *testing.T, s state.Store) {
	const workers, each = 8, 50
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				if err := increment(s); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := string(load(t, s, "n")[0].Value); got != fmt.Sprint(workers*each) {
		t.Errorf("counted %s, want %d", got, workers*each)
	}
}

func increment(s state.Store) error {
	held, err := s.Load(context.Background(), []string{"n"})
	if err != nil {
		return err
	}
	for {
		n := 0
		if held[0].Version != 0 {
			if _, err := fmt.Sscan(string(held[0].Value), &n); err != nil {
				return err
			}
		}
		next := state.Entry{Key: "n", Value: fmt.Append(nil, n+1), Version: held[0].Version, Expires: expiry()}
		now, err := s.Commit(context.Background(), []state.Entry{next})
		if err == nil {
			return nil
		}
		if !errors.Is(err, state.ErrStale) {
			return err
		}
		held = now
	}
}
