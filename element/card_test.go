package element

import "testing"

// TestCardRanges compares every prefix with the table of ranges, of which the first that fits counts.
func TestCardRanges(t *testing.T) {
	type cardRange struct {
		from, to          int
		brand             string
		shortest, longest int
	}
	ranges := [...]cardRange{
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
	for six := range 1_000_000 {
		brand, shortest, longest := cardIssuer(six)
		want := cardRange{}
		for _, r := range ranges {
			if six >= r.from && six <= r.to {
				want = r
				break
			}
		}
		if brand != want.brand || shortest != want.shortest || longest != want.longest {
			t.Fatalf("%06d: got %s %d to %d, want %+v", six, brand, shortest, longest, want)
		}
	}
}
