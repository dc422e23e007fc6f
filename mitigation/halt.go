package mitigation

import (
	"fmt"
	"time"
)

// longestHalt is how far ahead a stop can end: protection that is off for ever is taken out of the configuration.
const longestHalt = 7 * 24 * time.Hour

// Halt is an operator's stop of everything that is done to requests.
type Halt struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	Why   string    `json:"why"`
	Who   string    `json:"who"`
}

// Stop has all requests let through until a moment at most 7 days ahead, whatever policies say. why and who are for people.
func (c *Control) Stop(until time.Time, why, who string) error {
	now := c.deps.Now()
	if !until.After(now) || until.After(now.Add(longestHalt)) {
		return fmt.Errorf("stop: %w", ErrUntil)
	}
	c.halted.Store(&Halt{Since: now.UTC(), Until: until.UTC(), Why: keepText("", why), Who: keepText("", who)})
	return nil
}

// Go ends the stop before its time.
func (c *Control) Go() { c.halted.Store(nil) }

// Halted is the stop that holds at a moment, nil when there is none.
func (c *Control) Halted(now time.Time) *Halt {
	halt := c.halted.Load()
	if halt == nil || !now.Before(halt.Until) {
		return nil
	}
	return halt
}
