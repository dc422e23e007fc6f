package http2

import (
	"errors"
	"unsafe"

	"wayguard/http1"
)

// Why a stream can no longer be read or answered.
var (
	// ErrReset: the visitor cancelled the request.
	ErrReset = errors.New("http2: the visitor cancelled the request")
	// ErrGone: the connection has ended.
	ErrGone = errors.New("http2: the visitor has gone")
	// ErrStalled: the visitor sent nothing, or took nothing, for too long.
	ErrStalled = errors.New("http2: the visitor has stalled")
	// ErrMalformed: what the visitor sent broke the rules, such as a body of another length than was said.
	ErrMalformed = errors.New("http2: the request is malformed")
	// ErrAnswered: the answer is complete, or the stream was reset by its handler.
	ErrAnswered = errors.New("http2: the stream was answered")
	// ErrLength: the answer's body has another length than its Content-Length; the stream was reset.
	ErrLength = errors.New("http2: the answer has another length than it says")
	// ErrOrder: an answer without a head, with two, or with a status that it cannot have.
	ErrOrder = errors.New("http2: the answer is out of order")
)

// Stream is one request and its answer. It belongs to the handler until that returns; one goroutine may read and one other
// may answer at the same time. Texts and fields are valid as long as the stream.
type Stream struct {
	conn *conn
	id   uint32

	method, scheme, authority, path, protocol string
	fields                                    []http1.Field
	length                                    int64 // -1 is not said
	text                                      []byte
	fingerprint                               string

	// What follows is guarded by conn.mu.
	closed           bool // the protocol's end of the stream
	recvEnd, sendEnd bool
	answered         bool // the final head was sent
	patient          bool
	bodiless         bool // the answer has no body whatever its Content-Length says
	err              error

	body       queue
	trailers   []http1.Field
	received   int64
	recvWindow int
	taken      int // bytes read and not yet given back to the stream's window
	owed       int // bytes not yet given back to the connection's window

	sendWindow       int64
	sendLength, sent int64 // sendLength is -1 if not said
	needsWindow      bool  // waits for the connection's window, not only for room
	queued           bool
	next             *Stream

	// How the handler waits, and since when, in the server's milliseconds.
	reading, writing      bool
	readSince, writeSince int64
	readable, writable    chan struct{}
	gone                  chan struct{}
	onGone                func()
}

func (s *Stream) begin(c *conn, id uint32) {
	s.conn, s.id, s.length, s.sendLength = c, id, -1, -1
}

// release forgets a stream's request and keeps its memory.
func (srv *Server) release(s *Stream) {
	s.body.drop(&srv.blocks)
	clear(s.fields)
	fields := s.fields[:0]
	if cap(fields) > 64 {
		fields = nil
	}
	text := s.text[:0]
	if cap(text) > 4<<10 {
		text = nil
	}
	*s = Stream{fields: fields, text: text, readable: s.readable, writable: s.writable}
	srv.streams.Put(s)
}

// joinCookies makes one field of cookie crumbs (RFC 9113 section 8.2.3), where the first was.
func (s *Stream) joinCookies() {
	s.text = s.text[:0]
	first, kept := -1, s.fields[:0]
	for _, f := range s.fields {
		switch {
		case f.Name != "cookie":
			kept = append(kept, f)
			continue
		case first < 0:
			first = len(kept)
			kept = append(kept, f)
		default:
			s.text = append(s.text, "; "...)
		}
		s.text = append(s.text, f.Value...)
	}
	clear(s.fields[len(kept):])
	s.fields = kept
	s.fields[first].Value = unsafe.String(unsafe.SliceData(s.text), len(s.text))
}

// Method is the request's method. CONNECT without a Protocol is the classic one.
func (s *Stream) Method() string { return s.method }

// Scheme is what the visitor says it used, "https" or "http"; it is a claim. Empty with a classic CONNECT.
func (s *Stream) Scheme() string { return s.scheme }

// Authority is the host asked for, with its port if given; never empty.
func (s *Stream) Authority() string { return s.authority }

// Path is the request's target: path and query as sent, or "*". Empty with a classic CONNECT.
func (s *Stream) Path() string { return s.path }

// Protocol is that of an extended CONNECT (RFC 8441), such as "websocket"; empty otherwise.
func (s *Stream) Protocol() string { return s.protocol }

// Fields are the request's fields in the order sent, names in lower case. Host is left out (see Authority), cookies are
// one field, there are none that concern a connection but "te: trailers".
func (s *Stream) Fields() []http1.Field { return s.fields }

// Length is the body's length as the request says it, -1 if it does not. A body of another length never ends well.
func (s *Stream) Length() int64 { return s.length }

// ID is the stream's number.
func (s *Stream) ID() uint32 { return s.id }

// Info is what Opening.Info was.
func (s *Stream) Info() any { return s.conn.info }

// Fingerprint is how the visitor's software opened the connection, as fingerprint.HTTP2 writes it.
func (s *Stream) Fingerprint() string { return s.fingerprint }

// HasBody says whether the request has a body or trailers, or may still get them.
func (s *Stream) HasBody() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return !s.recvEnd || s.received > 0 || len(s.trailers) > 0
}

// Patient lets the stream wait for the visitor as long as it likes, for calls in which both sides speak when they want.
// Once the head of the answer was sent that is so for every stream.
func (s *Stream) Patient() {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.patient = true
}

// Err is why the stream can no longer be answered; nil if it can.
func (s *Stream) Err() error {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.err
}

// Gone is closed when the visitor cancels the request or leaves, not when the answer is complete.
func (s *Stream) Gone() <-chan struct{} {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.gone == nil {
		s.gone = make(chan struct{})
		if s.lost() {
			close(s.gone)
		}
	}
	return s.gone
}

// OnGone has f called once when what Gone tells happens, at once if it has; nil takes that back. It costs less than Gone.
// f must not block nor call the stream; it is not called any more once the handler has returned or OnGone(nil) has.
func (s *Stream) OnGone(f func()) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.onGone = f
	if f != nil && s.lost() {
		s.onGone = nil
		f()
	}
}

// lost says that the stream ended early, for a reason other than its handler's.
func (s *Stream) lost() bool { return s.closed && s.err != nil && s.err != ErrAnswered }

// close ends a stream for the protocol; err is nil if both sides have said all.
func (c *conn) close(s *Stream, how ended, err error) {
	if s.closed {
		return
	}
	s.closed = true
	s.err = err
	if err == nil {
		s.err = ErrAnswered
	}
	c.open--
	c.old.add(s.id, how)
	c.giveBack(s.owed)
	s.owed = 0
	if !s.recvEnd {
		c.server.waiting.Add(-int64(s.body.len()))
		s.body.drop(&c.server.blocks)
	}
	c.output.remove(s)
	s.wakeReader()
	s.wakeWriter()
	if s.lost() {
		if s.gone != nil {
			close(s.gone)
		}
		if f := s.onGone; f != nil {
			s.onGone = nil
			f()
		}
	}
	if c.open == 0 {
		c.idle = c.server.clock.Load()
	}
	c.leaveIfDone()
}

// reset ends a stream from our side.
func (c *conn) reset(s *Stream, code Code, err error) {
	if s.closed {
		return
	}
	c.output.block.bytes = appendReset(c.room(13), s.id, code)
	c.close(s, endedByUs, err)
}

// finished ends the stream of a handler that has returned.
func (c *conn) finished(s *Stream) {
	c.mu.Lock()
	c.reset(s, InternalError, ErrAnswered)
	c.flush()
	c.forget(s)
	c.mu.Unlock()
	c.server.release(s)
}

// forget leaves a stream to be used again.
func (c *conn) forget(s *Stream) {
	c.server.waiting.Add(-int64(s.body.len()))
	delete(c.streams, s.id)
	c.settled()
}

func (s *Stream) wakeReader() {
	if s.reading {
		s.reading = false
		s.readable <- struct{}{}
	}
}

func (s *Stream) wakeWriter() {
	if s.writing {
		s.writing = false
		s.writable <- struct{}{}
	}
}

// wakeForWindow wakes a writer that waits for the stream's own window. One that is queued waits for something else.
func (s *Stream) wakeForWindow() {
	if !s.queued {
		s.wakeWriter()
	}
}
