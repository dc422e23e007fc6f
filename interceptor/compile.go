package interceptor

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"wayguard/payment"
)

// Limits of an interceptor.
const (
	maxEntries       = 200
	maxTimeoutMillis = 300_000
	maxTemplate      = 64 << 10
	maxHeaders       = 50
)

// contextName is what contexts and refs are made of.
var contextName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`)

// checks collects what is wrong.
type checks struct{ problems []payment.Problem }

func (c *checks) report(field, code, message string) {
	if message != "" {
		c.problems = append(c.problems, payment.Problem{Field: field, Code: code, Message: message})
	}
}

// Compile makes an interceptor ready, or tells everything that is wrong with it, with paths such as "$.field_mapping[3].target". On SAQ_A (also
// an empty level) nothing may be mapped to where card numbers go. Whether the destination may be called is for whoever calls it.
func Compile(i Interceptor, pci payment.PCILevel) (*Program, []payment.Problem) {
	if pci == "" {
		pci = payment.SAQA
	}
	c := &checks{}
	c.settings(i)
	p := &Program{interceptor: i, responses: map[payment.Outcome]*response{}}
	p.interceptor.FieldMapping = slices.Clone(i.FieldMapping)
	if len(i.FieldMapping) > maxEntries {
		c.report("$.field_mapping", "size", fmt.Sprintf("more than %d entries", maxEntries))
		return nil, c.problems
	}
	fields := schema()
	for n, entry := range i.FieldMapping {
		compiled, problems := compileEntry(entry, fmt.Sprintf("$.field_mapping[%d]", n), pci, fields)
		c.problems = append(c.problems, problems...)
		p.entries = append(p.entries, compiled)
	}
	for outcome, configured := range map[payment.Outcome]*Response{
		payment.Block: i.Responses.Block, payment.Review: i.Responses.Review, payment.Provisional: i.Responses.Provisional,
	} {
		p.responses[outcome] = c.response(configured, "$.responses."+strings.ToLower(string(outcome)), decisionHeader(i))
	}
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b payment.Problem) int { return strings.Compare(family(a), family(b)) })
		return nil, c.problems
	}
	return p, nil
}

// family sorts problems of responses, which come in no order, and leaves the others in theirs.
func family(p payment.Problem) string {
	if strings.HasPrefix(p.Field, "$.responses") {
		return p.Field
	}
	return ""
}

func (c *checks) settings(i Interceptor) {
	if i.Context == "" {
		c.report("$.context", "required", "the context is missing")
	} else if !contextName.MatchString(i.Context) {
		c.report("$.context", "format", "at most 100 letters, digits and . _ : -, beginning with a letter or digit")
	}
	if i.Ref != "" && !contextName.MatchString(i.Ref) {
		c.report("$.ref", "format", "at most 100 letters, digits and . _ : -, beginning with a letter or digit")
	}
	c.destination(i.Destination)
	for field, value := range map[string]string{"$.on_failure": i.OnFailure, "$.on_invalid": i.OnInvalid} {
		if value != "" && value != OnErrorForward && value != OnErrorBlock {
			c.report(field, "unknown", `"forward" or "block"`)
		}
	}
	name := decisionHeader(i)
	if !isToken(name) || reserved(name) || hopByHop(name) || framing(name) || pairLabel(name) != "" {
		c.report("$.decision_header", "format", "not a header field's name, or one that is used for something else")
	}
}

func (c *checks) destination(d Destination) {
	if d.TimeoutMillis < 0 || d.TimeoutMillis > maxTimeoutMillis {
		c.report("$.destination.timeout_ms", "range", "0 (30,000) to 300,000 milliseconds")
	}
	if d.URL == "" {
		c.report("$.destination.url", "required", "the destination's address is missing")
		return
	}
	address, err := url.Parse(d.URL)
	switch {
	case err != nil || len(d.URL) > 2048 || address.Host == "" || address.Scheme != "https" && address.Scheme != "http":
		c.report("$.destination.url", "format", "not an address such as https://acquirer.example/v1/payments")
	case address.User != nil:
		c.report("$.destination.url", "format", "no user and password: send them with x-{label}-name and x-{label}-value")
	case address.Fragment != "":
		c.report("$.destination.url", "format", `no "#" part`)
	}
}

// framing says whether a header field is not for a configuration to set.
func framing(name string) bool {
	switch name {
	case "content-length", "host", "date", "set-cookie", "content-encoding":
		return true
	}
	return hopByHop(name)
}

// response compiles one configured response; nil is decision mode.
func (c *checks) response(r *Response, path, idHeader string) *response {
	if r == nil {
		return &response{status: 200}
	}
	made := &response{status: r.Status}
	if made.status == 0 {
		made.status = 200
	}
	if made.status < 200 || made.status > 599 || made.status == 204 || made.status == 205 || made.status == 304 {
		c.report(path+".status", "range", "200 to 599, and one with a body")
	}
	contentType := c.headers(made, r.Headers, path+".headers", idHeader)
	switch r.Mode {
	case "decision":
		if len(r.Body) > 0 {
			c.report(path+".body", "conflict", "decision mode answers the decision: a body needs template mode")
		}
	case "template":
		made.template = true
		c.template(made, r, path+".body", contentType)
	default:
		c.report(path+".mode", "unknown", `"decision" or "template"`)
	}
	return made
}

// headers compiles a response's header fields and tells the content type among them.
func (c *checks) headers(made *response, headers map[string]string, path, idHeader string) (contentType string) {
	if len(headers) > maxHeaders {
		c.report(path, "size", fmt.Sprintf("more than %d fields", maxHeaders))
	}
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	seen := map[string]bool{}
	for _, written := range names {
		name := strings.ToLower(written)
		at := below(path, written)
		switch {
		case !isToken(name) || framing(name) || name == idHeader || seen[name]:
			c.report(at, "format", "not a header field's name, one that is made here, or twice")
			continue
		case !isFieldValue(headers[written]), name == "content-type" && !fixedType(headers[written]):
			c.report(at, "format", "not a header field's value")
			continue
		}
		seen[name] = true
		if name == "content-type" {
			contentType = headers[written]
		}
		pieces, message := compileText(headers[written], plain)
		c.report(at, "format", message)
		made.header = append(made.header, headerTemplate{name, pieces})
	}
	return contentType
}

// fixedType says whether a content type is one, and not made of placeholders: how values are escaped depends on it.
func fixedType(value string) bool {
	return strings.TrimSpace(value) != "" && !strings.Contains(value, "{{")
}

func (c *checks) template(made *response, r *Response, path, contentType string) {
	if len(r.Body) == 0 || string(r.Body) == "null" {
		c.report(path, "required", "template mode needs a body")
		return
	}
	if len(r.Body) > maxTemplate {
		c.report(path, "size", "longer than 65,536 bytes")
		return
	}
	var code, message string
	made.body, made.contentType, code, message = compileBody(r.Body, contentType)
	c.report(path, code, message)
}
