package event

// Type groups similar events. The set is finite and documented in docs/specs.md.
type Type string

// The event types.
const (
	AccountCreation         Type = "account_creation"
	AccountUpdate           Type = "account_update"
	AccountClosure          Type = "account_closure"
	CredentialChange        Type = "credential_change"
	AuthenticationAttempt   Type = "authentication_attempt"
	AuthenticationChallenge Type = "authentication_challenge"
	Logout                  Type = "logout"
	PasswordResetRequest    Type = "password_reset_request"
	PasswordReset           Type = "password_reset"
	ProductSearch           Type = "product_search"
	ProductView             Type = "product_view"
	CartUpdate              Type = "cart_update"
	Checkout                Type = "checkout"
	Transaction             Type = "transaction"
	PaymentMethodUpdate     Type = "payment_method_update"
	OrderUpdate             Type = "order_update"
	GiftCardCheck           Type = "gift_card_check"
	PromotionRedemption     Type = "promotion_redemption"
	RefundRequest           Type = "refund_request"
	RefundUpdate            Type = "refund_update"
	Dispute                 Type = "dispute"
	PaymentDecision         Type = "payment_decision"
	ContentCreation         Type = "content_creation"
	MessageSent             Type = "message"
	SupportRequest          Type = "support_request"
	SessionUpdate           Type = "session_update"
)

// TypeInfo names a type for people.
type TypeInfo struct {
	Type  Type   `json:"type"`
	Human string `json:"human"`
	// Group is the part of the business it belongs to.
	Group string `json:"group"`
}

// Types lists every event type in the order they are documented in.
func Types() []TypeInfo {
	return []TypeInfo{
		{AccountCreation, "Account Creation", "accounts"},
		{AccountUpdate, "Account Update", "accounts"},
		{AccountClosure, "Account Closure", "accounts"},
		{CredentialChange, "Credential Change", "accounts"},
		{AuthenticationAttempt, "Authentication Attempt", "authentication"},
		{AuthenticationChallenge, "Authentication Challenge", "authentication"},
		{Logout, "Logout", "authentication"},
		{PasswordResetRequest, "Password Reset Request", "authentication"},
		{PasswordReset, "Password Reset", "authentication"},
		{ProductSearch, "Product Search", "commerce"},
		{ProductView, "Product View", "commerce"},
		{CartUpdate, "Cart Update", "commerce"},
		{Checkout, "Checkout", "commerce"},
		{Transaction, "Transaction", "commerce"},
		{PaymentMethodUpdate, "Payment Method Update", "commerce"},
		{OrderUpdate, "Order Update", "commerce"},
		{GiftCardCheck, "Gift Card Check", "commerce"},
		{PromotionRedemption, "Promotion Redemption", "commerce"},
		{RefundRequest, "Refund Request", "refunds"},
		{RefundUpdate, "Refund Update", "refunds"},
		{Dispute, "Dispute", "disputes"},
		{PaymentDecision, "Payment Decision", "commerce"},
		{ContentCreation, "Content Creation", "content"},
		{MessageSent, "Message", "content"},
		{SupportRequest, "Support Request", "support"},
		{SessionUpdate, "Session Update", "session"},
	}
}

// Known says whether t is one of Types.
func (t Type) Known() bool {
	for _, info := range Types() {
		if info.Type == t {
			return true
		}
	}
	return false
}

// Human is the type's name for people, the bare type when it is not known.
func (t Type) Human() string {
	for _, info := range Types() {
		if info.Type == t {
			return info.Human
		}
	}
	return string(t)
}

// Result is how an exchange ended.
type Result string

// The results. The empty Result means that nothing told.
const (
	// Success means that the application did what was asked.
	Success Result = "success"
	// Failure means that the application refused.
	Failure Result = "failure"
	// Challenged means that the application asked for more, such as a second factor.
	Challenged Result = "challenged"
	// Blocked means that Wayguard answered instead of the application.
	Blocked Result = "blocked"
)

// Known says whether r is a result a spec may give.
func (r Result) Known() bool {
	return r == "" || r == Success || r == Failure || r == Challenged || r == Blocked
}
