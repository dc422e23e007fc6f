package proxy

import (
	"context"
	"errors"

	"wayguard/capture"
	"wayguard/event"
)

// decide asks the observer about a held request and says what to do.
func (ex *exchange) decide(ctx context.Context) disposition {
	ex.in.counts.inline.Add(1)
	r := ex.in.ask(ctx, ex)
	switch {
	case r.failed != "":
		return ex.onFailure(r.failed)
	case r.unmatched:
		return disposition{}
	}
	ex.mu.Lock()
	ex.asked = true
	ex.mu.Unlock()
	if answer := ex.block(r.verdict); answer != nil {
		return disposition{answer: answer}
	}
	return disposition{tags: ex.tag(r.verdict)}
}

// judgement is the end of one inline question.
type judgement struct {
	verdict   event.Verdict
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
	verdict, err := in.observer.Consider(q, e)
	switch {
	case err == nil:
		return judgement{verdict: verdict}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return judgement{failed: late(q.Err())}
	}
	in.log.say("an inline question failed", "spec", ex.spec.Name(), "error", err.Error())
	return judgement{failed: failureConsider}
}

// late tells a spent budget from a visitor who has gone.
func late(err error) failureReason {
	if errors.Is(err, context.Canceled) {
		return failureGone
	}
	return failureDeadline
}
