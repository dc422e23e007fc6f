package rule

import (
	"time"

	"wayguard/event"
)

// Facts is everything a judgement rests on.
type Facts struct {
	Event   *event.Event
	Session Session
	// Memory may be nil: then every count is 0 and nothing was seen before.
	Memory Memory
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

// blank is the Memory of facts that bring none.
type blank struct{}

func (blank) Count(string, string, time.Duration) int64    { return 0 }
func (blank) Distinct(string, string, time.Duration) int64 { return 0 }
func (blank) SeenBefore(string, string) bool               { return false }
func (blank) Age(string) (time.Duration, bool)             { return 0, false }
func (blank) Labelled(string, string) bool                 { return false }
func (blank) PersonaDistance(string) int64                 { return -1 }
