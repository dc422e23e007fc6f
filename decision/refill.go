package decision

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/ruleset"
	"wayguard/velocity"
)

// The bounds of asking the ledger for one counter while a payment waits.
const (
	// refillPage is the number of decisions that one question gives, refillPages how many questions a payment asks. The next payment goes
	// on where they ended.
	refillPage  = 250
	refillPages = 4
	// refillTime bounds them all together; after a failure nobody asks for refillRest.
	refillTime = 300 * time.Millisecond
	refillRest = time.Second
)

// refill puts back into a counter what memory let go of it, from the ledger, while rules wait for it. A nil one never can.
type refill struct {
	service *Service
	rolling *velocity.Rolling
	ctx     context.Context
}

// gap is what a counter lacks: everything from start on, of one value.
type gap struct {
	counter      *counter
	key          velocity.RollingKey
	value, scope string
	// start is in Unix milliseconds.
	start int64
	at    time.Time
}

// refills are the keys that somebody asks the ledger for.
type refills struct {
	mu      sync.Mutex
	running map[velocity.RollingKey]chan struct{}
	// rest is the Unix time in milliseconds until which the ledger is not asked.
	rest atomic.Int64
}

// begin says whether nobody asked for the key; then the caller does, until end. Others wait for done.
func (f *refills) begin(key velocity.RollingKey) (done chan struct{}, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if done := f.running[key]; done != nil {
		return done, false
	}
	if f.running == nil {
		f.running = make(map[velocity.RollingKey]chan struct{})
	}
	done = make(chan struct{})
	f.running[key] = done
	return done, true
}

func (f *refills) end(key velocity.RollingKey, done chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, key)
	close(done)
}

// reach says whether the counter has everything from the gap's start on, once what lacks has been put back.
func (r *refill) reach(g gap) bool {
	if r == nil {
		return false
	}
	s := r.service
	query, known := queryBy(g.counter.path, g.value)
	if !known || r.ctx.Err() != nil || s.deps.Now().UnixMilli() < s.refills.rest.Load() {
		s.counted.unanswered.Add(1)
		return false
	}
	done, mine := s.refills.begin(g.key)
	if !mine {
		select {
		case <-done:
		case <-r.ctx.Done():
		}
		if r.rolling.Since(g.key) <= g.start {
			return true
		}
		s.counted.unanswered.Add(1)
		return false
	}
	defer s.refills.end(g.key, done)
	ctx, cancel := context.WithTimeout(r.ctx, refillTime)
	defer cancel()
	if !r.fill(ctx, query, g) {
		s.counted.unanswered.Add(1)
		return false
	}
	return true
}

// fill reads decisions from the newest that lacks to the oldest that the counter is ever asked for, or as far as it comes.
func (r *refill) fill(ctx context.Context, query Query, g gap) bool {
	s, c := r.service, g.counter
	from := max(min(g.start, g.at.Add(-c.need).UnixMilli()), c.whole.Load()-1)
	query.Environment, query.Context, query.Limit = s.deps.Environment, g.scope, refillPage
	for range refillPages {
		since := r.rolling.Since(g.key)
		if since <= g.start {
			return true
		}
		query.From, query.To = time.UnixMilli(from+1), time.UnixMilli(since+1)
		page, err := s.deps.Ledger.Search(ctx, query)
		if err != nil {
			s.refills.rest.Store(s.deps.Now().Add(refillRest).UnixMilli())
			s.deps.Logger.Warn("a counter could not be filled from the ledger", "path", c.path, "error", err)
			return false
		}
		reached := from
		if n := len(page.Entries); page.More && n > 0 {
			reached = page.Entries[n-1].Decision.EvaluatedAt.UnixMilli() // others of that millisecond may be on the next page
		}
		if reached >= since || !r.rolling.Fill(g.key, reached, since, r.pastOf(g, page.Entries)) {
			return false
		}
		s.counted.refilled.Add(1)
		if !page.More {
			return true
		}
	}
	return r.rolling.Since(g.key) <= g.start
}

// pastOf are the events of a counter among decisions.
func (r *refill) pastOf(g gap, entries []Entry) []velocity.Past {
	past, group := make([]velocity.Past, 0, len(entries)), []*counter{g.counter}
	for i := range entries {
		a := attemptOf(&entries[i], group)
		if key, p, ok := g.counter.event(r.rolling, &a); ok && key == g.key {
			past = append(past, p)
		}
	}
	return past
}

// queryBy asks the ledger for decisions with a value at a path; false where the ledger cannot find them by it.
func queryBy(path, value string) (q Query, known bool) {
	switch path {
	case fingerprintPath:
		q.Fingerprint = value
	case "$.customer.id":
		q.CustomerID = value
	case "$.customer.email":
		q.Email = value
	case "$.device.fingerprint":
		q.DeviceFingerprint = value
	case "$.device.session":
		q.Sessions = []string{value}
	case "$.transaction.reference":
		q.Reference = value
	case "$.device.ip":
		if _, err := netip.ParseAddr(value); err != nil {
			return q, false // a decision's address is always one
		}
		q.DeviceIP = value
	default:
		return q, false
	}
	return q, true
}

// tryRolling is the memory of a dry run, in cells.
const tryRolling = 1 << 14

// countFor makes a trial's counters those of a program that may not be in force: nothing of them is in memory, everything is read from the
// ledger where the ledger can find it.
func (s *Service) countFor(ctx context.Context, t *trial, program *ruleset.Program) {
	rolling, at := velocity.NewRolling(tryRolling), t.attempt.at
	rolling.Forget(at)
	t.plan = newPlan(program)
	for i, c := range t.plan.counters {
		c.begin(strconv.Itoa(i), at, at.Add(-2*velocity.RollingReach).UnixMilli())
	}
	t.attempt.values = t.plan.valuesOf(t.request.Tree)
	t.counts = &counts{plan: t.plan, rolling: rolling, at: at, uncounted: &t.attempt, refill: &refill{s, rolling, ctx}}
}
