package payment

import (
	"time"

	"wayguard/event"
)

// EventType is what happened to a payment.
type EventType string

// The types of lifecycle events.
const (
	Authorization EventType = "authorization"
	Capture       EventType = "capture"
	Refund        EventType = "refund"
	Void          EventType = "void"
	Chargeback    EventType = "chargeback"
	FraudReport   EventType = "fraud_report"
	Failed        EventType = "failed"
)

// PaymentState is where a payment stands.
type PaymentState string

// The states.
const (
	StateAuthorized    PaymentState = "authorized"
	StateCaptured      PaymentState = "captured"
	StateVoided        PaymentState = "voided"
	StateFraudReported PaymentState = "fraud_reported"
	StateChargedback   PaymentState = "chargedback"
	StateFailed        PaymentState = "failed"
)

// LifecycleEvent is something that happened to a payment after its decision.
type LifecycleEvent struct {
	ID          event.ID  `json:"id"`
	Type        EventType `json:"type"`
	DecisionID  event.ID  `json:"decision_id"`
	OccurredAt  time.Time `json:"occurred_at"`
	ProcessedAt time.Time `json:"processed_at"`
	Data        Tree      `json:"data"`
	// Notifications is what the backends of the decision were told.
	Notifications []Notification `json:"backend_notifications"`
}

// Notification is what became of telling one backend.
type Notification struct {
	Backend string `json:"backend"`
	// Status is "delivered", "skipped", "failed" or "pending".
	Status string  `json:"status"`
	Error  *string `json:"error"`
}

// Resolution is what a person decided about a REVIEW.
type Resolution struct {
	// Resolution is ACCEPTED or REJECTED.
	Resolution ResolutionKind `json:"resolution"`
	ResolvedAt time.Time      `json:"resolved_at"`
	ResolvedBy string         `json:"resolved_by,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	Comment    string         `json:"comment,omitempty"`
}

// ResolutionKind is how a REVIEW ended.
type ResolutionKind string

// The kinds.
const (
	Accepted ResolutionKind = "ACCEPTED"
	Rejected ResolutionKind = "REJECTED"
)
