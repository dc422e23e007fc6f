package mitigation

import (
	"wayguard/event"
)

// Trail is how one policy would be decided for an event now, and why: what `why-allowed` and `why-blocked` tell.
type Trail struct {
	Policy string `json:"policy"`
	// Asked says that the policy wants to deal with the event, Because why: by its verdict, or because it asked lately (Granted).
	Asked   bool   `json:"asked"`
	Granted bool   `json:"granted,omitempty"`
	Because string `json:"because,omitempty"`
	// Action and Kind are the step that is due, Step its place on the ladder from 1.
	Action string           `json:"action"`
	Kind   event.ActionKind `json:"kind"`
	Step   int              `json:"step"`
	// Outcome and Reason are what the order of precedence comes to.
	Outcome event.Outcome `json:"outcome,omitempty"`
	Reason  Reason        `json:"reason,omitempty"`
	// Order is the whole order of precedence with what each step says; empty for a policy that is not asked.
	Order []TrailStep `json:"order,omitempty"`
}

// TrailStep is one step of the order of precedence.
type TrailStep struct {
	// Rank is its place, from 1.
	Rank int    `json:"rank"`
	Name string `json:"name"`
	// Speaks says that the step would decide, Detail why. Decides says that it does: it is the first that speaks.
	Speaks  bool   `json:"speaks"`
	Decides bool   `json:"decides,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Trail lists for every policy of the event's spec what it would do with such an event now. It changes nothing. The breaker, shares
// and grants are those of now, so that for an event of the past the answer may be another one than was given then: that one is among
// the event's actions. What checks the visitor holds is taken from the event.
func (p *Plan) Trail(e *event.Event, j *Judgement) []Trail {
	now := p.control.deps.Now()
	held := &holding{p: p, e: e, now: now}
	var list []Trail
	for _, c := range p.forSpec(e.Spec) {
		list = append(list, p.trail(c, weighing{p: p, c: c, e: e, j: j, now: now, held: held}))
	}
	return list
}

func (p *Plan) trail(c *compiled, w weighing) Trail {
	w.those = subjectsOf(c.config.Scope, &w.j.Session, w.e)
	w.at = c.ledger.step(w.those.all(), len(c.steps), w.now)
	t := Trail{Policy: c.config.Name, Action: w.step().action.Name, Kind: w.step().action.Kind, Step: w.at + 1}
	t.Because, t.Asked = c.asks(&w.j.Verdict)
	if !t.Asked {
		t.Because, t.Granted = c.ledger.granted(w.those.all(), w.now)
		t.Asked = t.Granted
	}
	if !t.Asked {
		return t
	}
	w.because = t.Because
	for at, one := range precedence() {
		reason, detail, speaks := one.speaks(&w)
		step := TrailStep{Rank: at + 1, Name: one.name, Speaks: speaks}
		if speaks {
			step.Detail = detail
			if step.Decides = t.Outcome == ""; step.Decides {
				t.Outcome, t.Reason = one.outcome, reason
			}
		}
		t.Order = append(t.Order, step)
	}
	return t
}
