package capture

import (
	"errors"
	"fmt"
	"strings"

	"wayguard/element"
)

// segmentKind tells the segments of a pattern apart.
type segmentKind uint8

const (
	literalSegment segmentKind = iota
	globSegment                // text with a "*" in it
	anySegment                 // "*" or "{name}"
	restSegment                // "{name...}": all that follows, also nothing
)

type patternSegment struct {
	kind segmentKind
	text string
	name string
}

// pattern is a compiled path pattern.
type pattern struct {
	source   string
	segments []patternSegment
}

// maxPatternSegments bounds a pattern.
const maxPatternSegments = 32

func parsePattern(source string) (pattern, error) {
	p := pattern{source: source}
	if !strings.HasPrefix(source, "/") {
		return p, errors.New(`must begin with "/"`)
	}
	if strings.ContainsAny(source, "?#") {
		return p, errors.New(`must not hold "?" or "#": query parameters are matched by "query"`)
	}
	seen := map[string]bool{}
	for text := range strings.SplitSeq(source, "/") {
		if text == "" {
			continue
		}
		if len(p.segments) > 0 && p.segments[len(p.segments)-1].kind == restSegment {
			return p, errors.New(`nothing can follow "{name...}"`)
		}
		segment, err := parseSegment(text)
		if err != nil {
			return p, err
		}
		if segment.name != "" && seen[segment.name] {
			return p, fmt.Errorf("names the parameter %q twice", segment.name)
		}
		seen[segment.name] = true
		p.segments = append(p.segments, segment)
	}
	if len(p.segments) > maxPatternSegments {
		return p, fmt.Errorf("has more than %d segments", maxPatternSegments)
	}
	return p, nil
}

func parseSegment(text string) (patternSegment, error) {
	switch {
	case text == "." || text == "..":
		return patternSegment{}, errors.New("must not hold dot segments: paths are matched with them resolved")
	case text == "*":
		return patternSegment{kind: anySegment}, nil
	case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}"):
		name, rest := strings.CutSuffix(text[1:len(text)-1], "...")
		if name == "" || strings.ContainsAny(name, "{}*.") {
			return patternSegment{}, fmt.Errorf("%q is no parameter: write {name} or {name...}", text)
		}
		if rest {
			return patternSegment{kind: restSegment, name: name}, nil
		}
		return patternSegment{kind: anySegment, name: name}, nil
	case strings.ContainsAny(text, "{}"):
		return patternSegment{}, fmt.Errorf("a parameter must be a whole segment, unlike %q", text)
	}
	decoded := segments{}.push(text)
	if decoded.len() != 1 {
		return patternSegment{}, fmt.Errorf("%q is no segment", text)
	}
	if plain := string(decoded.text); !strings.Contains(plain, "*") {
		return patternSegment{kind: literalSegment, text: plain}, nil
	}
	return patternSegment{kind: globSegment, text: string(decoded.text)}, nil
}

// matches says whether the path fits the pattern.
func (p *pattern) matches(s *segments) bool {
	if n := len(p.segments); n != s.len() && (n == 0 || p.segments[n-1].kind != restSegment) {
		return false // only a rest stands for several
	}
	for i := range p.segments {
		segment := &p.segments[i]
		if segment.kind == restSegment {
			return true
		}
		if i >= s.len() {
			return false
		}
		switch segment.kind {
		case literalSegment:
			if string(s.at(i)) != segment.text {
				return false
			}
		case globSegment:
			if !matchGlob(segment.text, s.at(i), false) {
				return false
			}
		}
	}
	return len(p.segments) == s.len()
}

// literal is the text of the segment at a depth; false when that is no literal, or when the pattern ends there.
func (p *pattern) literal(depth int) (string, bool) {
	if depth >= len(p.segments) || p.segments[depth].kind != literalSegment {
		return "", false
	}
	return p.segments[depth].text, true
}

// parameter is the value of a named parameter of a path that matches.
func (p *pattern) parameter(a *element.Arena, s *segments, name string) (string, bool) {
	for i := range p.segments {
		segment := &p.segments[i]
		if segment.name != name || name == "" {
			continue
		}
		if segment.kind == anySegment {
			if i >= s.len() {
				return "", false
			}
			return a.Text(s.at(i)), true
		}
		var rest []string
		for j := i; j < s.len(); j++ {
			rest = append(rest, string(s.at(j)))
		}
		return strings.Join(rest, "/"), true
	}
	return "", false
}

// names lists the pattern's parameters.
func (p *pattern) names() []string {
	var names []string
	for _, segment := range p.segments {
		if segment.name != "" {
			names = append(names, segment.name)
		}
	}
	return names
}

// covers says whether every path that fits other also fits p. A false may be wrong, a true never is.
func (p *pattern) covers(other *pattern) bool {
	for i, segment := range p.segments {
		if segment.kind == restSegment {
			return true
		}
		if i >= len(other.segments) {
			return false
		}
		theirs := other.segments[i]
		switch {
		case theirs.kind == restSegment:
			return false
		case segment.kind == anySegment:
		case segment.kind == theirs.kind && segment.text == theirs.text:
		case segment.kind == globSegment && theirs.kind == literalSegment && matchGlob(segment.text, theirs.text, false):
		default:
			return false
		}
	}
	return len(p.segments) == len(other.segments)
}

// overlaps says whether some path may fit both. A true may be wrong, a false never is.
func (p *pattern) overlaps(other *pattern) bool {
	for i, segment := range p.segments {
		if segment.kind == restSegment {
			return true
		}
		if i >= len(other.segments) {
			return false
		}
		theirs := other.segments[i]
		if theirs.kind == restSegment {
			return true
		}
		if segment.kind == literalSegment && theirs.kind == literalSegment && segment.text != theirs.text {
			return false
		}
	}
	return len(p.segments) == len(other.segments) ||
		len(other.segments) > len(p.segments) && other.segments[len(p.segments)].kind == restSegment
}
