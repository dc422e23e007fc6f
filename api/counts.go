package api

import (
	"strconv"
	"sync/atomic"
)

// counts is what happened since the start.
type counts struct {
	byClass                                                    [6]atomic.Int64 // of status / 100; 0 is for answers that never began
	tokens, refusedTokens, unauthorized, forbidden, limited    atomic.Int64
	panics, keySetFailures                                     atomic.Int64
	intercepted, passed, forwarded, answeredInstead            atomic.Int64
	mappingErrors, decideFailures, oversize, overfull          atomic.Int64
	unreachable, timedOut, brokenOff, discovered, undiscovered atomic.Int64
	resubmitted, refusedResubmissions                          atomic.Int64
}

func (c *counts) answered(status int) {
	class := status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	c.byClass[class].Add(1)
}

// Metrics counts what happened since the start, by name.
func (a *API) Metrics() map[string]int64 {
	c := &a.counts
	all := map[string]int64{
		"tokens": c.tokens.Load(), "tokens_refused": c.refusedTokens.Load(), "unauthorized": c.unauthorized.Load(),
		"forbidden": c.forbidden.Load(), "rate_limited": c.limited.Load(), "panics": c.panics.Load(), "key_set_failures": c.keySetFailures.Load(),
		"intercepted": c.intercepted.Load(), "intercepted_passthrough": c.passed.Load(), "intercepted_forwarded": c.forwarded.Load(),
		"intercepted_answered": c.answeredInstead.Load(), "intercepted_mapping_errors": c.mappingErrors.Load(),
		"intercepted_decide_failures": c.decideFailures.Load(), "intercepted_oversize": c.oversize.Load(), "bodies_overfull": c.overfull.Load(), "body_bytes_held": a.held.Load(),
		"destination_unreachable": c.unreachable.Load(), "destination_timeouts": c.timedOut.Load(), "destination_broken_off": c.brokenOff.Load(),
		"discovered": c.discovered.Load(), "discovery_skipped": c.undiscovered.Load(),
		"resubmissions": c.resubmitted.Load(), "resubmissions_refused": c.refusedResubmissions.Load(),
	}
	for class := range c.byClass {
		if n := c.byClass[class].Load(); n > 0 || class >= 2 {
			all["answers_"+strconv.Itoa(class)+"xx"] = n
		}
	}
	return all
}
