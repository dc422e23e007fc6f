package payment

import (
	"strings"
	"time"

	"wayguard/event"
)

// Known says whether there is such a type of event.
func (t EventType) Known() bool {
	switch t {
	case Authorization, Capture, Refund, Void, Chargeback, FraudReport, Failed:
		return true
	}
	return false
}

// Populates says whether blacklists may be filled by events of this type: fraud_report, chargeback and failed.
func (t EventType) Populates() bool { return t == FraudReport || t == Chargeback || t == Failed }

// StateOf is the state in which a payment of a payment-type begins: authorized for "authorization" (or "auth"), captured for "sale" (or
// "capture"), in whatever case. known is false for every other word, the empty one too.
func StateOf(paymentType string) (state PaymentState, known bool) {
	switch strings.ToLower(strings.TrimSpace(paymentType)) {
	case "authorization", "auth":
		return StateAuthorized, true
	case "sale", "capture":
		return StateCaptured, true
	}
	return "", false
}

// NextState is the state of a payment that began in state now, nil for unknown, after all its events, whatever their order: what weighs
// most stands (chargedback, fraud_reported, voided, captured, authorized), and refunds change nothing. failed ends a payment unless it was
// authorised or captured later, by when things happened. All of a payment's events are to be given, not the new ones alone. Without an
// event that tells a state it is now.
func NextState(now *PaymentState, events []LifecycleEvent) *PaymentState {
	best, failed := PaymentState(""), false
	if now != nil {
		best, failed = *now, *now == StateFailed
	}
	var failedAt, revivedAt time.Time
	revived := false
	for i := range events {
		state := stateAfter(&events[i])
		at := events[i].OccurredAt
		switch {
		case state == StateFailed:
			if failed = true; at.After(failedAt) {
				failedAt = at
			}
		case state == StateAuthorized || state == StateCaptured:
			if !revived || at.After(revivedAt) {
				revived, revivedAt = true, at
			}
		}
		if weight(state) > weight(best) {
			best = state
		}
	}
	if failed && weight(best) < weight(StateFraudReported) && !(revived && revivedAt.After(failedAt)) {
		best = StateFailed
	}
	if best == "" {
		return nil
	}
	return &best
}

// weight orders the states; failed is not among them, because it depends on time.
func weight(s PaymentState) int {
	switch s {
	case StateAuthorized:
		return 1
	case StateCaptured:
		return 2
	case StateVoided:
		return 3
	case StateFraudReported:
		return 4
	case StateChargedback:
		return 5
	}
	return 0
}

// stateAfter is the state that one event tells, empty for none.
func stateAfter(e *LifecycleEvent) PaymentState {
	switch e.Type {
	case Authorization:
		if declined(e.Data) {
			return StateFailed
		}
		return StateAuthorized
	case Capture:
		return StateCaptured
	case Void:
		return StateVoided
	case Chargeback:
		return StateChargedback
	case FraudReport:
		return StateFraudReported
	case Failed:
		return StateFailed
	}
	return ""
}

// declined says whether the outcome of an authorisation is a no.
func declined(data Tree) bool {
	outcome, _ := data["outcome"].(string)
	switch strings.ToLower(strings.TrimSpace(outcome)) {
	case "declined", "decline", "refused", "rejected", "denied", "failed", "failure", "error", "expired", "cancelled", "canceled":
		return true
	}
	return false
}

// maxEventData bounds the data of a lifecycle event, in bytes of JSON.
const maxEventData = 64 << 10

// ParseEvent reads the body of a lifecycle event: type, decision_id, occurred_at (RFC 3339) and data, which is masked as MaskPayload
// does. Other members are ignored. ID and ProcessedAt are left to the caller. With a problem the event is empty.
func ParseEvent(body []byte) (LifecycleEvent, []Problem) {
	if len(body) > maxEventData {
		return LifecycleEvent{}, []Problem{{"$", CodeTooLarge, "must not be larger than 64 KiB"}}
	}
	tree, problem := decode(body)
	if problem != nil {
		problem.Field = "$" + problem.Field
		return LifecycleEvent{}, []Problem{*problem}
	}
	var e LifecycleEvent
	var problems []Problem
	tell := func(field, code, message string) { problems = append(problems, Problem{field, code, message}) }
	word := func(name string) string {
		value, ok := tree[name].(string)
		switch {
		case emptyField(tree[name]):
			tell("$."+name, CodeRequired, "is required")
		case !ok:
			tell("$."+name, CodeType, "must be a string")
		}
		return value
	}
	if e.Type = EventType(word("type")); e.Type != "" && !e.Type.Known() {
		tell("$.type", CodeUnknown, "must be authorization, capture, refund, void, chargeback, fraud_report or failed")
	}
	e.DecisionID = event.ID(word("decision_id"))
	if len(e.DecisionID) > maxIdentifier {
		tell("$.decision_id", CodeTooLong, "is too long")
	}
	if at := word("occurred_at"); at != "" {
		e.OccurredAt = occurredAt(at)
		if e.OccurredAt.IsZero() {
			tell("$.occurred_at", CodeFormat, "must be a time of ISO 8601 with a zone, such as 2026-01-31T09:30:00Z")
		}
	}
	switch data := tree["data"].(type) {
	case Tree:
		e.Data, _ = MaskPayload(data).(Tree)
	case nil:
		tell("$.data", CodeRequired, "is required")
	default:
		tell("$.data", CodeType, "must be an object")
	}
	if len(problems) > 0 {
		return LifecycleEvent{}, problems
	}
	return e, nil
}

// occurredAt reads a time in UTC; the zero time where it is none, or none of this era.
func occurredAt(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 2000 || at.Year() > 2200 {
		return time.Time{}
	}
	return at.UTC()
}
