package decision

import (
	"context"
	"time"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

// Ledger keeps decisions and everything around them. Looking for what is absent gives found false. Every write is kept when it returns
// nil: a kill of the process loses none of it.
type Ledger interface {
	// Record keeps a decision with its webhook messages, in one transaction. With an idempotency key it fails with ErrIdempotency when the
	// key was used by the same client within its life.
	Record(ctx context.Context, e Entry) error
	// Amend changes a decision in one transaction: change gets it as it stands and may add webhook messages. Resolutions, payment states
	// and late backend results come so. An error of change undoes everything and is returned as it is.
	Amend(ctx context.Context, env event.Environment, id event.ID, change func(e *Entry) error) (found bool, err error)
	Decision(ctx context.Context, env event.Environment, id event.ID) (e Entry, found bool, err error)
	// Idempotent finds the decision made under a client's idempotency key, with the digest of the body that made it.
	Idempotent(ctx context.Context, env event.Environment, client, key string) (id event.ID, digest string, found bool, err error)
	Search(ctx context.Context, q Query) (Page, error)
	// Each gives every decision between two times, oldest first, for backtests and for restoring counters.
	Each(ctx context.Context, env event.Environment, from, to time.Time, visit func(*Entry) error) error
	// Pending lists decisions that wait for an asynchronous backend.
	Pending(ctx context.Context, env event.Environment, limit int) ([]Entry, error)

	// AppendEvent keeps a lifecycle event; the same key (its digest or the caller's) again gives the first one and repeated true.
	// The decision is not touched: its Events are as Amend left them.
	AppendEvent(ctx context.Context, env event.Environment, e payment.LifecycleEvent, key string) (kept payment.LifecycleEvent, repeated bool, err error)
	// SetNotifications completes an event whose backends were told.
	SetNotifications(ctx context.Context, env event.Environment, id event.ID, list []payment.Notification) error
	LifecycleEvent(ctx context.Context, env event.Environment, id event.ID) (e payment.LifecycleEvent, found bool, err error)

	// Forget takes away decisions, with their events, that were evaluated before the first time, and trees and payloads of those before
	// the second, of every environment. It works in small transactions, so that nothing waits long for it; a decision that waits stays.
	Forget(ctx context.Context, decisionsBefore, payloadsBefore time.Time) (decisions, payloads int64, err error)
	// Erase takes away all decisions of a customer, with their events.
	Erase(ctx context.Context, env event.Environment, customerID string) (decisions int64, err error)

	Rulesets
	Lists
	Interceptors
	Parties
}

// Rulesets keeps rulesets; one is ACTIVE a context.
type Rulesets interface {
	// CreateRuleset gives the ruleset its version: one more than the context's greatest.
	CreateRuleset(ctx context.Context, env event.Environment, r ruleset.Ruleset) (ruleset.Ruleset, error)
	Ruleset(ctx context.Context, env event.Environment, id event.ID) (r ruleset.Ruleset, found bool, err error)
	// UpdateRuleset replaces description, rules and score of a DRAFT; ErrStatus when it is none.
	UpdateRuleset(ctx context.Context, env event.Environment, r ruleset.Ruleset) error
	// ActivateRuleset makes a version ACTIVE that has status from, and the context's active one INACTIVE, at once; ErrStatus when it has another.
	ActivateRuleset(ctx context.Context, env event.Environment, id event.ID, from ruleset.Status, at time.Time) (ruleset.Ruleset, error)
	// ActiveRulesets are those in force; RulesetPage lists all, newest first, of one context or, where it is empty, of all.
	ActiveRulesets(ctx context.Context, env event.Environment) ([]ruleset.Ruleset, error)
	RulesetPage(ctx context.Context, env event.Environment, contextName string, after event.ID, limit int) ([]ruleset.Ruleset, error)
}

// Lists keeps the blacklist and the named lists; the blacklist's kind is "blacklist" and its entries have a field path.
type Lists interface {
	// UpsertValue keeps an entry, one for each (List, FieldPath, Value): a longer life extends a shorter one, never the other way round.
	UpsertValue(ctx context.Context, env event.Environment, v ListValue) (ListValue, error)
	Value(ctx context.Context, env event.Environment, id event.ID) (v ListValue, found bool, err error)
	DeleteValue(ctx context.Context, env event.Environment, id event.ID) (found bool, err error)
	// ValuePage lists entries, newest first.
	ValuePage(ctx context.Context, env event.Environment, q ValueQuery) ([]ListValue, error)
	// EachValue gives every entry that lives at a time, for the memory that decisions look in.
	EachValue(ctx context.Context, env event.Environment, at time.Time, visit func(ListValue) error) error
	DeleteExpiredValues(ctx context.Context, before time.Time) (int64, error)
}

// Interceptors keeps interceptors; one is ACTIVE a ref.
type Interceptors interface {
	// CreateInterceptor gives the interceptor its version: one more than the ref's greatest.
	CreateInterceptor(ctx context.Context, env event.Environment, i interceptor.Interceptor) (interceptor.Interceptor, error)
	Interceptor(ctx context.Context, env event.Environment, id event.ID) (i interceptor.Interceptor, found bool, err error)
	// UpdateInterceptor replaces what may change of a DRAFT; ErrStatus when it is none.
	UpdateInterceptor(ctx context.Context, env event.Environment, i interceptor.Interceptor) error
	// ActivateInterceptor is as ActivateRuleset; shared false makes the context's active interceptors of other refs INACTIVE too.
	ActivateInterceptor(ctx context.Context, env event.Environment, id event.ID, from ruleset.Status, shared bool, at time.Time) (interceptor.Interceptor, error)
	// DeleteInterceptor takes away a DRAFT or INACTIVE one; ErrStatus for an ACTIVE one.
	DeleteInterceptor(ctx context.Context, env event.Environment, id event.ID) (found bool, err error)
	ActiveInterceptors(ctx context.Context, env event.Environment) ([]interceptor.Interceptor, error)
	InterceptorPage(ctx context.Context, env event.Environment, after event.ID, limit int) ([]interceptor.Interceptor, error)
	// SetDiscovered keeps the fields that were seen, of whatever status.
	SetDiscovered(ctx context.Context, env event.Environment, id event.ID, keys []interceptor.DiscoveredKey) error
}

// Parties keeps who calls and who is called: API clients, integrations and webhook endpoints.
type Parties interface {
	PutClient(ctx context.Context, env event.Environment, c Client) error
	ClientByID(ctx context.Context, env event.Environment, id string) (c Client, found bool, err error)
	Clients(ctx context.Context, env event.Environment) ([]Client, error)
	DeleteClient(ctx context.Context, env event.Environment, id string) (found bool, err error)

	PutIntegration(ctx context.Context, env event.Environment, i Integration) error
	Integrations(ctx context.Context, env event.Environment) ([]Integration, error)
	DeleteIntegration(ctx context.Context, env event.Environment, id event.ID) (found bool, err error)

	PutEndpoint(ctx context.Context, env event.Environment, w Endpoint) error
	Endpoints(ctx context.Context, env event.Environment) ([]Endpoint, error)
	DeleteEndpoint(ctx context.Context, env event.Environment, id event.ID) (found bool, err error)
}

// Entry is a decision as the ledger keeps it.
type Entry struct {
	Environment event.Environment
	Decision    payment.Decision
	// Values are what stood at paths that blacklists may be filled from and counters count by, such as "$.device.ip"; never a card number.
	Values map[string]string
	// Tree is what rules read, for backtests; nil once retention has taken it.
	Tree payment.Tree
	// Client and IdempotencyKey are who asked and under which key; Digest is of the body. Empty without a key.
	Client, IdempotencyKey, Digest string
	// Waiting says that an asynchronous backend is still to answer; Deferred is what is to be asked, as JSON.
	Waiting  bool
	Deferred []byte
	// Assignee is who has claimed a REVIEW in the queue.
	Assignee string
	// Messages are webhooks to be kept with the change.
	Messages []event.Delivery
}

// Query searches decisions, newest first.
type Query struct {
	Environment                                                                      event.Environment
	Context, CustomerID, Fingerprint, Reference, RuleID, DeviceIP, DeviceFingerprint string
	// Email is in its normal form: small letters, without space around it.
	Email string
	// Sessions asks for the decisions of any of them; SessionsAtOnce bounds how many.
	Sessions     []string
	Outcome      payment.Outcome
	PaymentState payment.PaymentState
	// Open asks for REVIEWs without a resolution, oldest first.
	Open     bool
	From, To time.Time
	// After is the id after which the page begins, Limit its size.
	After event.ID
	Limit int
}

// SessionsAtOnce is how many sessions a Query asks for at most.
const SessionsAtOnce = 50

// Page is a part of a search's answer.
type Page struct {
	Entries []Entry
	More    bool
}

// ValueQuery asks for entries of a list; an empty FieldPath or Value is any. After is the id after which the page begins, Limit its size.
type ValueQuery struct {
	List, FieldPath, Value string
	After                  event.ID
	Limit                  int
}

// ListValue is an entry of the blacklist or of a named list.
type ListValue struct {
	ID event.ID `json:"id"`
	// List is "blacklist" or a name; Kind of a named list is "block", "allow" or "review".
	List             string     `json:"list,omitempty"`
	FieldPath        string     `json:"field_path"`
	Value            string     `json:"value"`
	DisplayHint      *string    `json:"display_hint"`
	ExpiresAt        *time.Time `json:"expires_at"`
	SourceDecisionID *event.ID  `json:"source_decision_id"`
	Note             string     `json:"note,omitempty"`
	InsertedAt       time.Time  `json:"inserted_at"`
	UpdatedAt        time.Time  `json:"updated_at"`
	// Manual entries were made by a person: automation never shortens them.
	Manual bool `json:"-"`
}

// Blacklist is the list that blacklist rules look in.
const Blacklist = "blacklist"

// Client may ask for tokens.
type Client struct {
	ID   string `json:"client_id"`
	Name string `json:"name"`
	// SecretHash is argon2id in PHC string form.
	SecretHash string    `json:"-"`
	Scopes     []string  `json:"scopes"`
	CreatedAt  time.Time `json:"created_at"`
	Disabled   bool      `json:"disabled"`
}

// Integration is where backends are found.
type Integration struct {
	ID          event.ID `json:"id"`
	Type        string   `json:"type"` // "link" or "http"
	Slug        string   `json:"slug"`
	Name        string   `json:"name"`
	BaseURL     string   `json:"base_url"`
	TimeoutMS   int64    `json:"timeout_ms"`
	Enabled     bool     `json:"enabled"`
	Description *string  `json:"description"`
	// Adapter is the declarative mapping of an "http" integration, as JSON; see package backend.
	Adapter []byte `json:"-"`
	// Sealed are its credentials, encrypted with the installation's key.
	Sealed     []byte    `json:"-"`
	InsertedAt time.Time `json:"inserted_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// Endpoint is where webhooks go.
type Endpoint struct {
	ID     event.ID `json:"id"`
	URL    string   `json:"url"`
	Events []string `json:"events"`
	// Sealed is the HMAC key, encrypted with the installation's key; MaskedKey shows its beginning.
	Sealed     []byte    `json:"-"`
	MaskedKey  string    `json:"masked_hmac_key"`
	InsertedAt time.Time `json:"inserted_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// Journeys knows what buyers did before they pay.
type Journeys interface {
	// Find tells the journey that a payment belongs to, nil where none can be told. It must be quick. Where it is an attempt, its card
	// counts as tried in that journey from then on, so that of payments at the same moment each sees the ones before it.
	Find(ctx context.Context, env event.Environment, r *payment.Request, at time.Time, how Seek) *payment.Journey
	// Tell puts what a decision came to at a time into its journey as an event: the answer, the final outcome, a resolution. r is nil
	// where the request is not known any more.
	Tell(ctx context.Context, env event.Environment, r *payment.Request, d *payment.Decision, at time.Time)
	// Forget takes away what journeys are known of a customer, and that payments could be joined by.
	Forget(env event.Environment, customerID string)
}

// Seek says how the journey of a payment is looked for.
type Seek struct {
	// Attempt is a payment that somebody makes; a dry run is none.
	Attempt bool
	// SessionOnly lets nothing lead to a journey but the session that the request tells.
	SessionOnly bool
}

// Notifier tells backends what became of a payment; it is bounded in time. results are those of the decision.
type Notifier interface {
	Notify(ctx context.Context, d *payment.Decision, kind string, data payment.Tree) []payment.Notification
}
