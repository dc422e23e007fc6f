package element

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxGap is how many separators may stand between two digits of one number: "4111 - 1111".
const maxGap = 3

// ssnMask stands for a whole SSN: its last four digits are used as a password in too many places to be shown.
const ssnMask = "•••-••-••••"

// Scrub masks what looks like a payment card number (13 to 19 digits in one piece or in groups, a prefix that brands
// use, a valid check digit) and what looks like a US social security number (three groups of 3, 2 and 4 digits). It
// says whether anything was masked. Digits of any script count.
func Scrub(text string) (string, bool) {
	if !mayHoldNumber(text) {
		return text, false
	}
	var b strings.Builder
	done := 0
	var room runRoom
	run := digitRun{digits: room.digits[:0], start: room.start[:0], end: room.end[:0], group: room.group[:0], dashes: room.dashes[:0]}
	for at := 0; at < len(text); {
		run, at = run.scan(text, at)
		if len(run.digits) < 9 {
			continue
		}
		// Leftmost first, longest at each place, never overlapping.
		for g := 0; g < len(run.group); {
			first := run.group[g]
			last, mask := run.numberAt(g)
			if mask == "" {
				g++
				continue
			}
			b.WriteString(text[done:run.start[first]])
			b.WriteString(mask)
			done = run.end[last-1]
			for g < len(run.group) && run.group[g] < last {
				g++
			}
		}
	}
	if done == 0 {
		return text, false
	}
	b.WriteString(text[done:])
	return b.String(), true
}

// digitRun is a sequence of digits with few separators between them.
type digitRun struct {
	digits []byte // values as ASCII
	start  []int  // byte offset of each digit
	end    []int  // byte offset after each digit
	group  []int  // index of the first digit of each group that no separator divides
	dashes []bool // for each group: the gap before it is one a SSN has
}

// runRoom is where a run of usual length has its place, without allocating.
type runRoom struct {
	digits [64]byte
	start  [64]int
	end    [64]int
	group  [32]int
	dashes [32]bool
}

// scan reads the next run at or after at, in the room that the last one had, and says where to go on. It takes and gives
// values, so that the room can be on the caller's stack.
func (run digitRun) scan(text string, at int) (digitRun, int) {
	run.digits, run.start, run.end = run.digits[:0], run.start[:0], run.end[:0]
	run.group, run.dashes = run.group[:0], run.dashes[:0]
	gap, dash := 0, false
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		value, digit := digitValue(r)
		switch {
		case digit:
			if len(run.digits) == 0 || gap > 0 {
				run.group = append(run.group, len(run.digits))
				run.dashes = append(run.dashes, gap == 1 && dash)
			}
			run.digits = append(run.digits, '0'+value)
			run.start = append(run.start, at)
			run.end = append(run.end, at+size)
			gap = 0
		case len(run.digits) == 0:
		case !isSeparator(r) || gap == maxGap:
			return run, at + size
		default:
			gap++
			dash = r == ' ' || unicode.Is(unicode.Pd, r)
		}
		at += size
	}
	return run, at
}

// numberAt gives the end (exclusive, in digits) and the mask of the longest number that starts with group g.
func (run *digitRun) numberAt(g int) (last int, mask string) {
	first := run.group[g]
	for h := g; h < len(run.group); h++ {
		end := run.groupEnd(h)
		if end-first > 19 {
			break
		}
		if digits := string(run.digits[first:end]); looksLikeCard(digits) {
			last, mask = end, cardMask(digits)
		}
	}
	if mask == "" && run.isSSN(g) {
		return run.groupEnd(g + 2), ssnMask
	}
	if end := run.groupEnd(g); mask == "" && end-first > 16 && end-first <= 24 {
		// A card number that expiry or security code were glued to: nothing of the rest may stay either.
		for _, length := range []int{16, 15} {
			if digits := string(run.digits[first : first+length]); looksLikeCard(digits) {
				return end, cardMask(digits)
			}
		}
	}
	return last, mask
}

func (run *digitRun) groupEnd(g int) int {
	if g+1 < len(run.group) {
		return run.group[g+1]
	}
	return len(run.digits)
}

func (run *digitRun) isSSN(g int) bool {
	if g+2 >= len(run.group) || !run.dashes[g+1] || !run.dashes[g+2] {
		return false
	}
	area := string(run.digits[run.group[g]:run.groupEnd(g)])
	pair := string(run.digits[run.group[g+1]:run.groupEnd(g+1)])
	serial := string(run.digits[run.group[g+2]:run.groupEnd(g+2)])
	if len(area) != 3 || len(pair) != 2 || len(serial) != 4 {
		return false
	}
	return area != "000" && area != "666" && area[0] != '9' && pair != "00" && serial != "0000"
}

// cardMask keeps the last four digits, as a receipt does. The bracket at the end keeps them from forming another number
// with digits that follow, so that masking twice changes nothing.
func cardMask(digits string) string { return "[card ••••" + digits[len(digits)-4:] + "]" }

func isSeparator(r rune) bool {
	switch r {
	case ' ', '.', '_', '+', '·', '/', ',', ':', '|':
		return true
	}
	return unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Zs, r)
}

// hasDigits says whether text has at least least digits, counting every non-ASCII byte as one that might be.
func hasDigits(text string, least int) bool {
	for i := 0; i < len(text) && least > 0; i++ {
		if c := text[i]; (c >= '0' && c <= '9') || c >= utf8.RuneSelf {
			least--
		}
	}
	return least <= 0
}

// digitValue is the value of a decimal digit of any script.
func digitValue(r rune) (byte, bool) {
	if r >= '0' && r <= '9' {
		return byte(r - '0'), true
	}
	if r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	// Decimal digits stand in blocks of ten that begin with zero, and ranges of such blocks do so too.
	for _, block := range unicode.Nd.R16 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return byte((r - rune(block.Lo)) % 10), true
		}
	}
	for _, block := range unicode.Nd.R32 {
		if r >= rune(block.Lo) && r <= rune(block.Hi) {
			return byte((r - rune(block.Lo)) % 10), true
		}
	}
	return 0, false
}

// asciiDigits replaces digits of any script by ASCII ones.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if value, ok := digitValue(r); ok {
			return rune('0' + value)
		}
		return r
	}, s)
}
