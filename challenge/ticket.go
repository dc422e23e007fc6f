package challenge

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// ticketLife is how long a check that was offered can be solved.
const ticketLife = 15 * time.Minute

// pathMost is the longest path that a ticket keeps, in bytes; a visitor from a longer one is sent to "/".
const pathMost = 1500

// ticketHead is the length of a ticket without its path: version, kind, rating, flags, valid, issued, word.
const ticketHead = 1 + 1 + 1 + 1 + 4 + 8 + nonceLength

const ticketVersion = 1

// sealedFlag says that the ticket belongs to a form whose body comes back with the solution.
const sealedFlag = 1

var (
	errTicket  = errors.New("no check of this site, this host and this browser")
	errExpired = errors.New("check has expired")
)

// ticket is a check as it was offered to a visitor. It travels with the visitor, signed, so that nothing must be remembered of those
// who never come back.
type ticket struct {
	kind   string
	rating event.Rating
	sealed bool
	valid  time.Duration
	issued time.Time
	word   nonce
	// path is where the visitor goes on, with its query.
	path string
	// keys signed it.
	keys keyring
}

// write is the ticket's signed text for the visitor who sent a request.
func (t ticket) write(head *capture.Request) string {
	b := make([]byte, ticketHead, ticketHead+len(t.path)+macLength)
	b[0], b[1], b[2] = ticketVersion, byte(Strength(t.kind)), byte(t.rating)
	if t.sealed {
		b[3] = sealedFlag
	}
	binary.BigEndian.PutUint32(b[4:], uint32(t.valid/time.Second))
	binary.BigEndian.PutUint64(b[8:], uint64(t.issued.UnixMilli()))
	copy(b[16:], t.word[:])
	b = append(b, t.path...)
	b = append(b, t.keys.mac("ticket", hostOf(head), agentOf(head), b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// readTicket reads a ticket that was written for the visitor who sent a request. Of an expired one both are given, the ticket and
// errExpired.
func (s *Set) readTicket(text string, head *capture.Request, now time.Time) (ticket, error) {
	if len(text) > base64.RawURLEncoding.EncodedLen(ticketHead+pathMost+macLength) {
		return ticket{}, errTicket
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < ticketHead+macLength || b[0] != ticketVersion {
		return ticket{}, errTicket
	}
	body, mac := b[:len(b)-macLength], b[len(b)-macLength:]
	for _, keys := range s.keys {
		if keys.verifies(mac, "ticket", hostOf(head), agentOf(head), body) {
			return parseTicket(body, keys, now)
		}
	}
	return ticket{}, errTicket
}

func parseTicket(b []byte, keys keyring, now time.Time) (ticket, error) {
	t := ticket{kind: kindOf(int(b[1])), rating: event.Rating(b[2]), sealed: b[3]&sealedFlag != 0,
		valid:  time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Second,
		issued: time.UnixMilli(int64(binary.BigEndian.Uint64(b[8:]))), word: nonce(b[16:ticketHead]), path: string(b[ticketHead:]), keys: keys}
	switch age := now.Sub(t.issued); {
	case t.kind == "":
		return ticket{}, errTicket
	case age > ticketLife || age < -ticketLife:
		return t, errExpired
	}
	return t, nil
}

// spell is the word as text for pages.
func (n nonce) spell() string { return hex.EncodeToString(n[:]) }
