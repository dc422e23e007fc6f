package http2

import (
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http2/hpack"
)

// linger is how long a connection that we have ended is read on, so that our last words are not lost to a reset, and how
// long they may take to be written.
const linger = time.Second

// conn is one connection. What follows mu is guarded by it; what comes before belongs to the goroutine that reads.
type conn struct {
	server *Server
	net    net.Conn
	info   any

	in      input
	decoder *hpack.Decoder
	head    headReader
	ready   []*Stream // to be given to workers when the buffer is used up
	print   fingerprinter

	mu      sync.Mutex
	streams map[uint32]*Stream // those whose handler has not returned
	old     history
	open    uint32 // streams that the protocol calls open
	last    uint32 // the greatest stream a visitor has opened
	greeted bool   // the visitor's SETTINGS have come

	// The visitor's settings and windows.
	encoder       encoder
	initialWindow int64
	sendWindow    int64
	windowSince   int64 // since when sendWindow is missed, in the server's milliseconds; 0 is not at all
	// Ours: what may still come, what was taken and not yet given back.
	recvWindow, recvTaken int

	output output
	budget budget
	leave  leaving

	// Since when something is waited for, in the server's milliseconds; 0 is not at all.
	began, partial, idle int64
	heard, looked        int64       // when something was read last, and what heard was when the end was looked for
	hungUp               func() bool // Opening.HungUp
	progress             func() (acknowledged uint64, waiting bool)
	acknowledged         uint64        // when progress was asked last
	cause                *Error        // why we ended the connection
	broken               bool          // nothing can be read or written any more
	handlers             chan struct{} // closed when the last handler returns; nil while nobody waits
}

func newConn(s *Server, netConn net.Conn, opening Opening) *conn {
	c := &conn{
		server: s, net: netConn, info: opening.Info, streams: map[uint32]*Stream{},
		initialWindow: protocolWindow, sendWindow: protocolWindow, recvWindow: s.config.ConnectionWindow,
	}
	c.encoder.start(s.seed)
	c.head.start(c)
	c.decoder = hpack.NewDecoder(tableSize, c.head.emit)
	// What one string may grow to: a block is bounded, and Huffman's code saves three eighths at most.
	c.decoder.SetMaxStringLength(2 * c.head.most())
	c.hungUp, c.progress = opening.HungUp, opening.Progress
	c.began = s.now()
	c.idle = c.began
	return c
}

// serve is the life of the connection.
func (c *conn) serve(opening Opening) error {
	c.mu.Lock()
	c.greet()
	c.mu.Unlock()
	c.in.push(&c.server.blocks, opening.Buffered)
	err := c.read(opening)
	c.end()
	return c.verdict(err)
}

// greet says our settings.
func (c *conn) greet() {
	config := &c.server.config
	out := c.room(64)
	start := len(out)
	out = appendHead(out, 0, frameSettings, 0, 0)
	out = appendSetting(out, settingStreams, config.MaxStreams)
	out = appendSetting(out, settingWindow, uint32(config.StreamWindow))
	out = appendSetting(out, settingListSize, uint32(min(config.HeaderBytes, math.MaxUint32)))
	if config.WebSocket {
		out = appendSetting(out, settingConnect, 1)
	}
	out = appendSetting(out, settingNoPriorities, 1)
	out[start+2] = byte(len(out) - start - frameHead)
	if more := config.ConnectionWindow - protocolWindow; more > 0 {
		out = appendWindow(out, 0, more)
	}
	c.output.block.bytes = out
	c.kick()
}

// end lets go of everything once nothing more is read.
func (c *conn) end() {
	c.mu.Lock()
	c.broken = true
	c.abandon()
	for c.output.writing || len(c.streams) > 0 {
		if c.output.writing { // it must not wait any longer for somebody who has gone
			_ = c.net.SetWriteDeadline(time.Now().Add(linger))
		}
		done := make(chan struct{})
		c.handlers = done
		c.mu.Unlock()
		<-done
		c.mu.Lock()
	}
	c.output.drop(&c.server.blocks)
	c.mu.Unlock()
	_ = c.net.Close() // the visitor has gone, or was told why
	c.in.drop(&c.server.blocks)
	c.head.drop()
}

// settled wakes end when the last handler and the last write have ended.
func (c *conn) settled() {
	if c.handlers != nil && !c.output.writing && len(c.streams) == 0 {
		close(c.handlers)
		c.handlers = nil
	}
}

// verdict is what Serve gives back.
func (c *conn) verdict(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cause != nil:
		return c.cause
	case c.leave.ending, err == nil, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrUnexpectedEOF):
		return nil
	}
	return err
}

// fail ends the connection for what the visitor did.
func (c *conn) fail(code Code, reason, count string) {
	if c.leave.ending || c.broken {
		return
	}
	c.cause = &Error{code, reason}
	c.server.config.Count(count)
	c.output.block.bytes = appendGoAway(c.room(17), c.last, code)
	c.finish()
	_ = c.net.SetDeadline(time.Now().Add(linger)) // no patience with who breaks rules
}

// protocol is fail for the common case.
func (c *conn) protocol(code Code, reason string) { c.fail(code, reason, CountConnection) }

// finish ends the connection once what waits to be written was.
func (c *conn) finish() {
	if c.leave.ending {
		return
	}
	c.leave.ending = true
	c.abandon()
	if !c.output.writing {
		c.output.writing = true
		go c.writeOut() // also where nothing is left to write: it closes our half
	}
}

// abandon tells all streams that nobody listens any more.
func (c *conn) abandon() {
	for _, s := range c.streams {
		c.close(s, endedConnection, ErrGone)
	}
}

// cut ends the connection at once.
func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutOff()
}

func (c *conn) cutOff() {
	c.leave.ending, c.broken = true, true
	c.abandon()
	_ = c.net.SetDeadline(time.Unix(1, 0)) // wakes who reads and who writes; closing is the reader's
}
