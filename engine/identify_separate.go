package engine

import (
	"errors"
	"fmt"
	"time"

	"wayguard/event"
	"wayguard/identity"
	"wayguard/velocity"
)

// Separation is what an analyst asks for who sees that one device is two.
type Separation struct {
	Environment event.Environment
	// Device is the one that is two. Part is an id that leads to it and is to be a device again; empty makes a new one of the id Fresh.
	Device, Part, Fresh event.ID
	// Tokens are the cookies and tokens of the other part, by name and hash, Accounts the names of its accounts; what the device does not
	// hold is passed over.
	Tokens   []event.Token
	Accounts []string
	At       time.Time
}

// The errors of a separation that cannot be done.
var (
	ErrSeparateUnknown = errors.New("device is not known, or leads to another")
	ErrSeparatePart    = errors.New("part is not an id that leads to the device")
	ErrSeparateSize    = errors.New("separation of too many tokens or accounts")
)

// separationLimit is how many tokens, and how many accounts, one separation takes.
const separationLimit = 64

// other is the id of the other part.
func (s *Separation) other() event.ID {
	if s.Part != "" {
		return s.Part
	}
	return s.Fresh
}

// Keys names the pieces of state that the separation touches, to be loaded for Engine.Separate.
func (s *Separation) Keys() []string {
	keys := []string{identity.DeviceKey(s.Environment, identity.RefOf(s.Device)), identity.DeviceKey(s.Environment, identity.RefOf(s.other()))}
	for i := range s.Tokens {
		keys = append(keys, identity.KeyKey(s.Environment, identity.KeyOf(s.Tokens[i].Name, s.Tokens[i].Hash)))
	}
	for _, name := range s.Accounts {
		keys = append(keys, identity.AccountKey(s.Environment, velocity.HashOf(name)))
	}
	return keys
}

// separated is a record that a separation changes.
type separated interface {
	Load(packed []byte) error
	Append(b []byte) []byte
}

// Separate takes a device apart: from now on the tokens and accounts named are those of the other part, and nothing joins the two
// again. held is what is held of the separation's Keys; what it returns is to be stored with compare-and-set against that. Sessions
// that are under way stay where they are until they show something new.
func (e *Engine) Separate(s *Separation, held []Held) ([]Change, error) {
	if len(s.Tokens) > separationLimit || len(s.Accounts) > separationLimit {
		return nil, ErrSeparateSize
	}
	names := s.Keys()
	values := map[string]Held{}
	for _, h := range held {
		if h.Expires.IsZero() || h.Expires.After(s.At) {
			values[h.Key] = h
		}
	}
	var whole, part identity.Device
	if err := readAll(values, names, &whole, &part); err != nil {
		return nil, err
	}
	switch {
	case !whole.Known() || whole.Into() != "":
		return nil, ErrSeparateUnknown
	case s.Part != "" && part.Into() != s.Device, s.Part == "" && part.Known():
		return nil, ErrSeparatePart
	}
	records := []separated{&whole, &part}
	var keys []*identity.Key
	var accounts []*identity.Account
	for range s.Tokens {
		keys = append(keys, &identity.Key{})
		records = append(records, keys[len(keys)-1])
	}
	for range s.Accounts {
		accounts = append(accounts, &identity.Account{})
		records = append(records, accounts[len(accounts)-1])
	}
	if err := readAll(values, names, records...); err != nil {
		return nil, err
	}
	if err := identity.Separate(&whole, &part, s.holds(keys), accounts, s.Fresh, s.At); err != nil {
		return nil, fmt.Errorf("separate device: %w", err)
	}
	return s.changes(values, names, records), nil
}

// holds are those of the keys that the device holds, or the part that led to it.
func (s *Separation) holds(keys []*identity.Key) []*identity.Key {
	var own []*identity.Key
	for _, k := range keys {
		if id := k.Device(); id != "" && (id == s.Device || id == s.Part) {
			own = append(own, k)
		}
	}
	return own
}

// readAll reads records by their names, one after the other; one that is not held is an empty one.
func readAll(values map[string]Held, names []string, records ...separated) error {
	for i, r := range records {
		if err := r.Load(values[names[i]].Value); err != nil {
			return fmt.Errorf("read record to be separated: %w", err)
		}
	}
	return nil
}

// changes are the records to be stored: both devices, and those of the others that were there.
func (s *Separation) changes(values map[string]Held, names []string, records []separated) []Change {
	var changes []Change
	for i, r := range records {
		was, there := values[names[i]]
		if i >= 2 && !there {
			continue
		}
		c := Change{Key: names[i], Value: r.Append(nil), Ref: was.Ref, Expires: was.Expires}
		if i < 2 || c.Expires.IsZero() {
			c.Expires = s.At.Add(identity.Retention)
		}
		changes = append(changes, c)
	}
	return changes
}
