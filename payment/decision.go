package payment

import (
	"encoding/json"
	"time"

	"wayguard/event"
)

// Outcome is the answer to a payment.
type Outcome string

// The outcomes. Provisional stands in while an asynchronous backend is asked.
const (
	Allow       Outcome = "ALLOW"
	Review      Outcome = "REVIEW"
	Block       Outcome = "BLOCK"
	Provisional Outcome = "PROVISIONAL"
)

// Source says what decided.
type Source string

// The sources.
const (
	RuleEngine Source = "RULE_ENGINE"
	Backend    Source = "BACKEND"
	Combined   Source = "COMBINED"
)

// Decision is the answer to a payment and what is known of it since: the body of POST and GET /api/decisions.
type Decision struct {
	ID       event.ID `json:"id"`
	Decision Outcome  `json:"decision"`
	// Initial is what was answered at first, where an asynchronous backend changed it.
	Initial               Outcome          `json:"initial_decision,omitempty"`
	Source                Source           `json:"source"`
	Context               string           `json:"context"`
	CredentialFingerprint *string          `json:"credential_fingerprint"`
	CredentialType        CredentialType   `json:"credential_type"`
	MaskedCredential      *string          `json:"masked_credential"`
	RulesetID             *event.ID        `json:"ruleset_id"`
	RulesetVersion        *int64           `json:"ruleset_version"`
	TriggeredRules        []TriggeredRule  `json:"triggered_rules"`
	ShadowTriggeredRules  []TriggeredRule  `json:"shadow_triggered_rules"`
	ShadowDecision        Outcome          `json:"shadow_decision,omitempty"`
	BackendResults        []BackendResult  `json:"backend_results"`
	HasBackendError       bool             `json:"has_backend_error"`
	Events                []LifecycleEvent `json:"events"`
	Resolution            *Resolution      `json:"resolution"`
	EvaluatedAt           time.Time        `json:"evaluated_at"`
	// LatencyMicros is how long evaluating took, synchronous backends included.
	LatencyMicros int64             `json:"latency_us"`
	Integration   *string           `json:"integration"`
	InterceptorID *event.ID         `json:"interceptor_id"`
	Metadata      map[string]string `json:"metadata"`

	Amount               int64   `json:"amount"`
	Currency             string  `json:"currency"`
	CustomerID           string  `json:"customer_id"`
	DeviceFingerprint    *string `json:"device_fingerprint"`
	DeviceIP             *string `json:"device_ip"`
	TransactionReference string  `json:"transaction_reference"`
	// PaymentState is nil until something is known of the payment.
	PaymentState *PaymentState `json:"payment_state"`
	PaymentType  *string       `json:"payment_type,omitempty"`
	// Payload is what the merchant sent to an interceptor, masked; only where storing it is switched on.
	Payload json.RawMessage `json:"payload,omitempty"`

	// What follows is beyond the older system's answer.

	// Score is the sum of the rules' points, nil in a ruleset without any.
	Score *int64 `json:"score,omitempty"`
	// ThreeDS is advice: "require" or "exempt"; empty for none.
	ThreeDS string `json:"three_ds,omitempty"`
	// Journey is what was known of the buyer's journey, nil where none was found.
	Journey *Journey `json:"journey,omitempty"`
	// Explanation tells, for each rule that ran, what each of its conditions saw. It is left out of the answer to POST unless asked for.
	Explanation []RuleTrace `json:"explanation,omitempty"`
	Warnings    []Problem   `json:"warnings,omitempty"`
}

// TriggeredRule is a rule that fired.
type TriggeredRule struct {
	RuleID string  `json:"rule_id"`
	Name   string  `json:"name"`
	Type   string  `json:"type"`
	Action Outcome `json:"action"`
	// Score are the points it added.
	Score int64 `json:"score,omitempty"`
}

// BackendResult is what one backend said, or why it said nothing.
type BackendResult struct {
	RuleID  string `json:"rule_id"`
	Backend string `json:"backend"`
	Live    bool   `json:"live"`
	// Outcome is empty where the backend gave none; Score where it gave a number.
	Outcome Outcome `json:"outcome,omitempty"`
	Score   *int64  `json:"score,omitempty"`
	// Reference is the backend's own, for later notifications.
	Reference string `json:"backend_reference,omitempty"`
	// Error is "insufficient_context", "backend_capability_disabled", "timeout", "unavailable", "bad_response", "mapping_error" or
	// "circuit_open"; nil where all went well.
	Error           *string         `json:"error"`
	MissingFields   []string        `json:"missing_fields"`
	LatencyMillis   int64           `json:"latency_ms"`
	LinkExecutionID string          `json:"link_execution_id,omitempty"`
	LinkTiming      *LinkTiming     `json:"link_timing,omitempty"`
	RawResponse     json.RawMessage `json:"raw_response,omitempty"`
}

// LinkTiming is where a call through Link spent its time, in milliseconds.
type LinkTiming struct {
	External int64 `json:"external"`
	Internal int64 `json:"internal"`
	Total    int64 `json:"total"`
}

// RuleTrace says what a rule saw.
type RuleTrace struct {
	RuleID string `json:"rule_id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Live   bool   `json:"live"`
	Fired  bool   `json:"fired"`
	// Skipped says why the rule did not run: "disabled", "after_block", "after_allow", or "not_asked" where no backend could be asked.
	Skipped string     `json:"skipped,omitempty"`
	Action  Outcome    `json:"action,omitempty"`
	Score   int64      `json:"score,omitempty"`
	Because *Condition `json:"condition,omitempty"`
}

// Condition is a node of a condition with what it saw.
type Condition struct {
	// Op is the operator, Text the node in words, such as "velocity($.device.ip, 3600) > 5".
	Op   string `json:"op"`
	Text string `json:"text"`
	// Result is nil where the node was not looked at.
	Result *bool `json:"result"`
	// Value is what stood at the path, or the count; Missing says that nothing stood there.
	Value   any         `json:"value,omitempty"`
	Missing bool        `json:"missing,omitempty"`
	Args    []Condition `json:"args,omitempty"`
}

// Journey is what is known of the buyer's visit: $.journey of a rule.
type Journey struct {
	Session event.ID `json:"session"`
	Device  event.ID `json:"device,omitempty"`
	Person  event.ID `json:"person,omitempty"`
	Actor   event.ID `json:"actor,omitempty"`
	// MatchedBy says what joined the payment to the session: "session", "account", "email", "card" or "address".
	MatchedBy string `json:"matched_by"`
	// Rating is "normal", "suspicious" or "malicious".
	Rating     string   `json:"rating"`
	Score      int64    `json:"score"`
	Labels     []string `json:"labels"`
	Signatures []string `json:"signatures"`
	Events     int64    `json:"events"`
	// MinutesToPayment from the session's first event, whole minutes.
	MinutesToPayment int64 `json:"minutes_to_payment"`
	// CardsInSession are different cards, this one included; PaymentsInSession attempts, PaymentFailures those that failed.
	CardsInSession    int64 `json:"cards_in_session"`
	PaymentsInSession int64 `json:"payments_in_session"`
	PaymentFailures   int64 `json:"payment_failures_in_session"`
	// AccountKnown says that the account was seen on this device before, AccountAgeDays how many days ago first.
	AccountKnown   bool   `json:"account_known_on_device"`
	AccountAgeDays *int64 `json:"account_age_days_on_device,omitempty"`
	// BadEntities are what of this payment or its session carries a label that speaks against it.
	BadEntities    []BadEntity `json:"bad_entities"`
	BadEntityCount int64       `json:"bad_entity_count"`
	// Confidence in the device, percent.
	Confidence int64 `json:"confidence"`
}

// BadEntity is an entity with a label on it.
type BadEntity struct {
	Element string `json:"element"`
	Value   string `json:"value"`
	Label   string `json:"label"`
}
