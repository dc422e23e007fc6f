package proxy

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"wayguard/http1"
	"wayguard/origin"
)

// upload carries a body that is still coming to the origin, beside the goroutine that waits for the answer: an origin may
// answer before it has read the body, or while it reads.
type upload struct {
	conn     *origin.Conn
	endpoint *origin.Endpoint
	ended    chan struct{} // nil when there is none

	mu       sync.Mutex
	answered bool  // the answer's head is there: no more limit of time
	visitor  error // why the visitor sent no more
	sent     bool  // all of it was sent
	stopped  atomic.Bool
}

// reset makes it ready for another request.
func (u *upload) reset() {
	u.conn, u.endpoint, u.ended = nil, nil, nil
	u.answered, u.visitor, u.sent = false, nil, false
	u.stopped.Store(false)
}

// start begins with the request's head, which is in p.out.
func (u *upload) start(p *passage, e *origin.Endpoint, conn *origin.Conn) {
	u.conn, u.endpoint, u.ended = conn, e, make(chan struct{})
	go func() {
		defer close(u.ended)
		defer func() {
			if recovered := recover(); recovered != nil {
				p.wire.panicked(recovered)
				u.fail(errGone)
			}
		}()
		u.carry(p)
	}()
}

// uploadMargin is room for a chunk's size before the data, and for what follows it.
const uploadMargin = 16

func (u *upload) carry(p *passage) {
	u.bound(true)
	if _, err := u.conn.Write(p.out); err != nil {
		return // why, whoever reads the answer is told too
	}
	u.bound(false)
	buffer := p.wire.buffers.take(middleBuffer)
	defer p.wire.buffers.give(buffer)
	chunked := p.requestFraming().Chunked
	for {
		n, err := p.source.Read(buffer[uploadMargin : len(buffer)-uploadMargin])
		if n > 0 {
			u.bound(true)
			if _, problem := u.conn.Write(framed(buffer, n, chunked)); problem != nil {
				return // the origin reads no more: what it has answered is being read
			}
			u.bound(false)
		}
		switch {
		case err == io.EOF:
			u.finishBody(p, chunked)
			return
		case err != nil:
			u.fail(err)
			return
		}
	}
}

// bound limits the time of a write to an origin that has not begun to answer.
func (u *upload) bound(on bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.answered:
	case on:
		u.conn.SetTimeout(u.endpoint.ResponseTimeout())
	default:
		u.conn.SetTimeout(0)
	}
}

// framed is n bytes of data behind the margin, as one chunk or as they are.
func framed(buffer []byte, n int, chunked bool) []byte {
	if !chunked {
		return buffer[uploadMargin : uploadMargin+n]
	}
	var size [uploadMargin]byte
	line := http1.AppendChunkHeader(size[:0], n)
	begin := uploadMargin - len(line)
	copy(buffer[begin:], line)
	return append(buffer[begin:uploadMargin+n], '\r', '\n')
}

// finishBody ends the body, and begins the time in which the origin must answer.
func (u *upload) finishBody(p *passage, chunked bool) {
	if chunked {
		last := http1.AppendLastChunk(nil, p.keptTrailers(p.asked.stream.trailers()))
		if _, err := u.conn.Write(last); err != nil {
			return
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent = true
	if !u.answered {
		u.conn.SetTimeout(u.endpoint.ResponseTimeout())
	}
}

// fail notes that the visitor sends no more, and ends the wait for the answer to half a request.
func (u *upload) fail(err error) {
	if u.stopped.Load() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var broken *brokenBody
	switch {
	case errors.As(err, &broken), errors.Is(err, errStalled):
	case errors.Is(err, io.ErrUnexpectedEOF):
	default:
		err = errGone
	}
	u.visitor = err
	u.conn.Cut()
}

// answering notes that the answer's head is there.
func (u *upload) answering(conn *origin.Conn) {
	if u.ended == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answered = true
	conn.SetTimeout(0)
}

// complete says whether the whole body was sent, or there was none to send.
func (u *upload) complete() bool {
	if u.ended == nil {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.sent
}

// settle waits for the end of an upload whose answer has come: all of the body is here, and the origin need only read the
// last of it.
func (u *upload) settle(p *passage) {
	if u.ended == nil || !p.asked.stream.over() {
		return
	}
	u.conn.SetTimeout(silence)
	<-u.ended
	u.conn.SetTimeout(0)
}

// running says whether the goroutine may still use the connection.
func (u *upload) running() bool {
	if u.ended == nil {
		return false
	}
	select {
	case <-u.ended:
		return false
	default:
		return true
	}
}

// problem is why the visitor's body broke off, nil when it did not, or not yet.
func (u *upload) problem() error {
	if u.ended == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.visitor
}

// finish ends the upload, after the answer. The connection to the origin was released before, so that no write of it waits.
func (u *upload) finish(p *passage) {
	if u.ended == nil {
		return
	}
	if u.running() && !p.asked.stream.over() {
		u.stopped.Store(true)
		p.asked.stream.stop()
	}
	<-u.ended
}
