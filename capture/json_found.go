package capture

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"wayguard/element"
)

// This file turns the hits of a scan into found values. What it reads has been checked by the scan, so it only walks.

// found appends the values at a path, as selectJSON does for a tree.
func (s *jsonScan) found(a *element.Arena, list []found, path int) []found {
	start := len(list)
	for i := s.paths[path].first; i != 0 && len(list)-start <= maxValuesPerElement; {
		hit := &s.hits[i-1]
		switch text := s.data[hit.start:hit.end]; {
		case text[0] == '"' && !hit.escaped:
			list = append(list, found{text: a.Text(text[1 : len(text)-1])})
		case text[0] == '[':
			list = foundItems(a, list, text)
		default:
			list = foundOne(a, list, text)
		}
		i = hit.next
	}
	return list
}

// has says whether a path selects anything but null.
func (s *jsonScan) has(path int) bool {
	for i := s.paths[path].first; i != 0; i = s.hits[i-1].next {
		if s.data[s.hits[i-1].start] != 'n' {
			return true
		}
	}
	return false
}

// foundOne appends a value that is no list.
func foundOne(a *element.Arena, list []found, text []byte) []found {
	if text[0] == '{' {
		return append(list, found{parts: membersOf(a, text)})
	}
	if value, ok := scannedText(a, text); ok {
		return append(list, found{text: value})
	}
	return list
}

// foundItems appends the items of a list; lists in it are passed over.
func foundItems(a *element.Arena, list []found, text []byte) []found {
	start := len(list)
	for at := skipSpace(text, 1); text[at] != ']'; at = skipSpace(text, at) {
		end := skipJSON(text, at)
		if text[at] != '[' && len(list)-start <= maxValuesPerElement {
			list = foundOne(a, list, text[at:end])
		}
		if at = skipSpace(text, end); text[at] == ',' {
			at++
		}
	}
	return list
}

// membersOf are the scalars among an object's first members.
func membersOf(a *element.Arena, text []byte) map[string]string {
	parts := a.Parts()
	at := skipSpace(text, 1)
	for range maxParts {
		if text[at] == '}' {
			break
		}
		nameEnd := skipJSON(text, at)
		start := skipSpace(text, skipSpace(text, nameEnd)+1)
		end := skipJSON(text, start)
		if value, ok := scannedText(a, text[start:end]); ok {
			parts[a.Text(text[at+1:nameEnd-1])] = value
		}
		if at = skipSpace(text, end); text[at] == ',' {
			at = skipSpace(text, at+1)
		}
	}
	return parts
}

func skipSpace(text []byte, at int) int {
	for text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r' {
		at++
	}
	return at
}

// skipJSON is the place after the value that begins at a place.
func skipJSON(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			at = skipString(text, at)
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return at + 1 - min(-depth, 1) // the end of what a scalar stands in is no part of it
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}

func skipString(text []byte, at int) int {
	for at++; text[at] != '"'; at++ {
		if text[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// scannedText is the text of a scalar; false for null and for what is no scalar.
func scannedText(a *element.Arena, text []byte) (string, bool) {
	switch text[0] {
	case '"':
		return unquoted(a, text[1:len(text)-1]), true
	case 't':
		return "true", true
	case 'f':
		return "false", true
	case 'n', '{', '[':
		return "", false
	}
	return a.Text(exactText(text)), true
}

// exactText is a number as its tree's form is written: as sent, but for zeros at the end of a fraction that a float64
// holds exactly.
func exactText(text []byte) []byte {
	if text[len(text)-1] != '0' || bytes.IndexByte(text, '.') < 0 || bytes.ContainsAny(text, "eE") {
		return text
	}
	written := string(text)
	trimmed := strings.TrimSuffix(strings.TrimRight(written, "0"), ".")
	number, err := strconv.ParseFloat(written, 64)
	var room [64]byte
	if err == nil && string(strconv.AppendFloat(room[:0], number, 'f', -1, 64)) == trimmed {
		return text[:len(trimmed)]
	}
	return text
}

// unquoted is a string without its escapes.
func unquoted(a *element.Arena, text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 {
		return a.Text(text)
	}
	b := a.Buffer(len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b = append(b, text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, _ := hexRune(text, i+1)
			b = utf8.AppendRune(b, r)
			i += 4
		default:
			b = append(b, c)
		}
	}
	return a.Keep(b)
}
