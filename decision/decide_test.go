package decision

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

const velocityRule = `[{"id":"often","type":"condition","action":"BLOCK","condition":"velocity($.customer.id, 3600) > 3"}]`

func TestWithoutRulesEverythingIsAllowed(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	d := b.decide(b.pay(nil))
	if d.Decision != payment.Allow || d.Source != payment.RuleEngine || d.RulesetID != nil || d.TriggeredRules == nil || d.BackendResults == nil || d.Events == nil {
		t.Errorf("answered %+v", d)
	}
	if d.MaskedCredential == nil || *d.MaskedCredential != "424242 ****** 4242" || d.CredentialFingerprint == nil {
		t.Error("the credential is not masked or has no fingerprint")
	}
	e := b.kept(d.ID)
	if text := string(packed(e)); strings.Contains(text, "4242424242424242") {
		t.Error("the ledger has the card number")
	}
	if e.Values["$.customer.email"] != "ann@example.com" || e.Values["$.device.ip"] != "192.0.2.7" || e.Values[fingerprintPath] != *d.CredentialFingerprint {
		t.Errorf("kept the values %v", e.Values)
	}
}

func TestTheContextsRulesOrTheDefaultsDecide(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"d","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 1)"}]`)
	mine := b.activate("shop", `[{"id":"s","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 1)"}]`)
	in := func(name string) payment.Decision {
		return b.decide(b.pay(func(body map[string]any) { body["context"] = name }))
	}
	if d := in("shop"); d.Decision != payment.Block || d.RulesetID == nil || *d.RulesetID != mine.ID || *d.RulesetVersion != 1 || d.Context != "shop" {
		t.Errorf("the shop's rules gave %v", d.Decision)
	}
	if d := in("elsewhere"); d.Decision != payment.Review || d.Context != "elsewhere" {
		t.Errorf("the default rules gave %v in %q", d.Decision, d.Context)
	}
	e := b.kept(in("shop").ID)
	if len(e.Decision.Explanation) != 1 || e.Decision.Explanation[0].Because == nil {
		t.Error("a rule fired and its explanation was not kept")
	}
	d, err := b.Decide(t.Context(), b.pay(nil), Caller{Explain: true})
	if err != nil || len(d.Explanation) != 1 {
		t.Errorf("asked for the explanation: %v, %v", d.Explanation, err)
	}
	if plain := in("shop"); plain.Explanation != nil {
		t.Error("an explanation that nobody asked for")
	}
}

func TestEachAttemptIsCountedOnceBeforeRulesRun(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", velocityRule)
	b.clock.advance(2 * time.Hour)
	for i := range 3 {
		if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
			t.Fatalf("attempt %d: %v", i+1, d.Decision)
		}
	}
	for range 5 { // a dry run sees what would be, and changes nothing
		if d, err := b.DryRun(t.Context(), b.pay(nil), nil); err != nil || d.Decision != payment.Block || len(d.Explanation) != 1 || d.ID != "" {
			t.Fatalf("dry run: %v, %v", d.Decision, err)
		}
	}
	if d := b.decide(b.pay(customer("c-2"))); d.Decision != payment.Allow {
		t.Errorf("another customer: %v", d.Decision)
	}
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block {
		t.Errorf("the fourth attempt: %v", d.Decision)
	}
	b.clock.advance(time.Hour)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
		t.Errorf("an hour later: %v", d.Decision)
	}
	if b.ledger.records != 6 {
		t.Errorf("%d decisions were kept, want 6", b.ledger.records)
	}
}

func TestIdempotency(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", velocityRule)
	b.clock.advance(2 * time.Hour)
	caller := Caller{Client: "shop", IdempotencyKey: "k", BodyDigest: "one"}
	var mu sync.Mutex
	ids := map[event.ID]int{}
	var all sync.WaitGroup
	for range 12 {
		r := b.pay(nil)
		all.Go(func() {
			d, err := b.Decide(t.Context(), r, caller)
			if err != nil || d.Decision != payment.Allow {
				t.Errorf("answered %v, %v", d.Decision, err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[d.ID]++
		})
	}
	all.Wait()
	if len(ids) != 1 || b.ledger.records != 1 || b.Metrics().Replays != 11 {
		t.Errorf("%d decisions for one key, %d kept, %d replays", len(ids), b.ledger.records, b.Metrics().Replays)
	}
	caller.BodyDigest = "two"
	if _, err := b.Decide(t.Context(), b.pay(nil), caller); !errors.Is(err, ErrIdempotency) {
		t.Errorf("another body: %v", err)
	}
	caller.Client = "other shop"
	if d, err := b.Decide(t.Context(), b.pay(nil), caller); err != nil || ids[d.ID] != 0 {
		t.Errorf("another client with the same key: %v", err)
	}
	if len(b.keys.locks) != 0 {
		t.Errorf("%d locks are left", len(b.keys.locks))
	}
}

func TestADecisionThatIsNotKeptIsNotAnswered(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	if _, _, err := b.CreateEndpoint(t.Context(), "https://example.com/h", []string{"decision.allow"}, "tester"); err != nil {
		t.Fatal(err)
	}
	b.ledger.breakDisk(true)
	for _, c := range []Caller{{}, {IdempotencyKey: "k", BodyDigest: "d"}} {
		d, err := b.Decide(t.Context(), b.pay(nil), c)
		if !errors.Is(err, ErrUnavailable) || d.Decision != "" || d.ID != "" {
			t.Errorf("answered %q with %v", d.Decision, err)
		}
	}
	if n := len(b.journeys.told); n != 0 || b.woken.Load() != 0 || len(b.ledger.keys()) != 0 {
		t.Errorf("%d journeys were told of it", n)
	}
	b.ledger.breakDisk(false)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow || len(b.journeys.told) != 1 || b.woken.Load() != 1 {
		t.Errorf("afterwards: %v", d.Decision)
	}
	if m := b.Metrics(); m.Unavailable != 2 || m.Outcomes[payment.Allow] != 1 {
		t.Errorf("counted %+v", m)
	}
}

func TestPanicsAreCaught(t *testing.T) {
	var log bytes.Buffer
	b := prepared(t, newMemory(), func(d *Deps) { d.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	b.activate("default", `[{"id":"b","type":"backend","backend":"link/vdm"}]`)
	b.backends.say["link/vdm"] = "panic"
	_, err := b.Decide(t.Context(), b.pay(nil), Caller{})
	if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "4242") || b.Metrics().Panics != 1 || b.ledger.records != 0 {
		t.Errorf("a panic of a backend: %v", err)
	}
	if text := log.String(); strings.Contains(text, "4242424242424242") || !strings.Contains(text, "a panic was caught") {
		t.Error("the log does not tell of the panic, or tells what it said")
	}
	b.backends.say["link/vdm"] = "ALLOW"
	b.journeys.panics = true
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow || d.Journey != nil || b.Metrics().Panics != 2 {
		t.Errorf("a panic of the journeys: %v", d.Decision)
	}
}

func TestTheJourneyIsReadAndTold(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"j","type":"condition","action":"REVIEW","condition":"gte($.journey.cards_in_session, 12)"}]`)
	forged := func(body map[string]any) { body["journey"] = map[string]any{"cards_in_session": 99} }
	if d := b.decide(b.pay(forged)); d.Decision != payment.Allow {
		t.Errorf("a journey that the caller made up: %v", d.Decision)
	}
	b.journeys.journey = &payment.Journey{CardsInSession: 13, Rating: "suspicious"}
	d := b.decide(b.pay(nil))
	if d.Decision != payment.Review || d.Journey == nil || d.Journey.CardsInSession != 13 {
		t.Errorf("thirteen cards: %v", d.Decision)
	}
	if !slices.Equal(b.journeys.told, []payment.Outcome{payment.Allow, payment.Review}) {
		t.Errorf("told %v", b.journeys.told)
	}
	// Only what somebody makes is an attempt, and on a route nothing but the session leads to a journey.
	if _, err := b.DryRun(t.Context(), b.pay(nil), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Decide(t.Context(), b.pay(nil), Caller{Client: "proxy", Route: true}); err != nil {
		t.Fatal(err)
	}
	if want := []Seek{{Attempt: true}, {Attempt: true}, {}, {Attempt: true, SessionOnly: true}}; !slices.Equal(b.journeys.sought, want) {
		t.Errorf("journeys were looked for as %+v", b.journeys.sought)
	}
}

func TestWebhooksAreKeptWithTheDecision(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"big","type":"condition","action":"BLOCK","condition":"gte($.transaction.amount, 100000)"}]`)
	w, key, err := b.CreateEndpoint(t.Context(), "https://example.com/h", []string{"decision.block", "decision.review", "decision.block"}, "tester")
	if err != nil || len(key) != keyLength || w.MaskedKey != key[:5]+"xxxxx" || len(w.Events) != 2 {
		t.Fatalf("made %+v, %v", w, err)
	}
	b.decide(b.pay(nil))
	if n := len(b.ledger.keys()); n != 0 {
		t.Fatalf("%d messages for an event that nobody asked for", n)
	}
	d := b.decide(b.pay(amount(100000)))
	want := string(w.ID) + "/" + string(d.ID) + "/decision.block"
	if keys := b.ledger.keys(); !slices.Equal(keys, []string{want}) {
		t.Fatalf("messages %v", keys)
	}
	m := b.ledger.messages[want]
	var body map[string]any
	if err := json.Unmarshal(m.Body, &body); err != nil {
		t.Fatal(err)
	}
	if m.Action != ActionPrefix+string(w.ID) || body["event"] != "decision.block" || body["decision_id"] != string(d.ID) || body["id"] == "" || len(body) != 4 {
		t.Errorf("the message is %v for %s", body, m.Action)
	}
	if _, keys, found := b.EndpointKeys(w.ID); !found || !slices.Equal(keys, []string{key}) {
		t.Error("the webhook's key is not the one that was told")
	}
	_, second, err := b.RotateEndpoint(t.Context(), w.ID, "tester")
	if err != nil {
		t.Fatal(err)
	}
	if _, keys, _ := b.EndpointKeys(w.ID); !slices.Equal(keys, []string{second, key}) {
		t.Error("after the rotation both keys should sign")
	}
	b.clock.advance(25 * time.Hour)
	if _, keys, _ := b.EndpointKeys(w.ID); !slices.Equal(keys, []string{second}) {
		t.Error("a day later the old key still signs")
	}
}

func TestDryRunOfADraft(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	rules := ruleset.Ruleset{Context: "default", Rules: b.rulesFrom(`[{"id":"big","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 5000)"},
		{"id":"ask","type":"backend","backend":"link/vdm"}]`)}
	d, err := b.DryRun(t.Context(), b.pay(nil), &rules)
	if err != nil || d.Decision != payment.Review || len(d.Explanation) != 2 || b.backends.times() != 0 || b.ledger.records != 0 {
		t.Errorf("answered %v, %v; %d backends asked", d.Decision, err, b.backends.times())
	}
	rules.Rules[0].Condition = json.RawMessage(`{"op":"nonsense"}`)
	var invalid *InvalidError
	if _, err := b.DryRun(t.Context(), b.pay(nil), &rules); !errors.As(err, &invalid) {
		t.Errorf("a draft with a mistake: %v", err)
	}
}

func TestExplain(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"big","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 5000)"},
		{"id":"often","type":"condition","action":"BLOCK","condition":"velocity($.customer.id, 3600) > 3"}]`)
	for n, keptThen := range map[int64]bool{5000: true, 4999: false} {
		d := b.decide(b.pay(amount(n)))
		traces, kept, err := b.Explain(t.Context(), d.ID)
		if err != nil || kept != keptThen || len(traces) != 2 || traces[0].Fired != keptThen || traces[0].Because == nil {
			t.Errorf("%d: %+v, kept %v, %v", n, traces, kept, err)
		}
	}
	if _, _, err := b.Explain(t.Context(), "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("no decision: %v", err)
	}
}

func TestRulesThatAskNobodyFollowOnError(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Backends = nil })
	b.activate("default", `[{"id":"ask","type":"backend","backend":"link/vdm","on_error":"block"}]`)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Block || !d.HasBackendError || *d.BackendResults[0].Error != "unavailable" {
		t.Errorf("answered %v with %+v", d.Decision, d.BackendResults)
	}
}
