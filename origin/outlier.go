package origin

import "time"

// eject takes an endpoint out for a while, unless too many are out already.
func (g *Group) eject(e *Endpoint) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !e.condition.ejected.IsZero() || g.closed {
		return
	}
	e.failures.Store(0)
	out := 1
	for _, other := range g.endpoints {
		if other != e && other.condition.out() {
			out++
		}
	}
	if out*100 > g.config.Outlier.MaxPercent*len(g.endpoints) {
		g.count().spared.Add(1)
		return
	}
	now := g.set.now()
	c, rules := &e.condition, g.config.Outlier
	if now.Sub(c.ended) > rules.MaxEjection {
		c.ejections = 0
	}
	c.ejections++
	// The count is bounded before it is multiplied, which could otherwise run over.
	length := rules.BaseEjection * time.Duration(min(c.ejections, int(rules.MaxEjection/rules.BaseEjection)+1))
	length = min(length, rules.MaxEjection)
	c.ejected = now.Add(length)
	g.count().ejections.Add(1)
	g.set.log.Warn("requests to an origin endpoint failed one after the other; it gets none for a while",
		"origin", g.label(), "endpoint", e.address, "for", length.String())
	g.rebuild()
}

// endEjections brings back whose time is over; the lock is held. It says whether anything changed.
func (g *Group) endEjections(now time.Time) (changed bool) {
	for _, e := range g.endpoints {
		c := &e.condition
		if c.ejected.IsZero() || now.Before(c.ejected) {
			continue
		}
		c.ejected, c.ended, changed = time.Time{}, now, true
		g.back(e, now)
	}
	return changed
}

// back begins an endpoint's slow start, and makes it be asked again what it speaks; the lock is held.
func (g *Group) back(e *Endpoint, now time.Time) {
	if g.config.SlowStart > 0 && !e.condition.out() {
		e.condition.since = now
	}
	e.failures.Store(0)
	e.pool.forgetProtocol()
	if e.condition.out() {
		return
	}
	g.set.log.Info("an origin endpoint gets requests again", "origin", g.label(), "endpoint", e.address)
}

// label is the group's name in logs and metrics.
func (g *Group) label() string {
	if g.config.Name == "" {
		return DefaultName
	}
	return g.config.Name
}
