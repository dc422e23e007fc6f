package proxy

import (
	"context"
	"errors"
	"fmt"

	"wayguard/event"
)

// observe is the queue's work: it makes the event of a finished exchange and hands it to the observer.
func (in *inspection) observe(ctx context.Context, ex *exchange) {
	e, ok := in.read(ex)
	ex.mu.Lock()
	ex.free()
	ex.mu.Unlock()
	if !ok || e.Spec == "" { // no spec: the body told that none is meant after all
		return
	}
	defer func() {
		if recovered := recover(); recovered != nil {
			in.counts.fail(failureObserverPanic)
			in.log.say("observing an event panicked", "spec", e.Spec, "panic", panicText(recovered))
		}
	}()
	if err := in.observer.Observe(ctx, e); err != nil {
		in.counts.fail(failureObserve)
		in.log.say("observing an event failed", "spec", e.Spec, "error", err.Error())
		return
	}
	in.counts.observed.Add(1)
}

// read makes the event; a panic while reading what strangers sent costs this one event.
func (in *inspection) read(ex *exchange) (e event.Event, ok bool) {
	defer func() {
		if recovered := recover(); recovered != nil {
			in.counts.fail(failureCapturePanic)
			in.log.say("reading an exchange panicked", "spec", ex.spec.Name(), "panic", panicText(recovered))
		}
	}()
	return ex.finished(), true
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
