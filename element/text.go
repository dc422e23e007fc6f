package element

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// readString cleans free text. Text that will be hashed is taken whole, as two long tokens may differ in their tails.
func readString(def Definition, text string, hashed bool) Value {
	limit := maxText
	if hashed {
		limit = len(text) * utf8.UTFMax
	}
	written := settle(text, func(s string) string { return strings.TrimSpace(cut(cleanText(s), limit)) })
	if !def.Folded {
		return Value{Text: written}
	}
	folded := settle(written, func(s string) string { return strings.TrimSpace(cut(foldText(s), limit)) })
	v := Value{Text: folded}
	if written != folded && !hashed {
		v.Display = written
	}
	return v
}

// settle applies f until the text stays the same. The forms used here get there in one or two steps.
func settle(s string, f func(string) string) string {
	for range 8 {
		next := f(s)
		if next == s {
			return s
		}
		s = next
	}
	return s
}

// cleanText makes text safe to show and to compare: valid UTF-8 in NFC, no control or direction characters, white
// space runs as one space.
func cleanText(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Z, r):
			gap = b.Len() > 0
		case isHidden(r):
		default:
			if gap {
				b.WriteByte(' ')
				gap = false
			}
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// isPlain says whether cleanText would give s back: printable ASCII without white space to collapse.
func isPlain(s string) bool {
	space := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' || (c == ' ' && space) {
			return false
		}
		space = c == ' '
	}
	return !space || s == ""
}

// isHidden says whether r is a control character or one that reorders the text around it. Joiners stay: names in
// several scripts need them.
func isHidden(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u200B', r == '\u2060', r == '\uFEFF', r == '\u00AD':
		return true
	case r >= '\u200E' && r <= '\u200F', r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return false
}

// foldText is cleanText without regard to case, width and invisible characters.
func foldText(s string) string {
	s = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	return cleanText(s)
}

// squash keeps letters and digits of the folded text: the form in which spellings of one word are equal.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, foldText(s))
}

// cut shortens s to at most limit bytes without breaking a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// precut shortens what is looked at to maxRaw bytes. Digits at the cut go with it: half a card number would not be
// recognised as one.
func precut(s string) string {
	if len(s) <= maxRaw {
		return s
	}
	return strings.TrimRightFunc(cut(s, maxRaw), func(r rune) bool {
		_, digit := digitValue(r)
		return digit || isSeparator(r)
	})
}
