package http2

import "time"

// sweep ends what takes too long. Times are in the server's milliseconds.
func (c *conn) sweep(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return
	}
	config := &c.server.config
	late := func(since int64, limit time.Duration) bool { return since > 0 && now-since > limit.Milliseconds() }
	switch {
	case late(c.output.since, config.StallTimeout):
		c.server.config.Count(CountStalled)
		c.cutOff() // not even an error can be written
	case c.leave.ending:
	case !c.greeted && late(c.began, config.HeadTimeout), late(c.partial, config.StallTimeout), late(c.head.since, config.HeadTimeout):
		c.server.config.Count(CountStalled)
		c.output.block.bytes = appendGoAway(c.room(17), c.last, NoError)
		c.finish()
	case c.leave.warned && !c.leave.told && late(c.leave.since, leaveTime*time.Millisecond):
		c.tell()
	case c.open == 0 && !c.leave.warned && late(c.idle, config.IdleTimeout):
		c.warn()
	default:
		c.sweepStreams(now, config.StallTimeout.Milliseconds())
	}
}

func (c *conn) sweepStreams(now, limit int64) {
	for _, s := range c.streams {
		if s.closed {
			continue
		}
		switch {
		case s.writeSince > 0 && now-s.writeSince > limit,
			s.queued && s.needsWindow && c.windowSince > 0 && now-c.windowSince > limit:
			c.server.config.Count(CountStalledWrite)
			c.reset(s, Cancel, ErrStalled)
		case s.readSince > 0 && now-s.readSince > limit && !s.patient && !s.answered:
			c.server.config.Count(CountStalledRead)
			c.reset(s, Cancel, ErrStalled)
		}
	}
	c.kick()
}
