package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/velocity"
)

// Sight is what a session shows of its device at the moment it is to be linked. Values are hashes (velocity.HashOf); 0 is
// not known.
type Sight struct {
	Environment event.Environment
	// At is the time, Opened when the session began; keys first seen since then are of this session and say no more than it does.
	At, Opened time.Time
	// Address is the IP address, Prefix its /24 or /56, Network its autonomous system (Prefix where that is not known). The Address of
	// IPv6 is its Prefix: the rest a device changes from day to day (RFC 8981).
	Address, Prefix, Network, Country uint64
	// Fingerprint is of what stays when the browser is updated: family, platform, model, language and TLS ciphers.
	Fingerprint uint64
	// Kind is of what stays for a browser's whole life: family, platform and whether it is a mobile one.
	Kind uint64
	// Client is of what software this is for login risk: kind and language.
	Client   uint64
	Language uint64
	// Model is the machine's, where it is told.
	Model uint64
	// Major is the browser's version, Cycle the days from one to the next.
	Major, Cycle int64
	// Sharp says that the client told its model, so that the fingerprint says much even before many were seen.
	Sharp  bool
	Mobile bool
	// Roaming says that the address is of a relay, a VPN or Tor, whose visitors have nothing in common.
	Roaming bool
	// Agent is the User-Agent, whole.
	Agent uint64
	// Headers is the shape of the headers; many shapes with one key are many programs with one key.
	Headers uint64
	// Keys are the cookies and tokens that the visitor presented, Given those that the answer set.
	Keys, Given []uint64
	// Contested are those of Keys that were given to several visitors at once; whose they were is forgotten.
	Contested []uint64
	// Accounts are those that the session names; Proven says that it proved to hold them.
	Accounts []uint64
	Proven   bool
	// Fresh is the id of the device if it turns out to be a new one.
	Fresh event.ID
}

// The most of each list that is looked at.
const (
	keyLimit     = 4
	accountLimit = 2
)

// SightOf is what an event shows. Lists are appended to those of room, whose memory is used again.
func SightOf(e *event.Event, fresh event.ID, room *Sight) Sight {
	v, c := &e.Evidence, &e.Evidence.Client
	s := Sight{Environment: e.Environment, At: e.Time, Major: c.Major, Cycle: cycle(c.Family), Sharp: c.Model != "", Mobile: c.Mobile, Fresh: fresh,
		Keys: room.Keys[:0], Contested: room.Contested[:0], Given: room.Given[:0], Accounts: room.Accounts[:0], Proven: proves(e)}
	s.Address, s.Headers, s.Agent = hashOf(v.Address), hashOf(v.HeaderShape), hashOf(v.UserAgent)
	var place [64]byte
	if prefix := appendNetwork(place[:0], v.Address); len(prefix) > 0 {
		sum := sha256.Sum256(prefix)
		s.Prefix = binary.BigEndian.Uint64(sum[:8])
		if bytes.IndexByte(prefix, ':') >= 0 {
			s.Address = s.Prefix
		}
	}
	s.Network, s.Country, s.Language = networkOf(v, s.Prefix), hashOf(v.Network.Country), hashOf(c.Language)
	s.Model = hashOf(c.Model)
	switch v.Network.Kind {
	case event.VPN, event.Relay, event.Tor:
		s.Roaming = true
	}
	s.fingerprint(v)
	for i := range v.Tokens {
		t := &v.Tokens[i]
		switch {
		case t.Issued && len(s.Given) < keyLimit:
			s.Given = append(s.Given, KeyOf(t.Name, t.Hash))
		case !t.Issued && len(s.Keys) < keyLimit:
			s.Keys = append(s.Keys, KeyOf(t.Name, t.Hash))
		}
	}
	for i := range e.Elements {
		if el := &e.Elements[i]; names(el.Name) && el.Value != "" && len(s.Accounts) < accountLimit {
			s.Accounts = append(s.Accounts, velocity.HashOf(el.Value))
		}
	}
	return s
}

// KeyOf is the hash under which a cookie or token is known. Its last 16 bits are of the place it was found at alone: two keys of one
// place in turn are two browsers, of two places they are not.
func KeyOf(name, hash string) uint64 {
	return hashAll(name, hash)&^0xffff | hashAll(name)>>48
}

func samePlace(a, b uint64) bool { return a&0xffff == b&0xffff }

// fingerprint fills in what the client is. A client that says nothing of itself is known by its header shape and user agent,
// which change with every update.
func (s *Sight) fingerprint(v *event.Evidence) {
	c := &v.Client
	mobile := "desktop"
	if c.Mobile {
		mobile = "mobile"
	}
	if c.Family == "" {
		if v.UserAgent == "" && v.HeaderShape == "" {
			return
		}
		s.Fingerprint = hashAll("plain", v.HeaderShape, v.UserAgent)
		s.Kind, s.Client = s.Fingerprint, s.Fingerprint
		return
	}
	s.Kind, s.Client = hashAll(c.Family, c.Platform, mobile), hashAll(c.Family, c.Platform, mobile, c.Language)
	s.Fingerprint = hashAll(c.Family, c.Platform, mobile, c.Model, c.Language, ciphers(&v.Wire))
}

// ciphers is the part of a JA4 fingerprint that stays the same between a full handshake and a resumed one, and between
// HTTP versions: the ciphers. Those of a handshake that is not the browser's own are of what stands between, which all who come through it
// have in common.
func ciphers(w *event.Wire) string {
	if slices.Contains(w.Flaws, event.FlawTLS) {
		return ""
	}
	_, rest, _ := strings.Cut(w.JA4, "_")
	middle, _, _ := strings.Cut(rest, "_")
	return middle
}

// cycle is how many days a browser's version lasts (science: 28 for Chromium and Firefox, 60 for Samsung's; Safari names a
// new first number once a year).
func cycle(family string) int64 {
	switch family {
	case "safari":
		return 365
	case "samsung":
		return 60
	}
	return 28
}

func networkOf(v *event.Evidence, prefix uint64) uint64 {
	if v.Network.AS == 0 {
		return prefix
	}
	var room [16]byte
	raw := binary.BigEndian.AppendUint64(append(room[:0], "as\x00"...), uint64(v.Network.AS))
	sum := sha256.Sum256(raw)
	return binary.BigEndian.Uint64(sum[:8])
}

// names says which elements name an account, as entity.Account does one room further.
func names(element string) bool {
	return element == "username" || element == "customer_id" || element == "email"
}

// proves says whether the event shows that the visitor holds the account it names.
func proves(e *event.Event) bool {
	return e.Result == event.Success && (e.Type == event.AuthenticationAttempt || e.Type == event.AccountCreation)
}

// hashAll is the hash of several texts.
func hashAll(texts ...string) uint64 {
	var room [256]byte // most fit, and need no memory of their own
	b := room[:0]
	for _, text := range texts {
		b = append(append(b, text...), 0)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}

func hashOf(value string) uint64 {
	if value == "" {
		return 0
	}
	return velocity.HashOf(value)
}

// Ref is a short name of a device, a person or an actor: the last eight bytes of its id, 62 bits of which are random. 0 is none.
type Ref uint64

// RefOf is the short name of an id, 0 where that is none.
func RefOf(id event.ID) Ref {
	raw, ok := rawOf(id)
	if !ok {
		return 0
	}
	return Ref(binary.BigEndian.Uint64(raw[8:]))
}

// rawID are the bytes of an id; all zero is none.
type rawID [16]byte

func rawOf(id event.ID) (raw rawID, ok bool) {
	if len(id) != 36 {
		return raw, false
	}
	var digits [32]byte
	n := 0
	for i := range len(id) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		digits[n] = id[i]
		n++
	}
	if _, err := hex.Decode(raw[:], digits[:]); err != nil {
		return rawID{}, false
	}
	return raw, true
}

// id is the text form, empty for none.
func (r rawID) id() event.ID {
	if r == (rawID{}) {
		return ""
	}
	var text [36]byte
	hex.Encode(text[0:8], r[0:4])
	hex.Encode(text[9:13], r[4:6])
	hex.Encode(text[14:18], r[6:8])
	hex.Encode(text[19:23], r[8:10])
	hex.Encode(text[24:36], r[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return event.ID(text[:])
}

func (r rawID) ref() Ref { return Ref(binary.BigEndian.Uint64(r[8:])) }
