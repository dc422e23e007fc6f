package proxy

import (
	"context"
	"slices"
	"sync"
)

// queue is the one place for work after the visitor was answered. Each visitor has a lane; a lane's exchanges are worked
// off one after the other in the order they came, lanes take turns, and several workers serve different lanes. What does
// not fit is refused at once: the caller counts it.
type queue struct {
	length, perVisitor int
	work               func(context.Context, *exchange)

	mu      sync.Mutex
	wake    *sync.Cond
	lanes   map[uint64]*lane
	ready   []*lane // lanes with work, next first
	urgent  []*lane // lanes that an inline question waits for
	waiting int
	closed  bool
	workers sync.WaitGroup
}

// lane holds what waits for one visitor.
type lane struct {
	visitor     uint64
	waiting     []*exchange
	running     bool
	listed      bool // stands in ready
	added, done uint64
	waiters     []waiter
}

// waiter waits for the first upto exchanges of a lane.
type waiter struct {
	upto uint64
	free chan struct{}
}

func newQueue(length, perVisitor int, work func(context.Context, *exchange)) *queue {
	q := &queue{length: length, perVisitor: perVisitor, work: work, lanes: map[uint64]*lane{}}
	q.wake = sync.NewCond(&q.mu)
	return q
}

// start runs the workers until drain. Their work gets ctx.
func (q *queue) start(ctx context.Context, workers int) {
	for range workers {
		q.workers.Add(1)
		go q.run(ctx)
	}
}

// add puts an exchange at the end of its visitor's lane, or says why not.
func (q *queue) add(visitor uint64, ex *exchange) (refused shedReason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return shedShutdown
	}
	if q.waiting >= q.length {
		return shedQueue
	}
	l := q.lanes[visitor]
	if l == nil {
		l = &lane{visitor: visitor}
		q.lanes[visitor] = l
	}
	if len(l.waiting) >= q.perVisitor {
		return shedVisitor
	}
	l.waiting = append(l.waiting, ex)
	l.added++
	q.waiting++
	q.list(l)
	return ""
}

// list makes a lane with work known to the workers.
func (q *queue) list(l *lane) {
	if l.running || len(l.waiting) == 0 {
		return
	}
	if len(l.waiters) > 0 {
		q.urgent = append(q.urgent, l)
	} else if !l.listed {
		l.listed = true
		q.ready = append(q.ready, l)
	}
	q.wake.Signal()
}

// settled returns when everything that now waits for the visitor is done, or with ctx's error. The lane goes first.
func (q *queue) settled(ctx context.Context, visitor uint64) error {
	q.mu.Lock()
	l := q.lanes[visitor]
	if l == nil {
		q.mu.Unlock()
		return nil
	}
	w := waiter{upto: l.added, free: make(chan struct{})}
	l.waiters = append(l.waiters, w)
	q.list(l)
	q.mu.Unlock()
	select {
	case <-w.free:
		return nil
	case <-ctx.Done():
		q.forget(l, w)
		return ctx.Err()
	}
}

// forget takes back a waiter, so that a lane that is stuck does not gather them.
func (q *queue) forget(l *lane, given waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.waiters = slices.DeleteFunc(l.waiters, func(w waiter) bool { return w.free == given.free })
	q.list(l)
}

func (q *queue) run(ctx context.Context) {
	defer q.workers.Done()
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		l := q.next()
		if l == nil {
			if q.closed && q.waiting == 0 {
				return
			}
			q.wake.Wait()
			continue
		}
		ex := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		l.running = true
		q.waiting--
		q.mu.Unlock()
		q.work(ctx, ex)
		q.mu.Lock()
		q.finish(l)
	}
}

// next takes the lane to be served now, nil when there is none.
func (q *queue) next() *lane {
	for {
		var l *lane
		switch {
		case len(q.urgent) > 0:
			l, q.urgent = q.urgent[0], q.urgent[1:]
		case len(q.ready) > 0:
			l, q.ready = q.ready[0], q.ready[1:]
			l.listed = false
		default:
			return nil
		}
		// A lane may have been listed as urgent too, and served since.
		if !l.running && len(l.waiting) > 0 {
			return l
		}
	}
}

// finish wakes who waited for the lane's last work and lists the lane again.
func (q *queue) finish(l *lane) {
	l.running = false
	l.done++
	kept := l.waiters[:0]
	for _, w := range l.waiters {
		if w.upto <= l.done {
			close(w.free)
		} else {
			kept = append(kept, w)
		}
	}
	l.waiters = kept
	if len(l.waiting) == 0 {
		delete(q.lanes, l.visitor)
	}
	q.list(l)
	if q.closed && q.waiting == 0 {
		q.wake.Broadcast()
	}
}

// depth is how many exchanges wait.
func (q *queue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// drain takes nothing more and returns when all is done, or when ctx ends: then what still waits is given up and
// returned.
func (q *queue) drain(ctx context.Context) []*exchange {
	q.mu.Lock()
	q.closed = true
	q.wake.Broadcast()
	q.mu.Unlock()
	finished := make(chan struct{})
	go func() {
		q.workers.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var left []*exchange
	for _, l := range q.lanes {
		left = append(left, l.waiting...)
		l.waiting = nil
	}
	q.waiting = 0
	q.wake.Broadcast()
	return left
}
