package velocity

import (
	"math"
	"time"
)

// Past is an event of before: its amount for Add, or its value for Note.
type Past struct {
	At     time.Time
	Amount int64
	Value  string
	// Noted says that the value is meant.
	Noted bool
}

func (r *Rolling) put(s *series, p Past) {
	if p.Noted {
		s.note(p.At.UnixMilli(), r.member(p.Value))
		return
	}
	s.add(p.At.UnixMilli(), p.Amount)
}

// Since is the Unix time in milliseconds after which everything that happened with the key is counted; math.MinInt64 where nothing of it
// can have been let go.
func (r *Rolling) Since(key RollingKey) int64 {
	s := r.shard(key)
	s.Lock()
	defer s.Unlock()
	if found := s.series[key]; found != nil {
		return found.since
	}
	return s.lost.of(key)
}

// Forget makes everything until a time count as let go, of keys that are not held.
func (r *Rolling) Forget(until time.Time) {
	for i := range r.shards {
		s := &r.shards[i]
		s.Lock()
		s.lost.before = max(s.lost.before, until.UnixMilli())
		s.Unlock()
	}
}

// AddPast counts what happened before counting began. It never takes the room of what is newer: what does not fit in counts as let go.
// What lies before a key's Since is left to Fill.
func (r *Rolling) AddPast(key RollingKey, p Past) {
	at, s := p.At.UnixMilli(), r.shard(key)
	s.Lock()
	defer s.Unlock()
	found := s.series[key]
	switch {
	case found != nil && at <= found.since || found == nil && at <= s.lost.of(key):
	case found != nil:
		found.queue.remove(found)
		r.put(found, p)
		s.again.push(found)
		s.makeRoom(found)
	case s.once.cells+s.again.cells >= s.limit:
		s.lost.add(key, at, s.limit)
		s.dropped++
	default:
		found = &series{key: key, since: s.lost.of(key)}
		r.put(found, p)
		s.series[key] = found
		s.once.pushLast(found)
	}
}

// Fill puts back what was let go of a key: all its events after from and until since, both Unix times in milliseconds. Since is from
// then. It does nothing, and is false, where the key's Since is another than since: somebody else was faster, or it was let go again.
func (r *Rolling) Fill(key RollingKey, from, since int64, past []Past) bool {
	s := r.shard(key)
	s.Lock()
	defer s.Unlock()
	found := s.series[key]
	switch {
	case found == nil && s.lost.of(key) != since || found != nil && found.since != since:
		return false
	case found == nil && len(past) == 0:
		return true
	case found == nil:
		found = &series{key: key}
		s.series[key] = found
	default:
		found.queue.remove(found)
	}
	for _, p := range past {
		if at := p.At.UnixMilli(); at > from && at <= since {
			r.put(found, p)
		}
	}
	found.since = from
	if found.cells() == 0 {
		delete(s.series, key)
		return true
	}
	if found.seen() > 1 {
		s.again.push(found)
	} else {
		s.once.push(found)
	}
	s.makeRoom(found)
	return true
}

// seen is how many things are known of it, at least.
func (s *series) seen() int64 {
	seen := int64(len(s.members))
	for _, c := range s.events {
		seen += min(c.count, math.MaxInt32)
	}
	return seen
}
