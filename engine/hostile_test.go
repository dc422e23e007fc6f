package engine_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"wayguard/engine"
	"wayguard/event"
	"wayguard/session"
)

func presented(hash string) event.Token { return event.Token{Name: "cookie:sid", Hash: hash} }

// observe judges one event on the state and keeps what it changes.
func observe(t *testing.T, e *engine.Engine, state map[string]engine.Held, ev event.Event) engine.Step {
	t.Helper()
	step, err := e.ObserveFrom(&ev, source(state))
	if err != nil {
		t.Fatal(err)
	}
	keep(state, step.Changes)
	return step
}

func expiries(step engine.Step, kind byte) []time.Time {
	var out []time.Time
	for _, c := range step.Changes {
		if c.Key[0] == kind {
			out = append(out, c.Expires)
		}
	}
	return out
}

// Tokens that a visitor makes up are few and soon forgotten; one that comes back is kept.
func TestMadeUpTokensAreSoonForgotten(t *testing.T) {
	e, state := newEngine(t, rules), map[string]engine.Held{}
	var flood []event.Token
	for i := range 64 {
		flood = append(flood, presented(fmt.Sprint("made up ", i)))
	}
	step := observe(t, e, state, visit(1, start(), event.SessionUpdate, "", "203.0.113.9", flood))
	tokens := expiries(step, 't')
	if len(tokens) != 4 {
		t.Errorf("%d made up tokens of one event are remembered, want 4", len(tokens))
	}
	for _, at := range tokens {
		if at.After(start().Add(2 * session.IdleTimeout)) {
			t.Errorf("a made up token is remembered until %s", at)
		}
	}
	again := observe(t, e, state, visit(2, start().Add(time.Minute), event.SessionUpdate, "", "203.0.113.9", flood[:1]))
	if kept := expiries(again, 't'); len(kept) != 1 || kept[0].Before(start().Add(20*24*time.Hour)) {
		t.Errorf("a token that came back is remembered until %v", kept)
	}
}

// What has expired is not there any more, even where the store has not got round to forgetting it: a replay has no store
// that forgets.
func TestExpiredStateIsNotSeen(t *testing.T) {
	e, state := newEngine(t, rules), map[string]engine.Held{}
	issued := []event.Token{{Name: "cookie:sid", Hash: "h", Issued: true}}
	first := observe(t, e, state, visit(1, start(), event.SessionUpdate, "", "203.0.113.9", issued))
	late := visit(2, start().Add(3*time.Hour), event.SessionUpdate, "", "203.0.113.9", []event.Token{presented("h")})
	second := observe(t, e, state, late)
	if second.Record.Session.Journey == first.Record.Session.Journey {
		t.Error("a token that had expired led to its journey")
	}
	forgotten := map[string]engine.Held{}
	if swept := observe(t, e, forgotten, late); swept.Record.Session.Journey != second.Record.Session.Journey {
		t.Error("the verdict depends on when the store forgets")
	}
}

// An event with a crowd of one element still counts for its account and address.
func TestCrowdOfValuesHidesNoAccount(t *testing.T) {
	var elements []event.Element
	for i := range 200 {
		elements = append(elements, entityOf("email", fmt.Sprintf("%03d@example.com", i)))
	}
	elements = append(elements, entityOf("username", "bob"))
	ev := visit(1, start(), event.AuthenticationAttempt, event.Failure, "203.0.113.9", nil, elements...)
	keys := new(engine.Desk).Lay(&ev)
	if len(keys) > 48 {
		t.Errorf("%d keys for one event", len(keys))
	}
	for _, want := range []string{"e\x00production\x00username\x00bob", "e\x00production\x00ip_address\x00203.0.113.9"} {
		found := false
		for _, key := range keys {
			found = found || key == want
		}
		if !found {
			t.Errorf("%q is not remembered", want)
		}
	}
}

// A minus takes nothing back, and no amount makes a sum run over.
func TestAmountsOnlyAdd(t *testing.T) {
	for value, want := range map[string]int64{"1250": 1250, "-1250": 1250, "-9223372036854775808": math.MaxInt64, "x": 0} {
		ev := &event.Event{Type: event.RefundRequest, Elements: []event.Element{{Name: "refund_amount", Value: value}}}
		sum := int64(0)
		for _, c := range engine.Contributions(ev) {
			if c.Counter == "refund_amount" {
				sum += c.Amount
			}
		}
		if sum != want {
			t.Errorf("refund of %s counts %d, want %d", value, sum, want)
		}
	}
}

// A state restored with another idle timeout, or without the session's first records, is the state as recorded.
func TestRestoreFollowsTheRecord(t *testing.T) {
	e := newEngine(t, rules)
	token := []event.Token{presented("h")}
	var records []event.Record
	live := map[string]engine.Held{}
	for i := range 4 {
		ev := visit(i, start().Add(time.Duration(i)*20*time.Minute), event.SessionUpdate, "", "203.0.113.9", token)
		records = append(records, observe(t, e, live, ev).Record)
	}
	if records[3].Session.Number != 4 {
		t.Fatalf("the last event is number %d of its session", records[3].Session.Number)
	}
	strict, err := engine.New(setOf(t, rules), engine.Settings{IdleTimeout: 15 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]int{"all of it": 0, "the head is lost": 2} {
		restored := map[string]engine.Held{}
		for _, r := range records[from:] {
			changes, err := strict.RestoreFrom(&r, source(restored))
			if err != nil {
				t.Fatal(err)
			}
			keep(restored, changes)
		}
		next := observe(t, e, restored, visit(9, start().Add(70*time.Minute), event.SessionUpdate, "", "203.0.113.9", token))
		if got := next.Record.Session; got.ID != records[3].Session.ID || got.Journey != records[3].Session.Journey || got.Number != 5 {
			t.Errorf("%s: the next event is number %d of %s, want 5 of %s", name, got.Number, got.ID, records[3].Session.ID)
		}
	}
}

// The heaviest event that capture lets through.
func BenchmarkObserveCrowd(b *testing.B) {
	e := newEngine(b, rules)
	var elements []event.Element
	for i := range 8 {
		for j := range 32 {
			elements = append(elements, entityOf([]string{"email", "gift_card", "order_id", "payment_from", "phone", "product_sku", "username", "coupon"}[i], fmt.Sprint("value ", j)))
		}
	}
	state := map[string]engine.Held{}
	b.ReportAllocs()
	for b.Loop() {
		ev := visit(1, start(), event.AuthenticationAttempt, event.Failure, "203.0.113.9", nil, elements...)
		step, err := e.ObserveFrom(&ev, source(state))
		if err != nil {
			b.Fatal(err)
		}
		keep(state, step.Changes)
	}
}
