package proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync/atomic"
	"time"

	"wayguard/capture"
)

// passage is one request on its way through.
type passage struct {
	wire        *netHTTP
	in          *http.Request
	control     *http.ResponseController
	ex          *exchange // nil when no spec matched
	peer        netip.Addr
	peerTrusted bool
	visitor     netip.Addr
	tags        []capture.Field
	bodyRead    bool // the whole body was read before forwarding
	body        *requestBody

	bodyFailed, bodyStalled atomic.Bool
}

func (p *passage) run(rw http.ResponseWriter) {
	p.wrapBody()
	if p.ex != nil && p.ex.held() {
		decided := p.ex.decide(p.in.Context())
		if decided.answer != nil {
			p.answer(rw, decided.answer)
			return
		}
		p.tags = decided.tags
	}
	writer := &replyWriter{ResponseWriter: rw, control: p.control}
	writer.stall = stall{limit: p.wire.limits.StallTimeout, cut: p.control.SetWriteDeadline}
	forward := httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		ModifyResponse: p.answered,
		ErrorHandler:   p.failed,
		Transport:      p.wire.transport,
		BufferPool:     p.wire.buffers,
		// Bodies of unknown length and event streams are flushed at once by ReverseProxy itself; of others a piece waits
		// this long for the next one.
		FlushInterval: time.Millisecond,
		ErrorLog:      slog.NewLogLogger(p.wire.log.Handler(), slog.LevelDebug),
	}
	defer func() {
		// The origin broke off: the visitor gets what came before that, as without us.
		if broken := recover(); broken != nil {
			_ = writer.FlushError()
			panic(broken)
		}
	}()
	forward.ServeHTTP(writer, p.in)
}

// wrapBody puts the copying, or the reading ahead, around the request's body.
func (p *passage) wrapBody() {
	ex, r := p.ex, p.in
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		if ex != nil {
			ex.requestDone(true)
		}
		return
	}
	// An origin may answer before it has read the body. net/http would then read the rest of it for 256 KiB first.
	_ = p.control.EnableFullDuplex()
	body := &requestBody{Reader: r.Body, Closer: r.Body, passage: p}
	body.stall = stall{limit: p.wire.limits.StallTimeout, cut: p.control.SetReadDeadline}
	p.body, r.Body = body, body
	if ex == nil || !ex.needs.RequestBody {
		return
	}
	if !ex.held() {
		body.copying = true
		return
	}
	size := prefetchSize(ex.needs.RequestLimit, r.ContentLength)
	if !ex.reserve(size) {
		ex.received(capture.Body{Truncated: true})
		return
	}
	ahead := newPrefetch(body, ex.needs.RequestLimit, r.ContentLength)
	ex.received(ahead.wait(p.wire.bodyTimeout, r.Context().Done()))
	p.bodyRead = ahead.complete()
	r.Body = &struct {
		*prefetch
		*noClose
	}{ahead, nil}
}

// noClose leaves closing a body to net/http.
type noClose struct{}

// Close does nothing.
func (*noClose) Close() error { return nil }

// leave bounds the time that the rest of an unread body may take.
func (p *passage) leave() {
	if p.body != nil {
		_ = p.control.SetReadDeadline(time.Now().Add(p.wire.limits.StallTimeout))
	}
}

// rewrite makes the request for the origin.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	path, query, forced := requestTarget(pr.In)
	aim(pr.Out.URL, p.wire.origin, path, query, forced)
	pr.Out.Host = pr.In.Host
	if !p.wire.preserveHost {
		pr.Out.Host = p.wire.origin.Host
	}
	pr.Out.Trailer = pr.In.Trailer
	p.stripTags(pr.Out.Trailer)
	limitUpgrade(pr.Out.Header)
	p.forwarded(pr.In, pr.Out.Header)
	p.stripTags(pr.Out.Header)
	for _, tag := range p.tags {
		pr.Out.Header[http.CanonicalHeaderKey(tag.Name)] = []string{tag.Value}
	}
	if p.bodyRead {
		// The visitor was told to continue when the body was read.
		pr.Out.Header.Del("Expect")
	}
}

// stripTags removes what a visitor sent under the name of a tag.
func (p *passage) stripTags(header http.Header) {
	for name := range header {
		if tagName(name, p.wire.tagPrefix) {
			delete(header, name)
		}
	}
}

// answered looks at the origin's response head.
func (p *passage) answered(response *http.Response) error {
	if response.StatusCode < 100 || response.StatusCode > 999 {
		return errors.New("the origin's status is not a status")
	}
	if p.ex == nil {
		return nil
	}
	p.ex.answered(response.StatusCode, fields(response.Header))
	switch {
	case response.StatusCode == http.StatusSwitchingProtocols:
		// What follows is no longer HTTP, and may last for days.
		p.ex.responseDone(true)
		p.ex.requestDone(true)
	case p.ex.wantsResponseBody():
		response.Body = &responseBody{ReadCloser: response.Body, ex: p.ex}
	}
	return nil
}

// answer gives the visitor an answer of our own.
func (p *passage) answer(rw http.ResponseWriter, a *answer) {
	header := rw.Header()
	if a.contentType != "" {
		header.Set("Content-Type", a.contentType)
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", fmt.Sprint(len(a.body)))
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		header.Del("Content-Length")
	}
	rw.WriteHeader(a.status)
	if p.in.Method != http.MethodHead {
		_, _ = rw.Write(a.body) // a visitor who has gone is no concern of ours
	}
}
