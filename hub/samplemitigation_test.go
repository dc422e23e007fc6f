package hub

import (
	"context"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/policy"
	"wayguard/search"
)

// operation is one thing that a fakeMitigation was told.
type operation struct {
	what, policy, why, who string
	at                     time.Time
	visitor                Visitor
}

// fakeMitigation stands as the sample says and remembers what it was told; err makes every change fail.
type fakeMitigation struct {
	mu     sync.Mutex
	status MitigationStatus
	people []Affected
	told   []operation
	err    error
}

func newFakeMitigation() *fakeMitigation {
	return &fakeMitigation{status: sampleMitigation(), people: sampleAffected()}
}

func (f *fakeMitigation) Status() MitigationStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

func (f *fakeMitigation) tell(o operation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.told = append(f.told, o)
	}
	return f.err
}

func (f *fakeMitigation) Stop(_ context.Context, until time.Time, why, who string) error {
	if err := f.tell(operation{what: "stop", at: until, why: why, who: who}); err != nil {
		return err
	}
	f.status.Stop = &MitigationStop{Since: sampleNow(), Until: until, Why: why, Who: who}
	return nil
}

func (f *fakeMitigation) Go(_ context.Context, why, who string) error {
	f.status.Stop = nil
	return f.tell(operation{what: "go", why: why, who: who})
}

func (f *fakeMitigation) Affected(string, time.Time) []Affected { return f.people }

func (f *fakeMitigation) Undo(_ context.Context, name string, since time.Time, why, who string) ([]Affected, error) {
	return f.people, f.tell(operation{what: "undo", policy: name, at: since, why: why, who: who})
}

func (f *fakeMitigation) CloseBreaker(_ context.Context, name, why, who string) error {
	return f.tell(operation{what: "close", policy: name, why: why, who: who})
}

func (f *fakeMitigation) Unspare(_ context.Context, visitor Visitor, who string) error {
	return f.tell(operation{what: "unspare", visitor: visitor, who: who})
}

func (f *fakeMitigation) Spare(_ context.Context, visitor Visitor, until time.Time, why, who string) error {
	return f.tell(operation{what: "spare", visitor: visitor, at: until, why: why, who: who})
}

func (f *fakeWarehouse) Effects(_ context.Context, q search.EffectQuery) (search.Effects, error) {
	if err := f.ask(search.Query{Environment: q.Environment, From: q.From, To: q.To}); err != nil {
		return search.Effects{}, err
	}
	return sampleEffects(q), nil
}

func (f *fakeWarehouse) Accounts(_ context.Context, q search.AccountQuery) (search.Accounts, error) {
	if err := f.ask(search.Query{Environment: q.Environment, From: q.From, To: q.To, Limit: q.Limit, Values: []string{q.Policy}}); err != nil {
		return search.Accounts{}, err
	}
	return sampleAccounts(), nil
}

// sampleMitigation has a policy of each kind: one that acts, one in shadow, one whose breaker is open, an action of its own.
func sampleMitigation() MitigationStatus {
	ago := func(d time.Duration) time.Time { return sampleNow().Add(-d) }
	return MitigationStatus{
		Policies: []PolicyStatus{
			{Name: "block-attackers", Mode: policy.Live, Own: true, Scope: policy.ScopeSession, Percent: 100, Dealing: 3, Done: 311, Withheld: 7,
				Steps:   []PolicyStep{{Action: "block-attackers", Kind: event.Block}},
				Breaker: &BreakerStatus{State: "closed", Looked: 120, Dealt: 3, Percent: 60}},
			{Name: "slow-scrapers", Mode: policy.Live, Scope: policy.ScopeAddress, Specs: []string{"shop-search", "product"}, Percent: 100,
				Steps: []PolicyStep{{Action: "wait", Kind: event.Delay}, {Action: "limit", Kind: event.RateLimit}}, Dealing: 71, Done: 64, Withheld: 902,
				Breaker: &BreakerStatus{State: "open", Since: ago(4 * time.Minute), Until: ago(-6 * time.Minute), Looked: 90, Dealt: 71, Percent: 60, Opened: 2}},
			{Name: "stop-takeovers", Mode: policy.Live, Scope: policy.ScopeDevice, Specs: []string{"shop-login", "pay"}, Percent: 90, Control: 10,
				Steps: []PolicyStep{{Action: "ask-for-proof", Kind: event.Challenge}, {Action: "pretend-paid", Kind: event.Feign}},
				Quiet: true, Dealing: 12, Done: 4990, Withheld: 214, Breaker: &BreakerStatus{State: "half_open", Since: ago(20 * time.Second),
					Until: ago(-40 * time.Second), Looked: 40, Dealt: 4, Percent: 40, Opened: 1}},
			{Name: "tag-origin", Mode: policy.Live, Own: true, Scope: policy.ScopeSession, Percent: 100, Done: 48210, Steps: []PolicyStep{{Action: "tag-origin", Kind: event.Tag}}},
			{Name: "try-decoys", Mode: policy.Shadow, Scope: policy.ScopeAccount, Percent: 100, Withheld: 40,
				Steps: []PolicyStep{{Action: "other-shop", Kind: event.Decoy}}, Breaker: &BreakerStatus{State: "closed", Percent: 60}},
		},
		Checks: []CheckStatus{
			{Check: "proof", Family: "chrome", Country: "US", SignedIn: true, Offered: 412, Passed: 401, Refused: 2, Looped: 1},
			{Check: "proof", Offered: 5120, Refused: 17, Looped: 9},
			{Check: "second_factor", Family: "safari", Country: "DE", Offered: 3, Passed: 3},
		},
		LoopsBroken: 10,
		Feigned: []FeignStatus{
			{Policy: "stop-takeovers", Spec: "shop-login", As: "success", Ready: true},
			{Policy: "stop-takeovers", Spec: "pay", As: "success"},
		},
		Spared: []SparedVisitor{{Scope: policy.ScopeAccount, Element: "username", Key: "j.doe", Until: ago(-20 * time.Hour)},
			{Scope: policy.ScopeDevice, Key: string(sampleTeller().journey), Until: ago(-time.Hour), Policy: "slow-scrapers"}},
		SparedTotal: 2,
		Integrations: []IntegrationStatus{
			{Name: "soc", Kind: "webhook", Sent: 118, Waiting: 2, LastSent: ago(30 * time.Second)},
			{Name: "oncall", Kind: "pagerduty", Sent: 4, Failed: 1, Waiting: 14, Open: true, LastError: "status 503", LastSent: ago(2 * time.Hour)},
		},
	}
}

func sampleAffected() []Affected {
	session, device := sampleTeller().session, sampleTeller().journey
	ago := func(d time.Duration) time.Time { return sampleNow().Add(-d) }
	return []Affected{
		{Scope: policy.ScopeDevice, Key: string(device), Session: session, Device: device, Because: "Account Takeover", Action: "ask-for-proof",
			Kind: event.Challenge, First: ago(5 * time.Minute), Last: ago(2 * time.Minute), Times: 4, Until: ago(-time.Hour)},
		{Scope: policy.ScopeAccount, Element: "username", Key: "m.rossi", Session: session, Device: device, Because: "Account Takeover",
			Action: "ask-for-proof", Kind: event.Challenge, First: ago(40 * time.Minute), Last: ago(40 * time.Minute), Times: 1, Honest: "passed a check"},
		{Scope: policy.ScopeAddress, Key: "198.51.100.77", Because: "Malicious Session", Action: "pretend-paid", Kind: event.Feign,
			First: ago(50 * time.Minute), Last: ago(49 * time.Minute), Times: 310},
	}
}

func sampleEffects(q search.EffectQuery) search.Effects {
	effects := search.Effects{From: q.From, To: q.To, StepSeconds: q.Step.Seconds()}
	buckets := func(attempts, done, withheld int64) (list []search.Bucket) {
		n := int64(0)
		for at := q.From; at.Before(q.To); at = at.Add(q.Step) {
			n++
			list = append(list, search.Bucket{At: at, Attempts: attempts + n*7%11, Done: done * (n % 4), Withheld: withheld * (n % 3)})
		}
		return list
	}
	effects.Policies = []search.Effect{
		{Policy: "stop-takeovers", Kinds: []event.ActionKind{event.Challenge, event.Feign}, Done: 4990, Withheld: 214, Unavailable: 3, Passed: 9, Refused: 17,
			Why: []search.Reason{{Reason: "control arm", Count: 180}, {Reason: "allow list office", Count: 34}},
			Dealt: search.Arm{Sessions: 41, Then: [3]int64{0, 9, 32}, Now: [3]int64{2, 4, 35}, Before: 246, After: 4990, ReachedBefore: 246, ReachedAfter: 12,
				Succeeded: 1, DwellMedian: 1260, DwellLongest: 7412.5},
			Control: search.Arm{Sessions: 5, Then: [3]int64{0, 1, 4}, Now: [3]int64{0, 0, 5}, Before: 30, After: 611, ReachedBefore: 30, ReachedAfter: 611,
				Succeeded: 10, DwellMedian: 840, DwellLongest: 3600},
			Touched: search.Touched{Sessions: 3, Normal: 2, Passed: 2}, Buckets: buckets(90, 14, 2)},
		{Policy: "try-decoys", Kinds: []event.ActionKind{event.Decoy}, Shadow: 40, Why: []search.Reason{}, Buckets: buckets(20, 0, 0)},
	}
	return effects
}

func sampleAccounts() search.Accounts {
	session := sampleTeller().session
	ago := func(d time.Duration) time.Time { return sampleNow().Add(-d) }
	return search.Accounts{Total: 5000, Known: 2, Accounts: []search.Account{
		{Element: "username", Value: "m.rossi", Display: "m.rossi", Times: 3, First: ago(6 * time.Minute), Last: ago(5 * time.Minute), Sessions: 1,
			Some: []event.ID{session}, LastLogin: ago(30 * time.Hour)},
		{Element: "username", Value: "=cmd", Display: "=cmd", Times: 1, First: ago(6 * time.Minute), Last: ago(6 * time.Minute), Sessions: 1,
			Some: []event.ID{session}, LastLogin: ago(70 * 24 * time.Hour)},
		{Element: "email", Value: "k.tanaka@mail.example", Display: "", Times: 12, First: ago(6 * time.Minute), Last: ago(time.Minute), Sessions: 7, Some: []event.ID{session}},
	}}
}
