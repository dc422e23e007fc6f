package world

import "time"

// planHonest plans what a person does on a visit.
func (w *World) planHonest(v *visit, g *device, p *person) {
	d := &v.dice
	if g.twin == PriceBot {
		v.product = uint32(d.below(productCount))
		for range 40 + d.below(50) {
			v.add(StepProduct)
		}
		return
	}
	if g.twin == Kiosk || g.twin == Family && d.chance(0.3) {
		w.lend(v, p)
	}
	if !w.options.Still && w.dropping() && d.chance(0.7) {
		w.rush(v)
		return
	}
	pages := min(1+int(d.logNormal(4.5, 0.75)), 40)
	if v.stance == filledIn {
		v.add(StepLoginPage, StepLogin)
		if d.chance(0.3) {
			v.add(StepProfile)
		}
		w.browse(v, pages)
		return
	}
	if g.twin == AgentShopper {
		w.errand(v)
		return
	}
	w.land(v)
	before := d.below(pages + 1)
	w.browse(v, before)
	w.enter(v)
	w.browse(v, pages-before)
	w.business(v, g)
	if v.loggedIn && d.chance(0.03) {
		v.add(StepLogout)
	}
}

// lend lets somebody else of the household, or of the town, use the device.
func (w *World) lend(v *visit, p *person) {
	var other uint32
	if v.truth.Twin == Kiosk {
		language := w.households[p.household].language
		for range 30 { // its users live nearby
			other = uint32(v.dice.below(len(w.persons)))
			if w.households[w.persons[other].household].language == language {
				break
			}
		}
	} else {
		for n := uint32(0); n < 5; n++ {
			other = v.truth.Person - 1 + n
			if int(other) < len(w.persons) && w.persons[other].household == p.household && v.dice.chance(0.5) {
				break
			}
			other = v.truth.Person - 1
		}
	}
	if other+1 != v.truth.Person {
		v.jar.remember, v.loggedIn = 0, false
	}
	v.truth.Person, v.account = other+1, w.persons[other].account
	v.truth.Account = v.account > 0
}

// dropping says that a product has just been released.
func (w *World) dropping() bool {
	for _, at := range w.drops {
		if w.now > at-minuteMicros && w.now < at+8*minuteMicros {
			return true
		}
	}
	return false
}

// rush is how people buy what is gone in minutes.
func (w *World) rush(v *visit) {
	v.truth.Twin, v.stance, v.right = DropRush, rushed, true
	v.pace = pace{median: 3.5, sigma: 0.6}
	v.add(StepProduct, StepProduct, StepProduct, StepCart)
	if v.dice.chance(0.4) {
		v.add(StepCart)
	}
	if v.account > 0 && !v.loggedIn {
		v.add(StepLoginPage, StepLogin)
	}
	v.add(StepCheckout, StepPay, StepConfirmation)
}

// errand is what an agent does for its owner: straight to it, and no way back.
func (w *World) errand(v *visit) {
	v.add(StepHome, StepSearch, StepProduct, StepProduct)
	if !v.loggedIn {
		v.right = true
		v.add(StepLoginPage, StepLogin)
	}
	if v.dice.chance(0.4) {
		v.add(StepCart, StepCheckout, StepPay, StepConfirmation)
	}
}

// land is the first page: a search engine leads to products.
func (w *World) land(v *visit) {
	switch at := v.dice.float(); {
	case at < 0.45:
		v.add(StepHome)
	case at < 0.8:
		v.add(StepProduct)
	default:
		v.add(StepCategory)
	}
}

func (w *World) browse(v *visit, pages int) {
	for range pages {
		switch at := v.dice.float(); {
		case at < 0.48:
			v.add(StepProduct)
		case at < 0.65:
			v.add(StepCategory)
		case at < 0.78:
			v.add(StepSearch)
		case at < 0.93:
			v.add(StepBack)
		default:
			v.add(StepHome)
		}
	}
}

// enter logs in, or opens an account.
func (w *World) enter(v *visit) {
	d := &v.dice
	switch {
	case v.truth.Account && !v.loggedIn && d.chance(0.55):
		v.add(StepLoginPage, StepLogin)
		if d.chance(0.3) {
			v.add(StepAccount)
		}
	case !v.truth.Account && d.chance(0.012):
		v.add(StepSignupPage, StepSignup)
	}
}

// business is what a visit is for, in the few in which it is for anything but looking.
func (w *World) business(v *visit, g *device) {
	d := &v.dice
	buys := 0.03
	if v.truth.Account {
		buys = 0.06
	}
	if g.twin == Returner {
		buys = 0.3
	}
	if d.chance(buys) {
		v.add(StepProduct, StepCart)
		if d.chance(0.4) {
			v.add(StepProduct, StepCart)
		}
		v.add(StepCheckout)
		if d.chance(0.15) {
			v.add(StepPromo)
		}
		v.add(StepPay, StepConfirmation)
	} else if d.chance(0.08) {
		v.add(StepCart)
	}
	if v.account > 0 && v.truth.Account {
		w.afterwards(v, g)
	}
	switch at := d.float(); {
	case at < 0.004:
		v.add(StepGiftCard)
	case at < 0.008:
		v.add(StepSupport)
	case at < 0.010:
		v.add(StepMessage)
	}
}

// afterwards is what customers do with their account and what they have bought.
func (w *World) afterwards(v *visit, g *device) {
	d, a := &v.dice, &w.accounts[v.account-1]
	age := w.now - a.last
	back := 0.03
	if g.twin == Returner {
		back = 0.6
	}
	if a.orders > 0 && age > dayMicros && age < 25*dayMicros && d.chance(back) {
		w.loginFirst(v)
		v.add(StepOrders, StepOrder, StepRefund)
	}
	if a.orders > 0 && d.chance(0.05) {
		w.loginFirst(v)
		v.add(StepOrders, StepOrder)
	}
	switch at := d.float(); {
	case at < 0.003:
		w.loginFirst(v)
		v.add(StepProfile)
	case at < 0.005:
		w.loginFirst(v)
		v.add(StepPassword)
	case at < 0.007:
		w.loginFirst(v)
		v.add(StepPaymentMethod)
	case at < 0.025 && a.orders > 0:
		v.add(StepReview)
	}
}

func (w *World) loginFirst(v *visit) {
	if v.loggedIn {
		return
	}
	for _, s := range v.plan[:v.length] {
		if s == StepLogin {
			return
		}
	}
	v.add(StepLoginPage, StepLogin)
}

// The bounds of a person's time on a page. No pause within a visit is as long as the one between visits.
const (
	shortestGap = 700 * time.Millisecond
	longestGap  = 20 * time.Minute
)

// pause is the time until the visit's next request, false when there is none.
func (w *World) pause(v *visit) (gap int64, more bool) {
	if v.assets > 0 {
		return v.dice.span(20*time.Millisecond, 250*time.Millisecond), true
	}
	if v.opens && !v.loading && v.plan[v.place].page() {
		if v.assets = w.assetsOf(v); v.assets > 0 {
			return v.dice.span(60*time.Millisecond, 400*time.Millisecond), true
		}
	}
	v.place++
	if v.place >= v.length && (v.again <= 0 || !w.resume(v)) {
		return 0, false
	}
	return w.think(v), true
}

// assetsOf is how much a page makes a browser load: much at first, little when it is in its cache.
func (w *World) assetsOf(v *visit) uint8 {
	if v.loaded == 0 && v.requests <= 1 {
		if v.jar.visitorAt > 0 && w.now-v.jar.visitorAt > minuteMicros && v.dice.chance(0.6) {
			v.loaded = 4 // all of it in the cache since the last visit
			return 1
		}
		return 4
	}
	if v.dice.chance(0.25) {
		return 1
	}
	return 0
}

// think is how long a visitor stays on a page.
func (w *World) think(v *visit) int64 {
	if v.pace.high > 0 {
		return int64((v.pace.low + (v.pace.high-v.pace.low)*v.dice.float()) * float64(secondMicros))
	}
	median := v.pace.median
	switch v.plan[v.place] {
	case StepLogin, StepPromo, StepGiftCard:
		median *= 0.8
	case StepPay, StepSignup, StepSupport:
		median *= 3
	}
	if v.stance == filledIn && v.plan[v.place] == StepLogin {
		median = 2.5
	}
	gap := int64(v.dice.logNormal(median, v.pace.sigma) * float64(secondMicros))
	return min(max(gap, shortestGap.Microseconds()), longestGap.Microseconds())
}
