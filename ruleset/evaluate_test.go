package ruleset

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"wayguard/payment"
)

// ids are the ids of rules that fired.
func ids(told []payment.TriggeredRule) string {
	var all []string
	for _, t := range told {
		all = append(all, t.RuleID)
	}
	return strings.Join(all, " ")
}

// line is an evaluation in one line.
func line(e Evaluation) string {
	parts := []string{string(e.Outcome), string(e.Source), "[" + ids(e.Triggered) + "]", "[" + ids(e.ShadowTriggered) + "]", string(e.Shadow), e.Decisive, e.ThreeDS}
	if e.Score != nil {
		parts = append(parts, fmt.Sprint(*e.Score))
	}
	return strings.Join(parts, "|")
}

func TestEvaluationOrder(t *testing.T) {
	const yes, no = `"condition":"exists($.device.ip)"`, `"condition":"exists($.billing.plz)"`
	rule := func(id, rest string) string { return fmt.Sprintf(`{"id":%q,"type":"condition",%s}`, id, rest) }
	for _, c := range []struct {
		name, rules, want string
		score             *Thresholds
	}{
		{"nothing", ``, "ALLOW|RULE_ENGINE|[]|[]|||", nil},
		{"nothing fires", rule("a", `"action":"BLOCK",`+no), "ALLOW|RULE_ENGINE|[]|[]|||", nil},
		{"block ends", rule("a", `"action":"REVIEW",`+yes) + "," + rule("b", `"action":"BLOCK","expression":"transaction.amount > 1"`) + "," + rule("c", `"action":"REVIEW",`+yes),
			"BLOCK|RULE_ENGINE|[a b]|[]||condition|", nil},
		{"reviews gather", rule("a", `"action":"REVIEW",`+yes) + "," + rule("b", `"action":"REVIEW",`+yes), "REVIEW|RULE_ENGINE|[a b]|[]||condition|", nil},
		{"allow is recorded only", rule("a", `"action":"ALLOW",`+yes) + "," + rule("b", `"action":"BLOCK",`+yes), "BLOCK|RULE_ENGINE|[a b]|[]||condition|", nil},
		{"terminal allow ends, over reviews", rule("a", `"action":"REVIEW",`+yes) + "," + rule("b", `"action":"ALLOW","terminal":true,`+yes) + "," + rule("c", `"action":"BLOCK","expression":"device.ip != ''"`),
			"ALLOW|RULE_ENGINE|[a b]|[]||condition|", nil},
		{"block before a terminal allow", rule("a", `"action":"BLOCK",`+yes) + "," + rule("b", `"action":"ALLOW","terminal":true,"expression":"device.ip != ''"`), "BLOCK|RULE_ENGINE|[a]|[]||condition|", nil},
		{"disabled", rule("a", `"action":"BLOCK","enabled":false,`+yes), "ALLOW|RULE_ENGINE|[]|[]|||", nil},
		{"shadow", rule("a", `"action":"BLOCK","live":false,`+yes) + "," + rule("b", `"action":"REVIEW",`+yes), "REVIEW|RULE_ENGINE|[b]|[a]|BLOCK|condition|", nil},
		{"shadow terminal allow", rule("a", `"action":"ALLOW","terminal":true,"live":false,`+yes) + "," + rule("b", `"action":"REVIEW",`+yes), "REVIEW|RULE_ENGINE|[b]|[a]|ALLOW|condition|", nil},
		{"shadow that does not fire", rule("a", `"action":"BLOCK","live":false,`+no), "ALLOW|RULE_ENGINE|[]|[]|ALLOW||", nil},
		{"blacklist", `{"id":"a","type":"blacklist","fields":["$.customer.id","$.device.ip"]}`, "BLOCK|RULE_ENGINE|[a]|[]||blacklist|", nil},
		{"blacklist reviews", `{"id":"a","type":"blacklist","action":"REVIEW","fields":["$.device.ip"]}`, "REVIEW|RULE_ENGINE|[a]|[]||blacklist|", nil},
		{"blacklist of others", `{"id":"a","type":"blacklist","fields":["$.customer.id"]}`, "ALLOW|RULE_ENGINE|[]|[]|||", nil},
		{"points", rule("a", `"score":30,`+yes) + "," + rule("b", `"score":30,`+yes) + "," + rule("c", `"score":99,`+no), "REVIEW|RULE_ENGINE|[a b]|[]||score||60", &Thresholds{50, 100}},
		{"points block", rule("a", `"score":60,`+yes) + "," + rule("b", `"score":40,"action":"REVIEW",`+yes), "BLOCK|RULE_ENGINE|[a b]|[]||score||100", &Thresholds{50, 100}},
		{"points relieve", rule("a", `"score":60,`+yes) + "," + rule("b", `"score":-40,`+yes), "ALLOW|RULE_ENGINE|[a b]|[]||||20", &Thresholds{50, 100}},
		{"points without thresholds", rule("a", `"score":60,`+yes), "ALLOW|RULE_ENGINE|[a]|[]||||60", nil},
		{"terminal allow over points", rule("a", `"score":200,`+yes) + "," + rule("b", `"action":"ALLOW","terminal":true,`+yes), "ALLOW|RULE_ENGINE|[a b]|[]||condition||200", &Thresholds{50, 100}},
		{"shadow points", rule("a", `"score":60,"live":false,`+yes) + "," + rule("b", `"score":40,`+yes), "ALLOW|RULE_ENGINE|[b]|[a]|BLOCK|||40", &Thresholds{50, 100}},
		{"advice", rule("a", `"three_ds":"exempt",`+yes) + "," + rule("b", `"three_ds":"require",`+yes) + "," + rule("c", `"three_ds":"exempt",`+yes), "ALLOW|RULE_ENGINE|[a b c]|[]|||require", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := mustCompile(t, "["+c.rules+"]", c.score)
			e := p.Evaluate(t.Context(), usualInput(t))
			if got := line(e); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			in := usualInput(t)
			in.Trace = true
			traced := p.Evaluate(t.Context(), in)
			if len(traced.Trace) != len(p.rules) {
				t.Errorf("%d of %d rules explained", len(traced.Trace), len(p.rules))
			}
			if traced.Trace = nil; !reflect.DeepEqual(e, traced) {
				t.Errorf("explaining changed it: %+v", traced)
			}
		})
	}
}

// What a trace says of rules that did not run.
func TestTraceSaysWhySkipped(t *testing.T) {
	in := usualInput(t)
	in.Trace = true
	p := mustCompile(t, `[{"id":"a","type":"condition","action":"BLOCK","enabled":false,"expression":"true"},{"id":"b","type":"condition","action":"BLOCK","condition":"exists($.device)"},{"id":"c","type":"backend","backend":"x"}]`, nil)
	e := p.Evaluate(t.Context(), in)
	if e.Trace[0].Skipped != "disabled" || !e.Trace[1].Fired || e.Trace[2].Skipped != "after_block" {
		t.Errorf("%+v", e.Trace)
	}
	p = mustCompile(t, `[{"id":"b","type":"condition","action":"ALLOW","terminal":true,"condition":"exists($.device)"},{"id":"c","type":"backend","backend":"x"}]`, nil)
	if e = p.Evaluate(t.Context(), in); e.Trace[1].Skipped != "after_allow" {
		t.Errorf("%+v", e.Trace)
	}
	p = mustCompile(t, `[{"id":"c","type":"backend","backend":"x"}]`, nil)
	if e = p.Evaluate(t.Context(), in); e.Trace[0].Skipped != "not_asked" || e.Outcome != payment.Allow {
		t.Errorf("%+v", e.Trace)
	}
}

// modelRule is a rule whose condition is known to hold or not.
type modelRule struct {
	id                      string
	holds, live, on, ending bool
	action                  payment.Outcome
	score                   int64
}

// model evaluates rules the plain way: the live ones alone, then all of them.
func model(rules []modelRule, t *Thresholds, withShadow bool) (outcome payment.Outcome, fired []string) {
	outcome = payment.Allow
	var score int64
	for _, r := range rules {
		if !r.on || !r.holds || !r.live && !withShadow {
			continue
		}
		fired = append(fired, r.id)
		score += r.score
		if r.action == payment.Block || r.ending {
			return r.action, fired
		}
		if r.action == payment.Review {
			outcome = payment.Review
		}
	}
	switch {
	case t == nil:
	case t.BlockAt > 0 && score >= t.BlockAt:
		return payment.Block, fired
	case t.ReviewAt > 0 && score >= t.ReviewAt:
		return payment.Review, fired
	}
	return outcome, fired
}

// Any rules in any order give what the model gives.
func TestEvaluateLikeTheModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var rules []Rule
		var plain []modelRule
		for i := range random.IntN(8) {
			m := modelRule{
				id: fmt.Sprint("r", i), holds: random.IntN(2) == 0, live: random.IntN(4) > 0, on: random.IntN(6) > 0,
				action: []payment.Outcome{payment.Allow, payment.Allow, payment.Review, payment.Review, payment.Block}[random.IntN(5)], score: int64(random.IntN(3) * 20),
			}
			m.ending = m.action == payment.Allow && random.IntN(3) == 0
			condition := fmt.Sprintf("gt($.transaction.amount, %d)", i)
			if !m.holds {
				condition = fmt.Sprintf("lt($.transaction.amount, %d)", i)
			}
			r := conditionRule(t, m.id, condition, m.action)
			r.Live, r.Enabled, r.Terminal, r.Score = &m.live, &m.on, m.ending, m.score
			rules, plain = append(rules, r), append(plain, m)
		}
		var score *Thresholds
		if random.IntN(2) == 0 {
			score = &Thresholds{ReviewAt: 40, BlockAt: 80}
		}
		p, problems := Compile(Ruleset{Rules: rules, Score: score}, Options{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		e := p.Evaluate(t.Context(), usualInput(t))
		outcome, fired := model(plain, score, false)
		if e.Outcome != outcome || ids(e.Triggered) != strings.Join(fired, " ") {
			t.Fatalf("%+v\nwant %s %v, got %s", plain, outcome, fired, line(e))
		}
		if shadow, _ := model(plain, score, true); e.Shadow != "" && e.Shadow != shadow {
			t.Fatalf("%+v\nwant shadow %s, got %s", plain, shadow, line(e))
		}
		if hasShadow := slices.ContainsFunc(plain, func(m modelRule) bool { return m.on && !m.live }); hasShadow != (e.Shadow != "") {
			t.Fatalf("%+v: shadow %q", plain, e.Shadow)
		}
	}
}

// Many payments at a time go through one program, and none sees another's values.
func TestEvaluateIsSafeForConcurrentUse(t *testing.T) {
	p := mustCompile(t, `[{"id":"a","type":"condition","action":"BLOCK","condition":"eq($.customer.id, $.metadata.want)"},{"id":"b","type":"condition","action":"REVIEW","expression":"customer.id == metadata.want && count('$.customer.id', '1h') > 0"}]`, nil)
	done := make(chan string)
	for worker := range 4 {
		go func() {
			wrong := ""
			for i := range 500 {
				id := fmt.Sprintf("c-%d-%d", worker, i)
				want, expected := id, payment.Block
				if i%2 == 0 {
					want, expected = "other", payment.Allow
				}
				in := Input{Request: &payment.Request{Tree: payment.Tree{"customer": payment.Tree{"id": id}, "metadata": payment.Tree{"want": want}}}}
				if e := p.Evaluate(t.Context(), in); e.Outcome != expected {
					wrong = line(e)
				}
			}
			done <- wrong
		}()
	}
	for range 4 {
		if wrong := <-done; wrong != "" {
			t.Error(wrong)
		}
	}
}
