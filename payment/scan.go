package payment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"wayguard/element"
)

// scanner finds card numbers and IBANs in texts.
type scanner struct {
	// own is the number or IBAN of the request itself, in capitals without spaces: it is found however it looks. Empty for none.
	own string
	// every takes digits for a card number that begin like no scheme's.
	every bool
	// phone says that the text is a telephone number: up to 15 digits after a plus sign are one.
	phone bool
}

// mask is the text with what was found shortened to first six and last four, and whether anything was found.
func (s scanner) mask(text string) (string, bool) {
	if !mayHold(text) {
		return text, false
	}
	plain := text
	if !ascii(text) {
		plain = asciiDigits(text)
	}
	// IBANs first: what a card mask leaves of an IBAN would be more than its first six and last four.
	masked := s.maskCards(s.maskIBANs(plain))
	if masked == plain {
		return text, false
	}
	return masked, true
}

// mayHold is quick: few texts have as many digits as the shortest IBAN.
func mayHold(text string) bool {
	digits := 0
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' || c >= utf8.RuneSelf {
			digits++
		}
	}
	return digits >= 8
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// asciiDigits replaces digits of other scripts by ASCII ones. Such digits stand in blocks of ten that begin with zero, and so do the
// ranges of the Unicode tables.
func asciiDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r) {
			return r
		}
		for _, block := range unicode.Nd.R16 {
			if r >= rune(block.Lo) && r <= rune(block.Hi) {
				return '0' + (r-rune(block.Lo))%10
			}
		}
		for _, block := range unicode.Nd.R32 {
			if r >= rune(block.Lo) && r <= rune(block.Hi) {
				return '0' + (r-rune(block.Lo))%10
			}
		}
		return r
	}, text)
}

// group is an unbroken row of digits, or letters and digits, in a text.
type group struct{ from, to int }

// maxGroups is how many groups a number is looked for in: 19 digits written singly.
const maxGroups = maxPAN

func (s scanner) maskCards(text string) string {
	var b strings.Builder
	done := 0
	var room [maxGroups]group
	for at := 0; at < len(text); {
		if !isDigit(text[at]) {
			at++
			continue
		}
		groups := groupsAt(text, at, isDigit, room[:0])
		to, digits := s.cardAt(text, groups)
		if to == 0 {
			at = groups[0].to
			continue
		}
		b.WriteString(text[done:at])
		b.WriteString(shortened(digits))
		done, at = to, to
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// groupsAt are the groups from at on with no more than two separators between each two.
func groupsAt(text string, at int, in func(byte) bool, groups []group) []group {
	for at < len(text) && len(groups) < cap(groups) {
		from := at
		for at < len(text) && in(text[at]) {
			at++
		}
		if at == from {
			break
		}
		groups = append(groups, group{from, at})
		if at < len(text) && text[at] == '.' && (at-from < 4 || !fourDigits(text[at+1:])) {
			break // A coordinate or a version.
		}
		for range 2 {
			at += separator(text[at:])
		}
	}
	return groups
}

func fourDigits(text string) bool { return len(text) >= 4 && allDigits(text[:4]) }

// separator is the length of what stands between two groups of a number at the beginning of a text, in a form's encoding too; 0 for none.
func separator(text string) int {
	switch {
	case text == "":
		return 0
	case text[0] == ' ' || text[0] == '-' || text[0] == '+' || text[0] == '\t' || text[0] == '_' || text[0] == '.':
		return 1
	case strings.HasPrefix(text, "\u00a0"):
		return 2
	case strings.HasPrefix(text, "%20"), strings.HasPrefix(text, "\u202f"), strings.HasPrefix(text, "\u2009"):
		return 3
	}
	return 0
}

// cardAt gives the end and the digits of the longest card number that begins with the first group, 0 where none does.
func (s scanner) cardAt(text string, groups []group) (to int, digits string) {
	var room [2 * maxPAN]byte
	row := room[:0]
	for _, g := range groups {
		if len(row)+g.to-g.from > maxPAN {
			break
		}
		row = append(row, text[g.from:g.to]...)
		if len(row) >= minPAN && s.isCard(text, groups[0].from, g.to, string(row)) {
			to, digits = g.to, string(row)
		}
	}
	if to > 0 {
		return to, digits
	}
	return s.glued(text, groups[0])
}

// glued finds a card number with something glued to it, as an expiry is on a magnetic stripe: nothing of the rest may stay either.
func (s scanner) glued(text string, g group) (to int, digits string) {
	row := text[g.from:g.to]
	if len(row) <= minPAN || inHash(text, g.from, g.to) && !s.holdsOwn(row) {
		return 0, ""
	}
	if s.holdsOwn(row) {
		at := strings.Index(row, s.own)
		return g.to, row[at : at+len(s.own)]
	}
	if len(row) > 16 && len(row) <= 24 {
		for _, n := range [...]int{16, 15} {
			if looksLikePAN(row[:n]) {
				return g.to, row[:n]
			}
		}
	}
	return 0, ""
}

func (s scanner) holdsOwn(row string) bool { return s.own != "" && strings.Contains(row, s.own) }

func (s scanner) isCard(text string, from, to int, digits string) bool {
	if digits == s.own {
		return true
	}
	if !element.Luhn(digits) || inHash(text, from, to) {
		return false
	}
	if s.phone && len(digits) <= 15 && strings.HasPrefix(strings.TrimLeft(text[:to], " ("), "+") {
		return false
	}
	return s.every || schemeLength(schemeOf(digits), len(digits))
}

// hashLength is from where on a row of hexadecimal digits is a hash; an address of 32 is one of 128 bits.
// maxHash is how far it is looked for on either side.
const (
	hashLength = 32
	maxHash    = 128
)

// inHash says whether a piece of a text is part of a UUID or of a hash in hexadecimal: those hold long rows of digits by chance, and one
// with a piece starred out would be of no use.
func inHash(text string, from, to int) bool {
	for at := max(0, to-uuidLength); at <= from && at+uuidLength <= len(text); at++ {
		if isUUID(text[at : at+uuidLength]) {
			return true
		}
	}
	start, letters := from, 0
	for start > 0 && from-start < maxHash && isHex(text[start-1]) {
		start--
	}
	for end := min(len(text), to+maxHash); to < end && isHex(text[to]); {
		to++
	}
	if to-start < hashLength {
		return false
	}
	for i := start; i < to; i++ {
		switch {
		case !isHex(text[i]):
			return false
		case !isDigit(text[i]):
			letters++
		}
	}
	return letters >= 4
}

const uuidLength = 36

// isUUID says whether 36 bytes are a UUID (RFC 9562, section 4) with a letter in it.
func isUUID(text string) bool {
	letters := 0
	for i := range len(text) {
		c := text[i]
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(c) {
			return false
		}
		if isLetter(c) {
			letters++
		}
	}
	return letters > 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

func (s scanner) maskIBANs(text string) string {
	var b strings.Builder
	done := 0
	for at := 0; at+15 <= len(text); {
		to, iban := 0, ""
		if isLetter(text[at]) && isLetter(text[at+1]) && isDigit(text[at+2]) {
			to, iban = s.ibanAt(text, at)
		}
		if to == 0 {
			at++
			continue
		}
		b.WriteString(text[done:at])
		b.WriteString(shortened(iban))
		done, at = to, to
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// ibanAt gives the end and the capitals of the IBAN that begins at a place, 0 where none does.
func (s scanner) ibanAt(text string, at int) (to int, iban string) {
	want := ibanLength(strings.ToUpper(text[at : at+2]))
	if want == 0 {
		return 0, ""
	}
	var room [maxIBAN]byte
	row := room[:0]
	for i := at; i < len(text) && len(row) < want; {
		if c := text[i]; isAlnum(c) {
			if c >= 'a' {
				c -= 'a' - 'A'
			}
			row = append(row, c)
			i++
			to = i
			continue
		}
		n := separator(text[i:])
		if n == 0 {
			break
		}
		i += n
	}
	iban = string(row)
	if len(row) < want || !allDigits(iban[2:4]) || !mod97(iban) || iban != s.own && inHash(text, at, to) {
		return 0, ""
	}
	return to, iban
}
