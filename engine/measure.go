package engine

import (
	"math"
	"strconv"

	"wayguard/event"
	"wayguard/velocity"
)

// Contributions is what one event adds to the counters that rule.Counters lists.
func Contributions(ev *event.Event) []velocity.Contribution { return AppendContributions(nil, ev) }

// AppendContributions adds them to out.
func AppendContributions(out []velocity.Contribution, ev *event.Event) []velocity.Contribution {
	out = one(out, "events")
	if ev.Result == event.Blocked {
		out = one(out, "blocked")
	}
	switch ev.Type {
	case event.AuthenticationAttempt:
		out = byResult(one(out, "logins"), ev.Result, "login_successes", "login_failures")
	case event.AuthenticationChallenge:
		out = one(out, "challenges")
	case event.AccountCreation:
		out = one(out, "signups")
	case event.PasswordResetRequest:
		out = one(out, "password_resets")
	case event.CredentialChange, event.PasswordReset:
		out = one(out, "credential_changes")
	case event.CartUpdate:
		out = one(out, "cart_updates")
	case event.PromotionRedemption:
		out = one(out, "promotions")
	case event.Transaction:
		out = byResult(one(out, "payments"), ev.Result, "payment_successes", "payment_failures")
		if ev.Result == event.Success {
			out = amount(out, ev, "transaction_amount", "payment_amount")
		}
	case event.RefundRequest:
		out = amount(one(out, "refunds"), ev, "refund_amount", "refund_amount")
	case event.GiftCardCheck:
		out = byResult(one(out, "gift_card_checks"), ev.Result, "", "gift_card_failures")
	case event.SessionUpdate, event.ProductView, event.ProductSearch:
		out = one(out, "page_views")
	}
	return out
}

func one(out []velocity.Contribution, counter string) []velocity.Contribution {
	return append(out, velocity.Contribution{Counter: counter, Amount: 1})
}

func byResult(out []velocity.Contribution, r event.Result, success, failure string) []velocity.Contribution {
	switch {
	case r == event.Success && success != "":
		return one(out, success)
	case r == event.Failure:
		return one(out, failure)
	}
	return out
}

func amount(out []velocity.Contribution, ev *event.Event, element, counter string) []velocity.Contribution {
	el := ev.Find(element)
	if el == nil {
		return out
	}
	minor, err := strconv.ParseInt(el.Value, 10, 64)
	if err != nil {
		return out // a money element's value is a decimal by contract; an incomplete one is empty
	}
	// Some applications write a refund as a negative amount. It adds all the same: a visitor who sends a minus must not
	// take back what was counted before.
	if minor = max(minor, -math.MaxInt64); minor < 0 {
		minor = -minor
	}
	return append(out, velocity.Contribution{Counter: counter, Amount: minor})
}
