package proxy

import (
	"net/http"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
)

// onFailure is the only place that says what a failed inline question means: the request goes on to the origin as if
// nobody had asked, unless its spec is listed in Config.Inline.FailClosed or the policy has an answer for it. A visitor who has
// gone is no failure.
func (ex *exchange) onFailure(reason failureReason) disposition {
	if reason == failureGone {
		return disposition{}
	}
	if reason != failurePolicy { // counted where it happened
		ex.in.counts.fail(reason)
	}
	refusal := ex.refusal()
	if refusal == nil {
		return disposition{}
	}
	ex.in.counts.refused.Add(1)
	return disposition{refused: true, measure: mitigation.Measure{Answer: refusal, Actions: []event.Action{{
		Name: "fail_closed", Kind: event.Block, Because: "no verdict: " + string(reason), Outcome: event.Done,
	}}}}
}

// refusal is the answer to a request that must not go on without a verdict, nil where it may.
func (ex *exchange) refusal() *mitigation.Answer {
	var refusal *mitigation.Answer
	spec := ex.name()
	if policy := ex.now.policy; policy != nil {
		var head capture.Request
		ex.question(&head)
		ex.in.guard("Failed", func() { refusal = policy.Failed(spec, &head) })
	}
	if refusal == nil && ex.in.failClosed[spec] {
		refusal = &mitigation.Answer{
			Status: http.StatusServiceUnavailable,
			Header: []capture.Field{{Name: "Content-Type", Value: "text/plain; charset=utf-8"}},
			Body:   []byte(statusText(http.StatusServiceUnavailable)),
		}
	}
	return refusal
}
