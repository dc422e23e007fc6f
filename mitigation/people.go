package mitigation

import (
	"hash/maphash"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/recent"
)

const (
	// mostAddresses is how many addresses are watched for being shared, about.
	mostAddresses = 65_536
	// sharedBy is how many well-behaved sessions within sharedWithin make an address a shared one.
	sharedBy     = 3
	sharedWithin = 24 * time.Hour
)

// people knows which addresses are shared: by households and offices as their sessions show, by the visitors of relays by what
// such networks are. It locks itself.
type people struct {
	seed maphash.Seed
	mu   sync.Mutex
	seen recent.Map[string, neighbours]
}

// neighbours are the last well-behaved sessions of an address, by hash.
type neighbours struct {
	sessions [sharedBy]uint64
	at       [sharedBy]time.Time
}

func newPeople() *people {
	return &people{seed: maphash.MakeSeed(), seen: recent.NewMap[string, neighbours](mostAddresses/2, clone[string])}
}

// see takes note of a session that is rated normal.
func (p *people) see(address string, session event.ID, now time.Time) {
	if address == "" {
		return
	}
	hash := maphash.String(p.seed, string(session))
	p.mu.Lock()
	defer p.mu.Unlock()
	n, _ := p.seen.Find(address)
	at := 0
	for i := range n.sessions {
		if n.sessions[i] == hash {
			at = i
			break
		}
		if n.at[i].Before(n.at[at]) {
			at = i
		}
	}
	n.sessions[at], n.at[at] = hash, now
	p.seen.Put(address, n)
}

// shared says whether several people come from an address, as far as is known.
func (p *people) shared(address string, network event.NetworkKind, now time.Time) bool {
	if network == event.VPN || network == event.Tor || network == event.Relay {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n, known := p.seen.Find(address)
	if !known {
		return false
	}
	for _, at := range n.at {
		if at.IsZero() || now.Sub(at) > sharedWithin {
			return false
		}
	}
	return true
}
