package decision

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// errPanicked is answered for an evaluation that panicked: no decision is better than a wrong one.
var errPanicked = fmt.Errorf("evaluating panicked: %w", ErrUnavailable)

// Decide decides about a payment. The attempt is counted once, before rules run, and taken back where no decision is kept. A decision is
// kept before it is answered, with the webhooks that tell of it, but not for a caller who has gone. With an idempotency key the first
// decision is given again, and nothing is counted.
// It fails with ErrIdempotency when the key was used for another body, and with ErrUnavailable when no decision could be made or kept.
// The request's Tree gets the journey and the time.
func (s *Service) Decide(ctx context.Context, r *payment.Request, c Caller) (payment.Decision, error) {
	if c.IdempotencyKey == "" {
		return s.decideNew(ctx, r, c)
	}
	// Two requests with one key at the same moment: the second waits for what the first is told.
	defer s.keys.lock("idempotency\x00" + c.Client + "\x00" + c.IdempotencyKey)()
	if first, found, err := s.replay(ctx, c); err != nil || found {
		return first, err
	}
	d, err := s.decideNew(ctx, r, c)
	if errors.Is(err, ErrIdempotency) { // another process was faster
		if first, found, err := s.replay(ctx, c); err != nil || found {
			return first, err
		}
	}
	return d, err
}

// replay finds the decision that was made under an idempotency key.
func (s *Service) replay(ctx context.Context, c Caller) (payment.Decision, bool, error) {
	id, digest, found, err := s.deps.Ledger.Idempotent(ctx, s.deps.Environment, c.Client, c.IdempotencyKey)
	if err != nil {
		return payment.Decision{}, false, s.unavailable("look for the idempotency key", err)
	}
	if !found {
		return payment.Decision{}, false, nil
	}
	if digest != c.BodyDigest {
		return payment.Decision{}, false, ErrIdempotency
	}
	e, found, err := s.deps.Ledger.Decision(ctx, s.deps.Environment, id)
	if err != nil {
		return payment.Decision{}, false, s.unavailable("find the first decision", err)
	}
	if !found { // taken away by retention or erasure, and its key with it a moment later
		return payment.Decision{}, false, ErrIdempotency
	}
	s.counted.replays.Add(1)
	return answered(e.Decision, c.Explain), true, nil
}

func (s *Service) unavailable(doing string, err error) error {
	s.counted.unavailable.Add(1)
	return fmt.Errorf("%s: %w (%w)", doing, ErrUnavailable, err)
}

// answered is a decision as its caller sees it.
func answered(d payment.Decision, explain bool) payment.Decision {
	if !explain {
		d.Explanation = nil
	}
	return d
}

// The times that are kept back for the ledger: of the caller's time a tenth, at most reserveAtMost, in which no backend is asked any more,
// and the ledger's own, which begins when the rules have spoken, whatever is left to the caller: a backend that hangs is answered by its
// rule's on_error, never by there being no decision.
const (
	reserveAtMost = 2 * time.Second
	recordTime    = 5 * time.Second
)

// evaluating is the time in which rules and their backends must come to an end.
func evaluating(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, there := ctx.Deadline()
	if !there {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Until(deadline)/10, reserveAtMost)))
}

// decideNew decides and keeps the decision. What is not kept is not counted either, so that whoever tries again is counted once.
func (s *Service) decideNew(ctx context.Context, r *payment.Request, c Caller) (d payment.Decision, err error) {
	force := s.force.Load()
	at := s.deps.Now()
	within, cancel := evaluating(ctx)
	defer cancel()
	t := s.trialOf(within, force, r, at, Seek{Attempt: true, SessionOnly: c.Route})
	t.id = s.deps.NewID(at)
	force.plan.countIn(s.rolling, &t.attempt)
	defer func() {
		if err != nil {
			force.plan.takeBackFrom(s.rolling, &t.attempt)
		}
	}()
	evaluation, err := s.evaluate(within, t, c.Explain)
	if err != nil {
		s.counted.unavailable.Add(1)
		return payment.Decision{}, err
	}
	evaluation = accepted(evaluation, c.Accepted)
	e := s.entryOf(t, evaluation, c)
	jobs, err := s.postpone(&e, t, evaluation)
	if err != nil {
		return payment.Decision{}, s.unavailable("keep what is to be asked", err)
	}
	e.Messages = s.messages(force, &e.Decision, "decision."+lower(e.Decision.Decision), at, nil)
	if err := s.record(ctx, e); err != nil {
		s.work.forgetJobs(jobs)
		return payment.Decision{}, err
	}
	s.after(context.WithoutCancel(ctx), r, &e, jobs)
	return answered(e.Decision, c.Explain), nil
}

// record keeps a decision, unless its caller has gone: nobody would hear it. A caller whose time is over may still be told.
func (s *Service) record(ctx context.Context, e Entry) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		s.counted.abandoned.Add(1)
		return fmt.Errorf("the caller has gone: %w (%w)", ErrUnavailable, ctx.Err())
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	err := s.deps.Ledger.Record(own, e)
	if err == nil || errors.Is(err, ErrIdempotency) {
		return err
	}
	return s.unavailable("keep the decision", err)
}

// after does what follows a decision that is kept.
func (s *Service) after(ctx context.Context, r *payment.Request, e *Entry, jobs []job) {
	s.counted.outcome(e.Decision.Decision)
	s.counted.backendErrors.Add(failures(e.Decision.BackendResults))
	if len(e.Messages) > 0 {
		s.counted.messages.Add(uint64(len(e.Messages)))
		s.wake()
	}
	s.tell(ctx, r, &e.Decision, e.Decision.EvaluatedAt)
	for _, j := range jobs {
		s.enqueue(j)
	}
}

// tell makes what a decision came to an event of its journey; r may be nil.
func (s *Service) tell(ctx context.Context, r *payment.Request, d *payment.Decision, at time.Time) {
	if s.deps.Journeys != nil {
		s.guard("telling the journey", func() { s.deps.Journeys.Tell(ctx, s.deps.Environment, r, d, at) })
	}
}

// trial is one payment on its way through the rules.
type trial struct {
	id      event.ID
	request *payment.Request
	journey *payment.Journey
	active  *activeRuleset // nil where no rules apply
	plan    *plan
	attempt attempt
	lists   ruleset.Lists
	counts  ruleset.Counters
	// backends are nil in a dry run.
	backends ruleset.Backends
	recorded []payment.BackendResult
}

// trialOf finds the journey and the rules of a payment, and what its counters go by.
func (s *Service) trialOf(ctx context.Context, force *inForce, r *payment.Request, at time.Time, how Seek) *trial {
	t := &trial{request: r, active: force.of(r.Context), plan: force.plan, backends: s.deps.Backends}
	if t.backends == nil {
		t.backends = silent{}
	}
	if s.deps.Journeys != nil {
		s.guard("finding the journey", func() { t.journey = s.deps.Journeys.Find(ctx, s.deps.Environment, r, at, how) })
	}
	if r.Tree == nil {
		r.Tree = payment.Tree{}
	}
	delete(r.Tree, "journey") // what a caller calls so is not ours
	if t.journey != nil {
		r.Tree["journey"] = payment.JourneyTree(t.journey)
	}
	r.Tree["evaluated_at"] = at.UTC().Format(time.RFC3339Nano)
	t.attempt = attempt{values: force.plan.valuesOf(r.Tree), context: r.Context, currency: r.Currency, amount: r.Amount, at: at}
	t.counts = &counts{plan: force.plan, rolling: s.rolling, at: at, refill: &refill{s, s.rolling, ctx}}
	t.lists = listsAt{s.lists, at}
	return t
}

// evaluate runs the rules. The explanation costs more than the answer, so that it is made where it was asked for, where backends are
// asked anyway, and in a second run where a rule fired: that is when somebody will want to know why.
func (s *Service) evaluate(ctx context.Context, t *trial, explain bool) (ruleset.Evaluation, error) {
	if t.active == nil {
		return ruleset.Evaluation{Outcome: payment.Allow, Source: payment.RuleEngine}, nil
	}
	if t.active.program == nil {
		return ruleset.Evaluation{}, fmt.Errorf("the ruleset of the context cannot be run: %w", ErrUnavailable)
	}
	in := ruleset.Input{
		Request: t.request, Journey: t.journey, Counters: t.counts, Lists: t.lists, Backends: t.backends, Recorded: t.recorded,
		Draw: drawOf(t.id), Trace: explain || t.active.asks,
	}
	var e ruleset.Evaluation
	if !s.guard("evaluating rules", func() { e = t.active.program.Evaluate(ctx, in) }) {
		return e, errPanicked
	}
	if !isOutcome(e.Outcome) {
		return e, fmt.Errorf("the rules came to no outcome: %w", ErrUnavailable)
	}
	if !in.Trace && (len(e.Triggered) > 0 || len(e.ShadowTriggered) > 0 || e.Outcome != payment.Allow) {
		in.Trace = true
		s.guard("explaining rules", func() { e.Trace = t.active.program.Evaluate(ctx, in).Trace })
	}
	return e, nil
}

func isOutcome(o payment.Outcome) bool {
	return o == payment.Allow || o == payment.Review || o == payment.Block || o == payment.Provisional
}

// drawOf is the number for weighted choices. It comes from the decision's id, so that a backtest draws the same.
func drawOf(id event.ID) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return int(h.Sum64() % 10_000)
}

// entryOf makes the decision, and what the ledger keeps with it.
func (s *Service) entryOf(t *trial, e ruleset.Evaluation, c Caller) Entry {
	d := decisionOf(t, e)
	if c.Integration != "" {
		d.Integration = &c.Integration
	}
	if c.InterceptorID != "" {
		d.InterceptorID = &c.InterceptorID
	}
	if c.PaymentType != "" {
		d.PaymentType = &c.PaymentType
		if state, known := payment.StateOf(c.PaymentType); known {
			d.PaymentState = &state
		}
	}
	d.Payload = c.Payload
	d.LatencyMicros = s.deps.Now().Sub(t.attempt.at).Microseconds()
	return Entry{
		Environment: s.deps.Environment, Decision: d, Values: t.attempt.values, Tree: t.request.Tree,
		Client: c.Client, IdempotencyKey: c.IdempotencyKey, Digest: c.BodyDigest,
	}
}

func decisionOf(t *trial, e ruleset.Evaluation) payment.Decision {
	r := t.request
	d := payment.Decision{
		ID: t.id, Context: r.Context, CredentialType: r.Credential.Type,
		CredentialFingerprint: optional(r.Fingerprint), MaskedCredential: optional(r.Masked),
		Events: []payment.LifecycleEvent{}, EvaluatedAt: t.attempt.at.UTC().Truncate(time.Microsecond), Metadata: r.Metadata,
		Amount: r.Amount, Currency: r.Currency, CustomerID: r.Customer.ID, TransactionReference: r.Reference,
		DeviceFingerprint: optional(r.Device.Fingerprint), DeviceIP: optional(r.Device.IP),
		Journey: t.journey, Warnings: r.Warnings,
	}
	if d.Metadata == nil {
		d.Metadata = map[string]string{}
	}
	if t.active != nil {
		id, version := t.active.ruleset.ID, t.active.ruleset.Version
		if id != "" {
			d.RulesetID, d.RulesetVersion = &id, &version
		}
	}
	evaluated(&d, e)
	return d
}

// evaluated puts what rules said into a decision.
func evaluated(d *payment.Decision, e ruleset.Evaluation) {
	d.Decision, d.Source = e.Outcome, e.Source
	if d.Source == "" {
		d.Source = payment.RuleEngine
	}
	d.TriggeredRules, d.ShadowTriggeredRules = present(e.Triggered), present(e.ShadowTriggered)
	d.ShadowDecision, d.Score, d.ThreeDS = e.Shadow, e.Score, e.ThreeDS
	d.BackendResults = present(e.Results)
	for i := range d.BackendResults {
		d.BackendResults[i].MissingFields = present(d.BackendResults[i].MissingFields)
	}
	d.HasBackendError = failures(d.BackendResults) > 0
	d.Explanation = e.Trace
}

func failures(results []payment.BackendResult) (n uint64) {
	for _, r := range results {
		if r.Error != nil {
			n++
		}
	}
	return n
}

// present is a list of its own that is [] in JSON where it is empty, not null.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clone(list)
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
