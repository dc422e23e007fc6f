package ruleset

import (
	"encoding/json"
	"strings"
	"testing"

	"wayguard/payment"
)

func TestExpressions(t *testing.T) {
	for expression, want := range map[string]bool{
		`transaction.amount > 74999 && billing.country == "DE"`:          true,
		`transaction.amount > 1.5`:                                       true,
		`transaction.rate == 1.5`:                                        true,
		`billing.country != shipping.country`:                            true,
		`billing.city == "X"`:                                            false, // not there
		`billing.city != "X"`:                                            false, // not there
		`!(billing.city == "X")`:                                         false, // not there
		`has(billing.city)`:                                              false,
		`!has(billing.city) && has(billing.country)`:                     true,
		`has(journey.rating) && journey.rating == "suspicious"`:          true,
		`"Card Testing" in journey.labels`:                               true,
		`items.exists(i, i.price > 800)`:                                 true,
		`items.all(i, i.price > 800)`:                                    false,
		`size(items) == 2`:                                               true,
		`customer.email.matches("(?i)@example[.]com$")`:                  true,
		`device.ip.startsWith("192.")`:                                   true,
		`count("$.device.ip", "1h") > 5`:                                 true,
		`count("$.device.session", "1h") < 5`:                            false, // cannot be told
		`distinct("$.device.ip", "$.credential_fingerprint", "1d") == 4`: true,
		`sum("$.customer.id", "1d") >= 500`:                              true,
		`listed("vip", customer.id)`:                                     true,
		`listed("mail", customer.email)`:                                 true, // in the form that is usual there
		`listed("vip", device.ip)`:                                       false,
		`listed("nobody", device.ip)`:                                    false,
		`transaction.amount + 1 == 75001`:                                true,
		`transaction.amount > "5"`:                                       false, // types do not go together
		`metadata["odd key"] == "x"`:                                     true,
		`credential_fingerprint.startsWith("crd_")`:                      true,
		`masked_credential == ""`:                                        false, // not there
		`airline.legs == 1`:                                              false,
		`has(airline.legs) || transaction.amount > 1`:                    true,
		`billing.city == "X" || transaction.amount > 1`:                  true, // one side settles it
		`transaction.amount > 1 ? billing.country == "DE" : false`:       true,
		`items.exists(a, items.exists(b, items.exists(c, a.price > b.price && b.price > c.price)))`: false,
		`context == "checkout"`: true,
		`transaction.amount`:    false, // no truth
	} {
		if got := fires(t, usualInput(t), Rule{ID: "r", Type: ConditionRule, Action: payment.Block, Expression: expression}); got != want {
			t.Errorf("%s: %v, want %v", expression, got, want)
		}
	}
}

// An expression that goes through a long list too often stops, and does not fire.
func TestExpressionIsBounded(t *testing.T) {
	in := usualInput(t)
	items := make([]any, 1000)
	for i := range items {
		items[i] = payment.Tree{"price": json.Number("5")}
	}
	in.Request.Tree["items"] = items
	in.Trace = true
	p, problems := Compile(Ruleset{Rules: []Rule{{ID: "r", Type: ConditionRule, Action: payment.Block, Expression: `items.all(a, items.all(b, items.all(c, a.price == b.price)))`}}}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := p.Evaluate(t.Context(), in)
	because := e.Trace[0].Because
	if e.Outcome != payment.Allow || because.Args[len(because.Args)-1].Text != "the expression took too many steps" {
		t.Errorf("%+v", because)
	}
}

// An explanation shows what an expression read, and says what was missing.
func TestExpressionIsExplained(t *testing.T) {
	in := usualInput(t)
	in.Trace = true
	in.Request.Tree["metadata"] = payment.Tree{"note": "4111111111111111"}
	p, problems := Compile(Ruleset{Rules: []Rule{
		{ID: "r", Type: ConditionRule, Action: payment.Review, Expression: `transaction.amount > 5 && (metadata.note != "a" || count("$.device.ip", "1h") > 5) && !(billing.country == "AT")`},
		{ID: "s", Type: ConditionRule, Action: payment.Review, Expression: `billing.city == "X"`},
	}}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := p.Evaluate(t.Context(), in)
	text, err := json.Marshal(e.Trace)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"op":"and"`, `"op":"or"`, `"op":"not"`, `"text":"transaction.amount \u003e 5"`, `"value":75000`, `"text":"billing.country","result":null,"value":"DE"`, `"text":"city is not there"`, `"result":true`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	if strings.Contains(string(text), "4111111111111111") {
		t.Error("a card number is shown")
	}
}
