package world

import (
	"wayguard/element"
	"wayguard/event"
)

// outcome is what the shop answers, and what of it and of the request becomes elements.
func (w *World) outcome(v *visit, step Step, e *event.Event) {
	switch step {
	case StepProduct, StepReview:
		w.productElements(v, e)
	case StepSearch:
		e.Elements = append(e.Elements, attribute("search_term", element.String, w.arena.numbered("term ", v.object)))
	case StepLogin:
		w.login(v, e)
	case StepSignup:
		w.signup(v, e)
	case StepCart:
		w.productElements(v, e)
		w.customer(v, e)
		w.close(v, e, !v.dice.chance(w.scarce(v)), 200)
	case StepPromo:
		w.promotion(v, e)
	case StepPay:
		w.pay(v, e)
	case StepGiftCard:
		w.giftCard(v, e)
	case StepOrder, StepConfirmation:
		w.orderPage(v, step, e)
	case StepRefund:
		w.refund(v, e)
	case StepProbe:
		e.HTTP.Status = 404
	case StepLogout:
		w.customer(v, e)
		w.close(v, e, true, 303)
		v.jar.remember, v.loggedIn = 0, false
	case StepSupport, StepMessage, StepResetRequest:
		w.who(v, e)
		w.close(v, e, true, 200)
	case StepReset:
		w.who(v, e)
		w.close(v, e, true, 303)
	case StepProfile, StepPassword, StepPaymentMethod:
		w.change(v, step, e)
	}
	if step == StepSupport {
		e.Elements = append(e.Elements, attribute("support_topic", element.String, "delivery"))
	}
}

// close settles the result.
func (w *World) close(v *visit, e *event.Event, success bool, status int) {
	e.Result, e.HTTP.Status, v.won = event.Failure, 400, success
	if success {
		e.Result, e.HTTP.Status = event.Success, status
	}
}

// scarce is how likely it is that a product is sold out.
func (w *World) scarce(v *visit) float64 {
	if v.product == w.hot() {
		return 0.3
	}
	return 0.01
}

func (w *World) login(v *visit, e *event.Event) {
	attacked := v.campaign >= 0
	if attacked {
		w.campaigns[v.campaign].aim(w, v)
	} else if v.truth.Twin == Kiosk && v.tries == 0 {
		v.account = uint32(v.dice.below(len(w.accounts))) + 1
	}
	success := v.right && v.account > 0 && !v.stranger
	if !attacked {
		wrong := 0.11
		if v.jar.visitor == 0 {
			wrong = 0.25
		}
		v.stranger = !v.right && v.dice.chance(0.02)
		success = v.account > 0 && !v.stranger && (v.right || !v.dice.chance(wrong))
	}
	w.who(v, e)
	e.Elements = append(e.Elements, attribute("sign_in_method", element.String, "password"))
	w.close(v, e, success, 302)
	v.tries++
	if !success {
		e.HTTP.Status = 200 // the form again
		w.tryAgain(v)
		return
	}
	v.loggedIn = true
	w.customer(v, e)
	v.jar.session, v.jar.sessionAt = v.dice.next()|1, w.now // another session cookie: fixation would else be easy
	if v.app || v.dice.chance(0.5) {
		v.jar.remember = v.dice.next() | 1
	}
}

// tryAgain is what people do after a failed login.
func (w *World) tryAgain(v *visit) {
	switch {
	case v.campaign >= 0:
	case v.tries < 3:
		v.insert(StepLogin)
	case v.tries == 3 && v.account > 0:
		v.right = true
		v.insert(StepResetRequest, StepReset, StepLogin)
	}
}

func (w *World) signup(v *visit, e *event.Event) {
	var d dice = dice(v.dice.next())
	owner := max(v.truth.Person, 1) - 1
	if v.campaign < 0 && v.account > 0 && v.truth.Account {
		w.who(v, e)
		w.close(v, e, false, 303)
		return
	}
	v.account, v.stranger = w.open(&d, owner, w.now), false
	a := &w.accounts[v.account-1]
	phone := a.seed
	if v.campaign >= 0 {
		phone = w.campaigns[v.campaign].forge(w, v, a)
	} else {
		w.persons[owner].account = v.account
	}
	w.who(v, e)
	w.phone(phone, e)
	if v.campaign >= 0 && v.truth.Attack == ReferralRing {
		e.Elements = append(e.Elements, entityOf("referral_code", element.String, w.arena.numbered("REF-", uint64(v.truth.Actor)), nil))
	}
	w.close(v, e, true, 303)
	v.loggedIn = true
	v.jar.session, v.jar.sessionAt = v.dice.next()|1, w.now
}

func (w *World) promotion(v *visit, e *event.Event) {
	w.customer(v, e)
	code, valid := uint64(v.dice.below(12)), v.dice.chance(0.8)
	if v.campaign >= 0 {
		code, valid = 3, true
	}
	e.Elements = append(e.Elements, attribute("promo_code", element.String, w.arena.numbered("save", code)))
	w.close(v, e, valid, 303)
}

func (w *World) pay(v *visit, e *event.Event) {
	amount, approved := uint64(v.dice.logNormal(4500, 0.8)), !v.dice.chance(0.05)
	seed := uint64(v.truth.Person)
	switch {
	case v.campaign >= 0:
		amount, approved, seed = w.campaigns[v.campaign].charge(w, v)
	case v.tries == 0 || v.card == 0:
		v.card = mix(uint64(v.truth.Person), uint64(v.dice.below(2)), 21)
		v.bin = uint16(v.card % binCount)
	}
	if v.account > 0 {
		w.who(v, e)
		w.customer(v, e)
	} else {
		guest := account{seed: mix(seed, 5), named: uint32(seed), domain: uint8(seed % ordinaryDomains)}
		text, parts := w.mailbox(&guest)
		e.Elements = append(e.Elements, entityOf("email", element.Email, text, parts))
	}
	w.phone(mix(seed, 6), e)
	w.delivery(mix(seed, 7), e)
	w.payment(v, e)
	w.money("transaction_amount", amount, e)
	e.Elements = append(e.Elements, attribute("transaction_currency", element.Currency, "USD"))
	w.productElements(v, e)
	w.close(v, e, approved, 303)
	if !approved {
		e.HTTP.Status = 402
		e.Elements = append(e.Elements, attribute("decline_code", element.String, declines()[v.dice.below(3)]))
		if v.campaign < 0 && v.dice.chance(0.7) && v.tries < 6 {
			v.tries += 2
			v.insert(StepPay)
		}
		return
	}
	v.order = w.newOrder(v)
	w.orderElement(v, e)
}

func declines() [3]string { return [3]string{"insufficient_funds", "incorrect_cvc", "do_not_honor"} }

// newOrder is the number of an order: the shop counts them, which is what enumeration lives on.
func (w *World) newOrder(v *visit) uint64 {
	w.orders++
	if v.account > 0 {
		a := &w.accounts[v.account-1]
		a.orders, a.last, a.order = a.orders+1, w.now, w.orders
	}
	return w.orders
}

func (w *World) chooseOrder(v *visit, step Step) {
	switch {
	case v.campaign >= 0 && step == StepOrder:
		v.order = w.campaigns[v.campaign].walk(w, v)
	case step != StepConfirmation && v.account > 0:
		v.order = w.accounts[v.account-1].order
	}
}

func (w *World) orderPage(v *visit, step Step, e *event.Event) {
	w.customer(v, e)
	if v.order == 0 {
		e.HTTP.Status = 404
		return
	}
	w.orderElement(v, e)
	v.won = true
	if v.campaign >= 0 && step == StepOrder && v.truth.Attack == Enumeration {
		// Some orders are shown to whoever is logged in: that is the hole.
		if v.won = v.dice.chance(0.3); !v.won {
			e.HTTP.Status = 403
		}
	}
}

func (w *World) giftCard(v *visit, e *event.Event) {
	number, known := mix(uint64(v.truth.Person), 31), !v.dice.chance(0.2)
	if v.campaign >= 0 {
		number, known = w.campaigns[v.campaign].guess(v)
	} else if !known {
		number = mix(number, uint64(v.requests)) // mistyped
		if v.tries < 2 {
			v.tries++
			v.insert(StepGiftCard)
		}
	}
	e.Elements = append(e.Elements, entityOf("gift_card", element.String, w.arena.hash(number), nil))
	if known {
		w.money("gift_card_balance", 2500, e)
	}
	w.close(v, e, known, 200)
}

func (w *World) refund(v *visit, e *event.Event) {
	w.who(v, e)
	w.customer(v, e)
	w.orderElement(v, e)
	w.money("refund_amount", uint64(v.dice.logNormal(4000, 0.6)), e)
	e.Elements = append(e.Elements, attribute("refund_reason", element.String, "did not fit"))
	w.close(v, e, v.order != 0, 200)
}

func (w *World) change(v *visit, step Step, e *event.Event) {
	w.who(v, e)
	w.customer(v, e)
	switch step {
	case StepProfile:
		w.phone(v.dice.next(), e)
	case StepPaymentMethod:
		v.card = mix(uint64(v.truth.Person), 2, 21)
		v.bin = uint16(v.card % binCount)
		w.payment(v, e)
	}
	w.close(v, e, v.loggedIn, 303)
}

// freePages is how much of the catalogue an actor may read before it counts as taken.
const freePages = 50

// mark says what of the truth only the outcome tells.
func (w *World) mark(v *visit, step Step, item *Item) {
	if v.campaign < 0 {
		return
	}
	c := &w.campaigns[v.campaign]
	item.Truth.Attempt = !v.primes() && attempts(c.Attack, step)
	item.Truth.Loss = !v.primes() && v.won && loses(c.Attack, step)
	if item.Truth.Attempt {
		c.made++
		// The catalogue is public: what is lost is what no person would have read.
		item.Truth.Loss = item.Truth.Loss || c.Attack == Scraping && c.made > freePages
	}
	// What a right password is good for comes next.
	if step == StepLogin && v.won && (c.Attack == Stuffing || c.Attack == Cracking) {
		v.insert(StepAccount)
		v.booty = true
	}
	if step == StepAccount && v.booty {
		item.Truth.Loss, v.booty = true, false
	}
}
