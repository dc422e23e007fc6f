package proxy

import (
	"net/http"

	"wayguard/event"
)

// onFailure is the only place that says what a failed inline question means: the request goes on to the origin as if
// nobody had asked, unless its spec is listed in Config.Inline.FailClosed. A visitor who has gone is no failure.
func (ex *exchange) onFailure(reason failureReason) disposition {
	if reason == failureGone {
		return disposition{}
	}
	ex.in.counts.fail(reason)
	if !ex.in.failClosed[ex.name()] {
		return disposition{}
	}
	ex.in.counts.refused.Add(1)
	refusal := answer{
		status:      http.StatusServiceUnavailable,
		contentType: "text/plain; charset=utf-8",
		body:        []byte(statusText(http.StatusServiceUnavailable)),
	}
	ex.acted(refusal.status, event.Action{
		Name: "fail_closed", Kind: event.Block, Because: "no verdict: " + string(reason), Outcome: event.Done,
	})
	return disposition{answer: &refusal}
}
