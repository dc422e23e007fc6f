package origin

import (
	"context"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// Resolver looks host names up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Bounds of looking names up.
const (
	lookupTimeout = 5 * time.Second
	// lookupAgain is the time until a name that has never been found is looked up again.
	lookupAgain = time.Second
	// maxAddresses bounds the addresses that are used of one name.
	maxAddresses = 64
)

// source is a configured endpoint: the place its addresses come from.
type source struct {
	group   *Group
	place   place
	host    string // as HTTP Host
	weight  int
	literal bool // the host is an address

	looking atomic.Bool
	due     time.Time // used by the sweep only
	found   atomic.Bool
	failing atomic.Bool // for one log line at each change
}

func newSource(g *Group, c EndpointConfig) *source {
	place, _, _ := parsePlace(c.URL) // validated
	_, err := netip.ParseAddr(place.host)
	return &source{group: g, place: place, host: place.hostHeader(), weight: c.Weight, literal: err == nil}
}

// sweep begins a lookup when it is due.
func (s *source) sweep(now time.Time) {
	if s.literal || now.Before(s.due) || !s.looking.CompareAndSwap(false, true) {
		return
	}
	s.due = now.Add(s.group.config.ResolveInterval)
	if !s.found.Load() {
		s.due = now.Add(lookupAgain)
	}
	if !s.group.set.start(func(ctx context.Context) {
		defer s.looking.Store(false)
		s.resolve(ctx)
	}) {
		s.looking.Store(false)
	}
}

// resolve looks the name up. An answer that is an error or holds nothing usable changes nothing.
func (s *source) resolve(ctx context.Context) {
	g := s.group
	bounded, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	answer, err := g.set.resolver.LookupNetIP(bounded, "ip", s.place.host)
	if ctx.Err() != nil {
		return
	}
	g.count().lookups.Add(1)
	found := targets(answer)
	if err != nil || len(found) == 0 {
		g.count().badLookups.Add(1)
		if !s.failing.Swap(true) {
			g.set.log.Warn("the name of an origin endpoint cannot be resolved; the addresses known before stay in use",
				"origin", g.label(), "name", s.place.host)
		}
		return
	}
	if s.failing.Swap(false) {
		g.set.log.Info("the name of an origin endpoint can be resolved again", "origin", g.label(), "name", s.place.host)
	}
	g.settle(s, found)
}

// target is an address to send requests to, with those of the other family that are tried beside it.
type target struct {
	address netip.Addr
	others  []netip.Addr
}

// targets makes an answer's addresses targets: those of the family that comes first, in order of the address.
func targets(answer []netip.Addr) []target {
	var first, other []netip.Addr
	for _, address := range answer {
		address = address.Unmap()
		switch {
		case !address.IsValid() || address.IsUnspecified() || address.IsMulticast():
		case len(first) == 0 || address.Is4() == first[0].Is4():
			first = append(first, address)
		default:
			other = append(other, address)
		}
	}
	first, other = unique(first), unique(other)
	found := make([]target, len(first))
	for i, address := range first {
		found[i].address = address
		if len(other) > 0 {
			found[i].others = other[i%len(other) : i%len(other)+1]
		}
	}
	return found
}

func unique(addresses []netip.Addr) []netip.Addr {
	slices.SortFunc(addresses, netip.Addr.Compare)
	addresses = slices.Compact(addresses)
	return addresses[:min(len(addresses), maxAddresses)]
}

// settle makes the source's endpoints those that were found.
func (g *Group) settle(s *source, found []target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	news, changed := s.found.Swap(true), false
	kept := make([]*Endpoint, 0, len(g.endpoints)+len(found))
	had := map[netip.Addr]*Endpoint{}
	for _, e := range g.endpoints {
		stays := e.source != s || slices.ContainsFunc(found, func(t target) bool { return t.address == e.ip })
		if stays {
			kept = append(kept, e)
		} else {
			changed = true
			e.pool.retire()
			g.count().bury(e.pool)
			g.retired = append(g.retired, e.pool)
		}
		if e.source == s {
			had[e.ip] = e
		}
	}
	for _, t := range found {
		e := had[t.address]
		if e == nil && len(kept) < maxEndpoints {
			changed = true
			e = g.newEndpoint(s, t.address)
			if news { // what is there from the start need not start slowly
				e.condition.since = g.set.now()
			}
			kept = append(kept, e)
		}
		if e != nil {
			e.pool.dialer.beside(t.others)
		}
	}
	if changed {
		g.endpoints = kept
		g.rebuild()
	}
}

// newEndpoint makes an endpoint with a pool of its own.
func (g *Group) newEndpoint(s *source, ip netip.Addr) *Endpoint {
	address := netip.AddrPortFrom(ip, s.place.port)
	return &Endpoint{group: g, source: s, ip: ip, address: address.String(), hash: keyHash(address.String()),
		weight: s.weight, pool: newPool(g.set, g.newDialer(s, address))}
}

func (d *dialer) beside(others []netip.Addr) {
	if len(others) == 0 {
		d.others.Store(nil)
		return
	}
	all := make([]netip.AddrPort, len(others))
	for i, other := range others {
		all[i] = netip.AddrPortFrom(other, d.place.port)
	}
	d.others.Store(&all)
}
