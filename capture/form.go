package capture

import (
	"bytes"
	"iter"
	"net/url"
	"strings"
	"unicode/utf8"
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
func decodeFormText(text string) (string, bool) {
	if strings.ContainsAny(text, "%+") {
		decoded, err := url.QueryUnescape(text)
		if err != nil {
			return "", false
		}
		text = decoded
	}
	return text, utf8.ValidString(text)
}

// formValues are the values of a name in a form-encoded text.
func formValues(text, name string) []found {
	var values []found
	for raw, value := range pairs(text) {
		if !decodedEquals(raw, name) {
			continue
		}
		decoded, ok := decodeFormText(value)
		values = append(values, found{text: decoded, broken: !ok})
	}
	return values
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
	c.form, c.formRead = string(data), true
	return c.form
}
