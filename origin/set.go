package origin

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"wayguard/document"
)

// Deps is what a Set needs of the world; each has a default.
type Deps struct {
	// Log tells of endpoints that go and come back; nil: nobody.
	Log *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Resolver looks up host names; nil: the system's.
	Resolver Resolver
}

// Set is all groups of a configuration.
type Set struct {
	groups   []*Group
	byName   map[string]*Group
	log      *slog.Logger
	now      func() time.Time
	resolver Resolver

	context context.Context // ends with Close
	cancel  context.CancelFunc
	mu      sync.Mutex // guards closed and the beginning of tasks
	closed  bool
	tasks   sync.WaitGroup
}

// New makes the groups. It reads the files of TLS, and looks up host names for at most a second; those that are not found
// then are looked up again and again. The error is document.Problems where the configuration is wrong.
func New(configs []Config, deps Deps) (*Set, error) {
	s, err := build(configs, deps)
	if err != nil {
		return nil, err
	}
	s.resolveAll()
	s.start(s.run)
	return s, nil
}

// build makes a Set that does nothing by itself.
func build(configs []Config, deps Deps) (*Set, error) {
	if problems := validateAll(configs); len(problems) > 0 {
		return nil, problems
	}
	s := &Set{byName: map[string]*Group{}, log: deps.Log, now: deps.Now, resolver: deps.Resolver}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.resolver == nil {
		s.resolver = net.DefaultResolver
	}
	s.context, s.cancel = context.WithCancel(context.Background())
	for _, c := range configs {
		g, err := s.newGroup(c)
		if err != nil {
			s.cancel()
			return nil, fmt.Errorf("origin %q: %w", c.Name, err)
		}
		s.groups = append(s.groups, g)
		s.byName[c.Name] = g
	}
	for _, g := range s.groups {
		if g.config.Fallback != "" {
			g.fallback = s.Find(g.config.Fallback)
		}
	}
	return s, nil
}

// validateAll is Validate with the default group among the others.
func validateAll(configs []Config) document.Problems {
	var named, all []Config
	var problems document.Problems
	wanted := false
	for _, c := range configs {
		wanted = wanted || c.Fallback == DefaultName
		if c.Name != "" {
			named, all = append(named, c), append(all, c)
			continue
		}
		v := &validation{mark: c.At}
		if len(all) > len(named) {
			v.tell("name", "there are two default origins", "")
		}
		v.group(c)
		problems = append(problems, v.problems...)
		c.Name = DefaultName
		all = append(all, c)
	}
	if wanted && len(all) == len(named) {
		problems = append(problems, document.Problem{Path: "fallback", Message: "there is no default origin"})
	}
	problems = append(problems, each(named)...)
	return append(problems, fallbacks(all)...)
}

func (s *Set) newGroup(c Config) (*Group, error) {
	g := &Group{set: s, config: c}
	g.tally.Store(&tally{})
	var err error
	if g.security, err = newSecurity(c); err != nil {
		return nil, err
	}
	if g.statuses, err = parseStatuses(c.Health.Status); err != nil && c.Health.Path != "" {
		return nil, err
	}
	for _, e := range c.Endpoints {
		source := newSource(g, e)
		g.sources = append(g.sources, source)
		if source.literal {
			ip, _ := netip.ParseAddr(source.place.host)
			g.endpoints = append(g.endpoints, g.newEndpoint(source, ip))
		}
	}
	g.rebuild()
	return g, nil
}

func (g *Group) newDialer(s *source, address netip.AddrPort) *dialer {
	c := g.config
	d := &dialer{place: s.place, own: address, protocol: c.Protocol, fromHost: c.ServerNameFromHost, limits: limits{
		connectTimeout: c.ConnectTimeout, responseTimeout: c.ResponseTimeout, idleTimeout: c.IdleTimeout,
		idle: c.IdleConnections, connections: c.Connections}}
	if s.place.secure {
		d.tls = g.security.to(s.place)
	}
	d.signature = fmt.Sprintf("%s %s %s %+v %s", s.place, address, c.Protocol, d.limits, g.security.digest)
	return d
}

// firstLookup bounds the wait for names in New.
const firstLookup = time.Second

// resolveAll looks all names up at once, for a short time; what takes longer goes on beside.
func (s *Set) resolveAll() {
	ready := make(chan struct{})
	var lookups sync.WaitGroup
	for _, g := range s.groups {
		for _, source := range g.sources {
			if source.literal {
				continue
			}
			source.looking.Store(true)
			source.due = s.now().Add(lookupAgain)
			lookups.Add(1)
			if !s.start(func(ctx context.Context) {
				defer lookups.Done()
				defer source.looking.Store(false)
				source.resolve(ctx)
			}) {
				lookups.Done()
			}
		}
	}
	s.start(func(context.Context) {
		lookups.Wait()
		close(ready)
	})
	limit := time.NewTimer(firstLookup)
	defer limit.Stop()
	select {
	case <-ready:
	case <-limit.C:
	}
	for _, g := range s.groups {
		for _, source := range g.sources {
			if source.found.Load() {
				source.due = s.now().Add(g.config.ResolveInterval)
			}
		}
	}
}

// start runs a task that ends when the context does; false after Close.
func (s *Set) start(task func(ctx context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		task(s.context)
	}()
	return true
}

// run sweeps until the end.
func (s *Set) run(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.sweep(s.now())
		}
	}
}

func (s *Set) sweep(now time.Time) {
	for _, g := range s.groups {
		g.sweep(now)
	}
}

// Find gives a group by its name, nil when there is none; "" and "default" are the default group.
func (s *Set) Find(name string) *Group {
	if name == DefaultName {
		name = ""
	}
	return s.byName[name]
}

// Inherit takes over from the Set that this one replaces: counters, the state of endpoints that are in both, and their
// connections where they would be made in the same way now. Call it before this Set is used and before the old one is
// closed; requests that are under way in the old one give their connections back to this one.
func (s *Set) Inherit(old *Set) {
	for _, g := range s.groups {
		if before := old.byName[g.config.Name]; before != nil {
			g.inherit(before)
		}
	}
}

// inherit replaces the group's endpoints by ones that know what the old ones knew.
func (g *Group) inherit(old *Group) {
	known, conditions := old.snapshot()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tally.Store(old.count())
	g.turn.Store(old.turn.Load())
	for _, s := range g.sources { // names that could not be resolved now, but could before
		if s.literal || s.found.Load() {
			continue
		}
		for _, e := range known {
			if e.source.place == s.place {
				s.found.Store(true)
				fresh := g.newEndpoint(s, e.ip)
				fresh.pool.dialer.others.Store(e.pool.dialer.others.Load())
				g.endpoints = append(g.endpoints, fresh)
			}
		}
	}
	adopted := map[*pool]bool{}
	next := make([]*Endpoint, len(g.endpoints))
	for i, e := range g.endpoints {
		next[i] = &Endpoint{group: g, source: e.source, ip: e.ip, address: e.address, hash: e.hash, weight: e.weight, pool: e.pool}
		for k, before := range known {
			if before.source.place != e.source.place || before.ip != e.ip {
				continue
			}
			next[i].condition = conditions[k].under(g.config)
			next[i].failures.Store(before.failures.Load())
			if before.pool.dialer.signature == e.pool.dialer.signature && before.pool.adopt(g.set) {
				next[i].pool = before.pool
				adopted[before.pool] = true
				e.pool.retire()
			}
		}
	}
	for _, e := range known {
		if !adopted[e.pool] {
			g.count().bury(e.pool)
		}
	}
	g.endpoints = next
	g.rebuild()
}

// under is the condition under another configuration: without what it no longer asks for.
func (c condition) under(config Config) condition {
	if config.Health.Path == "" {
		c.unhealthy, c.checked, c.streak = false, false, 0
	}
	if config.Outlier.Failures == 0 || config.Outlier.MaxPercent == 0 {
		c.ejected = time.Time{}
	}
	c.due = time.Time{}
	return c
}

// snapshot is the endpoints and their conditions at this moment.
func (g *Group) snapshot() ([]*Endpoint, []condition) {
	g.mu.Lock()
	defer g.mu.Unlock()
	conditions := make([]condition, len(g.endpoints))
	for i, e := range g.endpoints {
		conditions[i] = e.condition
	}
	return g.endpoints, conditions
}

// Close ends all that the Set does by itself, and closes the connections that nobody uses, but for those that another Set
// has inherited. Requests under way go on; their connections are closed when they are released, and those that still have
// to connect can.
func (s *Set) Close() {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	s.mu.Unlock()
	if already {
		return
	}
	s.cancel()
	s.tasks.Wait()
	for _, g := range s.groups {
		g.mu.Lock()
		g.closed = true
		for _, e := range g.endpoints {
			e.pool.shut(s)
		}
		for _, p := range g.retired {
			p.shut(s)
		}
		g.mu.Unlock()
	}
}
