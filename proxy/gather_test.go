package proxy

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// gathering is a queue whose ticks the test gives.
type gathering struct {
	*queue
	ticks  chan time.Time
	resets atomic.Int64
	served atomic.Int64
	asides atomic.Int64 // how often a worker stepped aside
}

func newGathering(t *testing.T, length, perVisitor, workers int, work func(*exchange)) *gathering {
	g := &gathering{ticks: make(chan time.Time)}
	g.queue = newQueue(length, perVisitor, func(_ context.Context, ex *exchange) {
		work(ex)
		g.served.Add(1)
	})
	g.queue.ticks = func() (<-chan time.Time, func(), func()) { return g.ticks, func() { g.resets.Add(1) }, func() {} }
	g.queue.stepAside = func() { g.asides.Add(1) }
	g.start(context.Background(), workers)
	t.Cleanup(func() { g.drain(context.Background()) })
	g.rests(t)
	return g
}

// rests waits until the first worker waits.
func (g *gathering) rests(t *testing.T) {
	t.Helper()
	until(t, "the worker's rest", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.resting
	})
}

// fill adds so many exchanges, each of another visitor.
func (g *gathering) fill(t *testing.T, from, count int) {
	t.Helper()
	for i := range count {
		if reason := g.add(uint64(from+i), numbered(uint64(from+i))); reason != "" {
			t.Fatalf("refused: %s", reason)
		}
	}
}

func (g *gathering) await(t *testing.T, served int64) {
	t.Helper()
	until(t, "the work", func() bool { return g.served.Load() == served })
	g.rests(t)
}

// waits checks that nobody was woken: the worker still rests, and nothing more was served.
func (g *gathering) waits(t *testing.T, waiting int, served int64) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.resting || g.waiting != waiting || g.served.Load() != served {
		t.Errorf("resting %v, %d wait, %d served", g.resting, g.waiting, g.served.Load())
	}
}

func nothing(*exchange) {}

// TestQueueStepsAside lets a tick find a few exchanges. A worker that was woken does not step aside.
func TestQueueStepsAside(t *testing.T) {
	g := newGathering(t, 1000, 100, 1, nothing)
	g.fill(t, 0, 7)
	g.ticks <- time.Time{}
	g.await(t, 7)
	if got := g.asides.Load(); got != 3 { // after two, four and six
		t.Errorf("stepped aside %d times among seven", got)
	}
	g.fill(t, 0, 7)
	g.hurry()
	g.await(t, 14)
	g.fill(t, 0, enough)
	g.await(t, 14+enough)
	if got := g.asides.Load(); got != 3 {
		t.Errorf("stepped aside %d times when woken", got-3)
	}
}

// TestQueueHasNoLeisure steps aside neither where somebody waits for a lane nor where much waits.
func TestQueueHasNoLeisure(t *testing.T) {
	for name, q := range map[string]*queue{
		"nothing":        {length: 1000},
		"much":           {length: 1000, waiting: enough},
		"half the queue": {length: 10, waiting: 5},
		"somebody waits": {length: 1000, waiting: 1, urgent: line{lanes: []*lane{{}}}},
		"the end":        {length: 1000, waiting: 1, closed: true},
	} {
		if q.leisure() {
			t.Errorf("%s: leisure", name)
		}
	}
	if q := (&queue{length: 1000, waiting: enough - 1}); !q.leisure() {
		t.Error("few wait: no leisure")
	}
}

func TestQueueGathersUntilATick(t *testing.T) {
	g := newGathering(t, 1000, 100, 1, nothing)
	g.fill(t, 0, 5)
	g.waits(t, 5, 0)
	g.ticks <- time.Time{}
	g.await(t, 5)
}

func TestQueueGathersUntilEnough(t *testing.T) {
	g := newGathering(t, 1000, 100, 1, nothing)
	g.fill(t, 0, enough-1)
	g.waits(t, enough-1, 0)
	g.fill(t, enough, 1)
	g.await(t, enough)
}

// TestQueueGathersNoMoreThanItHolds has queues that would be full before enough wait.
func TestQueueGathersNoMoreThanItHolds(t *testing.T) {
	g := newGathering(t, 10, 100, 1, nothing)
	g.fill(t, 0, 4)
	g.waits(t, 4, 0)
	g.fill(t, 4, 1)
	g.await(t, 5)

	g = newGathering(t, 1000, 4, 1, nothing)
	for range 2 {
		g.fill(t, 7, 1)
	}
	g.waits(t, 2, 0)
	g.fill(t, 7, 1)
	g.await(t, 3)
}

// TestQueueSleeps lets ticks pass with nothing to do. The next exchange is not waited with, and the ticks go on.
func TestQueueSleeps(t *testing.T) {
	g := newGathering(t, 1000, 100, 1, nothing)
	for range 3 {
		before := g.resets.Load()
		for range quietTicks {
			g.rests(t)
			g.ticks <- time.Time{}
		}
		until(t, "the sleep", func() bool {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.asleep
		})
		served := g.served.Load()
		g.fill(t, 0, 1)
		g.await(t, served+1)
		if g.resets.Load() != before+1 {
			t.Errorf("reset %d times", g.resets.Load()-before)
		}
		g.fill(t, 0, 1)
		g.waits(t, 1, served+1)
		g.ticks <- time.Time{}
		g.await(t, served+2)
	}
}

func TestQueueHurries(t *testing.T) {
	hurried := map[string]func(*gathering){
		"a question": func(g *gathering) {
			if err := g.settled(context.Background(), 3); err != nil {
				t.Error(err)
			}
		},
		"little memory": func(g *gathering) { g.hurry() },
		"the end": func(g *gathering) {
			if left := g.drain(context.Background()); left != nil || g.served.Load() != 5 {
				t.Errorf("%d served, %d left", g.served.Load(), len(left))
			}
		},
	}
	for name, hurry := range hurried {
		t.Run(name, func(t *testing.T) {
			g := newGathering(t, 1000, 100, 3, nothing)
			g.fill(t, 0, 5)
			g.waits(t, 5, 0)
			hurry(g)
			until(t, "the work", func() bool { return g.served.Load() == 5 })
		})
	}
}

func TestQueueIsQuietWhenNobodyWaits(t *testing.T) {
	g := newGathering(t, 1000, 100, 1, nothing)
	g.hurry()
	if err := g.settled(context.Background(), 1); err != nil {
		t.Error(err)
	}
	g.waits(t, 0, 0)
}

// TestQueueIsHelped holds the first worker up.
func TestQueueIsHelped(t *testing.T) {
	release := make(chan struct{})
	g := newGathering(t, 10*behind, 100, 2, func(ex *exchange) {
		if ex.visitor == 0 {
			<-release
		}
	})
	until(t, "the helper's rest", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.helpers == 1
	})
	g.fill(t, 0, enough)
	until(t, "the work", func() bool { return g.depth() == enough-1 })
	g.fill(t, enough, behind-enough)
	if g.served.Load() != 0 {
		t.Errorf("%d served", g.served.Load())
	}
	g.fill(t, behind, 1)
	until(t, "the help", func() bool { return g.served.Load() == behind })
	close(release)
	g.await(t, behind+1)
}

// TestHandingOverAllocatesNothing counts what a visitor's goroutine pays for the queue.
func TestHandingOverAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Log("the race detector makes pools lose what they are given: nothing is counted")
		return
	}
	g := newGathering(t, 100000, 100000, 1, nothing)
	turn := make([]*exchange, enough)
	for i := range turn {
		turn[i] = numbered(uint64(i))
	}
	served := int64(0)
	if got := testing.AllocsPerRun(100, func() {
		for _, ex := range turn {
			g.add(ex.visitor, ex)
		}
		served += enough
		for g.served.Load() != served {
			time.Sleep(time.Microsecond)
		}
		g.rests(t)
	}); got > 1 {
		t.Errorf("%v allocations for %d exchanges", got, enough)
	}
}
