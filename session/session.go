package session

import (
	"slices"
	"time"

	"wayguard/event"
	"wayguard/velocity"
)

// IdleTimeout is the default time without an event after which a session is over.
const IdleTimeout = 30 * time.Minute

// The bounds of one session's memory.
const (
	valueLimit = 64 // distinct values kept an element
	nameLimit  = 32 // elements whose values are kept
	labelLimit = 128
)

// Session is one visitor's contiguous series of events. Times are Unix microseconds.
type Session struct {
	ID          event.ID
	Environment event.Environment
	Journey     event.ID
	Opened      int64
	Last        int64
	// Events counts the events so far.
	Events int64
	Rating event.Rating
	Score  int64
	// Presented says that the visitor has sent back a token, and so keeps cookies.
	Presented bool
	// Labels are those placed so far, without their reasons.
	Labels []event.Label
	// Hash is velocity.HashOf the ID.
	Hash uint64

	// tallies are the counters of this session, circles the distinct values of each entity seen, hashed.
	tallies []tally
	circles []circle
	names   []string
}

type tally struct {
	name string
	sum  int64
}

type circle struct {
	element string
	hashes  []uint64
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
	*s = Session{Labels: s.Labels[:0], tallies: s.tallies[:0], circles: s.circles[:0], names: s.names[:0]}
}

// Apply folds an event in, with what it adds to the counters. hashes are velocity.HashOf the elements' values, in their
// order.
func (s *Session) Apply(e *event.Event, contributions []velocity.Contribution, hashes []uint64) {
	s.Events++
	s.Last = max(s.Last, e.Time.UnixMicro())
	for _, c := range contributions {
		s.count(c)
	}
	for i := range e.Elements {
		if el := &e.Elements[i]; el.Kind == event.Entity && el.Value != "" {
			s.see(el.Name, hashes[i])
		}
	}
	for i := range e.Evidence.Tokens {
		s.Presented = s.Presented || !e.Evidence.Tokens[i].Issued
	}
}

func (s *Session) count(c velocity.Contribution) {
	for i := range s.tallies {
		if s.tallies[i].name == c.Counter {
			s.tallies[i].sum = velocity.Plus(s.tallies[i].sum, c.Amount)
			return
		}
	}
	s.tallies = append(s.tallies, tally{c.Counter, c.Amount})
}

func (s *Session) see(element string, hash uint64) {
	for i := range s.circles {
		c := &s.circles[i]
		if c.element != element {
			continue
		}
		if len(c.hashes) < valueLimit && !slices.Contains(c.hashes, hash) {
			c.hashes = append(c.hashes, hash)
		}
		return
	}
	if len(s.circles) < nameLimit {
		c := s.nextCircle(element)
		c.hashes = append(c.hashes, hash)
	}
}

// nextCircle is a new circle at the end, in the room of an old one where there is some.
func (s *Session) nextCircle(element string) *circle {
	if n := len(s.circles); n < cap(s.circles) {
		s.circles = s.circles[:n+1]
	} else {
		s.circles = append(s.circles, circle{})
	}
	c := &s.circles[len(s.circles)-1]
	c.element, c.hashes = element, c.hashes[:0]
	return c
}

// Count is the session's counter of that name.
func (s *Session) Count(counter string) int64 {
	for i := range s.tallies {
		if s.tallies[i].name == counter {
			return s.tallies[i].sum
		}
	}
	return 0
}

// Distinct is the number of distinct values of the element in this session, at most 64.
func (s *Session) Distinct(element string) int64 {
	for i := range s.circles {
		if s.circles[i].element == element {
			return int64(len(s.circles[i].hashes))
		}
	}
	return 0
}

// Settle takes a verdict over: its labels, score and rating become the session's.
func (s *Session) Settle(v *event.Verdict) {
	for _, l := range v.Labels {
		if len(s.Labels) >= labelLimit || s.carries(l.Name, l.Shadow) {
			continue
		}
		l.Because, l.Sentence = nil, ""
		s.Labels = append(s.Labels, l)
	}
	s.Rating, s.Score = v.Rating, v.Score
}

func (s *Session) carries(name string, shadow bool) bool {
	for i := range s.Labels {
		if s.Labels[i].Name == name && s.Labels[i].Shadow == shadow {
			return true
		}
	}
	return false
}

// LabelNames are the names of the live labels, sorted; nil when there are none. They are good until the session changes.
func (s *Session) LabelNames() []string {
	s.names = s.names[:0]
	for i := range s.Labels {
		if !s.Labels[i].Shadow {
			s.names = append(s.names, s.Labels[i].Name)
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	slices.Sort(s.names)
	return s.names
}

// OpenedAt is the time of the first event.
func (s *Session) OpenedAt() time.Time { return time.UnixMicro(s.Opened).UTC() }
