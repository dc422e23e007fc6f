package proxy

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"wayguard/http1"
	"wayguard/http2"
)

// maxAwaited is up to which length a body is waited for before the request is sent, in bytes: it comes right behind its
// head, and what is all here can be sent in one piece, and again.
const maxAwaited = 8 << 10

// handle carries one request of an HTTP/2 connection.
func (w *wire) handle(s *http2.Stream) {
	p := w.take()
	a := &p.streamed
	a.begin(s, p)
	p.visitor = a
	a.ask(s)
	s.OnGone(a.down.leave)
	if a.failed { // the body did not come as it was announced: the stream has ended, or ends with this
		w.counts.requests.Add(1)
		w.counts.badRequests.Add(1)
		s.OnGone(nil)
		w.give(p)
		return
	}
	finished := false
	defer func() {
		if finished {
			return
		}
		// A panic: nobody knows in what state the passage is, so it is not used again.
		w.counts.panics.Add(1)
		p.abandon()
	}()
	p.run()
	finished = true
	s.OnGone(nil)
	w.give(p)
}

// streamAnswer is one stream of an HTTP/2 connection. It implements visitor and stream.
type streamAnswer struct {
	stream  *http2.Stream
	passage *passage
	down    watch
	ended   atomic.Bool // the whole body was read

	begun  bool // respond was called
	sent   bool // the head was sent
	status int
	left   int64  // of a body of known length; -1 when it is not known
	tail   []byte // the end of such a body, kept back for finish
	fields []http1.Field
	failed bool
}

func (a *streamAnswer) begin(s *http2.Stream, p *passage) {
	a.stream, a.passage = s, p
	a.down.enter(phaseWorking, p.wire.clock.read())
	a.down.gone.Store(false)
	a.ended.Store(false)
	a.begun, a.sent, a.failed, a.left, a.tail = false, false, false, -1, nil
}

// ask fills in what was asked.
func (a *streamAnswer) ask(s *http2.Stream) {
	p := a.passage
	who := *s.Info().(*identity)
	who.protocol, who.http2 = "HTTP/2", s.Fingerprint()
	path, query, _ := strings.Cut(s.Path(), "?")
	p.asked = asked{
		method: s.Method(), scheme: "http", authority: s.Authority(), target: s.Path(), path: path, query: query,
		fields: s.Fields(), origin: who, whole: true,
	}
	if who.secure {
		p.asked.scheme = "https"
	}
	if !s.HasBody() {
		p.asked.framing = http1.Framing{Length: 0, HasLength: s.Length() == 0}
		return
	}
	p.asked.framing = http1.Framing{Length: s.Length(), HasLength: true}
	if s.Length() < 0 {
		p.asked.framing = http1.Framing{Length: -1, Chunked: true}
	}
	for _, field := range s.Fields() {
		switch http1.Lookup(field.Name) {
		case http1.Expect:
			p.asked.expects = continues(field.Value)
		case http1.ContentType:
			if strings.HasPrefix(field.Value, "application/grpc") {
				s.Patient() // in a call, either side speaks when it likes
			}
		}
	}
	if s.Length() >= 0 && s.Length() <= maxAwaited && !p.asked.expects {
		a.await(int(s.Length()))
		return
	}
	p.asked.whole, p.asked.stream = false, a
}

// continues says whether an expectation is the only one there is. Others are not passed on.
func continues(expectation string) bool { return equalFold(expectation, "100-continue") }

// await reads a short body.
func (a *streamAnswer) await(length int) {
	p := a.passage
	if cap(p.memory) < length+1 {
		p.memory = make([]byte, maxAwaited+1)
	}
	n, err := io.ReadFull(a, p.memory[:length])
	if err == nil {
		// The end of the stream is behind the last byte.
		_, err = a.Read(p.memory[length : length+1])
	}
	p.asked.body = p.memory[:n]
	if err != io.EOF {
		a.failed = true
	}
}

// Read implements io.Reader.
func (a *streamAnswer) Read(into []byte) (int, error) {
	n, err := a.stream.Read(into)
	switch err {
	case nil:
	case io.EOF:
		a.ended.Store(true)
	case http2.ErrStalled:
		err = errStalled
	}
	return n, err
}

func (a *streamAnswer) trailers() []http1.Field { return a.stream.Trailers() }

// proceed implements stream.
func (a *streamAnswer) proceed() error { return a.stream.Inform(100, nil) }

// over implements stream.
func (a *streamAnswer) over() bool { return a.ended.Load() }

// stop implements stream. The answer is complete: there is no use in the rest of the body.
func (a *streamAnswer) stop() { a.stream.Reset(http2.NoError) }

// watched implements visitor.
func (a *streamAnswer) watched() *watch { return &a.down }

// inform implements visitor.
func (a *streamAnswer) inform(r *reply) error {
	fields := r.fields
	if r.head != nil {
		fields = r.head.Fields
	}
	return a.stream.Inform(r.status, a.kept(r, fields))
}

// kept are the fields to be sent.
func (a *streamAnswer) kept(r *reply, fields []http1.Field) []http1.Field {
	a.fields = a.fields[:0]
	length := false
	for i, field := range fields {
		switch known := answerName(r, i, field.Name); {
		case r.drop != nil && r.drop(field.Name), r.head != nil && r.head.Hop(i) && known != http1.Trailer:
			continue
		case known == http1.ContentLength:
			if length || r.status < 200 || r.status == http.StatusNoContent {
				continue // said before, or not to be said at all
			}
			length = true
		}
		a.fields = append(a.fields, field)
	}
	a.fields = append(a.fields, r.add...)
	return a.fields
}

// answerName is what the i-th field of an answer is.
func answerName(r *reply, i int, name string) http1.Name {
	if r.head != nil {
		return r.head.Known[i]
	}
	return http1.Lookup(name)
}

// respond implements visitor. The head is sent with the first bytes of the body.
func (a *streamAnswer) respond(r *reply) error {
	a.begun, a.status, a.left = true, r.status, -1
	fields := r.fields
	if r.head != nil {
		fields = r.head.Fields
	}
	a.kept(r, fields)
	switch {
	case r.framing.Bodiless:
		a.left = 0
	case r.framing.Length >= 0 && !r.framing.Chunked && !r.framing.UntilClose:
		a.left = r.framing.Length
	}
	if r.head == nil && r.framing.HasLength {
		a.fields = append(a.fields, http1.Field{Name: "content-length", Value: decimal(r.framing.Length)})
	}
	if a.failed {
		return errGone
	}
	return nil
}

// write implements visitor.
func (a *streamAnswer) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if a.left > 0 {
		if a.left -= int64(len(p)); a.left <= 0 {
			a.tail = p // finish comes before the memory is used again
			return nil
		}
	}
	if a.sent {
		_, err := a.stream.Write(p)
		return err
	}
	a.sent = true
	return a.stream.Answer(a.status, a.fields, p, false)
}

// flush implements visitor.
func (a *streamAnswer) flush() error {
	if a.sent || !a.begun {
		return nil
	}
	a.sent = true
	return a.stream.Respond(a.status, a.fields, false)
}

// finish implements visitor.
func (a *streamAnswer) finish(trailers []http1.Field) error {
	tail := a.tail
	a.tail = nil
	ends := len(trailers) == 0
	if !a.sent {
		a.sent = true
		if err := a.stream.Answer(a.status, a.fields, tail, ends); err != nil || ends {
			return err
		}
	} else if ends {
		return a.stream.End(tail)
	} else if len(tail) > 0 {
		if _, err := a.stream.Write(tail); err != nil {
			return err
		}
	}
	return a.stream.Finish(trailers)
}

// abort implements visitor.
func (a *streamAnswer) abort() {
	_ = a.flush()
	a.stream.Reset(http2.InternalError)
}

// hangUp implements visitor.
func (a *streamAnswer) hangUp() { a.stream.Reset(http2.InternalError) }
