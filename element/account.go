package element

import (
	"strings"
	"unicode"
)

// The kinds of payment account, in part "kind".
const (
	accountCard   = "card"
	accountIBAN   = "iban"
	accountBank   = "bank"
	accountToken  = "token"
	accountMasked = "masked"
)

// readAccount reads a card number, an IBAN, a bank account number, or the token a payment service gave for one. The
// text is the number in clear: readAccount's result never leaves the package unhashed.
//
// A number that its sender has masked ("**** 1111") has parts and no text: it would link all cards that end alike.
func readAccount(raw Raw) (Value, error) {
	text := strings.TrimSpace(asciiDigits(raw.Text))
	if text == "" {
		return Value{}, ErrEmpty
	}
	if len(text) > maxRaw {
		return Value{}, reason("too long")
	}
	compact := compactAccount(text)
	switch {
	case compact == "":
		return Value{}, reason("no letter or digit in it")
	case isMasked(text):
		return maskedAccount(compact), nil
	case allDigits(compact):
		return digitAccount(compact, raw.Parts[PartRouting])
	}
	if upper := strings.ToUpper(compact); isIBAN(upper) {
		return Value{Text: upper, Display: upper[:2] + "••••" + lastFour(upper), Parts: partsOf(map[string]string{
			PartKind: accountIBAN, PartCountry: upper[:2], PartLastFour: lastFour(upper),
		})}, nil
	}
	// A token is somebody else's word: it is taken as it is.
	return Value{Text: text, Parts: partsOf(map[string]string{PartKind: accountToken})}, nil
}

func digitAccount(digits, routing string) (Value, error) {
	brand, fits := cardBrand(digits)
	valid := Luhn(digits)
	if len(digits) >= 13 && brand != "" && (fits || valid) {
		return Value{Text: digits, Display: digits[:6] + "••••••" + lastFour(digits), Parts: partsOf(map[string]string{
			PartKind: accountCard, PartBrand: brand, PartFirstSix: digits[:6], PartLastFour: lastFour(digits),
			PartLuhn: boolText(valid),
		})}, nil
	}
	if len(digits) < 4 || len(digits) > 34 {
		return Value{}, reason("an account number has 4 to 34 digits")
	}
	v := Value{Text: digits, Display: "••••", Parts: partsOf(map[string]string{PartKind: accountBank})}
	if len(digits) >= 8 {
		v.Parts.Set(PartLastFour, lastFour(digits))
		v.Display += lastFour(digits)
	}
	if routing = compactAccount(asciiDigits(routing)); routing != "" {
		// Account numbers are unique within a bank only.
		v.Text = cut(routing, maxText) + "/" + digits
	}
	return v, nil
}

func maskedAccount(compact string) Value {
	v := Value{Parts: partsOf(map[string]string{PartKind: accountMasked})}
	tail := strings.TrimLeftFunc(compact, func(r rune) bool { return !unicode.IsDigit(r) })
	if len(tail) >= 4 && allDigits(tail[len(tail)-4:]) {
		v.Parts.Set(PartLastFour, lastFour(tail))
		v.Display = "••••" + lastFour(tail)
	}
	return v
}

// isMasked says whether the text holds the characters numbers are masked with.
func isMasked(text string) bool {
	if strings.ContainsAny(text, "*•●∗") {
		return true
	}
	return strings.Contains(text, "XXXX") || strings.Contains(text, "xxxx")
}

// compactAccount drops what people put between the groups of a number.
func compactAccount(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
}

// isIBAN checks form and check digits (ISO 13616, mod 97).
func isIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 || !isUpper(s[0]) || !isUpper(s[1]) || !allDigits(s[2:4]) {
		return false
	}
	remainder := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		switch {
		case c >= '0' && c <= '9':
			remainder = (remainder*10 + int(c-'0')) % 97
		case isUpper(c):
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return remainder == 1
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func lastFour(s string) string { return s[len(s)-4:] }

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// readTaxID reads a number that a state gave out: letters and digits count, grouping does not.
func readTaxID(raw Raw) (Value, error) {
	compact := strings.ToUpper(compactAccount(asciiDigits(cut(raw.Text, maxRaw))))
	if compact == "" {
		return Value{}, ErrEmpty
	}
	if len(compact) < 4 || len(compact) > 64 {
		return Value{}, reason("it has 4 to 64 letters and digits")
	}
	return Value{Text: compact}, nil
}
