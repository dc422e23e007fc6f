package world

import "wayguard/event"

// Step is something a visitor does: one request, mostly.
type Step uint8

// The steps.
const (
	StepHome Step = iota
	StepCategory
	StepSearch
	StepProduct
	StepBack
	StepLoginPage
	StepLogin
	StepLogout
	StepSignupPage
	StepSignup
	StepCart
	StepCheckout
	StepPromo
	StepPay
	StepConfirmation
	StepGiftCard
	StepOrders
	StepOrder
	StepRefund
	StepSupport
	StepMessage
	StepReview
	StepAccount
	StepProfile
	StepPassword
	StepPaymentMethod
	StepResetRequest
	StepReset
	StepProbe
	StepAsset
	stepCount
)

// String is the step's name.
func (s Step) String() string { return deeds()[s].spec }

// deed is what a step looks like as an event.
type deed struct {
	name, spec    string
	typ           event.Type
	method, route string
	inline        bool
	// thing says what is named by the path, so that two products are two pages.
	thing thing
}

type thing uint8

const (
	noThing thing = iota
	aProduct
	aCategory
	aTerm
	anOrder
	aNumber
)

// deeds is indexed by Step. The names are those of the demo shop's specs where it has one.
func deeds() []deed {
	return []deed{
		StepHome:          {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/"},
		StepCategory:      {name: "Browse Products", spec: "view-category", typ: event.SessionUpdate, method: "GET", route: "/products", thing: aCategory},
		StepSearch:        {name: "Search", spec: "search", typ: event.ProductSearch, method: "GET", route: "/search", thing: aTerm},
		StepProduct:       {name: "View Product", spec: "view-product", typ: event.ProductView, method: "GET", route: "/products/{sku}", thing: aProduct},
		StepBack:          {name: "Browse Products", spec: "view-category", typ: event.SessionUpdate, method: "GET", route: "/products", thing: aCategory},
		StepLoginPage:     {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/account/login"},
		StepLogin:         {name: "Login through Form", spec: "login-form", typ: event.AuthenticationAttempt, method: "POST", route: "/account/login", inline: true},
		StepLogout:        {name: "Logout", spec: "logout", typ: event.Logout, method: "POST", route: "/account/logout"},
		StepSignupPage:    {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/account/signup"},
		StepSignup:        {name: "Account Created", spec: "signup-form", typ: event.AccountCreation, method: "POST", route: "/account/signup", inline: true},
		StepCart:          {name: "Cart Changed", spec: "cart-change", typ: event.CartUpdate, method: "POST", route: "/cart/{change}", thing: aProduct},
		StepCheckout:      {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/checkout"},
		StepPromo:         {name: "Promotion Redeemed", spec: "cart-promo", typ: event.PromotionRedemption, method: "POST", route: "/cart/promo"},
		StepPay:           {name: "Buy Product", spec: "checkout-form", typ: event.Transaction, method: "POST", route: "/checkout", inline: true},
		StepConfirmation:  {name: "View Order", spec: "view-order", typ: event.SessionUpdate, method: "GET", route: "/orders/{order}", thing: anOrder},
		StepGiftCard:      {name: "Gift Card Checked", spec: "gift-card-balance", typ: event.GiftCardCheck, method: "POST", route: "/gift-cards/balance", inline: true},
		StepOrders:        {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/orders"},
		StepOrder:         {name: "View Order", spec: "view-order", typ: event.SessionUpdate, method: "GET", route: "/orders/{order}", thing: anOrder},
		StepRefund:        {name: "Refund Requested", spec: "refund-form", typ: event.RefundRequest, method: "POST", route: "/orders/{order}/refund", inline: true, thing: anOrder},
		StepSupport:       {name: "Support Requested", spec: "support-form", typ: event.SupportRequest, method: "POST", route: "/support"},
		StepMessage:       {name: "Message Sent", spec: "message-form", typ: event.MessageSent, method: "POST", route: "/messages"},
		StepReview:        {name: "Review Written", spec: "review-form", typ: event.ContentCreation, method: "POST", route: "/products/{sku}/reviews", thing: aProduct},
		StepAccount:       {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/account"},
		StepProfile:       {name: "Profile Changed", spec: "profile-form", typ: event.AccountUpdate, method: "POST", route: "/account/profile"},
		StepPassword:      {name: "Password Changed", spec: "password-form", typ: event.CredentialChange, method: "POST", route: "/account/password", inline: true},
		StepPaymentMethod: {name: "Payment Method Changed", spec: "payment-method-form", typ: event.PaymentMethodUpdate, method: "POST", route: "/account/cards"},
		StepResetRequest:  {name: "Password Reset Requested", spec: "forgot-form", typ: event.PasswordResetRequest, method: "POST", route: "/account/forgot"},
		StepReset:         {name: "Password Reset", spec: "reset-form", typ: event.PasswordReset, method: "POST", route: "/account/reset"},
		StepProbe:         {name: "View Page", spec: "page-view", typ: event.SessionUpdate, method: "GET", route: "/{page...}", thing: aNumber},
		StepAsset:         {name: "Asset", spec: "asset", typ: event.SessionUpdate, method: "GET", route: "/assets/{file}", thing: aNumber},
	}
}

// page says that the step opens a page in a browser.
func (s Step) page() bool {
	switch s {
	case StepHome, StepCategory, StepSearch, StepProduct, StepBack, StepLoginPage, StepSignupPage, StepCheckout, StepConfirmation, StepOrders, StepOrder,
		StepAccount, StepProbe:
		return true
	}
	return false
}
