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
	// Persona is who paid: for an order the first time, for a customer the last.
	Persona *Persona
	// Homes are the journeys that proved to own this account, one a device.
	Homes []Home
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

// Home is the journey that logged in to an account from a device. The device is velocity.HashOf its fingerprint, At the
// last such login in Unix microseconds.
type Home struct {
	Device  uint64
	Journey event.ID
	At      int64
}

// HomeLimit is the number of devices of an account whose journeys are remembered; the one used longest ago goes first.
const HomeLimit = 16

// provenMark stands before an element's name where the set holds only what a proof of the account showed.
const provenMark = "proven "

// Account says which entities name an account.
func Account(element string) bool {
	return element == "username" || element == "customer_id" || element == "email"
}

// Proves says whether the event shows that the visitor holds the account it names: a login or a sign-up that succeeded.
// Anybody can name an account in a login that fails or in a request for a new password.
func Proves(e *event.Event) bool {
	return e.Result == event.Success && (e.Type == event.AuthenticationAttempt || e.Type == event.AccountCreation)
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
	kept, proven := Companions(), Account(self.Name) && Proves(e)
	for i := range e.Elements {
		other := &e.Elements[i]
		if other.Value == "" || other.Name == self.Name || !slices.Contains(kept, other.Name) {
			continue
		}
		m.meet(e.Time, other.Name, other.Value)
		if proven {
			m.meet(e.Time, provenMark+other.Name, other.Value)
		}
	}
	if persona, ok := personaOf(e); ok && bears(self.Name) && (m.Persona == nil || self.Name != orderElement) {
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

// Proven says the same of an account, and counts only what was seen when the visitor proved to hold it.
func (m *Memory) Proven(element, value string, before time.Time) bool {
	return m.companions(provenMark+element).SeenBefore(value, before)
}

// Home is the journey that proved from this device to hold the account, empty when none did.
func (m *Memory) Home(device string) event.ID {
	hash := velocity.HashOf(device)
	for _, h := range m.Homes {
		if h.Device == hash {
			return h.Journey
		}
	}
	return ""
}

// Settle notes that the journey proved from this device to hold the account. Other devices keep theirs: whoever logs in
// with a stolen password takes nothing away from the owner.
func (m *Memory) Settle(device string, journey event.ID, at time.Time) {
	home := Home{Device: velocity.HashOf(device), Journey: journey, At: at.UnixMicro()}
	oldest := 0
	for i := range m.Homes {
		if m.Homes[i].Device == home.Device {
			m.Homes[i] = home
			return
		}
		if m.Homes[i].At < m.Homes[oldest].At {
			oldest = i
		}
	}
	if len(m.Homes) < HomeLimit {
		m.Homes = append(m.Homes, home)
		return
	}
	m.Homes[oldest] = home
}

// Age is the time since the entity was first seen.
func (m *Memory) Age(at time.Time) time.Duration {
	return max(0, at.Sub(time.UnixMicro(m.First)))
}
