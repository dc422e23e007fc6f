package ruleset

import "strings"

// decimal is a number as its text has it, so that comparing is exact whatever its size: 0.digits times ten to the power of exponent.
type decimal struct {
	negative bool
	// digits may hold a dot, which comparing steps over; it begins with a digit that is not zero and is empty for zero.
	digits   string
	exponent int
}

// maxExponent bounds exponents; numbers beyond compare as if they were at the bound.
const maxExponent = 1 << 30

// readDecimal reads a JSON number.
func readDecimal(text string) (decimal, bool) {
	d := decimal{}
	rest, negative := strings.CutPrefix(text, "-")
	d.negative = negative
	mantissa, power := rest, 0
	if at := strings.IndexAny(rest, "eE"); at >= 0 {
		var ok bool
		mantissa = rest[:at]
		if power, ok = readExponent(rest[at+1:]); !ok {
			return decimal{}, false
		}
	}
	whole, first, seen := 0, -1, false
	dot := -1
	for i := range len(mantissa) {
		switch c := mantissa[i]; {
		case c == '.' && dot < 0:
			dot = i
		case c < '0' || c > '9':
			return decimal{}, false
		default:
			seen = true
			if c != '0' && first < 0 {
				first = i
			}
		}
	}
	if !seen {
		return decimal{}, false
	}
	if first < 0 {
		return decimal{}, true // zero has no sign
	}
	if whole = dot; dot < 0 {
		whole = len(mantissa)
	}
	d.exponent = whole - first + power
	if first > whole {
		d.exponent++ // the dot itself is no digit
	}
	d.digits = strings.TrimRight(mantissa[first:], ".")
	return d, true
}

func readExponent(text string) (power int, ok bool) {
	negative := false
	if text != "" && (text[0] == '+' || text[0] == '-') {
		negative, text = text[0] == '-', text[1:]
	}
	if text == "" {
		return 0, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		power = min(power*10+int(text[i]-'0'), maxExponent)
	}
	if negative {
		power = -power
	}
	return power, true
}

// compare is -1, 0 or 1.
func (d decimal) compare(other decimal) int {
	switch {
	case d.digits == "" && other.digits == "":
		return 0
	case d.digits == "":
		return -other.sign()
	case other.digits == "" || d.negative != other.negative:
		return d.sign()
	case d.exponent != other.exponent:
		if d.exponent < other.exponent {
			return -d.sign()
		}
		return d.sign()
	}
	return d.sign() * compareDigits(d.digits, other.digits)
}

func (d decimal) sign() int {
	if d.negative {
		return -1
	}
	return 1
}

// compareDigits compares two runs of digits after the same dot, as if zeros without end followed each.
func compareDigits(a, b string) int {
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		x, y := byte('0'), byte('0')
		if i < len(a) {
			if a[i] == '.' {
				i++
				continue
			}
			x = a[i]
		}
		if j < len(b) {
			if b[j] == '.' {
				j++
				continue
			}
			y = b[j]
		}
		if x != y {
			if x < y {
				return -1
			}
			return 1
		}
		i++
		j++
	}
	return 0
}

// smallInteger reads a text that is a whole number of at most 18 digits.
func smallInteger(text string) (int64, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	if digits == "" || len(digits) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(digits[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}
