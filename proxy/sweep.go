package proxy

import "time"

// The bounds of the sweeper's interval. Time limits are kept to within one interval.
const (
	minSweep = 5 * time.Millisecond
	maxSweep = 250 * time.Millisecond
)

// silence is how long an origin may say nothing before it is looked whether the visitor is still there, and how often
// thereafter.
const silence = time.Second

// sweepInterval is a fifth of the shortest time limit.
func sweepInterval(c Config) time.Duration {
	shortest := min(c.Limits.HeaderTimeout, c.Limits.IdleTimeout, c.Limits.StallTimeout)
	if c.Origin.ResponseTimeout > 0 {
		shortest = min(shortest, c.Origin.ResponseTimeout)
	}
	return min(max(shortest/5, minSweep), maxSweep)
}

// sweep ends what takes too long. It is the one place where the limits of time are kept, so that a request costs no timer.
func (w *wire) sweep() {
	now := w.clock.read()
	w.each(func(c *conn) {
		c.sweepDown(now)
		c.sweepUp(now)
	})
}

// sweepDown looks at the goroutine that reads heads, waits for the origin and writes answers.
func (c *conn) sweepDown(now int64) {
	limits := &c.wire.config.Limits
	word, current, age := c.down.look(now)
	switch current {
	case phaseIdle:
		c.sweepIdle(word, age)
	case phaseNew, phaseHead:
		if age > limits.HeaderTimeout {
			c.down.cut(word, cutTime, c.stopReading)
		}
	case phaseAsking, phaseRelaying:
		c.sweepWait(word, age, now)
	case phaseWriting, phaseSplicing:
		c.sweepWriting(word, current, age, now)
	case phaseLeaving:
		if age > limits.StallTimeout {
			c.down.cut(word, cutTime, c.stopReading)
		}
	}
}

// sweepIdle ends a connection that is idle for too long, or whose visitor has gone: the end of a stream that came
// together with its last bytes wakes nobody (see package socket).
func (c *conn) sweepIdle(word uint64, age time.Duration) {
	switch {
	case age > c.wire.config.Limits.IdleTimeout:
		c.down.cut(word, cutTime, c.stopReading)
	case age > silence && c.looked != word:
		c.looked = word
		if c.gone() {
			c.down.cut(word, cutGone, c.stopReading)
		}
	}
}

// sweepWait ends the wait for an origin whose visitor has gone. One whose body is still coming may have bytes to read, and
// is told by them.
func (c *conn) sweepWait(word uint64, age time.Duration, now int64) {
	if age <= silence || now-c.peeked <= silence.Milliseconds() {
		return
	}
	c.peeked = now
	if _, sending, _ := c.up.look(now); sending == phaseWorking && c.gone() {
		c.down.cut(word, cutGone, c.stopOrigin)
	}
}

// sweepWriting ends a connection whose visitor takes nothing. One that is slow acknowledges a few bytes now and then.
func (c *conn) sweepWriting(word uint64, current phase, age time.Duration, now int64) {
	limit := c.wire.config.Limits.StallTimeout
	if age <= limit/2 {
		return
	}
	acknowledged, waiting := c.socket.Progress()
	if acknowledged != c.acknowledged {
		c.acknowledged = acknowledged
		c.down.renew(word, now)
		return
	}
	switch {
	case current == phaseSplicing && !waiting:
		// It is the origin that has nothing to say.
		if c.gone() {
			c.down.cut(word, cutGone, c.stopBoth)
		}
	case age > limit:
		c.down.cut(word, cutTime, c.stopBoth)
	}
}

// sweepUp looks at the goroutine that carries a body to the origin. A visitor may be silent as soon as the origin has begun to
// answer: calls that stream both ways may.
func (c *conn) sweepUp(now int64) {
	word, current, age := c.up.look(now)
	switch current {
	case phaseReceiving:
		if _, waiting, _ := c.down.look(now); waiting == phaseAsking && age > c.wire.config.Limits.StallTimeout {
			c.up.cut(word, cutTime, c.stopReading)
		}
	}
}

// past is a deadline that ends a wait at once.
func past() time.Time { return time.Unix(1, 0) }

func (c *conn) stopReading() { _ = c.socket.SetReadDeadline(past()) }

func (c *conn) stopOrigin() { c.down.cutOrigin() }

func (c *conn) stopBoth() {
	_ = c.socket.SetWriteDeadline(past())
	c.stopOrigin()
}

// stopIfIdle ends a connection that waits for a request. The first request of a connection that has just begun is on its way.
func (c *conn) stopIfIdle() {
	word, current, age := c.down.look(c.wire.clock.read())
	if current == phaseIdle || current == phaseNew && age > silence {
		c.down.cut(word, cutStopping, c.stopReading)
	}
}

// kill ends a connection whatever it does.
func (c *conn) kill() {
	_ = c.socket.SetDeadline(past())
	now := c.wire.clock.read()
	if word, current, _ := c.down.look(now); current == phaseAsking || current == phaseRelaying || current == phaseSplicing || current == phaseTunnel {
		c.down.cut(word, cutStopping, c.stopBoth)
	}
}
