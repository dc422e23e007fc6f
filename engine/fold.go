package engine

import (
	"fmt"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/identity"
	"wayguard/rule"
	"wayguard/session"
	"wayguard/velocity"
)

// fold is the state around one event, with the event folded in.
type fold struct {
	event    *event.Event
	session  *session.Session
	join     event.Join
	fresh    bool
	rating   event.Rating
	score    int64
	held     map[string]Held
	memories []memory
}

// memory is one of the event's entities with what is remembered of it.
type memory struct {
	element event.Element
	*entity.Memory
}

func (e *Engine) fold(ev event.Event, held []Held) (*fold, error) {
	e.Prepare(&ev)
	f := &fold{event: &ev, held: make(map[string]Held, len(held))}
	for _, h := range held {
		f.held[h.Key] = h
	}
	if err := e.remember(f); err != nil {
		return nil, err
	}
	if err := e.join(f); err != nil {
		return nil, err
	}
	f.rating, f.score = f.session.Rating, f.session.Score
	contributions := Contributions(&ev)
	e.resolve(f)
	f.session.Apply(&ev, contributions)
	for _, m := range f.memories {
		m.Apply(&ev, m.element, f.session.ID, contributions)
		if f.loggedIn() && isAccount(m.element.Name) {
			m.Journey = f.session.Journey
		}
	}
	return f, nil
}

// remember decodes the memory of each entity of the event.
func (e *Engine) remember(f *fold) error {
	for _, el := range remembered(f.event) {
		m := memory{element: el, Memory: &entity.Memory{}}
		if h, ok := f.held[entityKey(f.event.Environment, el.Name, el.Value)]; ok && len(h.Value) > 0 {
			unpacked, err := entity.Unpack(h.Value)
			if err != nil {
				return fmt.Errorf("memory of a %s: %w", el.Name, err)
			}
			m.Memory = unpacked
			if m.Stale(f.event.Time) {
				m.Memory = &entity.Memory{}
			}
		}
		f.memories = append(f.memories, m)
	}
	return nil
}

// join finds the session the event belongs to, or opens one.
func (e *Engine) join(f *fold) error {
	var candidates []session.Candidate
	for _, t := range f.event.Evidence.Tokens {
		if t.Issued {
			continue // the visitor has not shown it yet
		}
		if err := e.candidate(f, tokenKey(f.event.Environment, t), t.Name, &candidates); err != nil {
			return err
		}
	}
	if key := fallbackKey(f.event); key != "" {
		if err := e.candidate(f, key, "", &candidates); err != nil {
			return err
		}
	}
	f.session, f.join = session.Join(f.event, candidates, e.settings.IdleTimeout)
	if f.session == nil {
		f.session, f.fresh = session.Open(f.event), true
	}
	return nil
}

func (e *Engine) candidate(f *fold, key, token string, to *[]session.Candidate) error {
	s, err := e.sessionAt(f, key)
	if err != nil || s == nil {
		return err
	}
	*to = append(*to, session.Candidate{Session: s, Token: token})
	return nil
}

// sessionAt decodes the session that a token or fallback key leads to, nil when it leads nowhere any more.
func (e *Engine) sessionAt(f *fold, key string) (*session.Session, error) {
	pointer, ok := f.held[key]
	if !ok || pointer.Ref == "" {
		return nil, nil
	}
	h, ok := f.held[pointer.Ref]
	if !ok || len(h.Value) == 0 {
		return nil, nil
	}
	s := &session.Session{}
	if err := e.decode.Unmarshal(h.Value, s); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// resolve gives the session its journey.
func (e *Engine) resolve(f *fold) {
	evidence := identity.Evidence{Session: f.session.Journey, LoggedIn: f.loggedIn()}
	for _, t := range f.event.Evidence.Tokens {
		if h, ok := f.held[tokenKey(f.event.Environment, t)]; ok && !t.Issued && len(h.Value) > 0 {
			evidence.Token = event.ID(h.Value)
			break
		}
	}
	device := f.event.Find(identity.DeviceElement)
	for _, m := range f.memories {
		if !isAccount(m.element.Name) || m.Journey == "" {
			continue
		}
		evidence.Account = m.Journey
		evidence.KnownDevice = device != nil && m.Met(device.Name, device.Value, f.session.OpenedAt())
		break
	}
	fresh := event.DeriveID(f.session.OpenedAt(), "journey", string(f.session.ID))
	f.session.Journey = identity.Resolve(evidence, fresh).Journey
}

func (f *fold) loggedIn() bool {
	return f.event.Type == event.AuthenticationAttempt && f.event.Result == event.Success
}

// isAccount says which entities name an account.
func isAccount(element string) bool {
	return element == "username" || element == "customer_id" || element == "email"
}

func (f *fold) memoryOf(element, value string) *entity.Memory {
	for _, m := range f.memories {
		if m.element.Name == element && m.element.Value == value {
			return m.Memory
		}
	}
	return nil
}

func (f *fold) facts() rule.Facts {
	return rule.Facts{
		Event: f.event,
		Session: rule.Session{
			ID: f.session.ID, Opened: f.session.OpenedAt(), Events: f.session.Events, Score: f.score, Rating: f.rating,
			Labels: f.session.Labels, Counts: f.session.Counts, Distinct: f.session.Distinct, New: f.fresh,
		},
		Memory: recollection{f},
	}
}

// recollection answers the rules' questions about the event's own entities. Where an event carries an element more
// than once, the answer is the highest of its values'.
type recollection struct{ *fold }

func (r recollection) each(element string, visit func(*entity.Memory)) {
	for _, m := range r.memories {
		if m.element.Name == element {
			visit(m.Memory)
		}
	}
}

// Count implements rule.Memory.
func (r recollection) Count(element, counter string, span time.Duration) int64 {
	w, ok := velocity.WindowOf(span)
	if !ok {
		return 0 // the rule compiler admits only known windows
	}
	var most int64
	r.each(element, func(m *entity.Memory) { most = max(most, m.Count(counter, r.event.Time, w)) })
	return most
}

// Distinct implements rule.Memory.
func (r recollection) Distinct(element, of string, span time.Duration) int64 {
	var most int64
	r.each(element, func(m *entity.Memory) { most = max(most, m.Distinct(of, r.event.Time, span)) })
	return most
}

// SeenBefore implements rule.Memory.
func (r recollection) SeenBefore(element, other string) bool {
	companion := r.event.Find(other)
	if companion == nil || companion.Value == "" {
		return false
	}
	met := false
	r.each(element, func(m *entity.Memory) { met = met || m.Met(other, companion.Value, r.session.OpenedAt()) })
	return met
}

// Age implements rule.Memory.
func (r recollection) Age(element string) (time.Duration, bool) {
	age, known := time.Duration(0), false
	r.each(element, func(m *entity.Memory) { age, known = max(age, m.Age(r.event.Time)), true })
	return age, known
}

// Labelled implements rule.Memory.
func (r recollection) Labelled(element, label string) bool {
	found := false
	r.each(element, func(m *entity.Memory) { found = found || m.Labelled(label) })
	return found
}

// PersonaDistance implements rule.Memory.
func (r recollection) PersonaDistance(element string) int64 {
	distance := int64(-1)
	who := entity.Who(r.event)
	r.each(element, func(m *entity.Memory) {
		if m.Persona != nil {
			distance = max(distance, m.Persona.Distance(who))
		}
	})
	return distance
}
