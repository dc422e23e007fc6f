package decoy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"wayguard/event"
)

// The bounds of canaries.
const (
	maxCanaries   = 100_000
	canaryLives   = 90 * 24 * time.Hour
	maxShapeSize  = 128
	weakestCanary = 6 // characters below which a value is too likely to be somebody's own
)

// shape is how a canary looks.
type shape struct {
	kind, argument string
	size           int
}

// readShape reads what policy.CheckShape has checked: "digits:8", "hex:32", "upper:10", "lower:10", "alnum:12", "uuid", "email" or
// "email:host", "card".
func readShape(text string) (shape, error) {
	kind, argument, given := strings.Cut(text, ":")
	s := shape{kind: kind, argument: argument}
	switch kind {
	case "uuid", "card":
		if given {
			return s, fmt.Errorf("the shape %q has no length", kind)
		}
		return s, nil
	case "email":
		if given && (argument == "" || strings.Trim(strings.ToLower(argument), lowerLetters+digitLetters+".-") != "") {
			return s, fmt.Errorf("%q is no host for an email", argument)
		}
		return s, nil
	case "digits", "hex", "upper", "lower", "alnum":
		size, err := strconv.Atoi(argument)
		if err != nil || size < weakestCanary || size > maxShapeSize {
			return s, fmt.Errorf("the shape %q needs a length from %d to %d, such as %q", kind, weakestCanary, maxShapeSize, kind+":12")
		}
		s.size = size
		return s, nil
	}
	return s, fmt.Errorf("%q is no shape: use digits, hex, upper, lower or alnum with a length, uuid, email or card", text)
}

// value is a value of that shape.
func (s shape) value(r *stream) string {
	switch s.kind {
	case "hex":
		return r.text(digitLetters+"abcdef", s.size)
	case "upper":
		return r.text(upperLetters, s.size)
	case "lower":
		return r.text(lowerLetters, s.size)
	case "alnum":
		return r.text(lowerLetters+digitLetters, s.size)
	case "digits":
		return r.text(digitLetters[1:], 1) + r.text(digitLetters, s.size-1)
	case "uuid":
		hexes := digitLetters + "abcdef"
		return r.text(hexes, 8) + "-" + r.text(hexes, 4) + "-4" + r.text(hexes, 3) + "-" + r.text("89ab", 1) + r.text(hexes, 3) + "-" + r.text(hexes, 12)
	case "card":
		return card(r)
	}
	host := s.argument
	if host == "" {
		host = "example.com"
	}
	return r.text(lowerLetters, 6+r.below(4)) + r.text(digitLetters[1:], 3) + "@" + host
}

// card is a number that passes the check of its digits (ISO/IEC 7812-1, annex B) in a range of 16-digit cards.
func card(r *stream) string {
	digits := "4" + r.text(digitLetters, 14)
	sum := 0
	for i, c := range digits {
		n := int(c - '0')
		if i%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// canary is the session's value of that name. It is remembered when it is given out.
func (q *question) canary(name string) string {
	s, err := readShape(q.template.Canaries[name])
	if err != nil {
		s = shape{kind: "alnum", size: 12} // the configuration was checked; a wrong shape must not show as a gap
	}
	text := s.value(q.set.draw("canary", string(q.session), q.spec, name))
	q.set.remember(text, q.spec, q.now)
	return text
}

// canaries are the values that were given out, as hashes.
type canaries struct {
	mu    sync.RWMutex
	known map[canaryKey]given
	order []canaryKey // from the oldest
}

// canaryKey is the keyed hash of a value as it stands in an event.
type canaryKey [16]byte

type given struct {
	spec    string
	expires time.Time
}

func (s *Set) canaryKey(text string) canaryKey {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("canary\x00"))
	mac.Write([]byte(text))
	var key canaryKey
	copy(key[:], mac.Sum(nil))
	return key
}

// remember keeps the hashes of a value in every way in which an event may show it.
func (s *Set) remember(text, spec string, now time.Time) {
	keys := []canaryKey{s.canaryKey(text)}
	if s.settings.Canonical != nil {
		for _, element := range s.settings.Elements {
			if value := s.settings.Canonical(element, text); value != "" && value != text {
				keys = append(keys, s.canaryKey(value))
			}
		}
	}
	s.canaries.mu.Lock()
	defer s.canaries.mu.Unlock()
	for _, key := range keys {
		s.canaries.put(key, given{strings.Clone(spec), now.Add(canaryLives)}, now)
	}
}

func (c *canaries) put(key canaryKey, g given, now time.Time) {
	if c.known == nil {
		c.known = map[canaryKey]given{}
	}
	if _, ok := c.known[key]; !ok {
		c.order = append(c.order, key)
	}
	c.known[key] = g
	for len(c.order) > 0 && (len(c.order) > maxCanaries || c.known[c.order[0]].expires.Before(now)) {
		delete(c.known, c.order[0])
		c.order = c.order[1:]
	}
}

// Canary says whether a value of the event is one that only a feigned answer gave out, and for which spec.
func (s *Set) Canary(e *event.Event) (spec string, ok bool) {
	s.canaries.mu.RLock()
	defer s.canaries.mu.RUnlock()
	if len(s.canaries.known) == 0 {
		return "", false
	}
	for i := range e.Elements {
		text := e.Elements[i].Value
		if len(text) < weakestCanary || len(text) > 2*maxShapeSize {
			continue
		}
		if g, ok := s.canaries.known[s.canaryKey(text)]; ok && e.Time.Before(g.expires) {
			return g.spec, true
		}
	}
	return "", false
}

// String is the key in hexadecimal, as it is kept over a restart.
func (k canaryKey) String() string { return hex.EncodeToString(k[:]) }
