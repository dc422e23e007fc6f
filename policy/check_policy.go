package policy

import (
	"fmt"
	"slices"
	"time"

	"wayguard/document"
)

// The bounds of a policy.
const (
	mostSteps      = 16
	mostTimes      = 1000
	mostQuiet      = 32
	longestFor     = 90 * 24 * time.Hour
	shortestWindow = 10 * time.Second
	longestWindow  = 24 * time.Hour
	longestCool    = 24 * time.Hour
	mostAtLeast    = 1_000_000
)

// policy checks one policy but for its name.
func (c *checker) policy(p *Config) {
	if p.When.Empty() {
		c.problem(p.At, "when", "the policy needs a condition: rating, signature or label", "")
	}
	c.condition(p.At, p.When, c.stepKinds(p.Steps)...)
	c.specs(p.At, p.Specs)
	c.mode(p.At, p.Mode)
	if p.Scope != "" && !slices.Contains(scopes(), string(p.Scope)) {
		c.problem(p.At, "scope", fmt.Sprintf("there is no scope %.100q", string(p.Scope)), oneOf(string(p.Scope), scopes()))
	}
	if p.For < 0 || p.For > longestFor {
		c.problem(p.At, "for", "a policy deals with somebody for at most 90d", "leave it out for as long as the condition holds")
	}
	c.steps(p)
	c.onFailure(p)
	c.rollout(p)
	c.quiet(p)
	c.budget(p)
}

func (c *checker) steps(p *Config) {
	if len(p.Steps) == 0 || len(p.Steps) > mostSteps {
		c.problem(p.At, "steps", fmt.Sprintf("a policy has 1 to %d steps", mostSteps), "")
		return
	}
	var names []string
	for i := range c.actions {
		names = append(names, c.actions[i].Name)
	}
	for n, step := range p.Steps {
		place := fmt.Sprintf("steps[%d]", n)
		if step.Times < 0 || step.Times > mostTimes {
			c.problem(p.At, place+".times", fmt.Sprintf("a step is taken 1 to %d times", mostTimes), "")
		}
		found := slices.Index(names, step.Action)
		if found < 0 {
			c.problem(p.At, place+".action", fmt.Sprintf("there is no action %.100q", step.Action), document.DidYouMean(step.Action, names))
			continue
		}
		if kind := c.actions[found].Kind; kind.Asynchronous() {
			c.problem(p.At, place+".action", fmt.Sprintf("a %s is sent once, beside the request, and is no step", kind), "give the action a condition of its own")
		}
	}
}

// onFailure checks what holds while there is no verdict. Closing everything, or for a policy that only records, is never
// meant.
func (c *checker) onFailure(p *Config) {
	switch {
	case p.OnFailure != "" && p.OnFailure != FailOpen && p.OnFailure != FailClosed:
		c.problem(p.At, "on_failure", fmt.Sprintf("a policy does not fail %.100q", p.OnFailure), "write open or closed")
	case p.OnFailure == FailClosed && len(p.Specs) == 0:
		c.problem(p.At, "on_failure", "a policy that fails closed must say where: without a verdict nothing at all would get through", "give it specs")
	case p.OnFailure == FailClosed && p.Mode == Shadow:
		c.problem(p.At, "on_failure", "a policy that only records cannot fail closed", "")
	}
}

func (c *checker) rollout(p *Config) {
	percent := 100
	if p.Rollout.Percent != nil {
		percent = *p.Rollout.Percent
	}
	if percent < 0 || percent > 100 {
		c.problem(p.At, "rollout.percent", "a share lies between 0 and 100 percent", "")
	}
	if p.Rollout.Control < 0 || p.Rollout.Control > 100 {
		c.problem(p.At, "rollout.control", "a share lies between 0 and 100 percent", "")
		return
	}
	// Where no percentage is given, everybody but the control arm is meant.
	if p.Rollout.Percent != nil && percent >= 0 && percent <= 100 && percent+p.Rollout.Control > 100 {
		c.problem(p.At, "rollout.control", fmt.Sprintf("percent and control are %d together, more than 100", percent+p.Rollout.Control), "")
	}
}

func (c *checker) quiet(p *Config) {
	if len(p.Quiet) > mostQuiet {
		c.problem(p.At, "quiet", fmt.Sprintf("there are more than %d quiet times", mostQuiet), "")
		return
	}
	for n, q := range p.Quiet {
		if q.At == (document.Mark{}) {
			q.At = p.At.Child(fmt.Sprintf("quiet[%d]", n))
		}
		_, problems := q.parse()
		c.problems = append(c.problems, problems...)
	}
}

// budget checks a budget; what is 0 is that of DefaultBudget.
func (c *checker) budget(p *Config) {
	if p.Budget == nil {
		return
	}
	b := *p.Budget
	if b.Percent < 0 || b.Percent > 100 {
		c.problem(p.At, "budget.percent", "a share lies between 1 and 100 percent", "")
	}
	if b.AtLeast < 0 || b.AtLeast > mostAtLeast {
		c.problem(p.At, "budget.at_least", fmt.Sprintf("at_least lies between 1 and %d", mostAtLeast), "")
	}
	if b.Window != 0 && (b.Window < shortestWindow || b.Window > longestWindow) {
		c.problem(p.At, "budget.window", "a budget's window is from 10s to 24h", "")
	}
	if b.Cool != 0 && (b.Cool < shortestWindow || b.Cool > longestCool) {
		c.problem(p.At, "budget.cool", "a breaker stays open from 10s to 24h", "")
	}
}
