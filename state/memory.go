package state

import (
	"context"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// Memory is the embedded Store. It is safe for concurrent use.
//
// Keys and values lie in a few large blocks of bytes, and what leads to them in tables without pointers: the garbage collector
// looks at none of it, however many sessions are alive. As pointerful maps a million sessions took most of a second of CPU
// each time it ran.
type Memory struct {
	seed  maphash.Seed
	limit int

	mu      sync.Mutex
	version uint64
	bytes   int64
	evicted uint64
	// slots hold every entry, without gaps, for the eviction to draw from; draw is where its fixed series stands.
	slots table
	draw  uint64
	index index
	slab  slab
	// places are where a commit's entries stand.
	places []int
	frozen frozen
}

// entryBytes is the mean size of an entry that the limit stands for: a store of larger ones holds fewer.
const entryBytes = 1 << 10

// nowhere is the place of an entry that is not there.
const nowhere = -1

// NewMemory makes an empty store of at most limit entries and as many KiB; 0 means two million.
func NewMemory(limit int) *Memory {
	if limit <= 0 {
		limit = 2_000_000
	}
	return &Memory{seed: maphash.MakeSeed(), limit: limit}
}

// Load implements Store; it never fails.
func (m *Memory) Load(ctx context.Context, keys []string) ([]Entry, error) {
	return m.LoadInto(ctx, &Batch{}, keys)
}

// LoadInto implements Store; it never fails.
func (m *Memory) LoadInto(_ context.Context, b *Batch, keys []string) ([]Entry, error) {
	b.reset()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.guess(b, keys)
	for i, key := range keys {
		m.loadAt(b, key, m.confirm(&b.guesses[i], key))
	}
	for i := range keys {
		if ref := b.entries[i].Ref; ref != "" && !b.has(ref) {
			m.load(b, ref)
		}
	}
	return b.entries, nil
}

// guess looks up where each key's entry most likely stands, in rounds of which each does one step for all keys: the waits for
// memory, which is most of what a load is among many sessions, then go side by side.
func (m *Memory) guess(b *Batch, keys []string) {
	b.guesses = b.guesses[:0]
	for _, key := range keys {
		hash := m.hash(key)
		b.guesses = append(b.guesses, guess{hash: hash, place: m.index.part(hash).likely(hash)})
	}
	for i := range b.guesses {
		if g := &b.guesses[i]; g.place != nowhere {
			s := m.slots.at(g.place)
			g.block, g.size = s.block, s.key
		}
	}
}

// confirm is the place of the key's entry: the one guessed if it is the key's.
func (m *Memory) confirm(g *guess, key string) int {
	if g.place != nowhere && int(g.size) == len(key) && string(m.slab.block(g.block)[:g.size]) == key {
		return g.place
	}
	return m.find(g.hash, key)
}

// load adds the entry of a key to the batch.
func (m *Memory) load(b *Batch, key string) { m.loadAt(b, key, m.find(m.hash(key), key)) }

func (m *Memory) loadAt(b *Batch, key string, at int) {
	e := b.entry()
	e.Key = key
	if at == nowhere {
		return
	}
	s := m.slots.at(at)
	block := m.slab.block(s.block)
	both := b.keep(block[s.key : s.key+s.value+s.ref])
	e.Version, e.Expires, e.place = s.version, time.UnixMicro(s.expires).UTC(), at+1
	if s.value > 0 {
		e.Value = both[:s.value:s.value]
	}
	if s.ref > 0 {
		e.Ref = textOf(both[s.value:])
	}
}

func (m *Memory) hash(key string) uint64 { return maphash.String(m.seed, key) }

// find is the place of a key's entry. The whole key is compared: no two keys look like one.
func (m *Memory) find(hash uint64, key string) int {
	part := m.index.part(hash)
	for probe, at := part.first(hash); at != nowhere; at = part.next(hash, &probe) {
		if m.holds(at, key) {
			return at
		}
	}
	return nowhere
}

// holds says whether the entry at a place is that of the key.
func (m *Memory) holds(at int, key string) bool {
	s := m.slots.at(at)
	return int(s.key) == len(key) && string(m.slab.block(s.block)[:s.key]) == key
}

// Commit implements Store.
func (m *Memory) Commit(_ context.Context, entries []Entry) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var stale *Batch
	m.places = m.places[:0]
	for i := range entries {
		e := &entries[i]
		at, version := m.standing(e), uint64(0)
		if at != nowhere {
			version = m.slots.at(at).version
		}
		m.places = append(m.places, at)
		if version == e.Version {
			continue
		}
		if stale == nil {
			stale = &Batch{}
		}
		m.load(stale, e.Key)
	}
	if stale != nil {
		return stale.entries, ErrStale
	}
	m.version++
	for i := range entries {
		m.put(&entries[i], m.places[i])
	}
	m.makeRoom(2 * len(entries))
	return nil, nil
}

// standing is the place of an entry's key: most often where it stood when it was loaded.
func (m *Memory) standing(e *Entry) int {
	if e.place > 0 && e.place <= m.slots.count {
		if at := e.place - 1; m.holds(at, e.Key) {
			return at
		}
	}
	return m.find(m.hash(e.Key), e.Key)
}

func (m *Memory) put(e *Entry, at int) {
	hash := uint64(0)
	if at == nowhere {
		hash = m.hash(e.Key)
		at = m.find(hash, e.Key) // the commit may have the key twice
	}
	size := len(e.Key) + len(e.Value) + len(e.Ref)
	m.bytes += int64(size)
	if at == nowhere {
		at = m.slots.add(slot{hash: hash, block: m.slab.take(size)})
		m.index.part(hash).add(hash, at)
	} else {
		m.spare(at)
		s := m.slots.at(at)
		m.bytes -= s.size()
		s.block = m.slab.resize(s.block, size)
		s.proven = true
	}
	s := m.slots.at(at)
	s.version, s.expires = m.version, e.Expires.UnixMicro()
	s.key, s.value, s.ref = uint32(len(e.Key)), uint32(len(e.Value)), uint32(len(e.Ref))
	block := m.slab.block(s.block)
	n := copy(block, e.Key)
	n += copy(block[n:], e.Value)
	copy(block[n:], e.Ref)
}

// sampled is how many entries an eviction looks at.
const sampled = 32

// makeRoom drops entries until the store is within its limit, at most so many.
func (m *Memory) makeRoom(most int) {
	for ; most > 0 && m.slots.count > 0 && (m.slots.count > m.limit || m.bytes > int64(m.limit)*entryBytes); most-- {
		at := m.victim()
		if at == nowhere {
			return
		}
		m.drop(at)
		m.evicted++
	}
}

// victim is the worst of some entries: one that never came back before one that did, and of these the
// one written longest ago. So a flood of keys made up pushes out its own kind, and not the sessions under way or the
// accounts that return. The same commits give the same victims: a replay forgets what the live store forgot. Nothing of
// the commit under way is dropped.
func (m *Memory) victim() int {
	worst, oldest, proven := nowhere, uint64(math.MaxUint64), true
	for range min(sampled, m.slots.count) {
		m.draw = m.draw*6364136223846793005 + 1442695040888963407 // Knuth's MMIX; its high bits are the good ones
		at := int((m.draw >> 33) % uint64(m.slots.count))
		s := m.slots.at(at)
		if s.version == m.version || s.proven && !proven {
			continue
		}
		if proven && !s.proven || s.version < oldest {
			worst, oldest, proven = at, s.version, s.proven
		}
	}
	return worst
}

// drop forgets the entry at a place; the last one moves there.
func (m *Memory) drop(at int) {
	m.spare(at)
	s := m.slots.at(at)
	m.bytes -= s.size()
	m.slab.free(s.block)
	m.index.part(s.hash).remove(s.hash, at)
	last := m.slots.count - 1
	if last != at {
		m.spare(last) // a snapshot tells where each entry stood
		moved := m.slots.at(last)
		m.index.part(moved.hash).move(moved.hash, last, at)
		*s = *moved
	}
	m.slots.dropLast()
}

// expireBatch is how many entries Expire looks at while commits wait.
const expireBatch = 4096

// Expire forgets entries whose time is over and says how many. Commits go on between its steps.
func (m *Memory) Expire(now time.Time) int {
	dropped, limit := 0, now.UnixMicro()
	m.mu.Lock()
	defer m.mu.Unlock()
	// From the last to the first: what moves into a gap has been looked at already.
	for at := m.slots.count - 1; at >= 0; at-- {
		if at%expireBatch == 0 {
			m.mu.Unlock()
			m.mu.Lock()
			at = min(at, m.slots.count-1)
			if at < 0 {
				break
			}
		}
		if m.slots.at(at).expires < limit {
			m.drop(at)
			dropped++
		}
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
	return Stats{Entries: m.slots.count, Bytes: m.bytes, Evicted: m.evicted}
}
