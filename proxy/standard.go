package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/http1"
)

// This file carries requests that net/http has read: those of HTTP/3, and all of them where the operator chose
// message_handling: standard. The rest is the same.

// serveHTTP carries a request that came over a connection of this identity.
func (w *wire) serveHTTP(rw http.ResponseWriter, r *http.Request, who identity) {
	w.done.Add(1)
	defer w.done.Done()
	p := w.take()
	a := &handlerAnswer{passage: p, writer: rw, request: r, control: http.NewResponseController(rw)}
	a.down.enter(phaseWorking, w.clock.read())
	p.visitor = a
	a.ask(who)
	stop := context.AfterFunc(r.Context(), a.leave)
	finished := false
	defer func() {
		if !finished {
			w.counts.panics.Add(1)
			p.abandon()
		}
	}()
	p.run()
	finished = true
	stop()
	a.body.close()
	w.give(p)
	if a.aborted {
		panic(http.ErrAbortHandler) // ends the connection or the stream, and is not logged
	}
}

// handlerAnswer is one request that net/http has read. It implements visitor.
type handlerAnswer struct {
	passage *passage
	writer  http.ResponseWriter
	request *http.Request
	control *http.ResponseController
	down    watch
	body    handlerBody

	framing http1.Framing
	aborted bool
}

// leave notes that the visitor has gone. To net/http a body that did not come in time means the same.
func (a *handlerAnswer) leave() {
	if !a.body.late() {
		a.down.leave()
	}
}

// ask fills in what was asked.
func (a *handlerAnswer) ask(who identity) {
	p, r := a.passage, a.request
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		who.peer = peer.Addr().WithZone("").Unmap()
		who.peerText, who.trusted = who.peer.String(), p.wire.trusted.contain(who.peer)
	}
	who.secure = r.TLS != nil
	who.protocol = "HTTP/" + string('0'+rune(r.ProtoMajor))
	if r.ProtoMajor == 1 {
		who.protocol += "." + string('0'+rune(r.ProtoMinor))
	}
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") && target != "*" {
		target = r.URL.RequestURI()
	}
	path, query, _ := strings.Cut(target, "?")
	p.asked = asked{
		method: r.Method, scheme: "http", authority: r.Host, target: target, path: path, query: query,
		fields: headerFields(r.Header), origin: who, whole: true, framing: http1.Framing{HasLength: r.ContentLength == 0 && r.Header["Content-Length"] != nil},
	}
	if who.secure {
		p.asked.scheme = "https"
	}
	for name := range r.Trailer { // announced, and taken out of the headers by net/http
		p.asked.fields = append(p.asked.fields, http1.Field{Name: "Trailer", Value: name})
	}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return
	}
	p.asked.framing = http1.Framing{Length: r.ContentLength, HasLength: true}
	if r.ContentLength < 0 {
		p.asked.framing = http1.Framing{Length: -1, Chunked: true}
	}
	a.body = handlerBody{source: r, control: a.control, stall: p.wire.config.Limits.StallTimeout}
	p.asked.whole, p.asked.stream, p.asked.expects = false, &a.body, continues(r.Header.Get("Expect"))
}

// watched implements visitor.
func (a *handlerAnswer) watched() *watch { return &a.down }

// inform implements visitor.
func (a *handlerAnswer) inform(r *reply) error {
	if r.status == http.StatusContinue {
		return nil // net/http writes it by itself when the body is read
	}
	before := a.writer.Header().Clone()
	a.set(r)
	a.limit(true)
	a.writer.WriteHeader(r.status)
	a.limit(false)
	clear(a.writer.Header())
	for name, values := range before {
		a.writer.Header()[name] = values
	}
	return nil
}

// set writes a head's fields into net/http's.
func (a *handlerAnswer) set(r *reply) {
	fields := r.fields
	if r.head != nil {
		fields = r.head.Fields
	}
	header := a.writer.Header()
	var own lasting
	add := func(field http1.Field) {
		if known := http1.Lookup(field.Name); known != http1.Other && known <= http1.HTTP2Settings {
			return
		}
		// The memory of a field may be used again while net/http still has it.
		name := http.CanonicalHeaderKey(own.keep(field.Name))
		header[name] = append(header[name], own.keep(field.Value))
	}
	for _, field := range fields {
		if r.drop == nil || !r.drop(field.Name) {
			add(field)
		}
	}
	for _, field := range r.add { // ours, whatever is dropped of the origin's
		add(field)
	}
}

// respond implements visitor.
func (a *handlerAnswer) respond(r *reply) error {
	a.framing = r.framing
	a.set(r)
	header := a.writer.Header()
	// A nil value means "not even the default" to net/http.
	for _, name := range [...]string{"Date", "Content-Type"} {
		if _, sent := header[name]; !sent {
			header[name] = nil
		}
	}
	if r.head == nil && r.framing.HasLength {
		header["Content-Length"] = []string{decimal(r.framing.Length)}
	}
	if a.request.ProtoMajor == 1 && (r.last || a.body.source != nil && !a.body.over()) {
		header["Connection"] = []string{"close"}
	}
	if a.body.source != nil {
		_ = a.control.EnableFullDuplex()
		a.body.answered()
	}
	a.writer.WriteHeader(r.status)
	if a.body.late() {
		return nil
	}
	return a.request.Context().Err()
}

// write implements visitor.
func (a *handlerAnswer) write(p []byte) error {
	a.limit(true)
	defer a.limit(false)
	_, err := a.writer.Write(p)
	return err
}

// limit bounds the time of a write. Between two there must be no limit: over HTTP/2 it would end an answer that is silent.
func (a *handlerAnswer) limit(on bool) {
	until := time.Time{}
	if on {
		until = time.Now().Add(a.passage.wire.config.Limits.StallTimeout)
	}
	_ = a.control.SetWriteDeadline(until)
}

// flush implements visitor.
func (a *handlerAnswer) flush() error {
	a.limit(true)
	defer a.limit(false)
	return a.control.Flush()
}

// finish implements visitor.
func (a *handlerAnswer) finish(trailers []http1.Field) error {
	a.limit(true) // what is left is written when the handler has returned
	if a.framing.Chunked {
		_ = a.control.Flush() // else net/http may see that it was all, and say a length
	}
	for _, field := range trailers {
		a.writer.Header().Add(http.TrailerPrefix+field.Name, strings.Clone(field.Value))
	}
	return nil
}

// abort implements visitor.
func (a *handlerAnswer) abort() {
	a.limit(true)
	_ = a.control.Flush()
	a.aborted = true
}

// hangUp implements visitor.
func (a *handlerAnswer) hangUp() { a.aborted = true }

// handlerBody is a body that net/http reads. It implements stream.
type handlerBody struct {
	source  *http.Request
	control *http.ResponseController
	stall   time.Duration // how long a Read may wait before the answer has begun
	ended   atomic.Bool

	mu      sync.Mutex // held by who reads
	stopped atomic.Bool

	limiting sync.Mutex
	until    time.Time // of the Read under way; zero for none
	patient  bool      // the answer has begun, or nobody reads any more
}

// Read implements io.Reader.
func (b *handlerBody) Read(into []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped.Load() {
		return 0, errClosed
	}
	b.limit(true)
	n, err := b.source.Body.Read(into)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, errStalled
	}
	b.limit(false)
	if err == io.EOF {
		b.ended.Store(true)
	}
	return n, err
}

// late says that the time of a Read has run out.
func (b *handlerBody) late() bool {
	b.limiting.Lock()
	defer b.limiting.Unlock()
	return !b.until.IsZero() && !time.Now().Before(b.until)
}

// limit bounds the time of a Read. Between two there must be no limit: net/http reads on by itself behind the end of a body.
func (b *handlerBody) limit(on bool) {
	b.limiting.Lock()
	defer b.limiting.Unlock()
	switch {
	case b.patient:
		return
	case on:
		b.until = time.Now().Add(b.stall)
	default:
		b.until = time.Time{}
	}
	_ = b.control.SetReadDeadline(b.until)
}

// answered takes the limit away: calls that stream both ways may be silent.
func (b *handlerBody) answered() {
	if b.late() {
		return
	}
	b.limit(false)
	b.limiting.Lock()
	defer b.limiting.Unlock()
	b.patient = true
}

func (b *handlerBody) trailers() []http1.Field { return headerFields(b.source.Trailer) }

// proceed implements stream: net/http tells the visitor when the body is read.
func (b *handlerBody) proceed() error { return nil }

// over implements stream.
func (b *handlerBody) over() bool { return b.ended.Load() }

// stop implements stream.
func (b *handlerBody) stop() {
	b.stopped.Store(true)
	b.limiting.Lock()
	defer b.limiting.Unlock()
	b.patient = true
	if b.source != nil {
		// To close the body would wait for a Read under way.
		_ = b.control.SetReadDeadline(past())
	}
}

// close has nobody read any more. What net/http still reads by itself must not take for ever.
func (b *handlerBody) close() {
	b.stopped.Store(true)
	if b.source == nil || b.over() {
		return
	}
	b.limiting.Lock()
	defer b.limiting.Unlock()
	b.patient = true
	_ = b.control.SetReadDeadline(time.Now().Add(b.stall))
}
