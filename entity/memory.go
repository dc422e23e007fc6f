package entity

import (
	"slices"
	"time"

	"wayguard/event"
	"wayguard/velocity"
)

// Reach is how long an entity is remembered after it was last seen.
const Reach = 90 * 24 * time.Hour

// LabelLimit is the number of labels one entity keeps; the oldest goes first.
const LabelLimit = 32

// Memory is what is remembered about one entity. The zero value is an entity never seen.
type Memory struct {
	// First and Last are Unix microseconds.
	First, Last int64
	Counters    []Tally
	// Companions are the distinct values of other elements seen together with this entity.
	Companions []Circle
	Labels     []Label
	// Persona is who last paid with or for this entity.
	Persona *Persona
	// Journey is the identity last proved to own this entity.
	Journey event.ID
}

// Tally is a counter by its name.
type Tally struct {
	Name    string
	Counter velocity.Counter
}

// Circle is the set of values of one other element.
type Circle struct {
	Element string
	Values  velocity.Set
}

// Label is text placed on the entity by a rule. At is Unix microseconds.
type Label struct {
	Text, Rule string
	At         int64
}

// Companions lists the elements whose distinct values are kept per entity; "session" stands for the session's id.
func Companions() []string {
	return []string{"country", "device_fingerprint", "email", "gift_card", "ip_address", "order_id", "payment_from",
		"session", "username"}
}

// Stale says whether the memory is too old to count at the given time; it is then as if never seen.
func (m *Memory) Stale(at time.Time) bool {
	return m.Last != 0 && at.Sub(time.UnixMicro(m.Last)) > Reach
}

// Apply notes one event in which the entity took part: what it adds to the counters, and whom it was seen with.
func (m *Memory) Apply(e *event.Event, self event.Element, session event.ID, contributions []velocity.Contribution) {
	at := e.Time.UnixMicro()
	if m.First == 0 || at < m.First {
		m.First = at
	}
	m.Last = max(m.Last, at)
	for _, c := range contributions {
		m.counter(c.Counter).Add(e.Time, c.Amount)
	}
	m.meet(e.Time, "session", string(session))
	kept := Companions()
	for i := range e.Elements {
		other := &e.Elements[i]
		if other.Value == "" || other.Name == self.Name || !slices.Contains(kept, other.Name) {
			continue
		}
		m.meet(e.Time, other.Name, other.Value)
	}
	if persona, ok := personaOf(e); ok && bears(self.Name) {
		m.Persona = &persona
	}
}

// counter finds the counter of that name, or begins it.
func (m *Memory) counter(name string) *velocity.Counter {
	for i := range m.Counters {
		if m.Counters[i].Name == name {
			return &m.Counters[i].Counter
		}
	}
	m.Counters = append(m.Counters, Tally{Name: name})
	return &m.Counters[len(m.Counters)-1].Counter
}

func (m *Memory) meet(at time.Time, element, value string) {
	for i := range m.Companions {
		if m.Companions[i].Element == element {
			m.Companions[i].Values.Add(at, value)
			return
		}
	}
	m.Companions = append(m.Companions, Circle{Element: element})
	m.Companions[len(m.Companions)-1].Values.Add(at, value)
}

// companions are the values of the element met so far.
func (m *Memory) companions(element string) velocity.Set {
	for _, c := range m.Companions {
		if c.Element == element {
			return c.Values
		}
	}
	return nil
}

// Mark places a label; one already there is left with its first date.
func (m *Memory) Mark(text, rule string, at time.Time) {
	for _, l := range m.Labels {
		if l.Text == text {
			return
		}
	}
	m.Labels = append(m.Labels, Label{Text: text, Rule: rule, At: at.UnixMicro()})
	if len(m.Labels) > LabelLimit {
		m.Labels = slices.Delete(m.Labels, 0, len(m.Labels)-LabelLimit)
	}
}

// Labelled says whether the entity carries the label.
func (m *Memory) Labelled(text string) bool {
	return slices.ContainsFunc(m.Labels, func(l Label) bool { return l.Text == text })
}

// Count is the counter's sum over the window that ends at the given time.
func (m *Memory) Count(counter string, at time.Time, w velocity.Window) int64 {
	for _, c := range m.Counters {
		if c.Name == counter {
			return c.Counter.Sum(at, w)
		}
	}
	return 0
}

// Distinct is the number of values of the other element met within span before at.
func (m *Memory) Distinct(of string, at time.Time, span time.Duration) int64 {
	return m.companions(of).Count(at, span)
}

// Met says whether the entity was seen with that value of the other element before the given time.
func (m *Memory) Met(element, value string, before time.Time) bool {
	return m.companions(element).SeenBefore(value, before)
}

// Age is the time since the entity was first seen.
func (m *Memory) Age(at time.Time) time.Duration {
	return max(0, at.Sub(time.UnixMicro(m.First)))
}
