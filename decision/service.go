package decision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
	"wayguard/velocity"
)

// Deps are what a Service works with. Journeys, Backends, Notifier and the functions Wake, Audit, Integrated, KnownBackend and
// CheckIntegration may be nil.
type Deps struct {
	Environment event.Environment
	Ledger      Ledger
	Journeys    Journeys
	Backends    ruleset.Backends
	Notifier    Notifier
	// KnownBackend says whether rules may name a backend, "slug/id"; nil lets every name pass.
	KnownBackend func(name string) bool
	// CheckIntegration tells what is wrong with an integration's adapter.
	CheckIntegration func(Integration) []payment.Problem
	Acceptance       payment.Acceptance
	// Lists are the named lists of the configuration with their fixed values; more are added to them through AddValue.
	Lists map[string][]string
	Now   func() time.Time
	NewID func(at time.Time) event.ID
	// Seal and Open encrypt what must not lie about in clear: webhook keys and credentials of integrations.
	Seal, Open func([]byte) ([]byte, error)
	// Wake is told that webhooks wait.
	Wake func()
	// Audit is told of every change that a person or a client made.
	Audit func(ctx context.Context, c Change)
	// Integrated is told that an integration was made, changed or taken away.
	Integrated func()
	Logger     *slog.Logger
	Limits     Limits
}

// Change is one act of administration, for the audit trail. It holds no value that was sent.
type Change struct {
	At time.Time
	// By is the client or user; Action such as "activate"; Object such as "ruleset".
	By, Action, Object string
	ID                 string
}

// Limits bound a Service. A zero field is its default.
type Limits struct {
	// Asynchronous is how long an asynchronous backend may take before on_error decides; 60 s.
	Asynchronous time.Duration
	// Workers finish asynchronous rules, and as many ask shadow members; 32.
	Workers int
	// Waiting is how much work may wait for a worker; 4096. Shadow members beyond it are not asked, asynchronous rules wait in the ledger.
	Waiting int
	// NotifyWait is how long an event or a resolution waits for backends before it is answered with "pending"; 2 s.
	NotifyWait time.Duration
	// Counters is the number of cells of counters held in memory, see velocity.NewRolling; 2,000,000, which are up to 400 MB when all are
	// used. What does not fit is read from the ledger when it is asked for, where the ledger can find it.
	Counters int
	// ListValues is the number of list entries held in memory; 1,000,000. No more can be made.
	ListValues int
	// SharedContext lets several interceptors be active in one context.
	SharedContext bool
	// PlainHTTP lets webhooks go to http:// addresses, for trials.
	PlainHTTP bool
	// Decisions and Payloads are how long they are kept; 400 and 30 days.
	Decisions, Payloads time.Duration
	// Backtest is the number of decisions that a backtest or a report looks at, at most; 1,000,000.
	Backtest int
}

func (l Limits) filled() Limits {
	const day = 24 * time.Hour
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&l.Asynchronous, time.Minute}, {&l.NotifyWait, 2 * time.Second}, {&l.Decisions, 400 * day}, {&l.Payloads, 30 * day}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Workers, 32}, {&l.Waiting, 4096}, {&l.Counters, 2_000_000}, {&l.ListValues, 1_000_000}, {&l.Backtest, 1_000_000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// Caller is who asks for a decision, and how.
type Caller struct {
	// Client is a client id or a user's name.
	Client string
	// IdempotencyKey with the digest of the body; empty for none.
	IdempotencyKey, BodyDigest string
	// Integration is "interceptor" or empty, InterceptorID says which.
	Integration   string
	InterceptorID event.ID
	// Route says that the payment is a visitor's own request on its way through the proxy: what it says of itself leads to no journey, only
	// the session that the proxy told.
	Route bool
	// PaymentType is "authorization" or "sale", empty for none.
	PaymentType string
	// Accepted is the REVIEW that a person accepted, where this is its payment again; the outcome is ALLOW then. Empty for none.
	Accepted event.ID
	// Explain asks for the explanation in the answer.
	Explain bool
	// Payload is what came, masked, as JSON; nil where it is not to be kept.
	Payload []byte
}

// Service decides. It is safe for concurrent use.
type Service struct {
	deps    Deps
	limits  Limits
	force   atomic.Pointer[inForce]
	lists   *lists
	rolling *velocity.Rolling
	refills refills
	serial  atomic.Uint64
	keys    keyed
	secrets *secrets
	// changing serialises acts of administration: each reads, checks and writes.
	changing sync.Mutex
	// restore tells Run that counters may lack a part of the past.
	restore chan struct{}
	// sliceRoom and retry are the constants, smaller in tests.
	sliceRoom int
	retry     time.Duration
	work      *work
	seen      discovered
	telling   chan struct{}
	tests     chan struct{}
	pending   sync.WaitGroup
	inEvents  inFlight
	counted   counted
}

// New loads what is in force: rulesets, interceptors, lists, webhooks and integrations. Counters are filled by Run.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Ledger == nil || d.Now == nil || d.NewID == nil || d.Seal == nil || d.Open == nil {
		return nil, errors.New("decisions need a ledger, a clock, ids and a way to seal secrets")
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Environment == "" {
		d.Environment = event.DefaultEnvironment
	}
	limits := d.Limits.filled()
	s := &Service{
		deps: d, limits: limits, rolling: velocity.NewRolling(limits.Counters), lists: newLists(d.Lists, limits.ListValues),
		restore: make(chan struct{}, 1), sliceRoom: sliceRoom, retry: retryPace, work: newWork(limits), secrets: newSecrets(),
		telling: make(chan struct{}, notifiersAtOnce), tests: make(chan struct{}, 1),
	}
	if err := s.loadLists(ctx); err != nil {
		return nil, fmt.Errorf("load the lists: %w", err)
	}
	if err := s.reload(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// The paces of what Run does.
const (
	reloadPace    = 30 * time.Second
	pendingPace   = 2 * time.Second
	discoverPace  = 5 * time.Second
	retentionPace = time.Hour
	// settleWait is how long the end waits for backends that are being told.
	settleWait = 3 * time.Second
	// retryPace is between attempts at what failed.
	retryPace = 2 * time.Second
)

// Run does what happens beside the answers until ctx ends: counters are filled from what was decided before, asynchronous rules are
// finished, shadow members asked, discovered fields written, and what is too old is taken away. Decisions that waited when the process
// ended are finished after it starts again.
func (s *Service) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.restoreCounters(ctx) })
	all.Go(func() { s.every(ctx, pendingPace, s.takePending) })
	all.Go(func() { s.every(ctx, discoverPace, s.keepDiscovered) })
	all.Go(func() { s.every(ctx, retentionPace, s.forget) })
	all.Go(func() { s.every(ctx, reloadPace, s.refresh) })
	for range s.limits.Workers {
		all.Go(func() { s.finishJobs(ctx) })
		all.Go(func() { s.askShadows(ctx) })
	}
	all.Wait()
	s.settle()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	s.keepDiscovered(last)
}

// settle waits a moment for backends that are being told of something.
func (s *Service) settle() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.pending.Wait()
	}()
	timer := time.NewTimer(settleWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// every does something at once and then at a pace. A panic is counted, and the next time comes all the same.
func (s *Service) every(ctx context.Context, pace time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		s.guard("background work", func() { do(ctx) })
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// refresh loads what is in force again, so that what could not be loaded after a change comes into force as soon as it can be.
func (s *Service) refresh(ctx context.Context) {
	if err := s.reload(ctx); err != nil && ctx.Err() == nil {
		s.counted.reloadFailures.Add(1)
		s.deps.Logger.Error("what is in force could not be loaded", "error", err)
	}
}

// forget takes away what is older than it is to be kept.
func (s *Service) forget(ctx context.Context) {
	now := s.deps.Now()
	decisions, payloads, err := s.deps.Ledger.Forget(ctx, now.Add(-s.limits.Decisions), now.Add(-s.limits.Payloads))
	if err == nil {
		_, err = s.deps.Ledger.DeleteExpiredValues(ctx, now)
		s.lists.expire(now)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		s.deps.Logger.Error("old decisions could not be taken away", "error", err)
	case decisions+payloads > 0:
		s.deps.Logger.Info("old decisions taken away", "decisions", decisions, "payloads", payloads)
	}
}

// guard does something and catches its panic. What is logged of a panic is its type and its place: its text may hold what was sent.
func (s *Service) guard(what string, do func()) (fine bool) {
	defer func() {
		if caught := recover(); caught != nil {
			fine = false
			s.counted.panics.Add(1)
			s.deps.Logger.Error("a panic was caught", "in", what, "type", fmt.Sprintf("%T", caught), "stack", string(debug.Stack()))
		}
	}()
	do()
	return true
}

// audit tells of a change.
func (s *Service) audit(ctx context.Context, by, action, object, id string) {
	s.deps.Logger.Info("decision administration", "by", by, "action", action, "object", object, "id", id)
	if s.deps.Audit != nil {
		s.deps.Audit(ctx, Change{At: s.deps.Now(), By: by, Action: action, Object: object, ID: id})
	}
}

// changed loads what is in force after a change that was kept. The change stands when that fails: Run tries again.
func (s *Service) changed(ctx context.Context) {
	if err := s.reload(context.WithoutCancel(ctx)); err != nil {
		s.counted.reloadFailures.Add(1)
		s.deps.Logger.Error("a change is kept, but could not be put in force yet", "error", err)
	}
}

func (s *Service) wake() {
	if s.deps.Wake != nil {
		s.deps.Wake()
	}
}
