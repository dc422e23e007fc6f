package replay

import (
	"time"

	"wayguard/event"
)

// The bounds of one comparison's memory.
const (
	// visitLimit is how many sessions may be under way at once, peopleLimit how many people one finding tells apart.
	visitLimit  = 1 << 20
	peopleLimit = 1 << 20
	// sweepEvery is how many events pass between two looks for sessions that are over.
	sweepEvery = 1 << 16
	// errorLimit is how many rules' errors are told apart.
	errorLimit = 1000
)

// over is how long after its last event a session is held to be over; no idle time is that long.
const over = 3 * time.Hour

// DefaultExamples is the number of examples told of each change.
const DefaultExamples = 10

// Settings say what is compared.
type Settings struct {
	// From and To bound the events that count; earlier ones only build up what is remembered. The zero times are no bound.
	From, To time.Time
	// Findings are all that either set knows.
	Findings []Finding
	// Good are sessions and devices that people have marked good.
	Good map[event.ID]bool
	// Examples told of each change; 0 is DefaultExamples.
	Examples int
}

// Comparison gathers what two sets make of the same events. It is for one goroutine.
type Comparison struct {
	settings Settings
	findings map[key]*tally
	visits   map[event.ID]*visit
	changes  map[[2]event.Rating]*touch
	errors   map[string]*ErrorCount
	// free are visits that are over, to be used again.
	free []*visit

	events, counted, split, crowded int64
	latest                          int64
	first, last                     time.Time
}

type key struct {
	kind Kind
	id   string
}

// tally is what is known of one finding.
type tally struct {
	Finding
	// before and after count the sessions that either set hit.
	before, after    int64
	newly, gone, all touch
}

// The sides of a comparison.
const (
	active = iota
	candidate
	sides
)

// visit is one session under way.
type visit struct {
	session, person event.ID
	opened, seen    int64
	rating          [sides]event.Rating
	// login and payment are the positions of the last that succeeded, 0 when there was none.
	login, payment uint64
	money          purse
	hits           []mark
	trusting       bool
	// moved is where the two sets' ratings were first apart.
	moved example
}

// mark is a finding on a visit: where each side hit it first, 0 where it did not.
type mark struct {
	tally *tally
	at    [sides]uint64
	event [sides]event.ID
	time  [sides]int64
	why   string
}

// example is the event at which a rating moved apart.
type example struct {
	position uint64
	event    event.ID
	time     int64
}

// New makes a comparison.
func New(s Settings) *Comparison {
	if s.Examples <= 0 {
		s.Examples = DefaultExamples
	}
	c := &Comparison{settings: s, findings: map[key]*tally{}, visits: map[event.ID]*visit{},
		changes: map[[2]event.Rating]*touch{}, errors: map[string]*ErrorCount{}}
	for _, f := range s.Findings {
		c.findings[key{f.Kind, f.ID}] = &tally{Finding: f}
	}
	return c
}

// Note takes what each set made of the event at a position of the log. Positions rise from call to call.
func (c *Comparison) Note(position uint64, e *event.Event, by [2]*Sighting) {
	c.events++
	at := e.Time.UnixMicro()
	c.latest = max(c.latest, at)
	if c.events%sweepEvery == 0 {
		c.sweep()
	}
	if !c.settings.From.IsZero() && e.Time.Before(c.settings.From) || !c.settings.To.IsZero() && !e.Time.Before(c.settings.To) {
		return
	}
	c.count(e.Time)
	if by[active].Session != by[candidate].Session {
		c.split++
	}
	c.fail(by)
	v := c.visit(by[active], at)
	if v == nil {
		c.crowded++
		return
	}
	v.take(position, e, by)
	for side, s := range by {
		for i := range s.Hits {
			c.hit(v, position, e, side, &s.Hits[i])
		}
	}
}

// count notes that an event counts.
func (c *Comparison) count(at time.Time) {
	if c.counted == 0 || at.Before(c.first) {
		c.first = at
	}
	if at.After(c.last) {
		c.last = at
	}
	c.counted++
}

// visit is the session of the active set, nil when there are too many at once.
func (c *Comparison) visit(s *Sighting, at int64) *visit {
	v := c.visits[s.Session]
	if v == nil {
		if len(c.visits) >= visitLimit {
			c.sweep()
		}
		if len(c.visits) >= visitLimit {
			return nil
		}
		if n := len(c.free); n > 0 {
			v, c.free = c.free[n-1], c.free[:n-1]
		} else {
			v = &visit{}
		}
		*v = visit{session: s.Session, opened: at, seen: at, hits: v.hits[:0], money: v.money[:0]}
		c.visits[s.Session] = v
	}
	v.person, v.seen = s.Person, max(v.seen, at)
	return v
}

// take folds an event in.
func (v *visit) take(position uint64, e *event.Event, by [2]*Sighting) {
	for side, s := range by {
		v.rating[side] = s.Rating
	}
	v.trusting = v.trusting || by[candidate].Trusting
	if v.moved.position == 0 && v.rating[active] != v.rating[candidate] {
		v.moved = example{position, e.ID, e.Time.UnixMicro()}
	}
	if e.Result != event.Success {
		return
	}
	switch e.Type {
	case event.AuthenticationAttempt:
		v.login = position
	case event.Transaction:
		v.payment = position
		v.money.pay(e)
	}
}

// hit notes a finding on a visit.
func (c *Comparison) hit(v *visit, position uint64, e *event.Event, side int, h *Hit) {
	t := c.findings[key{h.Kind, h.ID}]
	if t == nil {
		return
	}
	var m *mark
	for i := range v.hits {
		if v.hits[i].tally == t {
			m = &v.hits[i]
		}
	}
	if m == nil {
		v.hits = append(v.hits, mark{tally: t})
		m = &v.hits[len(v.hits)-1]
	}
	if m.at[side] != 0 {
		return
	}
	m.at[side], m.event[side], m.time[side] = position, e.ID, e.Time.UnixMicro()
	if m.why == "" {
		m.why = h.Sentence
	}
}

// fail counts the rules that could not be evaluated.
func (c *Comparison) fail(by [2]*Sighting) {
	for side, s := range by {
		for i := range s.Errors {
			f := &s.Errors[i]
			n := c.errors[f.Rule]
			if n == nil {
				if len(c.errors) >= errorLimit {
					continue
				}
				n = &ErrorCount{Rule: f.Rule, Message: f.Error}
				c.errors[f.Rule] = n
			}
			if side == active {
				n.Active++
			} else {
				n.Candidate++
			}
		}
	}
}

// sweep settles the sessions that are over. In which order does not matter.
func (c *Comparison) sweep() {
	for id, v := range c.visits {
		if c.latest-v.seen > over.Microseconds() {
			c.settle(v)
			delete(c.visits, id)
			c.free = append(c.free, v)
		}
	}
}

// settle counts a session that is over, or that the log leaves off.
func (c *Comparison) settle(v *visit) {
	change := v.rating
	t := c.changes[change]
	if t == nil {
		t = &touch{}
		c.changes[change] = t
	}
	good := c.settings.Good[v.session] || c.settings.Good[v.person]
	t.add(v, v.moved, "", good, change[active] != change[candidate], c.settings.Examples)
	for i := range v.hits {
		m := &v.hits[i]
		m.settle(v, good, c.settings.Examples)
	}
}

func (m *mark) settle(v *visit, good bool, examples int) {
	t := m.tally
	was, is := m.at[active] != 0, m.at[candidate] != 0
	if was {
		t.before++
	}
	if is {
		t.after++
		t.all.add(v, m.example(candidate), m.why, good, true, examples)
	}
	switch {
	case is && !was:
		t.newly.add(v, m.example(candidate), m.why, good, true, examples)
	case was && !is:
		t.gone.add(v, m.example(active), m.why, good, true, examples)
	}
}

func (m *mark) example(side int) example { return example{m.at[side], m.event[side], m.time[side]} }
