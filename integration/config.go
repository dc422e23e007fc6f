package integration

import (
	"fmt"
	"time"

	"wayguard/document"
	"wayguard/walls"
)

// Config is the webhooks' part of the configuration.
type Config struct {
	At document.Mark `yaml:"-"`
	// Concurrency is how many messages are on their way at once, a quarter of them to one receiver of webhooks at most. Webhooks of payment
	// decisions have room of their own, 128 or as many, whichever is more.
	Concurrency int `yaml:"concurrency"`
	// Timeout bounds one attempt, from dialling to the answer's end.
	Timeout time.Duration `yaml:"timeout"`
	// Attempts is how often a message is tried before it is given up.
	Attempts int `yaml:"attempts"`
	// FirstDelay is the pause after the first failed attempt; each further one doubles it up to LongestDelay. A fifth more
	// or less is added by chance, so that what failed together is not tried together.
	FirstDelay   time.Duration `yaml:"first_delay"`
	LongestDelay time.Duration `yaml:"longest_delay"`
	// Poll is how often the outbox is looked at.
	Poll time.Duration `yaml:"poll"`
	// AllowPrivate lists networks inside the operator's own walls that may be called. All other private, loopback and
	// link-local addresses are refused, whatever name resolves to them.
	AllowPrivate document.Strings `yaml:"allow_private"`
}

// DefaultConfig is the configuration of an operator who says nothing: about three days of attempts.
func DefaultConfig() Config {
	return Config{Concurrency: 8, Timeout: 10 * time.Second, Attempts: 24, FirstDelay: 5 * time.Second,
		LongestDelay: 6 * time.Hour, Poll: time.Second}
}

// Validate tells every problem of the configuration.
func (c Config) Validate() document.Problems {
	var problems document.Problems
	tell := func(path, message, suggestion string) {
		problems = append(problems, c.At.Problem(path, message, suggestion))
	}
	if c.Concurrency < 1 || c.Concurrency > 256 {
		tell("concurrency", "must lie between 1 and 256", "")
	}
	if c.Attempts < 1 || c.Attempts > 1000 {
		tell("attempts", "must lie between 1 and 1000", "")
	}
	for _, one := range []struct {
		path  string
		value time.Duration
	}{{"timeout", c.Timeout}, {"first_delay", c.FirstDelay}, {"poll", c.Poll}} {
		if one.value < time.Millisecond || one.value > time.Hour {
			tell(one.path, "must lie between 1ms and 1h", "")
		}
	}
	if c.LongestDelay < c.FirstDelay || c.LongestDelay > 7*24*time.Hour {
		tell("longest_delay", "must lie between first_delay and 168h", "")
	}
	for i, text := range c.AllowPrivate {
		if _, err := walls.ParseNetwork(text); err != nil {
			tell(fmt.Sprintf("allow_private[%d]", i), "not an address or a network in CIDR notation", "such as 10.0.0.0/8")
		}
	}
	return problems
}
