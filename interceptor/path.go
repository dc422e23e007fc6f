package interceptor

import (
	"net/textproto"
	"strconv"
	"strings"
)

// origin is where a source reads.
type origin int

const (
	fromBody origin = iota
	fromHeader
	fromQuery
)

// maxSteps bounds a path.
const maxSteps = 32

// step is one part of a path: a name, an index (name empty, index >= 0) or all elements (each).
type step struct {
	name  string
	index int
	each  bool
}

// source is a compiled source path.
type source struct {
	origin origin
	// name is of a header field or a query parameter.
	name string
	// steps lead through the body; where one of them is each, head are those before it and steps those behind.
	head, steps []step
	each        bool
}

// parseSource reads $, $.a.b[0].c, $['a name'].b, $header.name and $query.name. message says what is wrong, "" where nothing is.
func parseSource(text string) (s source, message string) {
	if len(text) > 512 {
		return s, "longer than 512 characters"
	}
	if name, ok := strings.CutPrefix(text, "$header."); ok {
		if !isToken(name) {
			return s, "not a header field's name behind $header."
		}
		return source{origin: fromHeader, name: textproto.CanonicalMIMEHeaderKey(name)}, ""
	}
	if name, ok := strings.CutPrefix(text, "$query."); ok {
		if name == "" || strings.ContainsAny(name, " \t\r\n") {
			return s, "not a parameter's name behind $query."
		}
		return source{origin: fromQuery, name: name}, ""
	}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return s, `a path begins with "$", "$header." or "$query."`
	}
	steps, message := parseSteps(rest)
	for i, st := range steps {
		switch {
		case !st.each:
		case s.each:
			return s, "[*] may stand once"
		default:
			s.each, s.head, s.steps = true, steps[:i], steps[i+1:]
		}
	}
	if !s.each {
		s.steps = steps
	}
	return s, message
}

// parseSteps reads ".a", "[0]", "[*]" and "['a name']" as often as they come.
func parseSteps(rest string) ([]step, string) {
	var steps []step
	for rest != "" {
		if len(steps) == maxSteps {
			return nil, "more than 32 steps"
		}
		var (
			st      step
			message string
		)
		if strings.HasPrefix(rest, "[") {
			st, rest, message = parseBracket(rest[1:])
		} else {
			st, rest, message = parseName(rest)
		}
		if message != "" {
			return nil, message
		}
		steps = append(steps, st)
	}
	return steps, ""
}

func parseName(rest string) (step, string, string) {
	rest, ok := strings.CutPrefix(rest, ".")
	if !ok {
		return step{}, "", `a "." or a "[" is missing`
	}
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	name := rest[:end]
	if name == "" || strings.ContainsAny(name, " \t\r\n]*'\"|") {
		return step{}, "", "a name is empty or has a character in it that must stand in brackets and quotes: $['a name']"
	}
	return step{name: name}, rest[end:], ""
}

func parseBracket(rest string) (step, string, string) {
	if quoted, ok := strings.CutPrefix(rest, "'"); ok {
		name, behind, closed := strings.Cut(quoted, "']")
		if !closed || name == "" {
			return step{}, "", "a quoted name does not end, or is empty"
		}
		return step{name: name}, behind, ""
	}
	inner, behind, closed := strings.Cut(rest, "]")
	if !closed {
		return step{}, "", `a "]" is missing`
	}
	if inner == "*" {
		return step{each: true}, behind, ""
	}
	index, err := strconv.Atoi(inner)
	if err != nil || index < 0 || index > 9999 || strconv.Itoa(index) != inner {
		return step{}, "", "an index is a number from 0 to 9999"
	}
	return step{index: index}, behind, ""
}

// isToken says whether a text can be a header field's name (RFC 9110, section 5.6.2).
func isToken(name string) bool {
	for i := range len(name) {
		c := name[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return name != "" && len(name) <= 128
}

// find is what stands where the steps lead, from a value.
func (d Document) find(value any, steps []step) (any, bool) {
	for _, st := range steps {
		ok := false
		if st.name == "" {
			value, ok = d.element(value, st.index)
		} else if object, isObject := value.(map[string]any); isObject {
			value, ok = object[st.name]
		}
		if !ok {
			return nil, false
		}
	}
	return value, true
}

// element is an element of a list. An object with the index as a name counts, as forms have it that begin at 1; so does a lone XML element.
func (d Document) element(value any, index int) (any, bool) {
	switch value := value.(type) {
	case []any:
		if index < len(value) {
			return value[index], true
		}
		return nil, false
	case map[string]any:
		if found, ok := value[strconv.Itoa(index)]; ok {
			return found, true
		}
	}
	return value, d.lone && index == 0
}

// elements are all elements of a list.
func (d Document) elements(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	if d.lone {
		return []any{value}
	}
	return nil
}

// read is what a source without [*] finds.
func (s source) read(in Inbound) (any, bool) {
	switch s.origin {
	case fromHeader:
		values := in.Header[s.name]
		return strings.Join(values, ", "), len(values) > 0
	case fromQuery:
		values := in.Query[s.name]
		return listOrOne(values), len(values) > 0
	}
	return in.Document.find(in.Document.root, s.steps)
}
