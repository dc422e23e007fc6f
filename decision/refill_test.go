package decision

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"wayguard/payment"
	"wayguard/ruleset"
)

const cardRule = `[{"id":"often","type":"condition","action":"BLOCK","condition":"velocity($.credential_fingerprint, 3600) > 3"}]`

// TestASlowCardTesterIsCaught: between the attempts with a card come more strangers than memory holds.
func TestASlowCardTesterIsCaught(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Limits.Counters = 64 * 8 })
	b.activate("default", cardRule)
	b.restoreNow(t)
	stranger := 0
	for n := range 8 {
		if d := b.decide(b.pay(nil)); (d.Decision == payment.Block) != (n >= 3) {
			t.Errorf("attempt %d: %v", n+1, d.Decision)
		}
		for range 2000 { // counted as the service counts them
			stranger++
			b.clock.advance(50 * time.Millisecond)
			values := map[string]string{fingerprintPath: fmt.Sprintf("crd_%032x", stranger)}
			b.force.Load().plan.countIn(b.rolling, &attempt{values: values, at: b.clock.Now()})
		}
	}
	m := b.Metrics()
	if m.CountersDropped == 0 || m.CountersRefilled == 0 || m.CountersUnknown != 0 {
		t.Errorf("%+v", m)
	}
	if b.ledger.searches > 8 {
		t.Errorf("the ledger was asked %d times for 8 payments", b.ledger.searches)
	}
}

// TestWhatCannotBeToldIsNotGuessed: something was let go and the ledger cannot say it again.
func TestWhatCannotBeToldIsNotGuessed(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Limits.Counters = 64 * 8 })
	b.activate("default", `[{"id":"card","type":"condition","action":"BLOCK","condition":"velocity($.credential_fingerprint, 3600) > 1"},
		{"id":"voucher","type":"condition","action":"REVIEW","condition":"velocity($.metadata.voucher, 3600) < 2"}]`)
	b.restoreNow(t)
	voucher := func(body map[string]any) { body["metadata"] = map[string]any{"voucher": "V"} }
	b.decide(b.pay(voucher))
	plan := b.force.Load().plan
	for i := range 5000 {
		b.clock.advance(time.Millisecond)
		plan.countIn(b.rolling, &attempt{values: map[string]string{fingerprintPath: fmt.Sprint(i), "$.metadata.voucher": fmt.Sprint(i)}, at: b.clock.Now()})
	}
	b.clock.advance(time.Second)
	b.ledger.breakDisk(true)
	if _, err := b.DryRun(t.Context(), b.pay(voucher), nil); err != nil || b.Metrics().CountersUnknown != 2 {
		t.Errorf("%v, %d counters were not told", err, b.Metrics().CountersUnknown)
	}
	b.ledger.breakDisk(false)
	asked := b.ledger.searches
	if d, err := b.DryRun(t.Context(), b.pay(voucher), nil); err != nil || fired(d) != "" || b.ledger.searches != asked {
		t.Errorf("%q fired, %v; after a failure the ledger rests", fired(d), err)
	}
	b.clock.advance(2 * refillRest)
	if d, err := b.DryRun(t.Context(), b.pay(voucher), nil); err != nil || fired(d) != "card" {
		t.Errorf("%q fired, %v: the card's attempts are in the ledger, the voucher's cannot be found there", fired(d), err)
	}
	b.clock.advance(time.Hour) // an hour in which nothing was let go
	if d, err := b.DryRun(t.Context(), b.pay(voucher), nil); err != nil || fired(d) != "voucher" {
		t.Errorf("an hour later %q fired, %v", fired(d), err)
	}
}

// TestManyAtOnceAskTheLedgerOnce for one counter, and none of them guesses.
func TestManyAtOnceAskTheLedgerOnce(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Limits.Counters = 64 * 8 })
	b.activate("default", cardRule)
	b.restoreNow(t)
	for range 600 { // more than a page
		b.decide(b.pay(nil))
		b.clock.advance(5 * time.Millisecond)
	}
	for i := range 20_000 {
		b.clock.advance(time.Millisecond)
		key := b.rolling.Key("stranger", fmt.Sprint(i))
		for range 2 { // seen again, so that they push out what was seen often too
			b.rolling.Add(key, b.clock.Now(), 1)
		}
	}
	b.clock.advance(time.Second)
	var all sync.WaitGroup
	for range 20 {
		r := b.pay(nil)
		all.Go(func() {
			if d, err := b.Decide(t.Context(), r, Caller{Client: "shop"}); err != nil || d.Decision != payment.Block {
				t.Errorf("decided %v, %v", d.Decision, err)
			}
		})
	}
	all.Wait()
	if m := b.Metrics(); m.CountersUnknown != 0 || b.ledger.searches != 3 || len(b.refills.running) != 0 {
		t.Errorf("%d not told, %d questions", m.CountersUnknown, b.ledger.searches)
	}
	if d, err := b.DryRun(t.Context(), b.pay(nil), nil); err != nil || d.Decision != payment.Block {
		t.Errorf("dry run: %v, %v", d.Decision, err)
	}
}

func TestNothingIsCountedThatNobodyAsksFor(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.decide(b.pay(nil))
	if m := b.Metrics(); m.CounterKeys != 0 || !m.Restored {
		t.Errorf("%d counters without a rule", m.CounterKeys)
	}
	b.activate("default", cardRule)
	b.decide(b.pay(nil))
	if m := b.Metrics(); m.CounterKeys != 1 {
		t.Errorf("%d counters for one rule", m.CounterKeys)
	}
}

// TestADraftCountsWhatNobodyCountedYet, from the ledger.
func TestADraftCountsWhatNobodyCountedYet(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	for i := range 3 {
		b.decide(b.pay(func(body map[string]any) { body["device"] = map[string]any{"ip": fmt.Sprintf("192.0.2.%d", i)} }))
		b.clock.advance(10 * time.Minute)
	}
	for rule, want := range map[string]string{
		"velocity($.customer.id, 3600) > 3":                               "r",
		"velocity($.customer.id, 3600) > 4":                               "",
		"velocity($.customer.id, 1500) > 2":                               "r",
		"velocity($.customer.id, 1500) > 3":                               "",
		"velocity_distinct($.customer.email, $.device.ip, 3600) > 3":      "r",
		"velocity_sum($.customer.id, $.transaction.amount, 3600) > 19999": "r",
		"velocity_sum($.customer.id, $.transaction.amount, 3600) > 20000": "",
		`not(velocity($.metadata.voucher, 3600) > 3)`:                     "r",
		`velocity($.customer.id, 3600, "context") > 3`:                    "r",
	} {
		rules := ruleset.Ruleset{Context: "default", Rules: b.rulesFrom(fmt.Sprintf(`[{"id":"r","type":"condition","action":"BLOCK","condition":%q}]`, rule))}
		if d, err := b.DryRun(t.Context(), b.pay(nil), &rules); err != nil || fired(d) != want {
			t.Errorf("%s: %q fired, want %q, %v", rule, fired(d), want, err)
		}
	}
	if m := b.Metrics(); m.CounterKeys != 0 || b.ledger.records != 3 {
		t.Errorf("a dry run left %d counters and %d decisions", m.CounterKeys, b.ledger.records)
	}
}
