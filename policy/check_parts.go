package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"wayguard/document"
	"wayguard/event"
)

// The bounds of edits and templates.
const (
	mostHeaders  = 32
	mostFields   = 64
	mostCanaries = 16
	longestField = 200
)

var elementName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func elementForm(name string) bool { return elementName.MatchString(name) }

// framing are headers that say how a message is cut out of its connection. They are ours.
func framing() []string {
	return []string{"connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
}

// coding are headers that say how a body is packed; set alone they would make it unreadable.
func coding() []string { return []string{"content-encoding", "content-range"} }

// printable says that a text is one line without control characters.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func keysInOrder[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// headers checks headers that are set; their values are not told. more are placeholders they may use beside the usual ones.
func (c *checker) headers(at document.Mark, path string, headers map[string]string, more []string) {
	if len(headers) > mostHeaders {
		c.problem(at, path, fmt.Sprintf("there are more than %d headers", mostHeaders), "")
		return
	}
	seen := map[string]bool{}
	for _, name := range keysInOrder(headers) {
		place := path + "." + name
		c.headerName(at, place, name)
		if lower := strings.ToLower(name); seen[lower] {
			c.problem(at, place, "the header is given twice", "")
		} else {
			seen[lower] = true
		}
		switch value := headers[name]; {
		case len(value) > longestAnswer || !httpguts.ValidHeaderFieldValue(value) || strings.TrimSpace(value) != value:
			c.problem(at, place, "a header's value is one line of at most 4096 bytes, without spaces around it", "")
		default:
			c.placeholders(at, place, value, more)
		}
	}
}

func (c *checker) headerName(at document.Mark, path, name string) {
	lower := strings.ToLower(name)
	switch {
	case !httpguts.ValidHeaderFieldName(name) || len(name) > longestName:
		c.problem(at, path, "this is no header's name", "")
	case slices.Contains(framing(), lower):
		c.problem(at, path, "this header says how messages are delivered, and is not for policies", "")
	case slices.Contains(coding(), lower):
		c.problem(at, path, "this header says how the body is packed, and would make it unreadable", "")
	}
}

// ownContentType refuses a content type among the headers where there is a key for it.
func (c *checker) ownContentType(at document.Mark, path string, headers map[string]string) {
	for _, name := range keysInOrder(headers) {
		if strings.EqualFold(name, "content-type") {
			c.problem(at, path+"."+name, "the content type is not among the headers", "write content_type")
		}
	}
}

// text checks a body and the placeholders in it; more are names that it may use beside the usual ones.
func (c *checker) text(at document.Mark, path, text string, more []string) {
	if len(text) > longestText {
		c.problem(at, path, fmt.Sprintf("the text is longer than %d bytes", longestText), "")
		return
	}
	c.placeholders(at, path, text, more)
}

func (c *checker) placeholders(at document.Mark, path, text string, more []string) {
	for _, p := range Placeholders(text) {
		name, isElement := strings.CutPrefix(p.Name, "el.")
		switch {
		case isElement && (len(c.names.Elements) == 0 || slices.Contains(c.names.Elements, name)):
		case isElement:
			c.problem(at, path, fmt.Sprintf("there is no element %q", name), document.DidYouMean(name, c.names.Elements))
		case !slices.Contains(PlaceholderNames(), p.Name) && !slices.Contains(more, p.Name):
			known := slices.Concat(PlaceholderNames(), more)
			c.problem(at, path, fmt.Sprintf("{%s} is not known", p.Name), near(p.Name, known, "one of "+strings.Join(known, ", ")+", el.<element>; {{"+p.Name+"}} is the text itself"))
		}
	}
}

func (c *checker) rewrite(a *ActionConfig) {
	if !a.Request.given() && !a.Response.given() {
		c.problem(a.At, "request", "a rewrite says what is changed, in request, response or both", "")
	}
	c.edit(a.At, "request", a.Request, true)
	c.edit(a.At, "response", a.Response, false)
}

func (c *checker) edit(at document.Mark, path string, e EditConfig, request bool) {
	c.headers(at, path+".set", e.Set, nil)
	if len(e.Remove) > mostHeaders || len(e.Fields) > mostFields {
		c.problem(at, path, fmt.Sprintf("an edit has at most %d headers and %d fields", mostHeaders, mostFields), "")
		return
	}
	for n, name := range e.Remove {
		place := fmt.Sprintf("%s.remove[%d]", path, n)
		c.headerName(at, place, name)
		for set := range e.Set {
			if strings.EqualFold(set, name) {
				c.problem(at, place, "the header is set and removed", "set alone replaces it")
			}
		}
	}
	seen := map[string]bool{}
	for n, field := range e.Fields {
		c.field(at, fmt.Sprintf("%s.fields[%d]", path, n), field, request, seen)
	}
}

func (c *checker) field(at document.Mark, path string, f FieldConfig, request bool, seen map[string]bool) {
	switch {
	case (f.JSON == "") == (f.Form == ""):
		c.problem(at, path, "a field is named by json or by form, by one of them", "")
	case f.Form != "" && !request:
		c.problem(at, path+".form", "an answer has no form fields", "write json")
	case f.JSON != "" && !dotPath(f.JSON):
		c.problem(at, path+".json", "a value's path is names joined by dots, such as customer.address.city", "")
	case !printable(f.Form) || len(f.Form) > longestField:
		c.problem(at, path+".form", "a form field's name is one line of at most 200 bytes", "")
	case seen[f.JSON+"\x00"+f.Form]:
		c.problem(at, path, "the field is changed twice", "")
	}
	seen[f.JSON+"\x00"+f.Form] = true
	switch {
	case (f.As == "") == (f.Value == ""):
		c.problem(at, path, "a field gets a format (as) or a value, one of them", "")
	case f.As != "" && !slices.Contains(Formats(), f.As):
		c.problem(at, path+".as", fmt.Sprintf("there is no format %.100q", f.As), oneOf(f.As, Formats()))
	}
	c.text(at, path+".value", f.Value, nil)
}

// dotPath says that a text is names joined by dots.
func dotPath(path string) bool {
	if len(path) > longestField || !printable(path) {
		return false
	}
	for segment := range strings.SplitSeq(path, ".") {
		if segment == "" || strings.TrimSpace(segment) != segment {
			return false
		}
	}
	return true
}

func (c *checker) feign(a *ActionConfig) {
	if a.As != "" && a.As != AsFailure && a.As != AsSuccess {
		c.problem(a.At, "as", fmt.Sprintf("nothing is feigned as %.100q", a.As), "write failure or success")
	}
	t := a.Template
	c.status(a.At, "template.status", t.Status)
	if hollow(t.Status) && t.Body != "" {
		c.problem(a.At, "template.status", fmt.Sprintf("an answer with status %d has no body", t.Status), "")
	}
	if t.Always && t.Status == 0 && t.Body == "" {
		c.problem(a.At, "template.always", "an empty template cannot be used always", "give it a status and a body")
	}
	c.canaries(a)
}

// canaries checks the made-up fields of a template, each of which must stand in its body or headers.
func (c *checker) canaries(a *ActionConfig) {
	t := a.Template
	if len(t.Canaries) > mostCanaries {
		c.problem(a.At, "template.canaries", fmt.Sprintf("there are more than %d canaries", mostCanaries), "")
		return
	}
	names := keysInOrder(t.Canaries)
	c.headers(a.At, "template.headers", t.Headers, names)
	c.text(a.At, "template.body", t.Body, names)
	used := map[string]bool{}
	for _, text := range append([]string{t.Body}, slices.Collect(maps.Values(t.Headers))...) {
		for _, p := range Placeholders(text) {
			used[p.Name] = true
		}
	}
	for _, name := range names {
		place := "template.canaries." + name
		switch {
		case !elementForm(name):
			c.problem(a.At, place, "a canary's name is lower-case letters, digits and underscores", "")
		case slices.Contains(PlaceholderNames(), name):
			c.problem(a.At, place, "the name means something else", "")
		case !used[name]:
			c.problem(a.At, place, fmt.Sprintf("the template does not use {%s}", name), "")
		}
		if err := CheckShape(t.Canaries[name]); err != nil {
			c.problem(a.At, place, err.Error(), "digits:8, hex:32, upper:10, lower:10, alnum:12, uuid, card, email")
		}
	}
}

// stepKinds are the kinds of the actions that a policy's steps name.
func (c *checker) stepKinds(steps []StepConfig) []event.ActionKind {
	var kinds []event.ActionKind
	for _, step := range steps {
		for i := range c.actions {
			if c.actions[i].Name == step.Action {
				kinds = append(kinds, c.actions[i].Kind)
			}
		}
	}
	return kinds
}
