package mitigation

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

func TestUndoSparesThoseAffectedAndListsThem(t *testing.T) {
	config := ladder("p", "challenge", "block")
	config.For = 24 * time.Hour
	d := newDesk(t, policy.MitigationConfig{}, config, ladder("q", "block"))
	d.decide(visit{session: "early", device: "d0", asks: []string{"p"}})
	d.now = d.now.Add(time.Hour)
	since := d.now
	for n := range 3 {
		d.now = d.now.Add(time.Minute)
		d.decide(visit{session: fmt.Sprint("s", n), device: fmt.Sprint("d", n+1), asks: []string{"p"}})
	}
	if list := d.control.Affected("p", since); len(list) != 3 || list[0].Session != "s2" || list[2].Until.IsZero() {
		t.Fatalf("affected: %+v", list)
	}
	list := d.control.Undo("p", since)
	if len(list) != 3 || list[0].Key != "s2" || list[0].Device != "d3" || list[0].Action != "challenge" || list[0].Times != 1 || !list[0].Until.IsZero() {
		t.Fatalf("undone: %+v", list)
	}
	expect(t, d.decide(visit{session: "early", device: "d0", asks: []string{"p"}}), "p", "block", event.Done)
	if m := d.decide(visit{session: "s1"}); len(m.Actions) != 0 {
		t.Errorf("a grant outlives its undo: %+v", m)
	}
	expect(t, d.decide(visit{session: "s1", asks: []string{"p"}}), "p", "challenge", event.Withheld)
	// They come back with a new session on their device.
	expect(t, d.decide(visit{session: "new", device: "d2", asks: []string{"p"}}), "p", "challenge", event.Withheld)
	expect(t, d.decide(visit{session: "s1", device: "d2", asks: []string{"q"}}), "q", "block", event.Done)
	d.now = d.now.Add(undoneFor)
	expect(t, d.decide(visit{session: "s1", asks: []string{"p"}}), "p", "challenge", event.Done)
	if d.control.Undo("none", since) != nil || d.control.Affected("none", since) != nil {
		t.Error("a policy that there is not has affected somebody")
	}
}

func TestUndoOfAccountsAndAddresses(t *testing.T) {
	for _, scope := range []policy.Scope{policy.ScopeAccount, policy.ScopeAddress, policy.ScopePerson} {
		config := ladder("p", "block")
		config.Scope = scope
		d := newDesk(t, policy.MitigationConfig{}, config)
		v := visit{asks: []string{"p"}, address: "2001:db8::1", person: "one", elements: []event.Element{{Name: "email", Value: "a:b"}}}
		expect(t, d.decide(v), "p", "block", event.Done)
		if list := d.control.Undo("p", noon()); len(list) != 1 {
			t.Fatalf("%s: %+v", scope, list)
		}
		expect(t, d.decide(v), "p", "block", event.Withheld)
	}
}

func TestSpare(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "block"))
	until := d.now.Add(time.Hour)
	for _, wrong := range []struct {
		scope policy.Scope
		key   string
		until time.Time
		want  error
	}{
		{policy.ScopeSession, "s", d.now, ErrUntil},
		{policy.ScopeSession, "s", d.now.Add(2 * longestSpare), ErrUntil},
		{policy.ScopeSession, "", until, ErrScope},
		{"planet", "s", until, ErrScope},
		{policy.ScopeAccount, "no element", until, ErrScope},
		{policy.ScopeAccount, "password:x", until, ErrScope},
		{policy.ScopeAddress, "10.0.0.0/8", until, ErrScope},
	} {
		if err := d.control.Spare(wrong.scope, wrong.key, wrong.until); !errors.Is(err, wrong.want) {
			t.Errorf("%s %q: %v", wrong.scope, wrong.key, err)
		}
	}
	if err := d.control.Spare(policy.ScopeAddress, "192.0.2.1", until); err != nil {
		t.Fatal(err)
	}
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "block", event.Withheld)
	if list := d.control.Spared(); len(list) != 1 || list[0] != (Spared{"", policy.ScopeAddress, "192.0.2.1", until}) {
		t.Errorf("%+v", list)
	}
	if err := d.control.Unspare(policy.ScopeAddress, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "block", event.Done)
	if err := d.control.Spare(policy.ScopeAccount, "username:x", until); err != nil {
		t.Fatal(err)
	}
	d.now = until
	expect(t, d.decide(visit{asks: []string{"p"}, elements: []event.Element{{Name: "username", Value: "x"}}}), "p", "block", event.Done)
	if d.control.Status().Spared != 0 {
		t.Error("whose time is over is still listed")
	}
}

func TestStop(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "block"))
	for _, until := range []time.Time{{}, d.now, d.now.Add(longestHalt + 1)} {
		if err := d.control.Stop(until, "", ""); !errors.Is(err, ErrUntil) {
			t.Errorf("until %s: %v", until, err)
		}
	}
	if err := d.control.Stop(d.now.Add(time.Hour), "it blocks everybody", "ann"); err != nil {
		t.Fatal(err)
	}
	if halt := d.control.Status().Stop; halt == nil || halt.Who != "ann" || halt.Why != "it blocks everybody" {
		t.Errorf("%+v", halt)
	}
	m := d.decide(visit{asks: []string{"p"}})
	if _, how, detail := outcome(m, "p"); how != event.Withheld || detail != "stopped until 2026-03-04 13:00 UTC" {
		t.Errorf("%s %s", how, detail)
	}
	d.control.Go()
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "block", event.Done)
	if err := d.control.Stop(d.now.Add(time.Hour), "", ""); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Hour)
	expect(t, d.decide(visit{asks: []string{"p"}}), "p", "block", event.Done)
}

func TestSharedAddresses(t *testing.T) {
	config := ladder("p", "block")
	config.Scope = policy.ScopeAddress
	d := newDesk(t, policy.MitigationConfig{}, config)
	bad := visit{session: "bad", asks: []string{"p"}, rating: event.Malicious}
	for n, want := range []event.Outcome{event.Done, event.Done, event.Done, event.Withheld} {
		expect(t, d.decide(bad), "p", "block", want)
		d.note(bad) // who is malicious makes no address a shared one
		d.note(visit{session: fmt.Sprint("good", min(n, 1)), rating: event.Normal})
		if n == 2 {
			d.note(visit{session: "good2", rating: event.Normal})
		}
	}
	d.now = d.now.Add(sharedWithin + 1)
	expect(t, d.decide(bad), "p", "block", event.Done)
	head, e, j := d.event(bad)
	e.Evidence.Network.Kind = event.VPN
	expect(t, d.plan.Decide(head, e, j), "p", "block", event.Withheld)
}

func TestEffectiveness(t *testing.T) {
	config := ladder("p", "block")
	config.Specs = []string{"login"}
	d := newDesk(t, policy.MitigationConfig{}, config)
	hit := func(session string, number int) {
		d.serial = number - 1
		d.decide(visit{session: session, asks: []string{"p"}, rating: event.Malicious})
	}
	hit("attacker", 7)
	hit("checked", 3)
	hit("calmed", 3)
	hit("friend", 3)
	hit("gone", 11)
	for n := range 4 {
		d.now = d.now.Add(10 * time.Minute)
		d.note(visit{session: "attacker", rating: event.Malicious})
		if n == 0 {
			d.note(visit{session: "attacker", spec: "search", rating: event.Malicious})
		}
	}
	d.note(visit{session: "checked", rating: event.Malicious}, event.Action{Name: "challenge", Kind: event.Challenge, Outcome: event.Passed})
	d.note(visit{session: "calmed", rating: event.Normal})
	head, e, j := d.event(visit{session: "friend", rating: event.Malicious})
	j.Verdict.Labels = []event.Label{{Name: "returning-user", Severity: event.Trusting}}
	d.plan.Note(&event.Record{Event: *e, Session: j.Session, Verdict: j.Verdict})
	_ = head
	got := d.control.Status().Policies[0].Effect
	if got.Subjects != 5 || got.Deeds != 5 || got.Before != 6+2+2+2+10 || got.After != 4+3 || got.Stopped != 1 || got.Honest != 3 || got.Dwell != 40*time.Minute {
		t.Errorf("%+v", got)
	}
	for reason, n := range map[string]int{HonestCheck: 1, HonestRating: 1, HonestLabel: 1} {
		if got.HonestBy[reason] != n {
			t.Errorf("%s: %d", reason, got.HonestBy[reason])
		}
	}
	for _, one := range d.control.Affected("p", time.Time{}) {
		if one.Session == "attacker" && (one.Before != 6 || one.After != 4 || one.Dwell != 40*time.Minute || one.Honest != "") {
			t.Errorf("%+v", one)
		}
	}
}
