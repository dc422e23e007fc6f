package shop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	errEmptyCart = errors.New("the cart is empty")
	errTooMuch   = errors.New("more than the order's total cannot be refunded")
	errGiftCard  = errors.New("there is no such gift card")
	errPromo     = errors.New("this code is not valid")
)

// declined is the acquirer's refusal.
type declined struct{ code string }

// Error is what the customer reads.
func (declined) Error() string { return "your card was declined" }

const (
	maxQuantity  = 20
	maxLines     = 30
	promoCode    = "WELCOME10"
	promoPercent = 10
)

type order struct {
	id        string
	customer  *customer
	email     string
	lines     []line
	total     int64
	finalSale bool
	placed    time.Time
	refunds   []refund
}

type refund struct {
	id     string
	amount int64
	reason string
	status string
}

// purchase is what a customer gives at the checkout.
type purchase struct {
	Email, Phone, Name                   string
	Street, City, Region, Postal, Nation string
	CardNumber, CardHolder               string
	ExpiryMonth, ExpiryYear, CVV         string
}

func (p purchase) complete() bool {
	for _, field := range []string{p.Email, p.Name, p.Street, p.City, p.Postal, p.Nation, p.CardNumber, p.ExpiryMonth, p.ExpiryYear} {
		if strings.TrimSpace(field) == "" || len(field) > 200 {
			return false
		}
	}
	return true
}

// basket is a cart with its prices.
type basket struct {
	Lines     []basketLine
	Total     int64
	Discount  int64
	FinalSale bool
	Promo     string
	Gift      string
}

type basketLine struct {
	Product  Product
	Quantity int
	Sum      int64
}

// price needs mu.
func (s *store) price(v *visit) basket {
	b := basket{Promo: v.promo, Gift: v.gift}
	for _, l := range v.cart {
		p, known := s.product(l.sku)
		if !known {
			continue
		}
		b.Lines = append(b.Lines, basketLine{p, l.quantity, p.Price * int64(l.quantity)})
		b.Total += p.Price * int64(l.quantity)
		b.FinalSale = b.FinalSale || p.FinalSale
	}
	if v.promo == promoCode {
		b.Discount = b.Total * promoPercent / 100
	}
	if v.gift != "" {
		b.Discount += min(s.gifts[v.gift], b.Total-b.Discount)
	}
	b.Total -= b.Discount
	return b
}

func (s *store) basketOf(v *visit) basket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.price(v)
}

// put changes how many of an article are in the cart; 0 takes it out.
func (s *store) put(v *visit, sku string, quantity int, more bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.product(sku); !known {
		return errNotFound
	}
	at := slices.IndexFunc(v.cart, func(l line) bool { return l.sku == sku })
	if at < 0 && quantity > 0 && len(v.cart) < maxLines {
		v.cart = append(slices.Clip(v.cart), line{sku, min(quantity, maxQuantity)})
		return nil
	}
	if at < 0 {
		return nil
	}
	if more {
		quantity += v.cart[at].quantity
	}
	cart := slices.Clone(v.cart)
	if quantity <= 0 {
		v.cart = slices.Delete(cart, at, at+1)
		return nil
	}
	cart[at].quantity = min(quantity, maxQuantity)
	v.cart = cart
	return nil
}

func (s *store) usePromo(v *visit, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.EqualFold(strings.TrimSpace(code), promoCode) {
		return errPromo
	}
	v.promo = promoCode
	return nil
}

func (s *store) useGift(v *visit, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	code = strings.ToUpper(strings.TrimSpace(code))
	if s.gifts[code] <= 0 {
		return errGiftCard
	}
	v.gift = code
	return nil
}

func (s *store) giftBalance(code string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	balance, known := s.gifts[strings.ToUpper(strings.TrimSpace(code))]
	if !known {
		return 0, errGiftCard
	}
	return balance, nil
}

// prepare is what the acquirer is asked for, and the basket that it is for.
func (s *store) prepare(c caller, address string, p purchase) (Charge, basket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.price(c.visit)
	if len(b.Lines) == 0 {
		return Charge{}, b, errEmptyCart
	}
	if !p.complete() {
		return Charge{}, b, errInvalid
	}
	s.serial++
	charge := Charge{Reference: fmt.Sprintf("A%08d", 10_000_000+s.serial*37), Amount: b.Total, Currency: Currency, Number: p.CardNumber,
		Holder: p.CardHolder, ExpiryMonth: p.ExpiryMonth, ExpiryYear: p.ExpiryYear, CVV: p.CVV, Email: folded(p.Email), Country: p.Nation,
		Session: c.token, Address: address}
	if who := c.visit.customer; who != nil {
		charge.Customer = who.id
	}
	return charge, b, nil
}

// checkout charges the card and makes the order.
func (s *store) checkout(ctx context.Context, c caller, address string, p purchase) (*order, error) {
	charge, b, err := s.prepare(c, address, p)
	if err != nil {
		return nil, err
	}
	if code := s.acquirer(ctx, charge); code != "" { // outside the lock: a bank may be far away
		return nil, declined{code}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := c.visit
	if v.gift != "" {
		s.gifts[v.gift] -= min(s.gifts[v.gift], b.Discount)
	}
	o := &order{id: charge.Reference, customer: v.customer, email: folded(p.Email), lines: v.cart,
		total: b.Total, finalSale: b.FinalSale, placed: s.clock()}
	s.orders.put(o.id, o)
	if c := v.customer; c != nil {
		c.orders = append(c.orders[max(0, len(c.orders)-99):], o.id)
	}
	v.cart, v.promo, v.gift = nil, "", ""
	return o, nil
}

func (s *store) orderOf(c *customer, id string) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, _ := s.orders.find(id)
	if o == nil || c == nil || o.customer != c {
		return nil, errNotFound
	}
	copied := *o
	return &copied, nil
}

func (s *store) ordersOf(c *customer) []order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []order
	for _, id := range c.orders {
		if o, _ := s.orders.find(id); o != nil {
			found = append(found, *o)
		}
	}
	slices.Reverse(found)
	return found
}

// refund notes a request. Final-sale goods are accepted too: a person decides later, which is what abusers count on.
func (s *store) refund(c *customer, id string, amount int64, reason string) (refund, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, _ := s.orders.find(id)
	if o == nil || c == nil || o.customer != c {
		return refund{}, errNotFound
	}
	asked := amount
	for _, r := range o.refunds {
		asked += r.amount
	}
	if amount <= 0 || asked > o.total {
		return refund{}, errTooMuch
	}
	s.serial++
	r := refund{id: fmt.Sprintf("R%07d", 1_000_000+s.serial*13), amount: amount, reason: reason[:min(len(reason), 200)], status: "requested"}
	o.refunds = append(slices.Clip(o.refunds), r)
	return r, nil
}

type review struct {
	Name, Text string
	Rating     int
}

const maxReviews = 20

func (s *store) addReview(sku string, r review) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.product(sku); !known {
		return errNotFound
	}
	if strings.TrimSpace(r.Text) == "" || r.Rating < 1 || r.Rating > 5 || len(r.Text) > 2000 {
		return errInvalid
	}
	list := append(slices.Clone(s.reviews[sku]), r)
	s.reviews[sku] = list[max(0, len(list)-maxReviews):]
	return nil
}

func (s *store) reviewsOf(sku string) []review {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reviews[sku]
}

// ticket numbers a support request.
func (s *store) ticket() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return fmt.Sprintf("T%06d", 100_000+s.serial)
}

// Money writes minor units as people read them, such as "12.50".
func Money(minor int64) string {
	return fmt.Sprintf("%d.%02d", minor/100, minor%100)
}
