package rule

import (
	"slices"
	"strings"

	"wayguard/event"
	"wayguard/policy"
)

// ask is a condition that asks for an action: a policy's, for the first step of its ladder, or an action's own.
type ask struct {
	action event.Action
	when   policy.ConditionConfig
	specs  []string
	// place is the kind's place in event.ActionKinds.
	place int
}

// Names are what policies, and lists of those who are let through, may name in a configuration.
func Names(config Config, v Vocabulary) policy.Names {
	names := policy.Names{Specs: v.Specs, Labels: allLabels(config)}
	for _, signature := range config.Signatures {
		names.Signatures = append(names.Signatures, signature.Name)
	}
	if v.Elements != nil {
		for _, definition := range v.Elements.All() {
			names.Elements = append(names.Elements, definition.Name)
		}
	}
	return names
}

// policies checks and compiles actions and policies.
func (c *compiler) policies() {
	problems := policy.Check(c.config.Actions, c.config.Policies, Names(c.config, c.language.vocabulary))
	if c.problems = append(c.problems, problems...); len(problems) > 0 {
		return
	}
	for _, action := range c.config.Actions {
		c.set.actions = append(c.set.actions, action.Complete())
		if action.Conditional() {
			c.ask("", action.Own(), action)
		}
	}
	for _, p := range c.config.Policies {
		c.set.policies = append(c.set.policies, p.Complete())
		first := slices.IndexFunc(c.config.Actions, func(a policy.ActionConfig) bool { return a.Name == p.Steps[0].Action })
		c.ask(p.Name, p, c.config.Actions[first])
	}
}

// ask makes a policy's condition ask for an action.
func (c *compiler) ask(name string, p policy.Config, action policy.ActionConfig) {
	c.set.asks = append(c.set.asks, ask{
		action: event.Action{Name: action.Name, Kind: action.Kind, Policy: name, Shadow: p.Mode == Shadow},
		when:   p.When, specs: p.Specs, place: slices.Index(event.ActionKinds(), action.Kind),
	})
}

// compareAsks is the order in which actions are asked for: what ends a request first, what happens beside it last, each by name.
func compareAsks(a, b ask) int {
	if order := a.place - b.place; order != 0 {
		return order
	}
	if order := strings.Compare(a.action.Name, b.action.Name); order != 0 {
		return order
	}
	return strings.Compare(a.action.Policy, b.action.Policy)
}

// act adds the actions that the verdict asks for, all of them; which one a held request gets is decided elsewhere. A request
// that was not held has gone by: it can be tagged no more, which is no news, and anything else that was wanted for it is told as
// unavailable. What is done to requests is asked for as long as its condition holds; what is done beside them once, on the event
// that made it true.
func (s *Set) act(f *frame, v *event.Verdict) {
	held := f.facts.Event.HTTP.Inline
	for i := range s.asks {
		wanted := &s.asks[i]
		if len(wanted.specs) > 0 && !slices.Contains(wanted.specs, f.facts.Event.Spec) {
			continue
		}
		beside := wanted.action.Kind.Asynchronous()
		if !held && wanted.action.Kind == event.Tag {
			continue
		}
		because, asked := met(wanted.when, f, v)
		if !asked || beside && metBefore(wanted.when, f, v) {
			continue
		}
		action := wanted.action
		action.Because = because
		if !held && !beside {
			action.Outcome = event.Unavailable
		}
		v.Actions = append(v.Actions, action)
	}
}

// met says whether a condition holds after the event, and what of it says most.
func met(c policy.ConditionConfig, f *frame, v *event.Verdict) (because string, holds bool) {
	if c.Rating != nil {
		if v.Rating < *c.Rating {
			return "", false
		}
		because = ratingText(v.Rating)
	}
	if c.Label != "" {
		if !carries(f.facts.Session.Labels, c.Label, false) && !carries(v.Labels, c.Label, false) {
			return "", false
		}
		because = c.Label
	}
	if c.Signature != "" {
		if !carries(f.facts.Session.Labels, c.Signature, false) && !carries(v.Labels, c.Signature, false) {
			return "", false
		}
		because = c.Signature
	}
	return because, true
}

func ratingText(r event.Rating) string {
	switch r {
	case event.Suspicious:
		return "rating suspicious"
	case event.Malicious:
		return "rating malicious"
	}
	return "rating normal"
}

// metBefore says whether a condition held before the event already. A rating of normal holds from the first event on.
func metBefore(c policy.ConditionConfig, f *frame, v *event.Verdict) bool {
	if f.facts.Session.New {
		return false
	}
	return (c.Rating == nil || v.Before >= *c.Rating) &&
		(c.Label == "" || carries(f.facts.Session.Labels, c.Label, false)) &&
		(c.Signature == "" || carries(f.facts.Session.Labels, c.Signature, false))
}
