package interceptor

import (
	"encoding/json"
	"time"

	"wayguard/payment"
)

// Defaults of what an interceptor leaves open.
const (
	// DecisionHeader carries the decision's id, to the destination and back to the caller.
	DecisionHeader = "x-specter-decision-id"
	// DestinationTimeout bounds a call of the destination.
	DestinationTimeout = 30 * time.Second
)

// Field is one header field as it stands in a message; names may repeat.
type Field struct{ Name, Value string }

// Inbound is a request as a mapping reads it. Header and Query are of the shape of http.Header and url.Values.
type Inbound struct {
	Document      Document
	Header, Query map[string][]string
}

// Answer is what Render makes a response of.
type Answer struct {
	Decision payment.Decision
	// Decisive names the backend or the condition that decided (ruleset.Evaluation has it); where it is empty it is told from the decision.
	Decisive string
	// Payload is a masked copy of what came, see Document.Payload; nil for none.
	Payload json.RawMessage
}

// Rendered is a response to send instead of the destination's.
type Rendered struct {
	Status int
	Header []Field
	Body   []byte
}

// Program is an interceptor made ready. It never changes, so many requests may use it at once.
type Program struct {
	interceptor Interceptor
	entries     []mapping
	responses   map[payment.Outcome]*response
}

// Interceptor is what the program was compiled from.
func (p *Program) Interceptor() Interceptor { return p.interceptor }

// Passthrough says that requests are forwarded untouched and no decision is made: there is no mapping, or active is false.
func (p *Program) Passthrough() bool {
	return len(p.entries) == 0 || p.interceptor.Active != nil && !*p.interceptor.Active
}

// Forwards says whether a request with that outcome goes on to the destination: ALLOW always, PROVISIONAL unless a response is
// configured for it.
func (p *Program) Forwards(o payment.Outcome) bool {
	switch o {
	case payment.Allow:
		return true
	case payment.Provisional:
		return p.interceptor.Responses.Provisional == nil
	}
	return false
}

// ForwardsInvalid says whether a request goes on that cannot be mapped to a valid decision request.
func (p *Program) ForwardsInvalid() bool { return p.interceptor.OnInvalid != OnErrorBlock }

// ForwardsFailed says whether a request goes on for which no decision could be made.
func (p *Program) ForwardsFailed() bool { return p.interceptor.OnFailure != OnErrorBlock }

// Timeout bounds a call of the destination.
func (p *Program) Timeout() time.Duration {
	if p.interceptor.Destination.TimeoutMillis == 0 {
		return DestinationTimeout
	}
	return time.Duration(p.interceptor.Destination.TimeoutMillis) * time.Millisecond
}

// DecisionHeader names the header with the decision's id, in lower case.
func (p *Program) DecisionHeader() string { return decisionHeader(p.interceptor) }

// What OnInvalid and OnFailure may say.
const (
	OnErrorForward = "forward"
	OnErrorBlock   = "block"
)
