package mitigation

import (
	"cmp"
	"slices"
	"sync"

	"wayguard/event"
)

// Reason is why something was done or not, as a stable word for metrics.
type Reason string

// The reasons, in the order of precedence.
const (
	ReasonStop          Reason = "stop"
	ReasonAllowed       Reason = "allow_list"
	ReasonSpared        Reason = "spared"
	ReasonNotHeld       Reason = "not_held"
	ReasonBreaker       Reason = "breaker"
	ReasonQuiet         Reason = "quiet_hours"
	ReasonShadow        Reason = "shadow"
	ReasonControl       Reason = "control"
	ReasonRollout       Reason = "rollout"
	ReasonSharedAddress Reason = "shared_address"
	ReasonNobody        Reason = "nobody"
	ReasonPassed        Reason = "passed_check"
	ReasonTrusted       Reason = "trusted"
	ReasonAsked         Reason = "asked"
	// What happens to a step after all of that.
	ReasonLoop      Reason = "check_loop"
	ReasonOutranked Reason = "outranked"
	ReasonWithin    Reason = "within_limit"
	ReasonFailed    Reason = "failed"
)

// Count is how often an action had an outcome for a reason.
type Count struct {
	Action  string        `json:"action"`
	Outcome event.Outcome `json:"outcome"`
	Reason  Reason        `json:"reason"`
	Count   int64         `json:"count"`
}

type countKey struct {
	action  string
	outcome event.Outcome
	reason  Reason
}

// mostCounts bounds the counters of one policy; actions come and go with reloads.
const mostCounts = 1000

// counts are one policy's counters. They lock themselves.
type counts struct {
	mu  sync.Mutex
	all map[countKey]int64
}

func newCounts() counts { return counts{all: map[countKey]int64{}} }

func (c *counts) add(action string, outcome event.Outcome, reason Reason) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := countKey{action, outcome, reason}
	if _, known := c.all[key]; !known && len(c.all) >= mostCounts {
		key.action = "other"
	}
	c.all[key]++
}

// list is in order of action, outcome and reason.
func (c *counts) list() []Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Count, 0, len(c.all))
	for key, n := range c.all {
		list = append(list, Count{Action: key.action, Outcome: key.outcome, Reason: key.reason, Count: n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}
