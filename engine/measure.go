package engine

import (
	"math"
	"strconv"

	"wayguard/event"
	"wayguard/velocity"
)

// Contributions is what one event adds to the counters that rule.Counters lists.
func Contributions(ev *event.Event) []velocity.Contribution {
	out := []velocity.Contribution{{Counter: "events", Amount: 1}}
	one := func(counter string) { out = append(out, velocity.Contribution{Counter: counter, Amount: 1}) }
	if ev.Result == event.Blocked {
		one("blocked")
	}
	switch ev.Type {
	case event.AuthenticationAttempt:
		one("logins")
		byResult(ev.Result, one, "login_successes", "login_failures")
	case event.AuthenticationChallenge:
		one("challenges")
	case event.AccountCreation:
		one("signups")
	case event.PasswordResetRequest:
		one("password_resets")
	case event.CredentialChange, event.PasswordReset:
		one("credential_changes")
	case event.CartUpdate:
		one("cart_updates")
	case event.PromotionRedemption:
		one("promotions")
	case event.Transaction:
		one("payments")
		byResult(ev.Result, one, "payment_successes", "payment_failures")
		if ev.Result == event.Success {
			out = amount(out, ev, "transaction_amount", "payment_amount")
		}
	case event.RefundRequest:
		one("refunds")
		out = amount(out, ev, "refund_amount", "refund_amount")
	case event.GiftCardCheck:
		one("gift_card_checks")
		byResult(ev.Result, one, "", "gift_card_failures")
	case event.SessionUpdate, event.ProductView, event.ProductSearch:
		one("page_views")
	}
	return out
}

func byResult(r event.Result, one func(string), success, failure string) {
	switch {
	case r == event.Success && success != "":
		one(success)
	case r == event.Failure:
		one(failure)
	}
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
