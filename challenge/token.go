package challenge

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"wayguard/capture"
)

// clearance is what the cookie says: that a check was passed. Its signature covers host and User-Agent too. It is not bound to the
// address, because phones change theirs while people use them; one cookie from very many networks is not accepted (networksMost).
type clearance struct {
	kind         string
	since, until time.Time
	word         nonce
	// transport and suites are of the TLS hello (see greeting); zero where there was none.
	transport byte
	suites    uint16
}

// clearanceLength is version, kind, since, until, word, transport, suites, signature.
const clearanceLength = 1 + 1 + 4 + 4 + nonceLength + 1 + 2 + macLength

const clearanceVersion = 1

func (c clearance) write(k keyring, head *capture.Request) string {
	b := make([]byte, clearanceLength-macLength, clearanceLength)
	b[0], b[1] = clearanceVersion, byte(Strength(c.kind))
	binary.BigEndian.PutUint32(b[2:], uint32(c.since.Unix()))
	binary.BigEndian.PutUint32(b[6:], uint32(c.until.Unix()))
	copy(b[10:], c.word[:])
	b[10+nonceLength] = c.transport
	binary.BigEndian.PutUint16(b[11+nonceLength:], c.suites)
	b = append(b, k.mac("clearance", hostOf(head), agentOf(head), b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// readClearance reads a cookie's value; false: it proves nothing for the visitor who sent a request.
func (s *Set) readClearance(text string, head *capture.Request, now time.Time) (clearance, bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(clearanceLength) {
		return clearance{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || b[0] != clearanceVersion {
		return clearance{}, false
	}
	body, mac := b[:clearanceLength-macLength], b[clearanceLength-macLength:]
	signed := false
	for _, k := range s.keys {
		signed = signed || k.verifies(mac, "clearance", hostOf(head), agentOf(head), body)
	}
	c := clearance{kind: kindOf(int(b[1])), since: time.Unix(int64(binary.BigEndian.Uint32(b[2:])), 0),
		until: time.Unix(int64(binary.BigEndian.Uint32(b[6:])), 0), word: nonce(b[10 : 10+nonceLength]), transport: b[10+nonceLength],
		suites: binary.BigEndian.Uint16(b[11+nonceLength:])}
	return c, signed && c.kind != "" && now.Before(c.until) && c.greets(head)
}

// greets says whether the visitor's TLS hello is that of who passed the check, as far as the two can be compared.
func (c clearance) greets(head *capture.Request) bool {
	transport, suites := greeting(head)
	return c.transport == 0 || transport == 0 || c.transport != transport || c.suites == suites
}

// greeting is what stays the same of a browser's TLS hello from one connection to the next: the cipher suites, the second part of its
// JA4. The whole JA4 would ask honest people again and again: a resumed session adds an extension, and HTTP/3 is another hello. What
// a trusted proxy's hello says is not the visitor's.
func greeting(head *capture.Request) (transport byte, suites uint16) {
	parts := strings.Split(head.Connection.JA4, "_")
	if head.Connection.Relayed || len(parts) != 3 || parts[0] == "" {
		return 0, 0
	}
	sum := sha256.Sum256([]byte(parts[1]))
	return parts[0][0], binary.BigEndian.Uint16(sum[:])
}

// Held is the strongest check that the request's cookies prove.
func (s *Set) Held(head *capture.Request, now time.Time) Held {
	var best clearance
	for _, value := range cookies(head.Header, s.cookie) {
		c, ok := s.readClearance(value, head, now)
		if ok && (Strength(c.kind) > Strength(best.kind) || c.kind == best.kind && c.until.After(best.until)) {
			best = c
		}
	}
	if best.kind == "" || !s.memory.from(best.word, head.Peer, now) {
		return Held{}
	}
	return Held{Kind: best.kind, Until: best.until}
}

// grant is the Set-Cookie value for a check that was just passed; empty where the visitor holds one that is as strong and lasts as
// long.
func (s *Set) grant(kind string, valid time.Duration, word nonce, head *capture.Request, now time.Time) string {
	c := clearance{kind: kind, since: now, until: now.Add(valid), word: word}
	if held := s.Held(head, now); held.Enough(kind) && !held.Until.Before(c.until.Truncate(time.Second)) {
		return ""
	}
	c.transport, c.suites = greeting(head)
	return s.setCookie(s.cookie, c.write(s.keys[0], head), valid, head)
}

// setCookie is a Set-Cookie value. Lax, so that a link from elsewhere does not lead into a check that was passed already.
func (s *Set) setCookie(name, value string, age time.Duration, head *capture.Request) string {
	text := name + "=" + value + "; Path=/; Max-Age=" + strconv.Itoa(int(age/time.Second)) + "; HttpOnly; SameSite=Lax"
	if head.Scheme == "https" {
		text += "; Secure"
	}
	return text
}

// cookiesLooked is how many cookies of our name are looked at in one request.
const cookiesLooked = 4

// cookies are the values of the cookies of a name.
func cookies(header []capture.Field, name string) []string {
	var values []string
	for _, f := range header {
		if !strings.EqualFold(f.Name, "Cookie") {
			continue
		}
		for pair := range strings.SplitSeq(f.Value, ";") {
			if n, value, ok := strings.Cut(strings.Trim(pair, " \t"), "="); ok && n == name && len(values) < cookiesLooked {
				values = append(values, strings.Trim(value, `"`))
			}
		}
	}
	return values
}

// Carry is a request's header with the cookie of setCookie (Resumed.SetCookie) in it, so that the request that goes on holds what was
// just passed.
func (s *Set) Carry(header []capture.Field, setCookie string) []capture.Field {
	pair, _, _ := strings.Cut(setCookie, ";")
	if pair == "" {
		return header
	}
	carried := append(make([]capture.Field, 0, len(header)+1), header...)
	for i, f := range carried {
		if strings.EqualFold(f.Name, "Cookie") {
			carried[i].Value = pair + "; " + f.Value
			return carried
		}
	}
	return append(carried, capture.Field{Name: "Cookie", Value: pair})
}
