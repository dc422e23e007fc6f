package state_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"wayguard/state"
)

// plain is a store in maps, as Memory once was: what Memory is held against.
type plain struct {
	limit   int
	version uint64
	bytes   int
	items   map[string]plainItem
	slots   []string
	draw    uint64
}

type plainItem struct {
	value, ref string
	version    uint64
	expires    int64
	slot       int
	proven     bool
}

func (p *plain) commit(entries []state.Entry) {
	p.version++
	for _, e := range entries {
		old, known := p.items[e.Key]
		it := plainItem{string(e.Value), e.Ref, p.version, e.Expires.UnixMicro(), old.slot, known}
		if !known {
			it.slot = len(p.slots)
			p.slots = append(p.slots, e.Key)
		} else {
			p.bytes -= len(e.Key) + len(old.value) + len(old.ref)
		}
		p.bytes += len(e.Key) + len(e.Value) + len(e.Ref)
		p.items[e.Key] = it
	}
	for most := 2 * len(entries); most > 0 && len(p.items) > 0 && (len(p.items) > p.limit || p.bytes > p.limit<<10); most-- {
		key, found := p.victim()
		if !found {
			return
		}
		p.drop(key)
	}
}

func (p *plain) victim() (key string, found bool) {
	oldest, proven := uint64(math.MaxUint64), true
	for range min(32, len(p.slots)) {
		p.draw = p.draw*6364136223846793005 + 1442695040888963407
		at := p.slots[(p.draw>>33)%uint64(len(p.slots))]
		it := p.items[at]
		if it.version == p.version || it.proven && !proven {
			continue
		}
		if proven && !it.proven || it.version < oldest {
			key, oldest, proven, found = at, it.version, it.proven, true
		}
	}
	return key, found
}

func (p *plain) drop(key string) {
	old := p.items[key]
	p.bytes -= len(key) + len(old.value) + len(old.ref)
	delete(p.items, key)
	last := len(p.slots) - 1
	if moved := p.slots[last]; moved != key {
		p.slots[old.slot] = moved
		it := p.items[moved]
		it.slot = old.slot
		p.items[moved] = it
	}
	p.slots = p.slots[:last]
}

func (p *plain) expire(now time.Time) {
	for at := len(p.slots) - 1; at >= 0; at-- {
		if key := p.slots[at]; p.items[key].expires < now.UnixMicro() {
			p.drop(key)
		}
	}
}

// keys are all that a test uses.
const keys = 1500

// compare looks every key up in both.
func (p *plain) compare(t *testing.T, m *state.Memory) {
	t.Helper()
	var all []string
	for i := range keys {
		all = append(all, fmt.Sprint("key ", i))
	}
	got, err := m.Load(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range all {
		want, known := p.items[key]
		e := got[i]
		if !known {
			want.expires = time.Time{}.UnixMicro()
		}
		if string(e.Value) != want.value || e.Ref != want.ref || e.Version != want.version || e.Expires.UnixMicro() != want.expires {
			t.Fatalf("%s is %+v, want %+v", key, e, want)
		}
	}
	if stats := m.Stats(); stats.Entries != len(p.items) || stats.Bytes != int64(p.bytes) {
		t.Fatalf("%+v, want %d entries of %d bytes", stats, len(p.items), p.bytes)
	}
}

// clone is the store as it is now.
func (p *plain) clone() *plain {
	c := *p
	c.items, c.slots = map[string]plainItem{}, append([]string{}, p.slots...)
	for key, it := range p.items {
		c.items[key] = it
	}
	return &c
}

// random is a commit of some entries, now and then a very large one.
func random(t *testing.T, r *rand.Rand, m *state.Memory) []state.Entry {
	t.Helper()
	var entries []state.Entry
	taken := map[string]bool{}
	for range 1 + r.IntN(6) {
		key := fmt.Sprint("key ", r.IntN(keys)*r.IntN(keys)/keys)
		if taken[key] {
			continue
		}
		taken[key] = true
		held, err := m.Load(context.Background(), []string{key})
		if err != nil {
			t.Fatal(err)
		}
		size := r.IntN(1 << r.IntN(13))
		if r.IntN(300) == 0 {
			size = r.IntN(400_000)
		}
		e := state.Entry{Key: key, Value: bytes.Repeat([]byte{byte(r.IntN(256))}, size), Version: held[0].Version, Expires: time.UnixMicro(r.Int64N(1e6))}
		if r.IntN(3) == 0 {
			e.Ref = fmt.Sprint("key ", r.IntN(keys))
		}
		entries = append(entries, e)
	}
	return entries
}

// Whatever is committed, expires and is pushed out, also across snapshots and restarts: Memory holds what a store in maps
// holds, and forgets the same.
func TestMemoryIsThePlainStore(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 9))
		limit := 200 + r.IntN(1500)
		m, p := state.NewMemory(limit), &plain{limit: limit, items: map[string]plainItem{}}
		path := filepath.Join(t.TempDir(), "state")
		for i := range 6000 {
			entries := random(t, r, m)
			if _, err := m.Commit(ctx, entries); err != nil {
				t.Fatal(err)
			}
			p.commit(entries)
			if r.IntN(400) == 0 {
				now := time.UnixMicro(r.Int64N(3e5))
				m.Expire(now)
				p.expire(now)
			}
			if r.IntN(900) == 0 {
				p.compare(t, m)
			}
			if i%1000 != 999 {
				continue
			}
			// A snapshot that is saved while commits go on is that of the moment it was frozen in, and goes on as the store did.
			if !m.Freeze() {
				t.Fatal("a snapshot is under way")
			}
			then := p.clone()
			saved := make(chan error)
			go func() { saved <- m.Save(path, uint64(i)) }()
			for range 300 {
				entries := random(t, r, m)
				if _, err := m.Commit(ctx, entries); err != nil {
					t.Fatal(err)
				}
				p.commit(entries)
			}
			now := time.UnixMicro(1e5)
			m.Expire(now)
			p.expire(now)
			if err := <-saved; err != nil {
				t.Fatal(err)
			}
			p.compare(t, m)
			back, position, err := state.LoadMemory(path, limit)
			if err != nil || position != uint64(i) {
				t.Fatal(position, err)
			}
			then.compare(t, back)
			if i%2000 == 999 {
				// The clone's versions go on from the highest that is left, which a store that was loaded does not tell apart.
				m, p = back, then
				p.version = 0
				for _, it := range p.items {
					p.version = max(p.version, it.version)
				}
			}
		}
	}
}
