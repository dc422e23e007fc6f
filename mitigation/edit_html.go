package mitigation

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// maxTagName is the longest element name that a marker may have, in bytes.
const maxTagName = 64

// insertion is HTML that pages get before a marker.
type insertion struct {
	html   []byte
	marker htmlMarker
}

// htmlMarker is the place that HTML is put in before: a tag without attributes, in whatever spelling ("</BODY >"), or a text of
// the page as it stands there.
type htmlMarker struct {
	kind html.TokenType
	name string
	text string
	// last takes the last place instead of the first: a document's end tags.
	last bool
}

// newInsertion makes the HTML ASCII, so that it means the same in every page whatever its charset.
func newInsertion(content, before string) insertion {
	if before == "" {
		before = "</body>"
	}
	return insertion{asciiHTML(content), newHTMLMarker(before)}
}

func newHTMLMarker(before string) htmlMarker {
	m := htmlMarker{kind: html.TextToken, text: before}
	z := html.NewTokenizer(strings.NewReader(before))
	kind := z.Next()
	if kind != html.StartTagToken && kind != html.EndTagToken || len(z.Raw()) != len(before) {
		if kind == html.CommentToken && len(z.Raw()) == len(before) {
			m.kind = kind
		}
		return m
	}
	name, attributes := z.TagName()
	if attributes || len(name) > maxTagName {
		m.kind = html.StartTagToken // compared as it is written, attributes and all
		return m
	}
	m.kind, m.name = kind, string(name)
	m.last = kind == html.EndTagToken && (m.name == "body" || m.name == "html")
	return m
}

// into puts the HTML into a page, which stays as it is where the marker is missing, or the HTML stands there already. The marker
// counts only where a browser would see it: never in a script, a style, a comment, a text field, a title or an attribute.
func (i *insertion) into(page []byte) []byte {
	at := i.marker.find(page)
	if at < 0 || bytes.HasSuffix(page[:at], i.html) {
		return page
	}
	out := make([]byte, 0, len(page)+len(i.html))
	return append(append(append(out, page[:at]...), i.html...), page[at:]...)
}

// find is the marker's place in a page, -1 when there is none.
func (m *htmlMarker) find(page []byte) int {
	z := html.NewTokenizer(bytes.NewReader(page))
	found, start, raw := -1, 0, false
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return found
		}
		token := z.Raw()
		if start+len(token) > len(page) {
			return found
		}
		token = page[start : start+len(token)]
		name := ""
		if kind == html.StartTagToken || kind == html.EndTagToken {
			tag, _ := z.TagName()
			name = string(tag[:min(len(tag), maxTagName+1)])
		}
		if at := m.within(kind, name, token, raw); at >= 0 {
			if found = start + at; !m.last {
				return found
			}
		}
		if kind != html.TextToken {
			raw = kind == html.StartTagToken && rawElement(name)
		}
		start += len(token)
	}
}

// rawElement says whether an element's content is no markup.
func rawElement(name string) bool {
	switch name {
	case "iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp":
		return true
	}
	return false
}

// within is the marker's place in a token, -1 when it is not there.
func (m *htmlMarker) within(kind html.TokenType, name string, token []byte, raw bool) int {
	switch {
	case kind != m.kind || raw && kind == html.TextToken:
		return -1
	case kind == html.TextToken:
		return indexFold(token, m.text)
	case m.name != "" && m.name == name, m.name == "" && len(token) == len(m.text) && indexFold(token, m.text) == 0:
		return 0
	}
	return -1
}

// indexFold is the first place of a text whatever the case of its ASCII letters, -1 when there is none.
func indexFold(data []byte, text string) int {
	for at := 0; text != "" && at+len(text) <= len(data); at++ {
		if equalASCII(string(data[at:at+len(text)]), text) {
			return at
		}
	}
	return -1
}

func equalASCII(a, b string) bool { return len(a) == len(b) && lowerASCII(a) == lowerASCII(b) }

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// insertable says whether a page of that content type can be looked at byte by byte: HTML in a charset that has ASCII where
// ASCII is.
func insertable(contentType string) bool {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "text/html" {
		return false
	}
	charset := strings.ToLower(parameters["charset"])
	for _, stateful := range []string{"utf-16", "utf-32", "utf-7", "iso-2022", "hz-gb", "ucs-", "ebcdic", "ibm", "unicode"} {
		if strings.HasPrefix(charset, stateful) {
			return false
		}
	}
	return true
}

// asciiHTML writes what is not ASCII as references: of HTML in markup, of JavaScript in scripts, of CSS in styles.
func asciiHTML(content string) []byte {
	var out bytes.Buffer
	z := html.NewTokenizer(strings.NewReader(content))
	inside := ""
	for {
		kind := z.Next()
		raw := string(z.Raw())
		for _, r := range strings.ToValidUTF8(raw, "") {
			out.WriteString(asciiRune(r, inside))
		}
		switch kind {
		case html.ErrorToken:
			return out.Bytes()
		case html.StartTagToken:
			name, _ := z.TagName()
			inside = string(name)
		case html.TextToken:
		default:
			inside = ""
		}
	}
}

func asciiRune(r rune, inside string) string {
	switch {
	case r < utf8.RuneSelf:
		return string(r)
	case inside == "style":
		return fmt.Sprintf(`\%06x`, r)
	case inside != "script":
		return asciiReference(r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// asciiReference is a character as HTML writes it in ASCII.
func asciiReference(r rune) string { return fmt.Sprintf("&#x%x;", r) }
