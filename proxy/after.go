package proxy

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The pace of the queue's work. Work is gathered: waking somebody for every exchange would cost more than a good part of
// the work itself, and what is worked off together shares caches, and the log's next write.
const (
	// linger is how long an exchange waits for others, about and at most.
	linger = 5 * time.Millisecond
	// enough exchanges are not waited with.
	enough = 64
	// behind is how many exchanges wait for each worker that is woken beside the first.
	behind = 512
	// stride is how many exchanges are worked off before whoever waits for the processor may go first.
	stride = 2
	// quietTicks is after how many ticks with nothing to do the ticks end.
	quietTicks = 5
)

// queue is the one place for work after the visitor was answered. Each visitor has a lane; a lane's exchanges are worked
// off one after the other in the order they came, lanes take turns, and several workers serve different lanes. What does
// not fit is refused at once: the caller counts it.
//
// The first worker looks every now and then while there is something to do, and sleeps when there is nothing. It is woken
// for the first exchange after a sleep, when enough wait, and when somebody waits for a lane. The others help when it has
// fallen behind.
//
// What a tick finds is no hurry, and must not stand in the way of the traffic: on a busy machine the kernel would let the
// worker end all of it before the goroutine of a visitor, the origin or another program gets the processor. So the worker
// steps aside every few exchanges, until so many wait that it falls behind.
type queue struct {
	length, perVisitor int
	work               func(context.Context, *exchange)
	ticks              func() (ticks <-chan time.Time, reset, stop func())
	stepAside          func()
	rouse              chan struct{} // to the first worker; with room for one
	help               chan struct{} // to the others; with room for all

	mu      sync.Mutex
	lanes   map[uint64]*lane
	spare   []*lane
	ready   line // lanes with work
	urgent  line // lanes that an inline question waits for
	waiting int
	resting bool // the first worker waits for a tick
	asleep  bool // the first worker waits for no tick
	helpers int  // the other workers that wait
	closed  bool
	workers sync.WaitGroup
}

// lane holds what waits for one visitor.
type lane struct {
	visitor     uint64
	first, last *exchange
	waiting     int
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

// line is lanes, the next one first.
type line struct {
	lanes []*lane
	begin int
}

func (q *line) push(l *lane) {
	if q.begin > 0 && len(q.lanes) == cap(q.lanes) {
		n := copy(q.lanes, q.lanes[q.begin:])
		clear(q.lanes[n:])
		q.lanes, q.begin = q.lanes[:n], 0
	}
	q.lanes = append(q.lanes, l)
}

func (q *line) pop() *lane {
	if q.begin == len(q.lanes) {
		return nil
	}
	l := q.lanes[q.begin]
	q.lanes[q.begin] = nil
	if q.begin++; q.begin == len(q.lanes) {
		q.lanes, q.begin = q.lanes[:0], 0
	}
	return l
}

func newQueue(length, perVisitor int, work func(context.Context, *exchange)) *queue {
	return &queue{length: length, perVisitor: perVisitor, work: work, ticks: lingering, stepAside: stepAside,
		lanes: map[uint64]*lane{}, rouse: make(chan struct{}, 1)}
}

// lingering ticks from reset to stop.
func lingering() (ticks <-chan time.Time, reset, stop func()) {
	ticker := time.NewTicker(linger)
	return ticker.C, func() { ticker.Reset(linger) }, ticker.Stop
}

// start runs the workers until drain. Their work gets ctx.
func (q *queue) start(ctx context.Context, workers int) {
	q.help = make(chan struct{}, workers)
	q.workers.Add(workers)
	go q.pace(ctx)
	for range workers - 1 {
		go q.reinforce(ctx)
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
		l = q.lane(visitor)
	}
	if l.waiting >= q.perVisitor {
		return shedVisitor
	}
	if l.last == nil {
		l.first = ex
	} else {
		l.last.next = ex
	}
	l.last = ex
	l.waiting++
	l.added++
	q.waiting++
	q.list(l)
	if q.asleep || q.waiting >= min(enough, q.length/2) || l.waiting > q.perVisitor/2 {
		q.wake()
	}
	if q.helpers > 0 && q.waiting%behind == 0 {
		q.helpers--
		q.help <- struct{}{}
	}
	return ""
}

// lane is a new one for a visitor. The lock is held.
func (q *queue) lane(visitor uint64) *lane {
	var l *lane
	if n := len(q.spare); n > 0 {
		l, q.spare = q.spare[n-1], q.spare[:n-1]
	} else {
		l = new(lane)
	}
	l.visitor, l.added, l.done = visitor, 0, 0 // it may stand in ready still, and then goes as early
	q.lanes[visitor] = l
	return l
}

// wake ends the first worker's wait. The lock is held.
func (q *queue) wake() {
	if q.resting {
		q.resting, q.asleep = false, false
		q.rouse <- struct{}{}
	}
}

// hurry has what waits worked off at once.
func (q *queue) hurry() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting > 0 {
		q.wake()
	}
}

// list makes a lane with work known to the workers. The lock is held.
func (q *queue) list(l *lane) {
	if l.running || l.waiting == 0 {
		return
	}
	if len(l.waiters) > 0 {
		q.urgent.push(l)
		q.wake()
	} else if !l.listed {
		l.listed = true
		q.ready.push(l)
	}
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

// pace is the first worker.
func (q *queue) pace(ctx context.Context) {
	defer q.workers.Done()
	ticks, reset, stop := q.ticks()
	defer stop()
	leisurely := false
	for quiet := 0; ; {
		served, ended := q.serve(ctx, leisurely, func(served bool) { q.resting, q.asleep = true, !served && quiet >= quietTicks })
		switch {
		case ended:
			return
		case served:
			quiet = 0
		case quiet >= quietTicks:
			stop()
			<-q.rouse
			reset()
			quiet, leisurely = 0, false
			continue
		}
		select {
		case <-q.rouse:
			leisurely = false
		case <-ticks:
			leisurely = true
			quiet++
			q.awake()
		}
	}
}

// awake ends the first worker's wait of itself.
func (q *queue) awake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.resting {
		<-q.rouse // somebody has woken it at the same moment
	}
	q.resting = false
}

// reinforce is any other worker.
func (q *queue) reinforce(ctx context.Context) {
	defer q.workers.Done()
	for {
		if _, ended := q.serve(ctx, false, func(bool) { q.helpers++ }); ended {
			return
		}
		<-q.help
	}
}

// serve works off what is ready, stepping aside now and then where there is leisure. served says that there was something, ended that nothing more will come; if more may come,
// rest has been called with the lock held.
func (q *queue) serve(ctx context.Context, leisurely bool, rest func(served bool)) (served, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	steps := 0
	for l := q.next(); l != nil; l = q.next() {
		ex := l.first
		if l.first, ex.next = ex.next, nil; l.first == nil {
			l.last = nil
		}
		l.waiting--
		l.running = true
		q.waiting--
		q.mu.Unlock()
		q.work(ctx, ex)
		q.mu.Lock()
		q.finish(l)
		if steps++; leisurely && steps%stride == 0 && q.leisure() {
			q.mu.Unlock()
			q.stepAside()
			q.mu.Lock()
		}
	}
	if q.closed {
		return steps > 0, true
	}
	rest(steps > 0)
	return steps > 0, false
}

// leisure says that there is more to do, and neither much nor anything that somebody waits for. The lock is held.
func (q *queue) leisure() bool {
	return q.waiting > 0 && q.waiting < min(enough, q.length/2) && len(q.urgent.lanes) == 0 && !q.closed
}

// next takes the lane to be served now, nil when there is none. The lock is held.
func (q *queue) next() *lane {
	for {
		l := q.urgent.pop()
		if l == nil {
			if l = q.ready.pop(); l == nil {
				return nil
			}
			l.listed = false
		}
		// A lane may have been listed as urgent too, and served since.
		if !l.running && l.waiting > 0 {
			return l
		}
	}
}

// finish wakes who waited for the lane's last work and lists the lane again. The lock is held.
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
	if l.waiting == 0 {
		delete(q.lanes, l.visitor)
		if len(l.waiters) == 0 && len(q.spare) < enough {
			q.spare = append(q.spare, l)
		}
		return
	}
	q.list(l)
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
	q.wake()
	for ; q.helpers > 0; q.helpers-- {
		q.help <- struct{}{}
	}
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
		for ex := l.first; ex != nil; ex = ex.next {
			left = append(left, ex)
		}
		l.first, l.last, l.waiting = nil, nil, 0
	}
	q.waiting = 0
	return left
}
