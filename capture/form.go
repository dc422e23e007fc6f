package capture

import (
	"iter"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxPairs bounds the name-value pairs that are looked at in a query or form.
const maxPairs = 1000

// pairs walks over the raw pairs of a query or of a form's body.
func pairs(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for count := 0; text != "" && count < maxPairs; count++ {
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
