package decision

import (
	"slices"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/payment"
)

// TestAcceptedReviewsAreAllowedWhateverRulesSay: what rules said stays on record, the resolution is what decided, and neither a rule nor an
// asynchronous backend changes that later.
func TestAcceptedReviewsAreAllowedWhateverRulesSay(t *testing.T) {
	const review = event.ID("00000000-0000-7000-8000-000000000001")
	for _, c := range []struct {
		name, rules string
		fired       []string
	}{
		{"nothing fires", `[{"id":"large","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 900000)"}]`, nil},
		{"a block", `[{"id":"all","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 1)"}]`, []string{"all BLOCK"}},
		{"a review", `[{"id":"all","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 1)"}]`, []string{"all REVIEW"}},
		{"an asynchronous backend", asyncRule, nil},
	} {
		b := prepared(t, newMemory(), nil)
		b.activate("default", c.rules)
		b.hook()
		b.backends.say["link/vdm"] = "BLOCK"
		caller := Caller{Client: "c", IdempotencyKey: string(review), Accepted: review}
		d, err := b.Decide(t.Context(), b.pay(nil), caller)
		if err != nil {
			t.Fatal(err)
		}
		var fired []string
		for _, rule := range d.TriggeredRules {
			fired = append(fired, rule.RuleID+" "+string(rule.Action))
		}
		if d.Decision != payment.Allow || d.Initial != "" || d.Source != payment.RuleEngine || !slices.Equal(fired, append(c.fired, "resolution ALLOW")) {
			t.Errorf("%s: %v by %v", c.name, d.Decision, fired)
		}
		if last := d.TriggeredRules[len(d.TriggeredRules)-1]; last.Type != "resolution" || !strings.HasSuffix(last.Name, string(review)) {
			t.Errorf("%s: the resolution is told as %+v", c.name, last)
		}
		if e := b.kept(d.ID); e.Waiting || e.Decision.Decision != payment.Allow || b.Metrics().Waiting != 0 {
			t.Errorf("%s: it waits for somebody who could change it", c.name)
		}
		if names := b.ledger.eventNames(); !slices.Equal(names, []string{"decision.allow"}) {
			t.Errorf("%s: messages %v", c.name, names)
		}
		if m := b.Metrics(); m.Outcomes[payment.Allow] != 1 || m.Outcomes[payment.Block] != 0 {
			t.Errorf("%s: counted %v", c.name, m.Outcomes)
		}
		if again, err := b.Decide(t.Context(), b.pay(nil), caller); err != nil || again.ID != d.ID || again.Decision != payment.Allow {
			t.Errorf("%s: the same again is %v, %v", c.name, again.Decision, err)
		}
	}
}
