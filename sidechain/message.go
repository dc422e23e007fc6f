package sidechain

import (
	"strings"
)

// Message is the request that is signed, in the words of RFC 9421 section 2.2.
type Message struct {
	Method string
	// Scheme is "https" or "http"; its default port is left out of the authority.
	Scheme string
	// Authority is the Host that the one who checks will see, with its port where that is not the scheme's own.
	Authority string
	// Path and Query are as on the wire, the query without its "?". An absent query and an empty one count as the same.
	Path, Query string
	// Field gives a header's value by its lower-case name, several lines joined by ", " (RFC 9421 section 2.1). Nil
	// is a message without any.
	Field func(name string) (value string, present bool)
}

// The derived components (RFC 9421 section 2.2) that are known here. The first four are in every signature.
const (
	methodComponent    = "@method"
	authorityComponent = "@authority"
	pathComponent      = "@path"
	queryComponent     = "@query"
	schemeComponent    = "@scheme"
)

// requiredComponents is what a signature must cover to say anything about a request.
func requiredComponents() [4]string {
	return [4]string{methodComponent, authorityComponent, pathComponent, queryComponent}
}

// appendLine appends a component's line of the signature base; false is a component that is not known, not there, or
// that would break out of its line.
func (m *Message) appendLine(base []byte, name string) ([]byte, bool) {
	value, ok := m.component(name)
	if !ok || strings.ContainsAny(value, "\r\n") {
		return base, false
	}
	base = append(append(append(base, '"'), name...), `": `...)
	if name == queryComponent {
		base = append(base, '?')
	}
	return append(append(base, value...), '\n'), true
}

func (m *Message) component(name string) (string, bool) {
	switch name {
	case methodComponent:
		return m.Method, m.Method != ""
	case authorityComponent:
		return bareAuthority(m.Authority, m.Scheme), m.Authority != ""
	case pathComponent:
		if m.Path == "" {
			return "/", true
		}
		return m.Path, true
	case queryComponent:
		return m.Query, true
	case schemeComponent:
		return strings.ToLower(m.Scheme), m.Scheme != ""
	}
	if m.Field == nil || !fieldName(name) {
		return "", false
	}
	value, present := m.Field(name)
	return strings.Trim(value, " \t"), present
}

// bareAuthority is an authority in lower case without its scheme's port (RFC 9421 section 2.2.3).
func bareAuthority(authority, scheme string) string {
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	return strings.ToLower(strings.TrimSuffix(authority, port))
}

// fieldName says whether a component's name is a header's, in lower case as RFC 9421 section 2.1 wants it.
func fieldName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && !isDigit(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return true
}
