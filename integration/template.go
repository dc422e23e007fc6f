package integration

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"wayguard/document"
)

// maxTemplate bounds a template, in bytes, and maxRendered what becomes of one.
const (
	maxTemplate = 16 << 10
	maxRendered = 64 << 10
)

// placeholder is a name in braces; every other brace stands for itself, so that JSON can be written as it is.
var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\}`)

// template is text with places that are filled in. The zero template is empty.
type template struct {
	parts []templatePart
}

// templatePart is text that stays, or the name of a place.
type templatePart struct {
	text, name string
	// at is where in the template it begins.
	at int
}

func parseTemplate(text string) template {
	var t template
	end := 0
	for _, found := range placeholder.FindAllStringIndex(text, -1) {
		if found[0] > end {
			t.parts = append(t.parts, templatePart{text: text[end:found[0]], at: end})
		}
		t.parts = append(t.parts, templatePart{name: text[found[0]+1 : found[1]-1], at: found[0]})
		end = found[1]
	}
	if end < len(text) {
		t.parts = append(t.parts, templatePart{text: text[end:], at: end})
	}
	return t
}

// names are those of the template's places.
func (t template) names() []string {
	var names []string
	for _, part := range t.parts {
		if part.name != "" {
			names = append(names, part.name)
		}
	}
	return names
}

// render fills the places in. escape makes a value harmless where it is put; it is given the value, cut to a bound. It is false
// when there is no value for a place.
func (t template) render(word func(name string) (string, bool), escape func(value string) string) (string, bool) {
	var b strings.Builder
	for _, part := range t.parts {
		if part.name == "" {
			b.WriteString(part.text)
			continue
		}
		value, ok := word(part.name)
		if !ok {
			return "", false
		}
		b.WriteString(escape(clip(value, maxValue)))
		if b.Len() > maxRendered {
			return "", false
		}
	}
	return b.String(), true
}

// problems tells of places that nothing fills. known says whether a name can be filled, words are for the suggestion.
func (t template) problems(mark document.Mark, path string, known func(name string) bool, words []string) document.Problems {
	var problems document.Problems
	for _, part := range t.parts {
		if part.name != "" && !known(part.name) {
			suggestion := document.DidYouMean(part.name, words)
			if suggestion == "" {
				suggestion = "known here: " + strings.Join(words, ", ")
			}
			problems = append(problems, mark.ProblemAt(path, document.Offset{Column: part.at}, "nothing is known as {"+part.name+"}", suggestion))
		}
	}
	return problems
}

// clip cuts a text to at most n bytes, at a character's end, and marks the cut. What is no UTF-8 is replaced.
func clip(text string, n int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= n {
		return text
	}
	cut := max(n-len("…"), 0)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// plain leaves a value as it is, but for what no reader can see.
func plain(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Cf) && r != '\u200d':
			return -1
		}
		return r
	}, value)
}

// oneLine is plain text in one line: a header, a subject, a summary.
func oneLine(value string) string {
	return strings.Join(strings.Fields(plain(value)), " ")
}

// inSlack escapes the three characters that Slack reads; with them go links and mentions such as <!channel>.
func inSlack(value string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(plain(value))
}

// inJSON is a value as it stands between the quotes of a JSON text.
func inJSON(value string) string {
	quoted := encode(plain(value))
	return string(quoted[1 : len(quoted)-1])
}

// encode writes JSON without escaping what only HTML needs escaped. Only values of our own types are given to it, which cannot fail.
func encode(value any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
