package shop

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

func (s *site) orderRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /cart", s.cartPage)
	mux.HandleFunc("POST /cart/add", s.cartChange(true))
	mux.HandleFunc("POST /cart/remove", s.cartChange(false))
	mux.HandleFunc("POST /cart/promo", s.cartCode("promo_code", s.usePromo))
	mux.HandleFunc("POST /cart/gift-card", s.cartCode("gift_card", s.useGift))
	mux.HandleFunc("GET /gift-cards", s.form("gift", "Gift cards"))
	mux.HandleFunc("POST /gift-cards/balance", s.balance)
	mux.HandleFunc("GET /checkout", s.checkoutPage)
	mux.HandleFunc("POST /checkout", s.pay)
	mux.HandleFunc("GET /orders", s.orderList)
	mux.HandleFunc("GET /orders/{id}", s.orderPage("order"))
	mux.HandleFunc("GET /orders/{id}/refund", s.orderPage("refund"))
	mux.HandleFunc("POST /orders/{id}/refund", s.askRefund)
}

func (s *site) cartPage(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	s.page(w, c, http.StatusOK, "cart", view{Title: "Cart", Body: s.basketOf(c.visit)})
}

func (s *site) cartChange(more bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := s.welcome(w, r)
		quantity := 0
		if more {
			if quantity, _ = strconv.Atoi(r.PostFormValue("quantity")); quantity < 1 {
				quantity = 1
			}
		}
		if err := s.put(c.visit, r.PostFormValue("sku"), quantity, more); err != nil {
			s.page(w, c, http.StatusNotFound, "message", view{Title: "Not found", Problem: "There is no such article."})
			return
		}
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
	}
}

func (s *site) cartCode(field string, use func(*visit, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := s.welcome(w, r)
		if err := use(c.visit, r.PostFormValue(field)); err != nil {
			s.page(w, c, http.StatusUnprocessableEntity, "cart", view{Title: "Cart", Problem: err.Error(), Body: s.basketOf(c.visit)})
			return
		}
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
	}
}

func (s *site) balance(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	balance, err := s.giftBalance(r.PostFormValue("gift_card"))
	if err != nil {
		s.page(w, c, http.StatusOK, "gift", view{Title: "Gift cards", Problem: err.Error()})
		return
	}
	w.Header().Set("X-Gift-Card-Balance", Money(balance))
	s.page(w, c, http.StatusOK, "gift", view{Title: "Gift cards", Message: "There are $" + Money(balance) + " on this card."})
}

func (s *site) checkoutPage(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	s.page(w, c, http.StatusOK, "checkout", view{Title: "Checkout", Body: s.basketOf(c.visit)})
}

func purchaseOf(r *http.Request) purchase {
	f := r.PostFormValue
	return purchase{
		Email: f("email"), Phone: f("phone"), Name: f("name"), Street: f("street"), City: f("city"), Region: f("region"),
		Postal: f("postal_code"), Nation: f("country"), CardNumber: f("card_number"), CardHolder: f("card_holder"),
		ExpiryMonth: f("card_month"), ExpiryYear: f("card_year"), CVV: f("card_cvv"),
	}
}

// pay answers 303 to the order, or the form again: with 200 when the bank refuses.
func (s *site) pay(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	o, err := s.checkout(r.Context(), c, addressOf(r), purchaseOf(r))
	var refused declined
	switch {
	case errors.As(err, &refused):
		w.Header().Set("X-Decline-Code", refused.code)
		s.page(w, c, http.StatusOK, "checkout", view{Title: "Checkout", Problem: err.Error(), Body: s.basketOf(c.visit)})
	case err != nil:
		s.page(w, c, http.StatusUnprocessableEntity, "checkout", view{Title: "Checkout", Problem: err.Error(), Body: s.basketOf(c.visit)})
	default:
		http.Redirect(w, r, "/orders/"+o.id, http.StatusSeeOther)
	}
}

type orderView struct {
	ID        string
	Total     int64
	FinalSale bool
	Placed    string
	Lines     []basketLine
	Refunds   []refundView
}

type refundView struct {
	ID, Status string
	Amount     int64
}

func (s *site) viewOf(o order) orderView {
	v := orderView{ID: o.id, Total: o.total, FinalSale: o.finalSale, Placed: o.placed.UTC().Format("2 January 2006")}
	for _, l := range o.lines {
		if p, known := s.product(l.sku); known {
			v.Lines = append(v.Lines, basketLine{p, l.quantity, p.Price * int64(l.quantity)})
		}
	}
	for _, r := range o.refunds {
		v.Refunds = append(v.Refunds, refundView{r.id, r.status, r.amount})
	}
	return v
}

func (s *site) orderList(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	if c.customer() == nil {
		http.Redirect(w, r, "/account/login", http.StatusSeeOther)
		return
	}
	var views []orderView
	for _, o := range s.ordersOf(c.customer()) {
		views = append(views, s.viewOf(o))
	}
	s.page(w, c, http.StatusOK, "orders", view{Title: "Your orders", Body: views})
}

func (s *site) orderPage(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := s.welcome(w, r)
		o, err := s.orderOf(c.customer(), r.PathValue("id"))
		if err != nil {
			// A guest sees the thanks only; the order's page needs its account.
			s.page(w, c, http.StatusOK, "message", view{Title: "Thank you", Message: "We have sent you a mail about your order."})
			return
		}
		s.page(w, c, http.StatusOK, name, view{Title: "Order " + o.id, Body: s.viewOf(*o)})
	}
}

func (s *site) askRefund(w http.ResponseWriter, r *http.Request) {
	c := s.welcome(w, r)
	if c.customer() == nil {
		http.Redirect(w, r, "/account/login", http.StatusSeeOther)
		return
	}
	amount, known := minor(r.PostFormValue("refund_amount"))
	if !known {
		s.page(w, c, http.StatusUnprocessableEntity, "message", view{Title: "Refund", Problem: errInvalid.Error()})
		return
	}
	asked, err := s.refund(c.customer(), r.PathValue("id"), amount, r.PostFormValue("reason"))
	if err != nil {
		s.page(w, c, http.StatusUnprocessableEntity, "message", view{Title: "Refund", Problem: err.Error()})
		return
	}
	w.Header().Set("X-Refund-Id", asked.id)
	s.page(w, c, http.StatusOK, "message", view{Title: "Refund Requested", Message: "We will look at refund " + asked.id + " within a day."})
}

// minor reads an amount such as "12.50".
func minor(text string) (int64, bool) {
	whole, cents, _ := strings.Cut(strings.TrimSpace(text), ".")
	if len(cents) > 2 || len(whole) > 9 {
		return 0, false
	}
	cents += strings.Repeat("0", 2-len(cents))
	n, err := strconv.ParseInt(whole+cents, 10, 64)
	return n, err == nil && n >= 0
}
