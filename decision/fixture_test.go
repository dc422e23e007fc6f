package decision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a Service with everything around it.
type bench struct {
	*Service
	t        testing.TB
	ledger   *memory
	clock    *clock
	backends *speakers
	notifier *listeners
	journeys *journeys
	changes  atomic.Int64
	woken    atomic.Int64
}

func prepared(t testing.TB, ledger *memory, change func(*Deps)) *bench {
	t.Helper()
	b := &bench{t: t, ledger: ledger, clock: &clock{now: time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC)},
		backends: &speakers{say: map[string]string{}}, notifier: &listeners{}, journeys: &journeys{}}
	var serial atomic.Uint64
	d := Deps{
		Ledger: ledger, Journeys: b.journeys, Backends: b.backends, Notifier: b.notifier, Now: b.clock.Now,
		NewID: func(at time.Time) event.ID {
			return event.DeriveID(at, "test", fmt.Sprintf("%p", b), fmt.Sprint(serial.Add(1)))
		},
		Seal: turned, Open: turned, Wake: func() { b.woken.Add(1) },
		Audit:      func(context.Context, Change) { b.changes.Add(1) },
		Acceptance: payment.Acceptance{PCI: payment.SAQD, Prints: payment.NewFingerprinter([]byte("a key for tests, 32 bytes long..."))},
		Lists:      map[string][]string{"vip": {"c-vip"}},
		Limits:     Limits{NotifyWait: 50 * time.Millisecond, Workers: 2},
	}
	if change != nil {
		change(&d)
	}
	s, err := New(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	b.Service = s
	s.retry = 5 * time.Millisecond
	return b
}

// turned seals for tests, and opens.
func turned(b []byte) ([]byte, error) {
	c := make([]byte, len(b))
	for i := range b {
		c[i] = b[i] ^ 0x5a
	}
	return c, nil
}

// running starts Run, and stops it when the test ends or stop is called.
func (b *bench) running() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	b.t.Cleanup(stop)
	return stop
}

func (b *bench) rulesFrom(text string) []ruleset.Rule {
	b.t.Helper()
	rules, problems := ruleset.DecodeRules([]byte(text))
	if len(problems) > 0 {
		b.t.Fatal(problems)
	}
	return rules
}

// activate puts rules in force.
func (b *bench) activate(contextName, rules string) ruleset.Ruleset {
	b.t.Helper()
	r, err := b.CreateRuleset(b.t.Context(), ruleset.Ruleset{Context: contextName, Rules: b.rulesFrom(rules)}, "tester")
	if err == nil {
		r, err = b.ActivateRuleset(b.t.Context(), r.ID, "tester")
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// pay is a request; change edits its JSON.
func (b *bench) pay(change func(map[string]any)) *payment.Request {
	b.t.Helper()
	body := map[string]any{
		"credential":  map[string]any{"type": "pan", "pan": map[string]any{"value": "4242424242424242", "expiry_month": 12, "expiry_year": 2030}},
		"customer":    map[string]any{"id": "c-1", "email": "Ann@Example.com"},
		"transaction": map[string]any{"reference": "o-1", "amount": 5000, "currency": "EUR"},
		"device":      map[string]any{"ip": "192.0.2.7", "fingerprint": "fp-1", "session": "s-1"},
	}
	if change != nil {
		change(body)
	}
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	r, problems := payment.Parse(text, b.deps.Acceptance)
	if len(problems) > 0 {
		b.t.Fatal(problems)
	}
	return r
}

func amount(n int64) func(map[string]any) {
	return func(body map[string]any) { body["transaction"].(map[string]any)["amount"] = n }
}

func customer(id string) func(map[string]any) {
	return func(body map[string]any) { body["customer"].(map[string]any)["id"] = id }
}

func (b *bench) decide(r *payment.Request) payment.Decision {
	b.t.Helper()
	d, err := b.Decide(b.t.Context(), r, Caller{Client: "shop"})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// eventually polls until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func (b *bench) kept(id event.ID) Entry {
	b.t.Helper()
	e, err := b.Service.Decision(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

// keys are the webhook messages that the ledger holds.
func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string{}, m.order...)
}

// speakers are backends: they answer by name, hang, or panic.
type speakers struct {
	mu    sync.Mutex
	say   map[string]string
	asked []string
	gate  chan struct{}
	last  *payment.Request
}

func (b *speakers) Ask(ctx context.Context, calls []ruleset.Call, _ bool) []payment.BackendResult {
	results := make([]payment.BackendResult, len(calls))
	for i, call := range calls {
		b.mu.Lock()
		b.asked = append(b.asked, call.Backend)
		b.last = call.Request
		say, gate := b.say[call.Backend], b.gate
		b.mu.Unlock()
		results[i] = payment.BackendResult{RuleID: call.RuleID, Backend: call.Backend, Live: call.Live}
		if gate != nil {
			select {
			case <-gate:
			case <-ctx.Done():
				say = "timeout"
			}
		}
		switch say {
		case "panic":
			panic("4242424242424242")
		case "ALLOW", "REVIEW", "BLOCK":
			results[i].Outcome, results[i].Reference = payment.Outcome(say), "ref-1"
		default:
			results[i].Error = &say
		}
	}
	return results
}

func (b *speakers) times() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

// listeners are told what became of a payment.
type listeners struct {
	mu    sync.Mutex
	kinds []string
	gate  chan struct{}
}

func (l *listeners) Notify(ctx context.Context, d *payment.Decision, kind string, _ payment.Tree) []payment.Notification {
	l.mu.Lock()
	l.kinds = append(l.kinds, kind)
	gate := l.gate
	l.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	return []payment.Notification{{Backend: d.BackendResults[0].Backend, Status: "delivered"}}
}

func (l *listeners) told() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.kinds)
}

// journeys knows one journey for everybody.
type journeys struct {
	mu      sync.Mutex
	journey *payment.Journey
	told    []payment.Outcome
	// resolved are the resolutions told, sought how journeys were looked for, forgotten the customers.
	resolved  []string
	sought    []Seek
	forgotten []string
	panics    bool
}

func (j *journeys) Find(_ context.Context, _ event.Environment, _ *payment.Request, _ time.Time, how Seek) *payment.Journey {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sought = append(j.sought, how)
	if j.panics {
		panic("no journey")
	}
	return j.journey
}

func (j *journeys) Tell(_ context.Context, _ event.Environment, _ *payment.Request, d *payment.Decision, _ time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if d.Resolution != nil {
		j.resolved = append(j.resolved, string(d.Resolution.Resolution))
		return
	}
	j.told = append(j.told, d.Decision)
}

func (j *journeys) Forget(_ event.Environment, customerID string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forgotten = append(j.forgotten, customerID)
}

// isInvalid says whether an error is about a field.
func isInvalid(err error, field string) bool {
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		return false
	}
	for _, p := range invalid.Problems {
		if p.Field == field {
			return true
		}
	}
	return false
}
