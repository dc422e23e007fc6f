package traffic

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"wayguard/sim/shop"
)

var orderLink = regexp.MustCompile(`/orders/(A\d+)"`)
var refundAmount = regexp.MustCompile(`name="refund_amount" value="([0-9.]+)"`)
var cartAmount = regexp.MustCompile(`name="amount" value="([0-9.]+)"`)

func (b *pages) trade(ctx context.Context, s step) {
	w := b.wire
	switch s.do {
	case addToCart:
		b.cart = s.what
		w.post(ctx, "/cart/add", url.Values{"sku": {s.what}, "quantity": {"1"}})
	case usePromo:
		w.post(ctx, "/cart/promo", url.Values{"promo_code": {s.what}})
	case useGift:
		w.post(ctx, "/cart/gift-card", url.Values{"gift_card": {b.giftCard(s.what)}})
	case checkGift:
		w.open(ctx, "/gift-cards")
		w.post(ctx, "/gift-cards/balance", url.Values{"gift_card": {b.giftCard(s.what)}})
	case mistypeCard:
		b.pay(ctx, b.person.Card[:15]+string('0'+(b.person.Card[15]-'0'+1)%10))
	case pay:
		b.pay(ctx, b.person.Card)
	case lookOrders:
		list := w.open(ctx, "/orders")
		if found := orderLink.FindSubmatch(list.body); found != nil {
			b.order = string(found[1])
			w.open(ctx, "/orders/"+b.order)
		}
	case askRefund:
		if b.order != "" {
			b.refund(ctx, b.order, []string{"does not fit", "damaged", "not as described"}[b.person.Number%3])
		}
	}
}

func (v *visitor) giftCard(number string) string {
	n := 0
	for _, r := range number {
		n = n*10 + int(r-'0')
	}
	return shop.GiftCardAt(v.wire.crowd.config.Seed, n)
}

// pay fills in the checkout's form, amount included, as the page gave it.
func (b *pages) pay(ctx context.Context, card string) reply {
	page := b.wire.open(ctx, "/checkout")
	amount := cartAmount.FindSubmatch(page.body)
	if amount == nil {
		return page
	}
	a := b.wire.post(ctx, "/checkout", b.payment(string(amount[1]), card))
	if id, ok := strings.CutPrefix(a.to(), "/orders/"); ok && a.status == http.StatusSeeOther {
		b.order = id
	}
	return a
}

func (b *pages) payment(amount, card string) url.Values {
	account, place := b.person.Account, b.person.Home
	form := url.Values{"email": {account.Email}, "phone": {account.Phone}, "name": {account.Name}, "street": {place.Street},
		"city": {place.City}, "postal_code": {place.PostalCode}, "country": {place.Country}, "card_number": {card},
		"card_holder": {account.Name}, "card_month": {"09"}, "card_year": {"2029"}, "card_cvv": {"123"}, "amount": {amount},
		"currency": {shop.Currency}, "sku": {b.cart}, "final_sale": {"false"}, "account": {""}}
	if b.signed {
		form.Set("account", account.Email)
	}
	for _, p := range shop.Products() {
		if p.SKU == b.cart && p.FinalSale {
			form.Set("final_sale", "true")
		}
	}
	return form
}

func (b *pages) refund(ctx context.Context, order, reason string) reply {
	page := b.wire.open(ctx, "/orders/"+order+"/refund")
	amount := refundAmount.FindSubmatch(page.body)
	if amount == nil {
		return page
	}
	account := b.person.Account
	return b.wire.post(ctx, "/orders/"+order+"/refund", url.Values{"account": {account.Email}, "email": {account.Email},
		"phone": {account.Phone}, "refund_amount": {string(amount[1])}, "currency": {shop.Currency}, "reason": {reason}})
}
