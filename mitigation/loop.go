package mitigation

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/event"
	"wayguard/recent"
)

const (
	// loopAfter offers of a check within loopWithin, of which none was answered wrongly, and none that was answered rightly showed up
	// again, are a loop.
	loopAfter  = 5
	loopWithin = 10 * time.Minute
	// mostVisitors bounds the visitors that were offered a check, about.
	mostVisitors = 32_768
	// mostCarried bounds the requests that have just carried a solution, about.
	mostCarried = 8192
)

// The values of the element "check_result".
const (
	resultOffered = "offered"
	resultPassed  = "passed"
	resultRefused = "refused"
	resultLooped  = "looped"
)

// loops finds visitors who are offered checks again and again to no end, and remembers to whom a check was offered until it is
// answered. It locks itself.
type loops struct {
	seed maphash.Seed
	size atomic.Int64
	mu   sync.Mutex
	// offers are a session's last ones, on pages.
	offers recent.Map[event.ID, [loopAfter]time.Time]
	// open are checks by visitor, which is all that a request for one of our own paths shows.
	open recent.Map[uint64, offer]
	// carried are the checks that requests have passed by carrying their solution, by the request's id.
	carried     recent.Map[event.ID, string]
	carriedSize atomic.Int64
	// broken counts the requests that were let through.
	broken int64
}

// offer is a check that was offered to a visitor.
type offer struct {
	session event.ID
	cohort  cohort
	// result is what became of it, told with the event of that id, or with the next one when it is empty.
	result string
	event  event.ID
}

func newLoops() *loops {
	return &loops{
		seed:   maphash.MakeSeed(),
		offers: recent.NewMap[event.ID, [loopAfter]time.Time](mostVisitors/2, clone[event.ID]),
		open:   recent.NewMap[uint64, offer](mostVisitors/2, nil),
		// A request is decided within seconds of its solution.
		carried: recent.NewMap[event.ID, string](mostCarried/2, clone[event.ID]),
	}
}

// visitor is address, User-Agent and host: what two requests of one browser share, even where cookies are off.
func (l *loops) visitor(head *capture.Request) uint64 {
	var sum maphash.Hash
	sum.SetSeed(l.seed)
	address := head.Peer.As16()
	_, _ = sum.Write(address[:])
	_, _ = sum.WriteString(head.Host)
	_ = sum.WriteByte(0)
	_, _ = sum.WriteString(header(head, "User-Agent"))
	return sum.Sum64()
}

// looping says whether offering one more check would be part of a loop. Only pages loop: a program that is refused an answer is
// refused, however often it asks. A malicious session is not let through either, as its check is as good as a block.
func (l *loops) looping(head *capture.Request, session *event.Session, rating event.Rating, now time.Time) bool {
	if rating == event.Malicious || taker(head) != takesHTML {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	offers, known := l.offers.Find(session.ID)
	if !known {
		return false
	}
	for _, at := range offers {
		if at.IsZero() || now.Sub(at) > loopWithin {
			return false
		}
	}
	return true
}

// offered remembers that a check was offered.
func (l *loops) offered(head *capture.Request, session *event.Session, cohort cohort, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if taker(head) == takesHTML {
		offers, _ := l.offers.Find(session.ID)
		oldest := 0
		for n := range offers {
			if offers[n].Before(offers[oldest]) {
				oldest = n
			}
		}
		offers[oldest] = now
		l.offers.Put(session.ID, offers)
	}
	l.open.Put(l.visitor(head), offer{session: clone(session.ID), cohort: cohort.keep(), result: resultOffered})
	l.size.Store(int64(l.open.Len()))
}

// let remembers that a loop was broken.
func (l *loops) let(head *capture.Request, session *event.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken++
	visitor := l.visitor(head)
	last, _ := l.open.Find(visitor)
	last.session, last.result, last.event = clone(session.ID), resultLooped, ""
	l.open.Put(visitor, last)
	l.size.Store(int64(l.open.Len()))
}

// passed says that a session has shown what it passed, so that whatever came before was no loop. A cohort is given when its check is
// one that is passed without an answer: by keeping a cookie.
func (l *loops) passed(head *capture.Request, session event.ID) (which cohort, unanswered bool) {
	if l.size.Load() == 0 || head == nil {
		return cohort{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offers.Remove(session)
	visitor := l.visitor(head)
	last, known := l.open.Peek(visitor)
	if !known || last.result != resultOffered || last.session != session {
		return cohort{}, false
	}
	last.result, last.event = resultPassed, ""
	l.open.Put(visitor, last)
	return last.cohort, true
}

// answered takes the answer to a check. It gives the cohort of the visitor; false when no check of it is known.
func (l *loops) answered(head *capture.Request, outcome challenge.Outcome) (cohort, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	visitor := l.visitor(head)
	last, known := l.open.Find(visitor)
	if outcome.Result == challenge.Refused {
		// Who answers wrongly is trying: that is no loop.
		l.offers.Remove(last.session)
	}
	last.result, last.event = string(outcome.Result), ""
	l.open.Put(visitor, last)
	l.size.Store(int64(l.open.Len()))
	if outcome.Check != "" {
		last.cohort.kind = outcome.Check
	}
	return last.cohort, known
}

// resume remembers that a request has carried the solution of a check.
func (l *loops) resume(id event.ID, kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.carried.Put(id, kind)
	l.carriedSize.Store(int64(l.carried.Len()))
}

// resumed is the check whose solution a request has carried, empty when it has not.
func (l *loops) resumed(id event.ID) string {
	if l.carriedSize.Load() == 0 {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kind, _ := l.carried.Peek(id)
	return kind
}

// result is what became of the visitor's check, for the first event that asks, and for no other; empty when there is no news.
func (l *loops) result(head *capture.Request, id event.ID) string {
	if l.size.Load() == 0 {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	visitor := l.visitor(head)
	last, known := l.open.Peek(visitor)
	if !known || last.result == "" {
		return ""
	}
	if last.event == "" {
		last.event = clone(id)
		l.open.Put(visitor, last)
	}
	if last.event != id {
		return ""
	}
	return last.result
}
