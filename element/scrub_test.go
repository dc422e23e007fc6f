package element

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzScrubIsThePlainWay compares Scrub with the plain way to do the same, which follows.
func FuzzScrubIsThePlainWay(f *testing.F) {
	for _, s := range []string{"4111 1111 1111 1111", "123-45-6789", "01935a8e-0000-7000-8000-000000000123", "4111.1111.1111.1111.123-45-6789", "4111111111111111123", "٤١١١١١١١١١١١١١١١",
		"1 2 3 4 5 6 7 8 9", "a4111-1111-1111-1111b378282246310005", "000-12-3456", "4111    1111 1111 1111", strings.Repeat("4111 ", 300), strings.Repeat("1", 500)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, found := Scrub(text)
		if want, wanted := plainScrub(text); got != want || found != wanted {
			t.Fatalf("%q: got %q %v, want %q %v", text, got, found, want, wanted)
		}
	})
}

func TestScrubDoesNotAllocateForNothing(t *testing.T) {
	for _, text := range []string{"01935a8e-0000-7000-8000-000000000123", "order 20261121100000124 of shop 7", "1:65536;4:6291456;6:262144|15663105|0", "plain words"} {
		if allocations := testing.AllocsPerRun(100, func() {
			if _, found := Scrub(text); found {
				t.Fatalf("%q holds a number", text)
			}
		}); allocations > 0 {
			t.Errorf("%q: %v allocations", text, allocations)
		}
	}
}

// plainScrub masks what looks like a payment card number (13 to 19 digits in one piece or in groups, a prefix that brands
// use, a valid check digit) and what looks like a US social security number (three groups of 3, 2 and 4 digits). It
// says whether anything was masked. Digits of any script count.
func plainScrub(text string) (string, bool) {
	if !hasDigits(text, 9) {
		return text, false
	}
	var b strings.Builder
	done := 0
	for at := 0; at < len(text); {
		run, end := plainScan(text, at)
		at = end
		for _, s := range run.spans() {
			b.WriteString(text[done:s.start])
			b.WriteString(s.mask)
			done = s.end
		}
	}
	if done == 0 {
		return text, false
	}
	b.WriteString(text[done:])
	return b.String(), true
}

// plainRun is a sequence of digits with few separators between them.
type plainRun struct {
	digits []byte // values as ASCII
	start  []int  // byte offset of each digit
	end    []int  // byte offset after each digit
	group  []int  // index of the first digit of each group that no separator divides
	dashes []bool // for each group: the gap before it is one a SSN has
}

// span is a piece of text to be masked.
type plainSpan struct {
	start, end int
	mask       string
}

// plainScan reads the next run at or after at, and says where to go on.
func plainScan(text string, at int) (plainRun, int) {
	var run plainRun
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

// spans finds the numbers of a run, leftmost first, longest at each place, never overlapping.
func (run plainRun) spans() []plainSpan {
	if len(run.digits) < 9 {
		return nil
	}
	var found []plainSpan
	for g := 0; g < len(run.group); {
		first := run.group[g]
		last, mask := run.numberAt(g)
		if mask == "" {
			g++
			continue
		}
		found = append(found, plainSpan{start: run.start[first], end: run.end[last-1], mask: mask})
		for g < len(run.group) && run.group[g] < last {
			g++
		}
	}
	return found
}

// numberAt gives the end (exclusive, in digits) and the mask of the longest number that starts with group g.
func (run plainRun) numberAt(g int) (last int, mask string) {
	first := run.group[g]
	for h := g; h < len(run.group); h++ {
		end := run.groupEnd(h)
		if end-first > 19 {
			break
		}
		if digits := string(run.digits[first:end]); looksLikeCard(digits) {
			last, mask = end, plainMask(digits)
		}
	}
	if mask == "" && run.isSSN(g) {
		return run.groupEnd(g + 2), ssnMask
	}
	if end := run.groupEnd(g); mask == "" && end-first > 16 && end-first <= 24 {
		// A card number that expiry or security code were glued to: nothing of the rest may stay either.
		for _, length := range []int{16, 15} {
			if digits := string(run.digits[first : first+length]); looksLikeCard(digits) {
				return end, plainMask(digits)
			}
		}
	}
	return last, mask
}

func (run plainRun) groupEnd(g int) int {
	if g+1 < len(run.group) {
		return run.group[g+1]
	}
	return len(run.digits)
}

func (run plainRun) isSSN(g int) bool {
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

// plainMask keeps the last four digits, as a receipt does. The bracket at the end keeps them from forming another number
// with digits that follow, so that masking twice changes nothing.
func plainMask(digits string) string { return "[card ••••" + digits[len(digits)-4:] + "]" }
