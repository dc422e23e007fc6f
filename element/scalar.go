package element

import (
	"math"
	"strconv"
	"strings"
)

// maxDigits bounds the digits of a number, before and after its point each.
const maxDigits = 18

// readInteger reads a whole number; "3.0" is one, and so is "1,000".
func readInteger(raw Raw) (Value, error) {
	v, err := readNumber(raw)
	if err != nil {
		return v, err
	}
	if strings.Contains(v.Text, ".") {
		return Value{}, reason("it is not a whole number")
	}
	return v, nil
}

// readNumber reads a decimal number with a point, with or without an exponent. Digits are kept as written as long as
// there is no exponent, so that nothing is lost to binary fractions.
func readNumber(raw Raw) (Value, error) {
	s := strings.TrimSpace(asciiDigits(raw.Text))
	if s == "" {
		return Value{}, ErrEmpty
	}
	s = strings.Replace(s, "\u2212", "-", 1)
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(f, 0) || math.Abs(f) >= 1e18 || strings.ContainsAny(s, "xX_pP") {
			return Value{}, reason("not a decimal number of reasonable size")
		}
		s = strconv.FormatFloat(f, 'f', -1, 64)
		if whole, fraction, _ := strings.Cut(s, "."); len(fraction) > maxDigits {
			s = whole + "." + fraction[:maxDigits]
		}
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if strings.Contains(whole, ",") {
		if whole = ungroup(whole, ","); whole == "" {
			return Value{}, reason("commas are not where thousands end")
		}
	}
	return decimal(negative, whole, fraction)
}

// decimal puts a number together without needless zeros.
func decimal(negative bool, whole, fraction string) (Value, error) {
	if whole == "" && fraction == "" || (whole != "" && !allDigits(whole)) || (fraction != "" && !allDigits(fraction)) {
		return Value{}, reason("not a decimal number")
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if len(whole) > maxDigits || len(fraction) > maxDigits {
		return Value{}, reason("more digits than a number may have")
	}
	if whole == "" {
		whole = "0"
	}
	text := whole
	if fraction != "" {
		text += "." + fraction
	}
	if negative && text != "0" {
		text = "-" + text
	}
	return Value{Text: text}, nil
}

// ungroup removes thousands separators; "" when they do not stand where thousands end.
func ungroup(s, separator string) string {
	groups := strings.Split(s, separator)
	for i, g := range groups {
		if !allDigits(g) || (i > 0 && len(g) != 3) || (i == 0 && len(groups) > 1 && len(g) > 3) {
			return ""
		}
	}
	return strings.Join(groups, "")
}

// readBoolean reads the ways forms and APIs say yes and no.
func readBoolean(raw Raw) (Value, error) {
	switch s := squash(cut(raw.Text, 32)); s {
	case "":
		return Value{}, ErrEmpty
	case "true", "t", "yes", "y", "1", "on", "checked", "enabled":
		return Value{Text: "true"}, nil
	case "false", "f", "no", "n", "0", "off", "unchecked", "disabled":
		return Value{Text: "false"}, nil
	}
	return Value{}, reason("neither yes nor no")
}
