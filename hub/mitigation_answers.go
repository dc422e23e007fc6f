package hub

import (
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// MitigationStatus is how mitigation stands in one environment, now.
type MitigationStatus struct {
	// Stop is the operator's stop, absent while mitigation goes on.
	Stop *MitigationStop `json:"stop,omitempty"`
	// Policies are all there are, actions with a condition of their own among them, by name.
	Policies []PolicyStatus `json:"policies"`
	// Checks say how often visitors pass them, by kind and cohort.
	Checks []CheckStatus `json:"checks"`
	// Feigned says of which specs enough answers of the application are known to make up such ones.
	Feigned []FeignStatus `json:"feigned"`
	// Spared are visitors whom somebody lets through, those whose time ends last first; at most mostSpared of SparedTotal.
	Spared      []SparedVisitor `json:"spared"`
	SparedTotal int             `json:"spared_total"`
	// LoopsBroken counts requests that were let through because a check was offered again and again.
	LoopsBroken int64 `json:"loops_broken"`
	// Integrations are the outside systems that are told.
	Integrations []IntegrationStatus `json:"integrations"`
}

// MitigationStop is an operator's stop of all mitigation.
type MitigationStop struct {
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until"`
	Who   string    `json:"who"`
	Why   string    `json:"why"`
}

// PolicyStatus is how one policy stands.
type PolicyStatus struct {
	Name string      `json:"name"`
	Mode policy.Mode `json:"mode"`
	// Own says that it is an action with a condition of its own.
	Own   bool         `json:"own,omitempty"`
	Scope policy.Scope `json:"scope"`
	// Steps are the ladder's actions, Specs the requests it is for; no specs are all.
	Steps []PolicyStep `json:"steps"`
	Specs []string     `json:"specs"`
	// Percent is how far it is rolled out, Control the share that is never dealt with, both in percent.
	Percent int `json:"percent"`
	Control int `json:"control"`
	// Quiet says that it is one of the policy's quiet hours.
	Quiet bool `json:"quiet,omitempty"`
	// Dealing is how many are being dealt with now.
	Dealing int64 `json:"dealing"`
	// Done and Withheld count requests since the process started.
	Done     int64 `json:"done"`
	Withheld int64 `json:"withheld"`
	// Breaker is the policy's circuit breaker, absent where it has none.
	Breaker *BreakerStatus `json:"breaker,omitempty"`
}

// PolicyStep is a step of a ladder; the kind is empty where the action is not known any more.
type PolicyStep struct {
	Action string           `json:"action"`
	Kind   event.ActionKind `json:"kind"`
}

// BreakerStatus is the state of a circuit breaker.
type BreakerStatus struct {
	// State is "closed", "open" (what the policy would do is only recorded until Until), or "half_open" (it acts again, and is
	// watched until then).
	State string    `json:"state"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Looked are the sessions of the last window, Dealt those of them that the policy dealt with or would have, Percent its budget.
	Looked  int `json:"looked"`
	Dealt   int `json:"dealt"`
	Percent int `json:"percent"`
	// Opened is how often it opened since the process started.
	Opened int64 `json:"opened"`
}

// CheckStatus counts how a check went for visitors of one cohort: a family of programs, a country, and whether they were signed
// in.
type CheckStatus struct {
	Check    string `json:"check"`
	Family   string `json:"family"`
	Country  string `json:"country"`
	SignedIn bool   `json:"signed_in"`
	// Offered counts how often they got it, Passed and Refused how they answered, Looped how often they were let through
	// because they got it again and again.
	Offered int64 `json:"offered"`
	Passed  int64 `json:"passed"`
	Refused int64 `json:"refused"`
	Looped  int64 `json:"looped"`
}

// FeignStatus says whether enough of the application's answers were seen to make up such ones.
type FeignStatus struct {
	Policy string `json:"policy"`
	Spec   string `json:"spec"`
	// As is "failure" or "success".
	As    string `json:"as"`
	Ready bool   `json:"ready"`
}

// SparedVisitor is one whom somebody lets through.
type SparedVisitor struct {
	Scope policy.Scope `json:"scope"`
	// Element is the kind of account, empty in the other scopes.
	Element string    `json:"element,omitempty"`
	Key     string    `json:"key"`
	Until   time.Time `json:"until"`
	// Policy is set where it is one policy's undo that spares the visitor.
	Policy string `json:"policy,omitempty"`
}

// IntegrationStatus is how an outside system that is told things fares.
type IntegrationStatus struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Sent, Failed and Waiting count messages; Failed are those given up.
	Sent    int64 `json:"sent"`
	Failed  int64 `json:"failed"`
	Waiting int64 `json:"waiting"`
	// Open says that its circuit breaker is open: nobody answers there.
	Open      bool      `json:"open"`
	LastError string    `json:"last_error,omitempty"`
	LastSent  time.Time `json:"last_sent,omitzero"`
}

// Affected is one whom a policy dealt with.
type Affected struct {
	Scope policy.Scope `json:"scope"`
	// Element is the kind of account, empty in the other scopes.
	Element string `json:"element,omitempty"`
	Key     string `json:"key"`
	// Session and Device are those with whom it began.
	Session event.ID `json:"session_id,omitempty"`
	Device  event.ID `json:"device_id,omitempty"`
	Because string   `json:"because"`
	// Action and Kind are what was done first, First and Last when, Times how often in all.
	Action string           `json:"action"`
	Kind   event.ActionKind `json:"kind"`
	First  time.Time        `json:"first"`
	Last   time.Time        `json:"last"`
	Times  int64            `json:"times"`
	// Until is when the policy lets go of them; zero when it has already, or when it holds as long as the verdict does.
	Until time.Time `json:"until,omitzero"`
	// Honest says why it seems to be an honest person after all; empty when nothing does.
	Honest string `json:"honest,omitempty"`
}

// MitigationHealth is what every page says of mitigation.
type MitigationHealth struct {
	// Stop is the operator's stop, absent while mitigation goes on.
	Stop *MitigationStop `json:"stop,omitempty"`
	// Open are the policies whose circuit breaker is open.
	Open []OpenBreaker `json:"open"`
}

// OpenBreaker is a policy that has reached its budget.
type OpenBreaker struct {
	Policy string    `json:"policy"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"`
	Why    string    `json:"why"`
}

type affectedAnswer struct {
	Policy   string     `json:"policy"`
	Since    time.Time  `json:"since"`
	Affected []Affected `json:"affected"`
	// Total counts all, of whom Affected has at most mostAffected.
	Total int `json:"total"`
}

type undoneAnswer struct {
	Affected int `json:"affected"`
}

type sparedAnswer struct {
	Scope policy.Scope `json:"scope"`
	Until time.Time    `json:"until"`
}
