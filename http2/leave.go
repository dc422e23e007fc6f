package http2

// leaving is how far the end of a connection has come (RFC 9113 section 6.8): first a GOAWAY that names no stream, so that
// requests on their way still count; when the visitor must have read it, one that names the last stream; then, when all
// streams have ended, the end.
type leaving struct {
	warned, told bool
	since        int64  // when warned
	last         uint32 // the stream named
	ending       bool   // nothing new is read, what waits is written, then the connection is closed
	halfClosed   bool
}

// warning marks the PING that follows the first GOAWAY: its answer says that the visitor has read it.
const warning = "leaving."

// leaveTime is how long that answer is waited for, in milliseconds.
const leaveTime = 1000

// idleFor is how long there has been no request, in milliseconds; -1 while there is one, or when the connection is ending.
func (c *conn) idleFor(now int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unused(now)
}

func (c *conn) unused(now int64) int64 {
	if c.broken || c.leave.ending || c.open > 0 || len(c.streams) > 0 {
		return -1
	}
	return max(0, now-c.idle)
}

// evict cuts the connection if it has been idle for so long.
func (c *conn) evict(now, long int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if unused := c.unused(now); unused < 0 || unused < long {
		return false
	}
	c.cutOff()
	return true
}

// drain begins to leave.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warn()
}

func (c *conn) warn() {
	if c.leave.warned || c.leave.ending || c.broken {
		return
	}
	c.leave.warned, c.leave.since = true, c.server.clock.Load()
	c.output.block.bytes = appendPing(appendGoAway(c.room(34), maxStreamID, NoError), false, []byte(warning))
	c.kick()
}

// tell goes on with leaving: from here on no new stream is taken.
func (c *conn) tell() {
	if !c.leave.warned || c.leave.told || c.leave.ending || c.broken {
		return
	}
	c.leave.told, c.leave.last = true, c.last
	c.output.block.bytes = appendGoAway(c.room(17), c.last, NoError)
	c.leaveIfDone()
	c.kick()
}

// leaveIfDone ends the connection when nothing is left to do on it.
func (c *conn) leaveIfDone() {
	if c.leave.told && c.open == 0 {
		c.finish()
	}
}

// beyond says whether a stream number lies after the one we named when leaving: it is ignored, the visitor repeats it
// elsewhere.
func (l *leaving) beyond(stream uint32) bool { return l.told && stream > l.last }
