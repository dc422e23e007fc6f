package capture

import "strings"

// segments is a path in the form it is matched in: percent-decoded segment by segment, without parameters after ";",
// with dot segments resolved and empty segments dropped. A decoded slash stays inside its segment. The proxy forwards
// the path as it came; only matching uses this form, so that no spelling of a path slips past a spec.
type segments struct {
	text []byte
	ends []int
}

// len is the number of segments.
func (s *segments) len() int { return len(s.ends) }

// at is the i-th segment.
func (s *segments) at(i int) []byte {
	start := 0
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.text[start:s.ends[i]]
}

// splitPath splits a raw path, in the room that s already has. It takes and gives values, so that the room can be on the
// caller's stack.
func splitPath(s segments, path string) segments {
	s.text, s.ends = s.text[:0], s.ends[:0]
	if strings.IndexByte(path, '%') < 0 && strings.IndexByte(path, ';') < 0 {
		return splitPlain(s, path)
	}
	for start := 0; start <= len(path); {
		end := start
		for end < len(path) && path[end] != '/' {
			end++
		}
		s = s.push(path[start:end])
		start = end + 1
	}
	return s
}

// splitPlain splits a path in which nothing is to be decoded and that has no parameters.
func splitPlain(s segments, path string) segments {
	for more := true; more; {
		raw, rest := path, ""
		end := strings.IndexByte(path, '/')
		if more = end >= 0; more {
			raw, rest = path[:end], path[end+1:]
		}
		if raw == "" || raw[0] == '.' {
			s = s.push(raw)
		} else {
			s.text = append(s.text, raw...)
			s.ends = append(s.ends, len(s.text))
		}
		path = rest
	}
	return s
}

// push decodes one raw segment and appends it, or drops it, or takes the last one back.
func (s segments) push(raw string) segments {
	start := len(s.text)
	for i := 0; i < len(raw) && raw[i] != ';'; i++ {
		if raw[i] == '%' && i+2 < len(raw) && isHex(raw[i+1]) && isHex(raw[i+2]) {
			s.text = append(s.text, unhex(raw[i+1])<<4|unhex(raw[i+2]))
			i += 2
			continue
		}
		s.text = append(s.text, raw[i])
	}
	switch string(s.text[start:]) {
	case "", ".":
		s.text = s.text[:start]
	case "..":
		s.text = s.text[:start]
		if last := len(s.ends) - 1; last >= 0 {
			s.ends = s.ends[:last]
			s.text = s.text[:s.lastEnd()]
		}
	default:
		s.ends = append(s.ends, len(s.text))
	}
	return s
}

func (s segments) lastEnd() int {
	if len(s.ends) == 0 {
		return 0
	}
	return s.ends[len(s.ends)-1]
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
