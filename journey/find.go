package journey

import (
	"slices"
	"time"

	"wayguard/event"
)

// Found is what is known of a session.
type Found struct {
	Session, Device, Person, Actor event.ID
	Opened, Last                   time.Time
	// Signatures are those placed in the session; Events how many there were.
	Signatures []string
	Events     int64
	// Cards are different cards, the query's included; Payments attempts, Failures those that the application refused.
	Cards, Payments, Failures int64
	// By is what led to it. Sure says that it is the payer's own: the session itself was told, or the account was proven in it.
	By   Way
	Sure bool
	// Met is when an account or an email of the query was first proven on the session's device, zero where it never was.
	Met time.Time
}

// Query is what a merchant tells of a payment's session, each in the form in which events have it; what is empty is not looked for.
type Query struct {
	// Sessions are ids of sessions and hashes of tokens.
	Sessions, Accounts, Emails, Cards []string
	Address                           string
	// Card is the payment's.
	Card Card
	// Attempt notes the card in the session that is found, where it surely is the payer's.
	Attempt bool
	// SessionOnly lets nothing but Sessions lead to a session.
	SessionOnly bool
	At          time.Time
	// Idle is how long a session lives without an event.
	Idle time.Duration
}

// Find finds the session that a payment belongs to: the one last seen of those that the surest key leads to. An address leads to one only
// where it is the only one alive there, because people share addresses. Where a session was told that has come to its end, no other one
// is the payment's.
func (x *Index) Find(q Query) (Found, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, by, sure := x.search(&q)
	if e == nil {
		return Found{}, false
	}
	c := x.card(q.Card)
	if q.Attempt && sure {
		x.touch(e)
		e.cards = addCard(e.cards, c)
	}
	f := Found{Session: e.session, Device: e.device, Person: e.person, Actor: e.actor, Opened: e.opened, Last: e.last,
		Signatures: slices.Clone(e.signatures), Events: e.events, Cards: int64(len(e.cards)), Payments: e.payments, Failures: e.failures,
		By: by, Sure: sure, Met: x.metOn(e.device, &q)}
	if c != (card{}) && findCard(e.cards, c) < 0 {
		f.Cards++
	}
	return f, true
}

func (x *Index) search(q *Query) (*entry, Way, bool) {
	e, ended := x.toldIn(q)
	if e != nil {
		return e, BySession, true
	}
	if ended || q.SessionOnly {
		return nil, "", false
	}
	for _, one := range []struct {
		kind   kind
		way    Way
		values []string
		sure   bool
	}{
		{byProvenAccount, ByAccount, q.Accounts, true}, {byProvenEmail, ByEmail, q.Emails, true},
		{byAccount, ByAccount, q.Accounts, false}, {byEmail, ByEmail, q.Emails, false},
		{byCard, ByCard, q.Cards, false}, {byAddress, ByAddress, []string{q.Address}, false},
	} {
		if e, _ := x.latest(one.kind, one.values, q); e != nil {
			return e, one.way, one.sure
		}
	}
	return nil, "", false
}

// toldIn is the session that was told; ended says that it is known and lives no longer.
func (x *Index) toldIn(q *Query) (e *entry, ended bool) {
	for _, id := range q.Sessions {
		if s, known := x.sessions[event.ID(id)]; known {
			if s.lives(q) {
				return s, false
			}
			ended = true
		}
	}
	e, led := x.latest(bySession, q.Sessions, q)
	return e, ended || led && e == nil
}

// latest is the living session last seen of those that the values lead to, nil for none; led says that they lead to some.
func (x *Index) latest(way kind, values []string, q *Query) (best *entry, led bool) {
	alive := 0
	var only *entry
	for _, value := range values {
		if value == "" {
			continue
		}
		for _, e := range x.leads[x.key(way, value)] {
			if e == nil {
				break
			}
			led = true
			if !e.lives(q) {
				continue
			}
			if e != only {
				alive, only = alive+1, e
			}
			if best == nil || e.last.After(best.last) {
				best = e
			}
		}
	}
	if way == byAddress && alive != 1 {
		return nil, led
	}
	return best, led
}

func (e *entry) lives(q *Query) bool {
	gap := q.At.Sub(e.last)
	return gap <= q.Idle && gap >= -q.Idle
}

// metOn is when an account of the query was first proven on a device, zero where none was.
func (x *Index) metOn(device event.ID, q *Query) (first time.Time) {
	if device == "" {
		return first
	}
	hashed := x.key(theDevice, string(device))
	for _, value := range slices.Concat(q.Accounts, q.Emails) {
		account := x.key(theAccount, value)
		devices, _ := x.known(account).Find(account)
		for _, m := range devices {
			if at := time.UnixMicro(m.since).UTC(); m.device == hashed && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// Own is the session that goes on as the one of that id, and whether it surely is the payer's, found by that way: only then may something
// be written into it. It is the session itself, or the one that took it in; empty where neither is known any more.
func (x *Index) Own(id event.ID, by Way, accounts, emails []string) (session event.ID, sure bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, known := x.sessions[id]
	if !known {
		if e = x.leads[x.key(bySession, string(id))][0]; e == nil {
			return "", false
		}
	}
	kinds, values := byProvenAccount, accounts
	switch by {
	case BySession:
		return e.session, true
	case ByEmail:
		kinds, values = byProvenEmail, emails
	case ByAccount:
	default:
		return e.session, false
	}
	for _, value := range values {
		k := x.key(kinds, value)
		if slices.ContainsFunc(e.leads, func(l lead) bool { return l.key == k }) {
			return e.session, true
		}
	}
	return e.session, false
}
