package decision

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"wayguard/payment"
	"wayguard/ruleset"
)

// history is a day of payments: card "c-bad" is used eight times within an hour, the last five turn out to be fraud a day later; each
// of ten others pays twice.
func history(t *testing.T) (*bench, time.Time, time.Time) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"huge","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 9000)"}]`)
	from := b.clock.Now()
	var fraud []payment.Decision
	for i := range 8 {
		b.clock.advance(time.Minute)
		d := b.decide(b.pay(func(body map[string]any) {
			customer("c-bad")(body)
			amount(int64(100 * (i + 1)))(body)
			body["device"].(map[string]any)["ip"] = "192.0.2.66"
		}))
		if i >= 3 {
			fraud = append(fraud, d)
		}
	}
	for i := range 20 {
		b.clock.advance(time.Minute)
		b.decide(b.pay(func(body map[string]any) {
			customer(fmt.Sprintf("c-%d", i%10))(body)
			amount(int64(1000 * (i%10 + 1)))(body)
		}))
	}
	b.clock.advance(24 * time.Hour)
	for _, d := range fraud {
		b.happens(d.ID, payment.Chargeback)
	}
	b.clock.advance(time.Hour)
	// The same address once more, after the chargebacks are known.
	d := b.decide(b.pay(func(body map[string]any) { body["device"].(map[string]any)["ip"] = "192.0.2.66" }))
	b.happens(d.ID, payment.FraudReport)
	b.clock.advance(time.Hour)
	return b, from, b.clock.Now()
}

func TestBacktest(t *testing.T) {
	b, from, to := history(t)
	candidate := ruleset.Ruleset{Context: "default", Rules: b.rulesFrom(`[
		{"id":"often","type":"condition","action":"BLOCK","condition":"velocity($.customer.id, 3600) > 4"},
		{"id":"bl","type":"blacklist","action":"REVIEW","fields":["$.device.ip"],"populate_on":["chargeback"]}]`)}
	before := b.ledger.records
	r, err := b.Backtest(t.Context(), candidate, from, to)
	if err != nil {
		t.Fatal(err)
	}
	// Of 29 decisions the rules block attempts 5 to 8, all fraud; the chargeback list catches the last one, and nothing before the
	// chargebacks came, though the list is known today.
	if r.Decisions != 29 || r.Skipped != 0 || r.Truncated || r.Candidate.Blocked.Count != 4 || r.Candidate.Reviewed.Count != 1 || r.Candidate.Allowed.Count != 24 {
		t.Errorf("candidate: %+v", r.Candidate)
	}
	if c := r.Candidate; c.FraudCaught.Count != 5 || c.FraudMissed.Count != 1 || c.GoodHit.Count != 0 || *c.Precision != 1 || *c.Recall != 5.0/6 {
		t.Errorf("candidate: caught %d, missed %d, hit %d good ones, precision %v, recall %v", c.FraudCaught.Count, c.FraudMissed.Count, c.GoodHit.Count, *c.Precision, *c.Recall)
	}
	if saved := r.Candidate.Saved["EUR"]; saved != 500+600+700+800+5000 {
		t.Errorf("saved %d", saved)
	}
	if c := r.Recorded; c.Blocked.Count != 4 || c.Blocked.Money["EUR"] != 38000 || c.FraudCaught.Count != 0 || c.GoodHit.Count != 4 || *c.Precision != 0 || *c.Recall != 0 {
		t.Errorf("recorded: %+v", c)
	}
	if r.NewlyHit.Count != 5 || r.NewlyHit.Fraud != 5 || len(r.NewlyHit.Examples) != 5 || r.NewlyHit.Examples[0].Rules[0] != "often" || r.NoLongerHit.Count != 4 || r.NoLongerHit.Fraud != 0 {
		t.Errorf("newly %+v, no longer %+v", r.NewlyHit, r.NoLongerHit)
	}
	for range 3 {
		again, err := b.Backtest(t.Context(), candidate, from, to)
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("another run gave another report: %v", err)
		}
	}
	if b.ledger.records != before {
		t.Error("a backtest kept decisions")
	}
}

func TestBacktestUsesWhatBackendsSaid(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"ask","type":"backend","backend":"link/vdm","live":true}]`)
	b.backends.say["link/vdm"] = "BLOCK"
	from := b.clock.Now()
	b.decide(b.pay(nil))
	b.clock.advance(time.Second)
	for rules, want := range map[string]payment.Outcome{
		`[{"id":"other","type":"backend","backend":"link/vdm"}]`:                                    payment.Block,
		`[{"id":"async","type":"backend","backend":"link/vdm","async":true}]`:                       payment.Block,
		`[{"id":"never","type":"backend","backend":"link/none","on_error":"review"}]`:               payment.Allow,
		`[{"id":"shadow","type":"backend","backend":"link/vdm","live":false}]`:                      payment.Allow,
		`[{"id":"a","type":"condition","action":"REVIEW","condition":"exists($.credential.type)"}]`: payment.Review,
	} {
		r, err := b.Backtest(t.Context(), ruleset.Ruleset{Context: "default", Rules: b.rulesFrom(rules)}, from, b.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		got := payment.Allow
		switch {
		case r.Candidate.Blocked.Count == 1:
			got = payment.Block
		case r.Candidate.Reviewed.Count == 1:
			got = payment.Review
		}
		if got != want || r.Decisions != 1 {
			t.Errorf("%s: %v, want %v", rules, got, want)
		}
	}
	if b.backends.times() != 1 {
		t.Errorf("backends were asked %d times", b.backends.times())
	}
}

func TestBacktestsAreBounded(t *testing.T) {
	b, from, to := history(t)
	b.limits.Backtest = 10
	rules := ruleset.Ruleset{Context: "default"}
	r, err := b.Backtest(t.Context(), rules, from, to)
	if err != nil || !r.Truncated || r.Decisions != 10 {
		t.Errorf("%d decisions, truncated %v, %v", r.Decisions, r.Truncated, err)
	}
	if _, err := b.Backtest(t.Context(), rules, to, from); !isInvalid(err, "$.from") {
		t.Errorf("from after to: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Backtest(gone, rules, from, to); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for it: %v", err)
	}
	elsewhere := ruleset.Ruleset{Context: "elsewhere"}
	if r, err := b.Backtest(t.Context(), elsewhere, from, to); err != nil || r.Decisions != 0 {
		t.Errorf("rules of another context judged %d, %v", r.Decisions, err)
	}
	b.limits.Backtest = 1000
	b.clock.advance(31 * 24 * time.Hour)
	b.forget(t.Context())
	if r, err := b.Backtest(t.Context(), rules, from, to); err != nil || r.Skipped != r.Decisions || r.Decisions != 29 {
		t.Errorf("without payloads %d of %d were skipped, %v", r.Skipped, r.Decisions, err)
	}
}

func TestPerformanceAndAnalytics(t *testing.T) {
	b, from, to := history(t)
	active := b.force.Load().rulesets["default"].ruleset
	p, err := b.RulesetPerformance(t.Context(), active.ID, from, to)
	if err != nil || p.Decisions != 29 || p.Fraud != 6 || len(p.Rules) != 1 || p.Rules[0].Hits != 4 || *p.Rules[0].Precision != 0 || p.Rules[0].LastHit == nil {
		t.Errorf("performance %+v, %v", p, err)
	}
	a, err := b.Analytics(t.Context(), from, to)
	if err != nil || len(a.Days) != 2 || a.Days[0].Total != 28 || a.Days[1].Total != 1 || a.Contexts[0].Total != 29 || len(a.Outcomes) != 2 {
		t.Errorf("analytics %+v, %v", a, err)
	}
	if len(a.Rules) != 1 || a.Rules[0].Key != "default/huge" || a.Rules[0].Blocked != 4 || a.Rules[0].Money["EUR"] != 38000 {
		t.Errorf("by rule %+v", a.Rules)
	}
	if _, err := b.RulesetPerformance(t.Context(), "nothing", from, to); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such ruleset: %v", err)
	}
}

func TestBacktestKnowsManualEntriesFromWhenTheyWereMade(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	from := b.clock.Now()
	b.decide(b.pay(nil))
	b.clock.advance(time.Minute)
	if _, err := b.AddValue(t.Context(), ListValue{FieldPath: "$.device.ip", Value: "192.0.2.7"}, 0, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddValue(t.Context(), ListValue{List: "vip", Value: "c-7"}, 0, "ann"); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	b.decide(b.pay(nil))
	b.decide(b.pay(customer("c-7")))
	b.clock.advance(time.Minute)
	rules := ruleset.Ruleset{Context: "default", Rules: b.rulesFrom(`[
		{"id":"vip","type":"condition","action":"ALLOW","terminal":true,"condition":{"op":"in","field":"$.customer.id","list":"vip"}},
		{"id":"bl","type":"blacklist","action":"BLOCK","fields":["$.device.ip"]}]`)}
	r, err := b.Backtest(t.Context(), rules, from, b.clock.Now())
	if err != nil || r.Decisions != 3 || r.Candidate.Blocked.Count != 1 || r.Candidate.Precision == nil || r.Recorded.Precision != nil {
		t.Errorf("%+v, %v", r.Candidate, err)
	}
}
