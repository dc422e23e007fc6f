package proxy

import (
	"io"

	"wayguard/origin"
)

// switchOver gives the visitor the answer that switches protocols, and carries what follows, both ways, until both ends have
// closed or one has broken.
func (p *passage) switchOver(e *origin.Endpoint, conn *origin.Conn) {
	e.Report(origin.ResultOK)
	if p.ex != nil {
		p.ex.answered(101, p.response.Fields)
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

// tunnel carries bytes both ways.
func (p *passage) tunnel(c *conn, conn *origin.Conn) {
	early := c.in[c.from:c.to]
	c.from = c.to
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
		if _, err := conn.Write(early); err != nil || c.pump(conn, c.visitorSide()) != nil {
			conn.Cut()
			return
		}
		_ = conn.CloseWrite()
	}()
	if c.pump(c.visitorSide(), conn) != nil {
		_ = c.socket.SetDeadline(past())
	} else if c.tls != nil {
		c.tls.closeWrite()
	} else {
		_ = c.socket.CloseWrite()
	}
	<-ended
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
