package session

import (
	"slices"
	"time"

	"wayguard/event"
	"wayguard/velocity"
)

// IdleTimeout is the default time without an event after which a session is over.
const IdleTimeout = 30 * time.Minute

// LifeLimit is the age at which a session is over though it was never idle.
const LifeLimit = 12 * time.Hour

// The bounds of one session's memory. Packed, a session takes 4 KiB at most.
const (
	valueLimit = 64  // distinct values kept an element
	hashLimit  = 120 // distinct values kept altogether
	nameLimit  = 24  // elements whose values are kept
	otherLimit = 8   // counters without a number
	bondLimit  = 64
	// ProgressLimit is how many bytes are kept of what sequences need.
	ProgressLimit = 1536
)

// Session is one visitor's contiguous series of events. Times are Unix microseconds.
type Session struct {
	ID          event.ID
	Environment event.Environment
	// Journey is the device it comes from, Person and Actor who that belongs to, where that is known.
	Journey, Person, Actor event.ID
	Opened                 int64
	Last                   int64
	// Events counts the events so far.
	Events int64
	Rating event.Rating
	Score  int64
	// Confidence says in percent how sure the device is.
	Confidence int64
	// Crowd is about how many visitors share its address, 0 when that is not known.
	Crowd int64
	// Account is the hash of the account that was proven last, 0 for none; Left says that its holder logged out since.
	Account uint64
	Left    bool
	// Browser is the hash of the client's family and platform, 0 where it told none.
	Browser uint32
	// Presented says that the visitor has sent back a token, and so keeps cookies; Mixed that some of its requests still come
	// without any, as a fragment showed that was taken in.
	Presented, Mixed bool
	// Labels are those placed so far, without their reasons; of shadow labels also the rule.
	Labels []event.Label
	// Progress is what sequences keep, Bond how the session was linked to its device; both opaque here.
	Progress, Bond []byte
	// Hash is velocity.HashOf the ID.
	Hash uint64

	// counts are the counters by number, others those without one; circles the distinct values of each entity seen, hashed.
	counts  [counterCount]int64
	others  []tally
	circles []circle
	hashes  int
	names   []string
	// firsts and lasts are when each type of event was seen, in milliseconds since the session was opened, counted from 1.
	// previous is the last time of the present event's type before it.
	firsts, lasts [typeCount]int64
	previous      int64
	current       uint8
	shape         Shape
}

type tally struct {
	name string
	sum  int64
}

// circle are the distinct values of one element: by number, or by name where it has none.
type circle struct {
	element string
	code    uint8
	hashes  []uint32
}

// Open begins a session with its first event. Its id follows from the event's, so that a replay gives the same one.
// Whatever the session was before is forgotten; its room is used again.
func (s *Session) Open(e *event.Event) {
	at := e.Time.UnixMicro()
	s.reset()
	s.ID, s.Environment, s.Opened, s.Last = event.DeriveID(e.Time, "session", string(e.ID)), e.Environment, at, at
	s.Hash = velocity.HashOf(string(s.ID))
}

// Reopen makes it a session whose earlier events are not known any more, as its next event was recorded.
func (s *Session) Reopen(env event.Environment, recorded event.Session) {
	opened := recorded.Opened.UnixMicro()
	s.reset()
	s.ID, s.Environment, s.Opened, s.Last, s.Events = recorded.ID, env, opened, opened, recorded.Number-1
	s.Hash = velocity.HashOf(string(s.ID))
}

func (s *Session) reset() {
	*s = Session{Labels: s.Labels[:0], others: s.others[:0], circles: s.circles[:0], names: s.names[:0]}
}

// Apply folds an event in, with what it adds to the counters. hashes are velocity.HashOf the elements' values, in their
// order.
func (s *Session) Apply(e *event.Event, contributions []velocity.Contribution, hashes []uint64) {
	s.Events++
	s.Last = max(s.Last, e.Time.UnixMicro())
	for _, c := range contributions {
		s.Add(c)
	}
	for i := range e.Elements {
		if el := &e.Elements[i]; el.Kind == event.Entity && el.Value != "" {
			s.See(el.Name, hashes[i])
		}
	}
	s.date(e)
	s.shape.step(e)
}

// date notes when an event of its type was seen.
func (s *Session) date(e *event.Event) {
	code, at := typeCode(e.Type), max(0, (e.Time.UnixMicro()-s.Opened)/1000)+1
	s.current, s.previous = code, s.lasts[code]
	if s.firsts[code] == 0 {
		s.firsts[code] = at
	}
	s.lasts[code] = max(s.lasts[code], at)
}

// First is the time of the session's first event of the type, false when there was none.
func (s *Session) First(t event.Type) (time.Time, bool) { return s.moment(s.firsts[typeCode(t)]) }

// Before is the time of the session's last event of the type before the one that was applied last; false when there was none.
func (s *Session) Before(t event.Type) (time.Time, bool) {
	code := typeCode(t)
	if code == s.current {
		return s.moment(s.previous)
	}
	return s.moment(s.lasts[code])
}

func (s *Session) moment(millis int64) (time.Time, bool) {
	if millis == 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(s.Opened + (millis-1)*1000).UTC(), true
}

// Add adds to a counter.
func (s *Session) Add(c velocity.Contribution) {
	if code := counterCode(c.Counter); code != 0 {
		s.counts[code] = velocity.Plus(s.counts[code], c.Amount)
		return
	}
	for i := range s.others {
		if s.others[i].name == c.Counter {
			s.others[i].sum = velocity.Plus(s.others[i].sum, c.Amount)
			return
		}
	}
	if len(s.others) < otherLimit {
		s.others = append(s.others, tally{c.Counter, c.Amount})
	}
}

// See notes a value of an element, given by its hash.
func (s *Session) See(element string, hash uint64) {
	s.see(element, elementCode(element), uint32(hash>>32))
}

func (s *Session) see(element string, code uint8, short uint32) {
	c := s.circle(element, code)
	if c == nil {
		if len(s.circles) >= nameLimit {
			return
		}
		c = s.nextCircle(element, code)
	}
	if len(c.hashes) < valueLimit && s.hashes < hashLimit && !slices.Contains(c.hashes, short) {
		c.hashes = append(c.hashes, short)
		s.hashes++
	}
}

// circle finds the values of an element, nil where none was seen.
func (s *Session) circle(element string, code uint8) *circle {
	for i := range s.circles {
		if c := &s.circles[i]; c.code == code && (code != 0 || c.element == element) {
			return c
		}
	}
	return nil
}

// nextCircle is a new circle at the end, in the room of an old one where there is some.
func (s *Session) nextCircle(element string, code uint8) *circle {
	if n := len(s.circles); n < cap(s.circles) {
		s.circles = s.circles[:n+1]
	} else {
		s.circles = append(s.circles, circle{})
	}
	c := &s.circles[len(s.circles)-1]
	if code != 0 {
		element = "" // the event's text does not outlive it
	}
	c.element, c.code, c.hashes = element, code, c.hashes[:0]
	return c
}

// Count is the session's counter of that name.
func (s *Session) Count(counter string) int64 {
	if code := counterCode(counter); code != 0 {
		return s.counts[code]
	}
	for i := range s.others {
		if s.others[i].name == counter {
			return s.others[i].sum
		}
	}
	return 0
}

// Distinct is the number of distinct values of the element in this session, at most 64, and fewer where a session has seen
// hundreds of values of others.
func (s *Session) Distinct(element string) int64 {
	if c := s.circle(element, elementCode(element)); c != nil {
		return int64(len(c.hashes))
	}
	return 0
}

// Absorb takes an earlier fragment of the same visitor in: its counters, values, labels and times.
func (s *Session) Absorb(fragment *Session) {
	shift := (s.Opened - fragment.Opened) / 1000
	s.Opened, s.Mixed = min(s.Opened, fragment.Opened), true
	s.Events += fragment.Events
	for i := range s.counts {
		s.counts[i] = velocity.Plus(s.counts[i], fragment.counts[i])
	}
	for _, t := range fragment.others {
		s.Add(velocity.Contribution{Counter: t.name, Amount: t.sum})
	}
	for i := range fragment.circles {
		c := &fragment.circles[i]
		for _, hash := range c.hashes {
			s.see(c.element, c.code, hash)
		}
	}
	s.shiftTimes(fragment, shift)
	for i := range fragment.Labels {
		s.place(fragment.Labels[i])
	}
	s.Score, s.Rating = s.Score+fragment.Score, max(s.Rating, fragment.Rating)
	s.shape.join(&fragment.shape)
}

// shiftTimes brings the times of two sessions together; shift is by how many milliseconds the fragment was opened earlier.
func (s *Session) shiftTimes(fragment *Session, shift int64) {
	own, other := max(0, shift), max(0, -shift)
	for i := range s.firsts {
		if s.firsts[i] > 0 {
			s.firsts[i], s.lasts[i] = s.firsts[i]+own, s.lasts[i]+own
		}
		if f := fragment.firsts[i]; f > 0 {
			if f += other; s.firsts[i] == 0 || f < s.firsts[i] {
				s.firsts[i] = f
			}
			s.lasts[i] = max(s.lasts[i], fragment.lasts[i]+other)
		}
	}
}

// OpenedAt is the time of the first event.
func (s *Session) OpenedAt() time.Time { return time.UnixMicro(s.Opened).UTC() }

// LastAt is the time of the latest event.
func (s *Session) LastAt() time.Time { return time.UnixMicro(s.Last).UTC() }
