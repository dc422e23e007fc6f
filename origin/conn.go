package origin

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"wayguard/socket"
)

// Conn is one HTTP/1.1 connection to an endpoint, in clear or over TLS. It implements net.Conn.
//
// It belongs to whoever got it from Connect until Release, after which it must not be touched; only Cut and SetTimeout may
// be called while another goroutine uses it. One goroutine may write while another reads, but not during Ask.
type Conn struct {
	net.Conn // what is read and written: the socket, or TLS over it
	socket   *socket.Conn
	tls      *tls.Conn
	held     *held
	quiet    quiet

	pool     *pool
	endpoint *Endpoint
	name     string // the server name asked for, where that is each request's own
	since    int64  // when it was released, by the pool's clock
	until    atomic.Int64
	use      atomic.Int32
	cut      atomic.Bool // it must not be used again
	reused   bool
	answered bool // something was read in this use
	dated    bool // a deadline was set in this use
	doubtful bool // it must be looked at before it is used again
	parts    int  // reads of this use, as far as they tell one from many
}

// The states of Conn.use.
const (
	idle int32 = iota
	used
	closed
)

// expired marks Conn.until when the time has run out.
const expired = -1

// Ask writes out and gives the first bytes that come into into: at least one, or an error. It is one write and one read,
// for clear connections and TLS alike. The timeout bounds the whole, 0 does not; it is kept by the Set's sweep, so it may
// come up to half a second late. The error is a *Failure, whose Result is ResultStale when a kept connection turned out to
// have been closed before anything came.
//
// Ask is for requests that are sent in one piece; what is longer is sent by Write and read by Read.
func (c *Conn) Ask(out, into []byte, timeout time.Duration) (int, error) {
	if timeout > 0 {
		c.SetTimeout(timeout)
	}
	var n int
	var err error
	if c.tls == nil {
		n, err = c.socket.Ask(out, into)
	} else {
		n, err = c.askSecure(out, into)
	}
	if timeout > 0 {
		c.endTimeout()
	}
	if n > 0 {
		c.answered = true
		c.parts++
		return n, nil
	}
	return 0, c.Explain(err)
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.answered = true
		c.parts++
	}
	return n, err
}

// Explain makes an error of Read or Write a *Failure, which tells what it means for the endpoint. Ask has done so.
func (c *Conn) Explain(err error) error {
	if err == nil {
		return nil
	}
	f := &Failure{Result: ResultReset, Sent: true, Address: c.endpoint.address, Cause: err}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		f.Result = ResultTimeout
	case c.reused && !c.answered:
		f.Result = ResultStale
		c.pool.suspect()
	}
	return f
}

// askSecure holds the encrypted request back until TLS wants to read, so that both are one socket.Conn.Ask.
func (c *Conn) askSecure(out, into []byte) (int, error) {
	c.held.holding = len(out) <= heldLimit
	_, err := c.tls.Write(out)
	c.held.holding = false
	if err != nil {
		return 0, err
	}
	n, err := c.tls.Read(into)
	if flushed := c.held.flush(); err == nil {
		err = flushed
	}
	return n, err
}

// SetTimeout gives everything that is done on the connection from now on this long, all together; 0 sets no limit. When
// the time is over, reads and writes fail as after a deadline and the connection is not used again. It costs no timer:
// the end may be up to half a second late.
func (c *Conn) SetTimeout(d time.Duration) {
	if c.until.Load() == expired {
		return
	}
	var until int64
	if d > 0 {
		until = c.pool.clock.Load() + int64(d+sweepInterval)
	}
	if c.until.Swap(until) == expired {
		c.until.Store(expired)
		return
	}
	if !c.pool.unswept.Load() {
		return
	}
	if d > 0 {
		_ = c.bounded(c.Conn.SetDeadline(time.Now().Add(d)))
	} else {
		c.unlimited()
	}
}

// unlimited takes a real deadline away.
func (c *Conn) unlimited() { _ = c.bounded(c.Conn.SetDeadline(time.Time{})) }

// endTimeout ends what SetTimeout began; false when it was too late.
func (c *Conn) endTimeout() bool {
	for {
		until := c.until.Load()
		if until == expired {
			return false
		}
		if c.until.CompareAndSwap(until, 0) {
			if until > 0 && c.pool.unswept.Load() {
				c.unlimited()
			}
			return true
		}
	}
}

// expire ends the connection when its time has run out by now, which is on the pool's clock.
func (c *Conn) expire(now int64) {
	until := c.until.Load()
	if until > 0 && until <= now && c.until.CompareAndSwap(until, expired) {
		c.Cut()
	}
}

// Cut makes every read and write on the connection fail as after a deadline, those under way included, and keeps it from
// being used again. It may be called by another goroutine than the one that uses the connection, such as one that finds
// that the visitor has gone; the caller makes sure that it does not come after Release, when the connection may already
// serve somebody else. Close must not be used for this: it waits for a read under way.
func (c *Conn) Cut() {
	c.cut.Store(true)
	_ = c.socket.SetDeadline(time.Unix(1, 0))
}

// SetDeadline implements net.Conn. Release takes the deadline away again.
func (c *Conn) SetDeadline(t time.Time) error {
	c.dated = true
	return c.bounded(c.Conn.SetDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.dated = true
	return c.bounded(c.Conn.SetReadDeadline(t))
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.dated = true
	return c.bounded(c.Conn.SetWriteDeadline(t))
}

// bounded keeps a later deadline from undoing a Cut.
func (c *Conn) bounded(err error) error {
	if c.cut.Load() {
		return c.socket.SetDeadline(time.Unix(1, 0))
	}
	return err
}

// Socket is the connection itself where it is in clear, for splicing; nil over TLS.
func (c *Conn) Socket() *socket.Conn {
	if c.tls != nil {
		return nil
	}
	c.Doubt()
	return c.socket
}

// Doubt has the connection left alone for a moment and looked at before it is used again: more may come on it than belongs to the answer, such as the
// body of an answer that has none. What came in several reads is doubted anyway.
func (c *Conn) Doubt() { c.parts = severalParts }

// severalParts are so many reads that what comes behind an answer need not have come with its end.
const severalParts = 2

// TLS is the state of the handshake, nil for a connection in clear.
func (c *Conn) TLS() *tls.ConnectionState {
	if c.tls == nil {
		return nil
	}
	state := c.tls.ConnectionState()
	return &state
}

// Endpoint is where the connection leads.
func (c *Conn) Endpoint() *Endpoint { return c.endpoint }

// Reused says whether the connection was kept from an earlier request.
func (c *Conn) Reused() bool { return c.reused }

// Stale says whether an unused connection can be used no more: the endpoint has closed it, or has sent what nobody asked
// for. It looks without taking anything. Connect has done so already where the connection was idle for long.
func (c *Conn) Stale() bool { return c.cut.Load() || !c.quiet.quiet() }

// Release gives the connection back: to be kept if reusable, which is that the whole answer was read, nothing came after
// it, and neither side asked for the end; else it is closed. A second Release does nothing.
func (c *Conn) Release(reusable bool) {
	if !c.use.CompareAndSwap(used, idle) {
		return
	}
	if !c.endTimeout() {
		reusable = false
	}
	if c.dated && reusable {
		c.dated = false
		reusable = c.Conn.SetDeadline(time.Time{}) == nil
	}
	c.endpoint.busy.Add(-1)
	c.pool.give(c, reusable && !c.cut.Load() && c.emptied())
}

// emptied says whether TLS holds nothing that was received and not read: bytes behind an answer, or the end.
func (c *Conn) emptied() bool {
	if c.tls == nil {
		return true
	}
	c.held.emptying = true
	n, err := c.tls.Read(c.quiet.byte[:])
	c.held.emptying = false
	return n == 0 && errors.Is(err, socket.ErrWouldBlock)
}

// nothing is what TLS is told while it must not wait. It says that it is temporary, which leaves the session as it is.
type nothing struct{}

// Error implements error.
func (nothing) Error() string { return socket.ErrWouldBlock.Error() }

// Unwrap makes it a socket.ErrWouldBlock.
func (nothing) Unwrap() error { return socket.ErrWouldBlock }

// Timeout implements net.Error.
func (nothing) Timeout() bool { return false }

// Temporary implements net.Error.
func (nothing) Temporary() bool { return true }

// Close is Release(false).
func (c *Conn) Close() error {
	c.Release(false)
	return nil
}

// shut closes the connection itself.
func (c *Conn) shut() {
	c.use.Store(closed)
	// TLS would first write an alert, which can wait for an endpoint that takes nothing.
	_ = c.socket.Close()
}

// CloseWrite tells the endpoint that nothing more will come.
func (c *Conn) CloseWrite() error {
	if c.tls != nil {
		return c.tls.CloseWrite()
	}
	return c.socket.CloseWrite()
}

// heldLimit bounds the requests that askSecure holds back, heldKept the memory an idle connection keeps for it.
const (
	heldLimit = 64 << 10
	heldKept  = 8 << 10
)

// held is the socket under TLS. While holding, it keeps what TLS writes; the next read sends it.
type held struct {
	*socket.Conn
	holding  bool
	emptying bool // what is here is read and nothing is waited for
	pending  []byte
}

// Write keeps p while holding.
func (h *held) Write(p []byte) (int, error) {
	if h.holding {
		h.pending = append(h.pending, p...)
		return len(p), nil
	}
	return h.Conn.Write(p)
}

// Read sends what was held back, and waits for bytes.
func (h *held) Read(p []byte) (int, error) {
	if h.emptying {
		return 0, nothing{}
	}
	if len(h.pending) == 0 {
		return h.Conn.Read(p)
	}
	return h.Conn.Ask(h.taken(), p)
}

// flush sends what was held back if TLS had something to read all the same.
func (h *held) flush() error {
	if len(h.pending) == 0 {
		return nil
	}
	_, err := h.Conn.Write(h.taken())
	return err
}

func (h *held) taken() []byte {
	out := h.pending
	h.pending = out[:0]
	if cap(out) > heldKept {
		h.pending = nil
	}
	return out
}

var (
	_ net.Conn  = (*Conn)(nil)
	_ io.Reader = (*held)(nil)
)
