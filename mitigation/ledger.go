package mitigation

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/event"
)

// The bounds of a ledger.
const (
	// mostDealings is how many subjects one policy remembers; above it the one that was not met for the longest goes.
	mostDealings = 16_384
	// ladderMemory is how long after the last deed a subject keeps its place on the ladder.
	ladderMemory = 24 * time.Hour
	// dealingMemory is how long a subject is listed after it was met last.
	dealingMemory = 7 * 24 * time.Hour
)

// ledger is what one policy remembers: whom it deals with, how far up the ladder each is, and what came of it.
type ledger struct {
	name    string
	breaker breaker
	counts  counts
	// size is the number of dealings, for those who need not look when there are none.
	size atomic.Int64

	mu       sync.Mutex
	dealings map[subject]*list.Element
	recent   *list.List // of *dealing, the one met last in front
	evicted  int64
}

// dealing is what a policy has to do with one subject.
type dealing struct {
	who subject
	// session and device are those with whom it began.
	session, device event.ID
	because         string
	// until is the end of the grant: until then the policy deals with the subject whatever its verdicts say.
	until time.Time
	// step is the place on the ladder, taken how often it was taken, climbed when that was last.
	step, taken int
	climbed     time.Time
	// control says that the subject is of the control arm: nothing is done, and its attempts are counted all the same.
	control bool
	// first is the first deed, action and kind what it was; times how many there were, last the last one.
	first, last time.Time
	action      string
	kind        event.ActionKind
	times       int64
	// before are the session's events until the first deed, after the subject's since then; seen is the last of them.
	before, after int64
	seen          time.Time
	// rating is the highest that the subject had at a deed; honest says why it seems to be an honest person after all.
	rating event.Rating
	honest string
}

func newLedger(name string) *ledger {
	return &ledger{name: name, counts: newCounts(), breaker: breaker{state: BreakerClosed}, dealings: map[subject]*list.Element{}, recent: list.New()}
}

// empty says that the policy has to do with nobody.
func (l *ledger) empty() bool { return l.size.Load() == 0 }

// find gives a subject's dealing, nil when there is none. The caller holds the lock.
func (l *ledger) find(who subject) *dealing {
	at := l.dealings[who]
	if at == nil {
		return nil
	}
	return at.Value.(*dealing)
}

// meet gives a subject's dealing, a new one when there is none, and makes it the one met last. The caller holds the lock.
func (l *ledger) meet(who subject, session *event.Session, now time.Time) *dealing {
	if at := l.dealings[who]; at != nil {
		l.recent.MoveToFront(at)
		d := at.Value.(*dealing)
		d.seen = later(d.seen, now)
		return d
	}
	l.forget(now)
	d := &dealing{who: who.keep(), session: keepID(session.ID), device: keepID(session.Journey), seen: now}
	l.insert(d)
	return d
}

func (l *ledger) insert(d *dealing) {
	l.dealings[d.who] = l.recent.PushFront(d)
	l.size.Store(int64(len(l.dealings)))
}

// forget drops who was not met for long, and makes room for one more. The caller holds the lock.
func (l *ledger) forget(now time.Time) {
	for at := l.recent.Back(); at != nil; at = l.recent.Back() {
		d := at.Value.(*dealing)
		old := now.After(later(d.seen, d.until).Add(dealingMemory))
		if !old && l.recent.Len() < mostDealings {
			return
		}
		if !old {
			l.evicted++
		}
		l.recent.Remove(at)
		delete(l.dealings, d.who)
	}
}

// grant says that the policy's condition held for a subject: it is dealt with for the policy's time from now on.
func (l *ledger) grant(who subject, session *event.Session, because string, length time.Duration, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.meet(who, session, now)
	d.until = later(d.until, now.Add(length))
	d.because = keepText(d.because, because)
}

// granted says whether a subject is dealt with although its verdict does not ask for it now, and why.
func (l *ledger) granted(who []subject, now time.Time) (because string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range who {
		if d := l.find(one); d != nil && now.Before(d.until) {
			return d.because, true
		}
	}
	return "", false
}

// step is the place on the ladder of those who belong to a request: the highest of them. length is the ladder's.
func (l *ledger) step(who []subject, length int, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	highest := 0
	for _, one := range who {
		if d := l.find(one); d != nil && d.onLadder(now) {
			highest = max(highest, d.step)
		}
	}
	return min(highest, length-1)
}

// onLadder says whether the subject still has its place.
func (d *dealing) onLadder(now time.Time) bool {
	return now.Before(d.until) || !d.climbed.IsZero() && now.Before(d.climbed.Add(ladderMemory))
}

// deed is one thing that was done to a subject.
type deed struct {
	action string
	kind   event.ActionKind
	// step is the place on the ladder that it was, of length places; times is how often it is taken.
	step, length, times int
	because             string
	rating              event.Rating
	// control says that nothing was done, because the subject is of the control arm; failed that it could not be done.
	control, failed bool
}

// enter writes down a deed for a subject, and moves it up the ladder when the step was taken often enough. Two requests at the
// same moment that took the same step move it up once: no step is left out.
func (l *ledger) enter(who subject, session *event.Session, x deed, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.meet(who, session, now)
	if x.failed {
		d.climb(x, now)
		return
	}
	if d.first.IsZero() || d.control && !x.control {
		d.first, d.before, d.after = now, max(session.Number-1, 0), 0
		d.action, d.kind = keepText(d.action, x.action), x.kind
	}
	d.control = x.control
	d.because = keepText(d.because, x.because)
	d.rating = max(d.rating, x.rating)
	d.last = later(d.last, now)
	if x.control {
		return
	}
	d.times++
	d.climb(x, now)
}

// climb counts that a step was taken.
func (d *dealing) climb(x deed, now time.Time) {
	if !d.onLadder(now) {
		d.step, d.taken = 0, 0
	}
	d.climbed = now
	if d.step = min(d.step, x.length-1); d.step != x.step {
		return
	}
	if d.taken++; d.taken >= x.times && d.step < x.length-1 {
		d.step, d.taken = d.step+1, 0
	}
}

// later is the later of two moments.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
