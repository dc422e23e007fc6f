package proxy

import (
	"log/slog"
	"strings"
	"sync/atomic"

	"wayguard/capture"
	"wayguard/origin"
	"wayguard/site"
)

// Snapshot is what a reload replaces, whole. Requests under way keep the one they began with.
type Snapshot struct {
	// Specs say which exchanges are looked at; nil matches nothing.
	Specs *capture.Set
	// Policy says what is done with requests; nil does nothing.
	Policy Policy
	// Sites say what is done with a request before anybody looks at it; nil forwards everything.
	Sites *site.Set
	// Origins are where requests go; nil keeps the configured origin. A set that was replaced is closed when the last
	// request that uses it is over.
	Origins *origin.Set
}

// snapshot is a Snapshot in use.
type snapshot struct {
	match  func(*capture.Request) route
	policy Policy
	sites  *site.Set
	// origins is shared between snapshots that have the same set.
	origins *origins
}

// origins is a set of origins and how many use it: requests, and one for the snapshot in force.
type origins struct {
	set   *origin.Set
	users atomic.Int64
}

func newOrigins(set *origin.Set) *origins {
	o := &origins{set: set}
	o.users.Store(1)
	return o
}

// enter counts one more user; false when the set is closed.
func (o *origins) enter() bool {
	for {
		n := o.users.Load()
		if n == 0 {
			return false
		}
		if o.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave counts one user less; the last one closes the set.
func (o *origins) leave() {
	if o.users.Add(-1) == 0 {
		o.set.Close()
	}
}

// matcher adapts a set of specs: a nil *capture.Spec must not become a route that is not nil.
func matcher(set *capture.Set) func(*capture.Request) route {
	if set == nil {
		return func(*capture.Request) route { return nil }
	}
	return func(head *capture.Request) route {
		if spec := set.Match(head); spec != nil {
			return spec
		}
		return nil
	}
}

// swap puts a snapshot in force.
func (in *inspection) swap(s Snapshot) {
	in.swapping.Lock()
	defer in.swapping.Unlock()
	old := in.current.Load()
	now := &snapshot{match: matcher(s.Specs), policy: s.Policy, sites: s.Sites}
	switch {
	case s.Origins == nil:
	case old.origins != nil && old.origins.set == s.Origins:
		now.origins = old.origins
	default:
		now.origins = newOrigins(s.Origins)
	}
	in.current.Store(now)
	if old.origins != nil && old.origins != now.origins {
		old.origins.leave()
	}
}

// close ends the origins when no request uses them any more.
func (in *inspection) close() {
	in.swap(Snapshot{})
	in.origins.leave()
	in.askers.close()
}

// DefaultOrigin is the group of origins that the keys proxy.origin make.
func (c Config) DefaultOrigin() origin.Config {
	one := origin.DefaultConfig()
	one.Endpoints = []origin.EndpointConfig{{URL: c.Origin.URL, Weight: 1}}
	one.ConnectTimeout, one.ResponseTimeout = c.Origin.ConnectTimeout, c.Origin.ResponseTimeout
	one.IdleTimeout, one.IdleConnections = c.Origin.IdleTimeout, c.Origin.IdleConnections
	one.ServerName = c.Origin.TLS.ServerName
	one.TLS.CA, one.TLS.Insecure = c.Origin.TLS.CA, c.Origin.TLS.Insecure
	if strings.HasPrefix(c.Origin.URL, "https:") {
		one.Protocol = origin.ProtocolAuto
	}
	return one
}

// originSet makes the configured origin.
func originSet(c Config, log *slog.Logger) (*origin.Set, error) {
	return origin.New([]origin.Config{c.DefaultOrigin()}, origin.Deps{Log: log})
}
