package proxy

import (
	"errors"

	"wayguard/http1"
)

// replyBuffer is how much of an answer is kept back, so that a head and the body that came with it are one write.
const replyBuffer = middleBuffer + 2<<10

var (
	errStalled = errors.New("the visitor sends nothing, or takes nothing")
	errCut     = errors.New("the wait was ended")
)

// answering gives the answer to one request of an HTTP/1 connection. It implements visitor.
type answering struct {
	conn    *conn
	passage *passage
	inbound *inbound // a body that is still coming, else nil
	minor   int      // the visitor's HTTP/1 version
	bare    bool     // no body may be sent: the request is a HEAD

	last    bool // the connection ends after this answer
	unread  bool // and there may be more of the request than was read
	aborted bool // the answer is not whole
	failed  bool // the visitor cannot be reached
	framing http1.Framing
	kept    []byte // what is kept back; its memory is the passage's
}

// watched implements visitor.
func (a *answering) watched() *watch { return &a.conn.down }

// inform implements visitor.
func (a *answering) inform(r *reply) error {
	if a.minor == 0 {
		return nil // HTTP/1.0 knows no such answers
	}
	if r.head != nil {
		edit := &a.passage.responseEdit
		*edit = http1.ResponseEdit{DropNamed: r.drop, Minor: a.minor, Framing: r.head.Framing}
		a.kept = r.head.AppendForward(a.kept, edit)
	} else {
		a.kept = http1.AppendResponse(a.kept, r.status, r.reason, r.fields, http1.Framing{Bodiless: true}, false)
	}
	return a.flush()
}

// respond implements visitor.
func (a *answering) respond(r *reply) error {
	if a.inbound != nil && !a.inbound.ended.Load() && r.status != 101 {
		// What follows on the connection could be taken for the rest of the body, or the other way round.
		a.last, a.unread = true, true
	}
	if r.last || a.conn.wire.stopping.Load() {
		a.last = true
	}
	a.framing = r.framing
	if (r.framing.Chunked || r.framing.UntilClose) && !r.framing.Bodiless {
		a.framing = http1.Framing{Length: -1, Chunked: a.minor > 0, UntilClose: a.minor == 0}
		a.last = a.last || a.minor == 0
	}
	if r.head == nil {
		a.kept = http1.AppendResponse(a.kept, r.status, r.reason, r.fields, a.framing, a.last)
		return nil
	}
	edit := &a.passage.responseEdit
	*edit = http1.ResponseEdit{DropNamed: r.drop, Add: r.add, Close: a.last, Framing: a.framing, Minor: a.minor, KeepUpgrade: r.status == 101}
	a.kept = r.head.AppendForward(a.kept, edit)
	return nil
}

// write implements visitor.
func (a *answering) write(p []byte) error {
	if len(p) == 0 || a.bare {
		return nil
	}
	if len(a.kept)+len(p)+chunkOverhead > replyBuffer {
		if err := a.flush(); err != nil {
			return err
		}
	}
	switch {
	case a.framing.Chunked:
		a.kept = http1.AppendChunk(a.kept, p)
	case len(a.kept) == 0 && len(p) >= smallBuffer:
		return a.send(p)
	default:
		a.kept = append(a.kept, p...)
	}
	return nil
}

// chunkOverhead is more than what the framing of one chunk takes.
const chunkOverhead = 32

// flush implements visitor.
func (a *answering) flush() error {
	if len(a.kept) == 0 {
		return nil
	}
	err := a.send(a.kept)
	a.kept = a.kept[:0]
	if cap(a.kept) > largeBuffer { // an uncommonly long head
		a.kept = a.passage.reply[:0]
	}
	return err
}

// send writes to the visitor.
func (a *answering) send(p []byte) error {
	c := a.conn
	if a.failed {
		return errCut
	}
	if c.down.enter(phaseWriting, c.wire.clock.read()) != cutNot {
		a.failed = true
		return errCut
	}
	var err error
	if c.tls != nil {
		err = c.tls.send(p)
	} else {
		_, err = c.write(p)
	}
	if c.down.enter(phaseWorking, c.wire.clock.read()) != cutNot {
		err = errStalled
	}
	a.failed = a.failed || err != nil
	return err
}

// finish implements visitor.
func (a *answering) finish(trailers []http1.Field) error {
	if a.framing.Chunked && !a.bare && !a.framing.Bodiless {
		a.kept = http1.AppendLastChunk(a.kept, trailers)
	}
	return a.flush()
}

// abort implements visitor. The end of the connection shows that a body of known length, or one in chunks, is not whole; a
// body that only the end of the connection ends is broken off with a reset.
func (a *answering) abort() {
	if !a.failed {
		_ = a.flush()
	}
	a.aborted, a.last = true, true
	if a.framing.UntilClose {
		_ = a.conn.socket.TCP().SetLinger(0)
	}
}

// hangUp implements visitor.
func (a *answering) hangUp() {
	a.aborted, a.last = true, true
	_ = a.conn.socket.TCP().SetLinger(0)
}
