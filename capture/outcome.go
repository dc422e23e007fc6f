package capture

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"wayguard/event"
)

// outcome decides the result of an exchange when all its conditions hold.
type outcome struct {
	result   event.Result
	kind     event.Type
	event    string
	status   []statusRange
	redirect []glob
	header   []condition
	cookies  []glob
	json     []jsonCondition
	contains []string
}

// statusRange is a range of status codes, both ends included.
type statusRange struct{ from, to int }

type jsonCondition struct {
	path    jsonPath
	absent  bool
	present bool
	any     []string
}

// needsBody says whether the conditions look at the body.
func (o *outcome) needsBody() bool { return len(o.json) > 0 || len(o.contains) > 0 }

// decide sets the event's result, and type and name where the outcome says so, by the first outcome that holds.
func (s *Spec) decide(e *event.Event, r *Request, resp *Response, m *message) {
	for i := range s.outcomes {
		o := &s.outcomes[i]
		if !o.holds(r, resp, m) {
			continue
		}
		e.Result = o.result
		if o.kind != "" {
			e.Type = o.kind
		}
		if o.event != "" {
			e.Name = o.event
		}
		return
	}
}

func (o *outcome) holds(r *Request, resp *Response, m *message) bool {
	return o.statusHolds(resp.Status) && o.redirectHolds(m, r, resp) && o.headerHolds(resp) && o.cookieHolds(m) &&
		o.jsonHolds(m) && o.textHolds(m)
}

func (o *outcome) statusHolds(status int) bool {
	for _, r := range o.status {
		if r.from <= status && status <= r.to {
			return true
		}
	}
	return len(o.status) == 0
}

// redirectHolds compares the path that the visitor is sent to, with and without its query, and the whole address.
func (o *outcome) redirectHolds(m *message, r *Request, resp *Response) bool {
	if len(o.redirect) == 0 {
		return true
	}
	location := headerValue(resp.Header, "location")
	if location == "" || resp.Status < 300 || resp.Status > 399 {
		return false
	}
	path, query, ok := redirectTarget(r, location)
	if !ok {
		return false
	}
	whole := m.arena().Join(path, "?", query)
	for _, pattern := range o.redirect {
		if pattern.matches(path) || pattern.matches(whole) || pattern.matches(location) {
			return true
		}
	}
	return false
}

// redirectTarget is path and query of a Location header, seen from the request.
func redirectTarget(r *Request, location string) (path, query string, ok bool) {
	if isPlainPath(location) {
		path, query, _ = strings.Cut(location, "?")
		return path, query, true
	}
	base := &url.URL{Scheme: r.Scheme, Host: r.Host, Path: r.Path}
	target, err := url.Parse(location)
	if err != nil {
		return "", "", false
	}
	target = base.ResolveReference(target)
	return target.Path, target.RawQuery, true
}

// isPlainPath says whether a location is a path from the root in which nothing is to be resolved or decoded.
func isPlainPath(location string) bool {
	if location == "" || location[0] != '/' {
		return false
	}
	for i := 1; i < len(location); i++ {
		switch c := location[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '?', c == '=', c == '&':
		case (c == '/' || c == '.') && location[i-1] != '/':
		default:
			return false
		}
	}
	return true
}

func (o *outcome) headerHolds(resp *Response) bool {
	for i := range o.header {
		if !o.header[i].holdsInHeader(resp.Header) {
			return false
		}
	}
	return true
}

// cookieHolds asks for one of the cookies to be set, and not to be deleted.
func (o *outcome) cookieHolds(m *message) bool {
	if len(o.cookies) == 0 {
		return true
	}
	for _, set := range m.setCookies() {
		for _, name := range o.cookies {
			if !set.deletes && name.matches(set.name) {
				return true
			}
		}
	}
	return false
}

// jsonHolds asks all paths. Of a body that is no JSON, or is cut, nothing holds, not even that a value is absent.
func (o *outcome) jsonHolds(m *message) bool {
	if len(o.json) == 0 {
		return true
	}
	if !m.isJSON() {
		return false
	}
	for i := range o.json {
		if !o.json[i].holds(m) {
			return false
		}
	}
	return true
}

func (c *jsonCondition) holds(m *message) bool {
	if c.absent || c.present {
		has := m.hasJSON(&c.path)
		if c.absent && !has || c.present && has {
			return true
		}
	}
	if len(c.any) == 0 {
		return false
	}
	x := m.scratch
	x.found = m.selectJSON(x.found[:0], &c.path)
	for _, value := range x.found {
		for _, wanted := range c.any {
			if !value.conflicting && value.parts == nil && value.text == wanted {
				return true
			}
		}
	}
	return false
}

func (o *outcome) textHolds(m *message) bool {
	if len(o.contains) == 0 {
		return true
	}
	c := m.read()
	for _, text := range o.contains {
		if !c.unreadable && bytes.Contains(c.data, []byte(text)) {
			return true
		}
	}
	return false
}

// parseStatus reads "302", "2xx" and "400-499".
func parseStatus(text string) (statusRange, bool) {
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && text[0] >= '1' && text[0] <= '5' {
		from := int(text[0]-'0') * 100
		return statusRange{from, from + 99}, true
	}
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	from, errFrom := strconv.Atoi(low)
	to, errTo := strconv.Atoi(high)
	ok := errFrom == nil && errTo == nil && 100 <= from && from <= to && to <= 599
	return statusRange{from, to}, ok
}
