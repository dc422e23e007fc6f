package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
)

// idleAskers is how many askers wait for the next question, at most.
const idleAskers = 64

// askers are goroutines that ask. A question costs neither a new goroutine nor a new timer.
type askers struct {
	in     *inspection
	places int

	mu     sync.Mutex
	busy   int // those that ask, the ones that were given up on included
	idle   []*asker
	closed bool
}

func newAskers(in *inspection, places int) *askers { return &askers{in: in, places: places} }

// take gives an asker, nil when all places are taken.
func (s *askers) take() *asker {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy >= s.places || s.closed {
		return nil
	}
	s.busy++
	if n := len(s.idle); n > 0 {
		a := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return a
	}
	return newAsker(s)
}

// give takes an asker back that has answered.
func (s *askers) give(a *asker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	if s.closed || len(s.idle) >= idleAskers {
		close(a.start)
		return
	}
	s.idle = append(s.idle, a)
}

// close ends those that wait; the others end after their question.
func (s *askers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, a := range s.idle {
		close(a.start)
	}
	s.idle = nil
}

// asker is a goroutine that asks one question at a time, and what that needs.
type asker struct {
	askers          *askers
	start, answered chan struct{} // with room for one
	timer           *time.Timer
	scratch         *capture.Scratch
	// These belong to whoever took the asker before start and after answered, and to the goroutine between. A question that
	// was given up on is the goroutine's for good.
	ex        *exchange
	question  *question
	judgement judgement
}

func newAsker(s *askers) *asker {
	a := &asker{askers: s, start: make(chan struct{}, 1), answered: make(chan struct{}, 1),
		timer: time.NewTimer(time.Hour), scratch: new(capture.Scratch), question: new(question)}
	go a.run()
	return a
}

// begin asks about an exchange.
func (a *asker) begin(ex *exchange) {
	budget := a.askers.in.config.Budget
	ex.hold()
	a.ex = ex
	a.question.deadline = time.Now().Add(budget)
	a.timer.Reset(budget)
	a.start <- struct{}{}
}

// end takes the answer and gives the asker back.
func (a *asker) end() judgement {
	a.timer.Stop()
	r := a.judgement
	a.judgement = judgement{}
	if !a.question.reset() {
		a.question = new(question)
	}
	a.askers.give(a)
	return r
}

func (a *asker) run() {
	for range a.start {
		a.answer()
	}
}

// answer has one question answered.
func (a *asker) answer() {
	q, ex := a.question, a.ex
	r := a.askers.in.consider(q, ex, a.scratch)
	if r.failed == failureObserverPanic {
		a.scratch = new(capture.Scratch)
	} else {
		a.scratch.Reset()
	}
	a.ex = nil
	ex.release()
	a.judgement = r
	if q.answer() {
		a.answered <- struct{}{}
		return
	}
	a.judgement, a.question = judgement{}, new(question)
	a.askers.give(a)
}

// question is the context of one inline question. It ends when the question is given up on.
type question struct {
	deadline time.Time
	head     capture.Request // for the event
	state    atomic.Int32

	mu   sync.Mutex
	done chan struct{} // made when somebody wants it
	err  error
}

// The states of a question.
const (
	questionOpen int32 = iota
	questionAnswered
	questionGivenUp
)

// answer says that the answer is there; false when nobody waits for it any more.
func (q *question) answer() bool { return q.state.CompareAndSwap(questionOpen, questionAnswered) }

// giveUp ends the question without an answer; false when it is there.
func (q *question) giveUp(why failureReason) bool {
	if !q.state.CompareAndSwap(questionOpen, questionGivenUp) {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = context.DeadlineExceeded
	if why == failureGone {
		q.err = context.Canceled
	}
	if q.done != nil {
		close(q.done)
	}
	return true
}

// reset makes an answered question ready for another; false when that cannot be, because somebody may still wait for its
// end.
func (q *question) reset() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.done != nil {
		close(q.done)
		q.err = context.Canceled
		return false
	}
	q.head = capture.Request{}
	q.state.Store(questionOpen)
	return true
}

// Deadline implements context.Context.
func (q *question) Deadline() (time.Time, bool) { return q.deadline, true }

// Done implements context.Context.
func (q *question) Done() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.done == nil {
		q.done = make(chan struct{})
		if q.err != nil {
			close(q.done)
		}
	}
	return q.done
}

// Err implements context.Context.
func (q *question) Err() error {
	if q.state.Load() == questionOpen {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// Value implements context.Context.
func (q *question) Value(any) any { return nil }
