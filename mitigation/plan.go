package mitigation

import (
	"fmt"
	"slices"
	"time"

	"wayguard/challenge"
	"wayguard/decoy"
	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

// Plan is one configuration, ready to decide. It never changes; what it remembers is its Control's.
type Plan struct {
	control *Control
	// mitigation is complete: nothing in it is left out.
	mitigation policy.MitigationConfig
	policies   []*compiled
	named      map[string]*compiled
	// bySpec are the policies of the specs that some policy names, everywhere those of all other specs.
	bySpec     map[string][]*compiled
	everywhere []*compiled
	allow      []allowList
	checks     *challenge.Set
	decoys     *decoy.Set
	traps      *decoy.Traps
	// learned says of the specs that some policy names whether their answers are feigned, learnsElse of all others.
	learned    map[string]bool
	learnsElse bool
}

// compiled is one policy, or an action with a condition of its own.
type compiled struct {
	config policy.Config
	// own says that the policy is an action with a condition of its own: verdicts ask for it by the action's name.
	own    bool
	steps  []step
	quiet  []policy.Quiet
	budget *policy.BudgetConfig // nil: nothing the policy does can hurt, so it has no breaker
	// percent and control are shares in hundredths of a percent.
	percent, control uint16
	ledger           *ledger
}

// step is one of a ladder.
type step struct {
	action *policy.ActionConfig
	times  int
	// place is the kind's in event.ActionKinds.
	place int
}

func (p *Plan) compile(rules Rules) document.Problems {
	var problems document.Problems
	actions := map[string]*policy.ActionConfig{}
	var all []policy.Config
	own := map[string]bool{}
	for i := range rules.Actions {
		action := rules.Actions[i].Complete()
		actions[action.Name] = &action
		if action.Conditional() && !action.Kind.Asynchronous() {
			all = append(all, action.Own())
			own[action.Name] = true
		}
	}
	all = append(all, rules.Policies...)
	p.named = make(map[string]*compiled, len(all))
	for i := range all {
		one, wrong := compilePolicy(all[i].Complete(), actions)
		problems = append(problems, wrong...)
		one.own = own[one.config.Name] && i < len(own)
		if p.named[one.config.Name] != nil {
			problems = append(problems, all[i].At.Problem("name", fmt.Sprintf("%.100q is named twice", all[i].Name), ""))
			continue
		}
		if all[i].Budget == nil && !one.hurts() {
			one.budget = nil
		}
		p.named[one.config.Name] = one
		p.policies = append(p.policies, one)
	}
	p.arrange()
	return problems
}

func compilePolicy(c policy.Config, actions map[string]*policy.ActionConfig) (*compiled, document.Problems) {
	var problems document.Problems
	one := &compiled{config: c, budget: c.Budget}
	one.control = uint16(min(max(c.Rollout.Control, 0), 100)) * 100
	one.percent = uint16(min(max(*c.Rollout.Percent, 0), 100)) * 100
	for n, named := range c.Steps {
		action := actions[named.Action]
		if action == nil {
			problems = append(problems, c.At.Problem(fmt.Sprintf("steps[%d].action", n), fmt.Sprintf("there is no action %.100q", named.Action), ""))
			continue
		}
		one.steps = append(one.steps, step{action: action, times: named.Times, place: slices.Index(event.ActionKinds(), action.Kind)})
	}
	if len(c.Steps) == 0 {
		problems = append(problems, c.At.Problem("steps", "the policy has no step", ""))
	}
	for _, q := range c.Quiet {
		quiet, err := q.Parse()
		if err != nil {
			problems = append(problems, q.At.Problem("", err.Error(), ""))
			continue
		}
		one.quiet = append(one.quiet, quiet)
	}
	return one, problems
}

// hurts says whether the policy can stand in a person's way. A policy that tags, rewrites or adds to every request is meant to.
func (c *compiled) hurts() bool {
	return slices.ContainsFunc(c.steps, func(s step) bool { return ends(s.action.Kind) || s.action.Kind == event.Delay })
}

// ends says whether an action of the kind decides what becomes of the request, so that there is one of them at most.
func ends(kind event.ActionKind) bool {
	switch kind {
	case event.Drop, event.Block, event.Maintenance, event.Redirect, event.Feign, event.Decoy, event.Challenge, event.SecondFactor, event.RateLimit:
		return true
	}
	return false
}

// checks says whether an action of the kind is a check that can be passed.
func checks(kind event.ActionKind) bool { return kind == event.Challenge || kind == event.SecondFactor }

// arrange sorts the policies by the specs that they are for.
func (p *Plan) arrange() {
	p.bySpec = map[string][]*compiled{}
	p.learned = map[string]bool{}
	for _, one := range p.policies {
		for _, spec := range one.config.Specs {
			p.bySpec[spec] = nil
		}
		if len(one.config.Specs) == 0 {
			p.everywhere = append(p.everywhere, one)
		}
	}
	p.learnsElse = slices.ContainsFunc(p.everywhere, (*compiled).feigns)
	for spec := range p.bySpec {
		for _, one := range p.policies {
			if one.of(spec) {
				p.bySpec[spec] = append(p.bySpec[spec], one)
			}
		}
		p.learned[spec] = slices.ContainsFunc(p.bySpec[spec], (*compiled).feigns)
	}
}

// of says whether the policy is for requests of a spec.
func (c *compiled) of(spec string) bool {
	return len(c.config.Specs) == 0 || slices.Contains(c.config.Specs, spec)
}

// feigns says whether some step of the policy needs to know what the origin's answers look like.
func (c *compiled) feigns() bool {
	return slices.ContainsFunc(c.steps, func(s step) bool { return s.action.Kind == event.Feign && !s.action.Template.Always })
}

// forSpec are the policies for requests of a spec.
func (p *Plan) forSpec(spec string) []*compiled {
	if list, ok := p.bySpec[spec]; ok {
		return list
	}
	return p.everywhere
}

// moment is when an event happened; one without a time happens now.
func (p *Plan) moment(e *event.Event) time.Time {
	if e.Time.IsZero() {
		return p.control.deps.Now()
	}
	return e.Time
}
