package decoy

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMarks bounds the marks of one text.
const maxMarks = 512

// mark is a part of an answer whose origin is known: it repeats the request, tells a moment, or follows from the body.
type mark struct {
	start, end int
	// what is "echo:" with form and field, "date:" with its layout, or "digest:" with its kind.
	what string
	// offset is how far a date lies from the answer's own time.
	offset time.Duration
}

// spelling is a way in which an answer repeats what was said.
type spelling struct{ name, text string }

// spellings are all of them for a text, each different one once, the plainest first.
func spellings(text string) []spelling {
	all := []spelling{{"raw", text}}
	for _, name := range []string{"html", "html_named", "html_python", "html_php", "json", "json_html", "url", "percent", "lower"} {
		spelled := spell(name, text)
		if spelled != "" && !slices.ContainsFunc(all, func(s spelling) bool { return s.text == spelled }) {
			all = append(all, spelling{name, spelled})
		}
	}
	return all
}

// spell writes a text in a spelling.
func spell(name, text string) string {
	switch name {
	case "html":
		return html.EscapeString(text)
	case "html_named":
		return strings.ReplaceAll(html.EscapeString(text), "&#34;", "&quot;")
	case "html_python":
		return strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(html.EscapeString(text))
	case "html_php":
		return strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(html.EscapeString(text))
	case "json", "json_html":
		return spellJSON(text, name == "json_html")
	case "url":
		return url.QueryEscape(text)
	case "percent":
		return url.PathEscape(text)
	case "lower":
		return strings.ToLower(strings.TrimSpace(text))
	}
	return text
}

func spellJSON(text string, escapeHTML bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	if encoder.Encode(text) != nil {
		return ""
	}
	quoted := strings.TrimSuffix(out.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// echoes appends the marks of all places where a text repeats the request.
func echoes(marks []mark, text string, said asked) []mark {
	for _, v := range said.values {
		if len(v.text) < 2 {
			continue
		}
		for _, s := range spellings(v.text) {
			marks = occurrences(marks, text, s.text, "echo:"+s.name+":"+v.field)
		}
	}
	return marks
}

func occurrences(marks []mark, text, part, what string) []mark {
	for from := 0; len(marks) < maxMarks; {
		at := strings.Index(text[from:], part)
		if at < 0 {
			break
		}
		start := from + at
		end := start + len(part)
		// A short word inside a longer one is no repetition.
		if len(part) >= 12 || !inWord(text, start) && !inWord(text, end) {
			marks = append(marks, mark{start: start, end: end, what: what})
		}
		from = end
	}
	return marks
}

// inWord says whether the bytes on both sides of a place belong to one word.
func inWord(text string, at int) bool {
	return at > 0 && at < len(text) && isWord(text[at-1]) && isWord(text[at])
}

// digests are the fingerprints of a body that servers put in headers such as ETag.
func digests(body []byte) []spelling {
	if len(body) == 0 {
		return nil
	}
	m, s, l := md5.Sum(body), sha1.Sum(body), sha256.Sum256(body)
	base := base64.StdEncoding.EncodeToString
	return []spelling{
		{"express", strconv.FormatInt(int64(len(body)), 16) + "-" + base(s[:])[:27]},
		{"sha256_hex", hex.EncodeToString(l[:])}, {"sha256_half", hex.EncodeToString(l[:16])},
		{"sha256_base64", base(l[:])},
		{"sha1_hex", hex.EncodeToString(s[:])}, {"sha1_base64", base(s[:])},
		{"md5_hex", hex.EncodeToString(m[:])}, {"md5_base64", base(m[:])},
	}
}

// digest is the fingerprint of that kind.
func digest(kind string, body []byte) string {
	for _, d := range digests(body) {
		if d.name == kind {
			return d.text
		}
	}
	return ""
}

// disjoint sorts marks and leaves out those that another, earlier or longer, covers.
func disjoint(marks []mark) []mark {
	slices.SortStableFunc(marks, func(a, b mark) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	kept, end := marks[:0], 0
	for _, m := range marks {
		if m.start >= end {
			kept, end = append(kept, m), m.end
		}
	}
	return slices.Clip(kept)
}
