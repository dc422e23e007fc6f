package shop

import (
	"encoding/json"
	"errors"
	"net/http"
)

func (s *site) apiRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/products", s.apiProducts)
	mux.HandleFunc("GET /api/v1/products/{sku}", s.apiProduct)
	mux.HandleFunc("POST /api/v1/login", s.apiLogin)
	mux.HandleFunc("POST /api/v1/signup", s.apiSignup)
	mux.HandleFunc("POST /api/v1/logout", s.apiLogout)
	mux.HandleFunc("PATCH /api/v1/profile", s.apiProfile)
	mux.HandleFunc("POST /api/v1/cart", s.apiCart)
	mux.HandleFunc("POST /api/v1/checkout", s.apiCheckout)
	mux.HandleFunc("GET /api/v1/orders", s.apiOrders)
	mux.HandleFunc("POST /api/v1/orders/{id}/refunds", s.apiRefund)
	mux.HandleFunc("POST /api/v1/gift-cards/balance", s.apiBalance)
	mux.HandleFunc("POST /graphql", s.graphQL)
}

// object is a JSON object of an answer.
type object map[string]any

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a visitor who has gone is not told
}

func refuse(w http.ResponseWriter, status int, code string, err error) {
	answer(w, status, object{"error": object{"code": code, "message": err.Error()}})
}

// read decodes a JSON body into v, and answers 400 when there is none.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		refuse(w, http.StatusBadRequest, "bad_request", errors.New("the body is not the JSON expected"))
		return false
	}
	return true
}

func productObject(p Product) object {
	return object{"sku": p.SKU, "name": p.Name, "category": p.Category, "price_minor": p.Price, "currency": Currency, "final_sale": p.FinalSale}
}

func (s *site) apiProducts(w http.ResponseWriter, r *http.Request) {
	list := []object{}
	for _, p := range s.inCategory(r.URL.Query().Get("category")) {
		list = append(list, productObject(p))
	}
	answer(w, http.StatusOK, object{"products": list})
}

func (s *site) apiProduct(w http.ResponseWriter, r *http.Request) {
	p, known := s.product(r.PathValue("sku"))
	if !known {
		refuse(w, http.StatusNotFound, "not_found", errNotFound)
		return
	}
	answer(w, http.StatusOK, object{"product": productObject(p)})
}

func (s *site) apiLogin(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if !read(w, r, &in) {
		return
	}
	who, err := s.login(in.Email, in.Password)
	if err != nil {
		refuse(w, http.StatusUnauthorized, "invalid_credentials", err)
		return
	}
	s.apiWelcome(w, http.StatusOK, who)
}

func (s *site) apiWelcome(w http.ResponseWriter, status int, who *customer) {
	answer(w, status, object{"token": s.open(nil, who), "customer": object{"id": who.id, "email": who.email, "name": s.nameOf(who)}})
}

func (s *site) apiSignup(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password, Name, Phone string }
	if !read(w, r, &in) {
		return
	}
	who, err := s.signup(in.Email, in.Name, in.Phone, in.Password)
	switch {
	case errors.Is(err, errTaken):
		refuse(w, http.StatusConflict, "taken", err)
	case err != nil:
		refuse(w, http.StatusUnprocessableEntity, "invalid", err)
	default:
		s.apiWelcome(w, http.StatusCreated, who)
	}
}

// member finds a caller who has signed in, and answers 401 to another.
func (s *site) member(w http.ResponseWriter, r *http.Request) (caller, bool) {
	c := s.known(r)
	if c.customer() == nil {
		refuse(w, http.StatusUnauthorized, "sign_in", errSignIn)
		return c, false
	}
	return c, true
}

func (s *site) apiLogout(w http.ResponseWriter, r *http.Request) {
	if c, ok := s.member(w, r); ok {
		s.close(c.token)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *site) apiProfile(w http.ResponseWriter, r *http.Request) {
	c, ok := s.member(w, r)
	var in struct{ Name, Phone string }
	if !ok || !read(w, r, &in) {
		return
	}
	s.updateProfile(c.customer(), in.Name, in.Phone)
	answer(w, http.StatusOK, object{"updated": true})
}

type apiItem struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

func (s *site) apiCart(w http.ResponseWriter, r *http.Request) {
	c, ok := s.member(w, r)
	var in struct {
		Items []apiItem `json:"items"`
	}
	if !ok || !read(w, r, &in) {
		return
	}
	for _, item := range in.Items[:min(len(in.Items), maxLines)] {
		if err := s.put(c.visit, item.SKU, item.Quantity, false); err != nil {
			refuse(w, http.StatusNotFound, "not_found", err)
			return
		}
	}
	b := s.basketOf(c.visit)
	answer(w, http.StatusOK, object{"cart": object{"total_minor": b.Total, "currency": Currency, "lines": len(b.Lines)}})
}

type apiPurchase struct {
	Amount   int64  `json:"amount_minor"`
	Email    string `json:"email"`
	Phone    string `json:"phone"`
	Shipping struct {
		Name, Street, City, Region, Country string
		PostalCode                          string `json:"postal_code"`
	} `json:"shipping"`
	Card struct {
		Number, Holder, Month, Year, CVV string
	} `json:"card"`
}

func (p apiPurchase) purchase() purchase {
	return purchase{Email: p.Email, Phone: p.Phone, Name: p.Shipping.Name, Street: p.Shipping.Street, City: p.Shipping.City,
		Region: p.Shipping.Region, Postal: p.Shipping.PostalCode, Nation: p.Shipping.Country, CardNumber: p.Card.Number,
		CardHolder: p.Card.Holder, ExpiryMonth: p.Card.Month, ExpiryYear: p.Card.Year, CVV: p.Card.CVV}
}

func (s *site) apiCheckout(w http.ResponseWriter, r *http.Request) {
	c, ok := s.member(w, r)
	var in apiPurchase
	if !ok || !read(w, r, &in) {
		return
	}
	o, err := s.checkout(r.Context(), c, addressOf(r), in.purchase())
	var refused declined
	switch {
	case errors.As(err, &refused):
		answer(w, http.StatusPaymentRequired, object{"error": object{"code": "card_declined", "decline_code": refused.code, "message": err.Error()}})
	case err != nil:
		refuse(w, http.StatusUnprocessableEntity, "invalid", err)
	default:
		answer(w, http.StatusCreated, object{"order": s.orderObject(*o)})
	}
}

func (s *site) orderObject(o order) object {
	items := []object{}
	for _, l := range s.viewOf(o).Lines {
		items = append(items, productObject(l.Product))
	}
	return object{"id": o.id, "total_minor": o.total, "currency": Currency, "final_sale": o.finalSale, "items": items, "status": "paid"}
}

func (s *site) apiOrders(w http.ResponseWriter, r *http.Request) {
	c, ok := s.member(w, r)
	if !ok {
		return
	}
	list := []object{}
	for _, o := range s.ordersOf(c.customer()) {
		list = append(list, s.orderObject(o))
	}
	answer(w, http.StatusOK, object{"orders": list})
}

func (s *site) apiRefund(w http.ResponseWriter, r *http.Request) {
	c, ok := s.member(w, r)
	var in struct {
		Amount int64 `json:"amount_minor"`
		Reason string
	}
	if !ok || !read(w, r, &in) {
		return
	}
	asked, err := s.refund(c.customer(), r.PathValue("id"), in.Amount, in.Reason)
	switch {
	case errors.Is(err, errNotFound):
		refuse(w, http.StatusNotFound, "not_found", err)
	case err != nil:
		refuse(w, http.StatusUnprocessableEntity, "invalid", err)
	default:
		answer(w, http.StatusAccepted, object{"refund": object{"id": asked.id, "status": asked.status, "amount_minor": asked.amount}})
	}
}

func (s *site) apiBalance(w http.ResponseWriter, r *http.Request) {
	var in struct {
		GiftCard string `json:"gift_card"`
	}
	if !read(w, r, &in) {
		return
	}
	balance, err := s.giftBalance(in.GiftCard)
	if err != nil {
		refuse(w, http.StatusNotFound, "unknown_gift_card", err)
		return
	}
	answer(w, http.StatusOK, object{"gift_card": object{"balance_minor": balance, "currency": Currency}})
}
