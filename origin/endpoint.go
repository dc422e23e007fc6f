package origin

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// Endpoint is one address requests can go to.
type Endpoint struct {
	group   *Group
	source  *source
	ip      netip.Addr
	address string // with the port
	hash    uint64 // of the address, for sticky keys
	weight  int
	pool    *pool
	// busy counts requests under way.
	busy atomic.Int64
	// failures in a row, as reported.
	failures atomic.Int32
	// condition is guarded by the group's lock.
	condition condition
	probe     *http.Transport // used by one health check at a time
	checking  atomic.Bool
}

// condition is how an endpoint is.
type condition struct {
	unhealthy bool
	checked   bool // the first health check has ended
	streak    int  // health checks in a row that contradict unhealthy
	due       time.Time

	ejected   time.Time // until when; zero: not
	ejections int       // in a short time
	ended     time.Time // when the last ejection did
	since     time.Time // when the endpoint came back, for the slow start; zero: long ago
}

func (c *condition) out() bool { return c.unhealthy || !c.ejected.IsZero() }

// Group is the group the endpoint was picked for; it may be a fallback of the one that was asked.
func (e *Endpoint) Group() *Group { return e.group }

// Address is IP and port.
func (e *Endpoint) Address() string { return e.address }

// URL is the configured endpoint, with its port.
func (e *Endpoint) URL() string { return e.source.place.String() }

// Host is what an HTTP Host of the endpoint's own would be: its configured host, with a port that is not the scheme's.
func (e *Endpoint) Host() string { return e.source.host }

// Secure says whether TLS is spoken.
func (e *Endpoint) Secure() bool { return e.source.place.secure }

// ResponseTimeout is how long an answer's head may take; 0 is for ever.
func (e *Endpoint) ResponseTimeout() time.Duration { return e.group.config.ResponseTimeout }

// Connect gives an HTTP/1.1 connection: one that was kept, or a new one. An error is a *Failure: ResultConnect,
// ResultBusy, or ResultGone when the context ended first; nothing was sent.
func (e *Endpoint) Connect(ctx context.Context) (*Conn, error) { return e.ConnectFor(ctx, "") }

// ConnectFor is Connect for a request with this Host, which is the TLS server name where Group.NamesFollowHost.
func (e *Endpoint) ConnectFor(ctx context.Context, host string) (*Conn, error) {
	name := ""
	if e.pool.dialer.fromHost {
		name = serverName(host)
	}
	e.busy.Add(1)
	c, err := e.pool.connect(ctx, name)
	if err == nil {
		c.endpoint = e
		return c, nil
	}
	e.busy.Add(-1)
	failure := &Failure{Result: ResultConnect, Address: e.address, Cause: err}
	switch {
	case errors.Is(err, ErrBusy), exhausted(err):
		failure.Result = ResultBusy
	case errors.Is(ctx.Err(), context.Canceled):
		failure.Result = ResultGone
	}
	return nil, failure
}

// Report tells how a request went. Failures in a row eject the endpoint for a while.
func (e *Endpoint) Report(result Result) {
	if result == ResultOK {
		if e.failures.Load() != 0 {
			e.failures.Store(0)
		}
		return
	}
	if result < results {
		e.group.count().errors[result].Add(1)
	}
	if !result.failed() {
		return
	}
	if limit := e.group.config.Outlier.Failures; int(e.failures.Add(1)) >= limit && limit > 0 {
		e.group.eject(e)
	}
}
