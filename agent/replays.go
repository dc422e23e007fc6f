package agent

import (
	"crypto/sha256"
	"sync"
	"time"
)

// Replays remembers which claims were made, for each key up to a limit; it is for many goroutines. When a key's memory is full
// its oldest claim goes, so that one agent cannot make room for the replays of another. What is kept of a claim is a hash.
type Replays struct {
	mu          sync.Mutex
	keys, limit int
	seen        map[string]*seen
}

// seen is what is remembered of one key.
type seen struct {
	claims map[digest]once
	// order holds the claims as they came, from first on; what is before it is free.
	order []digest
	first int
	// until is when the last of them may be forgotten.
	until time.Time
}

type digest [16]byte

// once is the request that a claim came with, and when it may be forgotten.
type once struct {
	holder digest
	until  time.Time
}

// NewReplays makes a memory for a number of keys, and for a number of claims of each; both 1 at least.
func NewReplays(keys, claims int) *Replays {
	return &Replays{keys: max(1, keys), limit: max(1, claims), seen: map[string]*seen{}}
}

// Add notes that a request made a claim, which is to be remembered until a time, and says whether no other one had made it.
// The same request may ask again. A claim without a nonce may be made any number of times: the same request in the same
// second has the same signature.
func (p *Replays) Add(c *Claim, request string, until, now time.Time) bool {
	if c.Nonce == "" {
		return true
	}
	nonce, holder := digestOf(c.Nonce), digestOf(request)
	p.mu.Lock()
	defer p.mu.Unlock()
	key := p.of(c.KeyID, now)
	if before, known := key.claims[nonce]; known && now.Before(before.until) {
		return before.holder == holder
	} else if !known {
		key.forget(p.limit, now)
		key.order = append(key.order, nonce)
	}
	key.claims[nonce] = once{holder, until}
	if until.After(key.until) {
		key.until = until
	}
	return true
}

// Len is how many claims are remembered.
func (p *Replays) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, key := range p.seen {
		n += len(key.claims)
	}
	return n
}

// of gives a key's memory. Where there are too many keys, the one goes whose claims are over first.
func (p *Replays) of(id string, now time.Time) *seen {
	if key := p.seen[id]; key != nil {
		return key
	}
	if len(p.seen) >= p.keys {
		first := ""
		for id, key := range p.seen {
			if other := p.seen[first]; other == nil || key.until.Before(other.until) || key.until.Equal(other.until) && id < first {
				first = id
			}
		}
		delete(p.seen, first)
	}
	key := &seen{claims: map[digest]once{}, until: now}
	p.seen[string([]byte(id))] = key // the name shares the request's memory
	return key
}

// forget makes room for one: claims at the front whose time is over go, and the first one if there is still no room.
func (s *seen) forget(limit int, now time.Time) {
	for s.first < len(s.order) && (len(s.claims) >= limit || !now.Before(s.claims[s.order[s.first]].until)) {
		delete(s.claims, s.order[s.first])
		s.first++
	}
	if s.first > len(s.order)/2 {
		s.order = append(s.order[:0], s.order[s.first:]...)
		s.first = 0
	}
}

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}
