package decision

import (
	"context"
	"fmt"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

const countingRules = `[
	{"id":"c","type":"condition","action":"BLOCK","condition":"velocity($.customer.id, 2592000) > 5"},
	{"id":"s","type":"condition","action":"REVIEW","condition":{"op":"velocity_sum","field":"$.customer.id","of":"$.transaction.amount","window_seconds":86400,"cmp":"gt","value":20000}},
	{"id":"d","type":"condition","action":"REVIEW","condition":{"op":"velocity_distinct","field":"$.device.ip","of":"$.customer.id","window_seconds":86400,"cmp":"gt","value":2}},
	{"id":"x","type":"condition","action":"REVIEW","condition":{"op":"velocity","field":"$.metadata.voucher","window_seconds":86400,"cmp":"gt","value":2,"scope":"context"}}]`

func fired(d payment.Decision) (ids string) {
	for _, r := range d.TriggeredRules {
		ids += r.RuleID
	}
	return ids
}

func TestCountersAreRestoredFromTheLedger(t *testing.T) {
	ledger := newMemory()
	first := prepared(t, ledger, nil)
	// When these were decided nobody counted sums, customers of an address or vouchers.
	for i := range 5 {
		first.clock.advance(time.Hour)
		first.decide(first.pay(func(body map[string]any) {
			customer(fmt.Sprintf("c-%d", i%2))(body)
			body["metadata"] = map[string]any{"voucher": "V"}
		}))
	}
	first.clock.advance(time.Hour)
	first.activate("default", countingRules)
	second := prepared(t, ledger, func(d *Deps) {
		began := d.Now
		d.Now = func() time.Time { return began().Add(6*time.Hour + time.Minute) }
	})
	voucher := func(body map[string]any) {
		customer("c-0")(body)
		amount(6000)(body)
		body["metadata"] = map[string]any{"voucher": "V"}
	}
	if d, err := second.DryRun(t.Context(), second.pay(voucher), nil); err != nil || fired(d) != "" || second.Metrics().Restored {
		t.Errorf("before counters are whole %q fired, %v", fired(d), err)
	}
	ledger.breakDisk(true)
	stop := second.running()
	time.AfterFunc(20*time.Millisecond, func() { ledger.breakDisk(false) })
	eventually(t, "counters are whole", func() bool { return second.Metrics().Restored })
	d, err := second.DryRun(t.Context(), second.pay(voucher), nil)
	if err != nil || fired(d) != "sx" { // 3 payments of 50 and this one of 60; vouchers 5 and this one
		t.Errorf("afterwards %q fired, %v", fired(d), err)
	}
	new := func(body map[string]any) { customer("c-new")(body) }
	if d, _ := second.DryRun(t.Context(), second.pay(new), nil); fired(d) != "d" {
		t.Errorf("a third customer of the address: %q fired", fired(d))
	}
	for range 2 {
		second.decide(second.pay(voucher))
	}
	if d := second.decide(second.pay(voucher)); fired(d) != "c" {
		t.Errorf("the sixth payment of the customer: %q fired", fired(d))
	}
	stop()
	// Rules that ask for nothing new restore nothing: what was counted is not counted again.
	second.activate("default", countingRules)
	second.running()
	eventually(t, "counters are whole", func() bool { return second.Metrics().Restored })
	if n, known := (&counts{plan: second.force.Load().plan, rolling: second.rolling, at: second.deps.Now()}).Count("$.customer.id", "c-0", "", 30*24*time.Hour); n != 6 || !known {
		t.Errorf("the customer has %d payments, want 6", n)
	}
}

// crowded is a ledger with many decisions at one place.
type crowded struct {
	*memory
	start time.Time
	n     int
	each  time.Duration
	asked int
}

func (c *crowded) Each(_ context.Context, _ event.Environment, from, to time.Time, visit func(*Entry) error) error {
	c.asked++
	for i := range c.n {
		at := c.start.Add(time.Duration(i) * c.each)
		if at.Before(from) || !at.Before(to) {
			continue
		}
		e := Entry{Decision: payment.Decision{EvaluatedAt: at, Amount: 1, Currency: "EUR", Context: "default"}, Values: map[string]string{"$.customer.id": "busy"}}
		if err := visit(&e); err != nil {
			return err
		}
	}
	return nil
}

func TestRestoringGoesInPiecesThatFitInMemory(t *testing.T) {
	const room = 300
	ledger := &crowded{memory: newMemory(), n: room*2 + 10, each: 30 * time.Millisecond}
	b := prepared(t, ledger.memory, func(d *Deps) { d.Ledger = ledger })
	ledger.start = b.clock.Now().Add(-20 * time.Hour)
	b.activate("default", countingRules)
	b.sliceRoom = room
	b.running()
	eventually(t, "counters are whole", func() bool { return b.Metrics().Restored })
	n, known := (&counts{plan: b.force.Load().plan, rolling: b.rolling, at: b.clock.Now()}).Count("$.customer.id", "busy", "", 30*24*time.Hour)
	if n != int64(ledger.n) || !known {
		t.Errorf("%d of %d decisions were counted after %d questions", n, ledger.n, ledger.asked)
	}
}

func TestOwnContextCounters(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", countingRules)
	b.clock.advance(48 * time.Hour)
	pay := func(name string) payment.Decision {
		return b.decide(b.pay(func(body map[string]any) {
			body["context"], body["metadata"] = name, map[string]any{"voucher": "V"}
		}))
	}
	pay("a")
	pay("a")
	if d := pay("b"); fired(d) != "" {
		t.Errorf("in another context %q fired", fired(d))
	}
	if d := pay("a"); fired(d) != "x" {
		t.Errorf("in its own context %q fired", fired(d))
	}
}
