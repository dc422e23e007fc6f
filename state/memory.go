package state

import (
	"context"
	"hash/maphash"
	"maps"
	"math"
	"sync"
	"time"
)

// shardCount splits the map so that a snapshot copies a small part at a time.
const shardCount = 256

// Memory is the embedded Store. It is safe for concurrent use.
type Memory struct {
	seed  maphash.Seed
	limit int

	mu       sync.Mutex
	version  uint64
	entries  int
	bytes    int64
	evicted  uint64
	shards   [shardCount]shard
	snapping bool
	// slots hold every entry's key, without gaps, for the eviction to draw from; draw is where its fixed series stands.
	slots []string
	draw  uint64
}

// shard is one part of the map. While a snapshot runs, due says that the part has not been copied yet: whoever writes
// to it first copies it as it was.
type shard struct {
	items map[string]item
	due   bool
	kept  map[string]item
}

type item struct {
	value   []byte
	ref     string
	version uint64
	expires int64
	// slot is the key's place among the slots.
	slot int
	// proven means that the entry was written again after it was made: whatever it is about came back.
	proven bool
}

// entryBytes is the mean size of an entry that the limit stands for: a store of larger ones holds fewer.
const entryBytes = 1 << 10

// NewMemory makes an empty store of at most limit entries and as many KiB; 0 means two million.
func NewMemory(limit int) *Memory {
	if limit <= 0 {
		limit = 2_000_000
	}
	m := &Memory{seed: maphash.MakeSeed(), limit: limit}
	for i := range m.shards {
		m.shards[i].items = map[string]item{}
	}
	return m
}

// Load implements Store; it never fails.
func (m *Memory) Load(_ context.Context, keys []string) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Entry, 0, len(keys)+2)
	for _, key := range keys {
		out = append(out, m.entry(key))
	}
	for i := range keys {
		ref := out[i].Ref
		if ref == "" || has(out, ref) {
			continue
		}
		out = append(out, m.entry(ref))
	}
	return out, nil
}

func has(entries []Entry, key string) bool {
	for i := range entries {
		if entries[i].Key == key {
			return true
		}
	}
	return false
}

func (m *Memory) entry(key string) Entry {
	it, ok := m.shardOf(key).items[key]
	if !ok {
		return Entry{Key: key}
	}
	return Entry{Key: key, Value: it.value, Ref: it.ref, Version: it.version, Expires: time.UnixMicro(it.expires).UTC()}
}

// Commit implements Store.
func (m *Memory) Commit(_ context.Context, entries []Entry) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var stale []Entry
	for i := range entries {
		if now := m.entry(entries[i].Key); now.Version != entries[i].Version {
			stale = append(stale, now)
		}
	}
	if len(stale) > 0 {
		return stale, ErrStale
	}
	m.version++
	for i := range entries {
		m.put(&entries[i])
	}
	m.makeRoom(2 * len(entries))
	return nil, nil
}

func (m *Memory) put(e *Entry) {
	s := m.writable(e.Key)
	old, known := s.items[e.Key]
	it := item{value: e.Value, ref: e.Ref, version: m.version, expires: e.Expires.UnixMicro(), slot: old.slot, proven: known}
	if !known {
		m.take(s, e.Key, it)
		return
	}
	m.bytes += it.size(e.Key) - old.size(e.Key)
	s.items[e.Key] = it
}

// take adds an entry that is not there yet.
func (m *Memory) take(s *shard, key string, it item) {
	it.slot = len(m.slots)
	m.slots = append(m.slots, key)
	m.entries++
	m.bytes += it.size(key)
	s.items[key] = it
}

func (it item) size(key string) int64 { return int64(len(key) + len(it.value) + len(it.ref)) }

// sampled is how many entries an eviction looks at.
const sampled = 32

// makeRoom drops entries until the store is within its limit, at most so many.
func (m *Memory) makeRoom(most int) {
	for ; most > 0 && m.entries > 0 && (m.entries > m.limit || m.bytes > int64(m.limit)*entryBytes); most-- {
		key, found := m.victim()
		if !found {
			return
		}
		m.drop(m.writable(key), key)
		m.evicted++
	}
}

// victim is the worst of some entries: one that never came back before one that did, and of these the
// one written longest ago. So a flood of keys made up pushes out its own kind, and not the sessions under way or the
// accounts that return. The same commits give the same victims: a replay forgets what the live store forgot. Nothing of
// the commit under way is dropped.
func (m *Memory) victim() (key string, found bool) {
	oldest, proven := uint64(math.MaxUint64), true
	for range min(sampled, len(m.slots)) {
		m.draw = m.draw*6364136223846793005 + 1442695040888963407 // Knuth's MMIX; its high bits are the good ones
		at := m.slots[(m.draw>>33)%uint64(len(m.slots))]
		it := m.shardOf(at).items[at]
		if it.version == m.version || it.proven && !proven {
			continue
		}
		if proven && !it.proven || it.version < oldest {
			key, oldest, proven, found = at, it.version, it.proven, true
		}
	}
	return key, found
}

func (m *Memory) drop(s *shard, key string) {
	old := s.items[key]
	m.bytes -= old.size(key)
	m.entries--
	delete(s.items, key)
	last := len(m.slots) - 1
	if moved := m.slots[last]; moved != key {
		m.slots[old.slot] = moved
		into := m.shardOf(moved) // where a key stands is of no concern to a snapshot
		it := into.items[moved]
		it.slot = old.slot
		into.items[moved] = it
	}
	m.slots[last] = ""
	m.slots = m.slots[:last]
}

func (m *Memory) shardOf(key string) *shard {
	return &m.shards[maphash.String(m.seed, key)%shardCount]
}

func (m *Memory) writable(key string) *shard {
	s := m.shardOf(key)
	if s.due {
		s.kept, s.due = maps.Clone(s.items), false
	}
	return s
}

// Expire forgets entries whose time is over and says how many.
func (m *Memory) Expire(now time.Time) int {
	dropped, at := 0, now.UnixMicro()
	for i := range m.shards {
		m.mu.Lock()
		s := &m.shards[i]
		for key, it := range s.items {
			if it.expires < at {
				if s.due {
					s.kept, s.due = maps.Clone(s.items), false
				}
				m.drop(s, key)
				dropped++
			}
		}
		m.mu.Unlock()
	}
	return dropped
}

// Stats is the size of the store.
type Stats struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
	// Evicted counts entries dropped before their time because the store was full.
	Evicted uint64 `json:"evicted"`
}

// Stats reads the size.
func (m *Memory) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Stats{Entries: m.entries, Bytes: m.bytes, Evicted: m.evicted}
}
