package ruleset

import (
	"encoding/json"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// Status is where a version of a ruleset or an interceptor is in its life.
type Status string

// The statuses: DRAFT, then ACTIVE, then INACTIVE; a rollback makes an INACTIVE one ACTIVE again.
const (
	Draft    Status = "DRAFT"
	Active   Status = "ACTIVE"
	Inactive Status = "INACTIVE"
)

// Ruleset is one version of the rules of a context.
type Ruleset struct {
	ID          event.ID   `json:"id"`
	Context     string     `json:"context"`
	Description *string    `json:"description"`
	CreatedBy   *string    `json:"created_by"`
	CreatedAt   time.Time  `json:"created_at"`
	ActivatedAt *time.Time `json:"activated_at"`
	Rules       []Rule     `json:"rules"`
	Status      Status     `json:"status"`
	// Version counts from 1 within the context and is never used again.
	Version int64 `json:"version"`
	// Score is what the sum of the rules' points leads to; nil: points decide nothing.
	Score *Thresholds `json:"score,omitempty"`
}

// Thresholds are sums of points; 0 is none.
type Thresholds struct {
	ReviewAt int64 `json:"review_at,omitempty"`
	BlockAt  int64 `json:"block_at,omitempty"`
}

// Type is what a rule does.
type Type string

// The types of rule. Allowlist rules are this project's own: they look in the named lists of kind allow.
const (
	ConditionRule    Type = "condition"
	BlacklistRule    Type = "blacklist"
	BackendRule      Type = "backend"
	BackendGroupRule Type = "backend_group"
)

// Rule is one rule.
type Rule struct {
	ID          string          `json:"id"`
	Type        Type            `json:"type"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Action      payment.Outcome `json:"action,omitempty"`
	// Enabled is true unless it is set to false, and so is Live; a rule that is not live is shadow: evaluated and recorded, never obeyed.
	Enabled *bool `json:"enabled,omitempty"`
	Live    *bool `json:"live,omitempty"`
	// Terminal makes an ALLOW end the evaluation.
	Terminal bool `json:"terminal,omitempty"`
	// Score are points that the rule adds when it fires; such a rule needs no action.
	Score int64 `json:"score,omitempty"`
	// ThreeDS is advice given when the rule fires: "require" or "exempt".
	ThreeDS string `json:"three_ds,omitempty"`

	// Condition is the tree, or the text form as a JSON string; Expression the same in the project's expression language (CEL). Exactly
	// one of them is given for a condition rule.
	Condition  json.RawMessage `json:"condition,omitempty"`
	Expression string          `json:"expression,omitempty"`

	// Fields, TTLSeconds and PopulateOn are of blacklist rules; TTLSeconds 0 never expires.
	Fields     []string            `json:"fields,omitempty"`
	TTLSeconds int64               `json:"ttl_seconds,omitempty"`
	PopulateOn []payment.EventType `json:"populate_on,omitempty"`

	// Backend is "slug/id"; of a backend rule. Members, Strategy, Merge and StickyOn are of a group.
	Backend  string   `json:"backend,omitempty"`
	Members  []Member `json:"members,omitempty"`
	Strategy string   `json:"strategy,omitempty"`
	Merge    string   `json:"merge,omitempty"`
	StickyOn string   `json:"sticky_on,omitempty"`
	Async    bool     `json:"async,omitempty"`
	// OnError is "allow", "review" or "block"; empty is allow.
	OnError string `json:"on_error,omitempty"`
	// TimeoutMillis bounds a call; 0 is the integration's.
	TimeoutMillis int64 `json:"timeout_ms,omitempty"`
	// ScoreThresholds read a backend's number.
	ScoreThresholds *Thresholds `json:"score_thresholds,omitempty"`
}

// Member is one backend of a group.
type Member struct {
	Backend string `json:"backend"`
	Live    *bool  `json:"live,omitempty"`
	Weight  int64  `json:"weight,omitempty"`
}
