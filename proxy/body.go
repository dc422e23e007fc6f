package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// requestBody is a visitor's body on its way to the origin.
type requestBody struct {
	io.Reader
	passage *passage
	copying bool // give what passes to the exchange
	stall   stall
	ended   atomic.Bool // all of it was read
}

// Read passes on bytes and notes how the body ended.
func (b *requestBody) Read(into []byte) (int, error) {
	b.stall.begin()
	n, err := b.Reader.Read(into)
	b.stall.end()
	ex := b.passage.ex
	if b.copying {
		ex.requestTap(into[:n])
	}
	switch {
	case err == io.EOF:
		b.ended.Store(true)
		if b.copying {
			ex.requestDone(true)
		}
	case err != nil:
		b.passage.bodyFailed.Store(true)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			b.passage.bodyStalled.Store(true)
		}
		if b.copying {
			ex.requestDone(false)
		}
	}
	return n, err
}

// responseBody is the origin's body on its way to the visitor.
type responseBody struct {
	io.ReadCloser
	passage *passage
	copying bool // give what passes to the exchange
}

// Read passes on bytes, copies them aside, and notes how the body ended.
func (b *responseBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.copying {
		b.passage.ex.responseTap(into[:n])
		if err != nil {
			b.passage.ex.responseDone(err == io.EOF)
		}
	}
	if err != nil && err != io.EOF && b.passage.in.Context().Err() == nil {
		b.passage.wire.counts.upstreamError(upstreamBrokenOff)
		b.passage.wire.complaints.say("the origin broke off its answer")
	}
	return n, err
}

// replyWriter writes the response to the visitor. It keeps net/http from adding headers that the origin did not
// send, and cuts visitors who take nothing.
type replyWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   stall
	passage *passage
}

// unsuppress keeps what the origin said of the body in an answer without one: net/http takes these names out of a 304 and
// a 204, when they are spelled in its way.
func unsuppress(header http.Header) {
	for _, name := range [...]string{"Content-Type", "Content-Length"} {
		if values := header[name]; len(values) > 0 {
			header[strings.ToLower(name)] = values
			delete(header, name)
		}
	}
}

// Unwrap lets http.ResponseController find the connection behind.
func (w *replyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader writes the head. A nil value means "not even the default" to net/http.
func (w *replyWriter) WriteHeader(status int) {
	if status == http.StatusContinue {
		return // net/http writes it by itself when the body is read, which the transport does now: once is enough
	}
	if status >= 200 {
		header := w.Header()
		for _, name := range [...]string{"Date", "Content-Type"} {
			if _, sent := header[name]; !sent {
				header[name] = nil
			}
		}
		w.passage.closeUnlessRead(header)
		if w.passage.in.ProtoMajor == 1 && (status == http.StatusNotModified || status == http.StatusNoContent) {
			unsuppress(header)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes on bytes.
func (w *replyWriter) Write(p []byte) (int, error) {
	w.stall.begin()
	defer w.stall.end()
	return w.ResponseWriter.Write(p)
}

// FlushError passes on what is buffered.
func (w *replyWriter) FlushError() error {
	w.stall.begin()
	defer w.stall.end()
	return w.control.Flush()
}

// stall ends an operation on a visitor's connection that makes no progress, by a deadline in the past. The timer is
// the cheap part; the deadline, which concerns the whole connection, is only set when it fires.
type stall struct {
	limit time.Duration
	cut   func(deadline time.Time) error
	timer *time.Timer
}

func (s *stall) begin() {
	if s.timer != nil {
		s.timer.Reset(s.limit)
		return
	}
	s.timer = time.AfterFunc(s.limit, func() { _ = s.cut(time.Unix(1, 0)) })
}

func (s *stall) end() { s.timer.Stop() }
