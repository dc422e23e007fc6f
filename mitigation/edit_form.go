package mitigation

import (
	"bufio"
	"bytes"
	"mime"
	"net/textproto"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The bounds of forms that are edited; what goes beyond is left alone.
const (
	maxFormPairs = 10_000
	maxFormParts = 256
	maxPartHead  = 4 << 10
)

// formField is a change of the values of a form's field.
type formField struct {
	name   string
	change change
}

// editForm changes fields of a form as browsers send it (application/x-www-form-urlencoded). Every byte outside the changed
// values stays.
func editForm(body []byte, fields []formField) (edited []byte, note string) {
	if bytes.Count(body, []byte{'&'}) >= maxFormPairs {
		return body, noteBrokenForm
	}
	var splices []splice
	found, broken := false, false
	for start := 0; start < len(body); {
		end := len(body)
		if next := bytes.IndexByte(body[start:], '&'); next >= 0 {
			end = start + next
		}
		name, value, _ := bytes.Cut(body[start:end], []byte{'='})
		if field := fieldNamed(fields, string(name)); field != nil && len(name) < end-start {
			found = true
			text, err := url.QueryUnescape(string(value))
			if broken = broken || err != nil; err == nil {
				if changed := changedBy(fields, field.name, text); changed != text {
					splices = append(splices, splice{end - len(value), end, url.QueryEscape(changed)})
				}
			}
		}
		start = end + 1
	}
	switch {
	case broken:
		return body, noteBrokenForm
	case !found:
		return body, noteNoField
	}
	return spliced(body, splices), ""
}

// fieldNamed finds the field that a pair's name, still with its escapes, spells.
func fieldNamed(fields []formField, raw string) *formField {
	name, err := url.QueryUnescape(raw)
	if err != nil {
		return nil
	}
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// changedBy is the text after all changes of a field of that name.
func changedBy(fields []formField, name, text string) string {
	for i := range fields {
		if fields[i].name == name {
			text = fields[i].change.apply(text)
		}
	}
	return text
}

// editMultipart changes fields of a multipart form (RFC 7578). Files, and fields with a transfer encoding, stay; so does
// every byte outside the changed values.
func editMultipart(contentType string, body []byte, fields []formField) (edited []byte, note string) {
	_, parameters, err := mime.ParseMediaType(contentType)
	boundary := parameters["boundary"]
	if err != nil || boundary == "" || len(boundary) > 70 {
		return body, noteBrokenForm
	}
	delimiter := "\r\n--" + boundary
	var splices []splice
	found := false
	// The first delimiter stands at the very beginning, without the line end that is part of all others. What readers may take in two ways
	// is left alone: text before it, and delimiters or heads with half a line end.
	at, ok := len(delimiter)-2, bytes.HasPrefix(body, []byte(delimiter[2:]))
	ok = ok && bytes.Count(body, []byte(delimiter)) == bytes.Count(body, []byte(delimiter[1:]))
	for parts := 0; ok; parts++ {
		if bytes.HasPrefix(body[at:], []byte("--")) {
			if !found {
				return body, noteNoField
			}
			return spliced(body, splices), ""
		}
		head := bytes.Index(body[at:], []byte("\r\n\r\n"))
		if parts >= maxFormParts || head < 0 || head > maxPartHead || !bytes.HasPrefix(body[at:], []byte("\r\n")) {
			break
		}
		start := at + head + 4
		if bytes.Count(body[at:start], []byte("\n")) != bytes.Count(body[at:start], []byte("\r\n")) {
			break
		}
		// A part without content ends with the line end of its head.
		size := bytes.Index(body[start-2:], []byte(delimiter))
		if size < 0 {
			break
		}
		end := max(start, start-2+size)
		if name, is := partName(body[at+2 : start]); is && named(fields, name) && utf8.Valid(body[start:end]) {
			found = true
			text := string(body[start:end])
			if changed := changedBy(fields, name, text); changed != text && !strings.Contains("\r\n"+changed+"\r\n", delimiter) {
				splices = append(splices, splice{start, end, changed})
			}
		}
		at = start - 2 + size + len(delimiter)
	}
	return body, noteBrokenForm
}

func named(fields []formField, name string) bool {
	for i := range fields {
		if fields[i].name == name {
			return true
		}
	}
	return false
}

// partName is the name of a part that is a field, read from its head.
func partName(head []byte) (string, bool) {
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(head))).ReadMIMEHeader()
	if err != nil || len(header["Content-Disposition"]) != 1 {
		return "", false
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
	default:
		return "", false
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Disposition"))
	if _, file := parameters["filename"]; err != nil || file || kind != "form-data" {
		return "", false
	}
	name, is := parameters["name"]
	return name, is
}
