package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// requestBody is a visitor's body on its way to the origin.
type requestBody struct {
	io.Reader
	io.Closer
	passage *passage
	copying bool // give what passes to the exchange
	stall   stall
}

// Read passes on bytes and notes how the body ended. Tag headers are taken out of the trailers as out of the head.
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
		b.passage.stripTags(b.passage.in.Trailer)
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

// responseBody is the origin's body on its way to the visitor, copied aside.
type responseBody struct {
	io.ReadCloser
	ex *exchange
}

// Read passes on bytes, gives them to the exchange, and tells it how the body ended.
func (b *responseBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	b.ex.responseTap(into[:n])
	if err != nil {
		b.ex.responseDone(err == io.EOF)
	}
	return n, err
}

// replyWriter writes the response to the visitor. It keeps net/http from adding headers that the origin did not
// send, and cuts visitors who take nothing.
type replyWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   stall
}

// Unwrap lets http.ResponseController find the connection behind.
func (w *replyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader writes the head. A nil value means "not even the default" to net/http.
func (w *replyWriter) WriteHeader(status int) {
	if status >= 200 {
		header := w.Header()
		for _, name := range [...]string{"Date", "Content-Type"} {
			if _, sent := header[name]; !sent {
				header[name] = nil
			}
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
