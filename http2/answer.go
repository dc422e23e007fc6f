package http2

import (
	"wayguard/http1"
)

// Inform sends an informational head (status 100 to 199, not 101) before the final one.
func (s *Stream) Inform(status int, fields []http1.Field) error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if status < 100 || status > 199 || status == 101 {
		return ErrOrder
	}
	if err := s.awaitRoom(); err != nil {
		return err
	}
	if s.answered {
		return ErrOrder
	}
	c.appendFields(s, status, fields, false)
	c.flush()
	return nil
}

// Respond sends the head of the answer, and its end if there is no body. Fields that concern a connection are left out,
// names are written in lower case.
func (s *Stream) Respond(status int, fields []http1.Field, end bool) error {
	return s.Answer(status, fields, nil, end)
}

// Answer is Respond and Write at once: head and body, or its beginning, go out together.
func (s *Stream) Answer(status int, fields []http1.Field, body []byte, end bool) error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if status < 200 || status > 999 {
		return ErrOrder
	}
	if err := s.awaitRoom(); err != nil {
		return err
	}
	if s.answered {
		return ErrOrder
	}
	s.answered = true
	s.bodiless = s.method == "HEAD" || status == 204 || status == 304
	for i := range fields {
		if http1.Lookup(fields[i].Name) == http1.ContentLength {
			s.sendLength = parseLength(fields[i].Value)
		}
	}
	whole := end && len(body) == 0
	if whole && !s.complete() {
		return s.fail(ErrLength)
	}
	c.appendFields(s, status, fields, whole)
	var err error
	if whole {
		s.ended()
	} else if len(body) > 0 {
		_, err = s.send(body, end)
	}
	c.flush()
	return err
}

// Write sends a part of the answer's body. It waits while the visitor takes nothing, up to Config.StallTimeout.
func (s *Stream) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, s.Err()
	}
	return s.write(p, false)
}

// End sends the last part of the answer's body, and its end.
func (s *Stream) End(p []byte) error {
	_, err := s.write(p, true)
	return err
}

func (s *Stream) write(p []byte, end bool) (int, error) {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := s.send(p, end)
	c.flush()
	return n, err
}

// Finish ends the answer, with trailers if there are any.
func (s *Stream) Finish(trailers []http1.Field) error {
	if len(trailers) == 0 {
		return s.End(nil)
	}
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := s.awaitRoom(); err != nil {
		return err
	}
	if !s.answered {
		return ErrOrder
	}
	if !s.complete() {
		return s.fail(ErrLength)
	}
	c.appendFields(s, 0, trailers, true)
	s.ended()
	c.flush()
	return nil
}

// Reset ends the stream without an answer, or in the middle of one: the visitor sees that something is missing.
// RefusedStream says that the request was not begun and may be repeated.
func (s *Stream) Reset(code Code) {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset(s, code, ErrAnswered)
	c.flush()
}

// fail resets the stream for an answer that cannot be sent as it is.
func (s *Stream) fail(err error) error {
	s.conn.reset(s, InternalError, ErrAnswered)
	s.conn.flush()
	return err
}

// complete says whether the answer's body has the length that its head said.
func (s *Stream) complete() bool { return s.bodiless || s.sendLength < 0 || s.sent == s.sendLength }

// ended notes that the end of the answer is among the outgoing bytes.
func (s *Stream) ended() {
	c := s.conn
	s.sendEnd = true
	c.budget.earn(workPerRequest)
	c.budget.wasted = max(0, c.budget.wasted-1)
	if s.recvEnd {
		c.close(s, endedBoth, nil)
		return
	}
	// What is left of the request is of no use: the visitor need not send it (RFC 9113 section 8.1).
	c.reset(s, NoError, ErrAnswered)
}

// send appends DATA frames as far as windows and room allow, waiting for more.
func (s *Stream) send(p []byte, end bool) (n int, err error) {
	c := s.conn
	if err := s.maySend(int64(len(p)), end); err != nil {
		return 0, err
	}
	defer c.wakeNext() // whoever was woken wakes the next, also when it has nothing more to say
	for {
		if s.err != nil {
			return n, s.err
		}
		part := int(min(int64(len(p)-n), maxFrame, s.sendWindow, c.sendWindow))
		switch {
		case c.output.len() >= outputMost:
			s.awaitOutput()
			continue
		case part <= 0 && n < len(p):
			s.awaitWindow()
			continue
		}
		last := end && n+part == len(p)
		s.appendData(p[n:n+part], last)
		n += part
		if last {
			s.ended()
		}
		if n == len(p) {
			return n, nil
		}
		if c.output.first != nil && c.output.len() < outputMost { // each a frame in turn
			s.needsWindow = false
			c.wait(s)
			s.park()
		}
	}
}

// maySend checks that a body of so many bytes more is in order.
func (s *Stream) maySend(more int64, end bool) error {
	switch {
	case s.err != nil:
		return s.err
	case !s.answered:
		return ErrOrder
	}
	s.sent += more
	if !s.bodiless && s.sendLength >= 0 && (s.sent > s.sendLength || end && s.sent != s.sendLength) || s.bodiless && more > 0 {
		return s.fail(ErrLength)
	}
	return nil
}

func (s *Stream) appendData(p []byte, last bool) {
	c := s.conn
	flags := byte(0)
	if last {
		flags = flagEndStream
	}
	out := appendHead(c.room(frameHead+len(p)), len(p), frameData, flags, s.id)
	c.output.block.bytes = append(out, p...)
	s.sendWindow -= int64(len(p))
	c.sendWindow -= int64(len(p))
	c.budget.earn(2 + len(p)/1024)
}

// appendFields appends a field block: of a head, or of trailers when status is 0.
func (c *conn) appendFields(s *Stream, status int, fields []http1.Field, end bool) {
	out := c.room(512)
	start := len(out)
	flags := byte(flagEndHeaders)
	if end {
		flags |= flagEndStream
	}
	out = appendHead(out, 0, frameHeaders, flags, s.id)
	if status > 0 {
		out = c.encoder.appendStatus(out, status)
	} else {
		out = c.encoder.begin(out)
	}
	for i := range fields {
		if known := http1.Lookup(fields[i].Name); !ofConnection(known) {
			out = c.encoder.appendField(out, fields[i].Name, fields[i].Value)
		}
	}
	size := len(out) - start - frameHead
	if size > maxFrame {
		out = split(out, start, s.id)
	} else {
		out[start], out[start+1], out[start+2] = byte(size>>16), byte(size>>8), byte(size)
	}
	c.output.block.bytes = out
}

// ofConnection are the fields that HTTP/2 does not have (RFC 9113 section 8.2.2).
func ofConnection(known http1.Name) bool {
	switch known {
	case http1.Connection, http1.KeepAlive, http1.ProxyConnection, http1.TransferEncoding, http1.Upgrade, http1.HTTP2Settings:
		return true
	}
	return false
}

// split makes CONTINUATION frames of the HEADERS frame at start, which is too long for one.
func split(out []byte, start int, stream uint32) []byte {
	rest := append([]byte(nil), out[start+frameHead+maxFrame:]...)
	out = out[:start+frameHead+maxFrame]
	out[start], out[start+1], out[start+2] = byte(maxFrame>>16), byte(maxFrame>>8&0xff), byte(maxFrame&0xff)
	out[start+4] &^= flagEndHeaders
	for len(rest) > 0 {
		n := min(len(rest), maxFrame)
		flags := byte(0)
		if n == len(rest) {
			flags = flagEndHeaders
		}
		out = append(appendHead(out, n, frameContinuation, flags, stream), rest[:n]...)
		rest = rest[n:]
	}
	return out
}

// awaitRoom waits until a head may be appended.
func (s *Stream) awaitRoom() error {
	waited := false
	for s.err == nil && s.conn.output.len() >= outputMost {
		waited = true
		s.awaitOutput()
	}
	if waited {
		s.conn.wakeNext()
	}
	return s.err
}

// awaitOutput waits until less is to be written, or writes.
func (s *Stream) awaitOutput() {
	c := s.conn
	if !c.output.writing {
		c.flush()
		return
	}
	s.needsWindow = false
	c.wait(s)
	s.park()
}

// awaitWindow waits until the visitor takes more: of this stream, or of all.
func (s *Stream) awaitWindow() {
	c := s.conn
	if !c.output.writing && c.output.len() > 0 {
		c.flush() // what it has not got it cannot take
		return
	}
	if s.sendWindow <= 0 {
		s.writeSince = c.server.clock.Load()
		s.park()
		s.writeSince = 0
		return
	}
	if c.windowSince == 0 {
		c.windowSince = c.server.clock.Load()
	}
	s.needsWindow = true
	c.wait(s)
	s.park()
}

// park waits to be woken, without the lock. Others get the turn that s may have had; if nobody else can use it, s has it
// again.
func (s *Stream) park() {
	s.writing = true
	s.conn.wakeNext()
	s.conn.mu.Unlock()
	<-s.writable
	s.conn.mu.Lock()
}
