package ruleset

import (
	"cmp"
	"slices"

	"wayguard/payment"
)

// Finish folds in what backends said after the answer: those of asynchronous rules change a PROVISIONAL evaluation into its final one,
// those in shadow are recorded. A live asynchronous rule of e.Deferred that nobody answered for follows its on_error. e itself is not
// changed; what comes back has nothing deferred.
func (p *Program) Finish(e Evaluation, late []payment.BackendResult) Evaluation {
	f := finishing{Program: p, Evaluation: e, late: late}
	f.Triggered, f.ShadowTriggered = slices.Clone(e.Triggered), slices.Clone(e.ShadowTriggered)
	f.Results = append(slices.Clone(e.Results), late...)
	f.Trace, f.Deferred = slices.Clone(e.Trace), nil
	if e.Score != nil {
		score := *e.Score
		f.Score = &score
	}
	provisional, waits := e.Outcome == payment.Provisional, e.Outcome == payment.Provisional
	for i := range p.rules {
		r := &p.rules[i]
		switch {
		case r.group == nil || !r.enabled:
		case r.live && provisional && r.group.async && (f.answered(r) || f.waited(e.Deferred, r)):
			f.take(r)
			waits = false
		case !r.live && f.answered(r):
			f.watch(r)
		}
	}
	f.close(e, provisional, waits)
	return f.Evaluation
}

// finishing is an Evaluation that is being finished.
type finishing struct {
	*Program
	Evaluation
	late []payment.BackendResult
	// spoke says that a live backend answered.
	spoke bool
}

func (f *finishing) answered(r *compiledRule) bool {
	return slices.ContainsFunc(f.late, func(result payment.BackendResult) bool { return result.RuleID == r.ID && result.Live == r.live })
}

func (f *finishing) waited(deferred []Deferred, r *compiledRule) bool {
	return slices.ContainsFunc(deferred, func(d Deferred) bool { return d.Live && d.RuleID == r.ID })
}

// take lets an asynchronous rule act.
func (f *finishing) take(r *compiledRule) {
	outcome, spoke := r.group.decide(f.late)
	if !spoke {
		outcome = r.group.onError
	}
	f.spoke = f.spoke || spoke
	f.retrace(r, outcome)
	if outcome == payment.Allow {
		return
	}
	told := r.told
	told.Action = outcome
	f.Triggered = f.inOrder(append(f.Triggered, told))
	if f.Score != nil {
		*f.Score += r.Score
	}
	if r.ThreeDS == "require" || f.ThreeDS == "" {
		f.ThreeDS = cmp.Or(r.ThreeDS, f.ThreeDS)
	}
}

// watch records what a rule in shadow would have done.
func (f *finishing) watch(r *compiledRule) {
	outcome, spoke := r.group.decide(f.late)
	if !spoke {
		outcome = r.group.onError
	}
	f.retrace(r, outcome)
	if outcome != payment.Allow {
		told := r.told
		told.Action = outcome
		f.ShadowTriggered = f.inOrder(append(f.ShadowTriggered, told))
	}
}

func (f *finishing) inOrder(told []payment.TriggeredRule) []payment.TriggeredRule {
	slices.SortStableFunc(told, func(a, b payment.TriggeredRule) int { return cmp.Compare(f.index[a.RuleID], f.index[b.RuleID]) })
	return told
}

// retrace completes the explanation of a rule that was asked after the answer.
func (f *finishing) retrace(r *compiledRule, outcome payment.Outcome) {
	results := slices.DeleteFunc(slices.Clone(f.late), func(result payment.BackendResult) bool {
		return result.RuleID != r.ID || result.Live != r.live
	})
	for i := range f.Trace {
		if f.Trace[i].RuleID == r.ID && f.Trace[i].Skipped == "" {
			because := r.group.explain(results, outcome)
			f.Trace[i].Because, f.Trace[i].Fired, f.Trace[i].Action = &because, outcome != payment.Allow, outcome
		}
	}
}

// close says what it comes to. Nothing had ended a PROVISIONAL evaluation, so that all its rules had their say. The course of shadow rules
// is told anew from all that fired, in the order of the rules: what stands after an end of it is not counted.
func (f *finishing) close(before Evaluation, provisional, waits bool) {
	if provisional && !waits {
		end := f.after(f.Triggered)
		f.Outcome = end.outcome(f.score)
		f.Source = sourceOf(f.Triggered, f.spoke || slices.ContainsFunc(before.Results, said))
		f.Decisive = f.decisive()
	}
	if f.shadows {
		end := f.after(f.inOrder(append(slices.Clone(f.Triggered), f.ShadowTriggered...)))
		end.pending = waits
		f.Shadow = end.outcome(f.score)
	}
}

func said(result payment.BackendResult) bool {
	return result.Live && result.Error == nil && (result.Outcome != "" || result.Score != nil)
}

// after is how an evaluation stands after rules that fired.
func (f *finishing) after(triggered []payment.TriggeredRule) course {
	var c course
	for i := range triggered {
		if r := f.rule(triggered[i].RuleID); r != nil {
			c.take(r, triggered[i].Action)
		}
	}
	return c
}

// decisive names what led to the final outcome.
func (f *finishing) decisive() string {
	for i := range f.Triggered {
		if t := &f.Triggered[i]; t.Action == f.Outcome && f.Outcome != payment.Allow {
			r := f.rule(t.RuleID)
			if r != nil && r.group != nil {
				return r.group.speaker(f.Results, t.Action)
			}
			return t.Type
		}
	}
	if f.Outcome != payment.Allow {
		return "score"
	}
	return ""
}
