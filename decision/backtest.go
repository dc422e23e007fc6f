package decision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"wayguard/payment"
	"wayguard/ruleset"
	"wayguard/velocity"
)

// errEnough ends a walk through decisions at the limit.
var errEnough = errors.New("enough decisions were looked at")

// Backtest runs rules over the decisions that were evaluated from one time to another, as if the rules had been in force: counters and
// the blacklist begin empty and are filled as time goes by, the blacklist by the events that came and by the entries that people made.
// Nothing of what is known today is used before it was known. Backends are not asked: what they said then is taken. The same decisions
// give the same report each time. Decisions of other contexts are counted but not judged. One backtest runs at a time.
func (s *Service) Backtest(ctx context.Context, rules ruleset.Ruleset, from, to time.Time) (Report, error) {
	if !from.Before(to) {
		return Report{}, invalid("$.from", "range", "is not before the end")
	}
	program, err := s.compile(rules)
	if err != nil {
		return Report{}, err
	}
	select {
	case s.tests <- struct{}{}:
		defer func() { <-s.tests }()
	case <-ctx.Done():
		return Report{}, fmt.Errorf("wait for another backtest: %w", ctx.Err())
	}
	b := s.newBacktest(rules, program)
	if err := b.loadManual(ctx, from); err != nil {
		return Report{}, s.unavailable("read the lists", err)
	}
	truncated, err := s.walk(ctx, from, to, func(e *Entry) { b.visit(ctx, e) })
	if err != nil {
		return Report{}, err
	}
	b.report.Truncated = truncated
	b.report.Candidate.finish()
	b.report.Recorded.finish()
	return b.report, nil
}

// walk visits decisions in the order of their times, at most Limits.Backtest of them.
func (s *Service) walk(ctx context.Context, from, to time.Time, visit func(*Entry)) (truncated bool, err error) {
	n := 0
	err = s.deps.Ledger.Each(ctx, s.deps.Environment, from, to, func(e *Entry) error {
		if n >= s.limits.Backtest {
			return errEnough
		}
		n++
		visit(e)
		return ctx.Err()
	})
	switch {
	case errors.Is(err, errEnough):
		return true, nil
	case ctx.Err() != nil:
		return false, fmt.Errorf("go through decisions: %w", ctx.Err())
	case err != nil:
		return false, s.unavailable("go through decisions", err)
	}
	return false, nil
}

// backtest is one run.
type backtest struct {
	service *Service
	active  *activeRuleset
	plan    *plan
	rolling *velocity.Rolling
	lists   *lists
	// manual are entries that people made, oldest first; coming are entries by events that have not yet happened at the time looked at.
	manual, coming []ListValue
	report         Report
}

func (s *Service) newBacktest(rules ruleset.Ruleset, program *ruleset.Program) *backtest {
	b := &backtest{
		service: s, active: newActive(rules, program), plan: newPlan(program), rolling: velocity.NewFixedRolling(s.limits.Counters),
		lists: newLists(s.deps.Lists, s.limits.ListValues), report: Report{NewlyHit: newChanged(), NoLongerHit: newChanged(), Candidate: newSide(), Recorded: newSide()},
	}
	for i, c := range b.plan.counters {
		c.begin(strconv.Itoa(i), time.Time{}, math.MinInt64)
	}
	return b
}

// loadManual reads what people put on lists: entries without a decision that they came from.
func (b *backtest) loadManual(ctx context.Context, from time.Time) error {
	err := b.service.deps.Ledger.EachValue(ctx, b.service.deps.Environment, from, func(v ListValue) error {
		if v.Manual || v.SourceDecisionID == nil {
			b.manual = append(b.manual, v)
		}
		return nil
	})
	slices.SortStableFunc(b.manual, func(x, y ListValue) int {
		return cmp.Or(x.InsertedAt.Compare(y.InsertedAt), cmp.Compare(x.ID, y.ID))
	})
	return err
}

// visit counts a decision, judges it where the rules are for it, and takes note of what its events will put on the blacklist.
func (b *backtest) visit(ctx context.Context, e *Entry) {
	d := &e.Decision
	at := d.EvaluatedAt
	b.pass(at)
	a := attemptOf(e, b.plan.counters)
	b.plan.countIn(b.rolling, &a)
	if !b.judges(d.Context) {
		return
	}
	b.foresee(e)
	b.report.Decisions++
	if e.Tree == nil {
		b.report.Skipped++
		return
	}
	t := &trial{
		id: d.ID, request: requestOf(e), journey: d.Journey, active: b.active, plan: b.plan, attempt: a, recorded: d.BackendResults,
		counts: &counts{plan: b.plan, rolling: b.rolling, at: at}, lists: listsAt{b.lists, at},
	}
	evaluation, err := b.service.evaluateFor(ctx, t)
	if err != nil {
		b.report.Skipped++
		return
	}
	b.compare(d, evaluation)
}

// evaluateFor runs rules over a recorded decision. Without backends asynchronous rules are answered at once, by what was recorded.
func (s *Service) evaluateFor(ctx context.Context, t *trial) (e ruleset.Evaluation, err error) {
	in := ruleset.Input{Request: t.request, Journey: t.journey, Counters: t.counts, Lists: t.lists, Recorded: t.recorded, Draw: drawOf(t.id)}
	if !s.guard("backtesting", func() { e = t.active.program.Evaluate(ctx, in) }) {
		return e, errPanicked
	}
	return e, nil
}

// judges says whether the rules would be in force in a context.
func (b *backtest) judges(contextName string) bool {
	own := b.active.ruleset.Context
	return contextName == own || own == payment.DefaultContext && b.service.force.Load().rulesets[contextName] == nil
}

// pass puts on the lists what came there until at.
func (b *backtest) pass(at time.Time) {
	for len(b.manual) > 0 && !b.manual[0].InsertedAt.After(at) {
		b.lists.put(b.manual[0])
		b.manual = b.manual[1:]
	}
	for len(b.coming) > 0 && !b.coming[0].InsertedAt.After(at) {
		v := b.coming[0]
		b.coming = b.coming[1:]
		if !b.lists.outlives(v) && !b.lists.full() {
			b.lists.put(v)
		}
	}
}

// foresee takes note of what a payment's events put on the blacklist when they come.
func (b *backtest) foresee(e *Entry) {
	for _, happened := range e.Decision.Events {
		for _, v := range populated(b.active.ruleset, happened, e) {
			v.ID = happened.ID
			i, _ := slices.BinarySearchFunc(b.coming, v, func(x, y ListValue) int {
				return cmp.Or(x.InsertedAt.Compare(y.InsertedAt), cmp.Compare(x.ID, y.ID), cmp.Compare(x.FieldPath, y.FieldPath))
			})
			b.coming = slices.Insert(b.coming, i, v)
		}
	}
}

func isHit(o payment.Outcome) bool { return o == payment.Block || o == payment.Review }

func isFraud(events []payment.LifecycleEvent) bool {
	return slices.ContainsFunc(events, func(e payment.LifecycleEvent) bool {
		return e.Type == payment.Chargeback || e.Type == payment.FraudReport
	})
}

func (b *backtest) compare(d *payment.Decision, e ruleset.Evaluation) {
	fraud := isFraud(d.Events)
	b.report.Candidate.add(e.Outcome, fraud, d)
	b.report.Recorded.add(d.Decision, fraud, d)
	switch before, now := isHit(d.Decision), isHit(e.Outcome); {
	case now && !before:
		b.report.NewlyHit.add(d, e, fraud)
	case before && !now:
		b.report.NoLongerHit.add(d, e, fraud)
	}
}

func newTally() Tally { return Tally{Money: map[string]int64{}} }

func (t *Tally) add(d *payment.Decision) {
	t.Count++
	t.Money[d.Currency] = velocity.Plus(t.Money[d.Currency], d.Amount)
}

func newSide() Side {
	return Side{Allowed: newTally(), Reviewed: newTally(), Blocked: newTally(), FraudCaught: newTally(), FraudMissed: newTally(), GoodHit: newTally()}
}

// add counts a payment under an outcome. One that is still PROVISIONAL is not held back, and so counts as allowed.
func (s *Side) add(o payment.Outcome, fraud bool, d *payment.Decision) {
	switch o {
	case payment.Block:
		s.Blocked.add(d)
	case payment.Review:
		s.Reviewed.add(d)
	default:
		s.Allowed.add(d)
	}
	switch {
	case isHit(o) && fraud:
		s.FraudCaught.add(d)
	case isHit(o):
		s.GoodHit.add(d)
	case fraud:
		s.FraudMissed.add(d)
	}
}

func (s *Side) finish() {
	caught := s.FraudCaught.Count
	s.Precision, s.Recall, s.Saved = share(caught, caught+s.GoodHit.Count), share(caught, caught+s.FraudMissed.Count), s.FraudCaught.Money
}

// share is a part of a whole, nil of nothing.
func share(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	f := float64(part) / float64(whole)
	return &f
}

// examplesAtMost are shown of each kind of change.
const examplesAtMost = 10

func newChanged() Changed { return Changed{Money: map[string]int64{}, Examples: []Example{}} }

func (c *Changed) add(d *payment.Decision, e ruleset.Evaluation, fraud bool) {
	c.Count++
	if fraud {
		c.Fraud++
	}
	c.Money[d.Currency] = velocity.Plus(c.Money[d.Currency], d.Amount)
	if len(c.Examples) >= examplesAtMost {
		return
	}
	rules := []string{}
	for _, t := range e.Triggered {
		rules = append(rules, t.RuleID)
	}
	c.Examples = append(c.Examples, Example{ID: d.ID, Recorded: d.Decision, Candidate: e.Outcome, Amount: d.Amount, Currency: d.Currency, Fraud: fraud, Rules: rules})
}
