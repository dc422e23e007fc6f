package rule

import (
	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

// Config is the part of a configuration that decides what is thought and done.
type Config struct {
	Rules      []RuleConfig      `yaml:"rules"`
	Signatures []SignatureConfig `yaml:"signatures"`
	// Actions are what may be done, Policies to whom, in which steps and how far.
	Actions  []policy.ActionConfig `yaml:"actions"`
	Policies []policy.Config       `yaml:"policies"`
	// Ratings is nil for DefaultRatings.
	Ratings *RatingsConfig `yaml:"ratings"`
	// Settings overrides named thresholds of rules: "rule-id.name" to the new value.
	Settings map[string]int64 `yaml:"settings"`
	// At is where the document stands.
	At document.Mark `yaml:"-" json:"-"`
}

// Mode says whether a finding counts or is only recorded.
type Mode = policy.Mode

// The modes. The empty Mode is Live.
const (
	Live   = policy.Live
	Shadow = policy.Shadow
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
	Settings map[string]Setting `yaml:"settings"`
	// When is the condition, a CEL expression of type bool.
	When string `yaml:"when"`
	// Sequence is a series of events that must have happened in the session, the last of them now; When may be left out then.
	Sequence []StageConfig `yaml:"sequence"`
	// Relieves says that the label is proof enough to take a rating back: a passed strong check. Its points are not limited by
	// TrustCap, and count once a session: those of the label that relieves most.
	Relieves bool `yaml:"relieves"`
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
	// For is how long the label lasts after it was placed last; 0 is as long as the entity is remembered.
	For Days `yaml:"for"`
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

// Families lists the families of evidence.
func Families() []string {
	return []string{"network", "protocol", "identity", "velocity", "sequence", "outcome", "deception"}
}
