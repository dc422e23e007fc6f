package rule

import (
	"wayguard/document"
	"wayguard/event"
)

// Config is the part of a configuration that decides what is thought and done.
type Config struct {
	Rules      []RuleConfig      `yaml:"rules"`
	Signatures []SignatureConfig `yaml:"signatures"`
	Actions    []ActionConfig    `yaml:"actions"`
	// Ratings is nil for DefaultRatings.
	Ratings *RatingsConfig `yaml:"ratings"`
	// Settings overrides named thresholds of rules: "rule-id.name" to the new value.
	Settings map[string]int64 `yaml:"settings"`
	// At is where the document stands.
	At document.Mark `yaml:"-" json:"-"`
}

// Mode says whether a finding counts or is only recorded.
type Mode string

// The modes. The empty Mode is Live.
const (
	Live   Mode = "live"
	Shadow Mode = "shadow"
)

// RuleConfig places a label when its condition holds.
type RuleConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// ID is unique among rules and signatures: lower-case words joined by dashes.
	ID string `yaml:"id"`
	// Label is the text placed on the session.
	Label    string         `yaml:"label"`
	Severity event.Severity `yaml:"severity"`
	// Family is the kind of evidence, one of Families.
	Family string `yaml:"family"`
	// Points is added to the session's score; negative for trusting labels, 0 for informational ones.
	Points int64 `yaml:"points"`
	// On limits the rule to these event types; empty means all.
	On document.Strings `yaml:"on"`
	// Settings are named thresholds with their defaults, read as settings.<name>.
	Settings map[string]int64 `yaml:"settings"`
	// When is the condition, a CEL expression of type bool.
	When string `yaml:"when"`
	// Sentence explains the label; {expression} is replaced by its value.
	Sentence string `yaml:"sentence"`
	// EntityLabel is placed on the event's entities whenever the condition holds.
	EntityLabel *EntityLabelConfig `yaml:"entity_label"`
	// Repeat places the label on every event for which the condition holds, not only on the session's first.
	Repeat bool `yaml:"repeat"`
	Mode   Mode `yaml:"mode"`
}

// EntityLabelConfig is text for every value of an element of the event.
type EntityLabelConfig struct {
	At      document.Mark `yaml:"-" json:"-"`
	Element string        `yaml:"element"`
	Label   string        `yaml:"label"`
}

// SignatureConfig is a label over labels.
type SignatureConfig struct {
	At       document.Mark  `yaml:"-" json:"-"`
	ID       string         `yaml:"id"`
	Name     string         `yaml:"name"`
	Severity event.Severity `yaml:"severity"`
	Points   int64          `yaml:"points"`
	Labels   LabelsConfig   `yaml:"labels"`
	Sentence string         `yaml:"sentence"`
	Mode     Mode           `yaml:"mode"`
}

// LabelsConfig is a condition on the labels a session carries.
type LabelsConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// All must be carried.
	All document.Strings `yaml:"all"`
	// AtLeast of Any must be carried; 0 means 1 when Any is not empty.
	Any     document.Strings `yaml:"any"`
	AtLeast int              `yaml:"at_least"`
	// None may be carried.
	None document.Strings `yaml:"none"`
}

// ActionConfig asks for an action when its condition holds.
type ActionConfig struct {
	At   document.Mark    `yaml:"-" json:"-"`
	Name string           `yaml:"name"`
	Kind event.ActionKind `yaml:"kind"`
	When ConditionConfig  `yaml:"when"`
	// Specs limits the action to events of these specs; empty means all.
	Specs document.Strings `yaml:"specs"`
	Mode  Mode             `yaml:"mode"`
	// Status, Body and ContentType are a block's answer; DefaultBlockStatus when Status is 0.
	Status      int    `yaml:"status"`
	Body        string `yaml:"body"`
	ContentType string `yaml:"content_type"`
	// URL and Secret are a webhook's address and signing secret.
	URL    string `yaml:"url"`
	Secret string `yaml:"secret" json:"-"`
}

// ConditionConfig is when an action is asked for: everything given must hold, and one thing at least must be given.
type ConditionConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Rating is the lowest rating for which the action is asked.
	Rating *event.Rating `yaml:"rating"`
	// Signature and Label are names the session carries.
	Signature string `yaml:"signature"`
	Label     string `yaml:"label"`
}

// RatingsConfig says how labels become a rating. See Set.Judge for the formula.
type RatingsConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Suspicious and Malicious are the lowest scores of these ratings.
	Suspicious int64 `yaml:"suspicious"`
	Malicious  int64 `yaml:"malicious"`
	// Families is how many families of evidence a Malicious rating needs.
	Families int64 `yaml:"families"`
	// FamilyCap is the most that one family adds to the score.
	FamilyCap int64 `yaml:"family_cap"`
	// TrustCap is the most that all trusting labels together take away; written as a positive number.
	TrustCap int64 `yaml:"trust_cap"`
}

// DefaultBlockStatus is the status of a block action that names none.
const DefaultBlockStatus = 403

// DefaultRatings is the rating scale of a configuration that sets none.
func DefaultRatings() RatingsConfig {
	return RatingsConfig{Suspicious: 40, Malicious: 100, Families: 2, FamilyCap: 80, TrustCap: 30}
}

// withDefaults fills what the operator left out.
func (r RatingsConfig) withDefaults() RatingsConfig {
	standard := DefaultRatings()
	for _, field := range []struct {
		value    *int64
		standard int64
	}{
		{&r.Suspicious, standard.Suspicious}, {&r.Malicious, standard.Malicious}, {&r.Families, standard.Families},
		{&r.FamilyCap, standard.FamilyCap}, {&r.TrustCap, standard.TrustCap},
	} {
		if *field.value == 0 {
			*field.value = field.standard
		}
	}
	return r
}

// Families lists the families of evidence.
func Families() []string {
	return []string{"network", "protocol", "identity", "velocity", "sequence", "outcome", "deception"}
}
