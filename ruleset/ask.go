package ruleset

import (
	"context"

	"wayguard/payment"
)

// askBackends runs a backend or group rule. Shadow rules, shadow members and asynchronous rules are asked after the answer.
func (e *evaluation) askBackends(r *compiledRule) {
	g := r.group
	if e.in.Backends == nil {
		e.remember(r)
		return
	}
	if !r.live {
		e.postpone(r, g.members, false)
		e.traceGroup(r, false, "", nil)
		return
	}
	var watched []member
	for _, m := range g.members {
		if !m.live {
			watched = append(watched, m)
		}
	}
	e.postpone(r, watched, false)
	chosen := g.chosen(e.run)
	if g.async {
		e.postpone(r, chosen, true)
		e.live.pending, e.shadow.pending = true, e.shadow.pending || !e.shadow.ended()
		if e.waiting == "" {
			e.waiting = chosen[0].name
		}
		e.traceGroup(r, false, payment.Provisional, nil)
		return
	}
	calls := make([]Call, len(chosen))
	for i, m := range chosen {
		calls[i] = g.call(m, true, e.in.Request)
	}
	e.answered(r, g.ask(e.ctx, e.in.Backends, calls))
}

func (e *evaluation) postpone(r *compiledRule, members []member, live bool) {
	if len(members) == 0 {
		return
	}
	d := Deferred{RuleID: r.ID, Live: live}
	for _, m := range members {
		d.Calls = append(d.Calls, r.group.call(m, live, e.in.Request))
	}
	e.Deferred = append(e.Deferred, d)
}

// remember answers a rule from what its backends said in an earlier decision; a rule whose backends were not asked then is skipped.
func (e *evaluation) remember(r *compiledRule) {
	var results []payment.BackendResult
	for _, m := range r.group.members {
		result := resultOf(e.in.Recorded, r.ID, m.name)
		for i := range e.in.Recorded {
			// The rules have changed since: another rule's answer is as good.
			if result == nil && e.in.Recorded[i].Backend == m.name {
				result = &e.in.Recorded[i]
			}
		}
		if result == nil {
			continue
		}
		copied := *result
		copied.RuleID, copied.Live = r.ID, r.live && m.live
		results = append(results, copied)
	}
	if len(results) == 0 {
		e.skip(r, "not_asked")
		return
	}
	e.answered(r, results)
}

// answered takes the results of a rule's backends.
func (e *evaluation) answered(r *compiledRule, results []payment.BackendResult) {
	e.results = append(e.results, results...)
	outcome, spoke := r.group.decide(results)
	if !spoke {
		outcome = r.group.onError
	}
	e.spoke = e.spoke || spoke && r.live
	fired := outcome != payment.Allow
	e.traceGroup(r, fired, outcome, results)
	if fired {
		e.fire(r, outcome, r.group.speaker(results, outcome))
	}
}

// speaker names the backend that said the outcome, else the first that was asked.
func (g *group) speaker(results []payment.BackendResult, outcome payment.Outcome) string {
	for i := range results {
		if said, ok := g.outcome(&results[i]); ok && said == outcome {
			return results[i].Backend
		}
	}
	return g.members[0].name
}

// ask asks live members as the strategy says: one after the other until one says something, or all at once.
func (g *group) ask(ctx context.Context, b Backends, calls []Call) []payment.BackendResult {
	if g.strategy != fallback {
		return placed(calls, b.Ask(ctx, calls, g.strategy == parallel && g.merge == first))
	}
	var results []payment.BackendResult
	for i := range calls {
		results = append(results, placed(calls[i:i+1], b.Ask(ctx, calls[i:i+1], false))...)
		if len(results) == 0 {
			continue
		}
		if _, ok := g.outcome(&results[len(results)-1]); ok || ctx.Err() != nil {
			break
		}
	}
	return results
}

// placed makes sure that each result says whose it is.
func placed(calls []Call, results []payment.BackendResult) []payment.BackendResult {
	results = results[:min(len(results), len(calls))]
	for i := range results {
		results[i].RuleID, results[i].Backend, results[i].Live = calls[i].RuleID, calls[i].Backend, calls[i].Live
	}
	return results
}

// Await asks the backends of deferred work as its rule's strategy says, and waits for their answers, which Finish folds in. A rule that
// the program does not have is asked all at once.
func (p *Program) Await(ctx context.Context, b Backends, d Deferred) []payment.BackendResult {
	if r := p.rule(d.RuleID); r != nil && r.group != nil && d.Live {
		return r.group.ask(ctx, b, d.Calls)
	}
	return placed(d.Calls, b.Ask(ctx, d.Calls, false))
}

func (p *Program) rule(id string) *compiledRule {
	if i, known := p.index[id]; known {
		return &p.rules[i]
	}
	return nil
}

// traceGroup explains what backends said; outcome is PROVISIONAL for those still to be asked, empty for those only watched.
func (e *evaluation) traceGroup(r *compiledRule, fired bool, outcome payment.Outcome, results []payment.BackendResult) {
	if !e.in.Trace {
		return
	}
	because := payment.Condition{Op: string(r.Type), Text: "asked after the answer"}
	if results != nil {
		because = r.group.explain(results, outcome)
	}
	action := outcome
	if action == "" {
		action = r.action
	}
	e.Trace = append(e.Trace, payment.RuleTrace{
		RuleID: r.ID, Name: r.Name, Type: string(r.Type), Live: r.live, Fired: fired, Action: action, Score: r.Score, Because: &because,
	})
}

// explain tells what each backend said and what that came to.
func (g *group) explain(results []payment.BackendResult, outcome payment.Outcome) payment.Condition {
	fired := outcome != payment.Allow
	told := payment.Condition{Op: g.strategy, Text: "backends, " + g.strategy, Result: &fired, Value: string(outcome)}
	for i := range results {
		result := &results[i]
		arg := payment.Condition{Op: "backend", Text: result.Backend}
		if said, ok := g.outcome(result); ok {
			strict := said != payment.Allow
			arg.Result, arg.Value = &strict, string(said)
		} else {
			arg.Missing = true
			if result.Error != nil {
				arg.Value = *result.Error
			}
		}
		told.Args = append(told.Args, arg)
	}
	return told
}
