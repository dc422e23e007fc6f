package element

// cardBrand names the network that issues numbers beginning like digits, and says whether the length fits. The ranges
// are those the networks publish (ISO/IEC 7812 issuer identification numbers); "" when no network uses the prefix.
func cardBrand(digits string) (brand string, lengthFits bool) {
	if len(digits) < 12 || len(digits) > 19 {
		return "", false
	}
	six := 0
	for i := range 6 {
		if digits[i] < '0' || digits[i] > '9' {
			return "", false
		}
		six = six*10 + int(digits[i]-'0')
	}
	brand, shortest, longest := cardIssuer(six)
	size := len(digits)
	return brand, brand != "" && size >= shortest && size <= longest && (brand != "visa" || size%3 == 1)
}

// cardIssuer is who issues numbers that begin with six digits, and how many digits they have. It is in order of
// precedence: narrow ranges stand before the wide ones that contain them.
func cardIssuer(six int) (brand string, shortest, longest int) {
	in := func(from, to int) bool { return six >= from && six <= to }
	switch {
	case in(400000, 499999):
		return "visa", 13, 19 // 13, 16 or 19
	case in(510000, 559999), in(222100, 272099):
		return "mastercard", 16, 16
	case in(340000, 349999), in(370000, 379999):
		return "amex", 15, 15
	case in(300000, 305999), in(309500, 309599), in(360000, 369999), in(380000, 399999):
		return "diners", 14, 19
	case in(352800, 358999):
		return "jcb", 16, 19
	case in(601100, 601199):
		return "discover", 16, 19
	case in(622126, 622925):
		return "unionpay", 16, 19
	case in(644000, 649999), in(650000, 659999):
		return "discover", 16, 19
	case in(620000, 629999), in(810000, 817199):
		return "unionpay", 16, 19
	case in(220000, 220499):
		return "mir", 16, 19
	case in(506099, 506198):
		return "verve", 16, 19
	case in(508500, 508999), in(817200, 829999):
		return "rupay", 16, 16
	case in(979200, 979289):
		return "troy", 16, 16
	case in(500000, 509999), in(560000, 589999), in(600000, 699999):
		return "maestro", 12, 19
	case in(100000, 199999):
		return "uatp", 15, 15
	}
	return "", 0, 0
}

// Luhn says whether the last digit is the check digit of those before it (ISO/IEC 7812-1 annex B). digits holds nothing else.
func Luhn(digits string) bool {
	sum, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

// looksLikeCard says whether digits would be a card number wherever they stood.
func looksLikeCard(digits string) bool {
	if len(digits) < 13 || len(digits) > 19 || !Luhn(digits) {
		return false
	}
	_, fits := cardBrand(digits)
	return fits
}
