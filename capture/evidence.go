package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"wayguard/event"
)

// maxTokens bounds the session tokens of an event.
const maxTokens = 16

// tokenPlace is a place of the application's session tokens.
type tokenPlace struct {
	cookie bool
	name   glob
}

// evidence is what the wire shows about the visitor. The response is nil when there was none.
func (t *tools) evidence(r *Request, response *message) event.Evidence {
	evidence := event.Evidence{HeaderShape: headerShape(r.Header), Tokens: t.findTokens(r, response)}
	if peer := r.Peer.Unmap(); peer.IsValid() {
		evidence.Address = peer.WithZone("").String()
	}
	if agent := headerValue(r.Header, "user-agent"); agent != "" {
		// Keyed, as anything may stand in a header.
		evidence.UserAgent = t.normaliser.Keys().Hash("evidence_user_agent", agent)
	}
	return evidence
}

// findTokens are the session tokens of both sides, those the response issued last, each group by name.
func (t *tools) findTokens(r *Request, response *message) []event.Token {
	var tokens []event.Token
	for name, value := range requestCookies(r.Header) {
		tokens = t.addToken(tokens, true, name, value, false)
	}
	for i := range r.Header {
		tokens = t.addToken(tokens, false, r.Header[i].Name, r.Header[i].Value, false)
	}
	if response != nil {
		for _, set := range setCookies(response.header, r.Time) {
			if !set.deletes {
				tokens = t.addToken(tokens, true, set.name, set.value, true)
			}
		}
	}
	slices.SortStableFunc(tokens, func(a, b event.Token) int {
		if a.Issued != b.Issued {
			if b.Issued {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name+"\x00"+a.Hash, b.Name+"\x00"+b.Hash)
	})
	return slices.Compact(tokens)
}

func (t *tools) addToken(tokens []event.Token, cookie bool, name, value string, issued bool) []event.Token {
	if value == "" || len(tokens) >= maxTokens {
		return tokens
	}
	for _, place := range t.tokens {
		if place.cookie != cookie || !place.name.matches(name) {
			continue
		}
		kind := "cookie:"
		if !cookie {
			// Basic and Digest credentials hold a password, and are the same at every login: no session.
			if scheme, _, _ := strings.Cut(value, " "); equalFold(scheme, "basic") || equalFold(scheme, "digest") {
				return tokens
			}
			kind = "header:"
			name = strings.ToLower(name)
		}
		return append(tokens, event.Token{Name: kind + safeTokenName(name),
			Hash: t.normaliser.Keys().Hash("session_token", value), Issued: issued})
	}
	return tokens
}

// safeTokenName keeps what has the form of a cookie's or header's name: a glob may fit what a hostile visitor chose.
func safeTokenName(name string) string {
	if len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "other"
	}
	digits := len(onlyDigits(name))
	if digits >= 9 && digits < 20 {
		return "other" // no number of a card or a person hides in a name
	}
	return name
}

// headerShape is the first 16 hex digits of the SHA-256 of the names of those headers that a client sends with each of
// its requests, as spelled and in the order given. What differs between a page, a form and a script's call of one
// browser (Origin, Referer, Content-Type, Sec-Fetch-*, the caller's own headers) or is added on the way is left out, so
// that the shape stays the same for one client; of client hints only the three that are always sent count, and not their
// place, which differs too.
func headerShape(header []Field) string {
	digest := sha256.New()
	hints := 0
	for i := range header {
		name := header[i].Name
		switch strings.ToLower(name) {
		case "user-agent", "accept", "accept-encoding", "accept-language", "accept-charset", "dnt", "sec-gpc":
			digest.Write([]byte(name))
			digest.Write([]byte{0})
		case "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform":
			hints++
		}
	}
	digest.Write([]byte{byte(min(hints, 255))})
	return hex.EncodeToString(digest.Sum(nil)[:8])
}
