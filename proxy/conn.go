package proxy

import (
	"errors"
	"io"
	"strings"
	"time"

	"wayguard/http1"
	"wayguard/http2"
	"wayguard/socket"
)

// conn is a visitor's HTTP/1 connection. One goroutine does everything but sending long bodies to the origin. While
// the connection is idle it holds no buffer and no passage.
type conn struct {
	wire   *wire
	door   *entrance
	socket *socket.Conn
	tls    *session // nil in clear
	origin identity
	hints  hintMemory

	readyFunc func(first bool) (wait bool)
	in        []byte   // the bytes received and not yet handled are in[from:to]; nil while there are none
	from, to  int      //
	scanned   int      // up to here no end of a head was found
	dry       bool     // there is nothing to be read until the next wait
	inside    bool     // Serve runs, with readyFunc
	requests  int      // how many were carried
	passage   *passage // the one that is being carried, nil between requests
	answer    answering
	then      next

	down, up watch

	// What the sweeper remembers; nobody else reads it.
	looked       uint64
	peeked       int64
	acknowledged uint64
}

// next is what is to be done after a wait for requests.
type next uint8

const (
	thenEnd    next = iota // end the connection
	thenLinger             // end it, but let the visitor take the answer first
	thenHTTP2              // speak HTTP/2, which began in clear
	thenStream             // carry a request that may have to read more from the visitor
)

// live is a connection's life.
func (c *conn) live() {
	defer c.wire.done.Done()
	defer c.die()
	defer func() {
		if recovered := recover(); recovered != nil {
			c.wire.panicked(recovered)
		}
	}()
	if !c.begun() {
		return
	}
	for {
		c.inside = true
		err := c.socket.Serve(c.readyFunc)
		c.inside = false
		if err != nil {
			if c.interrupted() {
				continue
			}
			return
		}
		switch c.then {
		case thenStream:
			if !c.stream() {
				return
			}
		case thenHTTP2:
			received := c.in[c.from:c.to]
			c.http2(received)
			return
		case thenLinger:
			c.linger()
			return
		default:
			return
		}
	}
}

// panicked notes a mistake of ours, which costs one connection.
func (w *wire) panicked(recovered any) {
	w.counts.panics.Add(1)
	w.complaints.say("carrying a request panicked", "panic", panicText(recovered))
}

// die gives everything back.
func (c *conn) die() {
	c.inside = false // a panic may have left it
	c.down.enter(phaseWorking, 0)
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	if p := c.passage; p != nil {
		// A panic left it: nobody knows in what state, so it is not used again.
		c.passage = nil
		p.abandon()
	}
	if c.tls != nil {
		c.tls.close()
	}
	_ = c.socket.Close()
	c.release()
}

// ready handles what has come. It is called inside Serve.
func (c *conn) ready(first bool) (wait bool) {
	c.dry, c.then = false, thenEnd
	if first && c.from < c.to && !c.steps() { // what came behind the last request
		return false
	}
	for {
		n, err := c.fill()
		if err == socket.ErrWouldBlock {
			return c.park()
		}
		if err != nil {
			if c.from < c.to {
				c.wire.counts.badRequests.Add(1)
			}
			return false
		}
		c.to += n
		if !c.steps() {
			return false
		}
	}
}

// steps handles the requests that are all here. It answers false when Serve must end.
func (c *conn) steps() bool {
	for c.from < c.to {
		more, leave := c.step()
		if leave {
			return false
		}
		if more {
			break
		}
	}
	return true
}

// park announces the wait for more; false when the connection is to end instead. An idle connection gives its buffer back.
func (c *conn) park() bool {
	waits := phaseIdle
	switch {
	case c.from < c.to:
		waits = phaseHead
	case c.requests == 0:
		waits = phaseNew
	}
	if waits != phaseHead {
		c.release()
	}
	// The time limit of a head counts from its first byte.
	if word, current, _ := c.down.look(0); current != waits || word&watchCut != 0 {
		if c.down.enter(waits, c.wire.clock.read()) != cutNot {
			return false
		}
	}
	return waits != phaseIdle || !c.wire.stopping.Load() // one that has just begun is spared, see stopIfIdle
}

func (c *conn) release() {
	if c.in != nil {
		c.wire.buffers.give(c.in)
	}
	c.in, c.from, c.to, c.scanned = nil, 0, 0, 0
}

// fill reads what is there, making room first. ErrWouldBlock says that there is nothing now.
func (c *conn) fill() (int, error) {
	c.room()
	if c.tls != nil {
		return c.fillSecure()
	}
	if c.dry {
		return 0, socket.ErrWouldBlock
	}
	n, err := c.socket.TryRead(c.in[c.to:])
	// A short read took everything, and what comes later wakes us; but not the end of the stream when it came together with
	// these bytes. Visitors who do that are those of a single request.
	c.dry = err == nil && n < len(c.in)-c.to && c.requests > 0
	return n, err
}

// room makes space behind what was received, moving it or taking a larger buffer. A head that is larger than allowed was
// refused before.
func (c *conn) room() {
	switch {
	case c.in == nil:
		c.in = c.wire.buffers.take(smallBuffer)
	case c.from == c.to:
		c.from, c.to, c.scanned = 0, 0, 0
	case c.to == len(c.in) && c.from > 0:
		copy(c.in, c.in[c.from:c.to])
		c.to, c.scanned, c.from = c.to-c.from, c.scanned-c.from, 0
	case c.to == len(c.in):
		larger := c.wire.buffers.take(4 * len(c.in))
		copy(larger, c.in)
		c.wire.buffers.give(c.in)
		c.in = larger
	}
}

// step handles the request at the beginning of what was received. more says that it is not all there, leave that Serve must
// end for what then says.
func (c *conn) step() (more, leave bool) {
	if c.scanned > c.from && !headEnds(c.in[max(c.from, c.scanned-3):c.to]) && c.to-c.from < c.wire.limits.HeadBytes {
		c.scanned = c.to
		return true, false
	}
	if c.requests == 0 && c.door.Config.H2C && c.in[c.from] == 'P' && c.prefaced() {
		c.then = thenHTTP2
		return false, true
	}
	p := c.wire.take()
	n, err := p.request.Parse(c.in[c.from:c.to], c.wire.limits)
	if err == http1.ErrMore {
		c.wire.give(p)
		c.scanned = c.to
		return true, false
	}
	c.passage = p
	if !c.begin(p) {
		return false, true
	}
	if err != nil {
		c.refuse(p, err)
		return false, true
	}
	c.from += n
	whole, err := c.body(p)
	switch {
	case err != nil:
		c.refuse(p, err)
		return false, true
	case !whole || p.asked.upgrade != "": // both need to read outside of Serve
		c.then = thenStream
		return false, true
	}
	p.run()
	return false, c.over()
}

// prefaced says whether the connection begins as HTTP/2 does.
func (c *conn) prefaced() bool {
	got := string(c.in[c.from:min(c.to, c.from+len(http2.Preface))])
	return len(got) > len("PRI ") && strings.HasPrefix(http2.Preface, got)
}

// headEnds says whether an empty line may have come.
func headEnds(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] == '\n' && (b[i+1] == '\n' || b[i+1] == '\r' && (i+2 == len(b) || b[i+2] == '\n')) {
			return true
		}
	}
	return false
}

// over ends a passage. It says whether the connection ends too, or must leave Serve.
func (c *conn) over() (leave bool) {
	c.drop()
	a := &c.answer
	switch {
	case a.aborted || a.failed:
		c.then = thenEnd
	case a.last || c.wire.stopping.Load():
		c.then = thenEnd
		if a.unread || c.from < c.to {
			c.then = thenLinger
		}
	default:
		return false
	}
	return true
}

// drop gives the passage back.
func (c *conn) drop() {
	p := c.passage
	c.passage = nil
	c.wire.give(p)
}

// refuse answers a request that cannot be read one way only.
func (c *conn) refuse(p *passage, err error) {
	c.wire.counts.requests.Add(1)
	c.wire.counts.badRequests.Add(1)
	status := 400
	var problem *http1.Error
	if errors.As(err, &problem) {
		status = problem.Status
		c.wire.counts.refuse(problem.Reason)
	}
	c.farewell(p, status)
	c.then = thenLinger
}

// farewell gives the last answer of a connection whose request was not read to its end.
func (c *conn) farewell(p *passage, status int) {
	c.answer = answering{conn: c, passage: p, kept: p.reply[:0], last: true, unread: true, minor: 1}
	p.visitor = &c.answer
	p.plain(status)
	c.drop()
}

// interrupted ends a connection whose wait for a request was cut. It answers true where a request came just then, which would
// otherwise be lost.
func (c *conn) interrupted() (again bool) {
	switch why := c.down.enter(phaseWorking, 0); {
	case c.wire.killed.Load():
	case why == cutTime && c.from < c.to:
		c.timedOut()
	case why == cutStopping && c.socket.Waiting():
		return c.socket.SetReadDeadline(time.Time{}) == nil
	}
	return false
}

// timedOut tells a visitor that the rest of the head did not come.
func (c *conn) timedOut() {
	_ = c.socket.SetWriteDeadline(time.Now().Add(time.Second))
	c.wire.counts.badRequests.Add(1)
	c.passage = c.wire.take()
	c.farewell(c.passage, 408)
}

// linger lets a visitor take the last answer: to close a connection with bytes that nobody read would take it away from them.
func (c *conn) linger() {
	if c.wire.killed.Load() {
		return
	}
	_ = c.socket.SetReadDeadline(time.Time{})
	if c.down.enter(phaseLeaving, c.wire.clock.read()) != cutNot {
		return
	}
	if c.tls != nil {
		c.tls.closeWrite()
	}
	_ = c.socket.CloseWrite()
	scrap := c.wire.buffers.take(smallBuffer)
	defer c.wire.buffers.give(scrap)
	_, _ = io.CopyBuffer(io.Discard, onlyReader{c.socket}, scrap)
}

// onlyReader hides every other method of a reader.
type onlyReader struct{ io.Reader }

// write gives the socket what the visitor is to have. Inside Serve only this goroutine writes.
func (c *conn) write(p []byte) (int, error) {
	if c.inside {
		return c.socket.WriteInside(p)
	}
	return c.socket.Write(p)
}

// gone says whether the visitor has closed its connection.
func (c *conn) gone() bool {
	if c.tls != nil {
		return c.socket.HungUp(alertBytes)
	}
	return c.socket.HungUp(0)
}
