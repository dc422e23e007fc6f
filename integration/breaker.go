package integration

import (
	"sync"
	"time"
)

// BreakerState says whether a service is asked.
type BreakerState string

// The states of a breaker.
const (
	BreakerClosed   BreakerState = "closed"    // it is asked
	BreakerOpen     BreakerState = "open"      // it is left alone
	BreakerHalfOpen BreakerState = "half_open" // it is tried with one call at a time
)

// breakerSlots is into how many parts the window is cut; the oldest falls out as a whole.
const breakerSlots = 10

// probesNeeded is how many calls in a row must succeed before a half-open breaker closes.
const probesNeeded = 2

type breakerSlot struct {
	number       int64
	good, failed int
}

// breaker leaves a service alone that fails too often. It has no clock of its own.
type breaker struct {
	config BreakerConfig

	mu    sync.Mutex
	slots [breakerSlots]breakerSlot
	state BreakerState
	until time.Time
	// probing says that a call of the half-open breaker is under way, passed how many succeeded in a row.
	probing bool
	passed  int
	opened  int64
}

// allow asks for a call. Every allowed call must be followed by report or, when it was not made, by forget.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.state {
	case BreakerOpen:
		if now.Before(b.until) {
			return false
		}
		b.state, b.passed, b.probing = BreakerHalfOpen, 0, true
		return true
	case BreakerHalfOpen:
		if b.probing {
			return false
		}
		b.probing = true
	}
	return true
}

// forget takes an allowed call back that was not made.
func (b *breaker) forget() {
	b.mu.Lock()
	b.probing = false
	b.mu.Unlock()
}

// report says how a call went.
func (b *breaker) report(good bool, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.state {
	case BreakerOpen:
		return // a call from before it opened
	case BreakerHalfOpen:
		b.probing = false
		if !good {
			b.open(now)
			return
		}
		if b.passed++; b.passed >= probesNeeded {
			b.state, b.slots = BreakerClosed, [breakerSlots]breakerSlot{}
		}
		return
	}
	number := now.UnixNano() / max(int64(b.config.Window/breakerSlots), 1)
	slot := &b.slots[((number%breakerSlots)+breakerSlots)%breakerSlots]
	if slot.number != number {
		*slot = breakerSlot{number: number}
	}
	if good {
		slot.good++
		return
	}
	slot.failed++
	calls, failures := 0, 0
	for _, s := range b.slots {
		if number-s.number < breakerSlots {
			calls, failures = calls+s.good+s.failed, failures+s.failed
		}
	}
	if calls >= b.config.AtLeast && failures*100 >= calls*b.config.Percent {
		b.open(now)
	}
}

func (b *breaker) open(now time.Time) {
	b.state, b.until = BreakerOpen, now.Add(b.config.Cool)
	b.opened++
}

// status is the state, and how often it opened.
func (b *breaker) status() (BreakerState, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return orElse(b.state, BreakerClosed), b.opened
}
