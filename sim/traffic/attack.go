package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wayguard/sim/shop"
)

// When the attacks begin, and how they go on. Waiting times are shortened as all are.
const (
	stuffingAfter = 4 * time.Second
	stuffingEvery = 90 * time.Millisecond
	bots          = 200
	scouts        = 3 // bots that try six passwords before the list is spread
	rightPairs    = 5
	cardsAfter    = 6 * time.Second
	cardsEvery    = 1200 * time.Millisecond
	refundsAfter  = 2 * time.Second
	refundsLater  = 15 * time.Second
	stuffingPause = 90 * time.Second
	cardsPause    = 30 * time.Second
	refundsPause  = 25 * time.Second
)

// pair is one line of a stolen list.
type pair struct{ email, password string }

// stuff tries a list of stolen passwords from two hundred addresses with one tool. Where a password is right, the account
// is used to buy.
func (c *crowd) stuff(ctx context.Context, wave uint64) {
	r := randomness(c.config.Seed, "stuffing", wave, 0)
	if wave == 0 && !c.wait(ctx, stuffingAfter) {
		return
	}
	right := map[int]int{}
	for n := range rightPairs {
		right[30+n*(bots-40)/rightPairs] = n
	}
	for bot := range bots {
		w := c.wire(stuffingTool(), placeIn(r, botNetworks))
		list := stolen(r, c.config.Seed, 1+r.IntN(3))
		if bot < scouts {
			list = stolen(r, c.config.Seed, 6)
		}
		last := ""
		for _, p := range list {
			last = p.email
			w.post(ctx, "/account/login", url.Values{"email": {p.email}, "password": {p.password}})
			if !c.wait(ctx, stuffingEvery+time.Duration(r.Int64N(int64(stuffingEvery)))) {
				return
			}
		}
		if n, found := right[bot]; found {
			// The victims are none of the people.
			account := shop.AccountAt(c.config.Seed, shop.SeededAccounts-1-(n+int(wave%60)*rightPairs)) //nolint:gosec // small
			card, target := anyCard(r), r.IntN(2)
			c.work.Go(func() { c.takeOver(ctx, w, account, card, []string{"DRN-500", "WCH-900"}[target]) })
			continue
		}
		c.ended(w, Stuffer, last)
	}
}

// stolen draws lines of a list: some of this shop's customers with another password, others of people it does not know.
func stolen(r *rand.Rand, seed uint64, size int) []pair {
	list := make([]pair, size)
	for i := range list {
		list[i] = pair{fmt.Sprintf("%s%d@example.com", []string{"sunny", "mike", "kate", "blue", "rob"}[r.IntN(5)], r.IntN(90000)), fmt.Sprintf("dragon%d", r.IntN(1000))}
		if r.IntN(3) == 0 {
			list[i].email = shop.AccountAt(seed, MaxPeople+r.IntN(shop.SeededAccounts-MaxPeople)).Email
		}
	}
	return list
}

// takeOver enters an account with its right password and buys something dear.
func (c *crowd) takeOver(ctx context.Context, w *wire, account shop.Account, card, sku string) {
	who := &pages{&visitor{person: Person{Account: account, Home: w.place, Card: card}, wire: w}}
	a := w.post(ctx, "/account/login", url.Values{"email": {account.Email}, "password": {account.Password}})
	who.signed = a.status == http.StatusFound
	for _, s := range []step{{do: lookOrders}, {do: addToCart, what: sku}, {do: pay}} {
		if !who.signed || !c.wait(ctx, time.Second) {
			break
		}
		who.do(ctx, s)
	}
	c.ended(w, Stuffer, account.Email)
}

// testCards finds out which of many stolen cards work, with small amounts, as a guest. It moves to the next address when
// it is refused.
func (c *crowd) testCards(ctx context.Context, wave uint64) {
	r := randomness(c.config.Seed, "cards", wave, 0)
	if wave == 0 && !c.wait(ctx, cardsAfter) {
		return
	}
	home := placeIn(r, botNetworks)
	for range 3 {
		home.Address = neighbour(r, home.Address)
		account := shop.Account{Email: fmt.Sprintf("guest%d@mailinator.com", r.IntN(1_000_000)), Name: "John Smith", Phone: "+12025550143"}
		who := &pages{&visitor{person: Person{Account: account, Home: home}, wire: c.wire(headless(), home)}}
		who.probe(ctx, r)
		c.ended(who.wire, Tester, account.Email)
		if !c.wait(ctx, cardsEvery*3) {
			return
		}
	}
}

// probe tries cards until they are refused by the shop, not by the bank.
func (b *pages) probe(ctx context.Context, r *rand.Rand) {
	c := b.wire.crowd
	b.wire.open(ctx, "/products/STK-001")
	b.do(ctx, step{do: addToCart, what: []string{"STK-001", "PIN-007", "PCH-011"}[r.IntN(3)]})
	sku := b.cart
	for card, refused := 0, 0; card < 14 && refused < 3; card++ {
		if !c.wait(ctx, cardsEvery/2+time.Duration(r.Int64N(int64(cardsEvery)))) {
			return
		}
		switch a := b.pay(ctx, anyCard(r)); a.status {
		case http.StatusSeeOther: // it works: the next one
			b.do(ctx, step{do: addToCart, what: sku})
		case http.StatusForbidden:
			refused++
		}
	}
}

// abuseRefunds buys what cannot be returned at home, and later asks for the money from another device in another country.
func (c *crowd) abuseRefunds(ctx context.Context, wave uint64) {
	r := randomness(c.config.Seed, "refunds", wave, 0)
	if wave == 0 && !c.wait(ctx, refundsAfter) {
		return
	}
	account := shop.AccountAt(c.config.Seed, MaxPeople+int(wave%100)) //nolint:gosec // small
	home, abroad := placeIn(r, homeNetworks), placeIn(r, botNetworks)
	for home.Country == abroad.Country || strings.Contains(home.Address, ":") { // places of IPv6 are not in every database
		home = placeIn(r, homeNetworks)
	}
	buyer := &pages{&visitor{person: Person{Account: account, Home: home, Card: workingCard(r)}, wire: c.wire(computers("en-US,en;q=0.9")[2], home)}}
	orders := buyer.haul(ctx)
	c.ended(buyer.wire, Abuser, account.Email)
	if !c.wait(ctx, refundsLater) {
		return
	}
	taker := &pages{&visitor{person: Person{Account: account, Home: abroad}, wire: c.wire(phones("en-US,en;q=0.9")[2], abroad)}}
	taker.collect(ctx, orders)
	c.ended(taker.wire, Abuser, account.Email)
}

// haul buys several final-sale articles, each as an order of its own.
func (b *pages) haul(ctx context.Context) []string {
	var orders []string
	b.do(ctx, step{do: lookHome})
	b.do(ctx, step{do: signIn})
	for _, sku := range []string{"DRN-500", "CAM-770", "BTS-299"} {
		for _, s := range []step{{do: lookProduct, what: sku}, {do: addToCart, what: sku}, {do: pay}} {
			if !b.wire.crowd.wait(ctx, 900*time.Millisecond) {
				return orders
			}
			b.do(ctx, s)
		}
		if b.order != "" {
			orders = append(orders, b.order)
		}
	}
	return orders
}

// collect asks for all the money back.
func (b *pages) collect(ctx context.Context, orders []string) {
	b.do(ctx, step{do: signIn})
	b.do(ctx, step{do: lookOrders})
	for _, order := range orders {
		if !b.wire.crowd.wait(ctx, 1500*time.Millisecond) {
			return
		}
		b.refund(ctx, order, "never arrived")
	}
}
