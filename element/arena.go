package element

import (
	"crypto/sha256"
	"encoding"
	"hash"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Arena lends the memory that the values of one event are made of, so that making them allocates nothing once it has
// grown to what an event needs. What it lent is valid until Reset. One goroutine uses it at a time. A nil Arena
// allocates: what is made with it is the caller's for ever.
type Arena struct {
	// text is the present piece of memory. It never moves: when it is full, another one takes its place.
	text []byte
	maps []map[string]string
	used int
	// parts is memory for lists of parts; like text it never moves.
	parts []Part
	key   []byte
	mac   *authenticator
}

// The bounds of what an Arena keeps for the next event.
const (
	firstText  = 4 << 10
	keptText   = 256 << 10
	keptMaps   = 256
	firstParts = 64
	keptParts  = 2 << 10
)

// Reset takes back all that was lent.
func (a *Arena) Reset() {
	if cap(a.text) > keptText {
		a.text = nil
	}
	a.text = a.text[:0]
	if len(a.maps) > keptMaps {
		clear(a.maps[keptMaps:])
		a.maps = a.maps[:keptMaps]
	}
	for _, m := range a.maps[:min(a.used, len(a.maps))] {
		clear(m)
	}
	a.used = 0
	if cap(a.parts) > keptParts {
		a.parts = nil
	}
	a.parts = a.parts[:0]
}

// room makes sure that n bytes fit behind the present text.
func (a *Arena) room(n int) {
	if cap(a.text)-len(a.text) < n {
		a.text = make([]byte, 0, max(firstText, 2*cap(a.text), n))
	}
}

// Text is a copy of b.
func (a *Arena) Text(b []byte) string {
	if a == nil {
		return string(b)
	}
	if len(b) == 0 {
		return ""
	}
	a.room(len(b))
	start := len(a.text)
	a.text = append(a.text, b...)
	return a.since(start)
}

// Join is the texts put together.
func (a *Arena) Join(texts ...string) string {
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	if a == nil {
		a = &Arena{text: make([]byte, 0, size)}
	}
	a.room(size)
	start := len(a.text)
	for _, text := range texts {
		a.text = append(a.text, text...)
	}
	return a.since(start)
}

// Buffer is the room behind the present text, of at least n bytes: append no more than that to it and give it to Keep.
func (a *Arena) Buffer(n int) []byte {
	if a == nil {
		return make([]byte, 0, n)
	}
	a.room(n)
	return a.text[len(a.text):]
}

// Keep makes a text of what was appended to the last Buffer.
func (a *Arena) Keep(b []byte) string {
	if a == nil || cap(b) == 0 || cap(a.text) == len(a.text) || unsafe.SliceData(b) != unsafe.SliceData(a.text[len(a.text):cap(a.text)]) {
		return string(b) // it was moved by an append beyond its room
	}
	start := len(a.text)
	a.text = a.text[:start+len(b)]
	return a.since(start)
}

// since is the text from start on. Nothing writes to it before Reset.
func (a *Arena) since(start int) string {
	if start == len(a.text) {
		return ""
	}
	return unsafe.String(&a.text[start], len(a.text)-start)
}

// list is an empty list for n parts.
func (a *Arena) list(n int) Parts {
	if a == nil {
		return make(Parts, 0, n)
	}
	if cap(a.parts)-len(a.parts) < n {
		a.parts = make([]Part, 0, max(firstParts, 2*cap(a.parts)))
	}
	start := len(a.parts)
	a.parts = a.parts[:start+n]
	return a.parts[start : start : start+n]
}

// Parts is an empty map, for a Raw.
func (a *Arena) Parts() map[string]string {
	if a == nil {
		return make(map[string]string, 8)
	}
	if a.used == len(a.maps) {
		a.maps = append(a.maps, make(map[string]string, 8))
	}
	a.used++
	return a.maps[a.used-1]
}

// Lower is strings.ToLower.
func (a *Arena) Lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return strings.ToLower(s)
		}
	}
	return a.lower(s)
}

// lower is the ASCII text in lower case, itself where it is so already.
func (a *Arena) lower(s string) string {
	for i := 0; i < len(s); i++ {
		if isUpper(s[i]) {
			b := append(a.Buffer(len(s)), s...)
			for ; i < len(b); i++ {
				if isUpper(b[i]) {
					b[i] += 'a' - 'A'
				}
			}
			return a.Keep(b)
		}
	}
	return s
}

// authenticator computes HMAC-SHA-256 (RFC 2104) from the states that SHA-256 has after a key's two paddings.
type authenticator struct {
	digest hash.Hash
	state  encoding.BinaryUnmarshaler
	sum    [sha256.Size]byte
}

func newAuthenticator() *authenticator {
	digest := sha256.New()
	state, ok := digest.(encoding.BinaryUnmarshaler)
	if !ok {
		panic("element: SHA-256 keeps no state") // documented by crypto/sha256
	}
	return &authenticator{digest: digest, state: state}
}

// of gives the HMAC of a text; it is valid until the next call.
func (m *authenticator) of(key *macKey, text string) []byte {
	m.restore(key.inner)
	_, _ = m.digest.Write(unsafe.Slice(unsafe.StringData(text), len(text))) // a hash never fails, and never writes to it
	sum := m.digest.Sum(m.sum[:0])
	m.restore(key.outer)
	_, _ = m.digest.Write(sum)
	return m.digest.Sum(m.sum[:0])
}

func (m *authenticator) restore(state []byte) {
	if err := m.state.UnmarshalBinary(state); err != nil {
		panic("element: SHA-256 does not know its own state") // it was made by the same library
	}
}

// authenticator is the arena's own, one for all hashes.
func (a *Arena) authenticator() *authenticator {
	if a == nil {
		return newAuthenticator()
	}
	if a.mac == nil {
		a.mac = newAuthenticator()
	}
	return a.mac
}
