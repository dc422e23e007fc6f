package event

import (
	"fmt"
	"time"
)

// Rating is what a session is held to be.
type Rating uint8

// The ratings, in rising order.
const (
	Normal Rating = iota
	Suspicious
	Malicious
)

// String is the rating's wire name.
func (r Rating) String() string {
	switch r {
	case Suspicious:
		return "suspicious"
	case Malicious:
		return "malicious"
	}
	return "normal"
}

// Human is the name analysts search for, such as "Malicious Session".
func (r Rating) Human() string {
	switch r {
	case Suspicious:
		return "Suspicious Session"
	case Malicious:
		return "Malicious Session"
	}
	return "Normal Session"
}

// MarshalText writes the wire name.
func (r Rating) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the wire name; anything else is an error.
func (r *Rating) UnmarshalText(text []byte) error {
	parsed, err := ParseRating(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// ParseRating reads a wire name ("malicious") or a human one ("Malicious Session").
func ParseRating(text string) (Rating, error) {
	for _, r := range []Rating{Normal, Suspicious, Malicious} {
		if text == r.String() || text == r.Human() {
			return r, nil
		}
	}
	return Normal, fmt.Errorf("rating %q is none of normal, suspicious, malicious", text)
}

// Severity says which way a label points.
type Severity string

// The severities.
const (
	Informational   Severity = "informational"
	Trusting        Severity = "trusting"
	SuspiciousLabel Severity = "suspicious"
	MaliciousLabel  Severity = "malicious"
)

// Known says whether s is one of the four severities.
func (s Severity) Known() bool {
	return s == Informational || s == Trusting || s == SuspiciousLabel || s == MaliciousLabel
}

// Label is a finding placed by a rule on an event; it belongs to the session.
type Label struct {
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	// Rule is the rule's or signature's id, Version the content hash of its definition.
	Rule    string `json:"rule"`
	Version string `json:"version,omitempty"`
	// Signature is true for a label over labels.
	Signature bool `json:"signature,omitempty"`
	// Shadow means evaluated and recorded, never obeyed.
	Shadow bool `json:"shadow,omitempty"`
	// Points is what the label adds to the session's score; trusting labels take away.
	Points int64 `json:"points,omitempty"`
	// Family is the kind of evidence, such as "velocity" or "identity".
	Family string `json:"family,omitempty"`
	// Because is every operand of the rule with the value it had.
	Because []Reason `json:"because,omitempty"`
	// Sentence says the same in plain words.
	Sentence string `json:"sentence,omitempty"`
}

// Reason is one operand of a condition with the value that it had.
type Reason struct {
	// Expression is the operand as written in the rule.
	Expression string `json:"expression"`
	// Value is what it evaluated to, as text.
	Value string `json:"value"`
}

// EntityLabel is text placed on an entity, across sessions.
type EntityLabel struct {
	Element string `json:"element"`
	Value   string `json:"value"`
	Label   string `json:"label"`
	Rule    string `json:"rule"`
}

// Verdict is the engine's answer to one event.
type Verdict struct {
	// Labels are those this event placed, signatures after plain labels, each group by name.
	Labels []Label `json:"labels,omitempty"`
	// EntityLabels are those this event placed.
	EntityLabels []EntityLabel `json:"entity_labels,omitempty"`
	// Rating is the session's rating after this event, Before the one it had.
	Rating Rating `json:"rating"`
	Before Rating `json:"before"`
	// Score is the sum behind the rating.
	Score int64 `json:"score"`
	// Next is what the score lacks to the next rating, 0 when the session is malicious.
	Next int64 `json:"next,omitempty"`
	// Tipped names the labels that moved the rating with this event.
	Tipped []string `json:"tipped,omitempty"`
	// Actions are those the policy asks for.
	Actions []Action `json:"actions,omitempty"`
	// Rules is the version of the whole rule set.
	Rules string `json:"rules,omitempty"`
	// Errors are rules that failed on this event; they count as not fired.
	Errors []RuleError `json:"errors,omitempty"`
}

// RuleError is a rule that could not be evaluated.
type RuleError struct {
	Rule  string `json:"rule"`
	Error string `json:"error"`
}

// ActionKind is what an action does.
type ActionKind string

// The kinds of action. Those from Drop to Tag are done to a request that is held, the others beside it.
const (
	Drop         ActionKind = "drop"          // the connection is closed without an answer
	Block        ActionKind = "block"         // a refusal of our own
	Maintenance  ActionKind = "maintenance"   // the maintenance page
	Redirect     ActionKind = "redirect"      // the visitor is sent elsewhere
	Feign        ActionKind = "feign"         // an answer that looks like the origin's
	Decoy        ActionKind = "decoy"         // another backend answers
	Challenge    ActionKind = "challenge"     // a check must be passed first
	SecondFactor ActionKind = "second_factor" // the application asks for a second factor
	RateLimit    ActionKind = "rate_limit"    // refused above a rate
	Delay        ActionKind = "delay"         // passed on later
	Rewrite      ActionKind = "rewrite"       // request or answer are changed
	Inject       ActionKind = "inject"        // a page gets more content
	Tag          ActionKind = "tag"           // the origin is told what is thought
	Webhook      ActionKind = "webhook"       // a signed message to an address
	Notify       ActionKind = "notify"        // a message through an integration
)

// ActionKinds lists them in the order in which they are asked for: what ends a request first, what happens beside it last.
func ActionKinds() []ActionKind {
	return []ActionKind{Drop, Block, Maintenance, Redirect, Feign, Decoy, Challenge, SecondFactor, RateLimit, Delay, Rewrite, Inject,
		Tag, Webhook, Notify}
}

// Asynchronous says that the action is done beside the request, and so in every mode.
func (k ActionKind) Asynchronous() bool { return k == Webhook || k == Notify }

// Action is something done, or to be done, because of a verdict.
type Action struct {
	// Name is the policy's name for it.
	Name string     `json:"name"`
	Kind ActionKind `json:"kind"`
	// Because names the signature, label or rating that asked for it.
	Because string `json:"because"`
	// Shadow means recorded, not done.
	Shadow bool `json:"shadow,omitempty"`
	// Outcome is how it went.
	Outcome Outcome `json:"outcome,omitempty"`
	// Policy is the policy whose step the action is; empty for an action with a condition of its own.
	Policy string `json:"policy,omitempty"`
	// Detail says more about the outcome, for people: why it was withheld, which check was offered. Never a value of the visitor's.
	Detail string `json:"detail,omitempty"`
}

// Outcome is how an action went.
type Outcome string

// The outcomes. The empty Outcome is an action that was asked for and of which no more is known.
const (
	Done   Outcome = "done"
	Failed Outcome = "failed"
	// Unavailable means that the event's mode cannot do it: a request that was not held cannot be blocked.
	Unavailable Outcome = "unavailable"
	// Withheld means that something outranked the action; Detail says what: an allow list, an undo, a breaker, a share.
	Withheld Outcome = "withheld"
	// Passed and Refused are how a challenge was answered with this request.
	Passed  Outcome = "passed"
	Refused Outcome = "refused"
)

// Record joins an event with its session and its verdict. It is what the log keeps.
type Record struct {
	Event   Event   `json:"event"`
	Session Session `json:"session"`
	Verdict Verdict `json:"verdict"`
}

// Session is a record's place in a session.
type Session struct {
	ID ID `json:"id"`
	// Journey is the identity that unites sessions over time: the device's public id.
	Journey ID `json:"journey"`
	// Person unites devices and accounts of one person, Actor devices that one operator drives. Both are empty where none is known.
	Person ID `json:"person,omitempty"`
	Actor  ID `json:"actor,omitempty"`
	// Link says why the session belongs to its device; only on events on which that was decided.
	Link Link `json:"link,omitzero"`
	// Confidence is how sure the device is, in percent; 0 where nothing was worked out.
	Confidence int64 `json:"confidence,omitempty"`
	// Absorbed is an earlier session of the same visitor, whose events belong to this one from here on.
	Absorbed ID `json:"absorbed,omitempty"`
	// Number is the event's place in the session, from 1.
	Number int64 `json:"number"`
	// Opened is the time of the session's first event.
	Opened time.Time `json:"opened"`
	// Join says why the event was put in this session.
	Join Join `json:"join"`
	// Labels are all the session carries after this event, by name.
	Labels []string `json:"labels,omitempty"`
}

// Join is the reason why an event belongs to a session.
type Join struct {
	// By is what joined: "opened", "token", "learned_token", "rotation", "connection", "address_headers_user_agent", "stitch".
	By string `json:"by"`
	// Detail names the cookie or says why a new session was opened.
	Detail string `json:"detail,omitempty"`
}

// Link is the reason why a session belongs to a device.
type Link struct {
	// Tier is the kind of evidence: "key", "connection", "account", "address", "ambiguous" or "new".
	Tier string `json:"tier"`
	// Bits are the odds that it is the device, as 100 times their logarithm to the base 2; Margin is how far the next
	// best device is behind.
	Bits   int64 `json:"bits,omitempty"`
	Margin int64 `json:"margin,omitempty"`
	// Because are the strongest pieces of evidence.
	Because []Reason `json:"because,omitempty"`
}

// Delivery is a message to an outside system that must not be lost.
type Delivery struct {
	ID          ID          `json:"id"`
	Environment Environment `json:"environment"`
	// Action is the policy's name for the action that asked for it.
	Action string `json:"action"`
	// Key makes the delivery idempotent: a second one with the same key is not queued.
	Key  string `json:"key"`
	Body []byte `json:"body"`
	// Attempts made so far, and when the next is due.
	Attempts int       `json:"attempts"`
	Due      time.Time `json:"due"`
	Created  time.Time `json:"created"`
	// LastError is the last attempt's failure.
	LastError string `json:"last_error,omitempty"`
}
