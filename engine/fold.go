package engine

import (
	"fmt"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/identity"
	"wayguard/session"
)

// fold folds the event on the desk in. recorded is the place in a session it was given before, nil when it is yet to be given
// one.
func (e *Engine) fold(d *Desk, held []Held, recorded *event.Session) error {
	d.spread(held)
	if err := d.recollect(); err != nil {
		return err
	}
	if err := d.candidate(); err != nil {
		return err
	}
	d.hash()
	if recorded != nil {
		d.rejoin(recorded)
	} else {
		d.joinOrOpen(e)
		d.resolve()
	}
	d.rating, d.score = d.session.Rating, d.session.Score
	ev := &d.event
	d.contributions = AppendContributions(d.contributions[:0], ev)
	d.session.Apply(ev, d.contributions, d.hashes)
	d.occasion.Fill(ev, d.session.Hash, d.contributions, d.hashes)
	settles := d.device >= 0 && d.loggedIn()
	for i, m := range d.memories {
		m.Apply(&d.occasion, d.entities[i].name)
		if settles && entity.Account(d.entities[i].name) {
			m.Settle(d.hashes[d.device], d.session.Journey, ev.Time)
		}
	}
	return nil
}

// spread finds each key's piece among what is held. Mostly they are in the keys' order.
func (d *Desk) spread(held []Held) {
	d.held, d.at = held, d.at[:0]
	next := 0
	for _, key := range d.keys {
		place := d.search(key, next)
		if place >= 0 {
			next = place + 1
			if d.expired(place) {
				place = -1
			}
		}
		d.at = append(d.at, place)
	}
}

// search finds the piece of a key, from place next on first; -1 when it is not there.
func (d *Desk) search(key string, next int) int {
	for i := next; i < len(d.held); i++ {
		if d.held[i].Key == key {
			return i
		}
	}
	for i := range min(next, len(d.held)) {
		if d.held[i].Key == key {
			return i
		}
	}
	return -1
}

func (d *Desk) expired(place int) bool {
	h := &d.held[place]
	return !h.Expires.IsZero() && d.event.Time.After(h.Expires)
}

// piece is what is held of the key at a place, nil when nothing is.
func (d *Desk) piece(key int) *Held {
	if key < 0 || d.at[key] < 0 {
		return nil
	}
	return &d.held[d.at[key]]
}

// value is what is held of the key at a place, empty when nothing is.
func (d *Desk) value(key int) []byte {
	if h := d.piece(key); h != nil {
		return h.Value
	}
	return nil
}

// recollect reads the memory of each entity of the event.
func (d *Desk) recollect() error {
	for len(d.room) < len(d.entities) {
		d.room = append(d.room, &entity.Memory{})
	}
	d.memories = d.room[:len(d.entities)]
	for i, m := range d.memories {
		m.Forget()
		value := d.value(d.entities[i].key)
		if len(value) == 0 {
			continue
		}
		if err := m.Load(value); err != nil {
			return fmt.Errorf("memory of a %s: %w", d.entities[i].name, err)
		}
		if m.Stale(d.event.Time) {
			m.Forget()
		}
	}
	return nil
}

// joinOrOpen finds the session the event belongs to, or opens one.
func (d *Desk) joinOrOpen(e *Engine) {
	d.session, d.join = session.Join(&d.event, d.candidates, e.settings.IdleTimeout)
	d.fresh = d.session == nil
	if d.fresh {
		d.session = d.nextSession("")
		d.session.Open(&d.event)
	}
}

// rejoin puts the event where it was recorded.
func (d *Desk) rejoin(recorded *event.Session) {
	d.join, d.fresh, d.session = recorded.Join, recorded.Join.By == session.ByOpening, nil
	for _, c := range d.candidates {
		if c.Session.ID == recorded.ID && d.session == nil {
			d.session = c.Session
		}
	}
	if d.session == nil {
		d.session = d.nextSession("")
		d.session.Reopen(d.event.Environment, *recorded)
	}
	d.session.Journey = recorded.Journey
}

// candidate lists the sessions that the event's tokens and its fallback key lead to.
func (d *Desk) candidate() error {
	d.candidates, d.read, d.origins = d.candidates[:0], 0, d.origins[:0]
	for i, key := range d.tokens {
		t := &d.event.Evidence.Tokens[i]
		if t.Issued {
			continue // the visitor has not shown it yet
		}
		s, err := d.sessionAt(key)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		contested := claimed(d.value(key)) && s.Presented
		if contested {
			d.at[key] = -1 // it proves no journey either
		}
		d.candidates = append(d.candidates, session.Candidate{Session: s, Token: t.Name, Contested: contested})
	}
	s, err := d.sessionAt(d.fallback)
	if err != nil {
		return err
	}
	if s != nil {
		d.candidates = append(d.candidates, session.Candidate{Session: s})
	}
	return nil
}

// sessionAt reads the session that the token or fallback key at a place leads to, nil when it leads nowhere any more.
func (d *Desk) sessionAt(key int) (*session.Session, error) {
	pointer := d.piece(key)
	if pointer == nil || pointer.Ref == "" {
		return nil, nil
	}
	for i, origin := range d.origins {
		if origin == pointer.Ref {
			return d.sessions[i], nil
		}
	}
	place := d.search(pointer.Ref, len(d.keys))
	if place < 0 || d.expired(place) || len(d.held[place].Value) == 0 {
		return nil, nil
	}
	s := d.nextSession(pointer.Ref)
	if err := s.Unpack(d.held[place].Value); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// nextSession is room for one more session of this event, with the key that it is read from.
func (d *Desk) nextSession(origin string) *session.Session {
	if d.read == len(d.sessions) {
		d.sessions = append(d.sessions, &session.Session{})
	}
	d.read++
	d.origins = append(d.origins, origin)
	return d.sessions[d.read-1]
}

// resolve gives the session its journey.
func (d *Desk) resolve() {
	evidence := identity.Evidence{Session: d.session.Journey, LoggedIn: d.loggedIn()}
	if evidence.LoggedIn && d.device >= 0 {
		evidence.Account = d.home()
	}
	if evidence.Session == "" {
		evidence.Token = d.carried()
	}
	var fresh event.ID
	if evidence.Session == "" && evidence.Token == "" && evidence.Account == "" {
		fresh = event.DeriveID(d.session.OpenedAt(), "journey", string(d.session.ID))
	}
	d.session.Journey = identity.Resolve(evidence, fresh).Journey
}

// home is the journey that logged in to the event's account from this device before.
func (d *Desk) home() event.ID {
	device := d.hashes[d.device]
	for i, m := range d.memories {
		if !entity.Account(d.entities[i].name) {
			continue
		}
		if journey := m.Home(device); len(journey) > 0 {
			if string(journey) == string(d.session.Journey) {
				return d.session.Journey
			}
			return event.ID(journey)
		}
	}
	return ""
}

// carried is the journey of the first token that the visitor presented and that has one.
func (d *Desk) carried() event.ID {
	for i, key := range d.tokens {
		if value := d.value(key); !d.event.Evidence.Tokens[i].Issued && len(value) > 0 {
			return journeyOf(value)
		}
	}
	return ""
}

func (d *Desk) loggedIn() bool {
	return d.event.Type == event.AuthenticationAttempt && d.event.Result == event.Success
}
