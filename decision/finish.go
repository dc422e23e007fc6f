package decision

import (
	"context"
	"errors"
	"time"

	"wayguard/payment"
	"wayguard/ruleset"
)

// errDone undoes a change that somebody else has made already.
var errDone = errors.New("done already")

// finishJobs finishes asynchronous rules until ctx ends.
func (s *Service) finishJobs(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.work.waiting:
			s.finish(ctx, j)
		}
	}
}

// finish asks the backends of a decision that waits and gives it its final outcome. Where that cannot be kept the decision goes on
// waiting in the ledger; where the process ends meanwhile, it is finished after the next start.
func (s *Service) finish(ctx context.Context, j job) {
	defer s.work.held.end(j.id)
	within, cancel := context.WithDeadline(ctx, s.wallDeadline(j.deadline))
	late := s.askAll(within, j)
	expired := within.Err() != nil
	cancel()
	if ctx.Err() != nil {
		return
	}
	for range finalAttempts {
		err := s.keepFinal(ctx, j, late, expired)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.counted.unavailable.Add(1)
		s.deps.Logger.Error("a final decision could not be kept; it goes on waiting", "id", j.id, "error", err)
		if !pause(ctx, s.retry) {
			return
		}
	}
}

// finalAttempts are made to keep what backends said. Then the decision goes back to those that wait, and they are asked again.
const finalAttempts = 5

// keepFinal writes the final outcome with the webhook that tells of it.
func (s *Service) keepFinal(ctx context.Context, j job, late []payment.BackendResult, expired bool) error {
	force := s.force.Load()
	var decided payment.Decision
	request, queued := j.request, 0
	found, err := s.deps.Ledger.Amend(ctx, s.deps.Environment, j.id, func(e *Entry) error {
		if !e.Waiting {
			return errDone
		}
		e.Waiting, e.Deferred = false, nil
		d := &e.Decision
		final := s.conclude(j, standing(d), late)
		d.Initial = d.Decision
		evaluated(d, final)
		e.Messages = s.messages(force, d, eventAsynchronous+lower(d.Decision), s.deps.Now(), stateOf(d))
		queued, decided = len(e.Messages), *d
		if request == nil {
			request = requestOf(e)
		}
		return nil
	})
	switch {
	case errors.Is(err, errDone) || err == nil && !found: // finished by another process, or erased
		return nil
	case err != nil:
		return err
	}
	s.counted.finished.Add(1)
	if expired {
		s.counted.expired.Add(1)
	}
	s.counted.outcome(decided.Decision)
	s.counted.backendErrors.Add(failures(late))
	s.counted.messages.Add(uint64(queued))
	s.wake()
	s.tell(ctx, request, &decided, s.deps.Now())
	return nil
}

// wallDeadline is a deadline of the service's clock on the clock of contexts.
func (s *Service) wallDeadline(deadline time.Time) time.Time {
	return time.Now().Add(deadline.Sub(s.deps.Now()))
}

// standing is an evaluation as a decision has it.
func standing(d *payment.Decision) ruleset.Evaluation {
	return ruleset.Evaluation{
		Outcome: d.Decision, Source: d.Source, Triggered: d.TriggeredRules, ShadowTriggered: d.ShadowTriggeredRules, Shadow: d.ShadowDecision,
		Results: d.BackendResults, Score: d.Score, ThreeDS: d.ThreeDS, Trace: d.Explanation,
	}
}

// conclude is the final evaluation. It is never PROVISIONAL: where the rules cannot say, what has been collected decides.
func (s *Service) conclude(j job, e ruleset.Evaluation, late []payment.BackendResult) ruleset.Evaluation {
	final := e
	final.Deferred = j.deferred
	if j.program != nil {
		s.guard("finishing a decision", func() { final = j.program.Finish(final, late) })
	}
	if final.Outcome != payment.Provisional {
		return final
	}
	final.Outcome = payment.Allow
	for _, r := range final.Triggered {
		if r.Action == payment.Review {
			final.Outcome = payment.Review
		}
	}
	return final
}

// askShadows asks shadow members until ctx ends, and puts what they say on record.
func (s *Service) askShadows(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.work.shadows:
			s.noteShadow(ctx, j)
		}
	}
}

func (s *Service) noteShadow(ctx context.Context, j job) {
	within, cancel := context.WithDeadline(ctx, s.wallDeadline(j.deadline))
	results := s.askAll(within, j)
	cancel()
	if ctx.Err() != nil || len(results) == 0 {
		return
	}
	for i := range results {
		results[i].Live = false
	}
	_, err := s.deps.Ledger.Amend(ctx, s.deps.Environment, j.id, func(e *Entry) error {
		d := &e.Decision
		now := standing(d)
		noted := now
		noted.Results = append(present(now.Results), results...)
		if j.program != nil {
			s.guard("noting shadow results", func() { noted = j.program.Finish(now, results) })
		}
		now.ShadowTriggered, now.Shadow, now.Results, now.Trace = noted.ShadowTriggered, noted.Shadow, noted.Results, noted.Trace
		evaluated(d, now)
		return nil
	})
	if err != nil {
		s.counted.shadowDropped.Add(1)
		s.deps.Logger.Error("what shadow backends said could not be kept", "id", j.id, "error", err)
		return
	}
	s.counted.shadow.Add(1)
	s.counted.backendErrors.Add(failures(results))
}
