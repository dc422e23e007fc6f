package sidechain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Settings are what the one who signs and the one who checks agree on. The zero value means the defaults.
type Settings struct {
	// Label is the signature's name among several in one message; "sidechain" when empty.
	Label string
	// Tag says what the signature is for (RFC 9421 section 2.3); "sidechain" when empty.
	Tag string
	// Lifetime is how long a signature is valid, at most 10 minutes; 1 minute when 0.
	Lifetime time.Duration
	// Skew is how far two clocks may differ, at most 1 minute; 5 seconds when 0.
	Skew time.Duration
	// Cover names headers, in lower case, that a signature covers where the request has them.
	Cover []string
}

// The defaults and bounds of Settings.
const (
	DefaultWord     = "sidechain"
	DefaultLifetime = time.Minute
	DefaultSkew     = 5 * time.Second
	longestLifetime = 10 * time.Minute
	longestSkew     = time.Minute
	mostCovered     = 16
	longestWord     = 32
)

// complete fills defaults and checks.
func (s Settings) complete() (Settings, error) {
	if s.Label == "" {
		s.Label = DefaultWord
	}
	if s.Tag == "" {
		s.Tag = DefaultWord
	}
	if s.Lifetime == 0 {
		s.Lifetime = DefaultLifetime
	}
	if s.Skew == 0 {
		s.Skew = DefaultSkew
	}
	if !word(s.Label) || !word(s.Tag) {
		return s, fmt.Errorf("label and tag must be at most %d of a-z, 0-9, - and _, beginning with a letter", longestWord)
	}
	if s.Lifetime < time.Second || s.Lifetime > longestLifetime {
		return s, fmt.Errorf("the lifetime must be from 1s to %s", longestLifetime)
	}
	if s.Skew < 0 || s.Skew > longestSkew {
		return s, fmt.Errorf("the skew must be at most %s", longestSkew)
	}
	if len(s.Cover) > mostCovered {
		return s, fmt.Errorf("at most %d headers can be covered", mostCovered)
	}
	for i, name := range s.Cover {
		if !fieldName(name) {
			return s, errors.New("a covered header must be a header's name in lower case")
		}
		if slices.Contains(s.Cover[:i], name) {
			return s, fmt.Errorf("the header %q is named twice", name)
		}
	}
	return s, nil
}

func word(text string) bool {
	if text == "" || len(text) > longestWord || text[0] < 'a' || text[0] > 'z' {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// byID indexes keys; a name may be given once.
func byID(keys []Key) (map[string]Key, error) {
	index := make(map[string]Key, len(keys))
	for _, key := range keys {
		if _, twice := index[key.id]; twice {
			return nil, fmt.Errorf("the key id %q is given twice", key.id)
		}
		index[key.id] = key
	}
	if len(index) == 0 {
		return nil, errors.New("there is no key")
	}
	return index, nil
}
