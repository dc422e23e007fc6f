package traffic

import (
	"math/rand/v2"
	"strings"
	"time"

	"wayguard/sim/shop"
)

// act is one thing a visitor does.
type act string

// The acts.
const (
	lookHome     act = "home"
	lookCategory act = "category"
	lookProduct  act = "product"
	seek         act = "search"
	signIn       act = "sign_in"
	mistype      act = "mistype"
	signUp       act = "sign_up"
	addToCart    act = "add"
	lookCart     act = "cart"
	usePromo     act = "promo"
	checkGift    act = "gift_balance"
	useGift      act = "gift_card"
	mistypeCard  act = "mistype_card"
	pay          act = "pay"
	lookOrders   act = "orders"
	askRefund    act = "refund"
	editProfile  act = "profile"
	writeReview  act = "review"
	askSupport   act = "support"
	forgetIt     act = "reset_password"
	watchStock   act = "watch"
	chat         act = "chat"
	signOut      act = "sign_out"
)

// step is an act, what it is about, and the time to think before it.
type step struct {
	do    act
	what  string
	think time.Duration
}

// script is one planned visit.
type script struct {
	Steps []step
	// Pause is the time until the person comes again.
	Pause time.Duration
	// away says that the visit is made with the phone, from the mobile network.
	away bool
}

// planner builds a script.
type planner struct {
	r     *rand.Rand
	steps []step
}

// formTime is the least that a person takes to fill in a form; who has a password manager is hardly faster.
const formTime = 3200 * time.Millisecond

func (p *planner) add(do act, what string) {
	think := 400*time.Millisecond + time.Duration(p.r.ExpFloat64()*float64(900*time.Millisecond))
	if do == pay || do == mistypeCard {
		think += formTime
	}
	p.steps = append(p.steps, step{do, what, min(think, 6*time.Second)})
}

func (p *planner) chance(percent int) bool { return p.r.IntN(100) < percent }

// goods draws an article; final-sale ones only when they are asked for.
func (p *planner) goods(finalSale bool, most int64) shop.Product {
	var fitting []shop.Product
	for _, g := range shop.Products() {
		if g.FinalSale == finalSale && g.Price <= most {
			fitting = append(fitting, g)
		}
	}
	return fitting[p.r.IntN(len(fitting))]
}

// planVisit is what a person does on the visit with that number.
func planVisit(seed uint64, who Person, number int) script {
	p := &planner{r: randomness(seed, "visit", uint64(who.Number), uint64(number))} //nolint:gosec // both are small
	v := script{away: who.Persona != AppUser && p.chance(12), Pause: cycle/2 + time.Duration(p.r.Int64N(int64(cycle)))}
	if who.Persona == AppUser && p.chance(30) {
		p.add(signIn, "")
	}
	p.browse()
	switch who.Persona {
	case Browser:
		p.pastime()
	case Newcomer:
		if number == 0 {
			p.add(signUp, "")
		} else {
			p.enter(0)
		}
		p.buy(30000)
	case Forgetful:
		p.enter(1 + p.r.IntN(3))
		if p.chance(60) {
			p.buy(25000)
		}
	case Returner:
		p.enter(5)
		// What was bought on the visit before is sent back on this one.
		if number%2 == 1 {
			p.add(lookOrders, "")
			p.add(askRefund, "")
			break
		}
		v.away = false
		v.Pause /= 8
		p.buy(19900)
	case Regretful:
		p.enter(0)
		if number%2 == 1 {
			p.add(lookOrders, "")
			p.add(askRefund, "")
			break
		}
		p.purchase(p.goods(true, 50000))
		v.Pause = 12 * time.Second
		v.away = false
	default:
		p.enter(6)
		if p.chance(70) {
			p.buy(60000)
		}
		if p.chance(15) {
			p.add(editProfile, "")
		}
		p.pastime()
	}
	if p.chance(35) {
		p.add(signOut, "")
	}
	v.Steps = p.steps
	return v
}

// browse looks around.
func (p *planner) browse() {
	p.add(lookHome, "")
	for range 1 + p.r.IntN(3) {
		switch p.r.IntN(3) {
		case 0:
			p.add(seek, strings.Fields("tent boots jacket bottle watch socks stove")[p.r.IntN(7)])
		case 1:
			p.add(lookCategory, strings.Fields("camping packs clothing footwear accessories")[p.r.IntN(5)])
		}
		p.add(lookProduct, p.goods(p.chance(10), 70000).SKU)
	}
}

// enter signs in. Below 5, mistakes is how often the password is wrong before; else it is the percentage of those who are
// wrong once.
func (p *planner) enter(mistakes int) {
	if mistakes >= 5 {
		mistakes = min(1, max(0, mistakes-p.r.IntN(100)))
	}
	for range mistakes {
		p.add(mistype, "")
	}
	if mistakes == 3 && p.chance(60) {
		p.add(forgetIt, "")
	}
	p.add(signIn, "")
}

func (p *planner) buy(most int64) { p.purchase(p.goods(false, most)) }

func (p *planner) purchase(g shop.Product) {
	p.add(lookProduct, g.SKU)
	p.add(addToCart, g.SKU)
	p.add(lookCart, "")
	switch {
	case p.chance(10):
		p.add(usePromo, "WELCOME10")
	case p.chance(3):
		p.add(useGift, decimal(p.r.IntN(shop.SeededGiftCards)))
	}
	if p.chance(5) {
		p.add(mistypeCard, "")
	}
	p.add(pay, "")
}

// pastime is what people do beside buying.
func (p *planner) pastime() {
	switch p.r.IntN(12) {
	case 0:
		p.add(watchStock, "")
	case 1:
		p.add(chat, "Is the tent in stock?")
	case 2:
		p.add(askSupport, "product")
	case 3:
		p.add(checkGift, decimal(p.r.IntN(shop.SeededGiftCards)))
	case 4:
		p.add(writeReview, p.goods(false, 60000).SKU)
	}
}
