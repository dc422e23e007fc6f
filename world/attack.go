package world

// prepare plans what an attacker does before the first attempt.
func (w *World) prepare(v *visit, c *campaign) {
	switch c.Level {
	case 2:
		if v.dice.chance(0.3) {
			v.add(StepHome)
		}
	case 3:
		w.land(v)
		w.browse(v, 1+v.dice.below(4))
	case 4:
		w.land(v)
		w.browse(v, 2+v.dice.below(6))
	}
	if !c.owns() {
		return
	}
	page, step := StepLoginPage, StepLogin
	if v.account == 0 {
		page, step = StepSignupPage, StepSignup
	}
	if c.Level >= 2 {
		v.add(page)
	}
	v.right = true
	v.add(step)
}

// resume plans the next attempt; false when there is none left.
func (w *World) resume(v *visit) bool {
	c := &w.campaigns[v.campaign]
	if v.again <= 0 || c.made >= c.Attempts+c.Devices {
		return false
	}
	v.again--
	if v.place >= v.length {
		v.place, v.length = 0, 0
	}
	was := v.length
	w.attempt(v, c)
	return v.length > was
}

// attempt adds the steps of one attempt. The higher the level, the more of what a browser must do is done.
func (w *World) attempt(v *visit, c *campaign) {
	real, imitated := c.Level >= 3, c.Level >= 2
	switch c.Attack {
	case Stuffing, Cracking:
		if real || imitated && v.dice.chance(0.5) {
			v.add(StepLoginPage)
		}
		v.add(StepLogin)
	case CardTesting:
		if imitated && v.tries == 0 {
			v.tries = 1
			v.add(StepProduct, StepCart, StepCheckout)
		}
		v.add(StepPay)
	case GiftCards:
		v.add(StepGiftCard)
	case FakeAccounts, ReferralRing:
		if imitated {
			v.add(StepSignupPage)
		}
		v.add(StepSignup)
		if imitated {
			v.add(StepProduct)
		}
		v.add(StepCart)
		if c.Attack == FakeAccounts {
			v.add(StepPromo)
		}
		v.add(StepPay)
	case RefundAbuse:
		if v.account > 0 && w.accounts[v.account-1].orders > 0 {
			v.add(StepOrders, StepRefund)
		}
		v.add(StepProduct, StepCart, StepCheckout, StepPay)
	case Scraping:
		v.add(StepProduct)
		if real && v.dice.chance(0.2) {
			v.add(StepCategory)
		}
	default:
		w.attemptRest(v, c)
	}
}

func (w *World) attemptRest(v *visit, c *campaign) {
	real := c.Level >= 3
	switch c.Attack {
	case Hoarding:
		v.add(StepProduct, StepCart)
		if c.number%2 == 0 || c.Level == 4 {
			v.add(StepPay)
		}
	case Enumeration:
		v.add(StepOrder)
	case TokenForwarding:
		v.add(StepAccount, StepProduct, StepCart, StepPay)
	case Takeover:
		if c.Level >= 1 {
			v.add(StepLoginPage)
		}
		v.add(StepLogin, StepAccount)
		if c.Level < 4 || v.dice.chance(0.5) {
			v.add([2]Step{StepPassword, StepProfile}[v.dice.below(2)])
		}
		v.add(StepProduct, StepCart, StepPay)
	case AgentAbuse:
		if real {
			v.add(StepSearch)
		}
		v.add(StepProduct, StepCart, StepCheckout, StepPay)
	case Noise:
		v.add([4]Step{StepSearch, StepProbe, StepHome, StepProbe}[v.dice.below(4)])
	}
}

// attempts says whether the step is what the attack is about.
func attempts(a Attack, s Step) bool {
	switch a {
	case Stuffing, Cracking:
		return s == StepLogin
	case CardTesting:
		return s == StepPay
	case GiftCards:
		return s == StepGiftCard
	case FakeAccounts:
		return s == StepSignup
	case ReferralRing:
		return s == StepSignup || s == StepPay
	case RefundAbuse:
		return s == StepRefund
	case Scraping:
		return s == StepProduct
	case Hoarding:
		return s == StepCart
	case Enumeration:
		return s == StepOrder
	case Takeover:
		return s == StepLogin || s == StepPassword || s == StepPay
	case AgentAbuse:
		return s == StepPay
	case TokenForwarding, Noise:
		return true
	}
	return false
}

// loses says whether there is damage when the step succeeds.
func loses(a Attack, s Step) bool {
	switch a {
	case CardTesting, ReferralRing, AgentAbuse, TokenForwarding:
		return s == StepPay
	case GiftCards:
		return s == StepGiftCard
	case FakeAccounts:
		return s == StepPromo
	case RefundAbuse:
		return s == StepRefund
	case Hoarding:
		return s == StepCart || s == StepPay
	case Enumeration:
		return s == StepOrder
	case Takeover:
		return s == StepPassword || s == StepPay
	}
	return false
}

// aim chooses whose account is tried, and whether the password is right.
func (c *campaign) aim(w *World, v *visit) {
	d := &v.dice
	switch c.Attack {
	case Stuffing:
		at := d.float()
		v.stranger, v.right = at < 0.55, at > 0.99
		v.account = uint32(d.below(w.natural)) + 1
	case Cracking:
		v.stranger, v.right = false, d.chance(0.002)
		if c.Level < 2 {
			v.account = uint32(mix(uint64(c.number), uint64(c.made/40))%uint64(w.natural)) + 1
			return
		}
		v.account = uint32(d.below(w.natural)) + 1
	case Takeover:
		v.stranger, v.right = false, true
		v.account = uint32(d.below(w.natural)) + 1
	default:
		v.stranger, v.right = false, true
	}
}

// forge makes a new account look as the farm makes them, and gives its phone number.
func (c *campaign) forge(w *World, v *visit, a *account) (phone uint64) {
	if c.Attack == FakeAccounts {
		c.sequence++
		a.seed, a.named = uint64(c.number), uint32(c.sequence)
		if c.Level >= 3 {
			a.seed = v.dice.next()
		}
	}
	throwaway := [LevelCount]float64{0.7, 0.6, 0.2, 0, 0}[c.Level]
	if (c.Attack == FakeAccounts || c.Attack == ReferralRing) && v.dice.chance(throwaway) {
		a.domain = uint8(ordinaryDomains + v.dice.below(len(w.domains)-ordinaryDomains))
	}
	if c.Level <= 1 {
		return mix(uint64(c.number), uint64(v.dice.below(3)))
	}
	return v.dice.next()
}

// charge is what is paid, whether the bank approves it, and whose phone and address go with it.
func (c *campaign) charge(w *World, v *visit) (cents uint64, approved bool, who uint64) {
	d := &v.dice
	who = uint64(v.truth.Person)
	switch c.Attack {
	case CardTesting:
		if v.card == 0 || d.chance(0.75) { // else another security code for the same card
			c.sequence++
			v.card, v.bin = c.sequence, c.bin
		}
		if c.Level >= 2 {
			who = d.next()
		}
		return 100 + uint64(d.below(400)), d.chance(0.08), who
	case Takeover, TokenForwarding:
		if v.account > 0 {
			who = uint64(w.accounts[v.account-1].owner) + 1
		}
		v.card = mix(who, 0, 21)
		v.bin = uint16(v.card % binCount)
		return 20000 + uint64(d.below(40000)), d.chance(0.9), uint64(v.truth.Person)
	case FakeAccounts, ReferralRing, Hoarding, AgentAbuse:
		v.card = mix(who, uint64(v.account), 23)
		if c.Level <= 2 {
			v.card = mix(uint64(c.number), uint64(d.below(4)), 23)
		}
		who = mix(uint64(c.number), uint64(d.below(2)))
	default:
		v.card = mix(who, 0, 21)
	}
	v.bin = uint16(v.card % binCount)
	return uint64(d.logNormal(4000, 0.5)), d.chance(0.95), who
}

// walk is the order asked for: the next one, or any.
func (c *campaign) walk(w *World, v *visit) uint64 {
	if c.Attack != Enumeration {
		if v.account > 0 {
			return w.accounts[v.account-1].order
		}
		return v.order
	}
	c.sequence++
	if c.Level >= 3 {
		return firstOrder + 1 + v.dice.next()%(w.orders-firstOrder+50)
	}
	return firstOrder + 1 + c.sequence%(w.orders-firstOrder+50)
}

// guess is the gift card tried.
func (c *campaign) guess(v *visit) (number uint64, known bool) {
	c.sequence++
	return mix(c.sequence, 33), v.dice.chance(0.005)
}

// pick is the product looked at.
func (c *campaign) pick(w *World, v *visit) uint32 {
	switch c.Attack {
	case Scraping:
		if v.priming {
			break
		}
		c.sequence++
		if c.Level >= 3 {
			return uint32(mix(c.sequence, 35) % productCount)
		}
		return uint32(c.sequence % productCount)
	case Hoarding, AgentAbuse:
		return w.hot()
	}
	return uint32(w.catalogue.draw(&v.dice))
}
