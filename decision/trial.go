package decision

import (
	"context"
	"fmt"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// silent is what rules ask where no backend can be: each call is as if the backend could not be reached, so that on_error decides.
type silent struct{}

// Ask implements ruleset.Backends.
func (silent) Ask(_ context.Context, calls []ruleset.Call, _ bool) []payment.BackendResult {
	return failed(ruleset.Deferred{Calls: calls}, "unavailable")
}

// DryRun evaluates a payment with rules, or with those in force where rules is nil. It counts nothing, keeps nothing, tells nobody and
// asks no backend; counters answer as if the payment had been counted. The answer has no id, and it has the explanation.
// Rules that are not valid are an *InvalidError.
func (s *Service) DryRun(ctx context.Context, r *payment.Request, rules *ruleset.Ruleset) (payment.Decision, error) {
	at := s.deps.Now()
	t := s.trialOf(ctx, s.force.Load(), r, at, Seek{})
	t.backends = nil
	t.counts = &counts{plan: t.plan, rolling: s.rolling, at: at, uncounted: &t.attempt, refill: &refill{s, s.rolling, ctx}}
	if rules != nil {
		program, err := s.compile(*rules)
		if err != nil {
			return payment.Decision{}, err
		}
		t.active = newActive(*rules, program)
		s.countFor(ctx, t, program)
	}
	e, err := s.evaluate(ctx, t, true)
	if err != nil {
		return payment.Decision{}, err
	}
	d := decisionOf(t, e)
	d.LatencyMicros = s.deps.Now().Sub(at).Microseconds()
	return d, nil
}

// Explain tells why a decision came out as it did. That of a decision for which some rule fired was kept with it. For others kept is
// false, and the rules of that time are run again over what is kept of the payment: counters are missing then, because they have gone on.
func (s *Service) Explain(ctx context.Context, id event.ID) (traces []payment.RuleTrace, kept bool, err error) {
	e, err := s.Decision(ctx, id)
	if err != nil {
		return nil, false, err
	}
	d := &e.Decision
	if len(d.Explanation) > 0 || d.RulesetID == nil || e.Tree == nil {
		return present(d.Explanation), true, nil
	}
	program, err := s.programOf(ctx, *d.RulesetID, map[event.ID]*ruleset.Program{})
	if err != nil || program == nil {
		return []payment.RuleTrace{}, false, err
	}
	in := ruleset.Input{
		Request: requestOf(&e), Journey: d.Journey, Lists: listsAt{s.lists, d.EvaluatedAt}, Recorded: d.BackendResults,
		Draw: drawOf(d.ID), Trace: true,
	}
	if !s.guard("explaining a decision", func() { traces = program.Evaluate(ctx, in).Trace }) {
		return nil, false, fmt.Errorf("explain the decision: %w", errPanicked)
	}
	return present(traces), false, nil
}
