package proxy

import (
	"context"
	"errors"

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
	select {
	case in.questions <- struct{}{}:
	default:
		return judgement{failed: failureBusy}
	}
	ctx, cancel := context.WithTimeout(ctx, in.config.Budget)
	defer cancel()
	replies := make(chan judgement, 1)
	go func() {
		defer func() { <-in.questions }()
		replies <- in.consider(ctx, ex)
	}()
	select {
	case r := <-replies:
		return r
	case <-ctx.Done():
		return judgement{failed: late(ctx)}
	}
}

// consider lets what is queued of the visitor go first, then asks.
func (in *inspection) consider(ctx context.Context, ex *exchange) (r judgement) {
	defer func() {
		if recovered := recover(); recovered != nil {
			in.log.say("an inline question panicked", "spec", ex.spec.Name(), "panic", panicText(recovered))
			r = judgement{failed: failureObserverPanic}
		}
	}()
	if err := in.queue.settled(ctx, ex.visitor); err != nil {
		return judgement{failed: late(ctx)}
	}
	e := ex.spec.Request(ex.question())
	if e.Spec == "" || !e.HTTP.Inline {
		return judgement{unmatched: true} // the body told that no spec, or another one, is meant
	}
	ex.meant(e.Spec)
	verdict, err := in.observer.Consider(ctx, e)
	switch {
	case err == nil:
		return judgement{verdict: verdict}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return judgement{failed: late(ctx)}
	}
	in.log.say("an inline question failed", "spec", ex.spec.Name(), "error", err.Error())
	return judgement{failed: failureConsider}
}

// late tells a spent budget from a visitor who has gone.
func late(ctx context.Context) failureReason {
	if errors.Is(ctx.Err(), context.Canceled) {
		return failureGone
	}
	return failureDeadline
}
