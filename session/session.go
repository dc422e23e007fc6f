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
	ID          event.ID          `cbor:"1,keyasint"`
	Environment event.Environment `cbor:"2,keyasint"`
	Journey     event.ID          `cbor:"3,keyasint"`
	Opened      int64             `cbor:"4,keyasint"`
	Last        int64             `cbor:"5,keyasint"`
	// Events counts the events so far.
	Events int64        `cbor:"6,keyasint"`
	Rating event.Rating `cbor:"7,keyasint"`
	Score  int64        `cbor:"8,keyasint"`
	// Labels are those placed so far, without their reasons.
	Labels []event.Label `cbor:"9,keyasint,omitempty"`
	// Counts are the counters of this session.
	Counts map[string]int64 `cbor:"10,keyasint,omitempty"`
	// Values are the distinct values of each entity seen, hashed.
	Values map[string][]uint64 `cbor:"11,keyasint,omitempty"`
	// Presented says that the visitor has sent back a token, and so keeps cookies.
	Presented bool `cbor:"12,keyasint,omitempty"`
}

// Open begins a session with its first event. Its id follows from the event's, so that a replay gives the same one.
func Open(e *event.Event) *Session {
	at := e.Time.UnixMicro()
	return &Session{ID: event.DeriveID(e.Time, "session", string(e.ID)), Environment: e.Environment, Opened: at, Last: at}
}

// Reopen is a session whose earlier events are not known any more, as its next event was recorded.
func Reopen(env event.Environment, recorded event.Session) *Session {
	opened := recorded.Opened.UnixMicro()
	return &Session{ID: recorded.ID, Environment: env, Opened: opened, Last: opened, Events: recorded.Number - 1}
}

// Apply folds an event in, with what it adds to the counters.
func (s *Session) Apply(e *event.Event, contributions []velocity.Contribution) {
	s.Events++
	s.Last = max(s.Last, e.Time.UnixMicro())
	if s.Counts == nil {
		s.Counts = map[string]int64{}
		s.Values = map[string][]uint64{}
	}
	for _, c := range contributions {
		s.Counts[c.Counter] = velocity.Plus(s.Counts[c.Counter], c.Amount)
	}
	for i := range e.Elements {
		if el := &e.Elements[i]; el.Kind == event.Entity && el.Value != "" {
			s.see(el.Name, el.Value)
		}
	}
	for _, token := range e.Evidence.Tokens {
		s.Presented = s.Presented || !token.Issued
	}
}

func (s *Session) see(element, value string) {
	values, known := s.Values[element]
	if !known && len(s.Values) >= nameLimit {
		return
	}
	hash := velocity.HashOf(value)
	if len(values) < valueLimit && !slices.Contains(values, hash) {
		s.Values[element] = append(values, hash)
	}
}

// Distinct is the number of distinct values of the element in this session, at most 64.
func (s *Session) Distinct(element string) int64 { return int64(len(s.Values[element])) }

// Settle takes a verdict over: its labels, score and rating become the session's.
func (s *Session) Settle(v *event.Verdict) {
	for _, l := range v.Labels {
		if len(s.Labels) >= labelLimit || slices.ContainsFunc(s.Labels, func(have event.Label) bool { return have.Name == l.Name && have.Shadow == l.Shadow }) {
			continue
		}
		l.Because, l.Sentence = nil, ""
		s.Labels = append(s.Labels, l)
	}
	s.Rating, s.Score = v.Rating, v.Score
}

// LabelNames are the names of the live labels, sorted.
func (s *Session) LabelNames() []string {
	var names []string
	for _, l := range s.Labels {
		if !l.Shadow {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
}

// OpenedAt is the time of the first event.
func (s *Session) OpenedAt() time.Time { return time.UnixMicro(s.Opened).UTC() }
