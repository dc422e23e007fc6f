package proxy

import (
	"context"
	"errors"
	"fmt"

	"wayguard/capture"
	"wayguard/event"
)

// observe is the queue's work: it makes the event of a finished exchange and hands it to the observer.
func (in *inspection) observe(ctx context.Context, ex *exchange) {
	defer ex.release()
	scratch := in.scratch()
	// One that was in use when something panicked is not used again.
	if in.judge(ctx, ex, scratch) {
		scratch.Reset()
		in.scratches.Put(scratch)
	}
}

// scratch lends memory for an event.
func (in *inspection) scratch() *capture.Scratch {
	if scratch, ok := in.scratches.Get().(*capture.Scratch); ok {
		return scratch
	}
	return new(capture.Scratch)
}

// judge makes the event and has it observed; ok is false when something panicked.
func (in *inspection) judge(ctx context.Context, ex *exchange, scratch *capture.Scratch) (ok bool) {
	e, ok := in.read(ex, scratch)
	if !ok || e.Spec == "" { // no spec: the body told that none is meant after all
		return ok
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			in.counts.fail(failureObserverPanic)
			in.log.say("observing an event panicked", "spec", e.Spec, "panic", panicText(recovered))
			ok = false
		}
	}()
	in.learn(ex, &e)
	if err := in.observer.Observe(ctx, e); err != nil {
		in.counts.fail(failureObserve)
		in.log.say("observing an event failed", "spec", e.Spec, "error", err.Error())
		return true
	}
	in.counts.observed.Add(1)
	return true
}

// read makes the event; a panic while reading what strangers sent costs this one event.
func (in *inspection) read(ex *exchange, scratch *capture.Scratch) (e event.Event, ok bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			in.counts.fail(failureCapturePanic)
			in.log.say("reading an exchange panicked", "spec", ex.spec.Name(), "panic", panicText(recovered))
		}
	}()
	return ex.finished(scratch), true
}

// panicText describes a panic without its text unless it is the runtime's: a panic of ours may quote what it was
// reading, which may be secret.
func panicText(recovered any) string {
	var runtimeError interface {
		error
		RuntimeError()
	}
	if err, isError := recovered.(error); isError && errors.As(err, &runtimeError) {
		return runtimeError.Error()
	}
	return fmt.Sprintf("a value of type %T", recovered)
}
