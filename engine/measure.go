package engine

import (
	"math"
	"strconv"

	"wayguard/event"
	"wayguard/velocity"
)

// Contributions is what one event adds to the counters that rule.Counters lists, but for those that its session and its verdict
// decide: sessions, suspicious_sessions, malicious_sessions and loss.
func Contributions(ev *event.Event) []velocity.Contribution { return AppendContributions(nil, ev) }

// AppendContributions adds them to out.
func AppendContributions(out []velocity.Contribution, ev *event.Event) []velocity.Contribution {
	out = one(out, "events")
	if ev.Result == event.Blocked {
		out = one(out, "blocked")
	}
	out = byStatus(byKind(out, ev.Evidence.Wire.Kind), ev.HTTP.Status)
	switch ev.Type {
	case event.Transaction:
		out = byResult(one(out, "payments"), ev.Result, "payment_successes", "payment_failures")
		if ev.Result == event.Success {
			out = amount(out, ev, "transaction_amount", "payment_amount")
		}
		return out
	case event.RefundRequest:
		return amount(byResult(one(out, "refunds"), ev.Result, "refund_successes", ""), ev, "refund_amount", "refund_amount")
	case event.SessionUpdate:
		return one(out, "page_views")
	case event.ProductView:
		return one(one(out, "page_views"), "product_views")
	case event.ProductSearch:
		return one(one(out, "page_views"), "searches")
	}
	counter, success, failure := tally(ev.Type)
	if counter == "" {
		return out
	}
	return byResult(one(out, counter), ev.Result, success, failure)
}

// tally is what an event of a type adds to: its counter, and those of its results; empty where there is none.
func tally(t event.Type) (counter, success, failure string) {
	switch t {
	case event.AuthenticationAttempt:
		return "logins", "login_successes", "login_failures"
	case event.AuthenticationChallenge:
		return "challenges", "", ""
	case event.Logout:
		return "logouts", "", ""
	case event.AccountCreation:
		return "signups", "signup_successes", "signup_failures"
	case event.AccountUpdate:
		return "account_updates", "", ""
	case event.PasswordResetRequest:
		return "password_resets", "", ""
	case event.CredentialChange, event.PasswordReset:
		return "credential_changes", "", ""
	}
	return businessTally(t)
}

func businessTally(t event.Type) (counter, success, failure string) {
	switch t {
	case event.CartUpdate:
		return "cart_updates", "", ""
	case event.Checkout:
		return "checkouts", "", ""
	case event.PaymentMethodUpdate:
		return "payment_method_updates", "", ""
	case event.PromotionRedemption:
		return "promotions", "", "promotion_failures"
	case event.GiftCardCheck:
		return "gift_card_checks", "gift_card_successes", "gift_card_failures"
	case event.Dispute:
		return "disputes", "", ""
	case event.ContentCreation:
		return "contents", "", ""
	case event.MessageSent:
		return "messages", "", ""
	case event.SupportRequest:
		return "support_requests", "", ""
	}
	return "", "", ""
}

func byKind(out []velocity.Contribution, kind event.RequestKind) []velocity.Contribution {
	switch {
	case kind == event.Document:
		return one(out, "documents")
	case kind == event.Data:
		return one(out, "data_calls")
	case kind.Asset():
		return one(out, "assets")
	}
	return out
}

func byStatus(out []velocity.Contribution, status int) []velocity.Contribution {
	switch {
	case status == 404:
		return one(out, "not_found")
	case status == 401, status == 403:
		return one(out, "forbidden")
	case status == 400, status == 405, status == 422:
		return one(out, "client_errors")
	case status >= 500:
		return one(out, "server_errors")
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
	case r == event.Failure && failure != "":
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
