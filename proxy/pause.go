package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of waiting, and its exactness. A timer of Go's is up to a millisecond late, because the kernel's poll counts in
// milliseconds; so the last of a wait whose end must be exact is left to an alarm, of which there are only so many, and the very
// last, about what that is late, is spent looking at the clock.
const (
	mostPauses = 4096
	mostAlarms = 128
	coarsely   = 1500 * time.Microsecond
	finely     = 40 * time.Microsecond
)

// pauses counts the requests that wait, and lends alarms.
type pauses struct {
	waiting, ringing atomic.Int64

	mu    sync.Mutex
	spare []*alarm
}

// take lends an alarm; nil when too many are in use.
func (s *pauses) take() *alarm {
	if s.ringing.Add(1) > mostAlarms {
		s.ringing.Add(-1)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.spare); n > 0 {
		a := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return a
	}
	a := newAlarm()
	if a == nil {
		s.ringing.Add(-1)
	}
	return a
}

// give takes an alarm back; one that is broken is thrown away.
func (s *pauses) give(a *alarm, sound bool) {
	s.ringing.Add(-1)
	if !sound {
		a.close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, a)
}

// close lets the alarms go that nobody uses.
func (s *pauses) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.spare {
		a.close()
	}
	s.spare = nil
}

// waker ends a wait.
type waker chan struct{}

// Cut implements cutter.
func (w waker) Cut() { close(w) }

// pause waits until a moment, or until the server stops; it answers false when the visitor has gone. When too many requests wait
// already, it does not wait at all.
func (p *passage) pause(until time.Time, exact bool) (stays bool) {
	w := p.wire
	if time.Until(until) <= 0 {
		return true
	}
	if w.pauses.waiting.Add(1) > mostPauses {
		w.pauses.waiting.Add(-1)
		w.counts.unwaited.Add(1)
		return true
	}
	defer w.pauses.waiting.Add(-1)
	watch, woken := p.visitor.watched(), make(waker)
	watch.origin = woken
	if watch.enter(phaseAsking, w.clock.read()) == cutNot {
		w.rest(until, woken, exact)
		stays = watch.enter(phaseWorking, w.clock.read()) == cutNot
	}
	watch.origin = nil
	return stays
}

// rest sleeps until a moment, or until it is woken.
func (w *wire) rest(until time.Time, woken waker, exact bool) {
	left := time.Until(until)
	if exact {
		left -= coarsely
	}
	if left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-woken:
			return
		case <-w.accepting.Done():
			return
		}
	}
	if exact {
		w.pauses.restExactly(until)
	}
}

// restExactly sleeps for the last moment.
func (s *pauses) restExactly(until time.Time) {
	if left := time.Until(until) - finely; left > 0 {
		a := s.take()
		if a == nil {
			time.Sleep(left + finely)
			return
		}
		s.give(a, a.sleep(left))
	}
	for time.Until(until) > 0 { // to let others go first would take longer than this
	}
}
