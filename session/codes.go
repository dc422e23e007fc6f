package session

import "wayguard/event"

// The numbers in this file are stored: a new name gets a new number, and none is ever used again.

// counterCount is one more than the highest number of a counter.
const counterCount = 47

// counterCode is the number under which a counter is kept, 0 for one that has none.
func counterCode(name string) uint8 {
	switch name {
	case "events":
		return 1
	case "sessions":
		return 2
	case "suspicious_sessions":
		return 3
	case "malicious_sessions":
		return 4
	case "blocked":
		return 5
	case "challenges":
		return 6
	case "page_views":
		return 7
	case "documents":
		return 8
	case "assets":
		return 9
	case "data_calls":
		return 10
	case "product_views":
		return 11
	case "searches":
		return 12
	case "not_found":
		return 13
	case "forbidden":
		return 14
	case "client_errors":
		return 15
	case "server_errors":
		return 16
	}
	return businessCode(name)
}

func businessCode(name string) uint8 {
	switch name {
	case "logins":
		return 17
	case "login_failures":
		return 18
	case "login_successes":
		return 19
	case "logouts":
		return 20
	case "password_resets":
		return 21
	case "credential_changes":
		return 22
	case "signups":
		return 23
	case "signup_successes":
		return 24
	case "signup_failures":
		return 25
	case "account_updates":
		return 26
	case "payment_method_updates":
		return 27
	case "payments":
		return 28
	case "payment_failures":
		return 29
	case "payment_successes":
		return 30
	case "payment_amount":
		return 31
	}
	return commerceCode(name)
}

func commerceCode(name string) uint8 {
	switch name {
	case "checkouts":
		return 32
	case "cart_updates":
		return 33
	case "refunds":
		return 34
	case "refund_successes":
		return 35
	case "refund_amount":
		return 36
	case "disputes":
		return 37
	case "loss":
		return 38
	case "gift_card_checks":
		return 39
	case "gift_card_failures":
		return 40
	case "gift_card_successes":
		return 41
	case "promotions":
		return 42
	case "promotion_failures":
		return 43
	case "messages":
		return 44
	case "support_requests":
		return 45
	case "contents":
		return 46
	}
	return 0
}

// elementCode is the number under which the values of an element are kept, 0 for one that has none.
func elementCode(name string) uint8 {
	switch name {
	case "username":
		return 1
	case "email":
		return 2
	case "customer_id":
		return 3
	case "phone":
		return 4
	case "ip_address":
		return 5
	case "device_fingerprint":
		return 6
	case "payment_from":
		return 7
	case "gift_card":
		return 8
	case "country":
		return 9
	case "order_id":
		return 10
	case "product_id":
		return 11
	case "promo_code":
		return 12
	case "referral_code":
		return 13
	case "shipping_address":
		return 14
	case "network":
		return 15
	case "card_bin":
		return 16
	case "route":
		return 17
	case "tool":
		return 18
	}
	return 0
}

// typeCount is one more than the highest number of a type.
const typeCount = 27

// typeCode is the number of an event type, 0 for one that has none.
func typeCode(t event.Type) uint8 {
	switch t {
	case event.AccountCreation:
		return 1
	case event.AccountUpdate:
		return 2
	case event.AccountClosure:
		return 3
	case event.CredentialChange:
		return 4
	case event.AuthenticationAttempt:
		return 5
	case event.AuthenticationChallenge:
		return 6
	case event.Logout:
		return 7
	case event.PasswordResetRequest:
		return 8
	case event.PasswordReset:
		return 9
	case event.ProductSearch:
		return 10
	case event.ProductView:
		return 11
	case event.CartUpdate:
		return 12
	}
	return laterTypeCode(t)
}

func laterTypeCode(t event.Type) uint8 {
	switch t {
	case event.Checkout:
		return 13
	case event.Transaction:
		return 14
	case event.PaymentMethodUpdate:
		return 15
	case event.OrderUpdate:
		return 16
	case event.GiftCardCheck:
		return 17
	case event.PromotionRedemption:
		return 18
	case event.RefundRequest:
		return 19
	case event.RefundUpdate:
		return 20
	case event.Dispute:
		return 21
	case event.ContentCreation:
		return 22
	case event.MessageSent:
		return 23
	case event.SupportRequest:
		return 24
	case event.SessionUpdate:
		return 25
	case event.PaymentDecision:
		return 26
	}
	return 0
}

// familyCode is the number of a family of evidence, unnamed for one that has none.
func familyCode(family string) uint8 {
	for code := uint8(0); code < unnamed; code++ {
		if familyOf(code) == family {
			return code
		}
	}
	return unnamed
}

// unnamed is the number of a family whose name is written out.
const unnamed = 15

func familyOf(code uint8) string {
	switch code {
	case 1:
		return "network"
	case 2:
		return "protocol"
	case 3:
		return "identity"
	case 4:
		return "velocity"
	case 5:
		return "sequence"
	case 6:
		return "outcome"
	case 7:
		return "deception"
	case 8:
		return "content"
	case 9:
		return "agent"
	}
	return ""
}

func severityCode(s event.Severity) uint8 {
	switch s {
	case event.Trusting:
		return 1
	case event.SuspiciousLabel:
		return 2
	case event.MaliciousLabel:
		return 3
	}
	return 0
}

func severityOf(code uint8) event.Severity {
	switch code {
	case 1:
		return event.Trusting
	case 2:
		return event.SuspiciousLabel
	case 3:
		return event.MaliciousLabel
	}
	return event.Informational
}
