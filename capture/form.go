package capture

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"

	"wayguard/element"
)

// maxPairs bounds the name-value pairs that are looked at in a form's body. Those of a query are bounded by the length of
// a head, and a spec must not be slipped past by writing many.
const maxPairs = 10_000

// pairs walks over the raw pairs of a query or of a form's body.
func pairs(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for text != "" {
			var pair string
			pair, text, _ = strings.Cut(text, "&")
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

// decodeFormText decodes a form's text; false when its escapes or the result's UTF-8 are broken.
func decodeFormText(a *element.Arena, text string) (string, bool) {
	if isEncoded(text) {
		decoded, ok := appendDecoded(a.Buffer(len(text)), text)
		if !ok {
			return "", false
		}
		text = a.Keep(decoded)
	}
	return text, utf8.ValidString(text)
}

func isEncoded(text string) bool {
	return strings.IndexByte(text, '%') >= 0 || strings.IndexByte(text, '+') >= 0
}

// appendDecoded appends a form's text without its escapes; false when one is broken.
func appendDecoded(b []byte, text string) ([]byte, bool) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '+':
			b = append(b, ' ')
		case c != '%':
			b = append(b, c)
		case i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]):
			return b, false
		default:
			b = append(b, unhex(text[i+1])<<4|unhex(text[i+2]))
			i += 2
		}
	}
	return b, true
}

// formValues appends the values of a name in a form-encoded text.
func formValues(a *element.Arena, list []found, text, name string) []found {
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if raw, value, _ := strings.Cut(pair, "="); pair != "" && decodedEquals(raw, name) {
			decoded, ok := decodeFormText(a, value)
			list = append(list, found{text: decoded, broken: !ok})
		}
	}
	return list
}

// form is the content as form-encoded text, "" when it is none. Of a cut form the last pair is dropped: it may be cut too.
func (m *message) form() string {
	c := m.read()
	if c.formRead || c.unreadable || c.media != "application/x-www-form-urlencoded" && c.media != "" {
		return c.form
	}
	data := c.data
	if c.truncated {
		data = data[:max(0, bytes.LastIndexByte(data, '&'))]
	}
	if bytes.Count(data, []byte{'&'}) >= maxPairs {
		m.issues.add("too_many_parts", "", m.side()+" has more fields than are read")
		end := 0
		for range maxPairs {
			end += bytes.IndexByte(data[end:], '&') + 1
		}
		data = data[:end]
	}
	c.form, c.formRead = m.arena().Text(data), true
	return c.form
}
