package ruleset

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"wayguard/payment"
)

// Every mistake is told with its path and its code, and with what was probably meant.
func TestProblems(t *testing.T) {
	condition := func(c string) string {
		return fmt.Sprintf(`[{"id":"a","type":"condition","action":"BLOCK","condition":%s}]`, c)
	}
	expression := func(e string) string {
		text, _ := json.Marshal(e)
		return fmt.Sprintf(`[{"id":"a","type":"condition","action":"BLOCK","expression":%s}]`, text)
	}
	for _, c := range []struct{ rules, field, code, says string }{
		{`{`, "$.rules", "json", "byte"},
		{`{}`, "$.rules", "type", "list"},
		{`[] []`, "$.rules", "json", "goes on"},
		{`[{"id":"a","id":"b"}]`, "$.rules[0].id", "duplicate", "twice"},
		{`[5]`, "$.rules[0]", "type", "object"},
		{`[{"id":5,"type":"condition"}]`, "$.rules[0].id", "type", "text"},
		{`[{"id":"a","type":"condition","enabled":"yes"}]`, "$.rules[0].enabled", "type", "true or false"},
		{`[{"id":"a","type":"condition","score":1.5}]`, "$.rules[0].score", "type", "whole number"},
		{`[{"id":"a","type":"condition","acton":"BLOCK"}]`, "$.rules[0].acton", "unknown", `did you mean "action"?`},
		{`[{"id":"a","type":"condition","a b":"BLOCK"}]`, `$.rules[0]["a b"]`, "unknown", "no key"},
		{`[{"type":"blacklist","fields":["$.device.ip"]}]`, "$.rules[0].id", "required", "id"},
		{`[{"id":"a","type":"blocklist","fields":["$.device.ip"]}]`, "$.rules[0].type", "unknown", "blacklist"},
		{`[{"id":"a","type":"blacklist","fields":["$.device.ip"]},{"id":"a","type":"blacklist","fields":["$.device.ip"]}]`, "$.rules[1].id", "duplicate", "$.rules[0]"},
		{`[{"id":"a","type":"condition","condition":{"op":"exists","field":"$.items"}}]`, "$.rules[0].action", "required", "action"},
		{`[{"id":"a","type":"condition","action":"BLOCK"}]`, "$.rules[0].condition", "required", "condition"},
		{`[{"id":"a","type":"condition","action":"block","condition":"exists($.items)"}]`, "$.rules[0].action", "unknown", "BLOCK"},
		{`[{"id":"a","type":"condition","action":"BLOCK","terminal":true,"condition":"exists($.items)"}]`, "$.rules[0].terminal", "format", "ALLOW"},
		{`[{"id":"a","type":"condition","action":"BLOCK","three_ds":"demand","condition":"exists($.items)"}]`, "$.rules[0].three_ds", "unknown", "require"},
		{`[{"id":"a","type":"condition","action":"BLOCK","fields":["$.device.ip"],"condition":"exists($.items)"}]`, "$.rules[0].fields", "format", "belong"},
		{`[{"id":"a","type":"condition","action":"BLOCK","expression":"true","condition":"exists($.items)"}]`, "$.rules[0].expression", "format", "either"},
		{`[{"id":"a","type":"condition","action":"BLOCK","score":2000000,"condition":"exists($.items)"}]`, "$.rules[0].score", "range", "points"},
		{condition(`5`), "$.rules[0].condition", "type", "object"},
		{condition(`{"field":"$.items"}`), "$.rules[0].condition.op", "required", "operator"},
		{condition(`{"op":"equals","field":"$.items","value":1}`), "$.rules[0].condition.op", "unknown", "there is no operator"},
		{condition(`{"op":"and","args":[{"op":"gt","field":"$.transaction.amount","value":1},{"op":"nor"}]}`), "$.rules[0].condition.args[1].op", "unknown", "did you mean"},
		{condition(`{"op":"and","args":[]}`), "$.rules[0].condition.args", "required", "at least one"},
		{condition(`{"op":"not","args":[{"op":"exists","field":"$.items"}]}`), "$.rules[0].condition.arg", "required", "turned round"},
		{condition(`{"op":"eq","field":"$.transaction.amount"}`), "$.rules[0].condition", "required", "value_field"},
		{condition(`{"op":"eq","field":"$.transaction.amount","value":null}`), "$.rules[0].condition", "required", "exists"},
		{condition(`{"op":"eq","field":"$.transaction.amount","value":[1]}`), "$.rules[0].condition.value", "type", "text, a number"},
		{condition(`{"op":"eq","field":"$.transaction.amount","value":1,"vallue_field":"$.items"}`), "$.rules[0].condition.vallue_field", "unknown", "value_field"},
		{condition(`{"op":"eq","field":"transaction.amount","value":1}`), "$.rules[0].condition.field", "format", "begins with $"},
		{condition(`{"op":"eq","field":"$.transacton.amount","value":1}`), "$.rules[0].condition.field", "unknown", `did you mean "transaction"?`},
		{condition(`{"op":"eq","field":"$.transaction.amout","value":1}`), "$.rules[0].condition.field", "unknown", `did you mean "amount"?`},
		{condition(`{"op":"eq","field":"$.journey.mood","value":1}`), "$.rules[0].condition.field", "unknown", "rating"},
		{condition(`{"op":"eq","field":"$.credential.pan.value","value":1}`), "$.rules[0].condition.field", "format", "cannot be read"},
		{condition(`{"op":"eq","field":"$.device.ip","value_field":"$.device.ip"}`), "$.rules[0].condition.value_field", "format", "same"},
		{condition(`{"op":"gt","field":"$.metadata.x","value":true}`), "$.rules[0].condition.value", "type", "no order"},
		{condition(`{"op":"in","field":"$.device.ip"}`), "$.rules[0].condition", "required", "list"},
		{condition(`{"op":"in","field":"$.device.ip","values":[]}`), "$.rules[0].condition.values", "required", "at least one"},
		{condition(`{"op":"in","field":"$.device.ip","list":"vipp"}`), "$.rules[0].condition.list", "unknown", "no list"},
		{condition(`{"op":"in","field":"$.device.ip","values":["a",null]}`), "$.rules[0].condition.values[1]", "type", "null"},
		{condition(`{"op":"matches","field":"$.device.ip","pattern":"("}`), "$.rules[0].condition.pattern", "format", "RE2"},
		{condition(`{"op":"matches","field":"$.device.ip","pattern":"(?=a)"}`), "$.rules[0].condition.pattern", "format", "RE2"},
		{condition(`{"op":"cidr","field":"$.device.ip","values":["192.0.2.0/33"]}`), "$.rules[0].condition.values[0]", "format", "network"},
		{condition(`{"op":"velocity","field":"$.device.ip","window_seconds":3600,"cmp":"above","value":5}`), "$.rules[0].condition.cmp", "unknown", "gt"},
		{condition(`{"op":"velocity","field":"$.device.ip","window_seconds":2592001,"cmp":"gt","value":5}`), "$.rules[0].condition.window_seconds", "range", "30 days"},
		{condition(`{"op":"velocity","field":"$.device.ip","window_seconds":0,"cmp":"gt","value":5}`), "$.rules[0].condition.window_seconds", "range", "30 days"},
		{condition(`{"op":"velocity","field":"$.device.ip","window_seconds":60,"cmp":"gt","value":"5"}`), "$.rules[0].condition.value", "type", "whole"},
		{condition(`{"op":"velocity","field":"$.device.ip","window_seconds":60,"cmp":"gt","value":5,"scope":"shop"}`), "$.rules[0].condition.scope", "unknown", "context"},
		{condition(`{"op":"velocity","field":"$.items[*].sku","window_seconds":60,"cmp":"gt","value":5}`), "$.rules[0].condition.field", "format", "[*]"},
		{condition(`{"op":"velocity_sum","field":"$.device.ip","of":"$.items","window_seconds":60,"cmp":"gt","value":5}`), "$.rules[0].condition.of", "unknown", "amount"},
		{condition(`{"op":"eq","field":"$.backends.a/b.outcome","value":"BLOCK"}`), "$.rules[0].condition.field", "unknown", "before"},
		{condition(`{"op":"eq","field":"$.backends.a/b.outcom","value":"BLOCK"}`), "$.rules[0].condition.field", "unknown", "outcome"},
		{condition(`"gte($.transaction.amount 5)"`), "$.rules[0].condition", "format", "(at 1:26)"},
		{condition(strings.Repeat(`{"op":"not","arg":`, 32) + `{"op":"exists","field":"$.items"}` + strings.Repeat("}", 32)), "$.rules[0].condition" + strings.Repeat(".arg", 32), "too_large", "32"},
		{condition(`{"op":"and","args":[` + strings.TrimSuffix(strings.Repeat(`{"op":"exists","field":"$.items"},`, 500), ",") + `]}`), "$.rules[0].condition.args[499]", "too_large", "500"},
		{expression(`transaction.amount >`), "$.rules[0].expression", "format", "(at 1:"},
		{expression(`transacton.amount > 1`), "$.rules[0].expression", "format", `did you mean "transaction"?`},
		{expression(`transaction.amout > 1`), "$.rules[0].expression", "unknown", `did you mean "amount"?`},
		{expression(`"a" + "b"`), "$.rules[0].expression", "type", "true or false"},
		{expression(`device.ip.matches(customer.id)`), "$.rules[0].expression", "format", "written in the rule"},
		{expression(`device.ip.matches("(")`), "$.rules[0].expression", "format", "RE2"},
		{expression(`count("$.device.ip", "1 hour") > 1`), "$.rules[0].expression", "format", "window"},
		{expression(`count("$.device.ip", "31d") > 1`), "$.rules[0].expression.window_seconds", "range", "30 days"},
		{expression(`count(device.ip, "1h") > 1`), "$.rules[0].expression", "format", "quotes"},
		{expression(`listed("vipp", customer.id)`), "$.rules[0].expression", "unknown", "no list"},
		{expression(`count("$.device.ipp", "1h") > 1`), "$.rules[0].expression", "unknown", `did you mean "ip"?`},
		{expression(strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100)), "$.rules[0].expression", "format", ""},
		{`[{"id":"a","type":"blacklist"}]`, "$.rules[0].fields", "required", "fields"},
		{`[{"id":"a","type":"blacklist","action":"ALLOW","fields":["$.device.ip"]}]`, "$.rules[0].action", "format", "REVIEW"},
		{`[{"id":"a","type":"blacklist","fields":["$.device.ip"],"ttl_seconds":-1}]`, "$.rules[0].ttl_seconds", "range", "never expires"},
		{`[{"id":"a","type":"blacklist","fields":["$.device.ip"],"populate_on":["refund"]}]`, "$.rules[0].populate_on[0]", "unknown", "fraud_report"},
		{`[{"id":"a","type":"backend"}]`, "$.rules[0].backend", "required", "name"},
		{`[{"id":"a","type":"backend","backend":"nobody"}]`, "$.rules[0].backend", "unknown", "no backend"},
		{`[{"id":"a","type":"backend","backend":"x","on_error":"BLOCK"}]`, "$.rules[0].on_error", "unknown", "block"},
		{`[{"id":"a","type":"backend","backend":"x","timeout_ms":-5}]`, "$.rules[0].timeout_ms", "range", ""},
		{`[{"id":"a","type":"backend","backend":"x","score_thresholds":{"review_at":50,"block_at":40}}]`, "$.rules[0].score_thresholds.review_at", "range", "less"},
		{`[{"id":"a","type":"backend_group","members":[{"backend":"x"}]}]`, "$.rules[0].strategy", "required", "fallback"},
		{`[{"id":"a","type":"backend_group","strategy":"paralel","members":[{"backend":"x"}]}]`, "$.rules[0].strategy", "unknown", "parallel"},
		{`[{"id":"a","type":"backend_group","strategy":"split","members":[{"backend":"x"}]}]`, "$.rules[0].members", "required", "weight"},
		{`[{"id":"a","type":"backend_group","strategy":"parallel","merge":"average","members":[{"backend":"x"}]}]`, "$.rules[0].merge", "unknown", "majority"},
		{`[{"id":"a","type":"backend_group","strategy":"fallback","merge":"first","members":[{"backend":"x"}]}]`, "$.rules[0].merge", "format", "belong"},
		{`[{"id":"a","type":"backend_group","strategy":"fallback","members":[{"backend":"x","live":false}]}]`, "$.rules[0].members", "required", "live"},
		{`[{"id":"a","type":"backend_group","strategy":"fallback","members":[{"backend":"x"},{"backend":"x"}]}]`, "$.rules[0].members[1].backend", "duplicate", "already"},
		{`[{"id":"a","type":"backend_group","strategy":"fallback","members":[{"backend":"x","wieght":1}]}]`, "$.rules[0].members[0].wieght", "unknown", "weight"},
		{`[{"id":"a","type":"condition","action":"ALLOW","terminal":true,"expression":"true"},{"id":"b","type":"blacklist","fields":["$.device.ip"]}]`, "$.rules[1]", "unreachable", "$.rules[0]"},
		{`[{"id":"a","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 0)"},{"id":"b","type":"blacklist","fields":["$.device.ip"]}]`, "$.rules[1]", "unreachable", "$.rules[0]"},
		{`[{"id":"a","type":"condition","action":"BLOCK","condition":"or(exists($.items), not(exists($.items)))"},{"id":"b","type":"blacklist","fields":["$.device.ip"]}]`, "$.rules[1]", "unreachable", "$.rules[0]"},
		{`[{"id":"a","type":"condition","action":"BLOCK","condition":"exists($.items)"},{"id":"b","type":"condition","action":"REVIEW","condition":"exists( $.items )"}]`, "$.rules[1]", "unreachable", `"a"`},
	} {
		_, problems := decodeAndCompile(c.rules)
		found := false
		for _, p := range problems {
			found = found || p.Field == c.field && p.Code == c.code && strings.Contains(p.Message, c.says)
		}
		if !found {
			t.Errorf("%.150s\n  gave %+v\n  not  %s %s %q", c.rules, problems, c.field, c.code, c.says)
		}
	}
}

func decodeAndCompile(text string) (*Program, []payment.Problem) {
	rules, problems := DecodeRules([]byte(text))
	if len(problems) > 0 {
		return nil, problems
	}
	only := func(names ...string) func(string) bool {
		return func(name string) bool { return contains(names, name) }
	}
	return Compile(Ruleset{Rules: rules}, Options{Backends: only("x", "y", "a/b"), Lists: only("vip")})
}

// A card number that came into the wrong place is in no problem and in no error.
func TestProblemsHoldNoCardNumber(t *testing.T) {
	const number = "4111111111111111"
	for _, rules := range []string{
		`[{"id":"a","type":"NN"}]`, `[{"id":"a","NN":1,"type":"condition"}]`, `[{"id":"a","type":"condition","action":"BLOCK","condition":{"op":"NN"}}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","condition":"NN"}]`, `[{"id":"a","type":"condition","action":"BLOCK","condition":"eq($.x, NNx)"}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","expression":"device.ip == NN NN"}]`, `[{"id":"a","type":"backend","backend":"NN"}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","condition":"matches($.x, \"(NN\")"}]`, `[{"id":"a","type":"blacklist","fields":["$.device.NN"]}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","condition":{"op":"in","field":"$.device.ip","list":"NN"}}]`,
	} {
		_, problems := decodeAndCompile(strings.ReplaceAll(rules, "NN", number))
		text := fmt.Sprint(problems)
		if strings.Contains(text, number) {
			t.Errorf("%s: %s", rules, text)
		}
		if len(problems) == 0 && !strings.Contains(rules, "fields") {
			t.Errorf("%s: no problem", rules)
		}
	}
}

// Rules that look alike but can be reached are taken.
func TestReachableRules(t *testing.T) {
	for _, rules := range []string{
		`[{"id":"a","type":"condition","action":"REVIEW","expression":"true"},{"id":"b","type":"condition","action":"BLOCK","expression":"true"}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","live":false,"expression":"true"},{"id":"b","type":"condition","action":"BLOCK","expression":"true"}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","enabled":false,"expression":"true"},{"id":"b","type":"condition","action":"BLOCK","expression":"true"}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","condition":"exists($.items)"},{"id":"b","enabled":false,"type":"condition","action":"BLOCK","condition":"exists($.items)"}]`,
		`[{"id":"x","type":"backend","backend":"a/b"},{"id":"a","type":"condition","action":"BLOCK","condition":"eq($.backends.a/b.outcome, \"REVIEW\")"}]`,
		`[{"id":"a","type":"condition","score":10,"condition":"exists($.brand_new_field.of_theirs)"}]`,
	} {
		if _, problems := decodeAndCompile(rules); len(problems) > 0 {
			t.Errorf("%s: %+v", rules, problems)
		}
	}
}

// A ruleset keeps what it was given: decoding what was encoded gives the same rules.
func TestRulesSurviveJSON(t *testing.T) {
	text := `[{"id":"a","type":"condition","name":"n","description":"d","action":"ALLOW","enabled":false,"live":false,"terminal":true,"score":-5,"three_ds":"exempt","condition":{"field":"$.transaction.amount","op":"gt","value":1.50}},` +
		`{"id":"b","type":"blacklist","fields":["$.device.ip"],"ttl_seconds":60,"populate_on":["failed"]},` +
		`{"id":"c","type":"backend","backend":"x","async":true,"on_error":"block","timeout_ms":5,"score_thresholds":{"review_at":5,"block_at":50}},` +
		`{"id":"d","type":"backend_group","members":[{"backend":"x","live":true,"weight":60},{"backend":"y"}],"strategy":"split","sticky_on":"$.customer.id"}]`
	rules, problems := DecodeRules([]byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	again, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != text {
		t.Errorf("\n%s\n%s", again, text)
	}
}

func TestDecodeScore(t *testing.T) {
	if score, problems := DecodeScore([]byte(`{"review_at":50,"block_at":100}`)); len(problems) > 0 || *score != (Thresholds{50, 100}) {
		t.Error(score, problems)
	}
	if score, problems := DecodeScore([]byte(`null`)); len(problems) > 0 || score != nil {
		t.Error(score, problems)
	}
	if _, problems := DecodeScore([]byte(`{"reviewat":50}`)); len(problems) != 1 || problems[0].Field != "$.score.reviewat" {
		t.Error(problems)
	}
}

// What rules ask for is known before they run, each thing once.
func TestWhatIsAskedFor(t *testing.T) {
	p, problems := decodeAndCompile(`[
		{"id":"a","type":"condition","action":"BLOCK","condition":"or(gt(velocity($.device.ip, 1h), 5), gt(velocity($.device.ip, 3600), 9))"},
		{"id":"b","type":"condition","action":"BLOCK","expression":"count('$.device.ip', '60m') > 7 && distinct('$.device.ip', '$.customer.id', '1d') > 3 && journey.rating == 'malicious'"},
		{"id":"c","type":"condition","action":"BLOCK","condition":"gt(velocity_sum($.customer.id, $.transaction.amount, 60, \"context\"), 5)"},
		{"id":"d","type":"blacklist","fields":["$.customer.email","$.payment_method.card.bin_data.issuer"]},
		{"id":"e","type":"blacklist","fields":["$.device.fingerprint"],"enabled":false}]`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := fmt.Sprint(p.Windows()); got != "[{count $.device.ip  1h0m0s false} {distinct $.device.ip $.customer.id 24h0m0s false} {sum $.customer.id $.transaction.amount 1m0s true}]" {
		t.Error(got)
	}
	if got := strings.Join(p.BlacklistPaths(), " "); got != "$.customer.email $.credential.bin_data.issuer" {
		t.Error(got)
	}
	if got := strings.Join(p.Paths(), " "); got != "$.device.ip $.customer.id $.journey.rating $.customer.email $.credential.bin_data.issuer $.device.fingerprint" {
		t.Error(got)
	}
}

func TestPopulates(t *testing.T) {
	no := false
	for _, c := range []struct {
		rule Rule
		on   payment.EventType
		want bool
	}{
		{Rule{Type: BlacklistRule}, payment.FraudReport, true},
		{Rule{Type: BlacklistRule}, payment.Chargeback, false},
		{Rule{Type: BlacklistRule, PopulateOn: []payment.EventType{payment.Chargeback}}, payment.Chargeback, true},
		{Rule{Type: BlacklistRule, PopulateOn: []payment.EventType{payment.Chargeback}}, payment.FraudReport, false},
		{Rule{Type: BlacklistRule, Enabled: &no}, payment.FraudReport, false},
		{Rule{Type: BlacklistRule, Live: &no}, payment.FraudReport, false},
		{Rule{Type: ConditionRule}, payment.FraudReport, false},
	} {
		if got := c.rule.Populates(c.on); got != c.want {
			t.Errorf("%+v on %s: %v", c.rule, c.on, got)
		}
	}
}
