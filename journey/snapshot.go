package journey

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"wayguard/event"
)

// snapshotForm is the number of the form in which an index is saved; another one is not read.
const snapshotForm = 1

// saved is an index as it is written.
type saved struct {
	Form        int
	Environment event.Environment
	Sessions    []savedSession
	Pairs       []savedPair
}

type savedSession struct {
	Found         Found
	Number        int64
	Cards, Prints []string
	Keys          []savedKey
}

type savedKey struct {
	Way   Way
	Value string
}

type savedPair struct {
	Account, Device string
	Since           int64
}

// Save writes down what is known.
func (x *Index) Save() ([]byte, error) {
	var buffer bytes.Buffer
	if err := gob.NewEncoder(&buffer).Encode(x.copied()); err != nil {
		return nil, fmt.Errorf("save journeys: %w", err)
	}
	return buffer.Bytes(), nil
}

// copied is all that is known, apart from the index, so that writing it keeps nobody waiting.
func (x *Index) copied() saved {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := saved{Form: snapshotForm, Environment: x.environment}
	x.sessions.Each(func(_ event.ID, e *entry) {
		one := savedSession{Found: e.told(""), Number: e.number, Cards: e.cards[:len(e.cards):len(e.cards)], Prints: e.prints[:len(e.prints):len(e.prints)]}
		for _, k := range e.keys {
			one.Keys = append(one.Keys, savedKey{k.way, k.value})
		}
		s.Sessions = append(s.Sessions, one)
	})
	x.pairs.Each(func(p pair, since int64) { s.Pairs = append(s.Pairs, savedPair{p.account, p.device, since}) })
	return s
}

// Load takes over what was saved. Records that came after it may be noted again: each counts once.
func (x *Index) Load(text []byte) error {
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&s); err != nil {
		return fmt.Errorf("load journeys: %w", err)
	}
	if s.Form != snapshotForm || s.Environment != x.environment {
		return fmt.Errorf("load journeys: they are in form %d of environment %q", s.Form, s.Environment)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, one := range s.Sessions {
		e := &entry{found: one.Found, number: one.Number, cards: one.Cards, prints: one.Prints}
		x.sessions.Put(one.Found.Session, e)
		for _, k := range one.Keys {
			x.point(e, key{k.Way, k.Value})
		}
	}
	for _, p := range s.Pairs {
		x.pairs.Put(pair{p.Account, p.Device}, p.Since)
	}
	return nil
}
