package event

import "time"

// Environment names an isolated space (production, staging, another brand). Every event, object and permission
// belongs to exactly one.
type Environment string

// DefaultEnvironment is the environment of a configuration that names none.
const DefaultEnvironment Environment = "production"

// Event is what a matched exchange becomes. All of it is fact: exact or absent, never guessed.
type Event struct {
	ID          ID          `json:"id"`
	Environment Environment `json:"environment"`
	// Time is when the request's head had arrived, in UTC, to the microsecond.
	Time time.Time `json:"time"`
	// Name is free text for people, Type a member of the finite set in type.go.
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Result is how the exchange ended; empty when no outcome condition could tell.
	Result Result `json:"result,omitempty"`
	// Spec names the spec that matched.
	Spec string `json:"spec"`
	// HTTP is what is kept of the exchange itself.
	HTTP HTTP `json:"http"`
	// Evidence is what the wire showed about the visitor; sessions and identities are joined by it.
	Evidence Evidence `json:"evidence"`
	// Elements are sorted by Name, then Value.
	Elements []Element `json:"elements,omitempty"`
	// Actions are those already carried out when the event was recorded.
	Actions []Action `json:"actions,omitempty"`
	// Issues say what could not be read and why, so that an absent element explains itself.
	Issues []Issue `json:"issues,omitempty"`
}

// HTTP is the part of an exchange that is safe to keep. The raw path and query are not in it: they may carry secrets.
type HTTP struct {
	Method string `json:"method"`
	Host   string `json:"host"`
	// Route is the spec's path pattern, not the path that was asked for.
	Route string `json:"route"`
	// Status is the response's status code, 0 when no response was seen.
	Status int `json:"status,omitempty"`
	// Duration is the time from the request's head to the response's head.
	Duration time.Duration `json:"duration_ns,omitempty"`
	// Inline says that the request was held until the engine had answered.
	Inline bool `json:"inline,omitempty"`
}

// Evidence is what the wire showed about the visitor.
type Evidence struct {
	// Address is the visitor's IP address as far as trusted proxies vouch for it.
	Address string `json:"address,omitempty"`
	// HeaderShape is a hash of the request's header names (in order where the data path kept it).
	HeaderShape string `json:"header_shape,omitempty"`
	// UserAgent is a hash of the raw User-Agent value.
	UserAgent string `json:"user_agent,omitempty"`
	// Tokens are keyed hashes of the application's own session cookies and tokens.
	Tokens []Token `json:"tokens,omitempty"`
	// Wire is what connection and headers show of the client's software.
	Wire Wire `json:"wire,omitzero"`
	// Client is what the client says of itself.
	Client Client `json:"client,omitzero"`
	// Network is what lists and databases say of the address.
	Network Network `json:"network,omitzero"`
}

// Token is a keyed hash of a session cookie or token of the application.
type Token struct {
	// Name is where it was found, such as "cookie:sid" or "header:authorization".
	Name string `json:"name"`
	Hash string `json:"hash"`
	// Issued is true when the response set it, false when the request carried it.
	Issued bool `json:"issued,omitempty"`
}

// Issue is something that could not be read.
type Issue struct {
	// Code is a stable word such as "body_truncated", "duplicate_key", "invalid_value".
	Code string `json:"code"`
	// Element is the element concerned, where it is one.
	Element string `json:"element,omitempty"`
	// Detail never holds the value itself.
	Detail string `json:"detail,omitempty"`
}

// Find returns the first element of that name, nil when the event has none.
func (e *Event) Find(name string) *Element {
	for i := range e.Elements {
		if e.Elements[i].Name == name {
			return &e.Elements[i]
		}
	}
	return nil
}
