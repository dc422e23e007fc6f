package mitigation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/event"
	"wayguard/policy"
	"wayguard/recent"
)

const (
	// mostSpared is how many are spared at once, about: above it those who did not come for the longest are forgotten, and counted.
	mostSpared = 32_768
	// longestSpare is how far ahead somebody can be spared.
	longestSpare = 366 * 24 * time.Hour
)

// ErrUntil means that an end lies in the past or too far ahead.
var ErrUntil = errors.New("the end must lie in the future, and not too far")

// ErrScope means that somebody is named in a way that nobody can be named.
var ErrScope = errors.New("no such scope or an empty key")

// spareKey names who is spared by which policy; an empty policy is all of them.
type spareKey struct {
	policy string
	who    subject
}

func (k spareKey) keep() spareKey { return spareKey{policy: clone(k.policy), who: k.who.keep()} }

// spared are those whom policies leave alone until a moment. It locks itself.
type spared struct {
	size atomic.Int64
	mu   sync.Mutex
	ends recent.Map[spareKey, time.Time]
}

func newSpared() *spared {
	return &spared{ends: recent.NewMap[spareKey, time.Time](mostSpared/2, spareKey.keep)}
}

func (s *spared) add(key spareKey, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends.Put(key, until)
	s.size.Store(int64(s.ends.Len()))
}

// scopesOf are all scopes.
func scopesOf() [5]policy.Scope {
	return [5]policy.Scope{policy.ScopeSession, policy.ScopeDevice, policy.ScopePerson, policy.ScopeAccount, policy.ScopeAddress}
}

// until is when the sparing of a request's visitor ends; false when nobody of it is spared.
func (s *spared) until(policyName string, session *event.Session, e *event.Event, now time.Time) (time.Time, bool) {
	if s.size.Load() == 0 {
		return time.Time{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range scopesOf() {
		those := subjectsOf(scope, session, e)
		for _, who := range those.all() {
			for _, key := range [2]spareKey{{who: who}, {policyName, who}} {
				if end, ok := s.ends.Find(key); ok && now.Before(end) {
					return end, true
				} else if ok {
					s.ends.Remove(key)
				}
			}
		}
	}
	s.size.Store(int64(s.ends.Len()))
	return time.Time{}, false
}

// Spare has all policies leave somebody alone until a moment. The key of an account is its element's name and its value as
// events have it, "email:…"; those of the other scopes are the plain ids and addresses.
func (c *Control) Spare(scope policy.Scope, key string, until time.Time) error {
	now := c.deps.Now()
	if !until.After(now) || until.After(now.Add(longestSpare)) {
		return fmt.Errorf("spare: %w", ErrUntil)
	}
	who, ok := parseSubject(scope, key)
	if !ok {
		return fmt.Errorf("spare: %w", ErrScope)
	}
	c.spared.add(spareKey{who: who}, until)
	return nil
}

// Unspare ends the sparing of somebody, by whatever policy.
func (c *Control) Unspare(scope policy.Scope, key string) error {
	who, ok := parseSubject(scope, key)
	if !ok {
		return fmt.Errorf("unspare: %w", ErrScope)
	}
	s := c.spared
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []spareKey
	s.ends.Each(func(key spareKey, _ time.Time) {
		if key.who == who {
			found = append(found, key)
		}
	})
	for _, key := range found {
		s.ends.Remove(key)
	}
	s.size.Store(int64(s.ends.Len()))
	return nil
}

// Spared is somebody who is left alone.
type Spared struct {
	// Policy is the only one that does so, empty for all.
	Policy string       `json:"policy,omitempty"`
	Scope  policy.Scope `json:"scope"`
	Key    string       `json:"key"`
	Until  time.Time    `json:"until"`
}

// Spared lists who is left alone, those whose time ends last first.
func (c *Control) Spared() []Spared {
	now := c.deps.Now()
	var list []Spared
	c.spared.mu.Lock()
	defer c.spared.mu.Unlock()
	c.spared.ends.Each(func(key spareKey, until time.Time) {
		if now.Before(until) {
			list = append(list, Spared{Policy: key.policy, Scope: key.who.scope, Key: key.who.text(), Until: until})
		}
	})
	slices.SortFunc(list, func(a, b Spared) int {
		if order := b.Until.Compare(a.Until); order != 0 {
			return order
		}
		return strings.Compare(a.Policy+" "+string(a.Scope)+" "+a.Key, b.Policy+" "+string(b.Scope)+" "+b.Key)
	})
	return list
}

// text is the subject's key for people and for files: that of an account names its element.
func (s subject) text() string {
	if s.element != "" {
		return s.element + ":" + s.key
	}
	return s.key
}

// longestKey bounds the keys that come from outside, in bytes.
const longestKey = 1024

func parseSubject(scope policy.Scope, key string) (subject, bool) {
	who := subject{scope: scope, key: key}
	if key == "" || len(key) > longestKey {
		return who, false
	}
	switch scope {
	case policy.ScopeAccount:
		var named bool
		who.element, who.key, named = strings.Cut(key, ":")
		elements := accountElements()
		return who, named && who.key != "" && slices.Contains(elements[:], who.element)
	case policy.ScopeAddress:
		if network, err := parseNetwork(key); err == nil && (network.IsSingleIP() || network.Bits() == 64 && network.Addr().Is6()) {
			who.key = addressKey(network.Addr().String())
		} else {
			return who, false
		}
	case policy.ScopeSession, policy.ScopeDevice, policy.ScopePerson:
	default:
		return who, false
	}
	return who, true
}
