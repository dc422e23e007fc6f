package ruleset

import (
	"encoding/json"
	"strings"
	"testing"

	"wayguard/payment"
)

// The text form in all its spellings becomes the one that is usual.
func TestText(t *testing.T) {
	for given, want := range map[string]string{
		`and( gte($.transaction.amount,50000),in($.billing.country,["X","Y"]) )`: `and(gte($.transaction.amount, 50000), in($.billing.country, ["X", "Y"]))`,
		`$.transaction.amount>=50000`:                                            `gte($.transaction.amount, 50000)`,
		`$.a != $.b`:                                                             `neq($.a, $.b)`,
		`$.a=="x"`:                                                               `eq($.a, "x")`,
		`velocity($.device.ip, 1h) > 5`:                                          `gt(velocity($.device.ip, 3600), 5)`,
		`lt(velocity_sum($.device.ip, $.transaction.amount, 90s, "context"), 5)`: `lt(velocity_sum($.device.ip, $.transaction.amount, 90, "context"), 5)`,
		`velocity_distinct($.a, $.b, 7d) <= 1`:                                   `lte(velocity_distinct($.a, $.b, 604800), 1)`,
		`in($.a, list("vip"))`:                                                   `in($.a, list("vip"))`,
		`in($.a, [])`:                                                            `in($.a, [])`,
		"not(\n\texists($.a['odd, (name)'].b)\n)":                                `not(exists($.a["odd, (name)"].b))`,
		`or(matches($.a, "\\d+"), contains($.a, -1.5e3), cidr($.ip, ["::1"]))`:   `or(matches($.a, "\\d+"), contains($.a, -1.5e3), cidr($.ip, ["::1"]))`,
		`eq($.a, true)`:                                                          `eq($.a, true)`,
	} {
		raw, err := ParseText(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		// Paths are kept as they are written.
		if got, err := Text(raw); err != nil || got != strings.ReplaceAll(want, `["odd, (name)"]`, `['odd, (name)']`) {
			t.Errorf("%s\ngot  %s %v\nwant %s", given, got, err, want)
		}
		quoted, _ := json.Marshal(given)
		if fromText, err := Text(quoted); err != nil || fromText == "" {
			t.Errorf("%s as a JSON text: %v", given, err)
		}
	}
}

func TestTextIsRefused(t *testing.T) {
	for given, says := range map[string]string{
		``:                            "an operator is needed here, such as eq(…) (at 1:1)",
		`equals($.a, 1)`:              `there is no operator "equals"`,
		`eq $.a, 1)`:                  `a "(" is needed here (at 1:4)`,
		`eq($.a, 1`:                   `a ")" is needed here`,
		`eq($.a, 1) x`:                "goes on after its end (at 1:12)",
		`eq(a, 1)`:                    "a path such as",
		`eq($.a, x)`:                  "a value is needed here",
		`eq($.a, 01)`:                 "a value is needed here",
		`eq($.a, null)`:               "a value is needed here",
		`eq($.a, "x)`:                 "a value is needed here",
		`$.a`:                         "a comparison such as",
		`velocity($.a, soon) > 5`:     "a window is needed here",
		`velocity($.a, 1h, "x") > 5`:  "scope",
		`velocity($.a, 1h) > $.b`:     "a value is needed here",
		`velocity($.a, 1h) > 1.5`:     "a whole number",
		`velocitty($.a, 1h) > 1`:      `did you mean "velocity"?`,
		`matches($.a, 5)`:             "a text in quotes",
		"and(exists($.a),\n  nope())": "(at 2:3)",
		"eq($.a, \"\xff\")":           "UTF-8",
		strings.Repeat("not(", 40) + "exists($.a)" + strings.Repeat(")", 40): "32 nodes deep",
		"or(" + strings.Repeat("exists($.a),", 600) + "exists($.a))":         "500 nodes",
		"in($.a, [" + strings.Repeat("1,", 1100) + "1])":                     "1000 values",
		strings.Repeat(" ", maxTextBytes) + "exists($.a)":                    "longer than",
	} {
		if _, err := ParseText(given); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %v", given, err)
		}
	}
	if _, err := Text(json.RawMessage(`{"op":"exists","field":"$.a b"}`)); err == nil {
		t.Error("a path that no text can hold was written")
	}
}

// Reading, writing and reading again gives the same tree; nothing breaks the parser or the compiler.
func FuzzParseText(f *testing.F) {
	for _, seed := range []string{
		`and(gte($.transaction.amount, 50000), in($.billing.country, ["X","Y"]))`, `gt(velocity($.device.ip, 1h, "context"), 5)`, `$.a != 'x'`,
		`or(not(exists($.a['x y'])), cidr($.device.ip, ["10.0.0.0/8"]), in($.a, list("vip")))`, `contains($.a, -1e-400)`, `matches($.device.ip, "^(a+)+$")`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := ParseText(text)
		if err != nil {
			if len(err.Error()) > 600 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		written, err := Text(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		again, err := ParseText(written)
		if err != nil || string(again) != string(raw) {
			t.Fatalf("%s\n%s\n%s\n%v", raw, written, again, err)
		}
		p, problems := Compile(Ruleset{Rules: []Rule{{ID: "r", Type: ConditionRule, Action: payment.Block, Condition: raw}}}, Options{})
		if (p == nil) != (len(problems) > 0) {
			t.Fatal(problems)
		}
		if p == nil {
			return
		}
		in := usualInput(t)
		plain := p.Evaluate(t.Context(), in)
		in.Trace = true
		if traced := p.Evaluate(t.Context(), in); traced.Outcome != plain.Outcome || *traced.Trace[0].Because.Result != (plain.Outcome == payment.Block) {
			t.Fatalf("%s: %s and %s", written, plain.Outcome, traced.Outcome)
		}
	})
}

// Whatever rules are sent, there are either rules or problems with paths, and what compiles runs.
func FuzzDecodeRules(f *testing.F) {
	for _, seed := range []string{
		`[{"id":"a","type":"condition","action":"BLOCK","condition":{"op":"and","args":[{"op":"gt","field":"$.transaction.amount","value":1.5},{"op":"not","arg":{"op":"in","field":"$.device.ip","list":"vip"}}]}}]`,
		`[{"id":"a","type":"condition","score":5,"expression":"transaction.amount > 5 && count('$.device.ip','1h') > 3"}]`,
		`[{"id":"b","type":"blacklist","fields":["$.device.ip"],"ttl_seconds":60},{"id":"g","type":"backend_group","strategy":"split","members":[{"backend":"a","weight":1}],"async":true}]`,
		`[{"id":"a","type":"condition","action":"BLOCK","condition":"velocity_sum($.device.ip, $.transaction.amount, 1h) > 5"}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, problems := DecodeRules(data)
		for _, p := range problems {
			if !strings.HasPrefix(p.Field, "$.rules") || p.Code == "" || p.Message == "" {
				t.Fatalf("%+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		again, err := json.Marshal(rules)
		if err != nil {
			t.Fatal(err)
		}
		if _, problems = DecodeRules(again); len(problems) > 0 {
			t.Fatalf("%s: %+v", again, problems)
		}
		p, problems := Compile(Ruleset{Rules: rules}, Options{})
		if (p == nil) != (len(problems) > 0) {
			t.Fatal(problems)
		}
		if p == nil {
			return
		}
		in := usualInput(t)
		in.Trace, in.Backends = true, saying("a=REVIEW")
		e := p.Evaluate(t.Context(), in)
		if len(e.Trace) != len(rules) || e.Outcome == "" || p.Finish(e, nil).Outcome == payment.Provisional {
			t.Fatalf("%+v", e)
		}
	})
}
