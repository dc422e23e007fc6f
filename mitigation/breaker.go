package mitigation

import (
	"sync"
	"time"

	"wayguard/policy"
)

// BreakerState is where a policy's circuit breaker stands.
type BreakerState string

// The states. In HalfOpen the policy acts again and is watched for one window: it opens again at once when it goes beyond its budget.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerOpen     BreakerState = "open"
	BreakerHalfOpen BreakerState = "half_open"
)

// The bounds of a breaker's memory.
const (
	// breakerBuckets is how many parts a window has: sessions leave the window a bucket at a time.
	breakerBuckets = 12
	// breakerSample is how many sessions are remembered one by one. Above it a share of them stands for all, chosen by hash.
	breakerSample = 4096
)

// breaker counts the distinct sessions of a policy's specs within a sliding window, and those of them that the policy deals with.
// It locks itself.
type breaker struct {
	mu     sync.Mutex
	budget *policy.BudgetConfig // nil: it never opens
	state  BreakerState
	// until is when the state ends, in BreakerOpen and BreakerHalfOpen.
	since, until time.Time
	opened       int64 // how often
	// now is the number of the present bucket since the epoch; it never goes back.
	now      int64
	sessions map[uint64]mark
	// looked and dealt are the sessions by the bucket in which that was so last.
	looked, dealt [breakerBuckets]int
	// level is how many low bits of a session's hash must be 0 for it to be among the sample.
	level uint
}

// mark is when a session was looked at and dealt with last, as bucket numbers; 0 is never.
type mark struct{ looked, dealt int64 }

// settle takes a configuration's budget. What was counted for another window is forgotten.
func (b *breaker) settle(budget *policy.BudgetConfig) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == "" {
		b.state = BreakerClosed
	}
	if budget == nil || b.budget == nil || budget.Window != b.budget.Window {
		b.forget()
	}
	if budget == nil {
		b.state = BreakerClosed
	}
	b.budget = budget
}

func (b *breaker) forget() {
	b.sessions, b.level, b.now = nil, 0, 0
	b.looked, b.dealt = [breakerBuckets]int{}, [breakerBuckets]int{}
}

// look counts a session that the policy might deal with.
func (b *breaker) look(session uint64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.budget != nil {
		b.count(session, now, false)
	}
}

// closed says whether the policy may act at all, and moves the state on with the time.
func (b *breaker) closed(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.budget == nil || b.move(now) != BreakerOpen
}

// admit counts a session that the policy is about to deal with. It is false when that would go beyond the budget: the breaker
// is open then. A session that would be dealt with if the breaker were closed is counted too, so that the breaker sees whether
// the policy has come to its senses.
func (b *breaker) admit(session uint64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.budget == nil {
		return true
	}
	b.count(session, now, true)
	if b.move(now) == BreakerOpen {
		return false
	}
	if !b.beyond() {
		return true
	}
	b.open(now)
	return false
}

// move brings the state up to date.
func (b *breaker) move(now time.Time) BreakerState {
	if b.state == BreakerClosed || now.Before(b.until) {
		return b.state
	}
	b.slide(now)
	switch {
	case b.state == BreakerHalfOpen:
		b.state, b.since = BreakerClosed, now
	case b.beyond():
		// Whoever would have been dealt with in the last window is still too many: nobody need be hurt to find that out.
		b.open(now)
	default:
		b.state, b.since, b.until = BreakerHalfOpen, now, now.Add(b.budget.Window)
	}
	return b.state
}

func (b *breaker) open(now time.Time) {
	if b.state != BreakerOpen {
		b.since = now
		b.opened++
	}
	b.state, b.until = BreakerOpen, now.Add(b.budget.Cool)
}

// beyond says whether the window holds enough sessions to tell, and too many of them were dealt with.
func (b *breaker) beyond() bool {
	looked, dealt := b.sums()
	return looked<<b.level >= b.budget.AtLeast && dealt*100 > looked*b.budget.Percent
}

// sums are the sessions of the sample within the window.
func (b *breaker) sums() (looked, dealt int) {
	for n := range breakerBuckets {
		looked += b.looked[n]
		dealt += b.dealt[n]
	}
	return looked, dealt
}

func (b *breaker) count(session uint64, now time.Time, dealt bool) {
	b.slide(now)
	if session&(1<<b.level-1) != 0 {
		return
	}
	if b.sessions == nil {
		b.sessions = make(map[uint64]mark, 64)
	}
	m, known := b.sessions[session]
	if !known && len(b.sessions) >= breakerSample {
		b.thin()
		if session&(1<<b.level-1) != 0 {
			return
		}
	}
	if m.looked != b.now {
		b.move1(&b.looked, m.looked)
		m.looked = b.now
	}
	if dealt && m.dealt != b.now {
		b.move1(&b.dealt, m.dealt)
		m.dealt = b.now
	}
	b.sessions[session] = m
}

// move1 moves one session from the bucket that it was counted in to the present one.
func (b *breaker) move1(counts *[breakerBuckets]int, from int64) {
	if b.within(from) {
		counts[from%breakerBuckets]--
	}
	counts[b.now%breakerBuckets]++
}

func (b *breaker) within(bucket int64) bool { return bucket > 0 && bucket > b.now-breakerBuckets }

// slide moves the window to a moment and empties the buckets that it leaves.
func (b *breaker) slide(now time.Time) {
	bucket := now.UnixNano() / max(int64(b.budget.Window)/breakerBuckets, 1)
	if bucket <= b.now {
		return
	}
	for n := max(b.now+1, bucket-breakerBuckets+1); n <= bucket; n++ {
		b.looked[n%breakerBuckets], b.dealt[n%breakerBuckets] = 0, 0
	}
	b.now = bucket
	if looked, _ := b.sums(); b.level > 0 && looked < breakerSample/8 {
		b.level--
	}
}

// thin makes room: sessions that have left the window go, and when that is not enough, half of those that are left.
func (b *breaker) thin() {
	for session, m := range b.sessions {
		if !b.within(m.looked) {
			delete(b.sessions, session)
		}
	}
	for len(b.sessions) > breakerSample*3/4 {
		b.level++
		for session, m := range b.sessions {
			if session&(1<<b.level-1) == 0 {
				continue
			}
			if b.within(m.looked) {
				b.looked[m.looked%breakerBuckets]--
			}
			if b.within(m.dealt) {
				b.dealt[m.dealt%breakerBuckets]--
			}
			delete(b.sessions, session)
		}
	}
}

// BreakerStatus is a breaker for people and metrics.
type BreakerStatus struct {
	State BreakerState `json:"state"`
	// Since is when the state began, Until when it ends by itself; neither is set while it was never open.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Opened is how often it opened.
	Opened int64 `json:"opened"`
	// Looked and Dealt are the sessions of the last window: those of the policy's specs, and those that it dealt with or would have.
	Looked int `json:"looked"`
	Dealt  int `json:"dealt"`
	// Percent is the budget.
	Percent int `json:"percent"`
}

// status is nil for a policy without a breaker.
func (b *breaker) status(now time.Time) *BreakerStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.budget == nil {
		return nil
	}
	state := b.move(now)
	b.slide(now)
	looked, dealt := b.sums()
	s := &BreakerStatus{State: state, Since: b.since, Opened: b.opened, Looked: looked << b.level, Dealt: dealt << b.level, Percent: b.budget.Percent}
	if state != BreakerClosed {
		s.Until = b.until
	}
	return s
}

// reset closes the breaker and forgets what it counted: the operator has mended the policy.
func (b *breaker) reset(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget()
	b.state, b.since = BreakerClosed, now
}
