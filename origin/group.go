package origin

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Group is endpoints that are each as good as the other.
type Group struct {
	set      *Set
	config   Config
	security *security
	statuses statuses
	fallback *Group
	tally    atomic.Pointer[tally]
	sources  []*source

	mu        sync.Mutex
	endpoints []*Endpoint
	retired   []*pool
	ramped    time.Time // when slow starts were last looked at
	closed    bool

	view atomic.Pointer[view]
	turn atomic.Uint64
}

// tally counts what happens in groups of one name, over changes of the configuration.
type tally struct {
	errors                                        [results]atomic.Uint64
	retries, panics, fallbacks, ejections, spared atomic.Uint64
	checks, badChecks, lookups, badLookups        atomic.Uint64
	// Connections of pools that are no more.
	made, reused, stale atomic.Uint64
}

func (t *tally) bury(p *pool) {
	past := p.state().poolCounts
	t.made.Add(past.made)
	t.reused.Add(past.reused)
	t.stale.Add(past.stale)
}

func (g *Group) count() *tally { return g.tally.Load() }

// Choice is what matters for choosing an endpoint.
type Choice struct {
	// Sticky is the visitor's key (see Group.Sticky), "" for none.
	Sticky string
	// Avoid is an endpoint that has just failed; it is chosen only when there is no other.
	Avoid *Endpoint
}

// Name is the group's; "" is the default group.
func (g *Group) Name() string { return g.config.Name }

// Sticky says where a visitor's key is to be found; the zero value asks for none.
func (g *Group) Sticky() StickyConfig { return g.config.Sticky }

// NamesFollowHost says that TLS asks for the name of each request's Host: connections come by ConnectFor.
func (g *Group) NamesFollowHost() bool { return g.config.ServerNameFromHost }

// Retries is how often a request may be sent again at most.
func (g *Group) Retries() int { return g.config.Retries }

// Pick chooses an endpoint. Where none is left it asks the fallback group; where that has none, all are candidates again.
// The only error is ErrNone.
func (g *Group) Pick(c Choice) (*Endpoint, error) {
	v := g.view.Load()
	if g.fallback != nil && v.hopeless(c.Avoid) {
		if e := g.fallback.offer(c); e != nil {
			g.count().fallbacks.Add(1)
			return e, nil
		}
	}
	if len(v.fit) == 0 {
		return nil, ErrNone
	}
	if v.panicking {
		g.count().panics.Add(1)
	}
	return g.choose(v, c), nil
}

// offer is an endpoint of this group or its fallbacks that is known to be good, nil when there is none.
func (g *Group) offer(c Choice) *Endpoint {
	for ; g != nil; g = g.fallback {
		if v := g.view.Load(); !v.hopeless(c.Avoid) {
			return g.choose(v, c)
		}
	}
	return nil
}

func (g *Group) choose(v *view, c Choice) *Endpoint {
	if len(v.fit) == 1 {
		return v.fit[0]
	}
	if c.Sticky != "" {
		return v.sticky(keyHash(c.Sticky), c.Avoid)
	}
	switch g.config.Balance {
	case BalanceEven:
		return v.even(&g.turn, c.Avoid)
	case BalanceLeastConnections:
		return v.leastBusy(c.Avoid)
	default:
		return v.after(rand.IntN(len(v.turns)), c.Avoid)
	}
}

// rebuild makes a new view; the lock is held.
func (g *Group) rebuild() {
	now := g.set.now()
	g.view.Store(newView(g.endpoints, g.config.PanicPercent, func(e *Endpoint) int { return g.share(e, now) }))
}

// Steps of a slow start.
const (
	rampSteps = 10
	rampEvery = time.Second
)

// share is an endpoint's weight, in tenths while it starts slowly.
func (g *Group) share(e *Endpoint, now time.Time) int {
	if g.config.SlowStart == 0 {
		return e.weight
	}
	passed := now.Sub(e.condition.since)
	if e.condition.since.IsZero() || passed >= g.config.SlowStart {
		return e.weight * rampSteps
	}
	return e.weight * max(1, int(rampSteps*passed/g.config.SlowStart))
}

// ramping says whether an endpoint starts slowly.
func (g *Group) ramping() bool {
	for _, e := range g.endpoints {
		if !e.condition.since.IsZero() {
			return g.config.SlowStart > 0
		}
	}
	return false
}

// sweep does what is due.
func (g *Group) sweep(now time.Time) {
	for _, s := range g.sources {
		s.sweep(now)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := g.endEjections(now)
	if g.ramping() && now.Sub(g.ramped) >= rampEvery {
		changed, g.ramped = true, now
		for _, e := range g.endpoints {
			if now.Sub(e.condition.since) >= g.config.SlowStart {
				e.condition.since = time.Time{}
			}
		}
	}
	if changed {
		g.rebuild()
	}
	for _, e := range g.endpoints {
		e.pool.sweep(now)
		g.check(e, now)
	}
	left := g.retired[:0]
	for _, p := range g.retired {
		p.sweep(now)
		if !p.drained() {
			left = append(left, p)
		}
	}
	clear(g.retired[len(left):])
	g.retired = left
}
