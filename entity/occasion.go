package entity

import (
	"wayguard/event"
	"wayguard/velocity"
)

// Occasion is one event as the memories of all its entities see it, worked out once for all of them.
type Occasion struct {
	at            int64
	moment        velocity.Moment
	session       uint64
	contributions []velocity.Contribution
	// meetings are the values of elements that memories keep.
	meetings []meeting
	// proves says that the event shows who holds the account, buys that it is a purchase by who.
	proves, buys bool
	who          Persona
}

// Meeting is a value that an event shows beside its entities, given by its hash: the element it is of, or what stands for one.
type Meeting struct {
	Element string
	Hash    uint64
}

type meeting struct {
	circle circle
	hash   uint64
}

// Fill makes the occasion that of an event in a session, with what it adds to the counters. hashes are velocity.HashOf the
// elements' values, in their order; others are what is to be kept beside them. The occasion holds parts of the event as long as
// it is used.
func (o *Occasion) Fill(e *event.Event, session uint64, contributions []velocity.Contribution, hashes []uint64, others []Meeting) {
	o.at, o.moment, o.session, o.contributions = e.Time.UnixMicro(), velocity.MomentOf(e.Time), session, contributions
	o.meetings = o.meetings[:0]
	for i := range e.Elements {
		if other := &e.Elements[i]; other.Value != "" {
			if c := circleOf(other.Name); c != noCircle {
				o.meetings = append(o.meetings, meeting{c, hashes[i]})
			}
		}
	}
	for _, m := range others {
		if c := circleOf(m.Element); c != noCircle {
			o.meetings = append(o.meetings, meeting{c, m.Hash})
		}
	}
	o.proves = Proves(e)
	o.who, o.buys = personaOf(e)
}

// Moment is the event's time.
func (o *Occasion) Moment() velocity.Moment { return o.moment }

// Companion says whether the distinct values of the element are kept per entity; "session" stands for the session's id.
func Companion(element string) bool { return circleOf(element) != noCircle }

// Companions lists the elements whose distinct values are kept per entity.
func Companions() []string {
	return []string{"card_bin", "country", "customer_id", "device_fingerprint", "email", "gift_card", "ip_address", "network", "order_id",
		"payment_from", "phone", "product_id", "promo_code", "referral_code", "route", "session", "shipping_address", "tool", "username"}
}

// circle names an element whose values are kept, in one byte. The numbers are stored: a new one comes last, and has no bit where
// proven has one.
type circle uint8

const (
	noCircle circle = iota
	countryCircle
	deviceCircle
	emailCircle
	giftCardCircle
	addressCircle
	orderCircle
	paymentCircle
	sessionCircle
	usernameCircle
	customerCircle
	phoneCircle
	productCircle
	promoCircle
	shippingCircle
	referralCircle
)

const (
	toolCircle circle = iota + 2*proven
	networkCircle
	binCircle
	routeCircle
	circleEnd
)

// proven stands beside a circle where it holds only what a proof of the account showed.
const proven circle = 1 << 4

// circleCount is the number of different circles, proven ones among them.
const circleCount = int(proven) + int(circleEnd)

func circleOf(element string) circle {
	switch element {
	case "country":
		return countryCircle
	case "device_fingerprint":
		return deviceCircle
	case "email":
		return emailCircle
	case "gift_card":
		return giftCardCircle
	case "ip_address":
		return addressCircle
	case "order_id":
		return orderCircle
	case "payment_from":
		return paymentCircle
	case "session":
		return sessionCircle
	case "username":
		return usernameCircle
	}
	return laterCircleOf(element)
}

func laterCircleOf(element string) circle {
	switch element {
	case "customer_id":
		return customerCircle
	case "phone":
		return phoneCircle
	case "product_id":
		return productCircle
	case "promo_code":
		return promoCircle
	case "shipping_address":
		return shippingCircle
	case "referral_code":
		return referralCircle
	case "tool":
		return toolCircle
	case "network":
		return networkCircle
	case "card_bin":
		return binCircle
	case "route":
		return routeCircle
	}
	return noCircle
}

// Account says which entities name an account.
func Account(element string) bool {
	return element == "username" || element == "customer_id" || element == "email"
}

// Proves says whether the event shows that the visitor holds the account it names: a login or a sign-up that succeeded.
// Anybody can name an account in a login that fails or in a request for a new password.
func Proves(e *event.Event) bool {
	return e.Result == event.Success && (e.Type == event.AuthenticationAttempt || e.Type == event.AccountCreation)
}
