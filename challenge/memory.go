package challenge

import (
	"encoding/binary"
	"hash/fnv"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// What is remembered, at most: about 8 MB of spent words and as much of cookies in use.
const (
	spentMost   = 1 << 16
	cookiesMost = 1 << 14
	// networksMost is from how many networks one cookie is accepted. A phone changes between a handful of them in an hour; a cookie that
	// one browser earned and hundreds of machines send comes from more.
	networksMost = 16
)

// memory keeps solutions from being counted twice, and cookies from being handed round. It is bounded: two generations of each, of
// which the older is forgotten when the younger is full or old. Safe for concurrent use.
type memory struct {
	counter atomic.Uint64

	mu    sync.Mutex
	spent generations[nonce, struct{}]
	// floor is the time up to which spent words were forgotten too early, milliseconds since 1970: what was issued before counts as spent.
	floor int64

	users generations[nonce, *networks]
}

// networks are those that a cookie came from, as hashes.
type networks struct {
	count  int
	hashes [networksMost]uint32
}

// generations are a younger and an older map.
type generations[K comparable, V any] struct {
	young, old map[K]V
	// since is when the younger one was begun, milliseconds since 1970.
	since int64
}

func newMemory() *memory {
	return &memory{}
}

// turn begins a new generation where the younger one is older than life, or full. early is the beginning of the generation that was
// forgotten before its time, which is 0 if none was.
func (g *generations[K, V]) turn(now int64, life time.Duration, most int) (early int64) {
	age := now - g.since
	switch {
	case g.young == nil || age > 2*life.Milliseconds():
		g.young, g.old, g.since = map[K]V{}, nil, now
	case age > life.Milliseconds():
		g.young, g.old, g.since = map[K]V{}, g.young, now
	case len(g.young) >= most:
		if len(g.old) > 0 {
			early = g.since
		}
		g.young, g.old, g.since = map[K]V{}, g.young, now
	}
	return early
}

// spend takes a word; false: it was taken before, or it is so old that this is no longer known.
func (m *memory) spend(word nonce, issued, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if early := m.spent.turn(now.UnixMilli(), ticketLife, spentMost); early > m.floor {
		m.floor = early
	}
	if _, taken := m.spent.young[word]; taken || issued.UnixMilli() <= m.floor {
		return false
	}
	if _, taken := m.spent.old[word]; taken {
		return false
	}
	m.spent.young[word] = struct{}{}
	return true
}

// from says whether a cookie is still used by one visitor, as far as the networks show from which it has come.
func (m *memory) from(word nonce, address netip.Addr, now time.Time) bool {
	if !address.IsValid() {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users.turn(now.UnixMilli(), time.Hour, cookiesMost)
	seen := m.users.young[word]
	if seen == nil {
		if seen = m.users.old[word]; seen == nil {
			seen = &networks{}
		}
		m.users.young[word] = seen
	}
	return seen.add(network(address))
}

// add notes a network; false: there are too many.
func (n *networks) add(hash uint32) bool {
	for _, known := range n.hashes[:n.count] {
		if known == hash {
			return true
		}
	}
	if n.count == networksMost {
		return false
	}
	n.hashes[n.count] = hash
	n.count++
	return true
}

// network is a hash of an address's network: /24, or /48 of IPv6.
func network(address netip.Addr) uint32 {
	address = address.Unmap()
	bits := 24
	if address.Is6() {
		bits = 48
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return 0
	}
	bytes := prefix.Addr().As16()
	hash := fnv.New32a()
	hash.Write(bytes[:])
	return hash.Sum32()
}

// word makes a one-time word: from a key, a counter, the time and the request, so that it needs no source of randomness and nobody
// without the key can guess it.
func (m *memory) word(k keyring, request string, now time.Time) nonce {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], m.counter.Add(1))
	binary.BigEndian.PutUint64(b[8:], uint64(now.UnixNano()))
	return nonce(digest(k.word, b[:], []byte(request))[:nonceLength])
}
