package rule

import (
	"time"

	"wayguard/event"
)

// Facts is everything a judgement rests on.
type Facts struct {
	Event   *event.Event
	Session Session
	// Memory may be nil: then every count is 0 and nothing was seen before. One that is Aging lets entity labels decay.
	Memory Memory
	// Device, Person and Actor are who the session is held to be; the zero values mean that it is not known.
	Device Device
	Person Person
	Actor  Actor
	// Clusters may be nil: then every level is 0 and nothing is alarmed.
	Clusters Clusters
	// LoginRisk gives log2 of how much likelier the login is an impostor's than the account owner's, in centibits; 0 when the
	// event is no login. It is asked at most once a judgement; nil means 0.
	LoginRisk func() int64
}

// Session is what one visitor did lately, this event included.
type Session struct {
	ID     event.ID
	Opened time.Time
	// Events counts the session's events, this one included.
	Events int64
	// Score and Rating are those before this event.
	Score  int64
	Rating event.Rating
	// Labels are those placed before this event, signatures included; each distinct one at least once.
	Labels []event.Label
	// Counts holds the session's counters, this event included.
	Counts map[string]int64
	// Count, where it is set, is asked instead of Counts.
	Count func(counter string) int64
	// Distinct counts the different values of an element in this session, this event included; nil means 0.
	Distinct func(element string) int64
	// New is true on the session's first event.
	New bool
	// Shape is how the visitor moves about, this event included.
	Shape Shape
	// First is the time of the session's first event of a type, this event included; Last that of the latest one before this
	// event. false when there was none. nil means that there was none of any type.
	First, Last func(event.Type) (time.Time, bool)
	// Progress is what the set's sequences kept after the session's event before this one (see Sheet.Progress). Opaque, and
	// empty at first; that of another set or a broken one is as good as empty.
	Progress []byte
}

// Shape is how a visitor moves about a site, in numbers that are kept up without a list of what was asked for.
type Shape struct {
	// Pages are documents asked for, Assets what a browser loads for them on its own, Backs navigations from A to B to A.
	Pages, Assets, Backs int64
	// DistinctPages counts different pages, as far as the session counts.
	DistinctPages int64
	// Gaps are the times between navigations: how many were seen, their coefficient of variation in percent, and their
	// median in milliseconds.
	Gaps, Variation, MedianGap int64
	// Orderly is the longest run of page numbers of which each is greater than the one before.
	Orderly int64
	// Crowd is an estimate of how many visitors share the session's address; 0 and 1 are alone.
	Crowd int64
	// Clones counts other devices whose sessions began with the same twelve steps within a day.
	Clones int64
}

// fewestGaps is the number of gaps from which on their variation says something.
const fewestGaps = 12

// regularity is the variation of the gaps, -1 where there are too few.
func (s *Shape) regularity() int64 {
	if s.Gaps < fewestGaps {
		return -1
	}
	return s.Variation
}

// Memory answers about the event's own entities, over all sessions, this event included. Where the event has several
// values of an element, the answer is for the one that says most (the greatest count, any that was seen).
type Memory interface {
	// Count is how far the counter of the event's value of element went within the window; 0 without such a value.
	Count(element, counter string, window time.Duration) int64
	// Distinct counts the different values of another element seen with the event's value within the window.
	Distinct(element, of string, window time.Duration) int64
	// SeenBefore says whether the event's values of both elements were seen together before this session opened; other
	// is one of Distincts.
	SeenBefore(element, other string) bool
	// Age is the time since the event's value was first seen; false without such a value.
	Age(element string) (time.Duration, bool)
	// Labelled says whether the event's value carries the entity label.
	Labelled(element, label string) bool
	// PersonaDistance counts the fields (device, address prefix, country, email, phone) that differ from the purchase
	// remembered on the event's value; -1 when none is.
	PersonaDistance(element string) int64
}

// Aging is a Memory that knows when entity labels were placed, so that those of rules with "for" come to an end.
type Aging interface {
	// LabelAge is the time since the entity label was last placed on the event's value of element; false when it is not there.
	LabelAge(element, label string) (time.Duration, bool)
}

// blank is the Memory of facts that bring none.
type blank struct{}

func (blank) Count(string, string, time.Duration) int64    { return 0 }
func (blank) Distinct(string, string, time.Duration) int64 { return 0 }
func (blank) SeenBefore(string, string) bool               { return false }
func (blank) Age(string) (time.Duration, bool)             { return 0, false }
func (blank) Labelled(string, string) bool                 { return false }
func (blank) PersonaDistance(string) int64                 { return -1 }
