package site

import (
	"crypto/sha256"
	"crypto/subtle"

	"wayguard/http1"
)

// controls are the headers between a worker and us. Empty names are of a site that no worker speaks to.
type controls struct {
	keys                  [][sha256.Size]byte
	key, forward, handled string
	// drop names the request headers that are never passed on, dropResponse those of responses; nil names none.
	drop, dropResponse func(name string) bool
}

// names are those of all three.
func (c *controls) names() []string {
	if c.key == "" {
		return nil
	}
	return []string{c.key, c.forward, c.handled}
}

// said is what a request's control headers say, as sent.
type said struct {
	key, forward   string
	keys, forwards int
	// others counts the lines under names that only look like ours, and under that of the marker.
	others int
}

func (c *controls) read(fields []http1.Field) said {
	var s said
	if c.key == "" {
		return s
	}
	for i := range fields {
		name := fields[i].Name
		switch {
		case equalFold(name, c.key):
			s.keys, s.key = s.keys+1, fields[i].Value
		case equalFold(name, c.forward):
			s.forwards, s.forward = s.forwards+1, fields[i].Value
		case sameName(name, c.handled), sameName(name, c.key), sameName(name, c.forward):
			s.others++
		}
	}
	return s
}

// right says whether the request has one valid key. How long it takes tells nothing of the keys.
func (c *controls) right(s said) bool {
	if s.keys != 1 || len(s.key) > longestKey {
		return false
	}
	hash := sha256.Sum256([]byte(s.key))
	found := 0
	for i := range c.keys {
		found |= subtle.ConstantTimeCompare(hash[:], c.keys[i][:])
	}
	return found == 1
}

// any says whether there was any control header.
func (s said) any() bool { return s.keys+s.forwards+s.others > 0 }

// asked is what a worker says about forwarding; nothing where it says it twice or in other words.
func (s said) asked() forwarding {
	if s.forwards != 1 {
		return unsaid
	}
	switch {
	case s.forward == "1", equalFold(s.forward, "true"):
		return forwardIt
	case s.forward == "0", equalFold(s.forward, "false"):
		return copyOnly
	}
	return unsaid
}

type forwarding uint8

const (
	unsaid forwarding = iota
	forwardIt
	copyOnly
)

// dropper says of a name whether it is one of the given ones.
func dropper(names []string) func(string) bool {
	if len(names) == 0 {
		return nil
	}
	return func(name string) bool {
		for _, ours := range names {
			if sameName(name, ours) {
				return true
			}
		}
		return false
	}
}

// sameName compares header names without regard to case. Underscores count as hyphens, because CGI and WSGI
// applications cannot tell them apart.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if foldName(a[i]) != foldName(b[i]) {
			return false
		}
	}
	return true
}

func foldName(c byte) byte {
	if c == '_' {
		return '-'
	}
	return lower(c)
}

// equalFold compares ASCII without regard to case.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
