package mitigation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The bounds of JSON that is edited; what goes beyond is left alone.
const (
	maxJSONDepth    = 256
	maxJSONSegments = 32
)

// What is said of a body that was left as it came.
const (
	noteNotJSON    = "the body is not strictly JSON: left as it came"
	noteDeepJSON   = "the JSON is nested too deeply: left as it came"
	noteNoField    = "no field to change was there"
	noteBrokenForm = "the form is broken: left as it came"
)

// jsonField is a change of the values that a path selects.
type jsonField struct {
	path   []string
	change change
}

// parseJSONPath reads a dot path: "user.address", "items.0.sku", "items[0].sku", "items.*.sku", with or without "$." before it.
func parseJSONPath(text string) ([]string, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(text, "$"), ".")
	path = strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", "")
	if strings.Count(text, "[") != strings.Count(text, "]") {
		return nil, fmt.Errorf("a bracket is not closed")
	}
	segments := strings.Split(strings.TrimPrefix(path, "."), ".")
	if len(segments) > maxJSONSegments {
		return nil, fmt.Errorf("a path has at most %d steps", maxJSONSegments)
	}
	for _, segment := range segments {
		if segment == "" {
			return nil, fmt.Errorf("a step of the path is empty")
		}
	}
	return segments, nil
}

// splice is a piece of a body that gets another text.
type splice struct {
	start, end int
	text       string
}

// editJSON changes the values that the fields select, and nothing else: every other byte stays, so do the spelling of numbers,
// the order of keys, and keys that stand there twice (all of them are changed, whichever a reader takes). A body that is not
// strictly JSON (RFC 8259, UTF-8) is left alone, and note says so.
func editJSON(body []byte, fields []jsonField) (edited []byte, note string) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return body, noteNotJSON
	}
	found := false
	for i := range fields {
		w := jsonWalk{data: body, change: &fields[i].change}
		w.value(w.space(0), fields[i].path, 0)
		if w.deep {
			return body, noteDeepJSON
		}
		found = found || w.found
		body = spliced(body, w.splices)
	}
	if !found {
		return body, noteNoField
	}
	return body, ""
}

// spliced puts the texts in. It gives the body itself when there are none.
func spliced(body []byte, splices []splice) []byte {
	if len(splices) == 0 {
		return body
	}
	size := len(body)
	for _, s := range splices {
		size += len(s.text) - (s.end - s.start)
	}
	out, at := make([]byte, 0, size), 0
	for _, s := range splices {
		out = append(append(out, body[at:s.start]...), s.text...)
		at = s.end
	}
	return append(out, body[at:]...)
}

// jsonWalk goes once over a text that is known to be JSON.
type jsonWalk struct {
	data    []byte
	change  *change
	splices []splice
	found   bool
	deep    bool
}

func (w *jsonWalk) space(at int) int {
	for at < len(w.data) && strings.IndexByte(" \t\r\n", w.data[at]) >= 0 {
		at++
	}
	return at
}

// value walks over the value at a place and gives the place behind it. A path of nil selects nothing, an empty one the value
// itself.
func (w *jsonWalk) value(at int, path []string, depth int) int {
	if w.deep = w.deep || depth > maxJSONDepth; w.deep || at >= len(w.data) {
		return len(w.data)
	}
	switch w.data[at] {
	case '{', '[':
		return w.container(at, path, depth)
	case '"':
		end := w.text(at)
		if path != nil && len(path) == 0 {
			w.changeText(at, end)
		}
		return end
	}
	end := at
	for end < len(w.data) && strings.IndexByte(" \t\r\n,]}", w.data[end]) < 0 {
		end++
	}
	if path != nil && len(path) == 0 {
		w.changeBare(at, end)
	}
	return end
}

// container walks over an object or a list.
func (w *jsonWalk) container(at int, path []string, depth int) int {
	object := w.data[at] == '{'
	at = w.space(at + 1)
	for place := 0; at < len(w.data) && !w.deep; place++ {
		switch w.data[at] {
		case '}', ']':
			return at + 1
		case ',':
			at = w.space(at + 1)
		}
		var below []string
		if object {
			end := w.text(at)
			below = follow(path, func(step string) bool { return w.named(at, end, step) })
			at = w.space(w.space(end) + 1)
		} else {
			below = follow(path, func(step string) bool { return step == strconv.Itoa(place) })
		}
		at = w.space(w.value(at, below, depth+1))
	}
	return at
}

// follow is the rest of the path below a member, nil when the path does not lead there.
func follow(path []string, leads func(step string) bool) []string {
	if len(path) == 0 || path[0] != "*" && !leads(path[0]) {
		return nil
	}
	return path[1:]
}

// text is the place behind a string.
func (w *jsonWalk) text(at int) int {
	for at++; at < len(w.data); at++ {
		switch w.data[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(w.data)
}

// named says whether the member's name, with its quotes between start and end, is name in whatever spelling.
func (w *jsonWalk) named(start, end int, name string) bool {
	raw := w.data[start:end]
	if len(raw) >= 2 && string(raw[1:len(raw)-1]) == name && !strings.Contains(name, `\`) {
		return true
	}
	if !strings.Contains(string(raw), `\`) {
		return false
	}
	text, ok := jsonText(raw)
	return ok && text == name
}

// jsonText reads a string; not ok where half a surrogate pair stands in it, which has no text.
func jsonText(raw []byte) (text string, ok bool) {
	if json.Unmarshal(raw, &text) != nil {
		return "", false
	}
	whole := !strings.Contains(text, "\uFFFD") || strings.Contains(string(raw), "\uFFFD")
	return text, whole
}

func (w *jsonWalk) changeText(start, end int) {
	w.found = true
	text, ok := jsonText(w.data[start:end])
	if !ok && !w.change.fixed {
		return
	}
	if changed := w.change.apply(text); changed != text || !ok {
		w.splices = append(w.splices, splice{start, end, jsonQuoted(changed)})
	}
}

// changeBare changes a number, true, false or null, which no format is for: a new value stays bare where it can.
func (w *jsonWalk) changeBare(start, end int) {
	w.found = true
	if !w.change.fixed {
		return
	}
	text := w.change.value
	if !bareJSON(text) {
		text = jsonQuoted(text)
	}
	if text != string(w.data[start:end]) {
		w.splices = append(w.splices, splice{start, end, text})
	}
}

// bareJSON says whether a text is a number, true, false or null as JSON writes them.
func bareJSON(text string) bool {
	return text != "" && strings.IndexByte("{[\" \t\r\n", text[0]) < 0 && strings.TrimSpace(text) == text && json.Valid([]byte(text))
}

// jsonQuoted is a text as a JSON string that is safe inside a script as well.
func jsonQuoted(text string) string {
	quoted, _ := json.Marshal(text) // a string cannot fail
	return string(quoted)
}
