package app

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"wayguard/state"
	"wayguard/stream"
)

// A visitor whose request is held waits for no other visitor's event.
func TestInlineQuestionDoesNotWaitForEvents(t *testing.T) {
	j := newJudge(planOf(t))
	j.open(state.NewMemory(0), stream.NewMemory(1000), 0)
	j.mu.Lock() // an event is being judged, and takes its time
	defer j.mu.Unlock()
	answered := make(chan error, 1)
	go func() {
		_, err := j.Consider(context.Background(), attempt(1))
		answered <- err
	}()
	select {
	case err := <-answered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the question waits for the event")
	}
}

// A question that is answered too late is not worked out.
func TestLateQuestionIsNotAnswered(t *testing.T) {
	j := newJudge(planOf(t))
	j.open(state.NewMemory(0), stream.NewMemory(1000), 0)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := j.Consider(ended, attempt(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("it got %v", err)
	}
}

// Questions change nothing, however many are asked while events are judged.
func TestQuestionsBesideEvents(t *testing.T) {
	ctx, p, log := context.Background(), planOf(t), stream.NewMemory(1000)
	j := newJudge(p)
	j.open(state.NewMemory(0), log, 0)
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := range 50 {
				if _, err := j.Consider(ctx, attempt(i)); err != nil {
					t.Error(err)
				}
				if err := j.Observe(ctx, attempt(w*50+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	entries, err := log.Read(ctx, 0, 1000)
	if err != nil || len(entries) != 200 {
		t.Fatalf("%d records logged, %v", len(entries), err)
	}
	again := newJudge(p)
	again.open(state.NewMemory(0), nil, 0)
	for _, e := range entries {
		step, err := again.commit(ctx, &e.Record.Event)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := text(t, step.Record), text(t, e.Record); got != want {
			t.Fatalf("record %d is judged otherwise:\n%s\n%s", e.Position, got, want)
		}
	}
}
