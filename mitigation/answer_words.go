package mitigation

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/http1"
	"wayguard/policy"
)

// longestWord is the longest value that is put in a text, in bytes: much of it is the visitor's own.
const longestWord = 512

// occasion is a request and why something is done with it: what placeholders stand for.
type occasion struct {
	head *capture.Request
	// event is nil where there is no verdict.
	event   *event.Event
	because string
}

// word is the value of a placeholder (policy.PlaceholderNames, el.<element>).
func (o *occasion) word(name string) (string, bool) {
	switch name {
	case "reference":
		return o.reference(), true
	case "time":
		return o.head.Time.UTC().Format(time.RFC3339), true
	case "label", "signature":
		return o.because, true
	}
	if element, ok := strings.CutPrefix(name, "el."); ok && o.event != nil {
		if found := o.event.Find(element); found != nil {
			return shortened(found.Shown()), true
		}
	}
	return "", false
}

// reference is the code of the request's event, a dash when it has none.
func (o *occasion) reference() string {
	id := o.head.ID
	if o.event != nil && o.event.ID != "" {
		id = o.event.ID
	}
	return cmp.Or(Reference(id), "-")
}

func shortened(text string) string {
	if len(text) <= longestWord {
		return text
	}
	cut := longestWord
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// fill puts the occasion's words in a text, each through escape.
func (o *occasion) fill(text string, escape func(string) string) string {
	return policy.Fill(text, func(name string) (string, bool) {
		word, ok := o.word(name)
		return escape(word), ok
	})
}

// plainWord is a word as it is.
func plainWord(word string) string { return word }

// htmlWord is a word for markup, attributes in quotes, and strings of scripts.
func htmlWord(word string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(word, "") {
		switch {
		case strings.ContainsRune("&<>\"'`=\\/", r) || r >= utf8.RuneSelf:
			out.WriteString(asciiReference(r))
		case r < ' ' || r == 0x7f:
			out.WriteByte(' ')
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// jsonWord is a word for the inside of a JSON string.
func jsonWord(word string) string {
	quoted, _ := json.Marshal(word) // a string cannot fail
	return string(quoted[1 : len(quoted)-1])
}

// textWord is a word for plain text: one line of it.
func textWord(word string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(word, ""))
}

// headerWord is a word for a header's value: what is not printable ASCII is percent-encoded.
func headerWord(word string) string {
	return percentEncoded(word, func(c byte) bool { return c >= ' ' && c <= '~' })
}

// addressWord is a word for a web address. Whatever it holds, it stays within the part of the address that it is put in.
func addressWord(word string) string { return strings.ReplaceAll(url.QueryEscape(word), "+", "%20") }

// statusWord is a text as gRPC has it in grpc-message: percent-encoded, with plain ASCII as it is.
func statusWord(text string) string {
	return percentEncoded(text, func(c byte) bool { return c >= ' ' && c <= '~' && c != '%' })
}

func percentEncoded(text string, plain func(byte) bool) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(text) {
		if c := text[i]; plain(c) {
			out.WriteByte(c)
		} else {
			out.WriteString("%" + string(digits[c>>4]) + string(digits[c&15]))
		}
	}
	return out.String()
}

// fields are headers with the occasion's words in them, by name. One whose value cannot stand in a header is left out.
func (o *occasion) fields(headers map[string]string) []capture.Field {
	out := make([]capture.Field, 0, len(headers))
	for _, name := range sortedKeys(headers) {
		value := strings.TrimSpace(o.fill(headers[name], headerWord))
		if http1.ValidName(name) && http1.ValidValue(value) {
			out = append(out, capture.Field{Name: name, Value: value})
		}
	}
	return out
}
