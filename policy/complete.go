package policy

import (
	"cmp"
	"time"

	"wayguard/event"
)

// What is meant where the operator says nothing.
const (
	DefaultBlockStatus       = 403
	DefaultMaintenanceStatus = 503
	DefaultLimitStatus       = 429
	DefaultRedirectStatus    = 302
	// DefaultContentType is that of a body that names none.
	DefaultContentType = "text/plain; charset=utf-8"
	// DefaultValid is how long a passed check counts.
	DefaultValid = time.Hour
	// DefaultBefore is where injected content goes.
	DefaultBefore = "</body>"
	// DefaultCheckPath begins the paths of pages and answers of our own, DefaultCookie is the checks' cookie.
	DefaultCheckPath = "/.well-known/visit/"
	DefaultCookie    = "visit"
	// DefaultKeep is how long the sink keeps what was submitted to feigned answers.
	DefaultKeep = 30 * 24 * time.Hour
)

// The values of ActionConfig.As.
const (
	AsFailure = "failure"
	AsSuccess = "success"
)

// The values of Config.OnFailure.
const (
	FailOpen   = "open"
	FailClosed = "closed"
)

// The values of SinkConfig.Keep.
const (
	KeepHashes  = "hashes"
	KeepNothing = "nothing"
)

// The providers of captchas.
const (
	BuiltInCaptcha = "built-in"
	HCaptcha       = "hcaptcha"
	Turnstile      = "turnstile"
)

// Complete is the action with everything written out that is meant where nothing is said.
func (a ActionConfig) Complete() ActionConfig {
	a.Mode = cmp.Or(a.Mode, Live)
	switch a.Kind {
	case event.Block:
		a.Status = cmp.Or(a.Status, DefaultBlockStatus)
	case event.Maintenance:
		a.Status = cmp.Or(a.Status, DefaultMaintenanceStatus)
	case event.RateLimit:
		a.Status = cmp.Or(a.Status, DefaultLimitStatus)
		a.Limit.By = cmp.Or(a.Limit.By, string(ScopeSession))
	case event.Redirect:
		a.Status = cmp.Or(a.Status, DefaultRedirectStatus)
	case event.Challenge, event.SecondFactor:
		a.Valid = cmp.Or(a.Valid, DefaultValid)
	case event.Feign:
		a.As = cmp.Or(a.As, AsFailure)
	case event.Inject:
		a.Before = cmp.Or(a.Before, DefaultBefore)
	}
	if a.Body != "" {
		a.ContentType = cmp.Or(a.ContentType, DefaultContentType)
	}
	return a
}

// Complete is the policy with everything written out that is meant where nothing is said.
func (c Config) Complete() Config {
	c.Mode = cmp.Or(c.Mode, Live)
	c.Scope = cmp.Or(c.Scope, ScopeSession)
	c.OnFailure = cmp.Or(c.OnFailure, FailOpen)
	steps := make([]StepConfig, len(c.Steps))
	for i, step := range c.Steps {
		step.Times = max(step.Times, 1)
		steps[i] = step
	}
	c.Steps = steps
	if c.Rollout.Percent == nil {
		whole := 100
		c.Rollout.Percent = &whole
	}
	budget := DefaultBudget()
	if c.Budget != nil {
		budget.At = c.Budget.At
		budget.Percent = cmp.Or(c.Budget.Percent, budget.Percent)
		budget.AtLeast = cmp.Or(c.Budget.AtLeast, budget.AtLeast)
		budget.Window = cmp.Or(c.Budget.Window, budget.Window)
		budget.Cool = cmp.Or(c.Budget.Cool, budget.Cool)
	}
	c.Budget = &budget
	return c
}

// Complete is the configuration with everything written out that is meant where nothing is said.
func (c MitigationConfig) Complete() MitigationConfig {
	c.CheckPath = cmp.Or(c.CheckPath, DefaultCheckPath)
	c.Cookie = cmp.Or(c.Cookie, DefaultCookie)
	c.Captcha.Provider = cmp.Or(c.Captcha.Provider, BuiltInCaptcha)
	c.Sink.Keep = cmp.Or(c.Sink.Keep, KeepHashes)
	c.Sink.For = cmp.Or(c.Sink.For, DefaultKeep)
	return c
}

// Own is the policy of one step that an action with a condition of its own is: its scope is the session, its name the action's.
func (a ActionConfig) Own() Config {
	return Config{At: a.At, Name: a.Name, When: a.When, Specs: a.Specs, Mode: a.Mode, Steps: []StepConfig{{At: a.At, Action: a.Name}}}
}

// Conditional says whether the action has a condition of its own.
func (a ActionConfig) Conditional() bool { return !a.When.Empty() }

// Empty says that nothing is asked.
func (c ConditionConfig) Empty() bool { return c.Rating == nil && c.Signature == "" && c.Label == "" }
