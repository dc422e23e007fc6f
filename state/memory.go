package state

import (
	"context"
	"hash/maphash"
	"maps"
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
}

// NewMemory makes an empty store of at most limit entries; 0 means two million.
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
	return nil, nil
}

func (m *Memory) put(e *Entry) {
	s := m.writable(e.Key)
	old, known := s.items[e.Key]
	if !known {
		m.makeRoom(s)
		m.entries++
	}
	m.bytes += int64(len(e.Value)+len(e.Key)+len(e.Ref)) - int64(len(old.value)+len(old.ref))
	if known {
		m.bytes -= int64(len(e.Key))
	}
	s.items[e.Key] = item{value: e.Value, ref: e.Ref, version: m.version, expires: e.Expires.UnixMicro()}
}

// makeRoom drops the entry of the shard that would expire first when the store is full: a flood of random keys then
// pushes out its own kind, which expire soonest, before what is worth keeping.
func (m *Memory) makeRoom(s *shard) {
	if m.entries < m.limit || len(s.items) == 0 {
		return
	}
	victim, first, looked := "", int64(0), 0
	for key, it := range s.items {
		if victim == "" || it.expires < first {
			victim, first = key, it.expires
		}
		if looked++; looked == 16 {
			break
		}
	}
	m.drop(s, victim)
	m.evicted++
}

func (m *Memory) drop(s *shard, key string) {
	old := s.items[key]
	m.bytes -= int64(len(old.value) + len(old.ref) + len(key))
	m.entries--
	delete(s.items, key)
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
