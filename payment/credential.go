package payment

import (
	"strconv"
	"strings"

	"wayguard/element"
)

// The lengths of a card number (ISO/IEC 7812-1).
const (
	minPAN = 12
	maxPAN = 19
)

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// schemeOf is the card scheme that a number begins like, empty where it begins like none; used where the caller did not say.
func schemeOf(digits string) string {
	if len(digits) < 6 || !allDigits(digits[:6]) {
		return ""
	}
	six, _ := strconv.Atoi(digits[:6])
	two, three, four := six/10_000, six/1000, six/100
	switch {
	case two == 34 || two == 37:
		return "amex"
	case two/10 == 4:
		return "visa"
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		return "mastercard"
	case four >= 3528 && four <= 3589:
		return "jcb"
	case two == 36 || two == 38 || two == 39, three >= 300 && three <= 305:
		return "diners"
	case four == 6011, three >= 644 && three <= 659:
		return "discover"
	case two == 62, two == 81:
		return "unionpay"
	case four >= 2200 && four <= 2204:
		return "mir"
	case two == 50, two >= 56 && two <= 69:
		return "maestro"
	}
	return ""
}

// schemeLength says whether numbers of the scheme have that many digits.
func schemeLength(scheme string, n int) bool {
	switch scheme {
	case "amex":
		return n == 15
	case "visa":
		return n == 13 || n == 16 || n == 19
	case "mastercard":
		return n == 16
	case "diners":
		return n >= 14 && n <= maxPAN
	case "maestro":
		return n >= minPAN && n <= maxPAN
	}
	return scheme != "" && n >= 16 && n <= maxPAN
}

// looksLikePAN says whether digits would be a card number wherever they stood: a valid check digit and a beginning and length that a
// scheme has.
func looksLikePAN(digits string) bool {
	return len(digits) >= minPAN && len(digits) <= maxPAN && element.Luhn(digits) && schemeLength(schemeOf(digits), len(digits))
}

// ibanLength is the length of an IBAN of the country with these two capitals, 0 where the country has none (ISO 13616 registry, release 98).
func ibanLength(country string) int {
	const lengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22" +
		"GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28" +
		"NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"
	for at := 0; at+4 <= len(lengths); at += 4 {
		if lengths[at:at+2] == country {
			n, _ := strconv.Atoi(lengths[at+2 : at+4])
			return n
		}
	}
	return 0
}

// maxIBAN is the longest IBAN that ISO 13616 allows.
const maxIBAN = 34

// mod97 says whether an IBAN's check digits are right (ISO 13616-1, ISO/IEC 7064 MOD 97-10). It must be letters and digits only.
func mod97(iban string) bool {
	if len(iban) < 5 {
		return false
	}
	rest := 0
	for i := range len(iban) {
		switch c := iban[(i+4)%len(iban)]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// validIBAN says whether a text in capitals without spaces is an IBAN.
func validIBAN(s string) bool {
	return len(s) >= 15 && len(s) <= maxIBAN && allDigits(s[2:4]) && len(s) == ibanLength(s[:2]) && mod97(s)
}

// compact takes away what people write between groups of digits.
func compact(s string) string {
	if strings.IndexByte(s, ' ') < 0 && strings.IndexByte(s, '-') < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, s)
}
