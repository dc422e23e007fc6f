package decision

import (
	"slices"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// acceptance is how a decision tells that a person's resolution made it: the id and the type of an entry among the rules that fired.
const acceptance = "resolution"

// accepted is an evaluation of a payment whose REVIEW a person accepted: its outcome is ALLOW. What rules said stays on record, and the
// resolution stands behind it as what decided. It is final: asynchronous rules are only waited for behind a PROVISIONAL.
func accepted(e ruleset.Evaluation, review event.ID) ruleset.Evaluation {
	if review == "" {
		return e
	}
	e.Outcome, e.Source, e.Decisive = payment.Allow, payment.RuleEngine, acceptance
	e.Triggered = append(slices.Clone(e.Triggered), payment.TriggeredRule{
		RuleID: acceptance, Name: "accepted review " + string(review), Type: acceptance, Action: payment.Allow,
	})
	return e
}
