package backend

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"wayguard/payment"
)

// The bounds of discovery: how many pages of backends are read, and how long one integration may take.
const (
	maxPages     = 10
	discoverTime = 15 * time.Second
)

// Run reads the integrations and asks them for their backends, at once and then every Limits.Discover; a change of the integrations is
// seen within Limits.Watch. It returns when ctx ends.
func (p *Pool) Run(ctx context.Context) {
	watch := time.NewTicker(p.limits.Watch)
	defer watch.Stop()
	var last time.Time
	for {
		now := time.Now()
		if now.Sub(last) >= p.limits.Discover || p.changed() {
			last = now
			if err := p.Refresh(ctx); err != nil && ctx.Err() == nil {
				p.log.Warn("risk backends could not all be found", "error", err.Error())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-watch.C:
		case <-p.woken:
		}
	}
}

// Wake tells Run that integrations have changed, so that they are in use at once. It never waits.
func (p *Pool) Wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// changed says whether the integrations are others than those in use.
func (p *Pool) changed() bool {
	now, used := p.deps.Integrations(), p.view.Load()
	if len(now) != len(used.sites)+len(used.broken) {
		return true
	}
	for _, i := range now {
		s := used.bySlug[i.Slug]
		if b, broken := used.broken[i.Slug]; broken && b.of.same(i) {
			continue
		}
		if s == nil || !s.same(i) {
			return true
		}
	}
	return false
}

// Refresh reads the integrations anew and asks those of Link for their backends. What cannot be reached keeps its last good list. The
// error names the integrations that failed and why; the others are in use all the same.
func (p *Pool) Refresh(ctx context.Context) error {
	p.refreshing.Lock()
	defer p.refreshing.Unlock()
	old := p.view.Load()
	var sites []*site
	broken := map[string]failed{}
	var problems []error
	for _, i := range p.deps.Integrations() {
		if s := old.bySlug[i.Slug]; s != nil && s.same(i) {
			sites = append(sites, s)
			continue
		}
		s, err := newSite(p, i)
		if err != nil {
			problems = append(problems, fmt.Errorf("integration %s: %w", i.Slug, err))
			broken[i.Slug] = failed{of: &site{of: i}, why: err.Error()}
			continue
		}
		sites = append(sites, s)
	}
	// What needs no question is in use from now on.
	p.view.Store(newView(sites, broken))
	for _, s := range old.sites {
		if p.view.Load().bySlug[s.of.Slug] != s {
			s.client.CloseIdleConnections()
		}
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, s := range sites {
		k, ok := s.speaker.(link)
		if !ok || !s.of.Enabled {
			continue
		}
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, discoverTime)
			defer cancel()
			if f := k.discover(ctx); f != nil {
				mu.Lock()
				problems = append(problems, fmt.Errorf("integration %s: %w", s.of.Slug, f))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	p.view.Store(newView(sites, broken))
	return errors.Join(problems...)
}

// failed is an integration that cannot be used as it is.
type failed struct {
	of  *site // with nothing but what it was made of
	why string
}

// discover asks Link for its backends and what they need.
func (k link) discover(ctx context.Context) (f *fault) {
	defer func() {
		if panicked := recover(); panicked != nil {
			f = &fault{code: codeBadResponse, detail: fmt.Sprintf("what it told could not be taken in (%T)", panicked)}
		}
	}()
	found, f := k.list(ctx)
	if f != nil {
		why := f.Error()
		k.site.trouble.Store(&why)
		return f
	}
	now, old := map[string]*line{}, *k.site.lines.Load()
	for _, one := range found {
		l := old[one.ID]
		facts := one.facts()
		if needs, ok := k.requirements(ctx, one.ID); ok {
			facts.needs = needs
		} else if l != nil {
			facts.needs = l.facts.Load().needs
		}
		if l == nil {
			l = newLine(k.site, one.ID, facts)
		}
		l.facts.Store(facts)
		now[one.ID] = l
	}
	at := k.site.pool.deps.Now()
	k.site.lines.Store(&now)
	k.site.discovered.Store(&at)
	k.site.trouble.Store(nil)
	k.site.untold.Store(false)
	return nil
}

// listedBackend is a backend as Link lists it.
type listedBackend struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Protocol    string         `json:"protocol"`
	Enabled     *bool          `json:"enabled"`
	Connections map[string]any `json:"connections"`
}

func (b listedBackend) facts() *facts {
	f := &facts{title: b.Name, known: true, enabled: b.Enabled == nil || *b.Enabled}
	if b.Connections != nil {
		f.actions = map[string]bool{}
		for action := range b.Connections {
			f.actions[action] = true
		}
	}
	return f
}

// list reads all pages of Link's backends; those of other protocols are left out.
func (k link) list(ctx context.Context) ([]listedBackend, *fault) {
	var all []listedBackend
	where := "/api/admin/backends"
	for range maxPages {
		answer, f := k.site.do(ctx, call{method: http.MethodGet, url: k.site.base + where})
		if f != nil {
			return nil, f
		}
		page, next, ok := parseBackends(answer.body)
		if !ok {
			return nil, &fault{code: codeBadResponse, detail: "the list of backends cannot be read"}
		}
		for _, b := range page {
			if b.Protocol == "" || b.Protocol == protocol || b.Protocol == protocolID {
				all = append(all, b)
			}
		}
		if len(all) >= k.site.pool.limits.Backends {
			return all[:k.site.pool.limits.Backends], nil
		}
		if where = k.next(next); where == "" {
			break
		}
	}
	return all, nil
}

// next is the address of the next page behind the base URL; empty for none. It never leads to another host.
func (k link) next(link string) string {
	u, err := url.Parse(link)
	if err != nil || link == "" || u.RawQuery == "" {
		return ""
	}
	return "/api/admin/backends?" + u.RawQuery
}

// requirements asks what a backend needs to assess. ok is false where that cannot be told now; a Link that does not have the question
// needs nothing.
func (k link) requirements(ctx context.Context, id string) (map[payment.CredentialType][]need, bool) {
	where := k.site.base + "/api/admin/protocols/" + protocol + "/requirements/assess?backend=" + url.QueryEscape(id)
	answer, f := k.site.do(ctx, call{method: http.MethodGet, url: where})
	switch {
	case answer.status == http.StatusNotFound:
		return nil, true
	case f != nil:
		return nil, false
	}
	return parseRequirements(answer.body)
}
