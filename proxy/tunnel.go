package proxy

import (
	"io"
	"sync/atomic"
	"time"

	"wayguard/origin"
)

// switchOver gives the visitor the answer that switches protocols, and carries what follows, both ways, until both ends have
// closed or one has broken.
func (p *passage) switchOver(e *origin.Endpoint, conn *origin.Conn) {
	e.Report(origin.ResultOK)
	if p.ex != nil {
		p.ex.answered(101, p.response.Fields, 0)
		// What follows is no longer HTTP, and may last for days.
		p.ex.responseDone(true)
		p.ex.requestDone(true)
		p.ex.end()
	}
	a, plain := p.visitor.(*answering)
	p.head = reply{head: &p.response, status: 101, reason: p.response.Reason, fields: p.response.Fields, framing: p.response.Framing,
		drop: p.directive.DropResponse, add: p.directive.AddResponse}
	if !plain || p.visitor.respond(&p.head) != nil || p.visitor.write(p.back[p.from:p.to]) != nil || p.visitor.flush() != nil {
		p.done(conn, false)
		p.left()
		return
	}
	a.last, a.aborted = true, true
	c := a.conn
	watch := &c.down
	if watch.enter(phaseTunnel, c.wire.clock.read()) == cutNot {
		p.tunnel(c, conn)
	}
	watch.enter(phaseWorking, c.wire.clock.read())
	p.done(conn, false)
}

// tunnelled is the origin's end of a tunnel: an *origin.Conn.
type tunnelled interface {
	io.ReadWriter
	CloseWrite() error
	Cut()
	SetReadDeadline(t time.Time) error
}

// tunnel carries bytes both ways.
func (p *passage) tunnel(c *conn, conn tunnelled) {
	early := c.in[c.from:c.to]
	c.from = c.to
	stall := c.wire.config.Limits.StallTimeout
	visitor := &halfLimit{deadline: c.socket.SetReadDeadline, stall: stall}
	origin := &halfLimit{deadline: conn.SetReadDeadline, stall: stall}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			if recovered := recover(); recovered != nil {
				p.wire.panicked(recovered)
				c.stopReading()
			}
		}()
		// From the visitor to the origin.
		if _, err := conn.Write(early); err != nil || c.pump(conn, &half{Reader: c.visitorSide(), limit: visitor}) != nil {
			conn.Cut()
			return
		}
		_ = conn.CloseWrite()
		origin.begin()
	}()
	if c.pump(c.visitorSide(), &half{Reader: conn, limit: origin}) != nil {
		_ = c.socket.SetDeadline(past())
	} else if c.tls != nil {
		c.tls.closeWrite()
	} else {
		_ = c.socket.CloseWrite()
	}
	visitor.begin()
	<-ended
}

// halfLimit ends one direction of a tunnel whose other one has ended, when nothing comes any more: who has nothing to say and
// hears nothing is not there for ever.
type halfLimit struct {
	deadline func(time.Time) error
	stall    time.Duration
	begun    atomic.Bool
}

// begin says that the other direction has ended.
func (l *halfLimit) begin() {
	l.begun.Store(true)
	l.renew()
}

func (l *halfLimit) renew() { _ = l.deadline(time.Now().Add(l.stall)) }

// half reads one direction of a tunnel.
type half struct {
	io.Reader
	limit *halfLimit
}

// Read implements io.Reader.
func (h *half) Read(p []byte) (int, error) {
	if h.limit.begun.Load() {
		h.limit.renew()
	}
	return h.Reader.Read(p)
}

// visitorSide is the visitor's connection as a stream.
func (c *conn) visitorSide() io.ReadWriter {
	if c.tls != nil {
		return c.tls.conn
	}
	return c.socket
}

// pump copies until the end of a stream, which is no error.
func (c *conn) pump(to io.Writer, from io.Reader) error {
	buffer := c.wire.buffers.take(middleBuffer)
	defer c.wire.buffers.give(buffer)
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, onlyReader{from}, buffer)
	return err
}
