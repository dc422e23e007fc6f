package proxy

import (
	"context"
	"errors"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
)

// decide asks the observer about a held request and says what to do.
func (ex *exchange) decide(ctx context.Context) disposition {
	ex.in.counts.inline.Add(1)
	r := ex.in.ask(ctx, ex)
	switch {
	case r.failed != "":
		return ex.onFailure(r.failed)
	case r.unmatched:
		return disposition{unmatched: true}
	}
	ex.mu.Lock()
	ex.asked = true
	ex.mu.Unlock()
	decided := disposition{measure: r.measure, session: r.session}
	if r.measure.Tags {
		decided.tags = ex.in.tags(&r.verdict, r.session)
	}
	return decided
}

// judgement is the end of one inline question.
type judgement struct {
	verdict   event.Verdict
	session   event.ID
	measure   mitigation.Measure
	failed    failureReason
	unmatched bool
}

// ask puts the inline question within the budget. It returns in time even where the observer does not: the question then
// goes on by itself, holding one of the places that bound how many there may be.
func (in *inspection) ask(ctx context.Context, ex *exchange) judgement {
	a := in.askers.take()
	if a == nil {
		return judgement{failed: failureBusy}
	}
	a.begin(ex)
	var reason failureReason
	select {
	case <-a.answered:
		return a.end()
	case <-a.timer.C:
		reason = failureDeadline
	case <-ctx.Done():
		reason = failureGone
	}
	if a.question.giveUp(reason) {
		return judgement{failed: reason} // the asker ends by itself, whenever the observer lets it
	}
	<-a.answered // at the very moment
	return a.end()
}

// consider lets what is queued of the visitor go first, then asks.
func (in *inspection) consider(q *question, ex *exchange, scratch *capture.Scratch) (r judgement) {
	defer func() {
		if recovered := recover(); recovered != nil {
			in.log.say("an inline question panicked", "spec", ex.spec.Name(), "panic", panicText(recovered))
			r = judgement{failed: failureObserverPanic}
		}
	}()
	if err := in.queue.settled(q, ex.visitor); err != nil {
		return judgement{failed: late(err)}
	}
	ex.question(&q.head)
	e := ex.spec.RequestIn(scratch, &q.head)
	if e.Spec == "" || !e.HTTP.Inline {
		return judgement{unmatched: true} // the body told that no spec, or another one, is meant
	}
	ex.meant(e.Spec)
	ex.tellFacts(&q.head, &e)
	judged, err := in.observer.Consider(q, e)
	switch {
	case err == nil:
		return in.weigh(q, ex, &e, &judged)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return judgement{failed: late(q.Err())}
	}
	in.log.say("an inline question failed", "spec", ex.spec.Name(), "error", err.Error())
	return judgement{failed: failureConsider}
}

// weigh has the policy say what is done because of a verdict.
func (in *inspection) weigh(q *question, ex *exchange, e *event.Event, judged *mitigation.Judgement) judgement {
	r := judgement{verdict: judged.Verdict, session: judged.Session.ID}
	policy := ex.now.policy
	if policy == nil {
		return r
	}
	if err := q.Err(); err != nil {
		return judgement{failed: late(err)} // nobody waits any more: nothing may be counted as done
	}
	if !in.guard("Decide", func() { r.measure = policy.Decide(&q.head, e, judged) }) {
		return judgement{failed: failurePolicy}
	}
	return r
}

// late tells a spent budget from a visitor who has gone.
func late(err error) failureReason {
	if errors.Is(err, context.Canceled) {
		return failureGone
	}
	return failureDeadline
}
