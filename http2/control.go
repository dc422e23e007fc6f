package http2

import (
	"encoding/binary"

	"wayguard/fingerprint"
)

// handle takes one frame; false when the connection has ended.
func (c *conn) handle(f *frame) bool {
	if c.head.open && f.kind != frameContinuation {
		return c.refuseFrame(ProtocolError, "field block interrupted")
	}
	if !c.greeted && (f.kind != frameSettings || f.has(flagAck)) {
		return c.refuseFrame(ProtocolError, "no settings")
	}
	switch f.kind {
	case frameHeaders:
		return c.headers(f)
	case frameContinuation:
		return c.continuation(f)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leave.ending || c.broken {
		return false
	}
	switch f.kind {
	case frameData:
		return c.data(f)
	case frameWindow:
		return c.window(f)
	case frameReset:
		return c.resetByVisitor(f)
	case framePriority:
		return c.priority(f)
	case frameSettings:
		return c.settings(f)
	case framePing:
		return c.ping(f)
	case frameGoAway:
		return c.goAway(f)
	case framePush:
		c.protocol(ProtocolError, "push promise")
		return false
	}
	return c.spend(1) // of a kind we do not know: to be ignored
}

func (c *conn) settings(f *frame) bool {
	switch {
	case f.stream != 0:
		c.protocol(ProtocolError, "settings frame")
		return false
	case len(f.payload)%6 != 0, f.has(flagAck) && len(f.payload) > 0:
		c.protocol(FrameSizeError, "settings frame")
		return false
	case f.has(flagAck):
		return c.spend(1)
	}
	for b := f.payload; len(b) > 0; b = b[6:] {
		id, value := binary.BigEndian.Uint16(b), binary.BigEndian.Uint32(b[2:])
		if !c.greeted {
			c.print.setting(id, value)
		}
		if !c.setting(id, value) {
			return false
		}
	}
	c.greeted = true
	c.output.block.bytes = appendHead(c.room(frameHead), 0, frameSettings, flagAck, 0)
	return c.spend(4 + len(f.payload)/6)
}

func (c *conn) setting(id uint16, value uint32) bool {
	switch id {
	case settingTableSize:
		c.encoder.setLimit(value)
	case settingPush, settingNoPriorities, settingConnect:
		if value > 1 {
			c.protocol(ProtocolError, "setting")
			return false
		}
	case settingFrameSize:
		if value < maxFrame || value > largestFrame {
			c.protocol(ProtocolError, "setting")
			return false
		}
	case settingWindow:
		return c.setInitialWindow(value)
	}
	return true
}

// setInitialWindow changes the windows of all streams (RFC 9113 section 6.9.2).
func (c *conn) setInitialWindow(value uint32) bool {
	if value > maxWindow {
		c.protocol(FlowControlError, "initial window")
		return false
	}
	change := int64(value) - c.initialWindow
	c.initialWindow = int64(value)
	for _, s := range c.streams {
		s.sendWindow += change
		if s.sendWindow > maxWindow {
			c.protocol(FlowControlError, "initial window")
			return false
		}
		if s.sendWindow > 0 {
			s.wakeForWindow()
		}
	}
	return true
}

func (c *conn) ping(f *frame) bool {
	switch {
	case f.stream != 0:
		c.protocol(ProtocolError, "ping frame")
		return false
	case len(f.payload) != 8:
		c.protocol(FrameSizeError, "ping frame")
		return false
	case !f.has(flagAck):
		c.output.block.bytes = appendPing(c.room(17), true, f.payload)
	case string(f.payload) == warning:
		c.tell()
	}
	return c.spend(1)
}

func (c *conn) goAway(f *frame) bool {
	switch {
	case f.stream != 0:
		c.protocol(ProtocolError, "goaway frame")
		return false
	case len(f.payload) < 8:
		c.protocol(FrameSizeError, "goaway frame")
		return false
	}
	if !c.leave.told { // no new requests will come: end when those under way have
		c.leave.warned, c.leave.told, c.leave.last = true, true, maxStreamID
		c.leaveIfDone()
	}
	return c.spend(1)
}

func (c *conn) priority(f *frame) bool {
	switch {
	case f.stream == 0:
		c.protocol(ProtocolError, "priority frame")
		return false
	case len(f.payload) != 5:
		return c.streamError(f.stream, FrameSizeError)
	}
	parent := binary.BigEndian.Uint32(f.payload)
	if parent&maxStreamID == f.stream {
		return c.streamError(f.stream, ProtocolError)
	}
	c.print.priority(fingerprint.Priority{
		Stream: f.stream, DependsOn: parent & maxStreamID, Exclusive: parent > maxStreamID, Weight: f.payload[4],
	})
	return c.spend(1)
}

// streamError resets a stream whatever its state.
func (c *conn) streamError(id uint32, code Code) bool {
	if s := c.streams[id]; s != nil && !s.closed {
		return c.offend(s, code)
	}
	if id > c.last { // an idle stream cannot be reset (RFC 9113 section 6.4)
		c.protocol(code, "frame on an idle stream")
		return false
	}
	c.output.block.bytes = appendReset(c.room(13), id, code)
	return c.spend(2)
}

// offend resets a stream for what the visitor did.
func (c *conn) offend(s *Stream, code Code) bool {
	c.server.config.Count(CountMalformed)
	c.reset(s, code, ErrMalformed)
	return c.wasted() && c.spend(1)
}

func (c *conn) resetByVisitor(f *frame) bool {
	switch {
	case f.stream == 0 || f.stream > c.last:
		c.protocol(ProtocolError, "reset of an idle stream")
		return false
	case len(f.payload) != 4:
		c.protocol(FrameSizeError, "reset frame")
		return false
	}
	s := c.streams[f.stream]
	if s == nil || s.closed {
		return c.spend(1)
	}
	c.close(s, endedByVisitor, ErrReset)
	return c.wasted() && c.spend(1)
}

func (c *conn) window(f *frame) bool {
	if len(f.payload) != 4 {
		c.protocol(FrameSizeError, "window update")
		return false
	}
	more := int64(binary.BigEndian.Uint32(f.payload) & maxWindow)
	if f.stream == 0 {
		return c.windowOfAll(more)
	}
	s := c.streams[f.stream]
	switch {
	case f.stream > c.last:
		c.protocol(ProtocolError, "window update of an idle stream")
		return false
	case s == nil || s.closed: // on its way when the stream ended
		return c.spend(1)
	case more == 0:
		return c.offend(s, ProtocolError)
	case s.sendWindow+more > maxWindow:
		return c.offend(s, FlowControlError)
	}
	s.sendWindow += more
	if s.sendWindow > 0 {
		s.wakeForWindow()
	}
	return c.spend(1)
}

func (c *conn) windowOfAll(more int64) bool {
	switch {
	case more == 0:
		c.protocol(ProtocolError, "window update")
		return false
	case c.sendWindow+more > maxWindow:
		c.protocol(FlowControlError, "window update")
		return false
	}
	c.print.windowUpdate(uint32(more))
	c.sendWindow += more
	c.windowSince = 0
	c.wakeNext()
	return c.spend(1)
}
