package interceptor

import (
	"encoding/json"
	"time"

	"wayguard/event"
	"wayguard/ruleset"
)

// Interceptor is one version of an interceptor.
type Interceptor struct {
	ID      event.ID `json:"id"`
	Ref     string   `json:"ref"`
	Context string   `json:"context"`
	// Active false passes everything through untouched; nil is true.
	Active       *bool           `json:"active,omitempty"`
	Description  *string         `json:"description"`
	Destination  Destination     `json:"destination"`
	FieldMapping []Entry         `json:"field_mapping"`
	Responses    Responses       `json:"responses"`
	Discovered   []DiscoveredKey `json:"discovered_keys"`
	Status       ruleset.Status  `json:"status"`
	Version      int64           `json:"version"`
	InsertedAt   time.Time       `json:"inserted_at"`
	UpdatedAt    time.Time       `json:"updated_at"`
	// OnInvalid and OnFailure are "forward" (also when empty) or "block": what becomes of a request that cannot be mapped to a valid
	// decision, or for which none could be made.
	OnInvalid string `json:"on_invalid,omitempty"`
	OnFailure string `json:"on_failure,omitempty"`
	// DecisionHeader names the header with the decision's id; empty is x-specter-decision-id.
	DecisionHeader string `json:"decision_header,omitempty"`
	// StorePayload keeps a masked copy of what came, with the decision.
	StorePayload bool `json:"store_payload,omitempty"`
}

// Destination is where requests go on to.
type Destination struct {
	URL string `json:"url"`
	// TimeoutMillis is 30000 where it is 0.
	TimeoutMillis int64 `json:"timeout_ms,omitempty"`
}

// Entry sets one field of the decision request. Exactly one of Source and Const is given.
type Entry struct {
	Source string          `json:"source,omitempty"`
	Const  json.RawMessage `json:"const,omitempty"`
	Filter string          `json:"filter,omitempty"`
	Target string          `json:"target"`
}

// Responses are the answers given instead of the destination's; nil is decision mode.
type Responses struct {
	Block       *Response `json:"block,omitempty"`
	Review      *Response `json:"review,omitempty"`
	Provisional *Response `json:"provisional,omitempty"`
}

// Response is one such answer.
type Response struct {
	// Mode is "decision" or "template".
	Mode string `json:"mode"`
	// Status is 200 where it is 0.
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// DiscoveredKey is a field that was seen in traffic, never its value.
type DiscoveredKey struct {
	Key  string `json:"key"`
	Type string `json:"type"`
	// Count is how often, LastSeen when last.
	Count    int64     `json:"count,omitempty"`
	LastSeen time.Time `json:"last_seen,omitzero"`
}
