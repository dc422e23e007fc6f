package element

import "strconv"

// cardBrand names the network that issues numbers beginning like digits, and says whether the length fits. The ranges
// are those the networks publish (ISO/IEC 7812 issuer identification numbers); "" when no network uses the prefix.
func cardBrand(digits string) (brand string, lengthFits bool) {
	if len(digits) < 12 || len(digits) > 19 {
		return "", false
	}
	six, err := strconv.Atoi(digits[:6])
	if err != nil {
		return "", false
	}
	size := len(digits)
	for _, r := range cardRanges() {
		if six >= r.from && six <= r.to {
			return r.brand, size >= r.shortest && size <= r.longest && (r.brand != "visa" || size%3 == 1)
		}
	}
	return "", false
}

// cardRange is a range of six-digit prefixes.
type cardRange struct {
	from, to          int
	brand             string
	shortest, longest int
}

// cardRanges is in order of precedence: narrow ranges stand before the wide ones that contain them.
func cardRanges() [26]cardRange {
	return [...]cardRange{
		{400000, 499999, "visa", 13, 19}, // 13, 16 or 19
		{510000, 559999, "mastercard", 16, 16},
		{222100, 272099, "mastercard", 16, 16},
		{340000, 349999, "amex", 15, 15},
		{370000, 379999, "amex", 15, 15},
		{300000, 305999, "diners", 14, 19},
		{309500, 309599, "diners", 14, 19},
		{360000, 369999, "diners", 14, 19},
		{380000, 399999, "diners", 14, 19},
		{352800, 358999, "jcb", 16, 19},
		{601100, 601199, "discover", 16, 19},
		{622126, 622925, "unionpay", 16, 19},
		{644000, 649999, "discover", 16, 19},
		{650000, 659999, "discover", 16, 19},
		{620000, 629999, "unionpay", 16, 19},
		{810000, 817199, "unionpay", 16, 19},
		{220000, 220499, "mir", 16, 19},
		{506099, 506198, "verve", 16, 19},
		{650002, 650027, "verve", 16, 19},
		{508500, 508999, "rupay", 16, 16},
		{817200, 829999, "rupay", 16, 16},
		{979200, 979289, "troy", 16, 16},
		{500000, 509999, "maestro", 12, 19},
		{560000, 589999, "maestro", 12, 19},
		{600000, 699999, "maestro", 12, 19},
		{100000, 199999, "uatp", 15, 15},
	}
}

// luhn says whether the last digit is the check digit of those before it (ISO/IEC 7812-1 annex B).
func luhn(digits string) bool {
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
	if len(digits) < 13 || len(digits) > 19 || !luhn(digits) {
		return false
	}
	_, fits := cardBrand(digits)
	return fits
}
