package proxy

import (
	"errors"
	"fmt"
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
	request     *http.Request // net/http's server's own
	in          *http.Request // what is forwarded
	control     *http.ResponseController
	ex          *exchange // nil when no spec matched
	peer        netip.Addr
	peerTrusted bool
	visitor     netip.Addr
	tags        []capture.Field
	continued   bool // the visitor was told to send the body before there was a connection to the origin
	body        *requestBody
	trailer     http.Header // the trailers for the origin, filled at the end of the body
	kept        http.Header // headers of the answer that must not be taken for the connection's own

	bodyFailed, bodyStalled atomic.Bool
	answering               atomic.Bool // the origin's response head is there
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
	writer := &replyWriter{ResponseWriter: rw, control: p.control, passage: p}
	writer.stall = stall{limit: p.wire.limits.StallTimeout, cut: p.control.SetWriteDeadline}
	forward := httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		ModifyResponse: p.answered,
		ErrorHandler:   p.failed,
		Transport:      originTrip{p},
		BufferPool:     p.wire.buffers,
		// Bodies of unknown length and event streams are flushed at once by ReverseProxy itself; of others a piece waits
		// this long for the next one.
		FlushInterval: time.Millisecond,
		ErrorLog:      p.wire.silence,
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
	ex, r := p.ex, p.request
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		if ex != nil {
			ex.requestDone(true)
		}
		return
	}
	// What is forwarded is a copy: net/http's server looks at the type of its own request's body, and writes the trailers
	// into it whenever the end of the body is read, be that ahead of time.
	forwarded := *r
	forwarded.Trailer = nil
	p.in = &forwarded
	// An origin may answer before it has read the body. net/http would then read the rest of it for 256 KiB first.
	_ = p.control.EnableFullDuplex()
	body := &requestBody{Reader: r.Body, passage: p}
	body.stall = stall{limit: p.wire.limits.StallTimeout, cut: p.cutReading}
	p.body = body
	p.carry(body)
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
	ahead := newPrefetch(body, ex.needs.RequestLimit, r.ContentLength, ex.received)
	ex.arrived(ahead.wait(p.wire.bodyTimeout, r.Context().Done()))
	p.continued = true
	p.carry(ahead)
}

// closeUnlessRead ends the visitor's connection with an answer that is given before the body was read. A handler of
// net/http that reads and answers at once, and returns while the body is still being read, leaves the connection in a
// state where the rest of the body is taken for the next request.
func (p *passage) closeUnlessRead(header http.Header) {
	if p.body != nil && p.in.ProtoMajor == 1 && !p.body.ended.Load() {
		header["Connection"] = []string{"close"}
	}
}

// cutReading ends a body that does not come, unless the origin has begun to answer: calls that stream both ways may be
// silent for as long as they like.
func (p *passage) cutReading(deadline time.Time) error {
	if p.answering.Load() {
		return nil
	}
	return p.control.SetReadDeadline(deadline)
}

// leave bounds the time that the rest of an unread body may take. net/http reads it after the handler, and takes back any
// deadline before it does, so an HTTP/1 connection, which ends with this answer, is cut from outside.
func (p *passage) leave() {
	if p.body == nil || p.body.ended.Load() {
		return
	}
	if p.in.ProtoMajor != 1 {
		_ = p.control.SetReadDeadline(time.Now().Add(p.wire.limits.StallTimeout))
		return
	}
	control := p.control
	time.AfterFunc(p.wire.limits.StallTimeout, func() { _ = control.SetReadDeadline(time.Unix(1, 0)) })
}

// rewrite makes the request for the origin.
func (p *passage) rewrite(pr *httputil.ProxyRequest) {
	path, query, forced := requestTarget(pr.In)
	aim(pr.Out.URL, p.wire.origin, path, query, forced)
	pr.Out.Host = pr.In.Host
	if !p.wire.preserveHost {
		pr.Out.Host = p.wire.origin.Host
	}
	pr.Out.Trailer = p.trailer
	restore(pr.Out.Header, pr.In.Header)
	limitUpgrade(pr.Out.Header)
	p.forwarded(pr.In, pr.Out.Header)
	p.stripTags(pr.Out.Header)
	for _, tag := range p.tags {
		pr.Out.Header[http.CanonicalHeaderKey(tag.Name)] = []string{tag.Value}
	}
	// A faulty origin may send a body all the same: a connection with one on it must not be used again, because the
	// transport could take it for the answer to somebody else's request.
	pr.Out.Close = pr.In.Method == http.MethodHead
	if p.continued {
		// The origin's word to go on would be a second one to the visitor.
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
	p.answering.Store(true)
	for name, values := range p.kept {
		response.Header[name] = values
	}
	switches := response.StatusCode == http.StatusSwitchingProtocols
	if !switches {
		response.Body = &responseBody{ReadCloser: response.Body, passage: p, copying: p.ex != nil && p.ex.wantsResponseBody()}
	}
	if p.ex == nil {
		return nil
	}
	p.ex.answered(response.StatusCode, fields(response.Header))
	if switches {
		// What follows is no longer HTTP, and may last for days.
		p.ex.responseDone(true)
		p.ex.requestDone(true)
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
	p.closeUnlessRead(header)
	rw.WriteHeader(a.status)
	if p.in.Method != http.MethodHead {
		_, _ = rw.Write(a.body) // a visitor who has gone is no concern of ours
	}
}
