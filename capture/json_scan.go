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
	// paths tells for each path which hits are its own.
	paths []pathHits
	// escaped is set by a string with an escape.
	escaped bool
}

// jsonKey is a member's name in the text, with a mark that tells nearly all different names apart.
type jsonKey struct {
	mark       uint64
	start, end int32
}

// jsonHit is a value that a path selects. The path's next hit is the one before the place next, 0 when there is none.
type jsonHit struct {
	start, end int32
	next       int32
	// escaped says that it is a text with an escape in it.
	escaped bool
}

// pathHits are the places after those of a path's first and last hit, 0 when there is none. sure counts the hits that are
// a value for certain: of those no more are noted than are taken.
type pathHits struct {
	first, last int32
	sure        uint8
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
	if cap(s.paths) < trie.paths {
		s.paths = make([]pathHits, trie.paths)
	}
	s.paths = s.paths[:trie.paths]
	clear(s.paths)
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
			n := &s.trie.nodes[node]
			if n.end != 0 {
				s.hit(n.end-1, at, c)
			}
			for _, path := range n.more {
				s.hit(path, at, c)
			}
		}
	}
	found := len(s.hits)
	end := -1
	switch {
	case c == '"':
		s.escaped = false
		end = s.text(at)
		for i := hit; i < found; i++ {
			s.hits[i].escaped = s.escaped
		}
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
	p := &s.paths[path]
	if p.sure > maxValuesPerElement {
		return // no more are looked at
	}
	s.hits = append(s.hits, jsonHit{start: int32(at)})
	place := int32(len(s.hits))
	if p.first == 0 {
		p.first = place
	} else {
		s.hits[p.last-1].next = place
	}
	p.last = place
	if c != 'n' && c != '[' {
		p.sure++
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
	firstKey, seen := len(s.keys), uint64(0)
	at = s.space(at + 1)
	if at < len(s.data) && s.data[at] == '}' {
		return at + 1
	}
	for {
		if at >= len(s.data) || s.data[at] != '"' {
			return -1
		}
		end, mark := s.name(at)
		if end < 0 {
			return -1
		}
		// Most names show by one bit that the object does not have them yet.
		bit := uint64(1) << (mark * markSpread >> 58)
		if seen&bit != 0 && s.hasKey(at+1, end-1, mark, firstKey) || len(s.keys)-firstKey >= maxScanKeys {
			return -1
		}
		seen |= bit
		s.keys = append(s.keys, jsonKey{mark, int32(at + 1), int32(end - 1)})
		colon := s.space(end)
		if colon >= len(s.data) || s.data[colon] != ':' {
			return -1
		}
		next := len(s.active)
		if first < next {
			s.follow(s.data[at+1:end-1], mark, first, next)
		}
		if at = s.item(s.space(colon+1), depth, next); at < 0 {
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

// item reads a member's or a list's value, which the active nodes from next on stand for and no longer.
func (s *jsonScan) item(at, depth, next int) int {
	if next == len(s.active) && depth < maxJSONDepth && at < len(s.data) && s.data[at] == '"' {
		if s.values++; s.values > maxJSONValues {
			return -1
		}
		return s.text(at) // no path selects it, as is so of the most
	}
	at = s.value(at, depth+1, next)
	s.active = s.active[:next]
	return at
}

// follow makes the nodes active that a member leads to from those between first and next.
func (s *jsonScan) follow(name []byte, mark uint64, first, next int) {
	for i := first; i < next; i++ {
		node := &s.trie.nodes[s.active[i]]
		if node.all != 0 {
			s.active = append(s.active, node.all)
		}
		if to := node.follow(name, mark); to != 0 {
			s.active = append(s.active, to)
		}
	}
}

// name reads a member's name and gives the place after it and its mark. A name with an escape is left to the reader: it
// may spell one that is there already.
func (s *jsonScan) name(at int) (end int, mark uint64) {
	if start := at + 1; start+8 <= len(s.data) {
		w := binary.LittleEndian.Uint64(s.data[start:])
		if look := unusual(w); look != 0 {
			n := bits.TrailingZeros64(look) / 8
			if s.data[start+n] == '"' {
				return start + n + 1, w & (1<<(8*n) - 1)
			}
		}
	}
	s.escaped = false
	end = s.text(at)
	if end < 0 || s.escaped {
		return -1, 0
	}
	return end, markOf(s.data[at+1 : end-1])
}

// markOf is the mark of a name: its bytes when there are fewer than eight, else a mix of its length and its ends.
func markOf[T string | []byte](name T) uint64 {
	n := len(name)
	if n >= 8 {
		return uint64(n)*markSpread ^ eight(name, 0) ^ bits.RotateLeft64(eight(name, n-8), 17)
	}
	mark := uint64(0)
	for i := n - 1; i >= 0; i-- {
		mark = mark<<8 | uint64(name[i])
	}
	return mark
}

// eight is eight bytes of a text as a number.
func eight[T string | []byte](text T, at int) uint64 {
	b := text[at : at+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// hasKey says whether the object has a name already.
func (s *jsonScan) hasKey(start, end int, mark uint64, firstKey int) bool {
	for _, known := range s.keys[firstKey:] {
		if known.mark == mark && string(s.data[known.start:known.end]) == string(s.data[start:end]) {
			return true
		}
	}
	return false
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
		if at = s.item(at, depth, next); at < 0 {
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
	data, start := s.data, at+1
	plain := true
	for at = start; at < len(data); {
		for at+8 <= len(data) {
			if look := unusual(binary.LittleEndian.Uint64(data[at:])); look != 0 {
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

// unusual has the highest bit of the first byte set that needs a look: a quote, a backslash, a control character, or one
// that is not ASCII; it is 0 when none does. The bytes above the first may have theirs set wrongly, as a byte that becomes
// less than nothing borrows from the next.
func unusual(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	return (((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones) | (w - ones*' ') | w) & tops
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
