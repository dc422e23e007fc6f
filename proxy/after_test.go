package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// numbered makes exchanges that tests tell apart by their path.
func numbered(visitor uint64) *exchange {
	return &exchange{visitor: visitor}
}

// TestQueueKeepsEachVisitorsOrder adds from many goroutines and checks what the workers saw.
func TestQueueKeepsEachVisitorsOrder(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		visitors, each := 1+random.IntN(8), 50
		var mu sync.Mutex
		running := map[uint64]bool{}
		seen := map[uint64][]*exchange{}
		q := newQueue(10000, 10000, func(_ context.Context, ex *exchange) {
			mu.Lock()
			if running[ex.visitor] {
				t.Errorf("two workers serve visitor %d", ex.visitor)
			}
			running[ex.visitor] = true
			mu.Unlock()
			time.Sleep(time.Duration(ex.visitor%3) * time.Microsecond)
			mu.Lock()
			running[ex.visitor] = false
			seen[ex.visitor] = append(seen[ex.visitor], ex)
			mu.Unlock()
		})
		q.start(context.Background(), 1+random.IntN(6))
		sent := make([][]*exchange, visitors)
		var adding sync.WaitGroup
		for visitor := range visitors {
			adding.Go(func() {
				for i := range each {
					ex := numbered(uint64(visitor))
					sent[visitor] = append(sent[visitor], ex)
					if reason := q.add(ex.visitor, ex); reason != "" {
						t.Errorf("refused: %s", reason)
					}
					if i%10 == 3 {
						if err := q.settled(context.Background(), ex.visitor); err != nil {
							t.Error(err)
						}
						mu.Lock()
						if len(seen[ex.visitor]) != i+1 {
							t.Errorf("settled after %d of %d", len(seen[ex.visitor]), i+1)
						}
						mu.Unlock()
					}
				}
			})
		}
		adding.Wait()
		if left := q.drain(context.Background()); left != nil {
			t.Errorf("%d were given up", len(left))
		}
		for visitor := range visitors {
			if len(seen[uint64(visitor)]) != each {
				t.Fatalf("visitor %d: %d of %d", visitor, len(seen[uint64(visitor)]), each)
			}
			for i, ex := range seen[uint64(visitor)] {
				if ex != sent[visitor][i] {
					t.Fatalf("visitor %d: out of order at %d", visitor, i)
				}
			}
		}
		if len(q.lanes) != 0 {
			t.Errorf("%d lanes were left", len(q.lanes))
		}
	}
}

func TestQueueBounds(t *testing.T) {
	q := newQueue(5, 3, func(context.Context, *exchange) {})
	want := []shedReason{"", "", "", shedVisitor}
	for i, reason := range want {
		if got := q.add(1, numbered(1)); got != reason {
			t.Errorf("add %d: %q, want %q", i, got, reason)
		}
	}
	for i, reason := range []shedReason{"", "", shedQueue} {
		if got := q.add(2, numbered(2)); got != reason {
			t.Errorf("add %d: %q, want %q", i, got, reason)
		}
	}
	q.start(context.Background(), 1)
	if left := q.drain(context.Background()); left != nil {
		t.Errorf("%d were given up", len(left))
	}
	if got := q.add(1, numbered(1)); got != shedShutdown {
		t.Errorf("after the end: %q", got)
	}
}

// TestQueueIsFair lets one visitor's many wait for another's one.
func TestQueueIsFair(t *testing.T) {
	var served []uint64
	q := newQueue(100, 100, func(_ context.Context, ex *exchange) { served = append(served, ex.visitor) })
	for range 50 {
		q.add(1, numbered(1))
	}
	q.add(2, numbered(2))
	q.start(context.Background(), 1)
	q.drain(context.Background())
	if served[1] != 2 {
		t.Errorf("served %v", served[:5])
	}
}

func TestQueueServesWhoIsWaitedForFirst(t *testing.T) {
	var mu sync.Mutex
	var served []uint64
	first, release := make(chan struct{}), make(chan struct{})
	q := newQueue(1000, 100, func(_ context.Context, ex *exchange) {
		if ex.visitor == 0 {
			close(first)
			<-release
			return
		}
		mu.Lock()
		served = append(served, ex.visitor)
		mu.Unlock()
	})
	q.start(context.Background(), 1)
	q.add(0, numbered(0))
	<-first
	for visitor := range uint64(20) {
		for range 5 {
			q.add(visitor+1, numbered(visitor+1))
		}
	}
	done := make(chan error, 1)
	go func() { done <- q.settled(context.Background(), 20) }()
	until(t, "the wait", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.lanes[20].waiters) == 1
	})
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	q.drain(context.Background())
	for _, visitor := range served[:5] {
		if visitor != 20 {
			t.Fatalf("served first: %v", served[:5])
		}
	}
}

func TestQueueWaitGivenUp(t *testing.T) {
	release := make(chan struct{})
	q := newQueue(10, 10, func(context.Context, *exchange) { <-release })
	q.start(context.Background(), 1)
	q.add(1, numbered(1))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := q.settled(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waited: %v", err)
	}
	q.mu.Lock()
	if n := len(q.lanes[1].waiters); n != 0 {
		t.Errorf("%d waiters are left", n)
	}
	q.mu.Unlock()
	if err := q.settled(context.Background(), 2); err != nil {
		t.Errorf("nobody is waited for: %v", err)
	}
	close(release)
	q.drain(context.Background())
}
