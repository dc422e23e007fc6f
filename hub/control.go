package hub

import (
	"context"
	"errors"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/policy"
)

// mostSpared is how many spared visitors a status lists.
const mostSpared = 200

// ControlParts are what a Mitigation is made of.
type ControlParts struct {
	// Control is what decides.
	Control *mitigation.Control
	// Kind is the kind of a configured action, empty for one that is not known. May be nil.
	Kind func(action string) event.ActionKind
	// Integrations tells how outside systems fare. May be nil.
	Integrations func() []IntegrationStatus
	// Keep makes what the Control remembers survive a crash; it is called after every change. May be nil.
	Keep func(ctx context.Context) error
}

// MitigationOf is the operator's side of a Control.
func MitigationOf(parts ControlParts) Mitigation { return control{parts} }

// control implements Mitigation.
type control struct{ ControlParts }

func (c control) kept(ctx context.Context) error {
	if c.Keep == nil {
		return nil
	}
	return c.Keep(ctx)
}

// Stop implements Mitigation. A stop that cannot be kept still holds: it is meant for emergencies, and is asked for again after
// a crash.
func (c control) Stop(ctx context.Context, until time.Time, why, who string) error {
	return errors.Join(c.Control.Stop(until, why, who), c.kept(ctx))
}

// Go implements Mitigation.
func (c control) Go(ctx context.Context, _, _ string) error {
	c.Control.Go()
	return c.kept(ctx)
}

// Affected implements Mitigation.
func (c control) Affected(policyName string, since time.Time) []Affected {
	return affectedOf(c.Control.Affected(policyName, since))
}

// Undo implements Mitigation.
func (c control) Undo(ctx context.Context, policyName string, since time.Time, _, _ string) ([]Affected, error) {
	return affectedOf(c.Control.Undo(policyName, since)), c.kept(ctx)
}

// Spare implements Mitigation.
func (c control) Spare(ctx context.Context, visitor Visitor, until time.Time, _, _ string) error {
	if err := c.Control.Spare(visitor.Scope, visitor.key(), until); err != nil {
		return err
	}
	return c.kept(ctx)
}

// Unspare implements Mitigation.
func (c control) Unspare(ctx context.Context, visitor Visitor, _ string) error {
	if err := c.Control.Unspare(visitor.Scope, visitor.key()); err != nil {
		return err
	}
	return c.kept(ctx)
}

// CloseBreaker implements Mitigation.
func (c control) CloseBreaker(ctx context.Context, policyName, _, _ string) error {
	c.Control.CloseBreaker(policyName)
	return c.kept(ctx)
}

// key is the visitor's in the form that a Control takes.
func (v Visitor) key() string {
	if v.Scope == policy.ScopeAccount {
		return v.Element + ":" + v.Key
	}
	return v.Key
}

// visitorFrom is the visitor that a Control calls by a key.
func visitorFrom(scope policy.Scope, key string) Visitor {
	if element, value, named := strings.Cut(key, ":"); named && scope == policy.ScopeAccount {
		return Visitor{Scope: scope, Element: element, Key: value}
	}
	return Visitor{Scope: scope, Key: key}
}

func affectedOf(list []mitigation.Affected) []Affected {
	people := make([]Affected, len(list))
	for i := range list {
		a, who := &list[i], visitorFrom(list[i].Scope, list[i].Key)
		people[i] = Affected{Scope: a.Scope, Element: who.Element, Key: who.Key, Session: a.Session, Device: a.Device, Because: a.Because,
			Action: a.Action, Kind: a.Kind, First: a.First.UTC(), Last: a.Last.UTC(), Times: a.Times, Until: a.Until, Honest: a.Honest}
	}
	return people
}

// Status implements Mitigation.
func (c control) Status() MitigationStatus {
	s := c.Control.Status()
	told := MitigationStatus{SparedTotal: s.Spared, LoopsBroken: s.LoopsBroken}
	if s.Stop != nil {
		told.Stop = &MitigationStop{Since: s.Stop.Since, Until: s.Stop.Until, Who: s.Stop.Who, Why: s.Stop.Why}
	}
	for i := range s.Policies {
		told.Policies = append(told.Policies, c.policy(&s.Policies[i]))
	}
	for _, r := range s.Checks {
		told.Checks = append(told.Checks, CheckStatus{Check: r.Check, Family: r.Family, Country: r.Country, SignedIn: r.SignedIn,
			Offered: r.Offered, Passed: r.Passed, Refused: r.Refused, Looped: r.Looped})
	}
	for _, f := range s.Feigns {
		told.Feigned = append(told.Feigned, FeignStatus{Policy: f.Policy, Spec: f.Spec, As: f.As, Ready: f.Ready})
	}
	for _, one := range c.Control.Spared() {
		if len(told.Spared) == mostSpared {
			break
		}
		who := visitorFrom(one.Scope, one.Key)
		told.Spared = append(told.Spared, SparedVisitor{Scope: who.Scope, Element: who.Element, Key: who.Key, Until: one.Until.UTC(), Policy: one.Policy})
	}
	if c.Integrations != nil {
		told.Integrations = c.Integrations()
	}
	return told
}

func (c control) policy(p *mitigation.PolicyStatus) PolicyStatus {
	told := PolicyStatus{Name: p.Name, Mode: p.Mode, Scope: p.Scope, Specs: p.Specs, Percent: p.Percent, Control: p.Control, Quiet: p.Quiet,
		Own: len(p.Steps) == 1 && p.Steps[0] == p.Name, Dealing: int64(p.Granted)}
	for _, action := range p.Steps {
		step := PolicyStep{Action: action}
		if c.Kind != nil {
			step.Kind = c.Kind(action)
		}
		told.Steps = append(told.Steps, step)
	}
	for _, count := range p.Counts {
		switch count.Outcome {
		case event.Done:
			told.Done += count.Count
		case event.Withheld:
			told.Withheld += count.Count
		}
	}
	if b := p.Breaker; b != nil {
		told.Breaker = &BreakerStatus{State: string(b.State), Since: b.Since, Until: b.Until, Looked: b.Looked, Dealt: b.Dealt,
			Percent: b.Percent, Opened: b.Opened}
	}
	return told
}
