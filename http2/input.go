package http2

import (
	"errors"

	"wayguard/socket"
)

// inputSize is how much is read at once: a frame of the largest size fits.
const inputSize = 2 * maxFrame

// input is what was read and not yet handled. While the connection is idle there is no block: who has to wait inside Read
// does so with small, so that an idle connection costs little.
type input struct {
	small      [512]byte
	block      *block
	start, end int
	moved      bool // a frame was complete since moved was reset
}

func (in *input) buffer() []byte {
	if in.block == nil {
		return in.small[:]
	}
	return in.block.bytes[:cap(in.block.bytes)]
}

func (in *input) waiting() []byte { return in.buffer()[in.start:in.end] }

// grow takes a block with room for size bytes.
func (in *input) grow(pool *blocks, size int) {
	more := pool.take(size)
	n := copy(more.bytes[:cap(more.bytes)], in.waiting())
	pool.give(in.block)
	in.block, in.start, in.end = more, 0, n
}

// push puts what was read before.
func (in *input) push(pool *blocks, data []byte) {
	if len(data) > len(in.small) {
		in.grow(pool, len(data)+inputSize)
	}
	in.end += copy(in.buffer()[in.end:], data)
}

func (in *input) drop(pool *blocks) {
	pool.give(in.block)
	in.block, in.start, in.end = nil, 0, 0
}

// rest prepares for the next read: what is left moves to the front, and an unused block is given back when the
// connection is idle.
func (in *input) rest(pool *blocks, idle bool) {
	switch {
	case in.start == in.end && idle:
		in.drop(pool)
	case in.block == nil && (in.start < in.end || in.end == len(in.small)): // there is more than small holds
		in.grow(pool, inputSize)
	case in.start > 0:
		in.end = copy(in.buffer(), in.waiting())
		in.start = 0
	}
}

// read handles the connection's frames until it ends.
func (c *conn) read(opening Opening) error {
	prefaced := opening.PrefaceRead
	var failed error
	step := func(bool) (wait bool) {
		if opening.Serve != nil && c.in.block == nil {
			c.in.grow(&c.server.blocks, inputSize)
		}
		for {
			if prefaced = prefaced || c.preface(); prefaced {
				c.frames()
			}
			if failed = c.settle(opening.Serve == nil); failed != nil {
				return false
			}
			n, err := c.net.Read(c.in.buffer()[c.in.end:])
			c.in.end += n
			if err == nil || n > 0 {
				continue
			}
			if errors.Is(err, socket.ErrWouldBlock) {
				if c.in.start == c.in.end {
					c.in.drop(&c.server.blocks) // who waits needs no memory
				}
				return true
			}
			failed = err
			return false
		}
	}
	if opening.Serve == nil {
		step(true)
		return failed
	}
	if err := opening.Serve(step); failed == nil {
		failed = err
	}
	return failed
}

// errEnded ends the reading of a connection that we have ended.
var errEnded = errors.New("http2: the connection was ended")

// preface takes the connection's preface (RFC 9113 section 3.4), or ends the connection when it is another.
func (c *conn) preface() bool {
	got := c.in.waiting()
	n := min(len(got), len(Preface))
	if string(got[:n]) != Preface[:n] {
		c.mu.Lock()
		c.protocol(ProtocolError, "preface")
		c.mu.Unlock()
		return false
	}
	if n < len(Preface) {
		return false
	}
	c.in.start += n
	return true
}

// frames handles the complete frames that are there, then gives out the requests that began.
func (c *conn) frames() {
	for {
		b := c.in.waiting()
		if len(b) < frameHead {
			break
		}
		n := length(b)
		if n > maxFrame {
			c.mu.Lock()
			c.protocol(FrameSizeError, "frame size")
			c.mu.Unlock()
			break
		}
		if len(b) < frameHead+n {
			break
		}
		c.in.start += frameHead + n
		c.in.moved = true
		f := parseFrame(b)
		if !c.handle(&f) {
			break
		}
	}
	c.dispatch()
}

// dispatch gives the requests that began to workers.
func (c *conn) dispatch() {
	for i, s := range c.ready {
		c.ready[i] = nil
		c.mu.Lock()
		closed := s.closed
		if closed { // cancelled before it was begun
			c.forget(s)
		}
		c.mu.Unlock()
		if closed {
			c.server.release(s)
		} else {
			c.server.workers.start(s)
		}
	}
	c.ready = c.ready[:0]
}

// settle is what has to be done before reading more; waiting says that this may wait.
func (c *conn) settle(waiting bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		return errEnded
	}
	c.heard = c.server.clock.Load()
	if c.leave.ending {
		c.in.start, c.in.end = 0, 0
		return nil
	}
	switch {
	case c.in.start == c.in.end:
		c.partial = 0
	case c.in.moved || c.partial == 0:
		c.partial = c.server.clock.Load()
	}
	c.in.moved = false
	c.kick()
	if c.open == 0 && !c.output.writing {
		c.output.drop(&c.server.blocks)
	}
	c.in.rest(&c.server.blocks, waiting && c.open == 0)
	return nil
}
