package proxy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/event"
)

// TestQuestionsShareAskers asks one after the other: one goroutine and one timer do for all.
func TestQuestionsShareAskers(t *testing.T) {
	s := start(t, echo(t), inline(100), newObserver())
	for range 20 {
		fetch(t, s.url)
	}
	askers := s.inspection.askers
	until(t, "the asker's return", func() bool {
		askers.mu.Lock()
		defer askers.mu.Unlock()
		return askers.busy == 0 && len(askers.idle) == 1
	})
}

// TestLateAnswerTouchesNobody has an observer that answers after the budget, when the asker's exchange and its memory would be
// another request's if they were not held.
func TestLateAnswerTouchesNobody(t *testing.T) {
	var late sync.WaitGroup
	release := make(chan struct{})
	texts := make(chan string, 100)
	o := newObserver()
	o.consider = func(ctx context.Context, e event.Event) (event.Verdict, error) {
		if e.HTTP.Route != "/late" {
			return event.Verdict{}, nil
		}
		late.Add(1)
		defer late.Done()
		<-release
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("the question ended with %v", ctx.Err())
		}
		select {
		case <-ctx.Done():
		default:
			t.Error("the question is not done")
		}
		texts <- e.HTTP.Route + value(e, "request")
		return event.Verdict{Actions: []event.Action{{Name: "block", Kind: event.Block}}}, nil
	}
	s := start(t, echo(t), inline(100), o, func(c *Config) { c.Inline.Budget = 50 * time.Millisecond })
	post := func(path, body string) {
		t.Helper()
		answer, err := http.Post(s.url+path, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("answer %d", answer.StatusCode)
		}
	}
	const lates = 3
	for range lates {
		post("/late", "tardy")
	}
	for range 50 {
		post("/soon", "quick")
	}
	for range lates + 50 {
		o.next(t)
	}
	close(release)
	for range lates {
		if got := <-texts; got != "/latetardy" {
			t.Errorf("the late question was about %q", got)
		}
	}
	late.Wait()
	until(t, "the places and the memory", func() bool {
		askers := s.inspection.askers
		askers.mu.Lock()
		defer askers.mu.Unlock()
		return askers.busy == 0 && s.Counts().Memory == 0
	})
	if c := s.Counts(); c.Blocked != 0 || c.Failures["deadline"] < lates || c.Observed != lates+50 {
		t.Errorf("counts %+v", c)
	}
}

// TestQuestionsContext follows a context over its life.
func TestQuestionsContext(t *testing.T) {
	q := &question{deadline: time.Unix(5, 0)}
	if at, ok := q.Deadline(); !ok || at != time.Unix(5, 0) || q.Err() != nil || q.Value(1) != nil {
		t.Error("an open question has ended")
	}
	if !q.answer() || q.giveUp(failureDeadline) || q.Err() != nil || !q.reset() {
		t.Error("an answered question was given up on, or cannot be used again")
	}
	done := q.Done()
	if !q.giveUp(failureGone) || q.answer() || !errors.Is(q.Err(), context.Canceled) || q.giveUp(failureDeadline) {
		t.Errorf("given up on with %v", q.Err())
	}
	<-done
	<-q.Done()

	q = new(question)
	q.giveUp(failureDeadline)
	<-q.Done()
	if !errors.Is(q.Err(), context.DeadlineExceeded) {
		t.Errorf("ended with %v", q.Err())
	}

	// Who waits for the end of an answered question is told, and shares it with nobody.
	q = new(question)
	derived, cancel := context.WithCancel(q)
	defer cancel()
	if !q.answer() || q.reset() {
		t.Error("a question that somebody waits for is used again")
	}
	<-derived.Done()
}

// TestQuestionsEndAtTheSameMoment lets answers and budgets race: every question has one end, and every asker comes back.
func TestQuestionsEndAtTheSameMoment(t *testing.T) {
	var asked atomic.Int64
	o := newObserver()
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		asked.Add(1)
		time.Sleep(time.Millisecond)
		return event.Verdict{}, nil
	}
	s := start(t, echo(t), inline(100), o, func(c *Config) { c.Inline.Budget = time.Millisecond })
	var visitors sync.WaitGroup
	for range 4 {
		visitors.Go(func() {
			for range 50 {
				fetch(t, s.url)
			}
		})
	}
	visitors.Wait()
	inTime := uint64(0)
	for range 200 {
		if e := o.next(t); e.HTTP.Inline {
			inTime++
		}
	}
	// An event is counted as observed when the observer has returned, which is after it was seen here.
	until(t, "the last event's count", func() bool { return s.Counts().Observed == 200 })
	if c := s.Counts(); c.Failures["deadline"]+inTime != 200 {
		t.Errorf("%d in time, counts %+v", inTime, c)
	}
	until(t, "the askers' return", func() bool {
		askers := s.inspection.askers
		askers.mu.Lock()
		defer askers.mu.Unlock()
		return askers.busy == 0
	})
}
