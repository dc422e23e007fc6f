package integration

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"wayguard/event"
)

// elementWord begins the placeholders that stand for an element: {el.email}, or a part of it: {el.email.domain}.
const elementWord = "el."

// questionWords names the other placeholders of questions.
func questionWords() []string {
	return []string{"el.<name>", "address", "environment", "event_name", "event_type", "host", "spec"}
}

func questionWord(name string) bool {
	return strings.HasPrefix(name, elementWord) || slices.Contains(questionWords(), name)
}

// question is what a service is asked about an event.
type question struct {
	method string
	// before, path and query are the address in the parts that are escaped in their own ways; before holds no placeholder.
	before      string
	path, query template
	body        template
	asksQuery   bool
}

func questionOf(c IntegrationConfig) question {
	before, rest := splitAddress(c.URL)
	pathText, queryText, asks := strings.Cut(rest, "?")
	return question{method: c.Method, before: before, path: parseTemplate(pathText), query: parseTemplate(queryText), asksQuery: asks,
		body: parseTemplate(c.Request)}
}

// splitAddress cuts an address behind scheme and host.
func splitAddress(address string) (before, rest string) {
	start := strings.Index(address, "://")
	if start < 0 {
		return address, ""
	}
	end := strings.IndexAny(address[start+3:], "/?#")
	if end < 0 {
		return address, ""
	}
	return address[:start+3+end], address[start+3+end:]
}

// ask fills the question in for an event; false when the event lacks something that is asked with.
func (q *question) ask(e *event.Event) (call, bool) {
	word := func(name string) (string, bool) { return eventWord(e, name) }
	address := q.before
	where, ok := q.path.render(safeStep(word), url.PathEscape)
	if !ok {
		return call{}, false
	}
	address += where
	if q.asksQuery {
		query, ok := q.query.render(word, url.QueryEscape)
		if !ok {
			return call{}, false
		}
		address += "?" + query
	}
	c := call{method: q.method, url: address, header: http.Header{}}
	c.header.Set("Accept", "application/json")
	if len(q.body.parts) > 0 {
		body, ok := q.body.render(word, inJSON)
		if !ok || !json.Valid([]byte(body)) {
			return call{}, false // a text where the operator left the quotes out for a number
		}
		c.body = []byte(body)
		c.header.Set("Content-Type", "application/json")
	}
	return c, true
}

// safeStep refuses values that would lead elsewhere as a step of a path.
func safeStep(word func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := word(name)
		return value, ok && value != "." && value != ".."
	}
}

// eventWord is the value of a placeholder: for elements the value as the event has it, which is the keyed hash where the element is
// a sensitive one. It is false where the event has none.
func eventWord(e *event.Event, name string) (string, bool) {
	value := ""
	switch name {
	case "address":
		value = e.Evidence.Address
	case "environment":
		value = string(e.Environment)
	case "event_name":
		value = e.Name
	case "event_type":
		value = string(e.Type)
	case "host":
		value = e.HTTP.Host
	case "spec":
		value = e.Spec
	default:
		element, part, wantsPart := strings.Cut(strings.TrimPrefix(name, elementWord), ".")
		found := e.Find(element)
		if found == nil {
			return "", false
		}
		value = found.Value
		if wantsPart {
			value = found.Parts.Of(part)
		}
	}
	return value, value != ""
}

// key is what answers are remembered by. It is a hash, so that memory holds no more of what is asked than it must.
func (c *call) key() [sha256.Size]byte {
	digest := sha256.New()
	for _, part := range [][]byte{[]byte(c.method), []byte(c.url), c.body} {
		digest.Write(part)
		digest.Write([]byte{0})
	}
	return [sha256.Size]byte(digest.Sum(nil))
}

// question checks the templates of an enricher.
func (v *checker) question() {
	c := v.c
	before, rest := splitAddress(c.URL)
	if c.URL != "" {
		v.web(before + "/")
		if strings.ContainsAny(before, "{}") {
			v.tell("url", "must name its scheme and host without placeholders", "")
		}
		if strings.Contains(rest, "#") {
			v.tell("url", "must have no fragment", "")
		}
	}
	for _, one := range []fact{{"url", c.URL}, {"request", c.Request}} {
		if len(one.text) > maxTemplate {
			v.tell(one.name, "is too long", "")
			continue
		}
		v.problems = append(v.problems, parseTemplate(one.text).problems(v.c.At, one.name, questionWord, questionWords())...)
	}
	if c.Request == "" {
		return
	}
	body, ok := parseTemplate(c.Request).render(func(string) (string, bool) { return "7", true }, inJSON)
	if !ok || !json.Valid([]byte(body)) {
		v.tell("request", "is no JSON when it is filled in", "put placeholders between quotes")
	}
}

// showQuestion is what an enricher would ask, with its placeholders as they are.
func showQuestion(c IntegrationConfig) (Shown, error) {
	_, rest := splitAddress(c.URL)
	where, query, asks := strings.Cut(orElse(rest, "/"), "?")
	if asks {
		where += "?" + veilQuery(query)
	}
	text := c.Method + " " + where
	if c.Request != "" {
		text += "\n\n" + c.Request
	}
	for _, secret := range c.secrets() {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return Shown{Integration: c.Name, Kind: Enrich, Target: hostOf(c.URL), ContentType: "application/json", Body: text,
		KnownBy: "it is asked, not told: one call at a time for the same question"}, nil
}

// veilQuery hides what of a query is written out: it may be a key.
func veilQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, value, ok := strings.Cut(part, "="); ok && len(parseTemplate(value).names()) == 0 {
			parts[i] = name + "=" + hidden
		}
	}
	return strings.Join(parts, "&")
}
