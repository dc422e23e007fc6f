package rule

import (
	"slices"
	"time"

	"cel.dev/cel-go/common/types"

	"wayguard/document"
	"wayguard/element"
)

// Vocabulary is what expressions may name beside the language itself.
type Vocabulary struct {
	Elements *element.Catalogue
	// Counters are the names that count and session.count take.
	Counters []string
	// Distincts are the names that distinct (its second argument) and session.distinct take.
	Distincts []string
	// Windows are the time spans that count and distinct take, as they are written.
	Windows []Window
	// Entities are names that count and distinct take as the entity beside the catalogue's own, such as ToolEntity.
	Entities []string
	// Specs are the names of all specs; empty means that they are not known and not checked.
	Specs []string
	// Labels are names that may be asked for though nothing here places them: those of packs that are switched off.
	Labels []string
}

// Window is a span of time that counters are kept for.
type Window struct {
	Name   string
	Length time.Duration
}

// ToolEntity is the name under which counters are kept for what a visitor's requests look like: its value is
// Evidence.HeaderShape with Evidence.UserAgent. It is no element: it never links sessions, but a tool that spreads over
// thousands of addresses is one tool.
const ToolEntity = "tool"

// SessionEntity is the name under which the different sessions of an entity are counted: distinct("username", "session", "24h").
const SessionEntity = "session"

// StandardVocabulary is the vocabulary the engine keeps counters for. specs may be nil.
func StandardVocabulary(elements *element.Catalogue, specs []string) Vocabulary {
	return Vocabulary{
		Elements: elements, Counters: Counters(), Distincts: Distincts(), Windows: Windows(),
		Entities: []string{ToolEntity}, Specs: specs,
	}
}

// Counters lists the counters kept for every entity and every session. Amounts are in minor units and of successful
// payments and requested refunds; loss is what a malicious session got away with: logins, payments and redemptions that
// succeeded, each counted once. suspicious_sessions and malicious_sessions are counted on every entity of the event on which
// a session's rating rises, sessions on those of its first event. not_found is 404, forbidden 401 and 403, client_errors 400,
// 405 and 422, server_errors 500 and above.
func Counters() []string {
	return []string{
		"events", "sessions", "suspicious_sessions", "malicious_sessions", "blocked", "challenges",
		"page_views", "documents", "assets", "data_calls", "product_views", "searches",
		"not_found", "forbidden", "client_errors", "server_errors",
		"logins", "login_failures", "login_successes", "logouts", "password_resets", "credential_changes",
		"signups", "signup_successes", "signup_failures", "account_updates", "payment_method_updates",
		"payments", "payment_failures", "payment_successes", "payment_amount", "checkouts", "cart_updates",
		"refunds", "refund_successes", "refund_amount", "disputes", "loss",
		"gift_card_checks", "gift_card_failures", "gift_card_successes", "promotions", "promotion_failures",
		"messages", "support_requests", "contents",
	}
}

// Values that are counted and are no elements.
const (
	// NetworkValue is the part of the address that a network keeps: its prefix.
	NetworkValue = "network"
	// BinValue is the issuer's part of a card's number.
	BinValue = "card_bin"
	// RouteValue is the route that was asked for.
	RouteValue = "route"
)

// Distincts lists the elements whose different values are counted for every entity and every session.
func Distincts() []string {
	return []string{
		"username", "email", "customer_id", "phone", "ip_address", "device_fingerprint", "payment_from", "gift_card",
		"country", "order_id", "product_id", "promo_code", "referral_code", "shipping_address",
		NetworkValue, BinValue, RouteValue, ToolEntity, SessionEntity,
	}
}

// Windows lists the spans of time that counters are kept for.
func Windows() []Window {
	return []Window{{"1m", time.Minute}, {"1h", time.Hour}, {"24h", 24 * time.Hour}, {"90d", 90 * 24 * time.Hour}}
}

// window finds a span by its written name.
func (v Vocabulary) window(name string) (time.Duration, bool) {
	for _, w := range v.Windows {
		if w.Name == name {
			return w.Length, true
		}
	}
	return 0, false
}

func (v Vocabulary) windowNames() []string {
	var names []string
	for _, w := range v.Windows {
		names = append(names, w.Name)
	}
	return names
}

// entity says whether counters are kept under the name.
func (v Vocabulary) entity(name string) bool {
	if slices.Contains(v.Entities, name) {
		return true
	}
	definition, found := v.Elements.Find(name)
	return found && string(definition.Kind) == "entity"
}

// entityNames are for suggestions.
func (v Vocabulary) entityNames() []string {
	names := slices.Clone(v.Entities)
	for _, definition := range v.Elements.All() {
		if string(definition.Kind) == "entity" {
			names = append(names, definition.Name)
		}
	}
	return names
}

// suggestElement is the text of a problem's suggestion.
func (v Vocabulary) suggestElement(name string) string {
	var names []string
	for _, definition := range v.Elements.All() {
		names = append(names, definition.Name)
	}
	return document.DidYouMean(name, names)
}

// elementType is an element's type in expressions. Money is whole minor units. What is kept as a hash is text, whatever
// it was.
func elementType(definition element.Definition) *types.Type {
	if definition.Sensitivity.Concealed() {
		return types.StringType
	}
	switch definition.Type.Simple() {
	case element.Integer:
		return types.IntType
	case element.Number:
		return types.DoubleType
	case element.Boolean:
		return types.BoolType
	}
	return types.StringType
}
