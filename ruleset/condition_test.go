package ruleset

import (
	"encoding/json"
	"strings"
	"testing"

	"wayguard/payment"
)

// Every operator, on what is there, what is not, and what is of another type.
func TestOperators(t *testing.T) {
	for condition, want := range map[string]bool{
		`eq($.transaction.amount, 75000)`:                                          true,
		`eq($.transaction.amount, 75000.0)`:                                        true,
		`eq($.transaction.amount, 7.5e4)`:                                          true,
		`eq($.transaction.amount, "75000")`:                                        false,
		`neq($.transaction.amount, "75000")`:                                       true,
		`eq($.metadata.count, 5)`:                                                  false,
		`neq($.metadata.count, 5)`:                                                 true,
		`gt($.metadata.count, 4)`:                                                  false,
		`eq($.transaction.rate, 1.5)`:                                              true,
		`gt($.transaction.rate, 1.4999999999999999999999)`:                         true,
		`lt($.transaction.rate, 1.5000000000000000000001)`:                         true,
		`lte($.transaction.rate, 1.5)`:                                             true,
		`lt($.transaction.amount, 75000.01)`:                                       true,
		`gte($.transaction.amount, 75001)`:                                         false,
		`gt($.transaction.amount, -1e400)`:                                         true,
		`lt($.transaction.amount, 1e400)`:                                          true,
		`eq($.billing.country, "DE")`:                                              true,
		`eq($.billing.country, "de")`:                                              false,
		`lt($.billing.country, "DF")`:                                              true,
		`eq($.credential.bin_data.is_commercial, true)`:                            true,
		`eq($.payment_method.card.bin_data.is_commercial, true)`:                   true,
		`neq($.credential.bin_data.is_commercial, false)`:                          true,
		`eq($.metadata.device_known, false)`:                                       false,
		`neq($.billing.country, $.shipping.country)`:                               true,
		`eq($.billing.country, $.credential.bin_data.country)`:                     true,
		`lt($.shipping.country, $.billing.country)`:                                true,
		`neq($.billing.city, "X")`:                                                 false,
		`eq($.billing.city, "X")`:                                                  false,
		`not(eq($.billing.city, "X"))`:                                             true,
		`neq($.billing.country, $.billing.city)`:                                   false,
		`neq($.billing.city, $.billing.country)`:                                   false,
		`neq($.billing, "X")`:                                                      false,
		`exists($.billing)`:                                                        true,
		`exists($.billing.city)`:                                                   false,
		`exists($.items[1].name)`:                                                  false,
		`exists($.items[*].name)`:                                                  true,
		`exists($.items[*].color)`:                                                 false,
		`in($.billing.country, ["AT", "DE"])`:                                      true,
		`in($.billing.country, ["AT", 1])`:                                         false,
		`in($.transaction.amount, [1, 75000.0])`:                                   true,
		`in($.transaction.amount, [1, 75000])`:                                     true,
		`in($.transaction.rate, [1.5])`:                                            true,
		`in($.transaction.amount, ["75000"])`:                                      false,
		`in($.credential.bin_data.is_commercial, [true])`:                          true,
		`in($.journey.labels, ["New Device", "X"])`:                                true,
		`in($.journey.labels, ["X"])`:                                              false,
		`in($.customer.id, list("vip"))`:                                           true,
		`in($.customer.email, list("mail"))`:                                       true,
		`in($.customer.id, list("nobody"))`:                                        false,
		`in($.billing.city, list("vip"))`:                                          false,
		`contains($.journey.labels, "Card Testing")`:                               true,
		`contains($.journey.labels, "Card")`:                                       false,
		`contains($.customer.email, "@Example")`:                                   true,
		`contains($.transaction.amount, "5")`:                                      false,
		`contains($.transaction.amount, 5)`:                                        false,
		`starts_with($.device.ip, "192.")`:                                         true,
		`starts_with($.billing.country, "DEX")`:                                    false,
		`ends_with($.customer.email, ".com")`:                                      true,
		`ends_with($.customer.email, ".org")`:                                      false,
		`matches($.customer.email, "(?i)^ann@")`:                                   true,
		`matches($.transaction.amount, "7")`:                                       false,
		`cidr($.device.ip, ["192.0.2.0/24"])`:                                      true,
		`cidr($.device.ip, ["192.0.2.7", "::1"])`:                                  true,
		`cidr($.device.ip, ["::ffff:192.0.2.0/120"])`:                              true,
		`cidr($.device.ip, ["10.0.0.0/8"])`:                                        false,
		`cidr($.customer.id, ["0.0.0.0/0"])`:                                       false,
		`gt($.items[*].price, 800)`:                                                true,
		`gt($.items[*].price, 900)`:                                                false,
		`eq($.items[1].sku, "b")`:                                                  true,
		`neq($.items[*].sku, "a")`:                                                 true,
		`eq($.metadata['odd key'], "x")`:                                           true,
		`gt(velocity($.device.ip, 1h), 5)`:                                         true,
		`gt(velocity($.device.ip, 1h), 6)`:                                         false,
		`lte(velocity($.device.ip, 3600, "context"), 2)`:                           true,
		`lt(velocity($.device.fingerprint, 60), 100)`:                              false, // not known
		`lt(velocity($.device.session, 60), 100)`:                                  false, // not there
		`gte(velocity_sum($.customer.id, $.transaction.amount, 7d), 500)`:          true,
		`eq(velocity_distinct($.device.ip, $.credential_fingerprint, 1d), 4)`:      true,
		`neq(velocity_distinct($.device.ip, $.credential_fingerprint, 1d), 4)`:     false,
		`$.transaction.amount >= 75000`:                                            true,
		`velocity($.device.ip, 3600) > 5`:                                          true,
		`and($.transaction.amount >= 75000, eq($.metadata.device_known, "false"))`: true,
		`and(exists($.device.ip), exists($.billing.city), exists($.device))`:       false,
		`or(exists($.billing.city), not(exists($.device.ip)))`:                     false,
		`or(exists($.billing.city), not(exists($.billing.plz)))`:                   true,
		`eq($.journey.rating, "suspicious")`:                                       true,
		`gte($.journey.cards_in_session, 12)`:                                      true,
	} {
		if got := fires(t, usualInput(t), conditionRule(t, "r", condition, payment.Block)); got != want {
			t.Errorf("%s: %v, want %v", condition, got, want)
		}
	}
}

// Numbers are equal whatever way they are written, and ordered exactly.
func TestDecimalsCompareExactly(t *testing.T) {
	ascending := []string{"-1e400", "-12", "-1.20000000000000000001", "-1.2", "-0.5", "-1e-400", "0", "1e-400", "0.001", "0.0010000000000000000000001",
		"0.5", "1", "9.99", "10", "10.5", "99999999999999999999", "1e20", "1e400"}
	for i, a := range ascending {
		for j, b := range ascending {
			x, y := readNumber(a), readNumber(b)
			if got, ok := x.compare(y); !ok || got != order(int64(i), int64(j)) {
				t.Errorf("%s and %s compare as %d (%v)", a, b, got, ok)
			}
		}
	}
	for _, same := range [][2]string{{"0", "-0.000e5"}, {"1", "1.000"}, {"100", "1e2"}, {"0.01", "1E-2"}, {"1200", "0.12e+4"}, {"-5", "-50e-1"}, {"0.5", "00.5"}} {
		if x, y := readNumber(same[0]), readNumber(same[1]); !x.equals(y) || !y.equals(x) {
			t.Errorf("%s is not %s", same[0], same[1])
		}
	}
}

// Values made by the engine itself come as Go's own numbers.
func TestNativeNumbers(t *testing.T) {
	in := usualInput(t)
	in.Request.Tree["journey"] = payment.Tree{"score": int64(900), "confidence": 12, "events": 0.5, "labels": []any{int64(3)}}
	for condition, want := range map[string]bool{
		`eq($.journey.score, 900)`: true, `gt($.journey.score, 899.5)`: true, `eq($.journey.confidence, 12.0)`: true,
		`lt($.journey.events, 0.51)`: true, `contains($.journey.labels, 3)`: true, `in($.journey.score, [900.0])`: true,
	} {
		if got := fires(t, in, conditionRule(t, "r", condition, payment.Block)); got != want {
			t.Errorf("%s: %v", condition, got)
		}
	}
}

// An explanation shows what was seen and what was not looked at, and never a card number.
func TestExplanation(t *testing.T) {
	in := usualInput(t)
	in.Trace = true
	in.Request.Tree["metadata"] = payment.Tree{"note": "card 4111111111111111 please", "number": json.Number("4111111111111111"), "long": strings.Repeat("é", 400)}
	condition := `and(gt(velocity($.device.ip, 3600), 5), or(exists($.metadata.note), exists($.device.ip)), neq($.metadata.number, 1), neq($.metadata.long, "4111111111111111"), eq($.billing.city, "X"), exists($.device))`
	p, problems := Compile(Ruleset{Rules: []Rule{conditionRule(t, "r", condition, payment.Block)}}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := p.Evaluate(t.Context(), in)
	because := e.Trace[0].Because
	if len(because.Args) != 6 || because.Op != "and" || *because.Result {
		t.Fatalf("%+v", because)
	}
	if first := because.Args[0]; first.Text != "velocity($.device.ip, 3600) > 5" || first.Value != int64(6) || !*first.Result {
		t.Errorf("%+v", first)
	}
	if skipped := because.Args[1].Args[1]; skipped.Result != nil || skipped.Value != nil {
		t.Errorf("looked at %+v", skipped)
	}
	if gone := because.Args[4]; !gone.Missing || *gone.Result {
		t.Errorf("%+v", gone)
	}
	if because.Args[5].Result != nil {
		t.Errorf("looked at %+v", because.Args[5])
	}
	told, err := json.Marshal(e.Trace)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(told), "4111111111111111") || len(told) > 4000 {
		t.Errorf("the explanation shows too much: %d bytes", len(told))
	}
}
