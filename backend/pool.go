package backend

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/decision"
	"wayguard/payment"
	"wayguard/ruleset"
)

var (
	_ ruleset.Backends  = (*Pool)(nil)
	_ decision.Notifier = (*Pool)(nil)
)

// Deps is what a pool needs of others.
type Deps struct {
	// Integrations are those there are at the moment. It is asked every Limits.Watch and must be cheap.
	Integrations func() []decision.Integration
	// Open decrypts an integration's credentials; nil takes them as they are.
	Open func(sealed []byte) ([]byte, error)
	// Client makes a client that refuses, when it dials, addresses inside the operator's walls that were not allowed, and follows no
	// redirect. Its transport is copied and given room for Limits.Concurrency connections. Nil calls whatever is asked for: for tests.
	Client func(timeout time.Duration) (*http.Client, error)
	// Now is time.Now where it is nil.
	Now func() time.Time
	// Logger may be nil.
	Logger *slog.Logger
	Limits Limits
}

// Limits bound a pool; what is 0 is its default.
type Limits struct {
	// Timeout is for integrations that name none (5 s), LongestTimeout the greatest that a call may have (60 s).
	Timeout, LongestTimeout time.Duration
	// Concurrency is how many calls one backend may have under way (128); one more is refused as unavailable, not queued.
	Concurrency int
	// Discover is how often integrations are asked for their backends (60 s), Watch how often changed integrations are looked for (2 s).
	Discover, Watch time.Duration
	// Backends bounds how many one integration may have (100).
	Backends int
	// Answer bounds what is read of an answer (256 KiB), Raw what is kept of it with a decision (16 KiB), in bytes.
	Answer, Raw int64
	// Breaker says when a backend is left alone.
	Breaker Breaker
}

// Breaker says when a backend is left alone: when at least AtLeast calls ended within Window (10; 10 s) and Percent of them failed (50).
// After Cool (5 s) it is tried with one call at a time; a good one, and it is asked again.
type Breaker struct {
	AtLeast, Percent int
	Window, Cool     time.Duration
}

// complete fills in what was left at 0.
func (l Limits) complete() Limits {
	def := func(to *time.Duration, value time.Duration) {
		if *to <= 0 {
			*to = value
		}
	}
	def(&l.Timeout, 5*time.Second)
	def(&l.LongestTimeout, time.Minute)
	def(&l.Discover, time.Minute)
	def(&l.Watch, 2*time.Second)
	def(&l.Breaker.Window, 10*time.Second)
	def(&l.Breaker.Cool, 5*time.Second)
	number := func(to *int, value int) {
		if *to <= 0 {
			*to = value
		}
	}
	number(&l.Concurrency, 128)
	number(&l.Backends, 100)
	number(&l.Breaker.AtLeast, 10)
	number(&l.Breaker.Percent, 50)
	if l.Answer <= 0 {
		l.Answer = 256 << 10
	}
	if l.Raw <= 0 {
		l.Raw = 16 << 10
	}
	return l
}

// Pool asks and tells backends. It is safe for concurrent use.
type Pool struct {
	deps   Deps
	limits Limits
	log    *slog.Logger

	// refreshing is held while the view is made anew; calls never wait for it.
	refreshing sync.Mutex
	view       atomic.Pointer[view]

	woken chan struct{}

	// calling ends with the pool, and with it the tokens that are being fetched: they are for many calls and outlive each.
	calling context.Context
	stop    context.CancelFunc
}

// New makes a pool that knows no backend until Refresh or Run.
func New(deps Deps) *Pool {
	p := &Pool{deps: deps, limits: deps.Limits.complete(), log: deps.Logger, woken: make(chan struct{}, 1)}
	if p.deps.Now == nil {
		p.deps.Now = time.Now
	}
	if p.deps.Open == nil {
		p.deps.Open = func(clear []byte) ([]byte, error) { return clear, nil }
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.view.Store(newView(nil, nil))
	p.calling, p.stop = context.WithCancel(context.Background())
	return p
}

// Close lets go of the connections. Nothing may be asked of the pool afterwards; what is under way ends with its own context.
func (p *Pool) Close() {
	p.stop()
	for _, s := range p.view.Load().sites {
		s.client.CloseIdleConnections()
	}
}

// Ask implements ruleset.Backends. Where first is true and one live call gave an outcome, the others are given up: their results
// have neither an outcome nor an error.
func (p *Pool) Ask(ctx context.Context, calls []ruleset.Call, first bool) []payment.BackendResult {
	results := make([]payment.BackendResult, len(calls))
	if len(calls) == 1 {
		results[0] = p.ask(ctx, calls[0])
		return results
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	for i, call := range calls {
		group.Go(func() {
			results[i] = p.ask(ctx, call)
			if first && call.Live && results[i].Outcome != "" {
				cancel()
			}
		})
	}
	group.Wait()
	return results
}

// ask makes one call. A panic on the way is this call's failure: it must not take the payment with it.
func (p *Pool) ask(ctx context.Context, c ruleset.Call) (result payment.BackendResult) {
	started := p.deps.Now()
	result = payment.BackendResult{RuleID: c.RuleID, Backend: c.Backend, Live: c.Live, MissingFields: []string{}}
	defer func() {
		if panicked := recover(); panicked != nil {
			p.log.Error("asking a risk backend panicked", "backend", c.Backend, "kind", fmt.Sprintf("%T", panicked))
			result.Error = told(codeMapping)
		}
		result.LatencyMillis = max(p.deps.Now().Sub(started).Milliseconds(), 0)
	}()
	l := p.view.Load().find(c.Backend)
	if l == nil {
		result.Error = told(codeUnavailable)
		return result
	}
	v, missing, f := l.ask(ctx, c)
	if len(missing) > 0 {
		result.MissingFields = missing
	}
	result.Reference, result.RawResponse, result.LinkExecutionID, result.LinkTiming = v.reference, v.raw, v.execution, v.timing
	switch {
	case f == nil:
		result.Score, result.Outcome = v.score, v.read(c.Thresholds)
	case f.code != codeCancelled:
		result.Error = told(f.code)
	}
	return result
}

func told(code string) *string { return &code }

// Known says whether a rule may name the backend: it is "slug/id", or the id alone where only one integration has it. A backend that is
// switched off is not known, nor is one of an integration that never told its backends yet.
func (p *Pool) Known(name string) bool {
	l := p.view.Load().find(name)
	if l == nil || !l.site.of.Enabled {
		return false
	}
	f := l.facts.Load()
	return f.known && f.enabled
}
