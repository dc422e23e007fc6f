package integration

import (
	"slices"
	"time"

	"wayguard/document"
)

// Kind is what an integration talks to.
type Kind string

// The kinds of integration. Enrich is asked about an event, all others are told of an alert.
const (
	Slack     Kind = "slack"     // an incoming webhook of Slack
	Teams     Kind = "teams"     // a workflow of Microsoft Teams that is started by a webhook
	Jira      Kind = "jira"      // an issue in Jira Cloud
	PagerDuty Kind = "pagerduty" // an event of PagerDuty's Events API v2
	Email     Kind = "email"     // a mail by SMTP
	Webhook   Kind = "webhook"   // a signed message to an address
	Syslog    Kind = "syslog"    // a message by RFC 5424
	OCSF      Kind = "ocsf"      // a Detection Finding as JSON, by HTTP or syslog
	Enrich    Kind = "enrich"    // a service that is asked about an event before it is judged
)

// Kinds lists them in the order in which they are documented.
func Kinds() []Kind {
	return []Kind{Slack, Teams, Jira, PagerDuty, Email, Webhook, Syslog, OCSF, Enrich}
}

// IntegrationsConfig is the configuration's list of integrations.
type IntegrationsConfig []IntegrationConfig

// IntegrationConfig is one outside system. Which of the fields it may have depends on its kind. Everything that is or may hold
// a secret is left out of JSON.
type IntegrationConfig struct {
	At   document.Mark `yaml:"-" json:"-"`
	Name string        `yaml:"name"`
	Kind Kind          `yaml:"kind"`

	// URL is the receiver's address. For enrich it is a template.
	URL string `yaml:"url" json:"-"`
	// Token is Jira's API token; for webhook, ocsf and enrich it is sent as "Authorization: Bearer".
	Token string `yaml:"token" json:"-"`
	// Secret signs what is sent (webhook, ocsf), see Sign.
	Secret string `yaml:"secret" json:"-"`
	// Headers are added to each call (webhook, ocsf, enrich).
	Headers map[string]string `yaml:"headers" json:"-"`
	// CA is a PEM file of authorities to trust instead of the system's.
	CA string `yaml:"ca"`

	// Project, IssueType and User are Jira's; User is also a mail server's.
	Project   string `yaml:"project"`
	IssueType string `yaml:"issue_type"`
	User      string `yaml:"user"`
	// RoutingKey is PagerDuty's integration key, Severity its severity for each rating.
	RoutingKey string            `yaml:"routing_key" json:"-"`
	Severity   map[string]string `yaml:"severity"`
	// SMTP is a mail server's host:port. TLS is "starttls" when empty, "tls", or "none".
	SMTP     string           `yaml:"smtp"`
	TLS      string           `yaml:"tls"`
	Password string           `yaml:"password" json:"-"`
	From     string           `yaml:"from"`
	To       document.Strings `yaml:"to"`
	// Address is "udp://host:514", "tcp://host:601" or "tls://host:6514" (syslog, ocsf). Facility is 0 to 23; nil is 16, local0.
	Address  string `yaml:"address"`
	Facility *int   `yaml:"facility"`

	// Template replaces what a message says.
	Template TemplateConfig `yaml:"template"`
	// Timeout bounds one attempt: 10s when 0. For enrich it bounds the call, which goes on after the deadline so that its answer
	// is there for the next event: 2s when 0.
	Timeout time.Duration `yaml:"timeout"`
	// Concurrency is how many calls are under way at once: 2 when 0, and 32 for enrich.
	Concurrency int `yaml:"concurrency"`
	// PerMinute is how many messages are sent in any minute; 0 is no limit. What is above it is told in one message (Digest), or
	// waits where every message must be told.
	PerMinute int `yaml:"per_minute"`
	// AllowPrivate lists networks inside the operator's own walls that may be called, beside those of webhooks.allow_private.
	AllowPrivate document.Strings `yaml:"allow_private"`

	EnrichConfig `yaml:",inline"`
}

// TemplateConfig is what a message says, with {placeholders}.
type TemplateConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Title is one line, Text more of them.
	Title string `yaml:"title"`
	Text  string `yaml:"text"`
	// Body is the whole body as JSON (webhook, slack, teams).
	Body string `yaml:"body"`
}

// EnrichConfig is how a service is asked about an event.
type EnrichConfig struct {
	// Specs limits it to events of these specs; empty means all.
	Specs document.Strings `yaml:"specs"`
	// Mode is ModeInline when empty, or ModeLater.
	Mode string `yaml:"mode"`
	// Method is GET when empty, and POST when there is a Request.
	Method string `yaml:"method"`
	// Request is a JSON body with {placeholders}.
	Request string `yaml:"request"`
	// Deadline is how long an event waits for the answer: 50ms when 0, and never more than half of the inline budget then.
	Deadline time.Duration `yaml:"deadline"`
	// Take maps elements to the dot paths of their values in the answer.
	Take map[string]string `yaml:"take"`
	// Default are the elements' values while there is no answer.
	Default map[string]string `yaml:"default"`
	Cache   CacheConfig       `yaml:"cache"`
	Breaker BreakerConfig     `yaml:"breaker"`
}

// The modes of an enricher.
const (
	ModeInline = "inline" // the event waits, up to the deadline
	ModeLater  = "later"  // the event never waits, and the answer is there for the next event with the same question
)

// CacheConfig is how long answers are remembered.
type CacheConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Entries bounds how many are remembered: 10000 when 0.
	Entries int `yaml:"entries"`
	// For is how long an answer counts: 5m when 0. Negative is the same for "there is no such thing" (404, or an answer that has
	// none of the values): 30s when 0.
	For      time.Duration `yaml:"for"`
	Negative time.Duration `yaml:"negative"`
}

// BreakerConfig is when a service that fails is left alone.
type BreakerConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Percent is the share of calls of the last Window that may fail or be late: 50 when 0. AtLeast is the number of calls
	// below which a share says nothing: 10 when 0.
	Percent int           `yaml:"percent"`
	AtLeast int           `yaml:"at_least"`
	Window  time.Duration `yaml:"window"`
	// Cool is how long it is left alone before it is tried with one call: 5s when 0.
	Cool time.Duration `yaml:"cool"`
}

// Named is the integration of a name.
func (c IntegrationsConfig) Named(name string) (IntegrationConfig, bool) {
	i := slices.IndexFunc(c, func(one IntegrationConfig) bool { return one.Name == name })
	if i < 0 {
		return IntegrationConfig{}, false
	}
	return c[i], true
}

// Notifying names those that an action of kind notify can name.
func (c IntegrationsConfig) Notifying() []string {
	var names []string
	for _, one := range c {
		if one.Kind != Enrich {
			names = append(names, one.Name)
		}
	}
	return names
}

// Files gives the places of all names of files, so that they can be read relative to the configuration.
func (c IntegrationsConfig) Files() []*string {
	var files []*string
	for i := range c {
		if c[i].CA != "" {
			files = append(files, &c[i].CA)
		}
	}
	return files
}

// secrets are the values that are secret.
func (c *IntegrationConfig) secrets() []string {
	list := []string{c.Token, c.Secret, c.RoutingKey, c.Password}
	for _, value := range c.Headers {
		list = append(list, value)
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// orElse is value, or other where value says nothing.
func orElse[T comparable](value, other T) T {
	var zero T
	if value == zero {
		return other
	}
	return value
}

// complete fills in what the operator left to us.
func (c IntegrationConfig) complete() IntegrationConfig {
	c.IssueType, c.TLS, c.Mode = orElse(c.IssueType, "Task"), orElse(c.TLS, "starttls"), orElse(c.Mode, ModeInline)
	switch {
	case c.Kind == PagerDuty:
		c.URL = orElse(c.URL, pagerDutyAddress)
	case c.Kind == Enrich && c.Request != "":
		c.Method = orElse(c.Method, "POST")
	}
	c.Method = orElse(c.Method, "GET")
	if c.Kind == Enrich {
		c.Timeout, c.Concurrency = orElse(c.Timeout, 2*time.Second), orElse(c.Concurrency, 32)
	}
	c.Timeout, c.Concurrency = orElse(c.Timeout, 10*time.Second), orElse(c.Concurrency, 2)
	c.Cache.Entries = orElse(c.Cache.Entries, 10_000)
	c.Cache.For, c.Cache.Negative = orElse(c.Cache.For, 5*time.Minute), orElse(c.Cache.Negative, 30*time.Second)
	c.Breaker.Percent, c.Breaker.AtLeast = orElse(c.Breaker.Percent, 50), orElse(c.Breaker.AtLeast, 10)
	c.Breaker.Window, c.Breaker.Cool = orElse(c.Breaker.Window, 10*time.Second), orElse(c.Breaker.Cool, 5*time.Second)
	return c
}
