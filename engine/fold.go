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
	event *event.Event
	// fallback is the event's fallback key, empty when it has none.
	fallback string
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

// fold folds the event in. recorded is the place in a session it was given before, nil when it is yet to be given one.
func (e *Engine) fold(ev event.Event, held []Held, recorded *event.Session) (*fold, error) {
	e.Prepare(&ev)
	f := &fold{event: &ev, fallback: fallbackKey(&ev), held: make(map[string]Held, len(held))}
	for _, h := range held {
		if h.Expires.IsZero() || !ev.Time.After(h.Expires) {
			f.held[h.Key] = h
		}
	}
	if err := e.remember(f); err != nil {
		return nil, err
	}
	candidates, err := e.candidates(f)
	if err != nil {
		return nil, err
	}
	if recorded != nil {
		f.rejoin(candidates, recorded)
	} else {
		e.join(f, candidates)
		e.resolve(f)
	}
	f.rating, f.score = f.session.Rating, f.session.Score
	contributions := Contributions(&ev)
	f.session.Apply(&ev, contributions)
	device := ev.Find(identity.DeviceElement)
	for _, m := range f.memories {
		m.Apply(&ev, m.element, f.session.ID, contributions)
		if device != nil && f.loggedIn() && entity.Account(m.element.Name) {
			m.Settle(device.Value, f.session.Journey, f.event.Time)
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
func (e *Engine) join(f *fold, candidates []session.Candidate) {
	f.session, f.join = session.Join(f.event, candidates, e.settings.IdleTimeout)
	if f.session == nil {
		f.session, f.fresh = session.Open(f.event), true
	}
}

// rejoin puts the event where it was recorded.
func (f *fold) rejoin(candidates []session.Candidate, recorded *event.Session) {
	f.join, f.fresh = recorded.Join, recorded.Join.By == session.ByOpening
	for _, c := range candidates {
		if c.Session.ID == recorded.ID && f.session == nil {
			f.session = c.Session
		}
	}
	if f.session == nil {
		f.session = session.Reopen(f.event.Environment, *recorded)
	}
	f.session.Journey = recorded.Journey
}

// candidates are the sessions that the event's tokens and its fallback key lead to.
func (e *Engine) candidates(f *fold) ([]session.Candidate, error) {
	var candidates []session.Candidate
	for _, t := range f.event.Evidence.Tokens {
		if t.Issued {
			continue // the visitor has not shown it yet
		}
		key := tokenKey(f.event.Environment, t)
		s, err := e.sessionAt(f, key)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		_, claimed := journeyOf(f.held[key].Value)
		contested := claimed && s.Presented
		if contested {
			delete(f.held, key) // it proves no journey either
		}
		candidates = append(candidates, session.Candidate{Session: s, Token: t.Name, Contested: contested})
	}
	if f.fallback != "" {
		s, err := e.sessionAt(f, f.fallback)
		if err != nil {
			return nil, err
		}
		if s != nil {
			candidates = append(candidates, session.Candidate{Session: s})
		}
	}
	return candidates, nil
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
			evidence.Token, _ = journeyOf(h.Value)
			break
		}
	}
	if device := f.event.Find(identity.DeviceElement); device != nil {
		for _, m := range f.memories {
			if entity.Account(m.element.Name) && evidence.Account == "" {
				evidence.Account = m.Home(device.Value)
			}
		}
	}
	fresh := event.DeriveID(f.session.OpenedAt(), "journey", string(f.session.ID))
	f.session.Journey = identity.Resolve(evidence, fresh).Journey
}

func (f *fold) loggedIn() bool {
	return f.event.Type == event.AuthenticationAttempt && f.event.Result == event.Success
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

// SeenBefore implements rule.Memory. With an account only what was seen at a login or sign-up that succeeded counts: an
// attacker who tries and fails must not make himself known.
func (r recollection) SeenBefore(element, other string) bool {
	companion := r.event.Find(other)
	if companion == nil || companion.Value == "" {
		return false
	}
	met := false
	r.each(element, func(m *entity.Memory) {
		if entity.Account(element) {
			met = met || m.Proven(other, companion.Value, r.session.OpenedAt())
			return
		}
		met = met || m.Met(other, companion.Value, r.session.OpenedAt())
	})
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
