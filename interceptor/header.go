package interceptor

import (
	"slices"
	"strings"

	"wayguard/event"
)

// hopByHop says whether a field is about one connection and not about the message (RFC 9110, section 7.6.1), or is made anew by whoever
// sends the message on.
func hopByHop(name string) bool {
	switch name {
	case "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
		"upgrade", "http2-settings", "expect":
		return true
	}
	return false
}

// reserved says whether a field never goes on: the documented ones, and the one that is for us alone.
func reserved(name string) bool {
	switch name {
	case "authorization", "content-length", "content-type", "host", "x-specter-resolution":
		return true
	}
	return false
}

// pair is x-{label}-name with x-{label}-value.
type pair struct {
	label, name, value string
	names, values      int
}

// pairLabel is the label of one half of a pair by a field's name in lower case, "" for any other field.
func pairLabel(name string) string {
	rest, ok := strings.CutPrefix(name, "x-")
	if !ok {
		return ""
	}
	for _, half := range []string{"-name", "-value"} {
		if label, ok := strings.CutSuffix(rest, half); ok {
			return label
		}
	}
	return ""
}

// Forward is what goes on to the destination of a request's header. id is empty where no decision was made.
//
// Dropped are authorization, content-length, content-type and host, the header with the decision's id and x-specter-resolution, and fields
// that are about the connection. x-{label}-name and x-{label}-value become one field {name}: {value}, which takes the place of any field
// of that name; a half without the other is dropped. refused are the labels of pairs that were not followed, for the log: those that name
// host, content-length or a field about the connection, whose name or value cannot stand in a header, that stand twice, or that name a field
// which an earlier pair has set.
//
// content-type: application/json is added, and the decision's id. Beyond the older system, a body of a form, XML, another JSON type such as
// application/vnd.api+json or an unknown type keeps the content-type it came with, because the destination could not read it otherwise; and
// a pair that names content-type has the last word.
func (p *Program) Forward(header []Field, kind BodyKind, id event.ID) (forwarded []Field, refused []string) {
	pairs, refused := p.pairs(header)
	set := func(name string) bool {
		return slices.ContainsFunc(pairs, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	}
	nominated := nominatedBy(header)
	contentType := ""
	for _, f := range header {
		name := strings.ToLower(f.Name)
		if name == "content-type" && contentType == "" {
			contentType = f.Value
		}
		if p.dropped(name) || slices.Contains(nominated, name) || pairLabel(name) != "" || set(name) {
			continue
		}
		forwarded = append(forwarded, f)
	}
	forwarded = append(forwarded, pairs...)
	if kind == JSON && !strings.Contains(strings.ToLower(contentType), "+json") {
		contentType = "application/json"
	}
	if contentType != "" && !set("content-type") {
		forwarded = append(forwarded, Field{"content-type", contentType})
	}
	if id != "" {
		forwarded = append(forwarded, Field{p.DecisionHeader(), string(id)})
	}
	return forwarded, refused
}

func (p *Program) dropped(name string) bool {
	return reserved(name) || hopByHop(name) || name == p.DecisionHeader()
}

// nominatedBy are the fields that the Connection header names.
func nominatedBy(header []Field) []string {
	var names []string
	for _, f := range header {
		if strings.EqualFold(f.Name, "connection") {
			for name := range strings.SplitSeq(f.Value, ",") {
				names = append(names, strings.ToLower(strings.TrimSpace(name)))
			}
		}
	}
	return names
}

// pairs are the fields made of pairs, in the order in which their first halves came, and the labels of those refused.
func (p *Program) pairs(header []Field) (made []Field, refused []string) {
	var order []*pair
	byLabel := map[string]*pair{}
	for _, f := range header {
		name := strings.ToLower(f.Name)
		label := pairLabel(name)
		if label == "" {
			continue
		}
		half := byLabel[label]
		if half == nil {
			half = &pair{label: label}
			byLabel[label] = half
			order = append(order, half)
		}
		if strings.HasSuffix(name, "-name") {
			half.name, half.names = strings.TrimSpace(f.Value), half.names+1
		} else {
			half.value, half.values = strings.TrimSpace(f.Value), half.values+1
		}
	}
	names := map[string]bool{}
	for _, half := range order {
		if half.names == 0 || half.values == 0 {
			continue
		}
		name := strings.ToLower(half.name)
		if half.names+half.values > 2 || names[name] || !p.admits(name, half.value) {
			refused = append(refused, half.label)
			continue
		}
		names[name] = true
		made = append(made, Field{half.name, half.value})
	}
	return made, refused
}

// admits says whether a pair may become that field.
func (p *Program) admits(name, value string) bool {
	switch name {
	case "host", "content-length", p.DecisionHeader():
		return false
	}
	return isToken(name) && !hopByHop(name) && isFieldValue(value)
}

// isFieldValue says whether a text can be a header field's value: no control characters, which would begin another field.
func isFieldValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(value) <= 16<<10
}

// decisionHeader is the header for the decision's id, in lower case.
func decisionHeader(i Interceptor) string {
	if i.DecisionHeader == "" {
		return DecisionHeader
	}
	return strings.ToLower(i.DecisionHeader)
}
