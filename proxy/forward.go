package proxy

import (
	"net/http"
	"strings"

	"wayguard/http1"
	"wayguard/origin"
)

// forward sends the request to an endpoint of its origin, to another one where that is safe, and relays the answer.
func (p *passage) forward() {
	group := p.origins.set.Find(p.directive.Origin)
	if group == nil {
		p.wire.complaints.say("a site names an origin that there is not", "origin", p.directive.Origin)
		p.failed(upstreamConnect)
		return
	}
	choice := origin.Choice{Sticky: p.stickyKey(group.Sticky())}
	for attempt := 1; ; attempt++ {
		endpoint, err := group.Pick(choice)
		if err != nil {
			p.failed(upstreamConnect)
			return
		}
		trouble := p.try(endpoint)
		if trouble.none {
			return
		}
		if !trouble.repeatable || !group.RetryAllowed(p.asked.method, trouble.sent, attempt) {
			p.failed(trouble.reason)
			return
		}
		choice.Avoid = endpoint
	}
}

// trouble is why a try gave the visitor no answer.
type trouble struct {
	none       bool // there was none: the visitor has been answered, or has gone
	sent       bool // some of the request may have reached the origin
	repeatable bool // the whole request is still here, and nothing of an answer has come
	reason     upstreamReason
}

// try sends the request to one endpoint.
func (p *passage) try(e *origin.Endpoint) trouble {
	if !e.HTTP1() {
		return p.roundTrip(e)
	}
	conn, err := p.connect(e)
	if err != nil {
		result := origin.ResultOf(err)
		e.Report(result)
		if result == origin.ResultGone {
			p.left()
			return trouble{none: true}
		}
		if result == origin.ResultBusy {
			return trouble{repeatable: true, reason: upstreamBusy}
		}
		return trouble{repeatable: true, reason: upstreamConnect}
	}
	if p.out = p.appendRequest(p.out[:0], e); len(p.out) == 0 {
		// It cannot be said in HTTP/1.1. Its body alone would be another request.
		conn.Release(true)
		p.wire.counts.badRequests.Add(1)
		p.plain(http.StatusBadRequest)
		return trouble{none: true}
	}
	p.back = p.wire.buffers.take(middleBuffer)
	return p.exchange(e, conn)
}

// connect gives a connection to the endpoint. One that has rested for more than a moment was looked at. A body that is still
// coming cannot be sent twice, so for that every kept connection is worth a look.
func (p *passage) connect(e *origin.Endpoint) (*origin.Conn, error) {
	for {
		conn, err := e.ConnectFor(p.wire.requests, p.hostFor(e))
		if err != nil || p.asked.whole || !conn.Reused() || !conn.Stale() {
			return conn, err
		}
		conn.Release(false)
	}
}

// hostFor is the Host that the endpoint is given.
func (p *passage) hostFor(e *origin.Endpoint) string {
	d := &p.directive
	switch {
	case d.UpstreamHost != "":
		return d.UpstreamHost
	case !p.wire.config.PreserveHost || d.Host == "":
		return e.Host()
	}
	return d.Host
}

// appendRequest appends the head of the request as the origin gets it, and the body if it is here.
func (p *passage) appendRequest(out []byte, e *origin.Endpoint) []byte {
	a, host := &p.asked, p.hostFor(e)
	p.added = p.added[:0]
	p.edit = http1.Edit{Drop: http1.NewNames(http1.Proxy), DropNamed: p.dropRequest, KeepUpgrade: a.upgrade != "", DropExpect: p.continued, Framing: p.requestFraming()}
	if host != a.authority {
		p.edit.Host = host
	}
	p.forwarded()
	p.added = append(p.added, p.tags...)
	p.added = append(p.added, p.directive.AddRequest...)
	p.added = addedBy(p.added, p.requestEdits)
	p.edit.Add = p.added
	if a.head != nil {
		out = a.head.AppendForward(out, &p.edit)
	} else if out = http1.AppendRequest(out, a.method, a.target, host, p.requestFields(), p.edit.Framing, false); len(out) == 0 {
		return out
	}
	if !a.whole || len(a.body) == 0 && !a.framing.Chunked {
		return out
	}
	if !a.framing.Chunked {
		return append(out, a.body...)
	}
	return http1.AppendLastChunk(http1.AppendChunk(out, a.body), p.keptTrailers(p.requestTrailers()))
}

// drops says whether a header must not reach the origin. Framing and Host are not asked about.
func (p *passage) drops(name string) bool {
	return tagName(name, p.wire.config.Tag.Prefix) || p.directive.Drop != nil && p.directive.Drop(name) || takenBy(p.requestEdits, name)
}

// requestFields are the headers for the origin of a request that did not come by HTTP/1, where connection headers have no place.
func (p *passage) requestFields() []http1.Field {
	kept := p.lined[:0]
	for _, field := range p.asked.fields {
		known := http1.LookupRequest(field.Name)
		switch {
		case p.edit.Drop.Has(known), known == http1.Disguised, known == http1.Host, known == http1.ContentLength:
		case known <= http1.HTTP2Settings && known != http1.Other && known != http1.TE && known != http1.Trailer:
		case known == http1.Expect && (p.edit.DropExpect || !p.asked.expects):
		case known == http1.Other && p.drops(field.Name), known > http1.Host && takenBy(p.requestEdits, field.Name):
		default:
			kept = append(kept, field)
		}
	}
	p.lined = append(kept, p.added...)
	return p.lined
}

// requestTrailers are those of a body that was read to its end.
func (p *passage) requestTrailers() []http1.Field {
	if p.asked.stream != nil {
		return p.asked.stream.trailers()
	}
	return p.chunks.Trailers()
}

// keptTrailers leaves out what must not reach the origin.
func (p *passage) keptTrailers(trailers []http1.Field) []http1.Field {
	for i := range trailers {
		if !p.trails(trailers[i].Name) {
			kept := append([]http1.Field(nil), trailers[:i]...)
			for _, field := range trailers[i+1:] {
				if p.trails(field.Name) {
					kept = append(kept, field)
				}
			}
			return kept
		}
	}
	return trailers
}

func (p *passage) trails(name string) bool { return http1.MayTrail(name) && !p.drops(name) }

// stickyKey finds the visitor's key.
func (p *passage) stickyKey(from origin.StickyConfig) string {
	if from.Cookie != "" {
		for i := range p.asked.fields {
			if p.known(i) != http1.Cookie {
				continue
			}
			if value := cookieValue(p.asked.fields[i].Value, from.Cookie); value != "" {
				return value
			}
		}
	}
	if from.Header != "" {
		for _, field := range p.asked.fields {
			if equalFold(field.Name, from.Header) && field.Value != "" {
				return field.Value
			}
		}
	}
	if from.Address {
		return p.asked.origin.peerText
	}
	return ""
}

func cookieValue(line, name string) string {
	for pair := range strings.SplitSeq(line, ";") {
		if key, value, _ := strings.Cut(strings.Trim(pair, " \t"), "="); key == name {
			return value
		}
	}
	return ""
}

// equalFold is strings.EqualFold with the cheap answer first.
func equalFold(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// upstreamBusy: all connections that there may be to the origin are in use, or this process can make no more.
const upstreamBusy upstreamReason = "busy"

// failed answers a visitor whose request did not get an answer from the origin.
func (p *passage) failed(reason upstreamReason) {
	p.wire.counts.upstreamError(reason)
	p.wire.complaints.say("the origin did not answer", "reason", string(reason))
	status := http.StatusBadGateway
	switch reason {
	case upstreamTimeout:
		status = http.StatusGatewayTimeout
	case upstreamBusy:
		status = http.StatusServiceUnavailable
	}
	if page := p.directive.ErrorPage; page != nil {
		p.own(page, status)
		return
	}
	if reason == upstreamBusy {
		p.plain(status, http1.Field{Name: "Retry-After", Value: "1"})
		return
	}
	p.plain(status)
}

// left notes a visitor who went before the answer came.
func (p *passage) left() {
	p.wire.counts.abandoned.Add(1)
	p.visitor.abort()
}
