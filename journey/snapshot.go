package journey

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"slices"
	"time"

	"wayguard/event"
)

// snapshotForm is the number of the form in which an index is saved; another one is not read.
const snapshotForm = 2

// chunk is how many sessions are copied while others wait.
const chunk = 256

// saved is an index as it is written: sessions in the order of their last records, accounts in the order in which they were proven last.
// Of what people could be found by it has keyed hashes only.
type saved struct {
	Form        int
	Environment event.Environment
	// Position is that of the last record of the log that is in it.
	Position, Tick uint64
	Sessions       []savedSession
	// Accounts are packed: the key, how many devices, and of each its key, since when and when last.
	Accounts [][]byte
}

type savedSession struct {
	Session, Device, Person, Actor event.ID
	Opened, Last                   time.Time
	Signatures                     []string
	Events, Payments, Failures     int64
	Pairs                          int
	// Cards are the cards' keys one after the other, Leads the kind, the key and the tick of each.
	Cards, Leads []byte
}

// The sizes of what is packed.
const (
	keySize     = len(key{})
	cardSize    = len(card{}) * keySize
	leadSize    = 1 + keySize + 8
	meetingSize = keySize + 16
)

// account is one that was proven somewhere.
type account struct {
	key     key
	devices []meeting
}

// Snapshot is what an index knew at one moment.
type Snapshot struct {
	index   *Index
	entries []*entry
	// before are sessions as they were, where they were changed since.
	before map[*entry]*entry
	tick   uint64
}

// Freeze marks what is known now. It is quick: a session that is changed afterwards is copied first. One snapshot is taken at a time,
// until it is written or discarded. On which devices accounts were proven is written as it is known then: that is only ever added to.
func (x *Index) Freeze() *Snapshot {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.epoch++
	s := &Snapshot{index: x, entries: make([]*entry, 0, len(x.sessions)), before: map[*entry]*entry{}, tick: x.tick}
	for e := x.oldest; e != nil; e = e.newer {
		s.entries = append(s.entries, e)
	}
	x.frozen = s
	return s
}

// copied is what is known of a session, apart from it.
func (e *entry) copied() *entry {
	c := *e
	c.older, c.newer = nil, nil
	c.signatures, c.cards, c.leads = slices.Clone(e.signatures), slices.Clone(e.cards), slices.Clone(e.leads)
	return &c
}

// Discard lets go of a snapshot that is not written.
func (s *Snapshot) Discard() {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if s.index.frozen == s {
		s.index.frozen = nil
	}
}

// Write gives the snapshot as bytes, with the position of the log that it was taken at, and ends it.
func (s *Snapshot) Write(position uint64) ([]byte, error) {
	defer s.Discard()
	all := saved{Form: snapshotForm, Environment: s.index.environment, Position: position, Tick: s.tick,
		Sessions: make([]savedSession, 0, len(s.entries))}
	for part := range slices.Chunk(s.entries, chunk) {
		all.Sessions = s.pack(all.Sessions, part)
	}
	accounts := s.index.accounts()
	slices.SortFunc(accounts, func(a, b account) int {
		return cmp.Or(cmp.Compare(a.latest(), b.latest()), bytes.Compare(a.key[:], b.key[:]))
	})
	for _, a := range accounts {
		all.Accounts = append(all.Accounts, a.pack())
	}
	var buffer bytes.Buffer
	if err := gob.NewEncoder(&buffer).Encode(all); err != nil {
		return nil, fmt.Errorf("save journeys: %w", err)
	}
	return buffer.Bytes(), nil
}

// accounts copies what is known of accounts, part by part.
func (x *Index) accounts() (all []account) {
	for i := range x.met {
		x.mu.Lock()
		x.met[i].Each(func(k key, devices []meeting) { all = append(all, account{k, devices}) })
		x.mu.Unlock()
	}
	return all
}

// pack appends sessions as they were when they were frozen.
func (s *Snapshot) pack(to []savedSession, part []*entry) []savedSession {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	for _, e := range part {
		if was, changed := s.before[e]; changed {
			e = was
		}
		one := savedSession{Session: e.session, Device: e.device, Person: e.person, Actor: e.actor, Opened: e.opened, Last: e.last,
			Signatures: slices.Clone(e.signatures), Events: e.events, Payments: e.payments, Failures: e.failures, Pairs: e.pairs,
			Cards: make([]byte, 0, len(e.cards)*cardSize), Leads: make([]byte, 0, len(e.leads)*leadSize)}
		for _, c := range e.cards {
			for _, k := range c {
				one.Cards = append(one.Cards, k[:]...)
			}
		}
		for _, l := range e.leads {
			one.Leads = binary.BigEndian.AppendUint64(append(append(one.Leads, byte(l.way)), l.key[:]...), l.at)
		}
		to = append(to, one)
	}
	return to
}

// latest is when an account was proven last.
func (a account) latest() (at int64) {
	for _, m := range a.devices {
		at = max(at, m.last)
	}
	return at
}

func (a account) pack() []byte {
	b := append(make([]byte, 0, keySize+len(a.devices)*meetingSize), a.key[:]...)
	for _, m := range a.devices {
		b = append(b, m.device[:]...)
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(m.since)), uint64(m.last))
	}
	return b
}

// errDamaged means that saved journeys are not what was written.
var errDamaged = errors.New("load journeys: they are damaged")

// Load takes over what was saved into an index that knows nothing yet, and gives the position of the log that it was taken at: the
// records after that are to be noted next. An index that fails to load is to be thrown away.
func (x *Index) Load(text []byte) (position uint64, err error) {
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&s); err != nil {
		return 0, fmt.Errorf("load journeys: %w", err)
	}
	if s.Form != snapshotForm || s.Environment != x.environment {
		return 0, fmt.Errorf("load journeys: they are in form %d of environment %q", s.Form, s.Environment)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tick = s.Tick
	for i := range s.Sessions {
		if err := x.unpack(&s.Sessions[i]); err != nil {
			return 0, err
		}
	}
	x.lay()
	for _, b := range s.Accounts {
		if len(b) < keySize || (len(b)-keySize)%meetingSize != 0 {
			return 0, errDamaged
		}
		k, devices := key(b[:keySize]), []meeting(nil)
		for m := range slices.Chunk(b[keySize:], meetingSize) {
			devices = append(devices, meeting{key(m[:keySize]), int64(binary.BigEndian.Uint64(m[keySize:])), int64(binary.BigEndian.Uint64(m[keySize+8:]))})
		}
		x.known(k).Put(k, devices)
	}
	return s.Position, nil
}

// unpack takes over a session, but for what leads to it.
func (x *Index) unpack(one *savedSession) error {
	if len(one.Cards)%cardSize != 0 || len(one.Leads)%leadSize != 0 || one.Session == "" || x.sessions[one.Session] != nil {
		return errDamaged
	}
	e := x.open(one.Session)
	e.device, e.person, e.actor, e.opened, e.last = one.Device, one.Person, one.Actor, one.Opened, one.Last
	e.signatures, e.events, e.payments, e.failures, e.pairs = one.Signatures, one.Events, one.Payments, one.Failures, one.Pairs
	for b := range slices.Chunk(one.Cards, cardSize) {
		var c card
		for i := range c {
			c[i] = key(b[i*keySize : (i+1)*keySize])
		}
		e.cards = append(e.cards, c)
	}
	for b := range slices.Chunk(one.Leads, leadSize) {
		e.leads = append(e.leads, lead{way: kind(b[0]), key: key(b[1 : 1+keySize]), at: binary.BigEndian.Uint64(b[1+keySize:])})
	}
	return nil
}

// lay makes all keys lead where they led: in the order in which they were pointed.
func (x *Index) lay() {
	type pointed struct {
		at  uint64
		key key
		to  *entry
	}
	var all []pointed
	for e := x.oldest; e != nil; e = e.newer {
		for _, l := range e.leads {
			all = append(all, pointed{l.at, l.key, e})
		}
	}
	slices.SortFunc(all, func(a, b pointed) int { return cmp.Compare(a.at, b.at) })
	for _, p := range all {
		x.front(p.to, p.key)
	}
}
