package origin

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// healthBody bounds what is read of an answer to a health check.
const healthBody = 64 << 10

// healthAgent is the User-Agent of health checks.
const healthAgent = "wayguard-health"

// check begins an endpoint's health check when it is due; the lock is held.
func (g *Group) check(e *Endpoint, now time.Time) {
	h := g.config.Health
	if h.Path == "" || now.Before(e.condition.due) || !e.checking.CompareAndSwap(false, true) {
		return
	}
	// A tenth more or less, so that instances do not ask in step.
	e.condition.due = now.Add(h.Interval*9/10 + rand.N(h.Interval/5+1))
	started := g.set.start(func(ctx context.Context) {
		defer e.checking.Store(false)
		good, known := g.ask(ctx, e)
		if known {
			g.checked(e, good)
		}
	})
	if !started {
		e.checking.Store(false)
	}
}

// ask asks an endpoint how it is; known is false when we are stopping.
func (g *Group) ask(ctx context.Context, e *Endpoint) (good, known bool) {
	h := g.config.Health
	stop := ctx
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	if e.probe == nil {
		e.probe = e.pool.newTransport(g.config.Protocol, true)
	}
	defer e.probe.CloseIdleConnections()
	path, err := url.ParseRequestURI(h.Path)
	if err != nil {
		return false, false
	}
	r := (&http.Request{Method: http.MethodGet, URL: path, Host: h.Host,
		Header: http.Header{"User-Agent": {healthAgent}}}).WithContext(ctx)
	place := e.source.place
	r.URL.Scheme, r.URL.Host = place.scheme(), place.authority()
	if name := serverName(h.Host); e.pool.dialer.fromHost && name != "" {
		r.URL.Host = place.withHost(name)
	}
	if r.Host == "" {
		r.Host = e.source.host
	}
	answer, err := e.probe.RoundTrip(r)
	if stop.Err() != nil {
		if err == nil {
			_ = answer.Body.Close()
		}
		return false, false
	}
	if err != nil {
		return false, true
	}
	defer func() { _ = answer.Body.Close() }()
	_, err = io.CopyN(io.Discard, answer.Body, healthBody)
	return g.statuses.has(answer.StatusCode) && (err == nil || err == io.EOF), true
}

// checked counts an answer, and takes the endpoint out or back.
func (g *Group) checked(e *Endpoint, good bool) {
	g.count().checks.Add(1)
	if !good {
		g.count().badChecks.Add(1)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &e.condition
	first := !c.checked
	c.checked = true
	if good != c.unhealthy { // as it was
		c.streak = 0
		return
	}
	c.streak++
	needed := g.config.Health.Unhealthy
	if good {
		needed = g.config.Health.Healthy
	}
	if c.streak < needed && !first {
		return
	}
	c.unhealthy, c.streak = !good, 0
	if good {
		g.back(e, g.set.now())
	} else {
		g.set.log.Warn("an origin endpoint fails its health checks", "origin", g.label(), "endpoint", e.address)
	}
	g.rebuild()
}
