package engine_test

import (
	"strings"
	"testing"
	"time"

	"wayguard/engine"
	"wayguard/event"
)

// hotVisit is a visitor who keeps cookies and posts a form with ten fields, again and again, a millisecond apart.
func hotVisit(n int) event.Event {
	at := start().Add(time.Duration(n) * time.Millisecond)
	return event.Event{
		ID: "019a3f5e-0000-7000-8000-000000000000", Environment: "production", Time: at, Name: "Login through Form",
		Type: event.AuthenticationAttempt, Result: event.Success, Spec: "login",
		HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/api/login", Status: 200},
		Evidence: event.Evidence{Address: "203.0.113.9", HeaderShape: "5f2a1b7c9d3e4f60", UserAgent: "a1b2c3d4e5f60718",
			Tokens: []event.Token{{Name: "cookie:sid", Hash: "0f1e2d3c4b5a69788796a5b4c3d2e1f0"}}},
		Elements: hotElements(),
	}
}

func hotElements() []event.Element {
	attribute := func(name, value string) event.Element {
		return event.Element{Name: name, Kind: event.Attribute, Type: "string", Value: value}
	}
	return []event.Element{
		attribute("country", "DE"),
		entityOf("customer_id", "customer-81724"),
		{Name: "email", Kind: event.Entity, Type: "email", Value: "bob@example.com", Parts: event.PartsOf(map[string]string{"domain": "example.com"})},
		attribute("first_name", "Bob"),
		{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: "203.0.113.9", Parts: event.PartsOf(map[string]string{"prefix": "203.0.113.0/24"})},
		attribute("language", "de"),
		entityOf("order_id", "2026-11-000381"),
		entityOf("payment_from", "6d1a6b1f0c2e3d4f"),
		attribute("status_code", "200"),
		attribute("transaction_amount", "1250"),
		entityOf("username", "bob"),
	}
}

// BenchmarkObserveHot is one event of a hot session under fifty rules, on a desk; the state is at hand.
func BenchmarkObserveHot(b *testing.B) {
	e, d, state := newEngine(b, plainer(goldenRules(b))), engine.NewDesk(), map[string]engine.Held{}
	ev := hotVisit(0)
	for i := range 200 {
		ev.Time = start().Add(time.Duration(i) * time.Second)
		observeOn(b, e, d, state, &ev)
	}
	at := gather(e, d, d.Lay(&ev), state)
	b.ReportAllocs()
	for b.Loop() {
		d.Lay(&ev)
		if _, err := e.ObserveOn(d, at); err != nil {
			b.Fatal(err)
		}
	}
}

// plainer are the rules without one that makes a text of a number, which takes memory whoever does it.
func plainer(rules string) string {
	return strings.ReplaceAll(rules, `string(event.status) == "418"`, "event.status == 418")
}

// Nothing is left behind by an event on which no rule fires.
func TestObserveMakesNoGarbage(t *testing.T) {
	e, d, state := newEngine(t, plainer(goldenRules(t))), engine.NewDesk(), map[string]engine.Held{}
	ev := hotVisit(0)
	for i := range 200 {
		ev.Time = start().Add(time.Duration(i) * time.Second)
		observeOn(t, e, d, state, &ev)
	}
	at := gather(e, d, d.Lay(&ev), state)
	if n := testing.AllocsPerRun(100, func() {
		d.Lay(&ev)
		if _, err := e.ObserveOn(d, at); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%.0f allocations an event", n)
	}
}
