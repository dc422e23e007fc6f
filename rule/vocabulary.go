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
// payments and requested refunds.
func Counters() []string {
	return []string{"events", "page_views", "logins", "login_failures", "login_successes", "signups", "password_resets",
		"credential_changes", "payments", "payment_failures", "payment_successes", "payment_amount", "refunds",
		"refund_amount", "gift_card_checks", "gift_card_failures", "promotions", "cart_updates", "challenges", "blocked"}
}

// Distincts lists the elements whose different values are counted for every entity and every session.
func Distincts() []string {
	return []string{"username", "email", "ip_address", "device_fingerprint", "payment_from", "gift_card", "country",
		"order_id", SessionEntity}
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
