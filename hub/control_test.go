package hub

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/policy"
)

// acting is a Control with one policy that blocks, and the plan to make it act.
func acting(t *testing.T) (*mitigation.Control, *mitigation.Plan) {
	t.Helper()
	control := mitigation.New(mitigation.Deps{Key: make([]byte, 32), Now: sampleNow})
	rating := event.Malicious
	plan, problems := control.Compile(mitigation.Rules{
		Actions: []policy.ActionConfig{{Name: "refuse", Kind: event.Block}, {Name: "tag", Kind: event.Tag, When: policy.ConditionConfig{Rating: &rating}}},
		Policies: []policy.Config{{Name: "guard", Scope: policy.ScopeAccount, When: policy.ConditionConfig{Rating: &rating}, Specs: []string{"login"},
			For: time.Hour, Steps: []policy.StepConfig{{Action: "refuse"}}, Rollout: policy.RolloutConfig{Control: 0}}},
	})
	if len(problems) > 0 {
		t.Fatalf("%v", problems)
	}
	return control, plan
}

// deal has the policy deal with one request of an account.
func deal(plan *mitigation.Plan) mitigation.Measure {
	e := event.Event{ID: "e1", Time: sampleNow(), Spec: "login", HTTP: event.HTTP{Inline: true}, Evidence: event.Evidence{Address: "192.0.2.1"},
		Elements: []event.Element{{Name: "username", Kind: event.Entity, Value: "m.rossi"}}}
	j := mitigation.Judgement{Session: event.Session{ID: "s1", Journey: "d1", Number: 1}, Verdict: event.Verdict{Rating: event.Malicious,
		Actions: []event.Action{{Name: "refuse", Kind: event.Block, Policy: "guard", Because: "Malicious Session"}}}}
	return plan.Decide(&capture.Request{Method: "POST"}, &e, &j)
}

func TestMitigationOfAControl(t *testing.T) {
	control, plan := acting(t)
	kept := 0
	var keeping error
	m := MitigationOf(ControlParts{Control: control,
		Kind: func(action string) event.ActionKind {
			return map[string]event.ActionKind{"refuse": event.Block, "tag": event.Tag}[action]
		},
		Integrations: func() []IntegrationStatus { return []IntegrationStatus{{Name: "soc"}} },
		Keep:         func(context.Context) error { kept++; return keeping },
	})
	if measure := deal(plan); measure.Answer == nil {
		t.Fatalf("nothing was done: %+v", measure)
	}
	status := m.Status()
	at := slices.IndexFunc(status.Policies, func(p PolicyStatus) bool { return p.Name == "guard" })
	if at < 0 || status.Policies[at].Done != 1 || status.Policies[at].Own || status.Policies[at].Breaker == nil || status.Policies[at].Breaker.State != "closed" ||
		!slices.Equal(status.Policies[at].Steps, []PolicyStep{{"refuse", event.Block}}) || status.Policies[at].Percent != 100 || len(status.Integrations) != 1 {
		t.Errorf("status is %+v", status)
	}
	own := slices.IndexFunc(status.Policies, func(p PolicyStatus) bool { return p.Name == "tag" })
	if own < 0 || !status.Policies[own].Own || status.Policies[own].Breaker != nil {
		t.Errorf("an action of its own is %+v", status.Policies)
	}
	people := m.Affected("guard", sampleNow().Add(-time.Hour))
	if len(people) != 1 || people[0].Element != "username" || people[0].Key != "m.rossi" || people[0].Session != "s1" || people[0].Times != 1 || people[0].Kind != event.Block {
		t.Errorf("affected are %+v", people)
	}
	ctx := t.Context()
	if undone, err := m.Undo(ctx, "guard", sampleNow().Add(-time.Hour), "too wide", "ada"); err != nil || len(undone) != 1 || kept != 1 {
		t.Errorf("undone %+v, %v, kept %d times", undone, err, kept)
	}
	if measure := deal(plan); measure.Answer != nil {
		t.Errorf("an undo left it dealt with: %+v", measure)
	}
	visitor := Visitor{Scope: policy.ScopeAccount, Element: "username", Key: "m.rossi"}
	if err := m.Unspare(ctx, visitor, "ada"); err != nil || deal(plan).Answer == nil {
		t.Errorf("after the undo has ended nothing is done: %v", err)
	}
	if err := m.Spare(ctx, visitor, sampleNow().Add(time.Hour), "called", "ada"); err != nil || deal(plan).Answer != nil {
		t.Errorf("one who is spared is dealt with: %v", err)
	}
	if spared := m.Status().Spared; !slices.ContainsFunc(spared, func(s SparedVisitor) bool { return s.visitor() == visitor && s.Until.Equal(sampleNow().Add(time.Hour)) }) {
		t.Errorf("spared are %+v", spared)
	}
	if err := m.Spare(ctx, Visitor{Scope: "planet", Key: "earth"}, sampleNow().Add(time.Hour), "", ""); err == nil {
		t.Error("a scope that is none is spared")
	}
	if err := errors.Join(m.Unspare(ctx, visitor, ""), m.CloseBreaker(ctx, "guard", "", "")); err != nil {
		t.Error(err)
	}
	keeping = errors.New("disk full")
	if err := m.Stop(ctx, sampleNow().Add(time.Minute), "panic", "ada"); !errors.Is(err, keeping) {
		t.Errorf("a stop that could not be kept gave %v", err)
	}
	if stop := m.Status().Stop; stop == nil || stop.Who != "ada" || stop.Why != "panic" || deal(plan).Answer != nil {
		t.Errorf("it does not hold all the same: %+v", stop)
	}
	keeping = nil
	if err := m.Go(ctx, "", "ada"); err != nil || m.Status().Stop != nil {
		t.Errorf("go: %v", err)
	}
	if err := m.Spare(ctx, visitor, sampleNow().Add(-time.Hour), "", ""); err == nil {
		t.Error("a time that is over is taken")
	}
}
