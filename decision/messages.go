package decision

import (
	"encoding/json"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// ActionPrefix begins the Action of a delivery that goes to a webhook; the endpoint's id follows.
const ActionPrefix = "decision:"

// Events that webhooks may be registered for.
const (
	EventResolved     = "decision.resolved"
	eventAsynchronous = "decision.async."
)

// WebhookEvents lists all events that webhooks may be registered for.
func WebhookEvents() []string {
	return []string{"decision.allow", "decision.block", "decision.review", "decision.provisional",
		"decision.async.allow", "decision.async.block", "decision.async.review", EventResolved}
}

func lower(o payment.Outcome) string { return strings.ToLower(string(o)) }

// notice is the body of a webhook: thin, so that nothing of a payment goes where it was not meant to go.
type notice struct {
	ID         event.ID  `json:"id"`
	Event      string    `json:"event"`
	DecisionID event.ID  `json:"decision_id"`
	OccurredAt time.Time `json:"occurred_at"`
	// PaymentState is there, or null, in decision.async.* only.
	PaymentState *json.RawMessage `json:"payment_state,omitempty"`
}

// messages are the webhooks of an event. Its id is the same for all endpoints and for each attempt; the key makes that each endpoint
// has it queued once, however often the change is made.
func (s *Service) messages(force *inForce, d *payment.Decision, name string, at time.Time, state *json.RawMessage) []event.Delivery {
	var list []event.Delivery
	var body []byte
	for _, w := range force.endpoints {
		if _, wanted := w.events[name]; !wanted {
			continue
		}
		if body == nil {
			// Marshalling plain fields cannot fail.
			body, _ = json.Marshal(notice{event.DeriveID(at, "decision event", string(d.ID), name), name, d.ID, at.UTC(), state})
		}
		key := string(w.ID) + "/" + string(d.ID) + "/" + name
		list = append(list, event.Delivery{
			ID: event.DeriveID(at, "decision webhook", key), Environment: s.deps.Environment,
			Action: ActionPrefix + string(w.ID), Key: key, Body: body, Due: at, Created: at,
		})
	}
	return list
}

// stateOf is a payment state as webhooks tell it.
func stateOf(d *payment.Decision) *json.RawMessage {
	raw := json.RawMessage("null")
	if d.PaymentState != nil {
		raw, _ = json.Marshal(*d.PaymentState) // a string
	}
	return &raw
}
