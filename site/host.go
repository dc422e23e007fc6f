package site

import (
	"errors"
	"fmt"
	"strings"
)

// longestHost bounds a host name (RFC 1035 section 2.3.4), longestLabel one of its labels.
const (
	longestHost  = 253
	longestLabel = 63
)

// hostIndex finds the site of a host: by the name itself, else by the nearest name it lies below, else the one for any.
type hostIndex struct {
	exact, below map[string]*site
	any          *site
}

// find looks up a name in lower case.
func (h *hostIndex) find(name []byte) *site {
	if found := h.exact[string(name)]; found != nil {
		return found
	}
	if len(h.below) > 0 {
		for i, c := range name {
			if c != '.' {
				continue
			}
			if found := h.below[string(name[i+1:])]; found != nil {
				return found
			}
		}
	}
	return h.any
}

// bareName is an authority without its port and without the root's dot. False is a port that is none, or a bracket that
// is not closed.
func bareName(authority string) (string, bool) {
	name := authority
	if strings.HasPrefix(name, "[") {
		end := strings.IndexByte(name, ']')
		if end < 0 {
			return "", false
		}
		return name[:end+1], portOrNothing(name[end+1:])
	}
	if colon := strings.IndexByte(name, ':'); colon >= 0 {
		if !portOrNothing(name[colon:]) {
			return "", false
		}
		name = name[:colon]
	}
	return strings.TrimSuffix(name, "."), true
}

// portOrNothing says whether the text is empty or a colon with at most five digits.
func portOrNothing(text string) bool {
	if text == "" {
		return true
	}
	if text[0] != ':' || len(text) > 6 {
		return false
	}
	for i := 1; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// appendLower appends a name in lower case.
func appendLower(to []byte, name string) []byte {
	for i := range len(name) {
		to = append(to, lower(name[i]))
	}
	return to
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// wellFormed says whether a name in lower case is one that DNS could hold.
func wellFormed[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > longestHost {
		return false
	}
	label := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c == '.':
			if label == 0 || name[i-1] == '-' {
				return false
			}
			label = 0
			continue
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_':
		case c == '-' && label > 0:
		default:
			return false
		}
		if label++; label > longestLabel {
			return false
		}
	}
	return label > 0 && name[len(name)-1] != '-'
}

// numeric says whether a name ends in a number, which makes it an address to whoever resolves it.
func numeric(name []byte) bool {
	start := len(name)
	for start > 0 && name[start-1] != '.' {
		start--
	}
	label := name[start:]
	if len(label) > 1 && label[0] == '0' && label[1] == 'x' {
		return true
	}
	for _, c := range label {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// hostForm is a written host in the form it is looked up by.
type hostForm struct {
	name  string
	below bool
	any   bool
}

// parseHost reads a host of the configuration.
func parseHost(text string) (hostForm, error) {
	form := hostForm{name: strings.ToLower(strings.TrimSuffix(text, "."))}
	if form.name == "*" {
		return hostForm{any: true}, nil
	}
	if below, found := strings.CutPrefix(form.name, "*."); found {
		form.name, form.below = below, true
	}
	switch {
	case form.name == "":
		return form, errors.New("is no host")
	case strings.Contains(form.name, "://"):
		return form, errors.New("must be a host name without scheme")
	case strings.Contains(form.name, "*"):
		return form, errors.New(`may hold "*" only for everything below a name: "*.example.com", or alone for any host`)
	case strings.HasPrefix(form.name, "[") && strings.HasSuffix(form.name, "]") && !form.below:
		return form, nil
	case strings.Contains(form.name, ":"):
		return form, errors.New("must be a host name without port")
	}
	for i := range len(form.name) {
		if form.name[i] >= 0x80 {
			return form, errors.New("must be written in ASCII, as browsers send it (xn--...)")
		}
	}
	if !wellFormed(form.name) {
		return form, fmt.Errorf("%q is no host name", text)
	}
	return form, nil
}
