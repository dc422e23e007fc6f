package agent

import (
	"strings"

	"github.com/dunglas/httpsfv"

	"wayguard/http1"
)

// Request is what a signature may cover of a request.
type Request struct {
	Method string
	// Scheme is "https" or "http"; its default port is left out of the authority.
	Scheme    string
	Authority string
	// Path and Query are as on the wire, the query without its "?".
	Path, Query string
	Header      []http1.Field
}

// The bounds of what a request may bring.
const (
	mostBytes      = 8 << 10
	mostLines      = 32
	mostMembers    = 32
	mostComponents = 32
)

// lines are a header's values, each without the white space around it.
func (r *Request) lines(name string) []string {
	var lines []string
	for i := range r.Header {
		if field := &r.Header[i]; len(field.Name) == len(name) && strings.EqualFold(field.Name, name) {
			lines = append(lines, strings.Trim(field.Value, " \t"))
		}
	}
	return lines
}

// bounded are the lines that are not empty, which are no members to a dictionary; false where there are too many.
func bounded(lines []string) ([]string, bool) {
	size, kept := 0, lines[:0:0]
	for _, line := range lines {
		if size += len(line); line != "" {
			kept = append(kept, line)
		}
	}
	return kept, size <= mostBytes && len(kept) <= mostLines
}

// dictionary parses a header's lines as one dictionary (RFC 9651 section 3.2), within bounds.
func dictionary(lines []string) (*httpsfv.Dictionary, error) {
	lines, ok := bounded(lines)
	if !ok {
		return nil, ErrMalformed
	}
	parsed, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil || len(parsed.Names()) > mostMembers {
		return nil, ErrMalformed
	}
	return parsed, nil
}

// base rebuilds what was signed (RFC 9421 section 2.5) from the request as it came.
func (r *Request) base(list httpsfv.InnerList) ([]byte, error) {
	base := make([]byte, 0, 512)
	known := map[string]bool{}
	for _, item := range list.Items {
		identifier, err := httpsfv.Marshal(item)
		if err != nil || known[identifier] { // a component may be covered once
			return nil, ErrMalformed
		}
		known[identifier] = true
		value, ok := r.component(item)
		if !ok || !plain(value) {
			return nil, ErrCoverage
		}
		base = append(append(append(append(base, identifier...), ": "...), value...), '\n')
	}
	params, err := httpsfv.Marshal(list)
	if err != nil {
		return nil, ErrMalformed
	}
	return append(append(base, `"@signature-params": `...), params...), nil
}

// plain says whether a value can stand on a line of the base, which is of ASCII.
func plain(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return false
		}
	}
	return true
}

// component is the value of what an item names; false is one that is not there or that cannot be told here.
func (r *Request) component(item httpsfv.Item) (string, bool) {
	name, isText := item.Value.(string)
	if !isText || name == "" {
		return "", false
	}
	params := item.Params.Names()
	if name[0] == '@' {
		if len(params) > 0 {
			return "", false
		}
		return r.derived(name)
	}
	if strings.ToLower(name) != name {
		return "", false
	}
	lines := r.lines(name)
	switch {
	case len(lines) == 0:
		return "", false
	case len(params) == 0:
		return strings.Join(lines, ", "), true
	case len(params) == 1 && params[0] == "key":
		return member(lines, item)
	}
	return "", false
}

// derived are the components that are made of the request's line (RFC 9421 section 2.2).
func (r *Request) derived(name string) (string, bool) {
	path, query := r.Path, r.Query
	if path == "" {
		path = "/"
	}
	switch name {
	case "@method":
		return r.Method, r.Method != ""
	case "@authority":
		return r.authority(), r.Authority != ""
	case "@scheme":
		return r.Scheme, r.Scheme != ""
	case "@path":
		return path, true
	case "@query":
		return "?" + query, true
	case "@request-target":
		if query != "" {
			path += "?" + query
		}
		return path, true
	case "@target-uri":
		if query != "" {
			path += "?" + query
		}
		return r.Scheme + "://" + r.authority() + path, r.Scheme != "" && r.Authority != ""
	}
	return "", false
}

// authority is in lower case without the scheme's own port (RFC 9421 section 2.2.3).
func (r *Request) authority() string {
	port := ":443"
	if r.Scheme == "http" {
		port = ":80"
	}
	return strings.ToLower(strings.TrimSuffix(r.Authority, port))
}

// member is one member of a header that is a dictionary (RFC 9421 section 2.1.2).
func member(lines []string, item httpsfv.Item) (string, bool) {
	key, ok := text(item.Params, "key")
	if !ok {
		return "", false
	}
	parsed, err := dictionary(lines)
	if err != nil {
		return "", false
	}
	found, ok := parsed.Get(key)
	if !ok {
		return "", false
	}
	value, err := httpsfv.Marshal(found)
	return value, err == nil
}

func whole(params *httpsfv.Params, name string) (int64, bool) {
	value, _ := params.Get(name)
	number, ok := value.(int64)
	return number, ok
}

func text(params *httpsfv.Params, name string) (string, bool) {
	value, _ := params.Get(name)
	words, ok := value.(string)
	return words, ok
}
