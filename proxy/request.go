package proxy

import (
	"io"
	"sync/atomic"
	"time"

	"wayguard/http1"
)

// begin prepares the carrying of a request whose head was parsed. It answers false when the connection was cut.
func (c *conn) begin(p *passage) bool {
	c.requests++
	c.scanned = c.from
	if c.down.enter(phaseWorking, c.wire.clock.read()) != cutNot {
		c.drop()
		return false
	}
	r := &p.request
	c.answer = answering{conn: c, passage: p, minor: r.Minor, bare: r.Method == "HEAD", last: r.Close, kept: p.reply[:0]}
	p.visitor = &c.answer
	a := &p.asked
	*a = asked{
		head: r, method: r.Method, scheme: "http", authority: r.Authority, path: r.Path, query: r.Query,
		target: r.Target, fields: r.Fields, framing: r.Framing, upgrade: r.Upgrade, expects: r.Expect && r.Minor > 0, origin: c.origin,
	}
	if r.Minor == 0 {
		a.origin.protocol = "HTTP/1.0"
	}
	if c.origin.secure {
		a.scheme = "https"
	}
	return true
}

// body sees whether the request's body is all here; then it is p.asked.body. The error is that of a body that cannot be read.
func (c *conn) body(p *passage) (whole bool, err error) {
	framing := p.request.Framing
	switch {
	case framing.Chunked:
		return c.chunkedBody(p)
	case framing.Length <= int64(c.to-c.from):
		p.asked.whole, p.asked.body = true, c.in[c.from:c.from+int(framing.Length)]
		c.from += int(framing.Length)
		return true, nil
	}
	return false, nil
}

// chunkedBody takes a chunked body out of its framing, in place, when it is all here. When it is not, nothing is changed.
func (c *conn) chunkedBody(p *passage) (whole bool, err error) {
	p.chunks.Reset()
	p.chunks.Limits = c.wire.limits
	size := 0
	for at := c.from; at < c.to; {
		data, consumed, done, err := p.chunks.Next(c.in[at:c.to])
		at += consumed
		size += len(data)
		switch {
		case err != nil:
			return false, err
		case done:
			p.asked.whole, p.asked.body = true, c.gather(p, size)
			return true, nil
		case consumed == 0:
			return false, nil
		}
	}
	return false, nil
}

// gather joins the pieces of a chunked body that was found to be whole.
func (c *conn) gather(p *passage, size int) []byte {
	p.chunks.Reset()
	begin, end := c.from, c.from
	for {
		data, consumed, done, _ := p.chunks.Next(c.in[c.from:c.to])
		c.from += consumed
		end += copy(c.in[end:], data)
		if done {
			return c.in[begin : begin+size : end]
		}
	}
}

// stream carries a request whose body is still coming, or that asks for another protocol, outside of Serve. It says whether
// the connection goes on.
func (c *conn) stream() bool {
	p := c.passage
	var in *inbound
	if !p.asked.whole {
		p.memory = p.request.Rebase(p.memory[:0]) // the buffer is needed for the body
		p.asked.rebase(&p.request)
		in = &inbound{conn: c, passage: p, left: p.request.Framing.Length, chunked: p.request.Framing.Chunked}
		p.chunks.Reset()
		p.asked.stream, c.answer.inbound = in, in
	}
	if c.tls != nil {
		c.tls.block(true)
		defer c.tls.block(false)
	}
	p.run()
	c.scanned = c.from // the body has moved what lies behind it
	if in != nil && !in.ended.Load() {
		c.answer.unread, c.answer.last = true, true
	}
	if !c.over() {
		return true
	}
	if c.then == thenLinger {
		c.linger()
	}
	return false
}

// rebase points the strings at the head's new memory.
func (a *asked) rebase(r *http1.Request) {
	a.method, a.path, a.query, a.fields = r.Method, r.Path, r.Query, r.Fields
	a.target, a.authority, a.upgrade = r.Target, r.Authority, r.Upgrade
}

// inbound is a body that comes over an HTTP/1 connection. One goroutine reads it.
type inbound struct {
	conn    *conn
	passage *passage
	chunked bool
	left    int64  // bytes of a body of known length
	pending []byte // decoded and not yet given
	ended   atomic.Bool
	err     error
}

// Read implements io.Reader.
func (b *inbound) Read(into []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.read(into)
	if err == io.EOF {
		b.ended.Store(true)
	}
	b.err = err
	return n, err
}

func (b *inbound) read(into []byte) (int, error) {
	if b.chunked {
		return b.readChunk(into)
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(into)) > b.left {
		into = into[:b.left]
	}
	n, err := b.conn.receive(into)
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *inbound) readChunk(into []byte) (int, error) {
	c := b.conn
	for len(b.pending) == 0 {
		if c.from == c.to {
			if err := c.more(); err != nil {
				return 0, err
			}
		}
		data, consumed, done, err := b.passage.chunks.Next(c.in[c.from:c.to])
		c.from += consumed
		switch {
		case err != nil:
			return 0, &brokenBody{}
		case done:
			return 0, io.EOF
		}
		b.pending = data
	}
	n := copy(into, b.pending)
	b.pending = b.pending[n:]
	return n, nil
}

// brokenBody is a chunked coding that cannot be read. What it holds is told to nobody.
type brokenBody struct{}

// Error implements error.
func (*brokenBody) Error() string { return "the body's coding is broken" }

// more waits for bytes, behind those that were received.
func (c *conn) more() error {
	if c.from == c.to {
		c.from, c.to = 0, 0
	}
	if c.in == nil {
		c.in = c.wire.buffers.take(smallBuffer)
	}
	n, err := c.wait(c.in[c.to:])
	c.to += n
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// receive gives bytes that were received before, or waits for some.
func (c *conn) receive(into []byte) (int, error) {
	if c.from < c.to {
		n := copy(into, c.in[c.from:c.to])
		c.from += n
		return n, nil
	}
	return c.wait(into)
}

// wait reads outside of Serve.
func (c *conn) wait(into []byte) (int, error) {
	if c.up.enter(phaseReceiving, c.wire.clock.read()) == cutTime {
		return 0, errStalled
	}
	var n int
	var err error
	if c.tls != nil {
		n, err = c.tls.conn.Read(into)
	} else {
		n, err = c.socket.Read(into)
	}
	if c.up.enter(phaseWorking, c.wire.clock.read()) == cutTime {
		_ = c.socket.SetReadDeadline(time.Time{})
		return 0, errStalled
	}
	if n > 0 {
		err = nil
	}
	return n, err
}

func (b *inbound) trailers() []http1.Field {
	if !b.chunked {
		return nil
	}
	return b.passage.chunks.Trailers()
}

// proceed implements stream. What was sent already needs no word.
func (b *inbound) proceed() error {
	return b.conn.answer.inform(&reply{status: 100})
}

// over implements stream.
func (b *inbound) over() bool { return b.ended.Load() }

// stop implements stream.
func (b *inbound) stop() { _ = b.conn.socket.SetReadDeadline(past()) }
