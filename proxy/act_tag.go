package proxy

import (
	"strconv"
	"strings"

	"wayguard/capture"
	"wayguard/event"
)

// maxLabelsHeader bounds the labels header; labels that do not fit are left out.
const maxLabelsHeader = 4096

// tags are the headers that tell the origin what the verdict says:
// prefix+Rating (normal, suspicious, malicious), prefix+Score (integer), prefix+Labels (names separated by ", ", with
// commas, percent signs and everything but printable ASCII percent-encoded as UTF-8), and prefix+Session (the session's id, by which
// the application can name the visit to the decision API).
func (in *inspection) tags(verdict *event.Verdict, session event.ID) []capture.Field {
	tags := []capture.Field{
		{Name: in.tagPrefix + "Rating", Value: verdict.Rating.String()},
		{Name: in.tagPrefix + "Score", Value: strconv.FormatInt(verdict.Score, 10)},
	}
	if labels := labelList(verdict.Labels); labels != "" {
		tags = append(tags, capture.Field{Name: in.tagPrefix + "Labels", Value: labels})
	}
	if session != "" {
		tags = append(tags, capture.Field{Name: in.tagPrefix + "Session", Value: string(session)})
	}
	in.counts.tagged.Add(1)
	return tags
}

func labelList(labels []event.Label) string {
	var list strings.Builder
	for _, label := range labels {
		if label.Shadow {
			continue
		}
		name := encodeLabel(label.Name)
		if list.Len()+len(name)+2 > maxLabelsHeader {
			continue
		}
		if list.Len() > 0 {
			list.WriteString(", ")
		}
		list.WriteString(name)
	}
	return list.String()
}

func encodeLabel(name string) string {
	const hex = "0123456789ABCDEF"
	var encoded strings.Builder
	for i := range len(name) {
		c := name[i]
		if c < ' ' || c > '~' || c == ',' || c == '%' {
			encoded.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		encoded.WriteByte(c)
	}
	return encoded.String()
}

// tagName says whether a header name begins with the prefix, without regard to case. Underscores count as hyphens,
// because CGI and WSGI applications cannot tell them apart.
func tagName(name, prefix string) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if foldNameByte(name[i]) != foldNameByte(prefix[i]) {
			return false
		}
	}
	return true
}

func foldNameByte(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	}
	return c
}
