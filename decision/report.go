package decision

import (
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// Report is what a backtest found.
type Report struct {
	// Decisions looked at; Truncated says that there were more than are looked at. Skipped had nothing left to evaluate.
	Decisions int64 `json:"decisions"`
	Skipped   int64 `json:"skipped"`
	Truncated bool  `json:"truncated"`
	// Candidate is what the rules would have done, Recorded what was done.
	Candidate Side `json:"candidate"`
	Recorded  Side `json:"recorded"`
	// NewlyHit were allowed and would be blocked or reviewed; NoLongerHit the other way round.
	NewlyHit    Changed `json:"newly_hit"`
	NoLongerHit Changed `json:"no_longer_hit"`
}

// Side is one of the two sets of answers that a backtest compares. A payment is fraud when a chargeback or a fraud report came for it.
type Side struct {
	Allowed  Tally `json:"allowed"`
	Reviewed Tally `json:"reviewed"`
	Blocked  Tally `json:"blocked"`
	// FraudCaught was blocked or reviewed, FraudMissed was allowed; GoodHit was blocked or reviewed without being fraud.
	FraudCaught Tally `json:"fraud_caught"`
	FraudMissed Tally `json:"fraud_missed"`
	GoodHit     Tally `json:"good_hit"`
	// Precision is FraudCaught of all hits, Recall FraudCaught of all fraud, both by count from 0 to 1; nil where there is none to divide by.
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	// Saved is the money of FraudCaught, by currency in minor units.
	Saved map[string]int64 `json:"saved"`
}

// Tally counts payments and their money, by currency in minor units.
type Tally struct {
	Count int64            `json:"count"`
	Money map[string]int64 `json:"money"`
}

// Changed are payments that are answered differently, with the first ten.
type Changed struct {
	Count    int64            `json:"count"`
	Fraud    int64            `json:"fraud"`
	Money    map[string]int64 `json:"money"`
	Examples []Example        `json:"examples"`
}

// Example is one such payment.
type Example struct {
	ID        event.ID        `json:"id"`
	Recorded  payment.Outcome `json:"recorded"`
	Candidate payment.Outcome `json:"candidate"`
	Amount    int64           `json:"amount"`
	Currency  string          `json:"currency"`
	Fraud     bool            `json:"fraud"`
	// Rules are the ids of the candidate's rules that fired.
	Rules []string `json:"rules"`
}

// Performance is what each rule of a ruleset did. Truncated says that there were more decisions than are looked at.
type Performance struct {
	Decisions int64             `json:"decisions"`
	Truncated bool              `json:"truncated"`
	Fraud     int64             `json:"fraud"`
	Rules     []RulePerformance `json:"rules"`
}

// RulePerformance is what one rule did. Rules that never fired are listed with zeros.
type RulePerformance struct {
	RuleID string `json:"rule_id"`
	Name   string `json:"name"`
	Hits   int64  `json:"hits"`
	// ShadowHits are those while it was not live; Share is Hits of all decisions.
	ShadowHits int64   `json:"shadow_hits"`
	Share      float64 `json:"share"`
	// Fraud are hits with a chargeback or a fraud report; Precision is their share of the hits, nil without any.
	Fraud     int64    `json:"fraud"`
	Precision *float64 `json:"precision"`
	// LastHit is nil without any.
	LastHit *time.Time `json:"last_hit"`
}

// Analytics are counts of decisions. A rule's key is its context, a slash and its id.
type Analytics struct {
	Days      []Row `json:"by_day"`
	Contexts  []Row `json:"by_context"`
	Rules     []Row `json:"by_rule"`
	Outcomes  []Row `json:"by_outcome"`
	Truncated bool  `json:"truncated"`
}

// Row is one line of Analytics.
type Row struct {
	Key         string           `json:"key"`
	Total       int64            `json:"total"`
	Allowed     int64            `json:"allowed"`
	Reviewed    int64            `json:"reviewed"`
	Blocked     int64            `json:"blocked"`
	Provisional int64            `json:"provisional"`
	Fraud       int64            `json:"fraud"`
	Money       map[string]int64 `json:"money"`
}
