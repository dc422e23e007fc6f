package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2/hpack"
)

// headReader reads field blocks: it puts them together from their pieces and decodes them. Every block is decoded, also of
// a stream that nobody wants any more, because the HPACK table of the connection depends on it.
type headReader struct {
	conn *conn

	// A block in pieces: HEADERS without END_HEADERS has come.
	open      bool
	stream    uint32
	endStream bool
	selfish   bool // the stream is said to depend on itself
	pieces    int
	block     *block
	since     int64 // guarded by conn.mu, for the sweeper

	fields fieldReader
}

// morePieces is how many CONTINUATION frames a block may have; no visitor needs them all.
const morePieces = 64

func (h *headReader) start(c *conn) {
	h.conn = c
	h.fields.config = &c.server.config
}

func (h *headReader) emit(f hpack.HeaderField) {
	if !h.fields.add(f) {
		h.conn.decoder.SetEmitEnabled(false)
	}
}

// most bounds a block as it is sent: a list that is too long should be told so, not break the connection, hence room for
// more than is accepted.
func (h *headReader) most() int { return h.conn.server.config.HeaderBytes + maxFrame }

func (h *headReader) drop() {
	h.conn.server.blocks.give(h.block)
	h.block, h.open = nil, false
}

// headers takes a HEADERS frame; false when the connection has ended.
func (c *conn) headers(f *frame) bool {
	h := &c.head
	if f.stream&1 == 0 || !f.unpad() {
		return c.refuseFrame(ProtocolError, "headers frame")
	}
	selfish := false
	if f.has(flagPriority) {
		if len(f.payload) < 5 {
			return c.refuseFrame(FrameSizeError, "headers frame")
		}
		selfish = binary.BigEndian.Uint32(f.payload)&maxStreamID == f.stream
		f.payload = f.payload[5:]
	}
	h.stream, h.endStream, h.selfish = f.stream, f.has(flagEndStream), selfish
	if f.has(flagEndHeaders) {
		return c.block(f.payload)
	}
	h.open, h.pieces = true, 0
	h.block = c.server.blocks.take(len(f.payload))
	h.block.bytes = append(h.block.bytes, f.payload...)
	c.mu.Lock()
	h.since = c.server.clock.Load()
	c.mu.Unlock()
	return true
}

// continuation takes a CONTINUATION frame; false when the connection has ended.
func (c *conn) continuation(f *frame) bool {
	h := &c.head
	if !h.open || f.stream != h.stream {
		return c.refuseFrame(ProtocolError, "continuation frame")
	}
	h.pieces++
	if h.pieces > morePieces || len(h.block.bytes)+len(f.payload) > h.most() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fail(EnhanceYourCalm, "field block without end", CountContinuation)
		return false
	}
	h.block.bytes = append(h.block.bytes, f.payload...)
	if !f.has(flagEndHeaders) {
		return true
	}
	c.mu.Lock()
	h.since = 0
	c.mu.Unlock()
	goesOn := c.block(h.block.bytes)
	h.drop()
	return goesOn
}

// refuseFrame ends the connection; it is always false.
func (c *conn) refuseFrame(code Code, reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.protocol(code, reason)
	return false
}

// block takes a whole field block: a request's, or its trailers'.
func (c *conn) block(b []byte) bool {
	h := &c.head
	c.mu.Lock()
	known := c.streams[h.stream]
	fresh := h.stream > c.last
	if fresh {
		c.last = h.stream
	}
	beyond := fresh && c.leave.beyond(h.stream)
	over := known == nil || known.closed
	c.mu.Unlock()
	switch {
	case beyond:
		return c.ignored(b)
	case fresh:
		return c.request(b)
	case over:
		return c.late(b)
	}
	return c.trailer(known, b)
}

// decode reads a block's fields into h.fields; false when the connection has ended.
func (c *conn) decode(b []byte) bool {
	_, err := c.decoder.Write(b)
	if err == nil {
		err = c.decoder.Close()
	}
	c.decoder.SetEmitEnabled(true)
	if err != nil {
		return c.refuseFrame(CompressionError, "field block")
	}
	return true
}

// ignored takes a request that came after our farewell.
func (c *conn) ignored(b []byte) bool {
	c.head.fields.begin(nil, ignoring)
	if !c.decode(b) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.old.add(c.head.stream, endedByUs)
	return c.spend(1)
}

// late takes a block for a stream that has ended.
func (c *conn) late(b []byte) bool {
	c.head.fields.begin(nil, ignoring)
	if !c.decode(b) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.old.find(c.head.stream) {
	case endedByUs: // it was on its way when we ended the stream
		return c.spend(1)
	case endedByVisitor:
		c.output.block.bytes = appendReset(c.room(13), c.head.stream, StreamClosed)
		return c.spend(2)
	case endedBoth:
		c.protocol(StreamClosed, "headers on a closed stream")
	default: // never opened, or too long ago to know
		c.protocol(ProtocolError, "stream number")
	}
	return false
}

// request takes a new request.
func (c *conn) request(b []byte) bool {
	h := &c.head
	s := c.server.stream()
	s.begin(c, h.stream)
	h.fields.begin(s, reading)
	if !c.decode(b) {
		c.server.release(s)
		return false
	}
	verdict := h.fields.finish(h.endStream)
	if h.selfish {
		verdict = malformed
	}
	c.print.pseudo(&h.fields)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budget.earn(workPerRequest)
	// Streams that the protocol calls closed but whose handler still runs count too, with some patience.
	if verdict == sound && (c.open >= c.server.config.MaxStreams || len(c.streams) >= 2*int(c.server.config.MaxStreams)) {
		verdict = refused
	}
	if c.leave.ending || c.broken {
		c.server.release(s)
		return false
	}
	if verdict != sound {
		c.server.release(s)
		return c.turnAway(verdict)
	}
	c.streams[s.id] = s
	c.open++
	s.sendWindow, s.recvWindow = c.initialWindow, c.server.config.StreamWindow
	s.recvEnd, s.fingerprint = h.endStream, c.print.text
	c.ready = append(c.ready, s)
	return true
}

// turnAway answers a request that does not reach the handler.
func (c *conn) turnAway(v verdict) bool {
	stream := c.head.stream
	how := endedByUs
	out := c.room(64)
	switch v {
	case malformed:
		c.server.config.Count(CountMalformed)
		out = appendReset(out, stream, ProtocolError)
	case refused:
		c.server.config.Count(CountRefused)
		out = appendReset(out, stream, RefusedStream)
	case tooLong:
		c.server.config.Count(CountHeadTooLong)
		start := len(out)
		out = c.encoder.appendStatus(appendHead(out, 0, frameHeaders, flagEndHeaders|flagEndStream, stream), 431)
		out[start+2] = byte(len(out) - start - frameHead)
		if c.head.endStream {
			how = endedBoth
		} else {
			out = appendReset(out, stream, NoError)
		}
	}
	c.output.block.bytes = out
	c.old.add(stream, how)
	return c.wasted() && c.spend(1)
}

// trailer takes the second block of a stream.
func (c *conn) trailer(s *Stream, b []byte) bool {
	c.mu.Lock()
	var code Code
	switch {
	case s.recvEnd:
		code = StreamClosed
	case !c.head.endStream || c.head.selfish:
		code = ProtocolError
	}
	c.mu.Unlock()
	// The handler may be at work on s, which is not touched before all of the block is there.
	into := &Stream{length: -1}
	c.head.fields.begin(into, reading)
	c.head.fields.trailer = true
	if !c.decode(b) {
		return false
	}
	if code == 0 && c.head.fields.finish(true) != sound {
		code = ProtocolError
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case s.closed:
		return c.spend(1)
	case code != 0:
		return c.offend(s, code)
	}
	s.trailers = into.fields
	return c.endBody(s)
}
