package decision

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/payment"
)

const (
	asyncRule = `[{"id":"look","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 100000)"},
		{"id":"ask","type":"backend","backend":"link/vdm","async":true,"on_error":"review"}]`
	everyEvent = "decision.allow decision.block decision.review decision.provisional decision.async.allow decision.async.block decision.async.review decision.resolved"
)

func (b *bench) hook() Endpoint {
	b.t.Helper()
	w, _, err := b.CreateEndpoint(b.t.Context(), "https://example.com/h", strings.Fields(everyEvent), "tester")
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// events are the names of the messages that wait, without their ids.
func (m *memory) eventNames() (names []string) {
	for _, key := range m.keys() {
		names = append(names, key[strings.LastIndex(key, "/")+1:])
	}
	return names
}

func TestAsynchronousRulesAreFinishedOnce(t *testing.T) {
	for _, c := range []struct {
		say    string
		amount int64
		want   payment.Outcome
	}{{"ALLOW", 1, payment.Allow}, {"BLOCK", 1, payment.Block}, {"ALLOW", 100000, payment.Review}, {"unavailable", 1, payment.Review}} {
		b := prepared(t, newMemory(), nil)
		b.activate("default", asyncRule)
		b.hook()
		b.backends.say["link/vdm"] = c.say
		stop := b.running()
		d, err := b.Decide(t.Context(), b.pay(amount(c.amount)), Caller{PaymentType: "authorization"})
		if err != nil || d.Decision != payment.Provisional {
			t.Fatalf("%s: answered %v, %v", c.say, d.Decision, err)
		}
		eventually(t, "the decision is finished", func() bool { return !b.kept(d.ID).Waiting })
		stop()
		e := b.kept(d.ID)
		if e.Decision.Decision != c.want || e.Decision.Initial != payment.Provisional || e.Deferred != nil || len(e.Decision.BackendResults) != 1 {
			t.Errorf("%s: finally %v after %v with %d results", c.say, e.Decision.Decision, e.Decision.Initial, len(e.Decision.BackendResults))
		}
		if e.Decision.HasBackendError != (c.say == "unavailable") {
			t.Errorf("%s: has_backend_error is %v", c.say, e.Decision.HasBackendError)
		}
		want := []string{"decision.provisional", "decision.async." + lower(c.want)}
		if names := b.ledger.eventNames(); !slices.Equal(names, want) {
			t.Errorf("%s: messages %v, want %v", c.say, names, want)
		}
		last := b.ledger.keys()[1]
		if body := string(b.ledger.messages[last].Body); !strings.Contains(body, `"payment_state":"authorized"`) {
			t.Errorf("%s: the message %s has no payment state", c.say, body)
		}
		if b.backends.times() != 1 {
			t.Errorf("%s: the backend was asked %d times", c.say, b.backends.times())
		}
		if !slices.Equal(b.journeys.told, []payment.Outcome{payment.Provisional, c.want}) {
			t.Errorf("%s: the journey was told %v", c.say, b.journeys.told)
		}
	}
}

func TestAsynchronousWorkSurvivesTheProcess(t *testing.T) {
	ledger := newMemory()
	first := prepared(t, ledger, nil)
	first.activate("default", asyncRule)
	first.hook()
	d := first.decide(first.pay(nil)) // Run was never called: as if the process were killed now
	if e := first.kept(d.ID); !e.Waiting || strings.Contains(string(packed(e)), "4242424242424242") {
		t.Fatal("the decision does not wait in the ledger, or with the card number")
	}
	// Other rules are in force when the process comes back.
	first.activate("default", velocityRule)
	second := prepared(t, ledger, nil)
	second.backends.say["link/vdm"] = "BLOCK"
	second.running()
	eventually(t, "the decision is finished", func() bool { return !second.kept(d.ID).Waiting })
	if e := second.kept(d.ID); e.Decision.Decision != payment.Block || e.Decision.Initial != payment.Provisional {
		t.Errorf("finally %v", e.Decision.Decision)
	}
	r := second.backends.last
	if r == nil || r.Customer.ID != "c-1" || r.Amount != 5000 || r.Device.IP != "192.0.2.7" || r.Credential.Number != "" {
		t.Errorf("the backend was asked about %+v", r)
	}
	second.takePending(t.Context()) // and again, as after another crash
	if names := ledger.eventNames(); !slices.Equal(names, []string{"decision.provisional", "decision.async.block"}) {
		t.Errorf("messages %v", names)
	}
	if second.backends.times() != 1 {
		t.Errorf("asked %d times", second.backends.times())
	}
	eventually(t, "the journey is told", func() bool {
		second.journeys.mu.Lock()
		defer second.journeys.mu.Unlock()
		return slices.Equal(second.journeys.told, []payment.Outcome{payment.Block})
	})
}

func TestAsynchronousWorkThatIsTooLateFollowsOnError(t *testing.T) {
	ledger := newMemory()
	first := prepared(t, ledger, nil)
	first.activate("default", asyncRule)
	d := first.decide(first.pay(nil))
	second := prepared(t, ledger, nil)
	second.clock.advance(2 * time.Minute)
	second.running()
	eventually(t, "the decision is finished", func() bool { return !second.kept(d.ID).Waiting })
	e := second.kept(d.ID)
	if e.Decision.Decision != payment.Review || second.backends.times() != 0 || *e.Decision.BackendResults[0].Error != "timeout" {
		t.Errorf("finally %v, asked %d times", e.Decision.Decision, second.backends.times())
	}
	eventually(t, "it is counted", func() bool { return second.Metrics().Expired == 1 && second.Metrics().Waiting == 0 })
}

func TestWhatCannotBeFinishedByItsRulesIsFinishedAsItStands(t *testing.T) {
	for name, damage := range map[string]func(*memory, *Entry){
		"its ruleset is gone":     func(m *memory, e *Entry) { delete(m.rulesets, *e.Decision.RulesetID) },
		"its work cannot be read": func(_ *memory, e *Entry) { e.Deferred = []byte("nonsense") },
	} {
		for n, want := range map[int64]payment.Outcome{1: payment.Allow, 100000: payment.Review} {
			ledger := newMemory()
			first := prepared(t, ledger, nil)
			first.activate("default", asyncRule)
			d := first.decide(first.pay(amount(n)))
			if _, err := ledger.Amend(t.Context(), "", d.ID, func(e *Entry) error { damage(ledger, e); return nil }); err != nil {
				t.Fatal(err)
			}
			second := prepared(t, ledger, nil)
			second.running()
			eventually(t, "the decision is finished", func() bool { return !second.kept(d.ID).Waiting })
			if e := second.kept(d.ID); e.Decision.Decision != want {
				t.Errorf("%s, %d: finally %v, want %v", name, n, e.Decision.Decision, want)
			}
		}
	}
}

func TestAHangingBackendCostsItsTime(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Limits.Asynchronous = 30 * time.Millisecond })
	b.activate("default", asyncRule)
	b.backends.gate = make(chan struct{}) // never opened
	b.running()
	d := b.decide(b.pay(nil))
	eventually(t, "the decision is finished", func() bool { return !b.kept(d.ID).Waiting })
	if e := b.kept(d.ID); e.Decision.Decision != payment.Review {
		t.Errorf("finally %v", e.Decision.Decision)
	}
}

func TestAFinalDecisionThatCannotBeKeptIsTriedAgain(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", asyncRule)
	b.backends.say["link/vdm"] = "ALLOW"
	b.backends.gate = make(chan struct{})
	b.running()
	d := b.decide(b.pay(nil))
	eventually(t, "the backend is asked", func() bool { return b.backends.times() == 1 })
	b.ledger.breakDisk(true)
	close(b.backends.gate)
	eventually(t, "it could not be kept", func() bool { return b.Metrics().Unavailable > 0 })
	b.ledger.breakDisk(false)
	eventually(t, "the decision is finished", func() bool { return !b.kept(d.ID).Waiting })
	if e := b.kept(d.ID); e.Decision.Decision != payment.Allow || b.backends.times() != 1 {
		t.Errorf("finally %v, asked %d times", e.Decision.Decision, b.backends.times())
	}
}

func TestShadowMembersAreAskedAfterTheAnswer(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"g","type":"backend_group","strategy":"fallback","members":[{"backend":"link/live"},{"backend":"link/new","live":false}]},
		{"id":"s","type":"backend","backend":"link/strict","live":false}]`)
	b.backends.say["link/live"], b.backends.say["link/new"], b.backends.say["link/strict"] = "ALLOW", "BLOCK", "BLOCK"
	d := b.decide(b.pay(nil))
	if d.Decision != payment.Allow || b.backends.times() != 1 {
		t.Fatalf("answered %v after asking %d", d.Decision, b.backends.times())
	}
	b.running()
	eventually(t, "shadows are recorded", func() bool { return len(b.kept(d.ID).Decision.BackendResults) == 3 })
	e := b.kept(d.ID)
	for _, r := range e.Decision.BackendResults {
		if r.Live != (r.Backend == "link/live") {
			t.Errorf("%s is live %v", r.Backend, r.Live)
		}
	}
	if e.Decision.Decision != payment.Allow || e.Decision.Initial != "" || len(e.Decision.TriggeredRules) != 0 || len(e.Decision.ShadowTriggeredRules) != 1 || e.Decision.ShadowDecision != payment.Block {
		t.Errorf("shadows changed the decision: %v, %v, shadow %v %v", e.Decision.Decision, e.Decision.TriggeredRules, e.Decision.ShadowTriggeredRules, e.Decision.ShadowDecision)
	}
}

func TestThereIsRoomForSoManyShadows(t *testing.T) {
	b := prepared(t, newMemory(), func(d *Deps) { d.Limits.Waiting = 3 })
	b.activate("default", `[{"id":"s","type":"backend","backend":"link/x","live":false}]`)
	for range 5 {
		b.decide(b.pay(nil))
	}
	if m := b.Metrics(); m.ShadowDropped != 2 {
		t.Errorf("%d were let go, want 2", m.ShadowDropped)
	}
	b.activate("default", asyncRule)
	for range 5 {
		b.decide(b.pay(nil))
	}
	if n := b.work.held.count(); n != 3 {
		t.Errorf("%d are held, want 3", n)
	}
	b.backends.say["link/vdm"], b.backends.say["link/x"] = "ALLOW", "ALLOW"
	b.running()
	eventually(t, "those that waited in the ledger are finished too", func() bool {
		b.takePending(t.Context())
		list, _ := b.ledger.Pending(t.Context(), "", 10)
		return len(list) == 0
	})
	eventually(t, "each once", func() bool { return b.Metrics().Finished == 5 })
}
