package mitigation

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// The order itself: whichever steps would speak, the first of them decides, and none behind it is asked.
func TestTheFirstStepThatSpeaksDecides(t *testing.T) {
	for mask := range 1 << doneRank {
		var order [ranks]rank
		asked := 0
		for n := range order {
			order[n].speaks = func(*weighing) (Reason, string, bool) {
				asked++
				return Reason(fmt.Sprint(n)), "", mask&(1<<n) != 0
			}
		}
		want := doneRank
		for n := doneRank - 1; n >= 0; n-- {
			if mask&(1<<n) != 0 {
				want = n
			}
		}
		at, reason, _ := first(&order, 0, nil)
		if at != want || at < doneRank && (reason != Reason(fmt.Sprint(want)) || asked != want+1) {
			t.Fatalf("mask %010b: step %d decides (%s, %d asked), want %d", mask, at, reason, asked, want)
		}
	}
}

// circumstance makes one step of the order speak.
type circumstance struct {
	reason  Reason
	outcome event.Outcome
	arrange func(d *desk, c *policy.Config, m *policy.MitigationConfig, v *visit)
	settle  func(d *desk, v *visit)
}

func circumstances() []circumstance {
	return []circumstance{
		{reason: ReasonStop, outcome: event.Withheld, settle: func(d *desk, _ *visit) {
			if err := d.control.Stop(d.now.Add(time.Hour), "why", "who"); err != nil {
				d.t.Fatal(err)
			}
		}},
		{reason: ReasonAllowed, outcome: event.Withheld, arrange: func(_ *desk, _ *policy.Config, m *policy.MitigationConfig, _ *visit) {
			m.Allow = []policy.AllowConfig{{Name: "office", Addresses: []string{"192.0.2.0/24"}}}
		}},
		{reason: ReasonSpared, outcome: event.Withheld, settle: func(d *desk, v *visit) {
			if err := d.control.Spare(policy.ScopeSession, "session-1", d.now.Add(time.Hour)); err != nil {
				d.t.Fatal(err)
			}
		}},
		{reason: ReasonNotHeld, outcome: event.Unavailable, settle: func(_ *desk, v *visit) { v.notHeld = true }},
		{reason: ReasonBreaker, outcome: event.Withheld, settle: func(d *desk, _ *visit) {
			b := &d.plan.named["p"].ledger.breaker
			b.mu.Lock()
			defer b.mu.Unlock()
			b.open(d.now)
		}},
		{reason: ReasonQuiet, outcome: event.Withheld, arrange: func(_ *desk, c *policy.Config, _ *policy.MitigationConfig, _ *visit) {
			c.Quiet = []policy.QuietConfig{{From: "11:00", To: "13:00"}}
		}},
		{reason: ReasonShadow, outcome: event.Withheld, arrange: func(_ *desk, c *policy.Config, _ *policy.MitigationConfig, _ *visit) {
			c.Mode = policy.Shadow
		}},
		{reason: ReasonControl, outcome: event.Withheld, arrange: func(_ *desk, c *policy.Config, _ *policy.MitigationConfig, _ *visit) {
			c.Rollout.Control = 100
		}},
		{reason: ReasonSharedAddress, outcome: event.Withheld, settle: func(d *desk, _ *visit) {
			for n := range sharedBy {
				d.control.people.see("192.0.2.1", event.ID(fmt.Sprint("neighbour-", n)), d.now)
			}
		}},
		{reason: ReasonTrusted, outcome: event.Passed, settle: func(d *desk, v *visit) {
			d.control.trusted.add("returning-user")
			v.labels = []string{"returning-user"}
		}},
	}
}

// The same through Decide, with the real circumstances: all combinations of the ten that can outrank a step.
func TestPrecedenceIsExhaustive(t *testing.T) {
	all := circumstances()
	if len(all) != doneRank {
		t.Fatalf("%d circumstances for %d steps", len(all), doneRank)
	}
	for mask := range 1 << len(all) {
		config := ladder("p", "challenge")
		config.Scope = policy.ScopeAddress
		var m policy.MitigationConfig
		v := visit{asks: []string{"p"}}
		for n, one := range all {
			if mask&(1<<n) != 0 && one.arrange != nil {
				one.arrange(nil, &config, &m, &v)
			}
		}
		d := newDesk(t, m, config)
		wantReason, want := ReasonAsked, event.Done
		for n := len(all) - 1; n >= 0; n-- {
			if mask&(1<<n) == 0 {
				continue
			}
			if all[n].settle != nil {
				all[n].settle(d, &v)
			}
			wantReason, want = all[n].reason, all[n].outcome
		}
		head, e, j := d.event(v)
		trail := d.plan.Trail(e, j)
		if len(trail) != 1 || trail[0].Reason != wantReason || trail[0].Outcome != want || len(trail[0].Order) != ranks {
			t.Fatalf("mask %010b: the trail says %+v, want %s", mask, trail, wantReason)
		}
		for n, step := range trail[0].Order[:doneRank] {
			if step.Speaks != (mask&(1<<n) != 0) {
				t.Fatalf("mask %010b: step %d of the trail: %+v", mask, n+1, step)
			}
		}
		got := d.plan.Decide(head, e, j)
		expect(t, got, "p", "challenge", want)
		if (got.Answer != nil) != (mask == 0) {
			t.Fatalf("mask %010b: answer %v", mask, got.Answer)
		}
		counts := d.plan.named["p"].ledger.counts.list()
		if len(counts) != 1 || counts[0] != (Count{"challenge", want, wantReason, 1}) {
			t.Fatalf("mask %010b: counts %+v, want %s", mask, counts, wantReason)
		}
	}
}

func TestChecksArePassedOnlyByChecks(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"), ladder("q", "block"), ladder("r", "second_factor"))
	held := []event.Element{{Name: "check", Value: "proof"}}
	reason := func(name string, rating event.Rating) Reason {
		_, e, j := d.event(visit{asks: []string{"p", "q", "r"}, elements: held, rating: rating})
		for _, trail := range d.plan.Trail(e, j) {
			if trail.Policy == name {
				return trail.Reason
			}
		}
		return ""
	}
	for name, want := range map[string]Reason{"p": ReasonPassed, "q": ReasonAsked, "r": ReasonAsked} {
		if got := reason(name, event.Malicious); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	held[0].Value = "cookie"
	if got := reason("p", event.Normal); got != ReasonAsked {
		t.Errorf("a weaker check than the action's will do: %s", got)
	}
	held[0].Value = "second_factor"
	if got := reason("r", event.Normal); got != ReasonPassed {
		t.Errorf("a second factor does not pass: %s", got)
	}
}

func TestTrustPassesChecksOnlyWhileNormal(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "challenge"))
	d.control.trusted.add("returning-user")
	trusted := visit{asks: []string{"p"}, labels: []string{"returning-user"}}
	expect(t, d.decide(trusted), "p", "challenge", event.Passed)
	trusted.rating = event.Suspicious
	expect(t, d.decide(trusted), "p", "challenge", event.Done)
}

func TestOneActionEndsTheRequestTheOthersAddUp(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("a", "tag"), ladder("b", "challenge"), ladder("c", "block"), ladder("d", "delay"), ladder("e", "rewrite"))
	m := d.decide(visit{asks: []string{"a", "b", "c", "d", "e"}})
	expect(t, m, "c", "block", event.Done)
	if m.Answer == nil || m.Answer.Status != 403 || m.Delay != 0 || m.Tags || m.Request != nil {
		t.Fatalf("measure %+v", m)
	}
	for _, name := range []string{"a", "b", "d", "e"} {
		if _, how, detail := outcome(m, name); how != event.Withheld || detail != "outranked by block" {
			t.Errorf("%s: %s %s", name, how, detail)
		}
	}
	m = d.decide(visit{asks: []string{"a", "d", "e"}})
	if m.Answer != nil || m.Delay != time.Second || !m.Tags || m.Request == nil || len(m.Actions) != 3 {
		t.Fatalf("measure %+v", m)
	}
	decoys := newDesk(t, policy.MitigationConfig{}, ladder("a", "tag"), ladder("b", "decoy"))
	if m = decoys.decide(visit{asks: []string{"a", "b"}}); m.Origin != "decoys" || !m.Tags {
		t.Fatalf("what does not end a request goes with a decoy: %+v", m)
	}
}

func TestLimitsCountOnlyWhatTheyRefuse(t *testing.T) {
	limit := ladder("limit", "rate_limit")
	limit.Budget = &policy.BudgetConfig{Percent: 10, AtLeast: 20, Window: time.Minute, Cool: time.Minute}
	d := newDesk(t, policy.MitigationConfig{}, limit)
	for n := range 60 {
		m := d.decide(visit{session: fmt.Sprint("s", n), asks: []string{"limit"}})
		if _, how, detail := outcome(m, "limit"); m.Answer != nil || how != event.Withheld || detail != "within the limit" {
			t.Fatalf("request %d: %s %s", n, how, detail)
		}
	}
	greedy := visit{session: "greedy", asks: []string{"limit"}}
	for range 3 {
		d.decide(greedy)
	}
	m := d.decide(greedy)
	expect(t, m, "limit", "rate_limit", event.Done)
	if m.Answer == nil || m.Answer.Status != 429 {
		t.Fatalf("answer %+v", m.Answer)
	}
	if s := d.control.Status().Policies[0]; s.Effect.Subjects != 1 || s.Breaker.Dealt != 1 || s.Breaker.Looked != 61 {
		t.Fatalf("status %+v %+v", s.Effect, s.Breaker)
	}
}

func TestALimitInShadowCounts(t *testing.T) {
	limit := ladder("limit", "rate_limit")
	limit.Mode = policy.Shadow
	d := newDesk(t, policy.MitigationConfig{}, limit)
	for n, want := range []string{"within the limit", "within the limit", "within the limit", "shadow"} {
		m := d.decide(visit{asks: []string{"limit"}})
		if _, how, detail := outcome(m, "limit"); m.Answer != nil || how != event.Withheld || detail != want || !m.Actions[0].Shadow {
			t.Errorf("request %d: %s %s", n, how, detail)
		}
	}
}

func TestAnEventWithoutASessionIsDealtWith(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "block"))
	head, e, j := d.event(visit{asks: []string{"p"}})
	j.Session = event.Session{}
	expect(t, d.plan.Decide(head, e, j), "p", "block", event.Done)
}

// A panic on the way leaves nothing locked: the next request is decided as ever.
func TestAPanicLeavesNothingLocked(t *testing.T) {
	config := ladder("p", "challenge")
	config.For = time.Hour
	d := newDesk(t, policy.MitigationConfig{}, config)
	head, e, j := d.event(visit{asks: []string{"p"}})
	healthy := d.plan.checks
	d.plan.checks = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		d.plan.Decide(head, e, j)
	}()
	d.plan.checks = healthy
	done := make(chan Measure)
	go func() { done <- d.decide(visit{asks: []string{"p"}}) }()
	select {
	case m := <-done:
		expect(t, m, "p", "challenge", event.Done)
		d.control.Status()
	case <-time.After(10 * time.Second):
		t.Fatal("a lock is still held")
	}
}
