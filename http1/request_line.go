package http1

import "strings"

// longestMethod bounds a method; the longest registered one, UPDATEREDIRECTREF, has 17 letters.
const longestMethod = 32

// parseLine reads the request line from at on; next is where the first field line starts.
func (r *Request) parseLine(buf []byte, at int) (next int, err error) {
	space, _ := tokenEnd(buf, at)
	switch {
	case space-at > longestMethod:
		return 0, refuse(501, ReasonMethod)
	case space >= len(buf):
		return 0, ErrMore
	case space == at || buf[space] != ' ':
		return 0, refuse(400, ReasonLine)
	}
	r.Method = text(buf, at, space)
	stop := targetEnd(buf, space+1)
	switch {
	case stop >= len(buf):
		return 0, ErrMore
	case buf[stop] == '\r' || buf[stop] == '\n' || stop == space+1:
		return 0, refuse(400, ReasonLine)
	case buf[stop] != ' ':
		return 0, refuse(400, ReasonTarget)
	}
	r.Target = text(buf, space+1, stop)
	if r.Minor, err = parseVersion(buf, stop+1); err != nil {
		return 0, err
	}
	next, err = lineFeed(buf, stop+1+len("HTTP/1.1"))
	if err != nil {
		return 0, err
	}
	return next, r.resolve()
}

// parseVersion reads "HTTP/1.0" or "HTTP/1.1" at at.
func parseVersion(buf []byte, at int) (minor int, err error) {
	const version = "HTTP/1.1"
	if len(buf)-at >= len(version) {
		switch text(buf, at, at+len(version)) {
		case version:
			return 1, nil
		case "HTTP/1.0":
			return 0, nil
		}
	}
	for i := range len(version) {
		if at+i >= len(buf) {
			return 0, ErrMore
		}
		c := buf[at+i]
		digit := i == 5 || i == 7
		if digit && (c < '0' || c > '9') || !digit && c != version[i] {
			return 0, refuse(400, ReasonVersion)
		}
	}
	return 0, refuse(505, ReasonVersion)
}

// lineFeed wants CR LF at at.
func lineFeed(buf []byte, at int) (next int, err error) {
	switch {
	case at < len(buf) && buf[at] != '\r', at+1 < len(buf) && buf[at+1] != '\n':
		return 0, refuse(400, ReasonLine)
	case at+1 >= len(buf):
		return 0, ErrMore
	}
	return at + 2, nil
}

// resolve takes the target apart by its form (RFC 9112 section 3.2).
func (r *Request) resolve() error {
	r.Scheme, r.Authority = "", ""
	switch {
	case r.Method == "CONNECT":
		if !validAuthority(r.Target) || !strings.Contains(strings.TrimLeft(r.Target, "[:"), ":") {
			return refuse(400, ReasonMethodUse)
		}
		r.Authority, r.Path, r.Query, r.HasQuery = r.Target, "", "", false
		return nil
	case r.Target[0] == '/':
		r.cutQuery(r.Target)
		return nil
	case r.Target == "*":
		r.Path, r.Query, r.HasQuery = "*", "", false
		if r.Method != "OPTIONS" {
			return refuse(400, ReasonMethodUse)
		}
		return nil
	}
	return r.resolveAbsolute()
}

func (r *Request) cutQuery(target string) {
	r.Path, r.Query, r.HasQuery = strings.Cut(target, "?")
}

func (r *Request) resolveAbsolute() error {
	scheme, rest, ok := strings.Cut(r.Target, "://")
	if !ok || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
		return refuse(400, ReasonTarget)
	}
	end := 0
	for end < len(rest) && rest[end] != '/' && rest[end] != '?' {
		end++
	}
	if !validAuthority(rest[:end]) {
		return refuse(400, ReasonHost)
	}
	r.Scheme, r.Authority = scheme, rest[:end]
	r.cutQuery(rest[end:])
	if r.Path == "" {
		r.Path = "/"
		if r.Method == "OPTIONS" && !r.HasQuery {
			r.Path = "*" // RFC 9112 section 3.2.4
		}
	}
	return nil
}
