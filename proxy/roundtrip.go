package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"

	"wayguard/http1"
	"wayguard/origin"
)

// roundTrip asks an endpoint that speaks HTTP/2 and relays the answer.
func (p *passage) roundTrip(e *origin.Endpoint) trouble {
	ctx, cancel := context.WithCancel(p.wire.requests)
	defer cancel()
	carried := &carriedBody{passage: p}
	p.carried = carried
	watch := p.visitor.watched()
	watch.origin = cancelled(cancel)
	request := p.outgoing(ctx, e, carried)
	if watch.enter(phaseAsking, p.wire.clock.read()) != cutNot {
		p.left()
		return trouble{none: true}
	}
	answer, err := e.RoundTrip(request)
	if why := watch.enter(phaseWorking, p.wire.clock.read()); why != cutNot || err != nil {
		watch.origin = nil
		if answer != nil {
			_ = answer.Body.Close()
		}
		return p.roundTripFailed(e, carried, why, err)
	}
	e.Report(origin.ResultOfStatus(answer.StatusCode))
	p.relayAnswer(answer, watch)
	watch.origin = nil
	return trouble{none: true}
}

// cancelled cuts a request by its context.
type cancelled context.CancelFunc

// Cut implements cutter.
func (c cancelled) Cut() { c() }

// roundTripFailed sorts out why there was no answer.
func (p *passage) roundTripFailed(e *origin.Endpoint, carried *carriedBody, why cutReason, err error) trouble {
	visitorFailed := carried.close()
	if why != cutNot || p.wire.killed.Load() {
		e.Report(origin.ResultGone)
		p.left()
		return trouble{none: true}
	}
	if visitorFailed != nil {
		e.Report(origin.ResultGone)
		p.brokenOff(visitorFailed)
		return trouble{none: true}
	}
	result := origin.ResultOf(err)
	e.Report(result)
	t := trouble{sent: true, repeatable: p.asked.whole && !p.informed, reason: upstreamProtocol}
	var failure *origin.Failure
	switch {
	case result == origin.ResultTimeout:
		t.reason, t.repeatable = upstreamTimeout, false
	case result == origin.ResultConnect:
		t.reason, t.sent = upstreamConnect, errors.As(err, &failure) && failure.Sent
	case result == origin.ResultBusy:
		t.reason, t.sent = upstreamBusy, errors.As(err, &failure) && failure.Sent
	}
	return t
}

// outgoing is the request in net/http's form.
func (p *passage) outgoing(ctx context.Context, e *origin.Endpoint, carried *carriedBody) *http.Request {
	a := &p.asked
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: p.gotInformed})
	p.added = p.added[:0]
	p.edit = http1.Edit{Drop: http1.NewNames(http1.Proxy), DropExpect: true}
	p.forwarded()
	p.added = append(append(p.added, p.tags...), p.directive.AddRequest...)
	p.added = addedBy(p.added, p.requestEdits)
	var own lasting
	header := make(http.Header, len(a.fields)+len(p.added))
	for _, field := range p.requestFields() {
		switch known := http1.Lookup(field.Name); {
		case known == http1.Trailer, known == http1.TE && !strings.Contains(strings.ToLower(field.Value), "trailers"):
			continue
		case known == http1.TE:
			field.Value = "trailers"
		}
		name := textproto.CanonicalMIMEHeaderKey(own.keep(field.Name))
		header[name] = append(header[name], own.keep(field.Value))
	}
	request := (&http.Request{
		Method: own.keep(a.method), Host: own.keep(p.hostFor(e)), Header: header, ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	path := own.keep(a.path)
	request.URL = &url.URL{Path: path, RawQuery: own.keep(a.query), ForceQuery: a.query == "" && strings.HasSuffix(a.target, "?")}
	switch {
	case strings.HasPrefix(path, "//"):
		// Opaque would be taken for an authority.
		if plain, err := url.PathUnescape(path); err == nil {
			request.URL.Path, request.URL.RawPath = plain, path
		}
	case strings.HasPrefix(path, "/"):
		request.URL.Opaque = path // written as it is
	}
	p.giveBody(request, carried, &own)
	return request
}

// giveBody puts the body into a request.
func (p *passage) giveBody(request *http.Request, carried *carriedBody, own *lasting) {
	a := &p.asked
	request.ContentLength = a.framing.Length
	if a.framing.Chunked {
		request.ContentLength = -1
	}
	switch {
	case !a.whole:
		if a.expects && !p.continued {
			p.continued = true
			_ = a.stream.proceed()
		}
		carried.source, request.Body = p.source, carried
	case len(a.body) > 0:
		carried.source, request.Body = bytes.NewReader(a.body), carried
	default:
		request.ContentLength, request.Body = 0, http.NoBody
	}
	if a.framing.Chunked && request.Body == http.NoBody {
		carried.source, request.Body, request.ContentLength = bytes.NewReader(nil), carried, -1
	}
	if a.framing.Chunked {
		request.Trailer = http.Header{}
		carried.trailer = request.Trailer
		for _, field := range a.fields {
			if http1.Lookup(field.Name) == http1.Trailer {
				for name := range strings.SplitSeq(field.Value, ",") {
					if name = strings.TrimSpace(name); !p.drops(name) {
						request.Trailer[textproto.CanonicalMIMEHeaderKey(own.keep(name))] = nil
					}
				}
			}
		}
	}
}

// gotInformed passes on an answer of the 1xx class.
func (p *passage) gotInformed(status int, header textproto.MIMEHeader) error {
	if status == http.StatusContinue {
		return nil
	}
	p.informed = true
	return p.visitor.inform(&reply{status: status, fields: headerFields(http.Header(header))})
}

// headerFields lists headers by name, without those that framing and connections are made of.
func headerFields(header http.Header) []http1.Field {
	names := make([]string, 0, len(header))
	for name := range header {
		if known := http1.Lookup(name); known == http1.Other || known > http1.ContentLength {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	fields := make([]http1.Field, 0, len(names))
	for _, name := range names {
		for _, value := range header[name] {
			fields = append(fields, http1.Field{Name: name, Value: value})
		}
	}
	return fields
}

// relayAnswer gives the visitor an answer in net/http's form.
func (p *passage) relayAnswer(answer *http.Response, watch *watch) {
	defer func() { _ = answer.Body.Close() }()
	fields := headerFields(answer.Header)
	ours := p.directive.ResponseFields(p.asked.method, answer.StatusCode, fields)
	framing := http1.Framing{Length: answer.ContentLength, HasLength: answer.ContentLength >= 0, Chunked: answer.ContentLength < 0}
	if p.asked.method == http.MethodHead || answer.StatusCode == http.StatusNoContent || answer.StatusCode == http.StatusNotModified {
		framing = http1.Framing{Bodiless: true, Length: answer.ContentLength, HasLength: answer.ContentLength >= 0}
	}
	p.tell(answer.StatusCode, fields, ours, framing)
	if drop := p.directive.DropResponse; drop != nil {
		fields = slices.DeleteFunc(fields, func(field http1.Field) bool { return drop(field.Name) })
	}
	fields = append(fields, ours...)
	fields = p.alternative(fields, answer.Header["Alt-Svc"] != nil)
	p.head = reply{status: answer.StatusCode, fields: fields, framing: framing}
	p.amend(&p.head)
	defer p.unveil()
	err := p.visitor.respond(&p.head)
	if err != nil {
		err = errGone
	}
	p.noteHints()
	if err == nil && !framing.Bodiless {
		err = p.copyAnswer(answer.Body, watch)
	}
	if p.ex != nil {
		p.ex.responseDone(err == nil)
	}
	switch {
	case err == nil:
		if p.visitor.finish(headerFields(answer.Trailer)) != nil {
			p.wire.counts.abandoned.Add(1)
		}
	case err == errGone || p.wire.killed.Load():
		p.left()
	default:
		p.wire.counts.upstreamError(upstreamBrokenOff)
		p.wire.complaints.say("the origin broke off its answer")
		p.visitor.abort()
	}
}

func (p *passage) copyAnswer(body io.Reader, watch *watch) error {
	p.back = p.wire.buffers.take(middleBuffer)
	for {
		if watch.enter(phaseRelaying, p.wire.clock.read()) != cutNot {
			return errGone
		}
		n, err := body.Read(p.back)
		if watch.enter(phaseWorking, p.wire.clock.read()) != cutNot {
			return errGone
		}
		if passed := p.pass(p.back[:n]); passed != nil {
			return passed
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if p.visitor.flush() != nil {
			return errGone
		}
	}
}

// carriedBody is the body that net/http's client reads, in a goroutine of its own; shut takes it away from that.
type carriedBody struct {
	passage *passage
	source  io.Reader
	trailer http.Header // filled at the end

	mu      sync.Mutex // held while somebody reads
	closing sync.Mutex
	closed  bool
	reading bool
	failed  error // why the visitor's body broke off
}

var errClosed = errors.New("the request is over")

// Read implements io.Reader.
func (b *carriedBody) Read(into []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.begin() {
		return 0, errClosed
	}
	n, err := b.source.Read(into)
	b.closing.Lock()
	defer b.closing.Unlock()
	b.reading = false
	switch {
	case err == io.EOF && b.trailer != nil:
		var own lasting
		for _, field := range b.passage.keptTrailers(b.passage.requestTrailers()) {
			name := textproto.CanonicalMIMEHeaderKey(own.keep(field.Name))
			b.trailer[name] = append(b.trailer[name], own.keep(field.Value))
		}
	case err != nil && err != io.EOF && !b.closed:
		b.failed = err
	}
	return n, err
}

func (b *carriedBody) begin() bool {
	b.closing.Lock()
	defer b.closing.Unlock()
	b.reading = !b.closed
	return b.reading
}

// Close implements io.Closer. Nothing needs to be closed.
func (b *carriedBody) Close() error { return nil }

// close ends the reading, but for a Read that waits already. The error is why the visitor's body broke off, if it did.
func (b *carriedBody) close() error {
	b.closing.Lock()
	b.closed = true
	failed, idle := b.failed, !b.reading || b.passage.asked.stream == nil
	b.closing.Unlock()
	if idle {
		b.mu.Lock() // one that does not wait
		defer b.mu.Unlock()
	}
	return failed
}

// settle ends a Read that waits, after the answer.
func (b *carriedBody) settle() {
	b.closing.Lock()
	b.closed = true
	waits := b.reading && b.passage.asked.stream != nil
	b.closing.Unlock()
	if waits && !b.passage.asked.stream.over() {
		b.passage.asked.stream.stop()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
}
