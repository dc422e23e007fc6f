package replay

import (
	"strings"

	"wayguard/event"
)

// Kind is what can hit a session.
type Kind string

// The kinds.
const (
	Rule      Kind = "rule"
	Signature Kind = "signature"
	Action    Kind = "action"
	Policy    Kind = "policy"
)

// rank is the order in which kinds are listed.
func (k Kind) rank() int {
	switch k {
	case Rule:
		return 0
	case Signature:
		return 1
	case Action:
		return 2
	}
	return 3
}

// Mode says what a set of rules does with a finding.
type Mode string

// The modes.
const (
	Absent Mode = "absent"
	Live   Mode = "live"
	Shadow Mode = "shadow"
)

// Finding is a rule, signature, action with a condition of its own, or policy that either set knows.
type Finding struct {
	Kind Kind
	ID   string
	// Name is the label or signature as people read it, the kind of an action, that of its first step of a policy.
	Name string
	// Active and Candidate say how each set has it.
	Active, Candidate Mode
}

// Hit is a finding on one event.
type Hit struct {
	Kind Kind
	ID   string
	// Sentence says why, as the rule does.
	Sentence string
}

// Sighting is what one set made of one event. It holds nothing of the engine's.
type Sighting struct {
	// Session is the session joined, Person who is held to be behind it: the person where one is known, else the device.
	Session, Person event.ID
	// Rating is the session's after the event, Score the sum behind it.
	Rating event.Rating
	Score  int64
	// Trusting says that the event placed a live label that speaks for the visitor.
	Trusting bool
	Hits     []Hit
	Errors   []event.RuleError
}

// SightingOf copies what matters of a record.
func SightingOf(r *event.Record) Sighting {
	v := &r.Verdict
	s := Sighting{
		Session: event.ID(strings.Clone(string(r.Session.ID))), Person: event.ID(strings.Clone(string(who(&r.Session)))),
		Rating: v.Rating, Score: v.Score,
	}
	for i := range v.Labels {
		l := &v.Labels[i]
		kind := Rule
		if l.Signature {
			kind = Signature
		}
		s.Hits = append(s.Hits, Hit{kind, l.Rule, strings.Clone(l.Sentence)})
		s.Trusting = s.Trusting || !l.Shadow && l.Severity == event.Trusting
	}
	for i := range v.Actions {
		a := &v.Actions[i]
		kind, id := Action, a.Name
		if a.Policy != "" {
			kind, id = Policy, a.Policy
		}
		s.Hits = append(s.Hits, Hit{kind, id, strings.Clone(a.Because)})
	}
	if len(v.Errors) > 0 {
		s.Errors = append(s.Errors, v.Errors...)
	}
	return s
}

// who is the narrowest known: a person may have several devices.
func who(s *event.Session) event.ID {
	if s.Person != "" {
		return s.Person
	}
	return s.Journey
}
