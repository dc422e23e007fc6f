package interceptor

import (
	"mime"
	"strings"

	"wayguard/payment"
)

// BodyKind is how a body is read.
type BodyKind string

// The kinds. Bodies of Opaque are not looked into; they can only be mapped by headers, query and constants.
const (
	JSON   BodyKind = "json"
	Form   BodyKind = "form"
	XML    BodyKind = "xml"
	Opaque BodyKind = "opaque"
)

// BodyKindOf tells the kind by a Content-Type; an empty one is JSON, because the documented way of calling is.
func BodyKindOf(contentType string) BodyKind {
	if strings.TrimSpace(contentType) == "" {
		return JSON
	}
	media, _, err := mime.ParseMediaType(contentType)
	if media == "" || err != nil && err != mime.ErrInvalidMediaParameter {
		return Opaque
	}
	switch {
	case media == "application/json", strings.HasSuffix(media, "+json"), media == "text/json":
		return JSON
	case media == "application/x-www-form-urlencoded":
		return Form
	case media == "application/xml", media == "text/xml", strings.HasSuffix(media, "+xml"):
		return XML
	}
	return Opaque
}

// Limits of a body that is looked into. A larger one has a problem; whether it goes on is for on_invalid.
const (
	maxDepth = 64
	maxNodes = 100_000
)

// Document is a body that was read. Its zero value is an empty one. It is not to be changed.
type Document struct {
	root any
	// lone says that a single element also stands for a list of one: XML cannot tell the two apart.
	lone bool
}

// Read reads a body of at most 64 levels and 100,000 values. The bytes are not kept and never written again: what goes on to the
// destination is what came. An empty body is an empty document. Problems name fields and never values.
func Read(kind BodyKind, body []byte) (Document, []payment.Problem) {
	var (
		root any
		flaw *payment.Problem
	)
	switch {
	case len(body) == 0 || kind == Opaque:
	case kind == Form:
		root, flaw = readForm(body)
	case kind == XML:
		root, flaw = readXML(body)
	default:
		root, flaw = readJSON(body)
	}
	if flaw != nil {
		return Document{}, []payment.Problem{*flaw}
	}
	return Document{root: root, lone: kind == XML}, nil
}

func flawed(field, code, message string) *payment.Problem {
	return &payment.Problem{Field: field, Code: code, Message: message}
}

// safeName says whether a field's name may be told in problems and kept as discovered: it is made of plain characters and holds no long
// run of digits, as a card number or a telephone number that is used as a name would.
func safeName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	digits := 0
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= '0' && c <= '9':
			if digits++; digits >= 6 {
				return false
			}
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == ':':
		case (c == '@' || c == '#') && i == 0:
		default:
			return false
		}
		digits = 0
	}
	return true
}

// below is the path of a field; a name that may not be told is "?".
func below(path, name string) string {
	if !safeName(name) {
		name = "?"
	}
	return path + "." + name
}
