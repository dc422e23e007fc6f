package ruleset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wayguard/payment"
)

// Groups, by what their backends say.
func TestBackends(t *testing.T) {
	group := func(rest string, members ...string) string {
		return fmt.Sprintf(`{"id":"g","type":"backend_group",%s,"members":[%s]}`, rest, strings.Join(members, ","))
	}
	member := func(name string, weight int) string { return fmt.Sprintf(`{"backend":%q,"weight":%d}`, name, weight) }
	all := []string{member("a", 1), member("b", 1), member("c", 5)}
	for _, c := range []struct{ name, rules, say, want, asked string }{
		{"one allows", `{"id":"g","type":"backend","backend":"a"}`, "a=ALLOW", "ALLOW|BACKEND|[]|[]|||", "a"},
		{"one blocks", `{"id":"g","type":"backend","backend":"a"}`, "a=BLOCK", "BLOCK|BACKEND|[g]|[]||a|", "a"},
		{"one fails", `{"id":"g","type":"backend","backend":"a"}`, "a=timeout", "ALLOW|RULE_ENGINE|[]|[]|||", "a"},
		{"one fails, review", `{"id":"g","type":"backend","backend":"a","on_error":"review"}`, "a=insufficient_context", "REVIEW|BACKEND|[g]|[]||a|", "a"},
		{"one fails, block", `{"id":"g","type":"backend","backend":"a","on_error":"block"}`, "a=unavailable", "BLOCK|BACKEND|[g]|[]||a|", "a"},
		{"a number", `{"id":"g","type":"backend","backend":"a","score_thresholds":{"review_at":50,"block_at":90}}`, "a=score 60", "REVIEW|BACKEND|[g]|[]||a|", "a"},
		{"a number below", `{"id":"g","type":"backend","backend":"a","score_thresholds":{"review_at":50}}`, "a=score 40", "ALLOW|BACKEND|[]|[]|||", "a"},
		{"a word nobody knows", `{"id":"g","type":"backend","backend":"a","on_error":"review"}`, "a=PROVISIONAL", "REVIEW|BACKEND|[g]|[]||a|", "a"},
		{"both kinds", `{"id":"r","type":"condition","action":"REVIEW","condition":"exists($.device.ip)"},{"id":"g","type":"backend","backend":"a"}`, "a=ALLOW", "REVIEW|COMBINED|[r]|[]||condition|", "a"},
		{"after a block nobody is asked", `{"id":"r","type":"condition","action":"BLOCK","condition":"exists($.device.ip)"},{"id":"g","type":"backend","backend":"a"}`, "a=ALLOW", "BLOCK|RULE_ENGINE|[r]|[]||condition|", ""},
		{"what was said can be read", `{"id":"g","type":"backend","backend":"a/b"},{"id":"r","type":"condition","action":"BLOCK","condition":"eq($.backends.a/b.outcome, \"REVIEW\")"},{"id":"s","type":"condition","action":"BLOCK","expression":"true"}`, "a/b=REVIEW", "BLOCK|COMBINED|[g r]|[]||condition|", "a/b"},
		{"expressions read it too", `{"id":"g","type":"backend","backend":"a/b"},{"id":"r","type":"condition","action":"BLOCK","expression":"backends['a/b'].score > 4"}`, "a/b=score 5", "BLOCK|COMBINED|[r]|[]||condition|", "a/b"},
		{"fallback takes the first", group(`"strategy":"fallback"`, all...), "a=REVIEW b=BLOCK", "REVIEW|BACKEND|[g]|[]||a|", "a"},
		{"fallback goes on", group(`"strategy":"fallback"`, all...), "a=timeout b=BLOCK", "BLOCK|BACKEND|[g]|[]||b|", "a b"},
		{"fallback ends", group(`"strategy":"fallback","on_error":"block"`, all...), "a=timeout b=timeout c=timeout", "BLOCK|BACKEND|[g]|[]||a|", "a b c"},
		{"fallback is not ended by a shadow", group(`"strategy":"fallback"`, `{"backend":"a","live":false}`, member("b", 0)), "a=BLOCK b=REVIEW", "REVIEW|BACKEND|[g]|[]||b|", "b"},
		{"strictest", group(`"strategy":"parallel"`, all...), "a=ALLOW b=BLOCK c=REVIEW", "BLOCK|BACKEND|[g]|[]||b|", "a b c"},
		{"strictest of those that answer", group(`"strategy":"parallel"`, all...), "a=ALLOW b=timeout c=REVIEW", "REVIEW|BACKEND|[g]|[]||c|", "a b c"},
		{"nobody answers", group(`"strategy":"parallel","on_error":"review"`, all...), "a=timeout b=timeout c=timeout", "REVIEW|BACKEND|[g]|[]||a|", "a b c"},
		{"lenient", group(`"strategy":"parallel","merge":"lenient"`, all...), "a=BLOCK b=REVIEW c=BLOCK", "REVIEW|BACKEND|[g]|[]||b|", "a b c"},
		{"majority", group(`"strategy":"parallel","merge":"majority"`, all...), "a=ALLOW b=BLOCK c=ALLOW", "ALLOW|BACKEND|[]|[]|||", "a b c"},
		{"majority, tie", group(`"strategy":"parallel","merge":"majority"`, all...), "a=ALLOW b=REVIEW c=timeout", "REVIEW|BACKEND|[g]|[]||b|", "a b c"},
		{"weighted", group(`"strategy":"parallel","merge":"weighted"`, all...), "a=BLOCK b=BLOCK c=ALLOW", "ALLOW|BACKEND|[]|[]|||", "a b c"},
		{"first", group(`"strategy":"parallel","merge":"first"`, all...), "a=BLOCK:30 b=REVIEW:10 c=ALLOW:20", "REVIEW|BACKEND|[g]|[]||b|", "a b c"},
		{"split", group(`"strategy":"split"`, member("a", 0), member("b", 1)), "a=BLOCK b=REVIEW", "REVIEW|BACKEND|[g]|[]||b|", "b"},
		{"points of a backend", `{"id":"g","type":"backend","backend":"a","score":7}`, "a=REVIEW", "REVIEW|BACKEND|[g]|[]||a||7", "a"},
		{"shadow rule", `{"id":"g","type":"backend","backend":"a","live":false}`, "a=BLOCK", "ALLOW|RULE_ENGINE|[]|[]|ALLOW||", ""},
		{"asynchronous", `{"id":"r","type":"condition","action":"REVIEW","condition":"exists($.device.ip)"},{"id":"g","type":"backend","backend":"a","async":true}`, "a=BLOCK", "PROVISIONAL|COMBINED|[r]|[]||a|", ""},
		{"asynchronous, then a block", `{"id":"g","type":"backend","backend":"a","async":true},{"id":"r","type":"condition","action":"BLOCK","condition":"exists($.device.ip)"}`, "a=ALLOW", "BLOCK|RULE_ENGINE|[r]|[]||condition|", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := usualInput(t)
			b := saying(c.say)
			in.Backends = b
			e := mustCompile(t, "["+c.rules+"]", nil).Evaluate(t.Context(), in)
			if got := line(e); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if asked := strings.Join(b.asked, " "); asked != c.asked {
				t.Errorf("asked %s, not %s", asked, c.asked)
			}
			if len(e.Results) != len(b.asked) {
				t.Errorf("%d results of %d", len(e.Results), len(b.asked))
			}
		})
	}
}

// saying reads "a=BLOCK:30 b=timeout c=score 5".
func saying(text string) *backends {
	b := &backends{say: map[string]string{}, slow: map[string]int64{}}
	name := ""
	for _, word := range strings.Fields(text) {
		before, say, named := strings.Cut(word, "=")
		if !named {
			b.say[name] += " " + word
			continue
		}
		name = before
		say, slow, _ := strings.Cut(say, ":")
		b.say[name] = say
		b.slow[name], _ = smallInteger(slow)
	}
	return b
}

// A split gives each arm its share, and a customer stays in one arm.
func TestSplitShares(t *testing.T) {
	text := func(sticky string) string {
		return `[{"id":"g","type":"backend_group","strategy":"split"` + sticky + `,"members":[{"backend":"a","weight":60},{"backend":"b","weight":40},{"backend":"z","weight":0},{"backend":"s","live":false,"weight":900}]}]`
	}
	count := func(p *Program, input func(i int) Input) map[string]int {
		shares := map[string]int{}
		for i := range draws {
			in, b := input(i), saying("a=ALLOW b=ALLOW")
			in.Backends = b
			e := p.Evaluate(t.Context(), in)
			if len(b.asked) != 1 || len(e.Deferred) != 1 || e.Deferred[0].Live || e.Deferred[0].Calls[0].Backend != "s" {
				t.Fatal(b.asked, e.Deferred)
			}
			shares[b.asked[0]]++
		}
		return shares
	}
	drawn := count(mustCompile(t, text(""), nil), func(i int) Input { return Input{Request: &payment.Request{}, Draw: i} })
	if drawn["a"] != 6000 || drawn["b"] != 4000 {
		t.Error(drawn)
	}
	sticky := mustCompile(t, text(`,"sticky_on":"$.customer.id"`), nil)
	customer := func(i, draw int) Input {
		return Input{Request: &payment.Request{Tree: payment.Tree{"customer": payment.Tree{"id": fmt.Sprint("c-", i)}}}, Draw: draw}
	}
	if shares := count(sticky, func(i int) Input { return customer(i, 0) }); shares["a"] < 5700 || shares["a"] > 6300 {
		t.Error(shares)
	}
	if shares := count(sticky, func(i int) Input { return customer(7, i) }); len(shares) != 1 {
		t.Error(shares)
	}
	if missing := count(sticky, func(i int) Input { return Input{Request: &payment.Request{}, Draw: i} }); missing["a"] != 6000 {
		t.Error(missing)
	}
}

// Late answers make a PROVISIONAL evaluation final.
func TestFinish(t *testing.T) {
	const review = `{"id":"r","type":"condition","action":"REVIEW","condition":"exists($.device.ip)"},`
	for _, c := range []struct{ name, rules, say, want string }{
		{"allowed", `{"id":"g","type":"backend","backend":"a","async":true}`, "a=ALLOW", "ALLOW|BACKEND|[]|[]|||"},
		{"blocked", review + `{"id":"g","type":"backend","backend":"a","async":true}`, "a=BLOCK", "BLOCK|COMBINED|[r g]|[]||a|"},
		{"merged with a review", review + `{"id":"g","type":"backend","backend":"a","async":true}`, "a=ALLOW", "REVIEW|COMBINED|[r]|[]||condition|"},
		{"in the rules' order", `{"id":"g","type":"backend","backend":"a","async":true},` + strings.TrimSuffix(review, ","), "a=REVIEW", "REVIEW|COMBINED|[g r]|[]||a|"},
		{"failed", `{"id":"g","type":"backend","backend":"a","async":true,"on_error":"review"}`, "a=timeout", "REVIEW|BACKEND|[g]|[]||a|"},
		{"failed, allow", `{"id":"g","type":"backend","backend":"a","async":true}`, "a=timeout", "ALLOW|RULE_ENGINE|[]|[]|||"},
		{"a group falls back", `{"id":"g","type":"backend_group","strategy":"fallback","async":true,"members":[{"backend":"a"},{"backend":"b"}]}`, "a=timeout b=BLOCK", "BLOCK|BACKEND|[g]|[]||b|"},
		{"in parallel", `{"id":"g","type":"backend_group","strategy":"parallel","async":true,"members":[{"backend":"a"},{"backend":"b"}]}`, "a=REVIEW b=ALLOW", "REVIEW|BACKEND|[g]|[]||a|"},
		{"points", `{"id":"g","type":"backend","backend":"a","async":true,"score":9}`, "a=REVIEW", "REVIEW|BACKEND|[g]|[]||a||9"},
		{"shadow is recorded", `{"id":"g","type":"backend","backend":"a","live":false}`, "a=BLOCK", "ALLOW|RULE_ENGINE|[]|[g]|BLOCK||"},
		{"shadow before a terminal allow", `{"id":"g","type":"backend","backend":"a","live":false},{"id":"v","type":"condition","action":"ALLOW","terminal":true,"condition":"exists($.device.ip)"}`, "a=BLOCK", "ALLOW|RULE_ENGINE|[v]|[g]|BLOCK|condition|"},
		{"shadow members are recorded", `{"id":"g","type":"backend_group","strategy":"fallback","members":[{"backend":"a","live":false},{"backend":"b"}]}`, "a=BLOCK b=ALLOW", "ALLOW|BACKEND|[]|[]|||"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := mustCompile(t, "["+c.rules+"]", nil)
			in := usualInput(t)
			b := saying(c.say)
			in.Backends, in.Trace = b, true
			e := p.Evaluate(t.Context(), in)
			if len(e.Deferred) == 0 {
				t.Fatal("nothing deferred")
			}
			var late []payment.BackendResult
			for _, d := range e.Deferred {
				late = append(late, p.Await(t.Context(), b, d)...)
			}
			before := line(e)
			done := p.Finish(e, late)
			if got := line(done); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if line(e) != before || len(done.Deferred) != 0 || len(done.Results) != len(e.Results)+len(late) {
				t.Errorf("%+v", done)
			}
			at := slices.IndexFunc(done.Trace, func(r payment.RuleTrace) bool { return r.RuleID == "g" })
			if done.Trace[at].Because.Result == nil {
				t.Errorf("%+v", done.Trace[at])
			}
		})
	}
}

// An asynchronous rule whose answer never comes follows its on_error.
func TestFinishWithoutAnAnswer(t *testing.T) {
	p := mustCompile(t, `[{"id":"g","type":"backend","backend":"a","async":true,"on_error":"block"}]`, nil)
	in := usualInput(t)
	in.Backends = saying("")
	e := p.Evaluate(t.Context(), in)
	if done := p.Finish(e, nil); line(done) != "BLOCK|BACKEND|[g]|[]||a|" {
		t.Error(line(done))
	}
}

// What shadows say may come before what counts: the evaluation goes on waiting.
func TestFinishShadowsFirst(t *testing.T) {
	p := mustCompile(t, `[{"id":"g","type":"backend_group","strategy":"fallback","async":true,"on_error":"block","members":[{"backend":"a"},{"backend":"s","live":false}]},
		{"id":"h","type":"backend","backend":"s","live":false}]`, nil)
	in := usualInput(t)
	b := saying("a=REVIEW s=BLOCK")
	in.Backends, in.Trace = b, true
	e := p.Evaluate(t.Context(), in)
	var live, shadow []payment.BackendResult
	for _, d := range e.Deferred {
		if d.Live {
			live = append(live, p.Await(t.Context(), b, d)...)
		} else {
			shadow = append(shadow, p.Await(t.Context(), b, d)...)
		}
	}
	deferred := e.Deferred
	e.Deferred = nil
	noted := p.Finish(e, shadow)
	if got := line(noted); got != "PROVISIONAL|BACKEND|[]|[h]|BLOCK|a|" || len(noted.Results) != 2 {
		t.Error(got, noted.Results)
	}
	if noted.Trace[0].Action != payment.Provisional {
		t.Errorf("%+v", noted.Trace[0])
	}
	noted.Deferred = deferred
	done := p.Finish(noted, live)
	if got := line(done); got != "REVIEW|BACKEND|[g]|[h]|BLOCK|a|" || done.Trace[0].Action != payment.Review || len(done.Results) != 3 {
		t.Error(got)
	}
}

// A backtest answers backends from what they said then, be it under another rule.
func TestRecordedAnswers(t *testing.T) {
	in := usualInput(t)
	in.Recorded = []payment.BackendResult{{RuleID: "old", Backend: "a", Outcome: payment.Review}}
	p := mustCompile(t, `[{"id":"g","type":"backend_group","strategy":"fallback","async":true,"members":[{"backend":"a"},{"backend":"b"}]},{"id":"h","type":"backend","backend":"b","on_error":"block"}]`, nil)
	e := p.Evaluate(t.Context(), in)
	if line(e) != "REVIEW|BACKEND|[g]|[]||a|" || e.Results[0].RuleID != "g" {
		t.Errorf("%s %+v", line(e), e.Results)
	}
}
