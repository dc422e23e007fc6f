package http2

import "time"

// silence is after how long without a byte it is looked whether the visitor is still there, in milliseconds.
const silence = 1000

// sweep ends what takes too long. Times are in the server's milliseconds.
func (c *conn) sweep(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return
	}
	if c.hungUp != nil && c.looked != c.heard && now-c.heard > silence {
		if c.looked = c.heard; c.hungUp() {
			c.cutOff()
			return
		}
	}
	config := &c.server.config
	late := func(since int64, limit time.Duration) bool { return since > 0 && now-since > limit.Milliseconds() }
	switch {
	case late(c.output.since, config.StallTimeout/2) && c.taking():
		c.output.since = now
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

// taking says whether the visitor has taken anything since this was last asked.
func (c *conn) taking() bool {
	if c.progress == nil {
		return false
	}
	acknowledged, _ := c.progress()
	taken := acknowledged != c.acknowledged
	c.acknowledged = acknowledged
	return taken
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
