package journey

import (
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/recent"
)

// Way is what a payment is joined to a session by, the surest first.
type Way string

// The ways, in the order in which they are tried.
const (
	BySession Way = "session"
	ByAccount Way = "account"
	ByEmail   Way = "email"
	ByCard    Way = "card"
	ByAddress Way = "address"
)

// The bounds of what is remembered of one session and of one key.
const (
	cardLimit   = 64
	keyLimit    = 32
	recentLimit = 4
	nameLimit   = 64
)

// key is something that leads to sessions.
type key struct {
	way   Way
	value string
}

func (k key) keep() key { return key{k.way, strings.Clone(k.value)} }

// entry is what is remembered of a session.
type entry struct {
	found Found
	// number is the last record's place in the session: a record that is folded in twice counts once.
	number int64
	// cards and prints are the different cards seen, as events have them and by fingerprint.
	cards, prints []string
	// keys lead to the session.
	keys []key
}

// Found is what is known of a session.
type Found struct {
	Session, Device, Person, Actor event.ID
	Opened, Last                   time.Time
	// Signatures are those placed in the session; Events how many there were.
	Signatures []string
	Events     int64
	// Cards are different cards, Payments attempts, Failures those that the application refused.
	Cards, Payments, Failures int64
	Address                   string
	// By is what led to it.
	By Way
}

// pair is an account on a device.
type pair struct{ account, device string }

func (p pair) keep() pair { return pair{strings.Clone(p.account), strings.Clone(p.device)} }

// Index leads from keys to live sessions. It is safe for concurrent use. It remembers the sessions of the last records, twice its limit
// at most: what was not seen since as many others were is forgotten.
type Index struct {
	environment event.Environment
	limit       int

	mu       sync.Mutex
	sessions recent.Map[event.ID, *entry]
	leads    recent.Map[key, []event.ID]
	pairs    recent.Map[pair, int64]
}

// New makes an index of so many sessions in one environment; 0 is 50,000.
func New(environment event.Environment, limit int) *Index {
	if limit <= 0 {
		limit = 50_000
	}
	return &Index{environment: environment, limit: limit, sessions: recent.NewMap[event.ID, *entry](limit, clone),
		leads: recent.NewMap[key, []event.ID](4*limit, key.keep), pairs: recent.NewMap[pair, int64](2*limit, pair.keep)}
}

// Note takes a judged record in. Records are to come in the log's order; nothing of them is kept but copies.
func (x *Index) Note(r *event.Record) {
	if r.Session.ID == "" || r.Event.Environment != x.environment {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if r.Session.Absorbed != "" {
		x.absorb(r)
	}
	s, known := x.sessions.Find(r.Session.ID)
	if !known {
		s = &entry{found: Found{Session: clone(r.Session.ID), Opened: r.Session.Opened}}
		x.sessions.Put(s.found.Session, s)
	}
	if r.Session.Number <= s.number {
		return
	}
	s.number = r.Session.Number
	s.update(r)
	x.lead(s, &r.Event)
}

// absorb gives what is known of a session that was taken in to the one that took it.
func (x *Index) absorb(r *event.Record) {
	part, known := x.sessions.Find(r.Session.Absorbed)
	if !known {
		return
	}
	whole, known := x.sessions.Find(r.Session.ID)
	if !known {
		whole = &entry{found: Found{Session: clone(r.Session.ID), Opened: r.Session.Opened}}
		x.sessions.Put(whole.found.Session, whole)
	}
	whole.found.Payments += part.found.Payments
	whole.found.Failures += part.found.Failures
	whole.cards, whole.prints = union(whole.cards, part.cards, cardLimit), union(whole.prints, part.prints, cardLimit)
	whole.found.Signatures = union(whole.found.Signatures, part.found.Signatures, nameLimit)
	x.sessions.Remove(r.Session.Absorbed)
	for _, k := range part.keys {
		x.point(whole, k)
	}
}

// update folds a record into what is known of its session.
func (s *entry) update(r *event.Record) {
	f := &s.found
	f.Opened, f.Last, f.Events = r.Session.Opened, r.Event.Time, r.Session.Number
	f.Device, f.Person, f.Actor = same(f.Device, r.Session.Journey), same(f.Person, r.Session.Person), same(f.Actor, r.Session.Actor)
	for i := range r.Verdict.Labels {
		if l := &r.Verdict.Labels[i]; l.Signature && !l.Shadow {
			f.Signatures = add(f.Signatures, l.Name, nameLimit)
		}
	}
	if a := r.Event.Evidence.Address; a != "" && a != f.Address {
		f.Address = strings.Clone(a)
	}
	if r.Event.Type == event.Transaction {
		f.Payments++
		if r.Event.Result == event.Failure {
			f.Failures++
		}
	}
	if r.Event.Type != event.Transaction && r.Event.Type != event.PaymentDecision && r.Event.Type != event.PaymentMethodUpdate {
		return
	}
	for i := range r.Event.Elements {
		switch el := &r.Event.Elements[i]; el.Name {
		case "payment_from":
			s.cards = add(s.cards, el.Value, cardLimit)
		case "credential_fingerprint":
			s.prints = add(s.prints, el.Value, cardLimit)
		}
	}
}

// lead makes the event's keys lead to its session.
func (x *Index) lead(s *entry, e *event.Event) {
	for i := range e.Evidence.Tokens {
		x.point(s, key{BySession, e.Evidence.Tokens[i].Hash})
	}
	if e.Evidence.Address != "" {
		x.point(s, key{ByAddress, e.Evidence.Address})
	}
	for i := range e.Elements {
		el := &e.Elements[i]
		if way, leads := wayOf(el.Name); leads && el.Value != "" {
			x.point(s, key{way, el.Value})
			if way == ByAccount {
				x.meet(el.Value, s.found.Device, e.Time)
			}
		}
	}
}

func wayOf(element string) (Way, bool) {
	switch element {
	case "customer_id", "username":
		return ByAccount, true
	case "email":
		return ByEmail, true
	case "payment_from", "credential_fingerprint":
		return ByCard, true
	}
	return "", false
}

// point makes a key lead to a session, before the others that it leads to.
func (x *Index) point(s *entry, k key) {
	list, known := x.leads.Find(k)
	if known && list[0] == s.found.Session {
		return
	}
	k = k.keep() // the record's memory is used again
	if len(s.keys) < keyLimit && !slices.Contains(s.keys, k) {
		s.keys = append(s.keys, k)
	}
	fresh := make([]event.ID, 1, recentLimit)
	fresh[0] = s.found.Session
	for _, id := range list {
		if id != s.found.Session && len(fresh) < recentLimit {
			fresh = append(fresh, id)
		}
	}
	x.leads.Put(k, fresh)
}

// meet notes when an account was first seen on a device.
func (x *Index) meet(account string, device event.ID, at time.Time) {
	if device == "" {
		return
	}
	p := pair{account, string(device)}
	if _, known := x.pairs.Find(p); !known {
		x.pairs.Put(p, at.UnixMicro())
	}
}

// Query is what a merchant tells of a payment's session, each in the form in which events have it; what is empty is not looked for.
type Query struct {
	// Sessions are ids of sessions and hashes of tokens.
	Sessions, Accounts, Emails, Cards []string
	Address                           string
	At                                time.Time
	// Idle is how long a session lives without an event.
	Idle time.Duration
}

// Find finds the session that a payment belongs to: the one last seen of those that the surest key leads to. An address leads to one only
// where it is the only one alive there, because people share addresses.
func (x *Index) Find(q Query) (Found, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range q.Sessions {
		if s, known := x.sessions.Find(event.ID(id)); known && s.lives(q) {
			return s.told(BySession), true
		}
	}
	for _, one := range []struct {
		way    Way
		values []string
	}{{BySession, q.Sessions}, {ByAccount, q.Accounts}, {ByEmail, q.Emails}, {ByCard, q.Cards}, {ByAddress, []string{q.Address}}} {
		if s := x.latest(one.way, one.values, q); s != nil {
			return s.told(one.way), true
		}
	}
	return Found{}, false
}

// latest is the living session last seen of those that the values lead to, nil for none.
func (x *Index) latest(way Way, values []string, q Query) *entry {
	var best *entry
	alive := 0
	for _, value := range values {
		if value == "" {
			continue
		}
		list, _ := x.leads.Find(key{way, value})
		for _, id := range list {
			s, known := x.sessions.Find(id)
			if !known || !s.lives(q) {
				continue
			}
			if alive++; best == nil || s.found.Last.After(best.found.Last) {
				best = s
			}
		}
	}
	if way == ByAddress && alive != 1 {
		return nil
	}
	return best
}

func (s *entry) lives(q Query) bool {
	gap := q.At.Sub(s.found.Last)
	return gap <= q.Idle && gap >= -q.Idle
}

// told is a copy of what is known.
func (s *entry) told(by Way) Found {
	f := s.found
	f.Signatures = slices.Clone(f.Signatures)
	f.Cards, f.By = int64(max(len(s.cards), len(s.prints))), by
	return f
}

// Since is when an account was first seen on a device; false when it never was.
func (x *Index) Since(account string, device event.ID) (time.Time, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at, known := x.pairs.Find(pair{account, string(device)})
	return time.UnixMicro(at).UTC(), known
}

// Carries says whether a session has shown one of the cards already.
func (x *Index) Carries(session event.ID, cards []string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, known := x.sessions.Find(session)
	return known && slices.ContainsFunc(cards, func(card string) bool {
		return card != "" && (slices.Contains(s.cards, card) || slices.Contains(s.prints, card))
	})
}

func clone(id event.ID) event.ID { return event.ID(strings.Clone(string(id))) }

// same is the old id where the new one is equal, so that nothing is copied, and a copy of the new one else.
func same(old, now event.ID) event.ID {
	if old == now {
		return old
	}
	return clone(now)
}

// add adds a value that is not there yet, up to a limit.
func add(list []string, value string, limit int) []string {
	if value == "" || len(list) >= limit || slices.Contains(list, value) {
		return list
	}
	return append(list, strings.Clone(value))
}

func union(list, more []string, limit int) []string {
	for _, value := range more {
		list = add(list, value, limit)
	}
	return list
}
