package velocity

import (
	"math"
	"slices"
)

// The bounds of one key.
const (
	// cellLimit is the number of spans of a key's events; more are joined until cellRest are left.
	cellLimit = 128
	cellRest  = 96
	// memberLimit is the number of different values of a key; a full one forgets the value seen longest ago.
	memberLimit = 256
)

// series is what is known of one key. Its events lie in cells, oldest first, that do not overlap. As long as there is room a cell is one
// millisecond; then neighbours are joined, old ones first: a cell is never longer than a share of its age, a 64th at best. A cell counts
// only where it lies wholly within the window, so that what is missing of a window is at its far end and no longer than that share.
type series struct {
	key            RollingKey
	queue          *queue
	next, previous *series
	events         []cell
	members        []member
	// since is the Unix time in milliseconds after which every event of the key is here, and none of before.
	since int64
}

// cell is a span of events: first and last in Unix milliseconds.
type cell struct{ first, last, count, sum int64 }

// member is a value and when it was seen last, and before that; 0 for never.
type member struct {
	hash         uint64
	last, before int64
}

func (s *series) cells() int { return len(s.events) + len(s.members) }

// newest is the time of the latest event, at least at.
func (s *series) newest(at int64) int64 {
	if n := len(s.events); n > 0 {
		at = max(at, s.events[n-1].last)
	}
	return at
}

func (s *series) add(at, amount int64) {
	newest, reach := s.newest(at), RollingReach.Milliseconds()
	if at <= newest-reach {
		return
	}
	gone := 0
	for gone < len(s.events) && s.events[gone].last <= newest-reach {
		gone++
	}
	s.events = slices.Delete(s.events, 0, gone)
	i := len(s.events)
	for i > 0 && s.events[i-1].first > at {
		i--
	}
	if i > 0 && at <= s.events[i-1].last {
		c := &s.events[i-1]
		c.count, c.sum = c.count+1, Plus(c.sum, amount)
		return
	}
	s.events = slices.Insert(s.events, i, cell{at, at, 1, amount})
	if len(s.events) > cellLimit {
		s.join(newest)
	}
}

// join makes fewer cells. Each round lets a cell be a greater share of its age.
func (s *series) join(now int64) {
	for share := int64(64); len(s.events) > cellRest; share = max(share/2, 1) {
		kept := len(s.events) - 1
		for i := len(s.events) - 2; i >= 0; i-- {
			older, newer := s.events[i], s.events[kept]
			if (newer.last-older.first)*share <= now-newer.last {
				s.events[kept] = cell{older.first, newer.last, older.count + newer.count, Plus(older.sum, newer.sum)}
				continue
			}
			kept--
			s.events[kept] = older
		}
		s.events = slices.Delete(s.events, 0, kept)
		if share == 1 {
			break
		}
	}
	if len(s.events) > cellRest { // all of them are of the last moments: the oldest are joined whatever their age
		n := len(s.events) - cellRest
		whole := s.events[0]
		for _, c := range s.events[1 : n+1] {
			whole.last, whole.count, whole.sum = c.last, whole.count+c.count, Plus(whole.sum, c.sum)
		}
		s.events = slices.Delete(s.events, 0, n)
		s.events[0] = whole
	}
}

// takeBack takes one event out again. A sum that ran over is left.
func (s *series) takeBack(at, amount int64) {
	i := slices.IndexFunc(s.events, func(c cell) bool { return c.first <= at && at <= c.last })
	if i < 0 {
		return
	}
	c := &s.events[i]
	if c.sum < math.MaxInt64 {
		c.sum -= min(amount, c.sum)
	}
	if c.count--; c.count == 0 {
		s.events = slices.Delete(s.events, i, i+1)
	}
}

// takeBackNote takes one sighting of a value out again.
func (s *series) takeBackNote(at int64, hash uint64) {
	i := slices.IndexFunc(s.members, func(m member) bool { return m.hash == hash })
	switch {
	case i < 0:
	case s.members[i].before == at:
		s.members[i].before = 0
	case s.members[i].last != at:
	case s.members[i].before == 0:
		s.members = slices.Delete(s.members, i, i+1)
	default:
		s.members[i].last, s.members[i].before = s.members[i].before, 0
	}
}

// within adds up the cells inside the window.
func (s *series) within(at, window int64) (count, sum int64) {
	after := s.newest(at) - window
	for i := len(s.events) - 1; i >= 0 && s.events[i].first > after; i-- {
		count, sum = count+s.events[i].count, Plus(sum, s.events[i].sum)
	}
	return count, sum
}

func (s *series) note(at int64, hash uint64) {
	oldest := 0
	for i := range s.members {
		m := &s.members[i]
		if m.hash == hash {
			if at > m.last {
				m.last, m.before = at, m.last
			} else {
				m.before = max(m.before, at)
			}
			return
		}
		if m.last < s.members[oldest].last {
			oldest = i
		}
	}
	switch {
	case len(s.members) < memberLimit:
		s.members = append(s.members, member{hash: hash, last: at})
	case at > s.members[oldest].last:
		s.members[oldest] = member{hash: hash, last: at}
	}
}

// distinct counts the members inside the window.
func (s *series) distinct(at, window int64) int64 {
	after := s.latest(at) - window
	var n int64
	for _, m := range s.members {
		if m.last > after {
			n++
		}
	}
	return n
}

// noted says whether a member is inside the window.
func (s *series) noted(at, window int64, hash uint64) bool {
	i := slices.IndexFunc(s.members, func(m member) bool { return m.hash == hash })
	return i >= 0 && s.members[i].last > s.latest(at)-window
}

// latest is the time of the newest member, at least at.
func (s *series) latest(at int64) int64 {
	for _, m := range s.members {
		at = max(at, m.last)
	}
	return at
}
