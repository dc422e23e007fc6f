package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"wayguard/payment"
	"wayguard/ruleset"
)

// line is the way to one backend.
type line struct {
	site *site
	// name is "slug/id".
	name, id string
	facts    atomic.Pointer[facts]
	breaker  *gobreaker.TwoStepCircuitBreaker[struct{}]
	// places bounds the calls under way.
	places chan struct{}
	tally  tally
}

// facts are what is known of a backend.
type facts struct {
	title string
	// known says that its integration told of it, enabled that it may be asked.
	known, enabled bool
	// actions are what it supports, such as "assess.pan" and "notify.chargeback"; nil where that is not known.
	actions map[string]bool
	// needs are paths that a payment must have, by the credential's type; "" is for all.
	needs map[payment.CredentialType][]need
}

// need is a path that a backend needs.
type need struct {
	text string
	path expression
}

// verdict is what a backend said.
type verdict struct {
	outcome payment.Outcome
	score   *int64
	// thresholds read the score where the rule has none.
	thresholds *ruleset.Thresholds
	reference  string
	raw        []byte
	execution  string
	timing     *payment.LinkTiming
}

// read is the outcome: by the rule's thresholds where it has some and there is a score, else as the backend said it, else by the
// integration's thresholds. It is empty where there is a score that nobody reads.
func (v verdict) read(own *ruleset.Thresholds) payment.Outcome {
	switch {
	case v.score != nil && own != nil:
		return judged(*v.score, *own)
	case v.outcome != "":
		return v.outcome
	case v.score != nil && v.thresholds != nil:
		return judged(*v.score, *v.thresholds)
	}
	return ""
}

func judged(score int64, t ruleset.Thresholds) payment.Outcome {
	switch {
	case t.BlockAt > 0 && score >= t.BlockAt:
		return payment.Block
	case t.ReviewAt > 0 && score >= t.ReviewAt:
		return payment.Review
	}
	return payment.Allow
}

func newLine(s *site, id string, f *facts) *line {
	limits := s.pool.limits
	l := &line{site: s, name: s.of.Slug + "/" + id, id: id, places: make(chan struct{}, limits.Concurrency)}
	l.facts.Store(f)
	l.tally.failures = map[string]int64{}
	b := limits.Breaker
	l.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: l.name, MaxRequests: 1, Interval: b.Window, BucketPeriod: max(b.Window/10, time.Millisecond), Timeout: b.Cool,
		// Calls under way are left out of the sum: a backend that hangs with a hundred calls is known by the first ten.
		ReadyToTrip: func(c gobreaker.Counts) bool {
			ended := int(c.TotalFailures + c.TotalSuccesses)
			return ended >= b.AtLeast && int(c.TotalFailures)*100 >= ended*b.Percent
		},
		IsSuccessful: func(err error) bool { return err == nil },
		IsExcluded:   func(err error) bool { return errors.Is(err, errGivenUp) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				l.tally.opened.Add(1)
			}
			s.pool.log.Warn("the circuit breaker of a risk backend changed", "backend", name, "from", from.String(), "to", to.String())
		},
	})
	return l
}

var errGivenUp = errors.New("given up by the caller")

// timeout is how long a call may take: the rule's time, at most the integration's.
func (l *line) timeout(asked time.Duration) time.Duration {
	bound := l.site.timeout
	if asked > 0 && asked < bound {
		return asked
	}
	return bound
}

// ask asks the backend, unless it lacks something, is switched off or is left alone.
func (l *line) ask(ctx context.Context, c ruleset.Call) (v verdict, missing []string, f *fault) {
	defer func() { l.tally.count(f, l.site.pool.deps.Now()) }()
	known := l.facts.Load()
	if !l.site.of.Enabled || !known.enabled || !known.assesses(c.Request.Credential.Type) {
		return v, nil, &fault{code: codeDisabled}
	}
	about := l.site.scope(c.Request, l)
	if missing = known.missing(about); len(missing) > 0 {
		return v, missing, &fault{code: codeInsufficient}
	}
	f = l.guarded(ctx, l.timeout(c.Timeout), func(ctx context.Context) (f *fault) {
		v, f = l.site.speaker.assess(ctx, l, about)
		return f
	})
	return v, nil, f
}

// guarded makes a call within its time, the places and the breaker. What panics is a failure of this call only.
func (l *line) guarded(ctx context.Context, timeout time.Duration, call func(ctx context.Context) *fault) (f *fault) {
	select {
	case l.places <- struct{}{}:
		defer func() { <-l.places }()
	default:
		return &fault{code: codeUnavailable, detail: "too many calls are under way"}
	}
	done, err := l.breaker.Allow()
	if err != nil {
		return &fault{code: codeCircuitOpen}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		if panicked := recover(); panicked != nil {
			l.site.pool.log.Error("calling a risk backend panicked", "backend", l.name, "kind", fmt.Sprintf("%T", panicked))
			f = &fault{code: codeMapping, detail: "internal error"}
		}
		switch {
		case f == nil || !f.ill && f.code != codeCancelled:
			done(nil)
		case f.code == codeCancelled:
			done(errGivenUp)
		default:
			done(f)
		}
	}()
	return call(ctx)
}

// assesses says whether payments with such a credential can be asked about. A card number can be shown masked.
func (f *facts) assesses(t payment.CredentialType) bool {
	if f.actions == nil || f.actions["assess"] || f.actions["assess."+string(t)] {
		return true
	}
	return t == payment.PAN && f.actions["assess."+string(payment.MaskedPAN)]
}

// missing are the paths that the payment lacks.
func (f *facts) missing(about *scope) []string {
	var missing []string
	for _, t := range []payment.CredentialType{"", about.credential} {
		for _, n := range f.needs[t] {
			if value, ok := n.path.find(about); !ok || value == nil || value == "" {
				missing = append(missing, n.text)
			}
		}
	}
	return missing
}

// tally counts a backend's calls since it was first known.
type tally struct {
	opened atomic.Int64

	mu       sync.Mutex
	calls    int64
	failures map[string]int64
	failure  string
	failed   time.Time
	lastOK   time.Time
}

func (t *tally) count(f *fault, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	if f == nil {
		t.lastOK = at
		return
	}
	t.failures[f.code]++
	// What is only a consequence would hide the cause.
	if !slices.Contains([]string{codeCancelled, codeCircuitOpen, codeInsufficient, codeDisabled}, f.code) {
		t.failure, t.failed = f.Error(), at
	}
}
