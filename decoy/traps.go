package decoy

import (
	"bytes"
	"net/url"
	"strings"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

// maxTraps bounds the decoys of a configuration.
const maxTraps = 64

// Traps are the decoy links and fields of one configuration. They never change.
type Traps struct {
	set  *Set
	list []trap
}

type trap struct {
	name string
	// link is the path that nobody is shown, field the form field; one of them is empty. said is the path as the operator wrote it.
	link, field, said string
	pages             []pagePattern
}

// Traps makes the links and fields of a configuration. What stands in pages is this installation's own: the path written by the
// operator goes on with a segment, the field's name with an ending, that follow from the key, so that no public list holds them.
func (s *Set) Traps(c []policy.DecoyConfig) (*Traps, document.Problems) {
	t := &Traps{set: s}
	var problems document.Problems
	names := map[string]bool{}
	for i := range c {
		d := &c[i]
		made, wrong := s.trap(d)
		problems = append(problems, wrong...)
		if names[d.Name] {
			problems = append(problems, d.At.Problem("name", "another decoy has that name", ""))
		}
		names[d.Name] = true
		t.list = append(t.list, made)
	}
	if len(c) > maxTraps {
		problems = append(problems, c[maxTraps].At.Problem("", "there are more than 64 decoys", ""))
	}
	return t, problems
}

func (s *Set) trap(d *policy.DecoyConfig) (trap, document.Problems) {
	t := trap{name: d.Name, said: d.Path}
	var problems document.Problems
	tell := func(key, message string) { problems = append(problems, d.At.Problem(key, message, "")) }
	if d.Name == "" {
		tell("name", "a decoy needs a name")
	}
	if (d.Path == "") == (d.Field == "") {
		tell("", "a decoy has either a path or a field")
	}
	if d.Path != "" {
		if !strings.HasPrefix(d.Path, "/") || strings.Trim(strings.ToLower(d.Path), lowerLetters+digitLetters+"/-_.~") != "" || strings.Contains(d.Path, "..") {
			tell("path", "must begin with \"/\" and hold letters, digits, \"-\", \"_\", \".\" and \"/\" only")
		}
		t.link = strings.TrimRight(d.Path, "/") + "/" + s.draw("trap path", d.Name, d.Path).text(digitLetters+"abcdef", 12)
	}
	if d.Field != "" {
		if strings.Trim(strings.ToLower(d.Field), lowerLetters+digitLetters+"-_") != "" {
			tell("field", "must hold letters, digits, \"-\" and \"_\" only")
		}
		t.field = d.Field + "_" + s.draw("trap field", d.Name, d.Field).text(lowerLetters, 5)
	}
	for _, pattern := range d.Pages {
		if !strings.HasPrefix(pattern, "/") {
			tell("pages", "a pattern must begin with \"/\"")
		}
		t.pages = append(t.pages, newPagePattern(pattern))
	}
	return t, problems
}

// Specs are the specs that make events of requests for decoy links: held, so that something can be done with the first of them,
// with the decoy's name as the element "decoy".
func (t *Traps) Specs() []capture.SpecConfig {
	var specs []capture.SpecConfig
	for i := range t.list {
		trap := &t.list[i]
		if trap.link == "" {
			continue
		}
		name := trap.name
		specs = append(specs, capture.SpecConfig{Name: "decoy-" + name, Event: "Decoy Link", Type: event.SessionUpdate, Inline: true,
			Match: capture.MatchConfig{Path: trap.link},
			Take:  map[string]capture.SourcesConfig{"decoy": {{Constant: &name}}}})
	}
	return specs
}

// Touched names the decoy whose link a request follows, or whose field it carries. No browser does either by itself: the links
// are not rendered, and the fields are part of no form. What a browser fetches ahead of a click is passed by all the same.
func (t *Traps) Touched(head *capture.Request) (name string, ok bool) {
	if t == nil || len(t.list) == 0 {
		return "", false
	}
	if sentFromElsewhere(head) {
		return "", false
	}
	ahead := strings.Contains(fieldValue(head.Header, "Sec-Purpose")+fieldValue(head.Header, "Purpose"), "prefetch")
	var body []byte
	read := false
	for i := range t.list {
		trap := &t.list[i]
		switch {
		case trap.link != "":
			if !ahead && head.Path == trap.link {
				return trap.name, true
			}
		case trap.field != "":
			if !read {
				body, read = head.Body.Bytes[:min(len(head.Body.Bytes), maxAskedBody)], true
			}
			if carries(head, body, trap.field) {
				return trap.name, true
			}
		}
	}
	return "", false
}

// sentFromElsewhere says whether another site's page had a browser send the request, or the page it is part of: anybody can read a
// decoy's address and put it as a picture where honest people look. What a browser's headers say against it is believed.
func sentFromElsewhere(head *capture.Request) bool {
	if from := fieldValue(head.Header, "Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		return true
	}
	if what := fieldValue(head.Header, "Sec-Fetch-Dest"); what != "" && what != "document" && what != "empty" {
		return true
	}
	for _, name := range []string{"Origin", "Referer"} {
		text := fieldValue(head.Header, name)
		if text == "" || text == "null" {
			continue
		}
		if from, err := url.Parse(text); err != nil || !strings.EqualFold(from.Host, head.Host) {
			return true
		}
	}
	return false
}

// carries says whether a form, a JSON object or a query has a field of that name. The names are safe in every notation, so that
// they are looked for as they are, with what stands around a name.
func carries(head *capture.Request, body []byte, field string) bool {
	if head.Method == "GET" || head.Method == "HEAD" || !bytes.Contains(body, []byte(field)) {
		return false // a link that somebody else made could carry it
	}
	return inPairs(string(body), field) || bytes.Contains(body, []byte(`"`+field+`"`)) ||
		bytes.Contains(body, []byte("name="+field))
}

func inPairs(text, field string) bool {
	for pair := range strings.SplitSeq(text, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name == field {
			return true
		}
		if decoded, err := url.QueryUnescape(name); err == nil && decoded == field {
			return true
		}
	}
	return false
}

// pagePattern is a path pattern as specs have it: "*" is a segment or a part of one, {name} a segment, {name...} the rest.
type pagePattern []string

func newPagePattern(text string) pagePattern { return segmentsOf(text) }

func segmentsOf(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func (p pagePattern) matches(path []string) bool {
	for i, segment := range p {
		if segment == "**" || strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "...}") {
			return true
		}
		if i >= len(path) {
			return false
		}
		if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
			continue
		}
		if !globMatches(segment, path[i]) {
			return false
		}
	}
	return len(p) == len(path)
}

// globMatches compares with a glob in which "*" is any text: the parts between stars, in order.
func globMatches(glob, text string) bool {
	parts := strings.Split(glob, "*")
	if len(parts) == 1 {
		return glob == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, last)
}
