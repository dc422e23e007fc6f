package origin

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Times of the pool.
const (
	// sweepInterval is how often a Set looks at everything.
	sweepInterval = 250 * time.Millisecond
	// trusted is how long a connection may have been idle and still be used without a look.
	trusted = int64(time.Millisecond)
	// rest is how long a connection in doubt is left alone, so that what may still come on it is there when it is looked at.
	rest = int64(5 * time.Millisecond)
	// patrolEvery is after how many sweeps idle connections are looked at, so that dead ones do not pile up.
	patrolEvery = 16
)

// pool is the connections to one address. A Set that follows another may take over its pools.
type pool struct {
	dialer *dialer
	// base is where the clock began; the clock is the time since then at the last sweep, in nanoseconds.
	base  time.Time
	clock atomic.Int64
	// unswept says that nobody keeps the clock any more.
	unswept atomic.Bool

	mu      sync.Mutex
	owner   *Set    // whose Close closes the pool
	idle    []*Conn // the longest unused first
	open    int     // connections that are, or are being made
	waiting []chan *Conn
	closed  bool  // nothing is kept any more
	suspend int64 // connections released up to this time are looked at before use
	sweeps  int
	counts  poolCounts

	// all are the open connections, for the sweep. It has a lock of its own because it takes long.
	allMu sync.Mutex
	all   map[*Conn]struct{}

	streams streams // HTTP/2
}

// poolCounts count connections.
type poolCounts struct{ made, reused, stale uint64 }

func newPool(owner *Set, d *dialer) *pool {
	p := &pool{dialer: d, base: time.Now(), owner: owner, suspend: -1, all: map[*Conn]struct{}{}}
	p.streams.spare = make(chan net.Conn, 1)
	return p
}

// take gives an unused connection to the name, or says that one may be made, or gives a place in the queue.
func (p *pool) take(name string) (c *Conn, turn chan *Conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit, resting := p.dialer.limits.connections, -1
	for i := len(p.idle) - 1; i >= 0; i-- {
		switch c = p.idle[i]; {
		case c.name != name:
		case c.parts >= severalParts && p.now()-c.since < rest:
			resting = i
		default:
			return p.pull(i), nil, nil
		}
	}
	switch {
	case limit == 0 || p.open < limit:
		p.open++
	case resting >= 0:
		return p.pull(resting), nil, nil
	case len(p.idle) > 0: // all for other names
		p.drop(p.idle[0])
		p.idle = append(p.idle[:0], p.idle[1:]...)
	case len(p.waiting) >= limit:
		return nil, nil, ErrBusy
	default:
		turn = make(chan *Conn, 1)
		p.waiting = append(p.waiting, turn)
	}
	return nil, turn, nil
}

// pull takes an unused connection out of the list. The lock is held.
func (p *pool) pull(i int) *Conn {
	c := p.idle[i]
	copy(p.idle[i:], p.idle[i+1:])
	p.idle[len(p.idle)-1] = nil
	p.idle = p.idle[:len(p.idle)-1]
	p.lend(c)
	return c
}

// drop closes a connection whose place goes to somebody else.
func (p *pool) drop(c *Conn) {
	c.shut()
	p.forget(c)
}

func (p *pool) forget(c *Conn) {
	p.allMu.Lock()
	delete(p.all, c)
	p.allMu.Unlock()
}

// lend counts a kept connection that is about to be used, and says whether it must be looked at before.
func (p *pool) lend(c *Conn) {
	c.doubtful = c.parts >= severalParts || p.now()-c.since > trusted || c.since <= p.suspend
	c.parts = 0
	p.counts.reused++
}

// now is the pool's clock, exactly.
func (p *pool) now() int64 { return max(p.clock.Load(), int64(time.Since(p.base))) }

// connect gives a kept connection that is still good, or makes one.
func (p *pool) connect(ctx context.Context, name string) (*Conn, error) {
	for {
		c, turn, err := p.take(name)
		if turn != nil {
			c, err = p.wait(ctx, turn)
		}
		switch {
		case err != nil:
			return nil, err
		case c == nil:
			return p.make(ctx, name)
		case c.name != name: // handed over in the queue: only its place is of use
			p.drop(c)
			return p.make(ctx, name)
		case c.cut.Load() || c.doubtful && !p.good(c):
			p.discard(c)
			continue
		}
		c.reused, c.answered = true, false
		c.use.Store(used)
		return c, nil
	}
}

// good says whether a connection that has been idle for a while is still good; its use is not counted if not.
func (p *pool) good(c *Conn) bool {
	if p.clock.Load()-c.since <= int64(p.dialer.limits.idleTimeout) && c.quiet.quiet() {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.reused--
	return false
}

// make makes a connection; its place was taken before.
func (p *pool) make(ctx context.Context, name string) (*Conn, error) {
	name = strings.Clone(name) // it lies in the request's memory, and the connection lives longer
	c, err := p.dialer.connect(ctx, name)
	if err != nil {
		p.vacate()
		return nil, err
	}
	c.pool, c.name = p, name
	c.use.Store(used)
	p.allMu.Lock()
	p.all[c] = struct{}{}
	p.allMu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.made++
	return c, nil
}

// give takes a connection back.
func (p *pool) give(c *Conn, reusable bool) {
	if !reusable {
		p.discard(c)
		return
	}
	c.since = p.now()
	p.mu.Lock()
	switch {
	case p.closed:
	case len(p.waiting) > 0:
		p.pass(c)
		p.mu.Unlock()
		return
	case len(p.idle) < p.dialer.limits.idle:
		p.idle = append(p.idle, c)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.discard(c)
}

// discard closes a connection and frees its place.
func (p *pool) discard(c *Conn) {
	p.drop(c)
	p.vacate()
}

// vacate frees a place: whoever waits first may make a connection.
func (p *pool) vacate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		p.pass(nil)
		return
	}
	p.open--
}

// pass gives a connection, or with nil the place of one, to whoever waits first.
func (p *pool) pass(c *Conn) {
	if c != nil {
		p.lend(c)
	}
	p.waiting[0] <- c
	p.waiting = append(p.waiting[:0], p.waiting[1:]...)
}

// wait waits for a turn: a connection, or nil for a place to make one in.
func (p *pool) wait(ctx context.Context, turn chan *Conn) (*Conn, error) {
	timer := time.NewTimer(p.dialer.limits.connectTimeout)
	defer timer.Stop()
	var cause error
	select {
	case c := <-turn:
		return c, nil
	case <-ctx.Done():
		cause = ctx.Err()
	case <-timer.C:
		cause = ErrBusy
	}
	p.mu.Lock()
	for i, other := range p.waiting {
		if other == turn {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.mu.Unlock()
			return nil, cause
		}
	}
	p.mu.Unlock()
	// The turn came at the last moment.
	if c := <-turn; c != nil {
		p.give(c, true)
	} else {
		p.vacate()
	}
	return nil, cause
}

// suspect makes that every connection idle now is looked at before it is used: one of them was found closed.
func (p *pool) suspect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suspend = p.now()
	p.counts.stale++
}

// sweep moves the clock, ends what has run out of time, and closes what was unused for too long.
func (p *pool) sweep(now time.Time) {
	clock := int64(now.Sub(p.base))
	p.clock.Store(clock)
	p.allMu.Lock()
	for c := range p.all {
		c.expire(clock)
	}
	p.allMu.Unlock()

	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && clock-p.idle[old].since > int64(p.dialer.limits.idleTimeout) {
		old++
	}
	p.sweeps++
	patrol := p.sweeps%patrolEvery == 0
	kept := p.idle[:0]
	for i, c := range p.idle {
		if i < old || patrol && clock-c.since > trusted && !c.quiet.quiet() {
			p.drop(c)
			p.open--
			continue
		}
		kept = append(kept, c)
	}
	clear(p.idle[len(kept):])
	p.idle = kept
}

// retire closes what is unused and keeps nothing from now on. Requests that were on their way here still get connections.
func (p *pool) retire() {
	p.mu.Lock()
	p.closed = true
	unused := p.idle
	p.idle = nil
	p.open -= len(unused)
	p.mu.Unlock()
	for _, c := range unused {
		p.drop(c)
	}
	p.streams.shut()
}

// shut retires the pool if it still belongs to the owner, and turns timeouts into real deadlines: nobody sweeps any more.
func (p *pool) shut(owner *Set) {
	p.mu.Lock()
	mine := p.owner == owner
	p.mu.Unlock()
	if !mine {
		return
	}
	p.retire()
	p.unswept.Store(true)
	p.allMu.Lock()
	defer p.allMu.Unlock()
	clock := p.clock.Load()
	for c := range p.all {
		until := c.until.Load()
		if until <= 0 {
			continue
		}
		_ = c.socket.SetDeadline(time.Now().Add(time.Duration(until - clock)))
		if c.until.Load() != until { // it has had its answer meanwhile
			c.unlimited()
		}
	}
}

// adopt makes another Set the owner.
func (p *pool) adopt(owner *Set) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.owner = owner
	return true
}

// drained says whether a retired pool has no connection left.
func (p *pool) drained() bool {
	p.allMu.Lock()
	defer p.allMu.Unlock()
	return len(p.all) == 0
}

// poolState is what a pool holds at a moment.
type poolState struct {
	poolCounts
	idle, open, waiting int
}

func (p *pool) state() poolState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return poolState{poolCounts: p.counts, idle: len(p.idle), open: p.open, waiting: len(p.waiting)}
}
