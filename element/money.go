package element

import (
	"strconv"
	"strings"

	"github.com/biter777/countries"
	"golang.org/x/text/currency"
)

// The units that Raw.Parts["unit"] may give.
const (
	// UnitMajor: the amount is in dollars.
	UnitMajor = "major"
	// UnitMinor: the amount is in cents.
	UnitMinor = "minor"
)

// readCurrency reads an ISO 4217 code (three letters or digits) or an unambiguous symbol.
func readCurrency(raw Raw) (Value, error) {
	s := strings.TrimSpace(asciiDigits(raw.Text))
	if s == "" {
		return Value{}, ErrEmpty
	}
	code := currencyCode(s)
	if code == "" {
		return Value{}, reason("no ISO 4217 code or unambiguous symbol")
	}
	return Value{Text: code}, nil
}

// currencyCode is the ISO 4217 code, "" when there is none.
func currencyCode(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if code := currencySymbol(s); code != "" {
		return code
	}
	if len(s) != 3 {
		return ""
	}
	if allDigits(s) {
		number, err := strconv.Atoi(s)
		if found := countries.CurrencyCode(number); err == nil && found.IsValid() {
			return found.Alpha()
		}
		return ""
	}
	if unit, err := currency.ParseISO(s); err == nil && unit != currency.XXX {
		return unit.String()
	}
	// Currencies younger than the Unicode tables.
	if found := countries.CurrencyCodeByName(s); found.IsValid() && found.Alpha() == s {
		return s
	}
	return ""
}

// currencySymbol reads the symbols that stand for one currency only: "$", "kr" and "¥" stand for several.
func currencySymbol(s string) string {
	switch s {
	case "€":
		return "EUR"
	case "£":
		return "GBP"
	case "US$":
		return "USD"
	case "C$", "CA$":
		return "CAD"
	case "A$", "AU$":
		return "AUD"
	case "R$":
		return "BRL"
	case "₹":
		return "INR"
	case "₩":
		return "KRW"
	case "₽":
		return "RUB"
	case "₺":
		return "TRY"
	case "₫":
		return "VND"
	case "₴":
		return "UAH"
	case "₪":
		return "ILS"
	}
	return ""
}

// Exponent is the number of decimal places of a currency's minor unit as ISO 4217 lists them; 2 for a currency that
// is not known. The Unicode tables differ from it where people no longer use the coins, payment systems do not.
func Exponent(code string) int {
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// readMoney reads an amount in major or minor units (part "unit") of a currency (part "currency", or in the text).
//
// Without a unit, a whole number is minor units, which is the canonical form, and one with decimals or a currency in
// the text is major units. A spec should name the unit: an application that writes 12 and 12.50 needs it.
func readMoney(raw Raw) (Value, error) {
	s := strings.TrimSpace(asciiDigits(cut(raw.Text, 128)))
	if s == "" {
		return Value{}, ErrEmpty
	}
	amount, inText, negative, err := splitMoney(s)
	if err != nil {
		return Value{}, err
	}
	code := inText
	if given := strings.TrimSpace(raw.Parts[PartCurrency]); given != "" {
		if code = currencyCode(given); code == "" {
			return Value{}, reason("the currency is not known")
		}
		if inText != "" && inText != code {
			return Value{}, reason("the amount names another currency than the one given")
		}
	}
	unit := raw.Parts[PartUnit]
	if unit == "" {
		unit = UnitMinor
		if inText != "" || !allDigits(amount) {
			unit = UnitMajor
		}
	}
	minor, err := minorUnits(amount, unit, Exponent(code))
	if err != nil {
		return Value{}, err
	}
	return moneyValue(minor, negative, code), nil
}

func moneyValue(minor string, negative bool, code string) Value {
	v := Value{Text: minor, Parts: partsOf(map[string]string{PartUnit: UnitMinor})}
	if negative && minor != "0" {
		v.Text = "-" + minor
	}
	exponent := Exponent(code)
	shown := minor
	if exponent > 0 {
		shown = strings.Repeat("0", max(0, exponent+1-len(shown))) + shown
		shown = shown[:len(shown)-exponent] + "." + shown[len(shown)-exponent:]
	}
	if strings.HasPrefix(v.Text, "-") {
		shown = "-" + shown
	}
	if code != "" {
		v.Parts.Set(PartCurrency, code)
		v.Parts.Set(PartExponent, strconv.Itoa(exponent))
		shown += " " + code
	}
	v.Display = shown
	return v
}

// splitMoney takes sign and currency off an amount.
func splitMoney(s string) (amount, code string, negative bool, err error) {
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		negative, s = true, s[1:len(s)-1]
	}
	first := strings.IndexAny(s, "0123456789")
	last := strings.LastIndexAny(s, "0123456789")
	if first < 0 {
		return "", "", false, reason("no digit in it")
	}
	if first > 0 && s[first-1] == '.' {
		first-- // ".50"
	}
	before, after := s[:first], s[last+1:]
	amount = s[first : last+1]
	for _, minus := range []string{"-", "\u2212"} {
		for _, side := range []*string{&before, &after} {
			if strings.Contains(*side, minus) {
				negative = true
				*side = strings.Replace(*side, minus, "", 1)
			}
		}
	}
	after = strings.TrimPrefix(after, ".")
	before = strings.TrimPrefix(strings.TrimSpace(before), "+")
	word := strings.TrimSpace(before + " " + after)
	if word == "" || word == "$" {
		return amount, "", negative, nil
	}
	if code = currencyCode(word); code == "" {
		return "", "", false, reason("letters or signs that are no currency's")
	}
	return amount, code, negative, nil
}

// minorUnits converts an unsigned amount to minor units.
func minorUnits(amount, unit string, exponent int) (string, error) {
	whole, fraction, err := splitDecimal(amount, exponent)
	if err != nil {
		return "", err
	}
	switch unit {
	case UnitMinor:
		if strings.Trim(fraction, "0") != "" {
			return "", reason("minor units have no decimals")
		}
	case UnitMajor:
		if fraction, err = fitFraction(fraction, exponent); err != nil {
			return "", err
		}
		if len(fraction) > exponent { // float noise that rounded up to a whole unit
			fraction = fraction[1:]
			whole = addOne(whole)
		}
		whole += fraction
	default:
		return "", reason("the unit is major or minor")
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if len(whole) > maxDigits {
		return "", reason("more than 18 digits")
	}
	return whole, nil
}

// addOne increments a decimal text.
func addOne(digits string) string {
	b := []byte("0" + digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < '9' {
			b[i]++
			break
		}
		b[i] = '0'
	}
	return string(b)
}

// fitFraction brings decimals to exactly exponent digits. More decimals than the currency has are an error, except the
// noise that binary fractions leave behind (19.990000000000002): at least eight decimals too many, rounded half up.
// The result has one digit more, a leading 1, when rounding carried over.
func fitFraction(fraction string, exponent int) (string, error) {
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) <= exponent {
		return fraction + strings.Repeat("0", exponent-len(fraction)), nil
	}
	if len(fraction) < exponent+8 {
		return "", reason("more decimals than the currency has")
	}
	kept, next := fraction[:exponent], fraction[exponent]
	if next < '5' {
		return kept, nil
	}
	raised := addOne(kept)
	if raised[0] == '1' {
		return raised, nil
	}
	return raised[1:], nil
}

// splitDecimal finds the decimal separator among points, commas, spaces and apostrophes.
func splitDecimal(s string, exponent int) (whole, fraction string, err error) {
	if s, err = joinThousands(s); err != nil {
		return "", "", err
	}
	point, comma := strings.LastIndexByte(s, '.'), strings.LastIndexByte(s, ',')
	switch {
	case point < 0 && comma < 0:
		whole = s
	case point < 0 || comma < 0:
		whole, fraction, err = oneSeparator(s, max(point, comma), exponent)
	default:
		grouping := ","
		if comma > point {
			grouping = "."
		}
		decimalAt := max(point, comma)
		if whole = ungroup(s[:decimalAt], grouping); whole == "" {
			return "", "", reason("groups that are not thousands")
		}
		fraction = s[decimalAt+1:]
	}
	if err == nil && !allDigits(whole+fraction) {
		err = reason("not an amount")
	}
	return whole, fraction, err
}

// joinThousands removes spaces and apostrophes between thousands.
func joinThousands(s string) (string, error) {
	for _, grouping := range []string{" ", "\u00A0", "\u202F", "\u2019", "'"} {
		if !strings.Contains(s, grouping) {
			continue
		}
		head, tail := s, ""
		if i := strings.LastIndexAny(s, ".,"); i > strings.LastIndex(s, grouping) {
			head, tail = s[:i], s[i:]
		}
		if head = ungroup(head, grouping); head == "" {
			return "", reason("groups that are not thousands")
		}
		s = head + tail
	}
	return s, nil
}

// oneSeparator decides what a single kind of separator, last at position at, means.
func oneSeparator(s string, at, exponent int) (whole, fraction string, err error) {
	separator := s[at : at+1]
	decimals := len(s) - at - 1
	if strings.Count(s, separator) > 1 {
		if whole = ungroup(s, separator); whole == "" {
			return "", "", reason("groups that are not thousands")
		}
		return whole, "", nil
	}
	looksGrouped := decimals == 3 && exponent != 3 && at >= 1 && at <= 3 && s[:at] != "0"
	switch {
	case looksGrouped && separator == ",":
		return s[:at] + s[at+1:], "", nil
	case looksGrouped && exponent < 3:
		return "", "", reason("it can be read as thousands or as decimals")
	}
	return s[:at], s[at+1:], nil
}
