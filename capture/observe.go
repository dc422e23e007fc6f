package capture

import (
	"strings"

	"wayguard/element"
	"wayguard/event"
)

// Request is the event that the request alone tells of. Its Spec is empty when the body showed that no spec matches.
func (s *Spec) Request(r *Request) event.Event { return s.Exchange(r, nil) }

// Exchange is the finished event; resp is nil when there was no response. Its Spec is empty when the body showed that no
// spec matches: nothing may be recorded then.
func (s *Spec) Exchange(r *Request, resp *Response) event.Event {
	resolved, issues := s.resolve(r)
	if resolved == nil {
		return event.Event{}
	}
	return resolved.observe(r, resp, issues)
}

// observe makes the event of a request that matches in full.
func (s *Spec) observe(r *Request, resp *Response, issues *issueList) event.Event {
	path := splitPath(segments{}, r.Path)
	request := s.message(r, &path, issues)
	e := event.Event{
		ID: r.ID, Environment: r.Environment, Time: r.Time.UTC(), Name: s.event, Type: s.kind, Spec: s.name,
		HTTP: event.HTTP{Method: safeMethod(r.Method), Host: safeHost(r.Host), Route: s.match.path.source, Inline: s.own.Inline},
	}
	g := gathering{tools: s.tools, issues: issues, counts: map[string]int{}}
	g.take(request, s.request)
	var response *message
	if resp != nil {
		e.HTTP.Status, e.HTTP.Duration = resp.Status, resp.Duration
		response = &message{header: resp.Header, body: resp.Body, limit: s.needs.ResponseLimit, response: true, at: r.Time,
			issues: issues}
		g.take(response, s.response)
		s.decide(&e, r, resp, response)
	}
	s.surroundings(&g, r, request)
	e.Evidence = s.tools.evidence(r, response)
	e.Elements, e.Issues = g.sorted(), issues.list
	return e
}

// surroundings adds the elements that every request has, unless the spec took them from elsewhere.
func (s *Spec) surroundings(g *gathering, r *Request, m *message) {
	if peer := r.Peer.Unmap(); peer.IsValid() {
		g.automatic("ip_address", peer.WithZone("").String())
		if s.tools.locate != nil {
			place := s.tools.locate(peer)
			g.automatic("country", place.Country)
			g.automatic("region", place.Region)
			g.automatic("city", place.City)
			g.automatic("latitude", place.Latitude)
			g.automatic("longitude", place.Longitude)
			g.automatic("asn", place.ASN)
			g.automatic("network", place.Network)
		}
	}
	g.automatic("user_agent", headerValue(r.Header, "user-agent"))
	g.automatic("language", firstLanguage(headerValue(r.Header, "accept-language")))
	if len(s.match.graphql) > 0 {
		g.automatic("graphql_operation", m.operation())
	}
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
		if c := host[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(".-_:[]", rune(c)) {
			return ""
		}
	}
	if masked, dirty := element.Scrub(host); dirty {
		return masked
	}
	return host
}
