package engine

import (
	"encoding/binary"
	"fmt"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/session"
)

// token is one of the event's tokens.
type token struct {
	// key is the place of its record's key, first the event's first token with the same key, habit the place of its name's.
	key, first, habit int
	record            session.Token
	// Another browser than the token's own has a record of it apart, so that either stays in its session: base is then the place of
	// the token's own record, -1 else.
	base  int
	owned session.Token
	// known says that something is held of it, passed that it is looked at.
	known, passed bool
}

// habit is what is known of one token name of the event.
type habit struct {
	name  string
	key   int
	habit session.Habit
	noted bool
}

// layJoining names what joining looks at first: tokens, the statistics of their names, connection and looks.
func (d *Desk) layJoining(seen sight) {
	e := &d.event
	env := string(e.Environment)
	d.tokens, d.habits = d.tokens[:0], d.habits[:0]
	for i := range e.Evidence.Tokens {
		t := &e.Evidence.Tokens[i]
		d.tokens = append(d.tokens, token{key: d.key(d.tokenKey(*t)), base: -1, first: i, habit: d.habitOf(env, t.Name)})
		for j := range i {
			if d.tokens[j].key == d.tokens[i].key {
				d.tokens[i].first = j
				break
			}
		}
	}
	d.layTold(env)
	d.idleKey, d.fallback, d.wire = -1, -1, -1
	if len(d.tokens) > 0 {
		d.idleKey = d.key(d.join3("i\x00", env, "", ""))
	}
	if seen.fallback != "" {
		d.fallback = d.key(d.join3("f\x00", env, "\x00", seen.fallback))
	}
	if connection := e.Evidence.Wire.Connection; connection != "" {
		d.wire = d.key(d.join3("w\x00", env, "\x00", connection))
	}
}

// habitOf is the place of a name among the habits.
func (d *Desk) habitOf(env, name string) int {
	for i := range d.habits {
		if d.habits[i].name == name {
			return i
		}
	}
	d.habits = append(d.habits, habit{name: name, key: d.key(d.join3("m\x00", env, "\x00", name))})
	return len(d.habits) - 1
}

// read reads what is held of tokens, their names and the idle time.
func (d *Desk) readJoining(e *Engine) error {
	for i := range d.habits {
		h := &d.habits[i]
		h.habit = session.NewHabit(h.name)
		if !h.habit.Load(d.value(h.key)) {
			return fmt.Errorf("statistics of a token's name: %w", errDamaged)
		}
	}
	at := d.event.Time.UnixMicro()
	d.visit.Presents = false
	for i := range d.tokens {
		t := &d.tokens[i]
		value := d.value(t.key)
		if t.known = len(value) > 0; !t.record.Load(value) {
			return fmt.Errorf("token: %w", errDamaged)
		}
		if !d.event.Evidence.Tokens[i].Issued && t.record.Stray(&d.event) {
			t.base, t.owned, t.key = t.key, t.record, d.key(d.strayKey(i))
		}
		shown, h := &d.event.Evidence.Tokens[i], &d.habits[t.habit].habit
		t.passed = h.Passes(shown.Hash, at)
		d.visit.Presents = d.visit.Presents || !shown.Issued && h.Key(at)
	}
	d.idle = session.NewIdle(e.settings.IdleTimeout)
	if d.fixed = e.settings.IdleTimeout != session.IdleTimeout; d.fixed || d.idleKey < 0 {
		return nil
	}
	if !d.idle.Load(d.value(d.idleKey)) {
		return fmt.Errorf("idle times: %w", errDamaged)
	}
	return nil
}

// strayKey is the key of what another browser than its own does with the event's token at a place.
func (d *Desk) strayKey(i int) string {
	begin := len(d.text)
	d.text = append(append(d.text, d.keys[d.tokens[i].key]...), 0)
	d.text = binary.BigEndian.AppendUint32(d.text, session.BrowserOf(&d.event.Evidence.Client))
	return textOf(d.text[begin:len(d.text):len(d.text)])
}

// readStrays reads what is held of tokens that another browser than their own shows.
func (d *Desk) readStrays() error {
	for i := range d.tokens {
		t := &d.tokens[i]
		if t.base < 0 {
			continue
		}
		value := d.value(t.key)
		if t.known = len(value) > 0; !t.record.Load(value) {
			return fmt.Errorf("token: %w", errDamaged)
		}
	}
	return nil
}

// keyed says whether the event's token at a place is one whose values tell visitors apart.
func (d *Desk) keyed(i int) bool {
	h := &d.habits[d.tokens[i].habit].habit
	t := &d.tokens[i]
	return h.Key(d.event.Time.UnixMicro()) && !h.Fleeting() && t.base < 0 && !t.record.Worn()
}

// candidate lists the sessions that the event's tokens, its connection and its looks lead to.
func (d *Desk) candidate() error {
	d.candidates, d.read, d.origins = d.candidates[:0], 0, d.origins[:0]
	for i := range d.tokens {
		if err := d.tokenCandidate(i); err != nil {
			return err
		}
	}
	if err := d.toldCandidate(); err != nil {
		return err
	}
	if d.wire >= 0 && !mixed(d.value(d.wire)) {
		if err := d.plainCandidate(d.wire, session.ByWire); err != nil {
			return err
		}
	}
	return d.plainCandidate(d.fallback, session.ByLooks)
}

func (d *Desk) tokenCandidate(i int) error {
	t, shown := &d.tokens[i], &d.event.Evidence.Tokens[i]
	if shown.Issued {
		return nil // the visitor has not shown it yet
	}
	s, err := d.sessionAt(t.key)
	if s == nil && err == nil && t.base >= 0 {
		s, err = d.sessionAt(t.base) // joining says why it is not this one
	}
	if err != nil || s == nil || !d.habits[t.habit].habit.Key(s.Opened) {
		return err
	}
	contested := t.record.Claim && s.Presented
	if contested {
		d.at[t.key], t.known, t.record = -1, false, session.Token{} // it proves no journey either
	}
	d.candidates = append(d.candidates, session.Candidate{Session: s, Way: session.ByKey, Token: shown.Name, Contested: contested,
		Worn: t.record.Worn() || t.owned.Worn(), Successor: t.record.Successor && t.record.Uses == 0})
	return nil
}

func (d *Desk) plainCandidate(key int, way session.Way) error {
	s, err := d.sessionAt(key)
	if err == nil && s != nil {
		d.candidates = append(d.candidates, session.Candidate{Session: s, Way: way})
	}
	return err
}

// sessionAt reads the session that the key at a place leads to, nil when it leads nowhere any more.
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

// joinSession puts the event in its session: in the one that it was recorded in, or else in the one that it is found to belong to.
func (d *Desk) joinSession() error {
	d.fragment = nil
	if d.recorded != nil {
		d.rejoin(d.recorded)
		return nil
	}
	if d.visit.Idle == nil {
		d.visit.Idle = func(opened int64) time.Duration { return d.idle.Of(opened) }
		d.visit.Collisions = func(gap time.Duration) int64 { milli, _ := d.collisions(gap); return milli }
	}
	d.visit.Account = d.account()
	d.session, d.join = session.Join(&d.event, &d.visit, d.candidates)
	if d.told >= 0 && (d.session == nil || d.join.By != session.ByTold) {
		return ErrUntold
	}
	if d.fresh = d.session == nil; d.fresh {
		d.session = d.nextSession("")
		d.session.Open(&d.event)
		return nil
	}
	if !d.visit.Presents {
		return nil
	}
	if d.fragment = session.Fragment(&d.event, &d.visit, d.session, d.candidates); d.fragment != nil {
		d.join = event.Join{By: session.ByStitch, Detail: "the visit began without a cookie"}
		d.session.Absorb(d.fragment)
	}
	return nil
}

// rejoin puts the event where it was recorded.
func (d *Desk) rejoin(recorded *event.Session) {
	d.join, d.fresh, d.session = recorded.Join, recorded.Join.By == session.ByOpening, nil
	for i := range d.candidates {
		switch s := d.candidates[i].Session; {
		case s.ID == recorded.ID && d.session == nil:
			d.session = s
		case recorded.Absorbed != "" && s.ID == recorded.Absorbed:
			d.fragment = s
		}
	}
	if d.session == nil {
		d.session = d.nextSession("")
		d.session.Reopen(d.event.Environment, *recorded)
		return
	}
	if d.fragment != nil {
		d.session.Absorb(d.fragment)
	}
}

// account is the hash of the account that the event proves, 0 when it proves none.
func (d *Desk) account() uint64 {
	if !entity.Proves(&d.event) {
		return 0
	}
	for i := range d.event.Elements {
		if el := &d.event.Elements[i]; entity.Account(el.Name) && el.Value != "" {
			return d.hashes[i]
		}
	}
	return 0
}

// note folds the event into the statistics of its tokens, of their names and of pauses.
func (d *Desk) note() {
	e := &d.event
	paused := d.fixed
	claim := !d.visit.Presents
	for i := range d.tokens {
		t, shown := &d.tokens[i], &e.Evidence.Tokens[i]
		if !t.passed {
			continue
		}
		h := &d.habits[t.habit]
		seen := session.Observation{Shown: !shown.Issued, Given: shown.Issued && !t.known && t.first == i, Fresh: !t.known}
		if seen.Given {
			seen.Changed = d.shows(h.name)
		}
		record := &d.tokens[t.first].record
		if shown.Issued {
			record.Give(e)
			record.Successor = record.Successor || seen.Changed
		} else {
			if gap := e.Time.Sub(time.Unix(record.Last, 0)); !paused && t.known && record.Last > 0 && h.habit.Key(e.Time.UnixMicro()) {
				paused = true
				d.pause(gap)
			}
			seen.First = record.Uses == 0
			seen.Foreign = record.Show(e)
			if t.base >= 0 {
				seen.Foreign, seen.Fresh = t.owned.Show(e), false
			}
		}
		record.Claim = claim
		h.habit.Note(seen, e.Time)
		h.noted = true
	}
}

// pause notes the time since the visitor's last event.
func (d *Desk) pause(gap time.Duration) {
	if session.Tells(gap) {
		d.idle.Note(gap, d.event.Time)
		d.paused = true
	}
}

// succeeded says whether the answer put another value in the place of the event's token at a place, which the visitor showed.
func (d *Desk) succeeded(i int) bool {
	shown := &d.event.Evidence.Tokens[i]
	for j := range d.event.Evidence.Tokens {
		if t := &d.event.Evidence.Tokens[j]; t.Issued && t.Name == shown.Name && t.Hash != shown.Hash {
			return true
		}
	}
	return false
}

// shows says whether the visitor showed a token of that name.
func (d *Desk) shows(name string) bool {
	for i := range d.event.Evidence.Tokens {
		if t := &d.event.Evidence.Tokens[i]; !t.Issued && t.Name == name {
			return true
		}
	}
	return false
}

// The value of a connection's key is whether several visitors were seen on it.
const (
	aloneOnWire = '1'
	mixedOnWire = '*'
)

// mixed says whether the connection is shared by visitors, as one that a forward proxy opens.
func mixed(value []byte) bool { return len(value) > 0 && value[0] == mixedOnWire }
