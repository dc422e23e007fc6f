package decision

import (
	"errors"
	"slices"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

const blacklistRules = `[{"id":"bl","type":"blacklist","action":"BLOCK","fields":["$.credential_fingerprint","$.device.ip"],"ttl_seconds":3600,"populate_on":["fraud_report","chargeback"]}]`

func (b *bench) happens(id event.ID, kind payment.EventType) payment.LifecycleEvent {
	b.t.Helper()
	e, err := b.Ingest(b.t.Context(), payment.LifecycleEvent{Type: kind, DecisionID: id, OccurredAt: b.clock.Now(), Data: payment.Tree{"reason": "x"}}, "")
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

func TestStatesFollowByPrecedence(t *testing.T) {
	for _, c := range []struct {
		begins string
		events []payment.EventType
		want   payment.PaymentState
	}{
		{"", []payment.EventType{payment.Authorization}, payment.StateAuthorized},
		{"sale", nil, payment.StateCaptured},
		{"", []payment.EventType{payment.Capture, payment.Authorization}, payment.StateCaptured},
		{"authorization", []payment.EventType{payment.Chargeback, payment.FraudReport, payment.Capture}, payment.StateChargedback},
		{"", []payment.EventType{payment.FraudReport, payment.Refund}, payment.StateFraudReported},
	} {
		b := prepared(t, newMemory(), nil)
		d, err := b.Decide(t.Context(), b.pay(nil), Caller{PaymentType: c.begins})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range c.events {
			b.clock.advance(time.Second)
			b.happens(d.ID, kind)
		}
		e := b.kept(d.ID)
		if e.Decision.PaymentState == nil || *e.Decision.PaymentState != c.want || len(e.Decision.Events) != len(c.events) {
			t.Errorf("%q then %v: %v", c.begins, c.events, e.Decision.PaymentState)
		}
	}
}

func TestEventsAreTakenOnce(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"ask","type":"backend","backend":"link/vdm"}]`)
	b.backends.say["link/vdm"] = "ALLOW"
	d := b.decide(b.pay(nil))
	first := b.happens(d.ID, payment.Capture)
	if len(first.Notifications) != 1 || first.Notifications[0].Status != "delivered" || first.ID == "" || first.ProcessedAt.IsZero() {
		t.Errorf("took %+v", first)
	}
	again := b.happens(d.ID, payment.Capture)
	if again.ID != first.ID || len(again.Notifications) != 1 || b.notifier.told() != 1 || len(b.kept(d.ID).Decision.Events) != 1 {
		t.Errorf("the same event again is %s after %s; backends were told %d times", again.ID, first.ID, b.notifier.told())
	}
	e := payment.LifecycleEvent{Type: payment.Refund, DecisionID: d.ID, OccurredAt: b.clock.Now(), Data: payment.Tree{}}
	one, _ := b.Ingest(t.Context(), e, "key")
	e.Data = payment.Tree{"amount": 5}
	if two, err := b.Ingest(t.Context(), e, "key"); err != nil || one.ID != two.ID {
		t.Errorf("the same key gave %s and %s, %v", one.ID, two.ID, err)
	}
	e.Type = "nonsense"
	if _, err := b.Ingest(t.Context(), e, ""); !isInvalid(err, "$.type") {
		t.Errorf("a type that is none: %v", err)
	}
	e.Type, e.DecisionID = payment.Void, "01900000-0000-7000-8000-000000000000"
	if _, err := b.Ingest(t.Context(), e, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such decision: %v", err)
	}
	if got, err := b.LifecycleEvent(t.Context(), first.ID); err != nil || got.Type != payment.Capture || len(got.Notifications) != 1 {
		t.Errorf("found %+v, %v", got, err)
	}
}

func TestSlowBackendsAreToldInTheBackground(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"ask","type":"backend","backend":"link/vdm"}]`)
	b.backends.say["link/vdm"] = "ALLOW"
	b.notifier.gate = make(chan struct{})
	d := b.decide(b.pay(nil))
	e := b.happens(d.ID, payment.Chargeback)
	if len(e.Notifications) != 1 || e.Notifications[0].Status != statusPending {
		t.Fatalf("answered %+v", e.Notifications)
	}
	close(b.notifier.gate)
	eventually(t, "the notification is written", func() bool {
		kept, err := b.LifecycleEvent(t.Context(), e.ID)
		own := b.kept(d.ID).Decision.Events
		return err == nil && len(kept.Notifications) == 1 && kept.Notifications[0].Status == "delivered" && own[0].Notifications[0].Status == "delivered"
	})
}

func TestFraudFillsTheBlacklist(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", blacklistRules)
	d := b.decide(b.pay(nil))
	if d.Decision != payment.Allow {
		t.Fatalf("at first %v", d.Decision)
	}
	b.happens(d.ID, payment.Capture)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
		t.Fatalf("after a capture %v", d.Decision)
	}
	b.happens(d.ID, payment.FraudReport)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block {
		t.Errorf("after a fraud report %v", d.Decision)
	}
	values, more, err := b.Values(t.Context(), ValueQuery{Limit: 10})
	if err != nil || more || len(values) != 2 {
		t.Fatalf("%d values, %v", len(values), err)
	}
	for _, v := range values {
		if v.SourceDecisionID == nil || *v.SourceDecisionID != d.ID || v.ExpiresAt == nil || v.Manual {
			t.Errorf("the value is %+v", v)
		}
		if (v.FieldPath == fingerprintPath) != (v.DisplayHint != nil && *v.DisplayHint == "****4242") {
			t.Errorf("%s has the hint %v", v.FieldPath, v.DisplayHint)
		}
	}
	b.clock.advance(time.Hour) // nothing has taken the entries away: they are simply over
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
		t.Errorf("when the entries have expired %v", d.Decision)
	}
	b.forget(t.Context())
	if n := b.Metrics().ListValues; n != 0 || len(b.ledger.values) != 0 {
		t.Errorf("%d expired values are held", n)
	}
}

func TestAnEventThatCouldNotBeCompletedIsCompletedWhenItComesAgain(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", blacklistRules)
	d := b.decide(b.pay(nil))
	at := b.clock.Now()
	e := payment.LifecycleEvent{Type: payment.FraudReport, DecisionID: d.ID, OccurredAt: at, Data: payment.Tree{}}
	key, err := eventKey(e, "")
	if err != nil {
		t.Fatal(err)
	}
	kept := e // the process died after this
	kept.ID, kept.ProcessedAt = b.deps.NewID(at), at
	if _, _, err := b.ledger.AppendEvent(t.Context(), "", kept, key); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	again, err := b.Ingest(t.Context(), e, "")
	if err != nil || again.ID != kept.ID {
		t.Fatalf("took %s, %v", again.ID, err)
	}
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block {
		t.Errorf("the blacklist was not filled: %v", d.Decision)
	}
	if s := b.kept(d.ID).Decision.PaymentState; s == nil || *s != payment.StateFraudReported {
		t.Errorf("the state is %v", s)
	}
}

func TestResolutions(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"ask","type":"backend","backend":"link/vdm"},{"id":"big","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 100)"}]`)
	b.backends.say["link/vdm"] = "ALLOW"
	b.hook()
	small, big := b.decide(b.pay(amount(1))), b.decide(b.pay(nil))
	if _, _, err := b.Resolve(t.Context(), small.ID, true, "ann", "", ""); !errors.Is(err, ErrStatus) {
		t.Errorf("resolving an ALLOW: %v", err)
	}
	if err := b.Claim(t.Context(), big.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if err := b.Claim(t.Context(), big.ID, "bob"); !errors.Is(err, ErrConflict) {
		t.Errorf("claiming what somebody has: %v", err)
	}
	d, told, err := b.Resolve(t.Context(), big.ID, false, "ann", "fraud", "called them")
	if err != nil || d.Resolution == nil || d.Resolution.Resolution != payment.Rejected || d.Resolution.ResolvedBy != "ann" || len(told) != 1 || told[0].Status != "delivered" {
		t.Errorf("resolved %+v, told %v, %v", d.Resolution, told, err)
	}
	if _, _, err := b.Resolve(t.Context(), big.ID, true, "bob", "", ""); !errors.Is(err, ErrStatus) {
		t.Errorf("resolving it twice: %v", err)
	}
	if !slices.Equal(b.journeys.resolved, []string{"REJECTED"}) {
		t.Errorf("the journeys were told %v", b.journeys.resolved)
	}
	if err := b.Claim(t.Context(), big.ID, "bob"); !errors.Is(err, ErrStatus) {
		t.Errorf("claiming what is resolved: %v", err)
	}
	if _, _, err := b.Resolve(t.Context(), "nothing", true, "bob", "", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("resolving nothing: %v", err)
	}
	if names := b.ledger.eventNames(); !slices.Contains(names, EventResolved) || len(names) != 3 {
		t.Errorf("messages %v", names)
	}
	if !slices.Equal(b.notifier.kinds, []string{"resolution"}) {
		t.Errorf("told %v", b.notifier.kinds)
	}
}
