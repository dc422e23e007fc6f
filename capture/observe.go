package capture

import (
	"strings"

	"wayguard/element"
	"wayguard/event"
)

// Request is the event that the request alone tells of. Its Spec is empty when the body showed that no spec matches.
func (s *Spec) Request(r *Request) event.Event { return s.ExchangeIn(new(Scratch), r, nil) }

// Exchange is the finished event; resp is nil when there was no response. Its Spec is empty when the body showed that no
// spec matches: nothing may be recorded then. The event is the caller's for ever, but for texts that it shares with the
// heads of request and response.
func (s *Spec) Exchange(r *Request, resp *Response) event.Event {
	return s.ExchangeIn(new(Scratch), r, resp)
}

// RequestIn is Request in the memory of a Scratch, which see.
func (s *Spec) RequestIn(x *Scratch, r *Request) event.Event { return s.ExchangeIn(x, r, nil) }

// ExchangeIn is Exchange in the memory of a Scratch, which see. It allocates nothing for the exchanges that most are.
func (s *Spec) ExchangeIn(x *Scratch, r *Request, resp *Response) event.Event {
	x.issues.list = nil
	resolved := s
	if s.needs.Undecided {
		var issues *issueList
		if resolved, issues = s.resolve(r); resolved == nil {
			return event.Event{}
		}
		x.issues.list = issues.list
	}
	return resolved.observe(x, r, resp)
}

// observe makes the event of a request that matches in full.
func (s *Spec) observe(x *Scratch, r *Request, resp *Response) event.Event {
	if s.takesPath {
		x.path = splitPath(x.path, r.Path)
	}
	issues := &x.issues
	x.request = s.message(x, r, &x.path, issues)
	e := event.Event{
		ID: r.ID, Environment: r.Environment, Time: r.Time.UTC(), Name: s.event, Type: s.kind, Spec: s.name,
		HTTP: event.HTTP{Method: safeMethod(r.Method), Host: safeHost(r.Host), Route: s.match.path.source, Inline: s.own.Inline},
	}
	g := gathering{Scratch: x, tools: s.tools, issues: issues}
	g.begin(s.slots)
	g.take(&x.request, s.request)
	var response *message
	if resp != nil {
		e.HTTP.Status, e.HTTP.Duration = resp.Status, resp.Duration
		x.response = message{scratch: x, header: resp.Header, body: resp.Body, limit: s.needs.ResponseLimit, unpacked: s.unpacked.response,
			response: true, at: r.Time, trie: &s.responsePaths, scan: &x.scans[1], issues: issues}
		response = &x.response
		g.take(response, s.response)
		s.decide(&e, r, resp, response)
	}
	var address *addressFacts
	if peer := r.Peer.Unmap().WithZone(""); peer.IsValid() {
		address = s.tools.addressOf(peer)
	}
	agent := s.tools.agentOf(headerValue(r.Header, "user-agent"))
	s.surroundings(&g, r, &x.request, address, agent)
	e.Evidence = s.tools.evidence(x, r, address, agent, response)
	e.Elements, e.Issues = g.sorted(), issues.list
	return e
}

// begin makes room for the values of as many elements.
func (g *gathering) begin(slots int) {
	g.gathered, g.cookies = g.gathered[:0], g.cookies[:0]
	if cap(g.counts) < slots {
		g.counts = make([]slotCount, slots)
	}
	g.counts = g.counts[:slots]
	clear(g.counts)
}

// operation is the name of the operation that the spec matched, its root field where it has no name.
func (m *message) operation() string {
	calls := m.readGraphQL().calls
	for i := range calls {
		if calls[i].isGraphQL(m.graphql) {
			if calls[i].operation != "" {
				return calls[i].operation
			}
			return calls[i].field
		}
	}
	return ""
}

// firstLanguage is the first tag of an Accept-Language header: browsers list them in order of preference.
func firstLanguage(header string) string {
	first, _, _ := strings.Cut(header, ",")
	first, _, _ = strings.Cut(first, ";")
	if first = strings.TrimSpace(first); first == "*" {
		return ""
	}
	return first
}

// safeMethod keeps what has the form of a method: anything may stand on a request line.
func safeMethod(method string) string {
	if method == "" || len(method) > 20 {
		return "OTHER"
	}
	for i := range len(method) {
		if method[i] != '-' && (method[i] < 'A' || method[i] > 'Z') {
			return "OTHER"
		}
	}
	return method
}

// safeHost keeps what has the form of a host, without its port.
func safeHost(host string) string {
	host = strings.ToLower(bareHost(host))
	if len(host) > 253 {
		return ""
	}
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == ':', c == '[', c == ']':
		default:
			return ""
		}
	}
	if masked, dirty := element.Scrub(host); dirty {
		return masked
	}
	return host
}
