package search

import (
	"time"

	"wayguard/event"
)

// EffectQuery asks what actions did in a span of time.
type EffectQuery struct {
	Environment event.Environment
	// From and To bound the time; both are needed, and To is beyond.
	From, To time.Time
	// Step is the width of a bucket.
	Step time.Duration
}

// MaxBuckets is how many buckets an EffectQuery may ask for.
const MaxBuckets = 400

// Effects say what the policies did in a span of time, and what became of those they dealt with.
type Effects struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// StepSeconds is the width of a bucket; bucket i begins i steps after From.
	StepSeconds float64  `json:"step_seconds"`
	Policies    []Effect `json:"policies"`
}

// Effect is what one policy did. An action with a condition of its own is a policy of its name.
type Effect struct {
	Policy string             `json:"policy"`
	Kinds  []event.ActionKind `json:"kinds"`
	// Requests of each outcome: what was done to them. Shadow counts those that were recorded only, Asked those of which no
	// more is known than that the verdict asked.
	Done        int64 `json:"done"`
	Withheld    int64 `json:"withheld"`
	Unavailable int64 `json:"unavailable"`
	Failed      int64 `json:"failed"`
	Passed      int64 `json:"passed"`
	Refused     int64 `json:"refused"`
	Shadow      int64 `json:"shadow"`
	Asked       int64 `json:"asked"`
	// Why counts the withheld requests by what was said for a reason, the most frequent first.
	Why []Reason `json:"why"`
	// Dealt are the sessions with at least one request that something was done to, Control those of the control arm.
	Dealt   Arm `json:"dealt"`
	Control Arm `json:"control"`
	// Touched are dealt-with sessions of people who were probably honest.
	Touched Touched  `json:"touched"`
	Buckets []Bucket `json:"buckets"`
}

// Reason is a reason and how often it was given.
type Reason struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Arm is a number of sessions, and what they did before and after the policy first asked for them. Only attempts are counted:
// events of the specs that the policy acts on, within the span of the question.
type Arm struct {
	Sessions int64 `json:"sessions"`
	// Then are the sessions by the rating they had when the policy first asked, Now by the one they have: normal,
	// suspicious, malicious.
	Then [3]int64 `json:"rating_then"`
	Now  [3]int64 `json:"rating_now"`
	// Before and After are attempts; After includes the one that was asked for first.
	Before int64 `json:"attempts_before"`
	After  int64 `json:"attempts_after"`
	// ReachedBefore and ReachedAfter are those of them that the application saw, Succeeded those of ReachedAfter that it
	// answered with success.
	ReachedBefore int64 `json:"reached_before"`
	ReachedAfter  int64 `json:"reached_after"`
	Succeeded     int64 `json:"succeeded_after"`
	// Dwell is how long the sessions stayed after that moment, in seconds: half of them at most the median.
	DwellMedian  float64 `json:"dwell_median_seconds"`
	DwellLongest float64 `json:"dwell_longest_seconds"`
}

// Touched are sessions that were dealt with in a way their visitor notices.
type Touched struct {
	// Sessions counts each once: those rated normal by now, and those that passed a check.
	Sessions int64 `json:"sessions"`
	Normal   int64 `json:"rated_normal"`
	Passed   int64 `json:"passed_check"`
}

// Bucket is one step of time.
type Bucket struct {
	At time.Time `json:"at"`
	// Attempts are all events of the policy's specs, whoever made them.
	Attempts int64 `json:"attempts"`
	Done     int64 `json:"done"`
	Withheld int64 `json:"withheld"`
}

// AccountQuery asks for the accounts that were tried by visitors who got feigned or decoy answers.
type AccountQuery struct {
	Environment event.Environment
	From, To    time.Time
	// Policy limits them to one policy's; empty means all.
	Policy string
	// Limit is the most that are answered, at most MaxAccounts.
	Limit int
}

// MaxAccounts is how many accounts are told at once.
const MaxAccounts = 100_000

// Accounts are accounts to warn: those that the application knows first, then the most tried.
type Accounts struct {
	Accounts []Account `json:"accounts"`
	// Total counts all, Known those of them that have logged in before.
	Total int64 `json:"total"`
	Known int64 `json:"known"`
}

// Account is one account that was tried.
type Account struct {
	// Element is what it is known by: "username", "account_id" or "email".
	Element string    `json:"element"`
	Value   string    `json:"value"`
	Display string    `json:"display"`
	Times   int64     `json:"times"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	// Sessions counts those that tried it, Some are up to five of them.
	Sessions int64      `json:"sessions"`
	Some     []event.ID `json:"some_sessions"`
	// LastLogin is when the account last logged in with success in a session that got no such answer, in the span of the question
	// or within 90 days before; zero where it is not known to have.
	LastLogin time.Time `json:"last_login,omitzero"`
}
