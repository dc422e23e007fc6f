package http2

import (
	"runtime"
	"time"
)

const (
	// outputMost is how many bytes may wait to be written before whoever has more must wait too.
	outputMost = 64 << 10
	// controlMost is how many more our answers to SETTINGS, PING and broken streams may take: nobody waits with those, so
	// a visitor who asks for them and does not read is sent away.
	controlMost = 64 << 10
	// rounds is how often one handler writes for all before somebody else takes over.
	rounds = 8
)

// output is what waits to be written to a connection.
type output struct {
	block, spare *block
	writing      bool  // somebody writes, or is about to
	since        int64 // since when one write has not returned; 0 is not at all
	usual        int   // how much the last write had
	first, last  *Stream
}

// room gives the outgoing bytes with room for size more, to be appended to; what was appended must be put back.
func (c *conn) room(size int) []byte {
	o := &c.output
	if o.block == nil {
		o.block = c.server.blocks.take(max(size, o.usual))
	} else if used := len(o.block.bytes); cap(o.block.bytes)-used < size {
		more := c.server.blocks.take(max(2*cap(o.block.bytes), used+size))
		more.bytes = append(more.bytes, o.block.bytes...)
		c.server.blocks.give(o.block)
		o.block = more
	}
	return o.block.bytes
}

func (o *output) len() int {
	if o.block == nil {
		return 0
	}
	return len(o.block.bytes)
}

func (o *output) drop(pool *blocks) {
	pool.give(o.block)
	pool.give(o.spare)
	o.block, o.spare = nil, nil
}

// flush writes what waits, unless somebody does already, who will write this too. It may block, without the lock.
func (c *conn) flush() {
	if c.output.writing || c.output.len() == 0 || c.broken {
		return
	}
	c.output.writing = true
	// Others whose answers are as good as ready get the chance to add theirs: one system call for all.
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
	if !c.write(rounds) {
		go c.writeOut()
	}
}

// kick is flush for who must not block: the reader, the sweeper.
func (c *conn) kick() {
	if c.output.writing || c.output.len() == 0 || c.broken {
		return
	}
	c.output.writing = true
	go c.writeOut()
}

func (c *conn) writeOut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.write(rounds) {
	}
}

// write writes until nothing is left, or says false after so many rounds, when somebody has to go on. The caller has set
// output.writing.
func (c *conn) write(rounds int) (done bool) {
	o := &c.output
	for o.len() > 0 && !c.broken {
		if rounds == 0 {
			return false
		}
		rounds--
		full := o.block
		o.block, o.spare = o.spare, nil
		o.since = c.server.clock.Load()
		c.wakeNext()
		c.mu.Unlock()
		_, err := c.net.Write(full.bytes)
		c.mu.Lock()
		o.since, o.usual = 0, min(len(full.bytes), outputMost)
		full.bytes = full.bytes[:0]
		if o.spare == nil {
			o.spare = full
		} else {
			c.server.blocks.give(full)
		}
		if err != nil {
			c.cutOff()
		}
	}
	if c.leave.ending && !c.leave.halfClosed && !c.broken {
		c.closeHalf()
	}
	o.writing = false
	if c.open == 0 {
		o.drop(&c.server.blocks)
	}
	c.settled()
	return true
}

// closeHalf says that nothing more will come, and gives the visitor a moment to close its half. The caller has set
// output.writing.
func (c *conn) closeHalf() {
	c.leave.halfClosed = true
	c.mu.Unlock()
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // what cannot be said to the visitor need not be
	}
	_ = c.net.SetReadDeadline(time.Now().Add(linger))
	c.mu.Lock()
}

// wait lets a stream wait for room in the output or in the connection's window, behind those that wait already.
func (c *conn) wait(s *Stream) {
	if s.queued {
		return
	}
	s.queued = true
	if c.output.first == nil {
		c.output.first = s
	} else {
		c.output.last.next = s
	}
	c.output.last = s
}

// wakeNext lets the first stream that can go on do so. Whoever is woken wakes the next.
func (c *conn) wakeNext() {
	if c.output.len() >= outputMost {
		return
	}
	for s := c.output.first; s != nil; s = s.next {
		if c.sendWindow > 0 || !s.needsWindow {
			c.output.remove(s)
			s.wakeWriter()
			return
		}
	}
}

func (o *output) remove(s *Stream) {
	if !s.queued {
		return
	}
	var before *Stream
	for it := o.first; it != s; it = it.next {
		before = it
	}
	if before == nil {
		o.first = s.next
	} else {
		before.next = s.next
	}
	if o.last == s {
		o.last = before
	}
	s.next, s.queued = nil, false
}
