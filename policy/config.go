package policy

import (
	"time"

	"wayguard/document"
	"wayguard/event"
)

// Mode says whether something counts or is only recorded.
type Mode string

// The modes. The empty Mode is Live.
const (
	Live   Mode = "live"
	Shadow Mode = "shadow"
)

// ConditionConfig is when something is asked for: everything given must hold, and one thing at least must be given.
type ConditionConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Rating is the lowest rating for which it is asked.
	Rating *event.Rating `yaml:"rating"`
	// Signature and Label are names the session carries.
	Signature string `yaml:"signature"`
	Label     string `yaml:"label"`
}

// Config is one policy: who is dealt with, by which steps, for how long and how far.
type Config struct {
	At   document.Mark   `yaml:"-" json:"-"`
	Name string          `yaml:"name"`
	When ConditionConfig `yaml:"when"`
	// Specs limits the policy to requests of these specs; empty means all.
	Specs document.Strings `yaml:"specs"`
	// Scope is who is dealt with once the condition has held: ScopeSession when empty.
	Scope Scope `yaml:"scope"`
	// For is how long the scope is dealt with after the condition held last; 0 is as long as it holds.
	For time.Duration `yaml:"for"`
	// Steps are the ladder: each is taken Times times, then the next one; the last for ever.
	Steps []StepConfig `yaml:"steps"`
	Mode  Mode         `yaml:"mode"`
	// OnFailure is "open" when empty, or "closed": what a request of the policy's specs gets when there is no verdict.
	OnFailure string        `yaml:"on_failure"`
	Rollout   RolloutConfig `yaml:"rollout"`
	// Quiet are times in which nobody is dealt with.
	Quiet  []QuietConfig `yaml:"quiet"`
	Budget *BudgetConfig `yaml:"budget"`
}

// Scope is whom a policy deals with.
type Scope string

// The scopes. An address is dealt with only while it is not known to be shared.
const (
	ScopeSession Scope = "session"
	ScopeDevice  Scope = "device"
	ScopePerson  Scope = "person"
	ScopeAccount Scope = "account"
	ScopeAddress Scope = "address"
)

// StepConfig is one step of a policy's ladder.
type StepConfig struct {
	At     document.Mark `yaml:"-" json:"-"`
	Action string        `yaml:"action"`
	// Times is how often the step is taken before the next one is; 0 means 1, and for the last step it is without meaning.
	Times int `yaml:"times"`
}

// RolloutConfig says what share of the scopes a policy deals with. Who is in which share follows from a hash of policy and
// scope, so that it stays the same and only grows with the share.
type RolloutConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Percent is the share that may be dealt with; nil is 100.
	Percent *int `yaml:"percent"`
	// Control is the share, in percent, that never is, whatever Percent: what they do shows what the policy is good for.
	Control int `yaml:"control"`
}

// QuietConfig is a time of the week.
type QuietConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Days are "mon" to "sun"; none means every day.
	Days document.Strings `yaml:"days"`
	// From and To are "22:00"; a To not after From is on the next day.
	From string `yaml:"from"`
	To   string `yaml:"to"`
	// Zone is a time zone's name, "UTC" when empty.
	Zone string `yaml:"zone"`
}

// BudgetConfig is what a policy may do before its circuit breaker opens, and what it would have done is only recorded.
type BudgetConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Percent is the largest share of the looked-at sessions of its specs that the policy may deal with within Window.
	Percent int `yaml:"percent"`
	// AtLeast is the number of sessions below which a share says nothing.
	AtLeast int           `yaml:"at_least"`
	Window  time.Duration `yaml:"window"`
	// Cool is how long an open breaker stays open.
	Cool time.Duration `yaml:"cool"`
}

// DefaultBudget is the budget of policies and actions that name none: an attack on a login is easily half of its requests, but
// hardly half of the people who come.
func DefaultBudget() BudgetConfig {
	return BudgetConfig{Percent: 60, AtLeast: 200, Window: time.Minute, Cool: 10 * time.Minute}
}

// MitigationConfig is what holds for all policies.
type MitigationConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Allow are those who are always let through, whatever a policy says.
	Allow []AllowConfig `yaml:"allow"`
	// CheckPath begins the paths of pages and answers of our own: "/.well-known/visit/" when empty.
	CheckPath string `yaml:"check_path"`
	// Cookie is the name of the cookie that says which checks were passed: "visit" when empty.
	Cookie string `yaml:"cookie"`
	// Captcha names the provider that "captcha" means, and its keys.
	Captcha CaptchaConfig `yaml:"captcha"`
	// SecondFactor is how the application takes over.
	SecondFactor SecondFactorConfig `yaml:"second_factor"`
	// Decoys are links and fields that no person finds.
	Decoys []DecoyConfig `yaml:"decoys"`
	// Sink is where feigned answers leave what was submitted.
	Sink SinkConfig `yaml:"sink"`
}

// AllowConfig is a list of those who are always let through. Everything given must hold.
type AllowConfig struct {
	At   document.Mark `yaml:"-" json:"-"`
	Name string        `yaml:"name"`
	// Addresses are addresses and prefixes.
	Addresses document.Strings `yaml:"addresses"`
	// Crawlers and Agents are names of crawlers and agents that have proven who they are; "*" is any.
	Crawlers document.Strings `yaml:"crawlers"`
	Agents   document.Strings `yaml:"agents"`
	// Labels: a session that carries one of them.
	Labels document.Strings `yaml:"labels"`
	// Elements are values of an element, such as usernames.
	Elements map[string]document.Strings `yaml:"elements"`
	// Specs limits the list to requests of these specs.
	Specs document.Strings `yaml:"specs"`
	// Until ends the list's validity, RFC 3339; empty: never.
	Until string `yaml:"until"`
}

// CaptchaConfig is a provider of captchas.
type CaptchaConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Provider is "built-in" when empty, "hcaptcha" or "turnstile".
	Provider string `yaml:"provider"`
	SiteKey  string `yaml:"site_key"`
	Secret   string `yaml:"secret" json:"-"`
}

// SecondFactorConfig is how the application takes over: by redirect to URL, which ends with a signed return.
type SecondFactorConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// URL is where the visitor is sent; {return} is replaced by the address to come back to, {state} by a one-time word.
	URL string `yaml:"url"`
	// Secret signs the return (HMAC-SHA-256).
	Secret string `yaml:"secret" json:"-"`
}

// DecoyConfig is a trap in pages.
type DecoyConfig struct {
	At   document.Mark `yaml:"-" json:"-"`
	Name string        `yaml:"name"`
	// Path is a link nobody sees, "/account/export-all"; Field a form field nobody fills in. One of them is given.
	Path  string `yaml:"path"`
	Field string `yaml:"field"`
	// Pages are path patterns of the pages that get it.
	Pages document.Strings `yaml:"pages"`
}

// SinkConfig is where feigned answers leave what was submitted.
type SinkConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Keep is "hashes" when empty (keyed hashes of what was submitted), or "nothing".
	Keep string `yaml:"keep"`
	// For is how long it is kept: 30 days when 0.
	For time.Duration `yaml:"for"`
}
