package challenge

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/url"
	"strings"
	"time"

	"wayguard/capture"
)

// BodyMost is the largest form, in bytes, that a page keeps while its visitor passes a check.
const BodyMost = 64 << 10

var errSealed = errors.New("no form of this site, this path and this browser")

// keepable says whether the body of a navigation can be kept in a page and sent again from there.
//
// It must be whole and a form's. And it must come from a page of the same origin: sent again from our own page, a form of another
// site would look like one of this site and carry cookies that it did not have (SameSite), so that forgeries would get through.
func keepable(head *capture.Request) bool {
	body := head.Body.Bytes
	if head.Body.Truncated || len(body) > BodyMost || header(head, "Content-Encoding") != "" || formType(head) == "" || !sameOrigin(head) {
		return false
	}
	// A Content-Length of its own says nothing: after Resume it is still that of the solution. But a body that was not copied at all has
	// none either.
	return len(body) > 0 || header(head, "Content-Length") == "0"
}

// formType is the media type of a body that a form can send; empty for others.
func formType(head *capture.Request) string {
	media, _, _ := strings.Cut(header(head, "Content-Type"), ";")
	switch media = strings.ToLower(strings.TrimSpace(media)); media {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return media
	}
	return ""
}

// sameOrigin says whether a form was sent from a page of the host that it goes to. Browsers that do not say where it comes from send an
// Origin with every form; who sends neither is no browser, and has no cookies of others.
func sameOrigin(head *capture.Request) bool {
	if site := header(head, "Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	origin := header(head, "Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, head.Host)
}

// seal wraps a form's body so that only we can open it, and only for the same host, browser, method, path and query:
// expiry ‖ GCM nonce ‖ AES-256-GCM(length of content type ‖ content type ‖ body), in base64url.
//
// The GCM nonce is derived from what is sealed, beside a counter and the time: it cannot repeat for another content, whatever the clock
// does.
func (s *Set) seal(head *capture.Request, now time.Time) string {
	contentType := header(head, "Content-Type")
	plain := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(contentType)+len(head.Body.Bytes)), uint16(len(contentType)))
	plain = append(append(plain, contentType...), head.Body.Bytes...)
	sealed := binary.BigEndian.AppendUint64(make([]byte, 0, 8+nonceLength+len(plain)+16), uint64(now.Add(ticketLife).Unix()))
	bound := boundTo(sealed, head)
	keys, word := s.keys[0], s.memory.word(s.keys[0], string(head.ID), now)
	sealed = append(sealed, digest(keys.word, []byte("sealed"), word[:], bound, plain)[:nonceLength]...)
	sealed = keys.seal.Seal(sealed, sealed[8:8+nonceLength], plain, bound)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// open gives the content type and the body that seal was given. A form that waited too long in a visitor's tab opens with expired
// set: what was typed is not lost, but the check that came with it is worth nothing.
func (s *Set) open(text string, head *capture.Request, now time.Time) (contentType string, body []byte, expired bool, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sealed) < 8+nonceLength {
		return "", nil, false, errSealed
	}
	bound := boundTo(sealed[:8], head)
	for _, keys := range s.keys {
		plain, failed := keys.seal.Open(nil, sealed[8:8+nonceLength], sealed[8+nonceLength:], bound)
		if failed != nil || len(plain) < 2 || len(plain) < 2+int(binary.BigEndian.Uint16(plain)) {
			continue
		}
		length := int(binary.BigEndian.Uint16(plain))
		expiry := time.Unix(int64(binary.BigEndian.Uint64(sealed)), 0)
		return string(plain[2 : 2+length]), plain[2+length:], now.After(expiry), nil
	}
	return "", nil, false, errSealed
}

// boundTo is what a sealed form is good for.
func boundTo(expiry []byte, head *capture.Request) []byte {
	bound := append([]byte("form"), expiry...)
	for _, part := range [][]byte{hostOf(head), agentOf(head), []byte(head.Path), []byte(head.Query)} {
		bound = binary.BigEndian.AppendUint32(bound, uint32(len(part)))
		bound = append(bound, part...)
	}
	return bound
}
