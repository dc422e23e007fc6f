package http2

import (
	"io"

	"wayguard/http1"
)

// data takes a DATA frame; false when the connection has ended.
func (c *conn) data(f *frame) bool {
	size := len(f.payload)
	if f.stream == 0 || f.stream > c.last {
		c.protocol(ProtocolError, "data on an idle stream")
		return false
	}
	// Padding counts, and so does what nobody wants any more (RFC 9113 section 6.9.1).
	c.recvWindow -= size
	if c.recvWindow < 0 {
		c.protocol(FlowControlError, "data beyond the window")
		return false
	}
	s := c.streams[f.stream]
	if s == nil || s.closed {
		c.giveBack(size)
		return c.lateData(f.stream)
	}
	s.recvWindow -= size
	switch {
	case !f.unpad():
		c.protocol(ProtocolError, "padding")
		return false
	case s.recvEnd:
		c.giveBack(size)
		return c.offend(s, StreamClosed)
	case s.recvWindow < 0:
		c.giveBack(size)
		return c.offend(s, FlowControlError)
	}
	padding := size - len(f.payload)
	s.taken += padding
	c.giveBack(padding)
	return c.bodyPart(s, f.payload, f.has(flagEndStream))
}

// lateData takes data for a stream that has ended.
func (c *conn) lateData(stream uint32) bool {
	switch c.old.find(stream) {
	case endedByUs: // it was on its way
		return c.spend(1)
	case endedBoth:
		c.protocol(StreamClosed, "data on a closed stream")
		return false
	}
	c.output.block.bytes = appendReset(c.room(13), stream, StreamClosed)
	return c.spend(2)
}

func (c *conn) bodyPart(s *Stream, data []byte, end bool) bool {
	s.received += int64(len(data))
	if s.length >= 0 && s.received > s.length {
		c.giveBack(len(data))
		return c.offend(s, ProtocolError)
	}
	if len(data) > 0 {
		s.body.push(&c.server.blocks, data)
		if c.server.waiting.Add(int64(len(data))) <= c.server.config.BodyMemory {
			c.giveBack(len(data)) // so that a body nobody reads holds up no other
		} else {
			s.owed += len(data)
		}
	}
	switch {
	case end:
		return c.endBody(s)
	case len(data) == 0:
		return c.spend(1)
	}
	s.wakeReader()
	return true
}

// endBody ends a request's body.
func (c *conn) endBody(s *Stream) bool {
	if s.length >= 0 && s.received != s.length {
		return c.offend(s, ProtocolError)
	}
	s.recvEnd = true
	s.wakeReader()
	return true
}

// giveBack lets the visitor send so many more bytes on the connection, told when it is worth a frame.
func (c *conn) giveBack(n int) {
	c.recvTaken += n
	if c.recvTaken < c.server.config.ConnectionWindow/2 || c.leave.ending || c.broken {
		return
	}
	c.output.block.bytes = appendWindow(c.room(13), 0, c.recvTaken)
	c.recvWindow += c.recvTaken
	c.recvTaken = 0
}

// Read reads the request's body: io.EOF at its end, after which Trailers are complete. It waits for the visitor, no longer
// than Config.StallTimeout for a byte.
func (s *Stream) Read(p []byte) (int, error) {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case s.body.len() > 0 && len(p) > 0:
			n := s.body.pull(&c.server.blocks, p)
			c.read1(s, n)
			return n, nil
		case s.recvEnd && s.body.len() == 0:
			return 0, io.EOF
		case s.err != nil:
			return 0, s.err
		case len(p) == 0:
			return 0, nil
		}
		s.readSince = c.server.clock.Load()
		s.reading = true
		c.mu.Unlock()
		<-s.readable
		c.mu.Lock()
		s.readSince = 0
	}
}

// read1 gives back the windows of n bytes that were read.
func (c *conn) read1(s *Stream, n int) {
	c.server.waiting.Add(-int64(n))
	owed := min(s.owed, n)
	s.owed -= owed
	c.giveBack(owed)
	s.taken += n
	if !s.recvEnd && !s.closed && s.taken >= c.server.config.StreamWindow/2 {
		c.output.block.bytes = appendWindow(c.room(13), s.id, s.taken)
		s.recvWindow += s.taken
		s.taken = 0
	}
	c.kick()
}

// Trailers are the fields after the body. They are complete when Read has given io.EOF.
func (s *Stream) Trailers() []http1.Field {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.trailers
}
