package mitigation

import (
	"cmp"
	"hash/maphash"
	"slices"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// effect is one action that is to be done.
type effect struct {
	action     *policy.ActionConfig
	policyName string
	// because names the signature, label or rating that asked for it.
	because string
}

// choice is a policy's step that nothing outranks but, perhaps, another policy's.
type choice struct {
	weighing
	effect
	step *step
}

// Decide says what is done with a held request. head is the request, whose body may be cut; e and j are what the engine judged.
// It does not block, and the Measure shares no memory with the event.
func (p *Plan) Decide(head *capture.Request, e *event.Event, j *Judgement) Measure {
	var m Measure
	list := p.forSpec(e.Spec)
	if len(list) > 0 {
		p.decide(&m, list, head, e, j)
	}
	if m.Answer == nil && m.Origin == "" {
		m.Answer = p.trap(head, e, j)
	}
	if m.Answer != nil {
		m.Delay = 0
	}
	return m
}

// decide asks each policy of a spec, and does what is decided.
func (p *Plan) decide(m *Measure, list []*compiled, head *capture.Request, e *event.Event, j *Judgement) {
	now := p.moment(e)
	session := maphash.String(p.control.people.seed, string(sessionKey(&j.Session, e)))
	var choices []choice
	var held *holding
	for _, c := range list {
		if c.budget != nil {
			c.ledger.breaker.look(session, now)
		}
		because, those, asked := p.wants(c, e, j, now)
		if !asked {
			continue
		}
		if held == nil {
			held = &holding{p: p, head: head, e: e, now: now}
		}
		w := weighing{p: p, c: c, e: e, j: j, now: now, because: keepText("", because), those: those, held: held}
		w.at = c.ledger.step(those.all(), len(c.steps), now)
		if w.weigh(m, session) {
			choices = append(choices, choice{w, effect{w.step().action, c.policyName(), w.because}, w.step()})
		}
	}
	if len(choices) > 0 {
		p.carryOut(m, choices, head, session)
	}
}

// policyName is how facts name the policy: not at all, when it is an action with a condition of its own.
func (c *compiled) policyName() string {
	if c.own {
		return ""
	}
	return c.config.Name
}

// asks says whether a verdict asks for the policy, and why.
func (c *compiled) asks(v *event.Verdict) (because string, ok bool) {
	for i := range v.Actions {
		action := &v.Actions[i]
		if !c.own && action.Policy == c.config.Name || c.own && action.Policy == "" && action.Name == c.config.Name {
			return action.Because, true
		}
	}
	return "", false
}

// wants says whether a policy wants to deal with a request: because the verdict asks for it now, or because it asked lately.
func (p *Plan) wants(c *compiled, e *event.Event, j *Judgement, now time.Time) (because string, those subjects, ok bool) {
	because, ok = c.asks(&j.Verdict)
	if !ok && (c.config.For == 0 || c.ledger.empty()) {
		return "", those, false
	}
	those = subjectsOf(c.config.Scope, &j.Session, e)
	if !ok {
		because, ok = c.ledger.granted(those.all(), now)
		return because, those, ok
	}
	if c.config.For > 0 {
		for _, who := range those.all() {
			c.ledger.grant(who, &j.Session, because, c.config.For, now)
		}
	}
	return because, those, true
}

// weigh goes through the order of precedence. True means that the step is to be taken; else the fact is in the measure.
func (w *weighing) weigh(m *Measure, session uint64) bool {
	order := precedence()
	at, reason, detail := first(&order, 0, w)
	if at == breakerRank {
		// Whether it would have been done is what tells the breaker when to close.
		if behind, _, _ := first(&order, breakerRank+1, w); behind == doneRank && !w.limits() {
			w.c.ledger.breaker.admit(session, w.now)
		}
	}
	if at == doneRank && !w.limits() && !w.c.ledger.breaker.admit(session, w.now) {
		at, reason, detail = breakerRank, ReasonBreaker, "circuit breaker opened"
	}
	if at == doneRank {
		return true
	}
	switch reason {
	case ReasonControl:
		for _, who := range w.those.all() {
			w.c.ledger.enter(who, &w.j.Session, deed{control: true, because: w.because}, w.now)
		}
	case ReasonShadow:
		if w.limits() && !w.exceeds() {
			reason, detail = ReasonWithin, "within the limit"
		}
	case ReasonPassed:
		if which, unanswered := w.p.control.loops.passed(w.held.head, w.j.Session.ID); unanswered {
			w.p.control.cohorts.add(which, passed)
		}
	}
	w.fact(m, order[at].outcome, reason, detail)
	return false
}

// limits says that the step lets most requests through, so that only carrying it out tells whether it costs of the budget.
func (w *weighing) limits() bool { return w.step().action.Kind == event.RateLimit }

// exceeds counts a request of a limit that is only recorded, and says whether it would have been refused.
func (w *weighing) exceeds() bool {
	var would Measure
	_, ok := w.p.carry(&would, effect{w.step().action, w.c.policyName(), w.because}, w.held.head, w.e, w.j)
	return ok && would.Answer != nil
}

// fact adds what became of a policy's step to the measure, and counts it.
func (w *weighing) fact(m *Measure, outcome event.Outcome, reason Reason, detail string) {
	action := w.step().action
	m.Actions = append(m.Actions, event.Action{
		Name: action.Name, Kind: action.Kind, Because: w.because, Policy: w.c.policyName(), Detail: detail, Outcome: outcome,
		Shadow: w.c.config.Mode == policy.Shadow,
	})
	w.c.ledger.counts.add(action.Name, outcome, reason)
}

// carryOut does what was chosen. One action at most ends the request: the first in the order of event.ActionKinds, then by name,
// that can be done. What does not end it adds up, unless the request has ended.
func (p *Plan) carryOut(m *Measure, choices []choice, head *capture.Request, session uint64) {
	slices.SortStableFunc(choices, func(a, b choice) int {
		return cmp.Or(a.step.place-b.step.place, cmp.Compare(a.action.Name, b.action.Name), cmp.Compare(a.policyName, b.policyName))
	})
	winner := ""
	for i := range choices {
		x := &choices[i]
		if winner != "" && (ends(x.action.Kind) || m.Answer != nil) {
			x.fact(m, event.Withheld, ReasonOutranked, "outranked by "+winner)
			continue
		}
		if x.carry(m, head, session) && ends(x.action.Kind) {
			winner = x.action.Name
		}
	}
}

// carry does one choice; true means that it was done.
func (x *choice) carry(m *Measure, head *capture.Request, session uint64) bool {
	p := x.p
	check := checks(x.action.Kind)
	if check && p.control.loops.looping(head, &x.j.Session, x.j.Verdict.Rating, x.now) {
		p.control.loops.let(head, &x.j.Session)
		p.control.cohorts.add(x.cohort(), looped)
		x.fact(m, event.Withheld, ReasonLoop, "check loops")
		x.enter(true) // the ladder goes on, else whoever ignores checks would never come to what stands behind them
		return false
	}
	detail, ok := p.carry(m, x.effect, head, x.e, x.j)
	switch {
	case !ok:
		x.fact(m, event.Failed, ReasonFailed, detail)
	case x.limits() && m.Answer == nil:
		x.fact(m, event.Withheld, ReasonWithin, detail)
		return false
	case x.limits() && !x.c.ledger.breaker.admit(session, x.now):
		m.Answer = nil
		x.fact(m, event.Withheld, ReasonBreaker, "circuit breaker opened")
		return false
	default:
		x.fact(m, event.Done, ReasonAsked, detail)
	}
	if ok && check {
		p.control.loops.offered(head, &x.j.Session, x.cohort(), x.now)
		p.control.cohorts.add(x.cohort(), offered)
	}
	if ok && x.action.Kind == event.Feign {
		p.decoys.Submitted(head, x.e, x.j.Session.ID, x.c.config.Name, p.mitigation.Sink)
	}
	// A step that cannot be done counts as taken all the same, else the ladder would end there and the visitor go free.
	x.enter(!ok)
	return ok
}

// enter writes the choice down for everybody that it is about.
func (x *choice) enter(failed bool) {
	for _, who := range x.those.all() {
		x.c.ledger.enter(who, &x.j.Session, deed{
			action: x.action.Name, kind: x.action.Kind, step: x.at, length: len(x.c.steps), times: x.step.times, because: x.effect.because,
			rating: x.j.Verdict.Rating, failed: failed,
		}, x.now)
	}
}

// Failed says what a request gets when there is no verdict: the answer of a policy of its spec that is closed on failure, nil when
// there is none, or the operator has stopped everything.
func (p *Plan) Failed(spec string, head *capture.Request) *Answer {
	if p.control.Halted(p.control.deps.Now()) != nil {
		return nil
	}
	for _, c := range p.forSpec(spec) {
		if c.config.OnFailure == policy.FailClosed && c.config.Mode != policy.Shadow {
			return p.refusal(c, head)
		}
	}
	return nil
}
