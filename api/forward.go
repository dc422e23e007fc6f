package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/walls"
)

const (
	// callTime bounds a forwarded call as a whole, however long its destination may take for each part.
	callTime = 15 * time.Minute
	dialTime = 10 * time.Second
	// mostHead bounds the head of a destination's answer, in bytes.
	mostHead = 256 << 10
	// copyBuffer is what is read of an answer at a time, in bytes.
	copyBuffer = 32 << 10
	// openCalls bounds the connections to one destination.
	openCalls = 1024
	idleCalls = 64
)

// forwarder sends requests on to destinations. A request is sent once and never again, because payments are not idempotent; only where
// nothing at all of it was written to a connection that had died is it sent on another one.
type forwarder struct {
	// kept keeps connections; fresh does not, for requests that the standard library would send again on its own.
	kept, fresh *http.Transport
	buffers     sync.Pool
}

func newForwarder(guard walls.Walls) *forwarder {
	return &forwarder{
		kept: newTransport(guard, false), fresh: newTransport(guard, true),
		buffers: sync.Pool{New: func() any { buffer := make([]byte, copyBuffer); return &buffer }},
	}
}

// newTransport calls only what the walls let through, by no proxy, as HTTP/1.1 and without changing what passes.
func newTransport(guard walls.Walls, fresh bool) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTime, Control: guard.Check}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTime, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: mostHead, MaxConnsPerHost: openCalls, MaxIdleConnsPerHost: idleCalls, IdleConnTimeout: 30 * time.Second,
		DisableCompression: true, DisableKeepAlives: fresh, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// newCaller makes a client for what is fetched from addresses in the configuration; it follows no redirect, which would lead around the
// walls.
func newCaller(guard walls.Walls, timeout time.Duration) *http.Client {
	return &http.Client{Transport: newTransport(guard, false), Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// inbound is a request's body: all of it, or, where it is too long to be looked at, a stream.
type inbound struct {
	body   []byte
	stream io.Reader
	// length of the stream, -1 where it is not known; long says that it is longer than what is looked at.
	length int64
	long   bool
}

// passage is one request on its way to a destination.
type passage struct {
	program *interceptor.Program
	suffix  string
	in      inbound
	kind    interceptor.BodyKind
	// coding is the body's content coding, empty for none and strange for one that is not undone.
	coding string
	// id is the decision's, empty where none was made.
	id event.ID
}

var errSlow = errors.New("the destination took too long")

// target is the destination's address with what followed the interceptor's ref and with the query, byte for byte.
func (p *passage) target(query string) (*url.URL, error) {
	destination, err := url.Parse(p.program.Interceptor().Destination.URL)
	if err != nil {
		return nil, errors.New("the destination is no address") // its own error would tell the address
	}
	destination.User, destination.Fragment = nil, ""
	if p.suffix != "" {
		path := strings.TrimSuffix(destination.EscapedPath(), "/") + p.suffix
		if destination.Path, err = url.PathUnescape(path); err != nil {
			return nil, errors.New("the path is no path")
		}
		destination.RawPath = path
	}
	switch {
	case destination.RawQuery == "":
		destination.RawQuery = query
	case query != "":
		destination.RawQuery += "&" + query
	}
	return destination, nil
}

// request is what the destination gets.
func (p *passage) request(ctx context.Context, r *http.Request, body io.Reader) (*http.Request, []string, error) {
	target, err := p.target(r.URL.RawQuery)
	if err != nil {
		return nil, nil, err
	}
	kind := p.kind
	if body == nil && len(p.in.body) == 0 && r.Header["Content-Type"] == nil {
		kind = interceptor.Opaque // of a request without a body no content type is told
	}
	fields, refused := p.program.Forward(fieldsOf(r.Header), kind, p.id)
	out := (&http.Request{
		Method: r.Method, URL: target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, len(fields)+1),
	}).WithContext(ctx)
	for _, field := range fields {
		out.Header.Add(field.Name, field.Value)
	}
	if out.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = []string{""} // none came, and none goes
	}
	switch {
	case body != nil:
		out.Body, out.ContentLength = io.NopCloser(body), p.in.length
	case len(p.in.body) > 0:
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(p.in.body)), int64(len(p.in.body))
		if !replayable(out.Header) {
			// Lets a request of which nothing was written go to another connection.
			out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(p.in.body)), nil }
		}
	}
	return out, refused, nil
}

// replayable says that the standard library would send a request again that may have arrived.
func replayable(header http.Header) bool {
	return header["Idempotency-Key"] != nil || header["X-Idempotency-Key"] != nil
}

// fieldsOf lists header fields by name, so that the same request is always forwarded in the same way.
func fieldsOf(header http.Header) []interceptor.Field {
	fields := make([]interceptor.Field, 0, len(header)+4)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fields = append(fields, interceptor.Field{Name: name, Value: value})
		}
	}
	return fields
}

// pass sends a request to its destination and the answer back, as it comes.
func (a *API) pass(w http.ResponseWriter, r *http.Request, c *call, p *passage) error {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	patience := p.program.Timeout()
	timer := time.AfterFunc(patience, func() { stop(errSlow) })
	defer timer.Stop()
	control := http.NewResponseController(w)
	extend := func() {
		timer.Reset(patience)
		_ = control.SetWriteDeadline(time.Now().Add(patience + writeTime)) // where it cannot be set, the server's own holds
	}
	extend()
	var body io.Reader
	if p.in.stream != nil {
		body = &upload{reader: p.in.stream, control: control, notice: extend}
	} else {
		_ = control.SetReadDeadline(time.Time{}) // one that passed would end the call while its destination thinks
	}
	request, refused, err := p.request(ctx, r, body)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		a.deps.Logger.Warn("header pairs of an intercepted request were not followed", "request", c.id, "ref", p.program.Interceptor().Ref, "count", len(refused))
	}
	transport := a.forward.kept
	if request.Body == nil {
		transport = a.forward.fresh
	}
	response, err := transport.RoundTrip(request)
	if err == nil && response.StatusCode < http.StatusOK {
		err = errors.Join(errors.New("the answer has no final status"), response.Body.Close())
	}
	if err != nil {
		return a.lost(ctx, w, r, c, p, err)
	}
	defer response.Body.Close()
	a.counts.forwarded.Add(1)
	returnHead(w, response, p)
	if err := a.copy(w, response.Body, response.ContentLength < 0, extend); err != nil {
		a.counts.brokenOff.Add(1)
		panic(http.ErrAbortHandler) // the caller must not take a part for the whole
	}
	for name, values := range response.Trailer {
		for _, value := range values {
			w.Header().Add(http.TrailerPrefix+name, value)
		}
	}
	return nil
}

// upload is a body on its way through: each part of it must come within bodyTime.
type upload struct {
	reader  io.Reader
	control *http.ResponseController
	notice  func()
}

// Read implements io.Reader. Between reads there is no deadline: it would end the request while its destination thinks.
func (u *upload) Read(data []byte) (int, error) {
	u.notice()
	_ = u.control.SetReadDeadline(time.Now().Add(bodyTime)) // where it cannot be set, the server's own holds
	n, err := u.reader.Read(data)
	_ = u.control.SetReadDeadline(time.Time{})
	return n, err
}

// lost answers for a destination that did not.
func (a *API) lost(ctx context.Context, w http.ResponseWriter, r *http.Request, c *call, p *passage, err error) error {
	if r.Context().Err() != nil { // the caller went away, and with it the call
		a.counts.brokenOff.Add(1)
		panic(http.ErrAbortHandler)
	}
	if p.id != "" {
		w.Header().Set(p.program.DecisionHeader(), string(p.id))
	}
	var timeout net.Error
	slow := errors.Is(context.Cause(ctx), errSlow) || errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
	a.deps.Logger.Warn("a destination did not answer", "request", c.id, "ref", p.program.Interceptor().Ref, "decision", p.id, "slow", slow, "reason", reason(err))
	if slow {
		a.counts.timedOut.Add(1)
		return &problem{status: http.StatusGatewayTimeout, code: codeTimeout, message: "the destination did not answer in time; whether it acted is not known"}
	}
	a.counts.unreachable.Add(1)
	return &problem{status: http.StatusBadGateway, code: codeBadGateway, message: "the destination could not be reached, or broke off; whether it acted is not known"}
}

// reason is an error without anything that a destination sent.
func reason(err error) string {
	var name *net.DNSError
	var operation *net.OpError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		return "its name cannot be resolved"
	case errors.As(err, &certificate), errors.As(err, &authority):
		return "its certificate is not trusted"
	case errors.Is(err, walls.ErrInside):
		return "its address is private, and not in allow_private"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "it took too long"
	case errors.As(err, &operation):
		return operation.Op + " failed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	}
	return "its answer cannot be understood"
}

// returnHead copies status and header of an answer apart from what is about the connection (RFC 9110, section 7.6.1).
func returnHead(w http.ResponseWriter, response *http.Response, p *passage) {
	header := w.Header()
	clear(header)
	nominated := connectionNames(response.Header)
	for name, values := range response.Header {
		if !aboutConnection(name) && !nominated[name] {
			header[name] = values
		}
	}
	for _, name := range []string{"Date", "Content-Type"} {
		if _, there := header[name]; !there {
			header[name] = nil // keeps the server from adding its own
		}
	}
	if p.id != "" {
		header.Set(p.program.DecisionHeader(), string(p.id))
	}
	w.WriteHeader(response.StatusCode)
}

func aboutConnection(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

func connectionNames(header http.Header) map[string]bool {
	names := map[string]bool{}
	for _, value := range header["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			names[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return names
}

// copy sends an answer's body as it comes; flushing each part where its length is not known, because somebody may wait for it.
func (a *API) copy(w http.ResponseWriter, body io.Reader, flush bool, extend func()) error {
	buffer := a.forward.buffers.Get().(*[]byte)
	defer a.forward.buffers.Put(buffer)
	control := http.NewResponseController(w)
	for {
		n, err := body.Read(*buffer)
		if n > 0 {
			extend()
			if _, failed := w.Write((*buffer)[:n]); failed != nil {
				return failed
			}
			if flush {
				_ = control.Flush() // where it cannot, what is below sends on its own
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
