package capture

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"wayguard/event"
)

// maxTokens bounds the session tokens of an event.
const maxTokens = 16

// tokenPlaces are the places of the application's session tokens: names of cookies and of headers, whole or as globs.
type tokenPlaces struct {
	cookies map[string]struct{}
	globs   []glob
	headers []glob
	// learn says that cookies of other names are looked at, too.
	learn bool
}

// evidence is what the wire shows about the visitor. The response is nil when there was none.
func (t *tools) evidence(x *Scratch, r *Request, address *addressFacts, agent *agentFacts, response *message) event.Evidence {
	seen := t.softwareOf(x, r, agent)
	e := event.Evidence{HeaderShape: seen.shape, Tokens: t.findTokens(x, r, response), Client: seen.client, Wire: event.Wire{
		Connection: r.Connection.ID, JA4: r.Connection.JA4, HTTP2: r.Connection.HTTP2, Headers: seen.headers, Kind: seen.kind,
		Page: t.page(r.Path), From: t.from(r), Hints: seen.hints, Flaws: seen.flaws,
	}}
	if address != nil {
		e.Address, e.Network = address.text, address.network
	}
	if agent != nil {
		e.UserAgent = agent.hash
	}
	t.declared(&e, r, agent)
	return e
}

// declared notes the crawler or AI agent that the client says it is, and whether it is. A signature is asked first: it proves
// more than an address.
func (t *tools) declared(e *event.Evidence, r *Request, agent *agentFacts) {
	if t.knowledge.Signed != nil && headerValue(r.Header, "signature-input") != "" {
		e.Client.Agent, e.Client.Proof = t.knowledge.Signed(r)
	}
	if e.Client.Proof == "" && agent != nil && agent.agent != "" {
		e.Client.Agent = agent.agent
		e.Client.Proof = t.knowledge.prove(agent.agent, r.Peer)
	}
	if e.Client.Proof == event.Refuted {
		e.Wire.Flaws = append(slices.Clip(e.Wire.Flaws), event.FlawAgent)
	}
}

// findTokens are the session tokens of both sides, those the response issued last, each group by name.
func (t *tools) findTokens(x *Scratch, r *Request, response *message) []event.Token {
	start := len(x.tokens)
	for name, value := range requestCookies(r.Header) {
		if t.places.hasCookie(name) {
			t.addToken(x, start, "cookie:", name, value, false)
		}
	}
	if len(t.places.headers) > 0 {
		for i := range r.Header {
			t.addHeader(x, start, &r.Header[i])
		}
	}
	if response != nil {
		for _, set := range response.setCookies() {
			if !set.deletes && t.places.hasCookie(set.name) {
				t.addToken(x, start, "cookie:", set.name, set.value, true)
			}
		}
	}
	if t.places.learn {
		t.findUndeclared(x, start, r, response)
	}
	if len(x.tokens) == start {
		return nil
	}
	tokens := x.tokens[start:]
	if len(tokens) > 1 {
		slices.SortStableFunc(tokens, func(a, b event.Token) int {
			if a.Issued != b.Issued {
				if b.Issued {
					return -1
				}
				return 1
			}
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Hash, b.Hash))
		})
		tokens = slices.Compact(tokens)
		x.tokens = x.tokens[:start+len(tokens)]
	}
	return tokens[:len(tokens):len(tokens)]
}

// What a cookie must be like to be looked at though nobody named it: as long as a key has to be, so that nobody's theme or
// language is hashed with each request.
const (
	leastKey, mostKey = 16, 512
	// maxUndeclared bounds how many of an event's tokens are such, the request's and the response's each.
	maxUndeclared = 4
)

// undeclared stands before the names of tokens that the configuration does not name: their statistics decide what they are.
const undeclared = "undeclared:cookie:"

// namesACookie says whether a name that nobody declared is one that sites give: visitors choose such names, too, and what they
// write there must not be kept.
func namesACookie(name string) bool {
	const longest, mostDigits, mostDots = 40, 8, 1
	digits, dots := 0, 0
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == '-':
		case '0' <= c && c <= '9':
			digits++
		case c == '.':
			dots++
		default:
			return false
		}
	}
	return len(name) <= longest && digits <= mostDigits && dots <= mostDots
}

// findUndeclared adds cookies that may turn out to be keys.
func (t *tools) findUndeclared(x *Scratch, start int, r *Request, response *message) {
	left := maxUndeclared
	for name, value := range requestCookies(r.Header) {
		if left > 0 && len(value) >= leastKey && len(value) <= mostKey && !t.places.hasCookie(name) && namesACookie(name) {
			t.addToken(x, start, undeclared, name, value, false)
			left--
		}
	}
	if response == nil {
		return
	}
	left = maxUndeclared
	for _, set := range response.setCookies() {
		if left > 0 && !set.deletes && len(set.value) >= leastKey && len(set.value) <= mostKey && !t.places.hasCookie(set.name) &&
			namesACookie(set.name) {
			t.addToken(x, start, undeclared, set.name, set.value, true)
			left--
		}
	}
}

func (p *tokenPlaces) hasCookie(name string) bool {
	if _, known := p.cookies[name]; known {
		return true
	}
	return anyMatches(p.globs, name)
}

func anyMatches(globs []glob, name string) bool {
	for i := range globs {
		if globs[i].matches(name) {
			return true
		}
	}
	return false
}

func (t *tools) addHeader(x *Scratch, start int, field *Field) {
	if field.Value == "" || !anyMatches(t.places.headers, field.Name) {
		return
	}
	// Basic and Digest credentials hold a password, and are the same at every login: no session.
	if scheme, _, _ := strings.Cut(field.Value, " "); equalFold(scheme, "basic") || equalFold(scheme, "digest") {
		return
	}
	t.addToken(x, start, "header:", x.arena.Lower(field.Name), field.Value, false)
}

func (t *tools) addToken(x *Scratch, start int, kind, name, value string, issued bool) {
	if value == "" || len(x.tokens)-start >= maxTokens {
		return
	}
	x.tokens = append(x.tokens, event.Token{Name: x.arena.Join(kind, safeTokenName(name)),
		Hash: t.normaliser.Keys().HashIn(&x.arena, "session_token", value), Issued: issued})
}

// safeTokenName keeps what has the form of a cookie's or header's name: a glob may fit what a hostile visitor chose.
func safeTokenName(name string) string {
	if len(name) > 64 {
		return "other"
	}
	digits := 0
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c > '~' {
			return "other"
		}
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits >= 9 && digits < 20 {
		return "other" // no number of a card or a person hides in a name
	}
	return name
}

// shapeNames is what the header shape is made of: the names of those headers that a client sends with each of its requests,
// as spelled and in the order given. What differs between a page, a form and a script's call of one browser (Origin,
// Referer, Content-Type, Sec-Fetch-*, the caller's own headers) or is added on the way is left out, so that the shape stays
// the same for one client; of client hints only the three that are always sent count, and not their place, which differs too.
func shapeNames(header []Field) []byte {
	var names []byte
	hints := 0
	for i := range header {
		switch shaping(header[i].Name) {
		case countedName:
			names = append(append(names, header[i].Name...), 0)
		case countedHint:
			hints++
		}
	}
	return append(names, byte(min(hints, 255)))
}

// shapeOf is the first 16 hex digits of the names' SHA-256.
func shapeOf(names []byte) string {
	sum := sha256.Sum256(names)
	return hex.EncodeToString(sum[:8])
}

// shaped says what a header's name adds to the shape.
type shaped uint8

const (
	uncounted shaped = iota
	countedName
	countedHint
)

func shaping(name string) shaped {
	switch name { // as browsers spell them
	case "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "user-agent", "accept", "accept-encoding", "accept-language":
		return countedName
	case "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform":
		return countedHint
	case "Cookie", "cookie", "Referer", "referer", "sec-fetch-dest", "Sec-Fetch-Dest", "sec-fetch-mode", "Sec-Fetch-Mode", "sec-fetch-site", "Sec-Fetch-Site":
		return uncounted
	}
	var room [18]byte // as long as the longest of them
	switch len(name) {
	case 3, 6, 7, 9, 10, 14, 15, 16, 18:
	default:
		return uncounted
	}
	lower := append(room[:0], name...)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	switch string(lower) {
	case "user-agent", "accept", "accept-encoding", "accept-language", "accept-charset", "dnt", "sec-gpc":
		return countedName
	case "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform":
		return countedHint
	}
	return uncounted
}
