package decoy

import (
	"strings"
)

// token is a word, a run of space, one other byte, or a mark.
type token struct {
	text string
	mark *mark
}

// isWord says whether a byte belongs to a word: what machines make up (hex, base64url, UUIDs) is then one word.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c >= 0x80
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// split cuts a text, with its marks, into tokens. Joined they are the text again.
func split(text string, marks []mark) []token {
	tokens := make([]token, 0, len(text)/4+2)
	at := 0
	for i := range marks {
		tokens = words(tokens, text[at:marks[i].start])
		tokens = append(tokens, token{text[marks[i].start:marks[i].end], &marks[i]})
		at = marks[i].end
	}
	return words(tokens, text[at:])
}

func words(tokens []token, text string) []token {
	for i := 0; i < len(text); {
		start, c := i, text[i]
		i++
		switch {
		case isWord(c):
			for i < len(text) && isWord(text[i]) {
				i++
			}
		case isSpace(c):
			for i < len(text) && isSpace(text[i]) {
				i++
			}
		}
		tokens = append(tokens, token{text: text[start:i]})
	}
	return tokens
}

func join(tokens []token) string {
	var out strings.Builder
	for i := range tokens {
		out.WriteString(tokens[i].text)
	}
	return out.String()
}

// interner numbers tokens: equal ones, and marks of the same origin, have equal numbers.
type interner map[string]int32

func (n interner) number(tokens []token) []int32 {
	numbers := make([]int32, len(tokens))
	for i := range tokens {
		key := tokens[i].text
		if m := tokens[i].mark; m != nil {
			key = "\x00" + sameOrigin(m.what)
		}
		id, ok := n[key]
		if !ok {
			id = int32(len(n))
			n[key] = id
		}
		numbers[i] = id
	}
	return numbers
}

// sameOrigin is a mark's origin without its spelling, which may differ with the value alone.
func sameOrigin(what string) string {
	if rest, ok := strings.CutPrefix(what, "echo:"); ok {
		_, field, _ := strings.Cut(rest, ":")
		return "echo:" + field
	}
	return what
}

// maxEdits bounds the difference of two texts, in tokens; those that differ more are not two of a kind.
const maxEdits = 600

// align pairs the tokens of two rows in order: match[i] is the place in b of a[i], -1 where it has none. It is Myers'
// greedy algorithm (1986); ok is false when the rows differ too much.
func align(a, b []int32) (match []int32, ok bool) {
	match = make([]int32, len(a))
	for i := range match {
		match[i] = -1
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		match[head] = int32(head)
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		match[len(a)-1-tail] = int32(len(b) - 1 - tail)
		tail++
	}
	a, b = a[head:len(a)-tail], b[head:len(b)-tail]
	if len(a) == 0 || len(b) == 0 {
		return match, len(a)+len(b) <= 4*maxEdits
	}
	return match, shortest(match[head:], a, b, int32(head))
}

// shortest finds the shortest edit and writes its pairs to match, moved by the head that was cut.
func shortest(match, a, b []int32, head int32) bool {
	limit := min(maxEdits, len(a)+len(b))
	reach := make([]int32, 2*limit+3)
	base := limit + 1
	var trace [][]int32
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int32(nil), reach[base-d:base+d+1]...))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && reach[base+k-1] < reach[base+k+1] {
				x = int(reach[base+k+1])
			} else {
				x = int(reach[base+k-1]) + 1
			}
			for x < len(a) && x-k < len(b) && x-k >= 0 && a[x] == b[x-k] {
				x++
			}
			reach[base+k] = int32(x)
			if x >= len(a) && x-k >= len(b) {
				backtrack(match, trace, d, len(a), len(b), head)
				return true
			}
		}
	}
	return false
}

// backtrack walks the edit from its end. trace[d] is what was reached before the d-th edit, around the diagonal 0.
func backtrack(match []int32, trace [][]int32, d, x, y int, head int32) {
	for ; d >= 0; d-- {
		before, k := trace[d], x-y
		reached := func(k int) int {
			if k < -d || k > d {
				return -1
			}
			return int(before[k+d])
		}
		from := k - 1
		if k == -d || k != d && reached(k-1) < reached(k+1) {
			from = k + 1
		}
		fromX := 0
		if d > 0 {
			fromX = reached(from)
		}
		fromY := fromX - from
		if d == 0 {
			fromX, fromY = 0, 0
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			match[x] = int32(y) + head
		}
		x, y = fromX, fromY
	}
}
