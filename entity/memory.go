package entity

import (
	"time"

	"wayguard/velocity"
)

// Reach is how long an entity is remembered after it was last seen.
const Reach = 90 * 24 * time.Hour

// LabelLimit is the number of labels one entity keeps; the oldest goes first.
const LabelLimit = 32

// Memory is what is remembered about one entity: when it was first and last seen, its counters, the distinct values of other
// elements seen together with it, its labels, and the persona that paid. The zero value is an entity never seen.
//
// It is kept in the very bytes that are stored and changed in place: an event touches some ten memories of up to thirty
// named parts each, and to take them apart and put them together again took longer than everything else.
type Memory struct {
	// packed is what Pack gives; see layout.go.
	packed []byte
	// counters and circles say where the parts of either kind stand, sections where the others begin.
	counters, circles []part
	sections          [sectionCount]int
	// places are where each circle stands among circles, counted from 1; 0 is one that is not there.
	places [circleCount]uint8
	// spare is room for a part that grows.
	spare []byte
}

// Stale says whether the memory is too old to count at the given time; it is then as if never seen.
func (m *Memory) Stale(at time.Time) bool {
	last := m.last()
	if last == 0 || at.UnixMicro()-last < Reach.Microseconds() {
		return false
	}
	return at.Sub(time.UnixMicro(last)) > Reach
}

// Apply notes one event in which the entity, a value of the element self, took part: what it adds to the counters, and whom it was seen with.
func (m *Memory) Apply(o *Occasion, self string) {
	m.begin()
	m.date(o.at)
	next := 0
	for _, c := range o.contributions {
		next = m.count(next, c, o.moment)
	}
	m.meet(sessionCircle, o.session, o.moment)
	own, proves := circleOf(self), o.proves && Account(self)
	for i := range o.meetings {
		other := &o.meetings[i]
		if other.circle == own {
			continue
		}
		m.meet(other.circle, other.hash, o.moment)
		if proves {
			m.meet(other.circle|proven, other.hash, o.moment)
		}
	}
	if o.buys && bears(self) && (!m.hasPersona() || self != orderElement) {
		m.setPersona(&o.who)
	}
}

// Add adds to a counter what only showed after the event was folded in.
func (m *Memory) Add(c velocity.Contribution, at velocity.Moment) {
	m.begin()
	m.count(0, c, at)
}

// date notes the time of an event, in Unix microseconds.
func (m *Memory) date(at int64) {
	if first := m.first(); first == 0 || at < first {
		m.setFirst(at)
	}
	m.setLast(max(m.last(), at))
}

// count adds to the counter of that name, or begins it. Counters are mostly added to in the order in which they stand: it
// looks at place next first, and says which comes after.
func (m *Memory) count(next int, c velocity.Contribution, at velocity.Moment) int {
	place := m.find(m.counters, next, c.Counter)
	if place < 0 {
		ring := velocity.Counter(m.spare[:0])
		ring.AddAt(at, c.Amount)
		m.spare = ring
		m.addCounter(c.Counter, ring)
		return len(m.counters)
	}
	if ring := velocity.Counter(m.data(&m.counters[place])); !ring.AddInPlace(at, c.Amount) {
		grown := append(velocity.Counter(m.spare[:0]), ring...)
		grown.AddAt(at, c.Amount)
		m.spare = grown
		m.replace(&m.counters[place], grown)
	}
	return place + 1
}

// meet notes a value of another element.
func (m *Memory) meet(c circle, hash uint64, at velocity.Moment) {
	place := m.places[c]
	if place == 0 {
		m.spare = velocity.AppendMember(m.spare[:0], at, hash)
		m.addCircle(c, m.spare)
		return
	}
	p := &m.circles[place-1]
	if set := velocity.Set(m.data(p)); !set.AddInPlace(at, hash) {
		m.spare = velocity.AppendMember(append(m.spare[:0], set...), at, hash)
		m.replace(p, m.spare)
	}
}

// companions are the values in a circle.
func (m *Memory) companions(c circle) velocity.Set {
	if len(m.packed) == 0 || m.places[c] == 0 {
		return nil
	}
	return m.data(&m.circles[m.places[c]-1])
}

// Count is the counter's sum over the window that ends at the given time.
func (m *Memory) Count(counter string, at velocity.Moment, w velocity.Window) int64 {
	if place := m.find(m.counters, 0, counter); place >= 0 {
		return velocity.Counter(m.data(&m.counters[place])).SumAt(at, w)
	}
	return 0
}

// Distinct is the number of values of the other element met within span before at.
func (m *Memory) Distinct(of string, at time.Time, span time.Duration) int64 {
	return m.companions(circleOf(of)).Count(at, span)
}

// Met says whether the entity was seen with that value of the other element, given by its hash, before the given time.
func (m *Memory) Met(element string, hash uint64, before time.Time) bool {
	return m.companions(circleOf(element)).HashSeenBefore(hash, before)
}

// Proven says the same of an account, and counts only what was seen when the visitor proved to hold it.
func (m *Memory) Proven(element string, hash uint64, before time.Time) bool {
	c := circleOf(element)
	return c != noCircle && m.companions(c|proven).HashSeenBefore(hash, before)
}

// Seen says whether the entity was seen before.
func (m *Memory) Seen() bool { return m.last() != 0 }

// Owned says whether anybody ever proved to hold the account.
func (m *Memory) Owned() bool { return len(m.packed) > 0 && m.places[sessionCircle|proven] != 0 }

// Age is the time since the entity was first seen.
func (m *Memory) Age(at time.Time) time.Duration {
	return max(0, at.Sub(time.UnixMicro(m.first())))
}
