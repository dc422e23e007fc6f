package site

import (
	"errors"
	"fmt"
	"strings"
)

// segments is a path in the form it is matched in, the same as for specs: percent-decoded segment by segment, without
// parameters after ";", dot segments resolved, empty segments dropped. The path is forwarded as it came.
type segments struct {
	text []byte
	ends []int
	// doubtful says that an application may read the path in another way: a decoded segment holds a slash, a backslash or
	// another escape, there are parameters or ".." in it, or an empty segment in its midst.
	doubtful bool
}

func (s *segments) at(i int) []byte {
	start := 0
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.text[start:s.ends[i]]
}

// splitPath splits a raw path in the room that s has, which may be on the caller's stack.
func splitPath(s segments, path string) segments {
	for start := 0; start <= len(path); {
		end := start
		for end < len(path) && path[end] != '/' {
			end++
		}
		s.doubtful = s.doubtful || start == end && start > 0 && end < len(path)
		s = s.push(path[start:end])
		start = end + 1
	}
	return s
}

// push decodes one raw segment and appends it, or drops it, or takes the last one back.
func (s segments) push(raw string) segments {
	start := len(s.text)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == ';' {
			// An application that knows no parameters reads on.
			s.doubtful = true
			break
		}
		if c == '%' && i+2 < len(raw) && isHex(raw[i+1]) && isHex(raw[i+2]) {
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		}
		s.doubtful = s.doubtful || c == '/' || c == '\\' || c == '%' || c == 0
		s.text = append(s.text, c)
	}
	switch string(s.text[start:]) {
	case "", ".":
		s.text = s.text[:start]
	case "..":
		s.text, s.doubtful = s.text[:start], true
		if last := len(s.ends) - 1; last >= 0 {
			s.ends = s.ends[:last]
			s.text = s.text[:s.last()]
		}
	default:
		s.ends = append(s.ends, len(s.text))
	}
	return s
}

func (s *segments) last() int {
	if len(s.ends) == 0 {
		return 0
	}
	return s.ends[len(s.ends)-1]
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// part is one segment of a pattern.
type part struct {
	kind partKind
	text string
}

type partKind uint8

const (
	literalPart partKind = iota
	globPart             // text with a "*" in it
	anyPart              // "*" or "{name}"
	restPart             // "{name...}": all that follows, also nothing
)

// pattern is a compiled path pattern, of the form that specs have.
type pattern []part

const mostParts = 32

func parsePattern(source string) (pattern, error) {
	if !strings.HasPrefix(source, "/") {
		return nil, errors.New(`must begin with "/"`)
	}
	if strings.ContainsAny(source, "?#") {
		return nil, errors.New(`must not hold "?" or "#"`)
	}
	var p pattern
	for text := range strings.SplitSeq(source, "/") {
		if text == "" {
			continue
		}
		if len(p) > 0 && p[len(p)-1].kind == restPart {
			return nil, errors.New(`nothing can follow "{name...}"`)
		}
		one, err := parsePart(text)
		if err != nil {
			return nil, err
		}
		p = append(p, one)
	}
	if len(p) > mostParts {
		return nil, fmt.Errorf("has more than %d segments", mostParts)
	}
	return p, nil
}

func parsePart(text string) (part, error) {
	switch {
	case text == "." || text == "..":
		return part{}, errors.New("must not hold dot segments: paths are matched with them resolved")
	case text == "*":
		return part{kind: anyPart}, nil
	case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}"):
		name, rest := strings.CutSuffix(text[1:len(text)-1], "...")
		if name == "" || strings.ContainsAny(name, "{}*.") {
			return part{}, fmt.Errorf("%q is no parameter: write {name} or {name...}", text)
		}
		if rest {
			return part{kind: restPart}, nil
		}
		return part{kind: anyPart}, nil
	case strings.ContainsAny(text, "{}"):
		return part{}, fmt.Errorf("a parameter must be a whole segment, unlike %q", text)
	}
	decoded := segments{}.push(text)
	if len(decoded.ends) != 1 || decoded.doubtful {
		return part{}, fmt.Errorf("%q is no segment", text)
	}
	if plain := string(decoded.text); !strings.Contains(plain, "*") {
		return part{kind: literalPart, text: plain}, nil
	}
	return part{kind: globPart, text: string(decoded.text)}, nil
}

func (p pattern) matches(s *segments) bool {
	for i := range p {
		if p[i].kind == restPart {
			return true
		}
		if i >= len(s.ends) {
			return false
		}
		switch p[i].kind {
		case literalPart:
			if string(s.at(i)) != p[i].text {
				return false
			}
		case globPart:
			if !matchGlob(p[i].text, s.at(i)) {
				return false
			}
		}
	}
	return len(p) == len(s.ends)
}

// covers says whether every path that fits other also fits p. A false may be wrong, a true never is.
func (p pattern) covers(other pattern) bool {
	for i, own := range p {
		if own.kind == restPart {
			return true
		}
		if i >= len(other) || other[i].kind == restPart {
			return false
		}
		theirs := other[i]
		switch {
		case own.kind == anyPart, own == theirs:
		case own.kind == globPart && theirs.kind == literalPart && matchGlob(own.text, []byte(theirs.text)):
		default:
			return false
		}
	}
	return len(p) == len(other)
}

// matchGlob matches a text in which "*" stands for any text, without backtracking more than one star.
func matchGlob(glob string, text []byte) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(glob) && glob[p] == '*':
			star, mark = p, t
			p++
		case p < len(glob) && glob[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(glob) && glob[p] == '*' {
		p++
	}
	return p == len(glob)
}
