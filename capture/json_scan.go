package capture

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// jsonScan is one pass over a JSON text that finds the values of a trie's paths. It checks as strictly as the reader that
// builds a tree, but it only accepts: of a text that it is not sure about (an error, a key twice, a key with an escape,
// half a surrogate pair, more or deeper than usual) it says so, and the reader has the word.
type jsonScan struct {
	data   []byte
	trie   *jsonTrie
	values int
	// active are the trie's nodes that the value being read stands for, one set a level on top of the other.
	active []int32
	// keys are those of the objects being read, one group on top of the other.
	keys []jsonKey
	hits []jsonHit
	// escaped is set by a string with an escape.
	escaped bool
	// sure counts, for each path, the hits that are a value for certain: of those no more are noted than are taken.
	sure []uint8
}

// jsonKey is a member's name in the text, with a mark that tells nearly all different names apart.
type jsonKey struct {
	mark       uint64
	start, end int32
}

// jsonHit is a value that a path selects.
type jsonHit struct {
	path       int32
	start, end int32
}

// The bounds of a text that is scanned; the reader takes what goes beyond.
const (
	maxScanBytes = 8 << 20
	maxScanKeys  = 64
)

// run scans a text. False means that the reader must look at it; the hits are then worth nothing.
func (s *jsonScan) run(data []byte, trie *jsonTrie) bool {
	s.data, s.trie, s.values = data, trie, 0
	s.active, s.keys, s.hits = append(s.active[:0], 0), s.keys[:0], s.hits[:0]
	if cap(s.sure) < trie.paths {
		s.sure = make([]uint8, trie.paths)
	}
	s.sure = s.sure[:trie.paths]
	clear(s.sure)
	if len(data) > maxScanBytes {
		return false
	}
	at := s.value(s.space(0), 0, 0)
	return at >= 0 && s.space(at) == len(data)
}

// space is the first place from at on that is no white space.
func (s *jsonScan) space(at int) int {
	for at < len(s.data) && s.data[at] <= ' ' && (s.data[at] == ' ' || s.data[at] == '\n' || s.data[at] == '\t' || s.data[at] == '\r') {
		at++
	}
	return at
}

// value reads the value at a place, which the active nodes from first on stand for, and gives the place after it, -1 when
// the reader must look. The same holds for the functions below.
func (s *jsonScan) value(at, depth, first int) int {
	if s.values++; s.values > maxJSONValues || depth > maxJSONDepth || at >= len(s.data) {
		return -1
	}
	c := s.data[at]
	hit := len(s.hits)
	if first < len(s.active) {
		for _, node := range s.active[first:] {
			for _, path := range s.trie.nodes[node].ends {
				s.hit(path, at, c)
			}
		}
	}
	found := len(s.hits)
	end := -1
	switch {
	case c == '"':
		end = s.text(at)
	case c == '{':
		end = s.object(at, depth, first)
	case c == '[':
		end = s.list(at, depth, first)
	case c == '-' || c >= '0' && c <= '9':
		end = s.number(at)
	default:
		end = s.word(at)
	}
	for ; hit < found; hit++ {
		s.hits[hit].end = int32(end)
	}
	return end
}

// hit notes that a path selects the value at a place, which begins with c.
func (s *jsonScan) hit(path int32, at int, c byte) {
	if s.sure[path] > maxValuesPerElement {
		return // no more are looked at
	}
	s.hits = append(s.hits, jsonHit{path: path, start: int32(at)})
	if c != 'n' && c != '[' {
		s.sure[path]++
	}
}

func (s *jsonScan) word(at int) int {
	rest := s.data[at:]
	switch {
	case len(rest) >= 4 && (string(rest[:4]) == "true" || string(rest[:4]) == "null"):
		return at + 4
	case len(rest) >= 5 && string(rest[:5]) == "false":
		return at + 5
	}
	return -1
}

func (s *jsonScan) object(at, depth, first int) int {
	firstKey := len(s.keys)
	at = s.space(at + 1)
	if at < len(s.data) && s.data[at] == '}' {
		return at + 1
	}
	for {
		if at >= len(s.data) || s.data[at] != '"' {
			return -1
		}
		s.escaped = false
		end := s.text(at)
		if end < 0 || s.escaped || !s.key(at+1, end-1, firstKey) { // a name with an escape may spell one that is there already
			return -1
		}
		colon := s.space(end)
		if colon >= len(s.data) || s.data[colon] != ':' {
			return -1
		}
		next := len(s.active)
		if first < next {
			s.follow(s.data[at+1:end-1], first, next)
		}
		at = s.value(s.space(colon+1), depth+1, next)
		if s.active = s.active[:next]; at < 0 {
			return -1
		}
		at = s.space(at)
		switch {
		case at < len(s.data) && s.data[at] == ',':
			at = s.space(at + 1)
		case at < len(s.data) && s.data[at] == '}':
			s.keys = s.keys[:firstKey]
			return at + 1
		default:
			return -1
		}
	}
}

// follow makes the nodes active that a member leads to from those between first and next.
func (s *jsonScan) follow(name []byte, first, next int) {
	for i := first; i < next; i++ {
		node := &s.trie.nodes[s.active[i]]
		if node.all != 0 {
			s.active = append(s.active, node.all)
		}
		for m := range node.members {
			if node.members[m].name == string(name) {
				s.active = append(s.active, node.members[m].to)
				break
			}
		}
	}
}

// key notes a member's name; false when the object has it already, or when that is not certain.
func (s *jsonScan) key(start, end, firstKey int) bool {
	name := s.data[start:end]
	if len(s.keys)-firstKey >= maxScanKeys {
		return false
	}
	mark := uint64(len(name))
	switch n := len(name); {
	case n >= 8:
		mark = mark*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(name) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(name[n-8:]), 17)
	case n >= 4:
		mark ^= uint64(binary.LittleEndian.Uint32(name))<<32 ^ uint64(binary.LittleEndian.Uint32(name[n-4:]))<<8
	default:
		for _, c := range name {
			mark = mark<<8 | uint64(c)
		}
	}
	for _, known := range s.keys[firstKey:] {
		if known.mark == mark && string(s.data[known.start:known.end]) == string(name) {
			return false
		}
	}
	s.keys = append(s.keys, jsonKey{mark, int32(start), int32(end)})
	return true
}

func (s *jsonScan) list(at, depth, first int) int {
	at = s.space(at + 1)
	if at < len(s.data) && s.data[at] == ']' {
		return at + 1
	}
	for place := 0; ; place++ {
		next := len(s.active)
		for i := first; i < next; i++ {
			node := &s.trie.nodes[s.active[i]]
			if node.all != 0 {
				s.active = append(s.active, node.all)
			}
			for _, p := range node.places {
				if p.at == place {
					s.active = append(s.active, p.to)
				}
			}
		}
		at = s.value(at, depth+1, next)
		if s.active = s.active[:next]; at < 0 {
			return -1
		}
		at = s.space(at)
		switch {
		case at < len(s.data) && s.data[at] == ',':
			at = s.space(at + 1)
		case at < len(s.data) && s.data[at] == ']':
			return at + 1
		default:
			return -1
		}
	}
}

// number checks a number (RFC 8259, section 6).
func (s *jsonScan) number(at int) int {
	data := s.data
	if data[at] == '-' {
		at++
	}
	switch whole := digitsFrom(data, at); {
	case whole == at, data[at] == '0' && whole > at+1:
		return -1
	default:
		at = whole
	}
	if at < len(data) && data[at] == '.' {
		end := digitsFrom(data, at+1)
		if end == at+1 {
			return -1
		}
		at = end
	}
	if at < len(data) && (data[at] == 'e' || data[at] == 'E') {
		at++
		if at < len(data) && (data[at] == '+' || data[at] == '-') {
			at++
		}
		end := digitsFrom(data, at)
		if end == at {
			return -1
		}
		at = end
	}
	return at
}

func digitsFrom(data []byte, at int) int {
	for at < len(data) && data[at] >= '0' && data[at] <= '9' {
		at++
	}
	return at
}

// text checks a string, eight bytes at a time where nothing in them needs a look.
func (s *jsonScan) text(at int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	data, start := s.data, at+1
	plain := true
	for at = start; at < len(data); {
		for at+8 <= len(data) {
			w := binary.LittleEndian.Uint64(data[at:])
			quotes, slashes := w^ones*'"', w^ones*'\\'
			look := ((quotes - ones) &^ quotes) | ((slashes - ones) &^ slashes) | ((w - ones*' ') &^ w) | w
			if look &= tops; look != 0 {
				at += bits.TrailingZeros64(look) / 8
				break
			}
			at += 8
		}
		if at >= len(data) {
			return -1
		}
		switch c := data[at]; {
		case c == '"':
			if !plain && !utf8.Valid(data[start:at]) {
				return -1
			}
			return at + 1
		case c == '\\':
			s.escaped = true
			if at = s.escape(at + 1); at < 0 {
				return -1
			}
		case c < ' ':
			return -1
		default:
			plain = plain && c < utf8.RuneSelf
			at++
		}
	}
	return -1
}

// escape checks what follows a backslash.
func (s *jsonScan) escape(at int) int {
	if at >= len(s.data) {
		return -1
	}
	switch s.data[at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return at + 1
	case 'u':
		if r, ok := hexRune(s.data, at+1); ok && (r < 0xd800 || r > 0xdfff) {
			return at + 5
		}
	}
	return -1
}

// hexRune reads the four digits of a \u escape.
func hexRune(data []byte, at int) (rune, bool) {
	if at+4 > len(data) {
		return 0, false
	}
	r := rune(0)
	for _, c := range data[at : at+4] {
		if !isHex(c) {
			return 0, false
		}
		r = r<<4 | rune(unhex(c))
	}
	return r, true
}
