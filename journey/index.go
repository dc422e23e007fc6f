package journey

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"hash/maphash"
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
	recentLimit = 4
	nameLimit   = 64
	pairLimit   = 8
	deviceLimit = 8
)

// entry is what is remembered of a session.
type entry struct {
	session, device, person, actor event.ID
	opened, last                   time.Time
	signatures                     []string
	// events is the last record's place in the session too: a record that is folded in twice counts once.
	events, payments, failures int64
	cards                      []card
	leads                      []lead
	// pairs is how many accounts it has made known on its device.
	pairs int
	// older and newer are its neighbours in the order of last records.
	older, newer *entry
	// epoch is that in which it was changed last.
	epoch uint64
}

// Index leads from keys to live sessions. It is safe for concurrent use. It remembers the sessions of the last records, as many as its
// limit says, and forgets with a session all that led to it: a flood of one session's keys takes nothing from any other. What it is
// asked for by is kept as keyed hashes only.
type Index struct {
	environment event.Environment
	limit       int

	mu       sync.Mutex
	sessions map[event.ID]*entry
	// oldest and newest are the ends of the order of last records.
	oldest, newest *entry
	leads          map[key]list
	// met are the devices on which accounts were proven, in parts by the key's beginning, so that saving them holds nobody up for long.
	met [metParts]recent.Map[key, []meeting]
	// tick counts what was pointed.
	tick   uint64
	epoch  uint64
	frozen *Snapshot

	mac       hash.Hash
	text, sum []byte
	// hashed are values of which the hash is known, in the places that their quick hash has: visitors show the same ones again and again.
	hashed []hashed
	seed   maphash.Seed
}

// metParts is the number of parts of what is known of accounts.
const metParts = 64

// hashed is a value with its key.
type hashed struct {
	kind  kind
	value string
	key   key
}

// New makes an index of so many sessions in one environment; 0 is 50,000. Its keys are hashed with the secret.
func New(environment event.Environment, limit int, secret []byte) *Index {
	if limit <= 0 {
		limit = 50_000
	}
	x := &Index{environment: environment, limit: limit, sessions: map[event.ID]*entry{}, leads: map[key]list{},
		mac: hmac.New(sha256.New, slices.Clone(secret)), hashed: make([]hashed, 1<<12), seed: maphash.MakeSeed()}
	for i := range x.met {
		x.met[i] = recent.NewMap[key, []meeting](max(1, limit/metParts), nil)
	}
	return x
}

// Note takes a judged record in. Records are to come in the log's order; nothing of them is kept but copies.
func (x *Index) Note(r *event.Record) {
	if r.Session.ID == "" || r.Event.Environment != x.environment {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	e, known := x.sessions[r.Session.ID]
	if !known {
		if !x.leads[x.key(bySession, string(r.Session.ID))].empty() {
			return // it was taken in by another one: this record is noted again
		}
		e = x.open(r.Session.ID)
	}
	if r.Session.Number <= e.events {
		return
	}
	x.touch(e)
	if r.Session.Absorbed != "" {
		x.absorb(e, r.Session.Absorbed)
	}
	e.update(r)
	x.see(e, &r.Event)
	x.lead(e, &r.Event)
	x.renew(e)
}

// open begins a session; the one that had no record for the longest goes where there are too many.
func (x *Index) open(id event.ID) *entry {
	for len(x.sessions) >= x.limit {
		x.remove(x.oldest)
	}
	e := &entry{session: clone(id), epoch: x.epoch}
	x.sessions[e.session] = e
	x.append(e)
	return e
}

// append puts a session at the new end of the order.
func (x *Index) append(e *entry) {
	if e.older = x.newest; e.older != nil {
		e.older.newer = e
	} else {
		x.oldest = e
	}
	x.newest = e
}

// unlink takes a session out of the order.
func (x *Index) unlink(e *entry) {
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		x.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		x.newest = e.older
	}
	e.older, e.newer = nil, nil
}

func (x *Index) renew(e *entry) {
	if x.newest != e {
		x.unlink(e)
		x.append(e)
	}
}

// remove forgets a session and what led to it. What is known of it is not changed: a snapshot may have it still.
func (x *Index) remove(e *entry) {
	x.unlink(e)
	delete(x.sessions, e.session)
	for i := range e.leads {
		x.unpoint(e, e.leads[i].key)
	}
}

// absorb gives what is known of a session that was taken in to the one that took it, and has its id lead there.
func (x *Index) absorb(whole *entry, id event.ID) {
	if part, known := x.sessions[id]; known && part != whole {
		whole.payments += part.payments
		whole.failures += part.failures
		whole.pairs = min(whole.pairs+part.pairs, pairLimit)
		for _, c := range part.cards {
			whole.cards = addCard(whole.cards, c)
		}
		whole.signatures = union(whole.signatures, part.signatures, nameLimit)
		x.remove(part)
		for i := range part.leads {
			x.point(whole, part.leads[i].way, part.leads[i].key)
		}
	}
	x.point(whole, bySession, x.key(bySession, string(id)))
}

// update folds a record into what is known of its session.
func (e *entry) update(r *event.Record) {
	e.opened, e.last, e.events = r.Session.Opened, r.Event.Time, r.Session.Number
	e.device, e.person, e.actor = same(e.device, r.Session.Journey), same(e.person, r.Session.Person), same(e.actor, r.Session.Actor)
	for i := range r.Verdict.Labels {
		if l := &r.Verdict.Labels[i]; l.Signature && !l.Shadow {
			e.signatures = add(e.signatures, l.Name, nameLimit)
		}
	}
	if r.Event.Type == event.Transaction {
		e.payments++
		if r.Event.Result == event.Failure {
			e.failures++
		}
	}
}

// touch is called before a session is changed, so that a snapshot has it as it was.
func (x *Index) touch(e *entry) {
	if x.frozen != nil && e.epoch < x.epoch {
		x.frozen.before[e] = e.copied()
	}
	e.epoch = x.epoch
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
