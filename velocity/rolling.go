package velocity

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// The bounds of a Rolling.
const (
	// RollingReach is the longest window that it answers for.
	RollingReach = 30 * 24 * time.Hour
	// rollingShards share the work between processors; each has a lock of its own.
	rollingShards = 64
	// protectedShare of a shard, in quarters, is for keys that were seen more than once.
	protectedShare = 3
)

// Rolling counts over windows of any length up to RollingReach, for many keys in bounded memory. Count, Sum and Distinct are one-sided:
// what they answer is never more than what happened within the window. They are exact to the millisecond for keys with few events;
// for busy ones the window's far end may be short, see series. When there is no room, keys that were seen once are let go before
// keys that were seen again: a flood of random keys cannot push out those that matter. What was let go is not forgotten silently: Since
// says how far back a key's events are all there, and Fill puts back those before. A window ends at the time asked for or at the
// key's newest event, whichever is later, so that of two payments at one moment neither misses itself. It is safe for concurrent use.
type Rolling struct {
	seeds [2]maphash.Seed
	// fixed keys do not depend on the seeds.
	fixed  bool
	shards [rollingShards]shard
}

// RollingKey names a counter. Visitors choose the values but not the seeds, so that they cannot make two of them meet.
type RollingKey struct{ a, b uint64 }

// NewRolling makes one that holds that many cells: a key needs one at least and a busy one up to cellLimit. A cell takes about 200
// bytes where every key has but one, and 32 in a busy key. Once keys are let go, ten bytes more a cell remember which.
func NewRolling(cells int) *Rolling {
	r := &Rolling{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	for i := range r.shards {
		s := &r.shards[i]
		s.limit = max(cells/rollingShards, 4)
		s.series = make(map[RollingKey]*series)
		s.lost.init()
		s.once.init()
		s.again.init()
	}
	return r
}

// NewFixedRolling is NewRolling for calculations that must come out the same each time, even where not everything fits in. Its keys are
// SHA-256, which takes a little longer.
func NewFixedRolling(cells int) *Rolling {
	r := NewRolling(cells)
	r.fixed = true
	return r
}

// Key names the counter of these parts; other parts, or the same text divided otherwise, give another one.
func (r *Rolling) Key(parts ...string) RollingKey {
	if !r.fixed {
		return RollingKey{r.hash(0, parts), r.hash(1, parts)}
	}
	var text []byte
	for _, part := range parts {
		text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	digest := sha256.Sum256(text)
	return RollingKey{binary.BigEndian.Uint64(digest[:]), binary.BigEndian.Uint64(digest[8:])}
}

// member is a value as a key keeps it.
func (r *Rolling) member(value string) uint64 {
	if r.fixed {
		return HashOf(value)
	}
	return maphash.String(r.seeds[0], value)
}

func (r *Rolling) hash(seed int, parts []string) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seeds[seed])
	for _, part := range parts {
		n := uint32(len(part))
		_, _ = h.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
		_, _ = h.WriteString(part)
	}
	return h.Sum64()
}

// Add counts one event and its amount, which is not negative. What is older than RollingReach before the key's newest is left out.
func (r *Rolling) Add(key RollingKey, at time.Time, amount int64) {
	r.shard(key).touch(key, at.UnixMilli(), func(s *series) { s.add(at.UnixMilli(), amount) })
}

// Note notes that the value was seen with the key, for Distinct.
func (r *Rolling) Note(key RollingKey, at time.Time, value string) {
	hash := r.member(value)
	r.shard(key).touch(key, at.UnixMilli(), func(s *series) { s.note(at.UnixMilli(), hash) })
}

// TakeBack undoes an Add with the same arguments.
func (r *Rolling) TakeBack(key RollingKey, at time.Time, amount int64) {
	r.shard(key).change(key, func(s *series) { s.takeBack(at.UnixMilli(), amount) })
}

// TakeBackNote undoes a Note with the same arguments.
func (r *Rolling) TakeBackNote(key RollingKey, at time.Time, value string) {
	hash := r.member(value)
	r.shard(key).change(key, func(s *series) { s.takeBackNote(at.UnixMilli(), hash) })
}

// Count is the number of events within the window before at.
func (r *Rolling) Count(key RollingKey, at time.Time, window time.Duration) int64 {
	count, _ := r.within(key, at, window)
	return count
}

// Sum is their amounts, added up.
func (r *Rolling) Sum(key RollingKey, at time.Time, window time.Duration) int64 {
	_, sum := r.within(key, at, window)
	return sum
}

func (r *Rolling) within(key RollingKey, at time.Time, window time.Duration) (count, sum int64) {
	s := r.shard(key)
	s.Lock()
	defer s.Unlock()
	if found := s.series[key]; found != nil {
		count, sum = found.within(at.UnixMilli(), min(window, RollingReach).Milliseconds())
	}
	return count, sum
}

// Distinct is the number of different values noted within the window before at, at most memberLimit.
func (r *Rolling) Distinct(key RollingKey, at time.Time, window time.Duration) int64 {
	s := r.shard(key)
	s.Lock()
	defer s.Unlock()
	if found := s.series[key]; found != nil {
		return found.distinct(at.UnixMilli(), min(window, RollingReach).Milliseconds())
	}
	return 0
}

// Noted says whether the value is one of those that Distinct counts.
func (r *Rolling) Noted(key RollingKey, at time.Time, window time.Duration, value string) bool {
	hash := r.member(value)
	s := r.shard(key)
	s.Lock()
	defer s.Unlock()
	found := s.series[key]
	return found != nil && found.noted(at.UnixMilli(), min(window, RollingReach).Milliseconds(), hash)
}

// Held are the keys and cells in memory, and how many keys were let go for want of room.
func (r *Rolling) Held() (keys, cells int, dropped uint64) {
	for i := range r.shards {
		s := &r.shards[i]
		s.Lock()
		keys += len(s.series)
		cells += s.once.cells + s.again.cells
		dropped += s.dropped
		s.Unlock()
	}
	return keys, cells, dropped
}

func (r *Rolling) shard(key RollingKey) *shard { return &r.shards[key.a%rollingShards] }

// shard holds a part of the keys: those seen once, and those seen again.
type shard struct {
	sync.Mutex
	series      map[RollingKey]*series
	once, again queue
	limit       int
	dropped     uint64
	// lost are those that were let go.
	lost lost
}

// touch lets do add what happens now to a key's series, and then makes room again.
func (s *shard) touch(key RollingKey, at int64, do func(*series)) {
	s.Lock()
	defer s.Unlock()
	found := s.series[key]
	switch {
	case found == nil:
		found = &series{key: key, since: min(s.lost.of(key), at-1)}
		s.series[key] = found
		do(found)
		s.once.push(found)
	case at <= found.since:
		return // a straggler from before what is whole: Fill brings it
	default:
		found.queue.remove(found)
		do(found)
		s.again.push(found)
	}
	s.makeRoom(found)
}

// change edits a key's series where there is one, and lets it go when nothing is left of it.
func (s *shard) change(key RollingKey, do func(*series)) {
	s.Lock()
	defer s.Unlock()
	found := s.series[key]
	if found == nil {
		return
	}
	q := found.queue
	q.remove(found)
	do(found)
	if found.cells() == 0 {
		delete(s.series, key)
		return
	}
	q.push(found)
}

// makeRoom lets go of what was touched the longest ago, of keys seen once first, but for one.
func (s *shard) makeRoom(but *series) {
	for s.again.cells > s.limit*protectedShare/4 && s.again.last() != but {
		old := s.again.last()
		s.again.remove(old)
		s.once.push(old)
	}
	for s.once.cells+s.again.cells > s.limit {
		victim := s.once.last()
		if victim == nil {
			victim = s.again.last()
		}
		if victim == but {
			break
		}
		victim.queue.remove(victim)
		delete(s.series, victim.key)
		s.dropped++
		s.lost.add(victim.key, victim.latest(victim.newest(math.MinInt64)), s.limit)
	}
}

// queue is a ring of series, the one touched last first.
type queue struct {
	ring  series
	cells int
}

func (q *queue) init() { q.ring.next, q.ring.previous = &q.ring, &q.ring }

func (q *queue) push(s *series) {
	s.queue, s.previous, s.next = q, &q.ring, q.ring.next
	s.next.previous, q.ring.next = s, s
	q.cells += s.cells()
}

// pushLast makes it the next one to go.
func (q *queue) pushLast(s *series) {
	s.queue, s.previous, s.next = q, q.ring.previous, &q.ring
	s.next.previous, s.previous.next = s, s
	q.cells += s.cells()
}

func (q *queue) remove(s *series) {
	s.previous.next, s.next.previous = s.next, s.previous
	s.queue, s.next, s.previous = nil, nil, nil
	q.cells -= s.cells()
}

// last is the series touched the longest ago, nil for none.
func (q *queue) last() *series {
	if q.ring.previous == &q.ring {
		return nil
	}
	return q.ring.previous
}
