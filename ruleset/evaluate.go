package ruleset

import (
	"context"
	"time"

	"wayguard/payment"
)

// Counters answers how often something was seen lately. known is false where nothing can be said, as when counters are being restored:
// the check then does not fire. Counts hold the present attempt, because it is counted before rules run.
type Counters interface {
	// Count is how many decisions had that value at the path within the window; scope is a context, empty for all.
	Count(path, value, scope string, window time.Duration) (count int64, known bool)
	// Sum adds up their amounts in minor units of the currency; Distinct counts different values at another path.
	Sum(path, value, scope, currency string, window time.Duration) (sum int64, known bool)
	Distinct(path, value, scope, of string, window time.Duration) (count int64, known bool)
}

// Lists answers what stands on lists.
type Lists interface {
	// Blacklisted says whether the value stands on the blacklist for the path.
	Blacklisted(path, value string) bool
	// Listed says whether it stands on a named list; known is false where there is no such list.
	Listed(list, value string) (listed, known bool)
}

// Backends asks risk backends. It answers each call in its place; a call that failed has a result with an Error.
type Backends interface {
	// Ask makes all calls at once and waits for them, or for the first live one that gives an outcome where first is true.
	Ask(ctx context.Context, calls []Call, first bool) []payment.BackendResult
}

// Call is a question to one backend.
type Call struct {
	RuleID  string
	Backend string
	Live    bool
	// Timeout is 0 for the integration's own.
	Timeout time.Duration
	// Thresholds read a number into an outcome, nil for none.
	Thresholds *Thresholds
	Request    *payment.Request
}

// Input is what a payment is evaluated with.
type Input struct {
	Request *payment.Request
	// Journey is nil where none was found.
	Journey  *payment.Journey
	Counters Counters
	Lists    Lists
	// Backends is nil where none can be asked (a backtest): rules that need one are skipped then, or answered by Recorded.
	Backends Backends
	// Recorded are results of an earlier decision, for a backtest.
	Recorded []payment.BackendResult
	// Draw is a number from 0 to 9999 for weighted choices without a sticky path; the caller's, so that evaluation is deterministic.
	Draw int
	// Trace asks for the explanation.
	Trace bool
}

// Evaluation is what a program makes of a payment.
type Evaluation struct {
	Outcome         payment.Outcome
	Source          payment.Source
	Triggered       []payment.TriggeredRule
	ShadowTriggered []payment.TriggeredRule
	// Shadow is the outcome there would be if shadow rules were live; empty without shadow rules.
	Shadow  payment.Outcome
	Results []payment.BackendResult
	// Score is nil in a program without points.
	Score   *int64
	ThreeDS string
	Trace   []payment.RuleTrace
	// Decisive names the rule's backend or its condition that decided, for {{ source }} of templates; empty for ALLOW by default.
	Decisive string
	// Deferred are rules whose backends are to be asked after the answer: asynchronous rules, and shadow members.
	Deferred []Deferred
}

// Deferred is work for after the answer.
type Deferred struct {
	RuleID string
	// Live is true for an asynchronous rule, whose result counts; false for shadow members, which are only recorded.
	Live  bool
	Calls []Call
}
