package traffic

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"wayguard/sim/shop"
)

// object is a JSON object of a request.
type object map[string]any

func priceOf(sku string) int64 {
	for _, p := range shop.Products() {
		if p.SKU == sku {
			return p.Price
		}
	}
	return 0
}

// app is a visitor with the mobile application: JSON, no cookies, a bearer token.
type app struct{ *visitor }

func (a *app) do(ctx context.Context, s step) {
	w, account := a.wire, a.person.Account
	switch s.do {
	case lookHome, seek:
		w.call(ctx, http.MethodGet, "/api/v1/products", nil)
	case lookCategory:
		w.call(ctx, http.MethodGet, "/api/v1/products?category="+url.QueryEscape(s.what), nil)
	case lookProduct:
		w.call(ctx, http.MethodGet, "/api/v1/products/"+s.what, nil)
	case mistype:
		w.call(ctx, http.MethodPost, "/api/v1/login", object{"email": account.Email, "password": account.Password + "x"})
	case signIn:
		if w.bearer == "" {
			answer := w.call(ctx, http.MethodPost, "/api/v1/login", object{"email": account.Email, "password": account.Password})
			w.bearer = answer.text("token")
			a.signed = w.bearer != ""
		}
	case addToCart:
		a.cart = s.what
		w.call(ctx, http.MethodPost, "/api/v1/cart", object{"items": []object{{"sku": s.what, "quantity": 1}}})
	case mistypeCard:
		a.pay(ctx, a.person.Card[:12]+"0000")
	case pay:
		a.pay(ctx, a.person.Card)
	case checkGift:
		w.call(ctx, http.MethodPost, "/api/v1/gift-cards/balance", object{"gift_card": a.giftCard(s.what)})
	case lookCart, lookOrders:
		if a.signed {
			w.call(ctx, http.MethodGet, "/api/v1/orders", nil)
		}
	case editProfile:
		w.call(ctx, http.MethodPatch, "/api/v1/profile", object{"name": account.Name, "phone": account.Phone})
	case signOut:
		if a.signed {
			w.call(ctx, http.MethodPost, "/api/v1/logout", object{})
		}
	}
}

func (a *app) pay(ctx context.Context, card string) {
	account, place := a.person.Account, a.person.Home
	if a.cart == "" || !a.signed {
		return
	}
	a.wire.call(ctx, http.MethodPost, "/api/v1/checkout", object{"account": account.Email, "email": account.Email, "phone": account.Phone,
		"amount_minor": priceOf(a.cart),
		"shipping":     object{"name": account.Name, "street": place.Street, "city": place.City, "postal_code": place.PostalCode, "country": place.Country},
		"card":         object{"number": card, "holder": account.Name, "month": "09", "year": "2029", "cvv": "123"}})
}

// express is a visitor with the page that talks GraphQL; for what that page cannot do, the forms are used.
type express struct{ pages }

const (
	graphProducts = `query Browse($category: String) { products(category: $category) { sku name price } }`
	graphLogin    = `mutation SignIn($input: LoginInput!) { login(input: $input) { token customer { id email } } }`
	graphCheckout = `mutation Buy($input: CheckoutInput!) { checkout(input: $input) { id total currency finalSale } }`
)

func (e *express) do(ctx context.Context, s step) {
	switch s.do {
	case lookHome:
		e.wire.open(ctx, "/app")
		e.graph(ctx, graphProducts, object{})
	case lookCategory:
		e.graph(ctx, graphProducts, object{"category": s.what})
	case mistype:
		e.enter(ctx, e.person.Account.Password+"x")
	case signIn:
		e.enter(ctx, e.person.Account.Password)
	case addToCart:
		e.cart = s.what
	case lookCart, usePromo, useGift:
	case mistypeCard:
		e.pay(ctx, e.person.Card[:12]+"0000")
	case pay:
		e.pay(ctx, e.person.Card)
	default:
		e.pages.do(ctx, s)
	}
}

func (e *express) graph(ctx context.Context, query string, variables object) reply {
	return e.wire.call(ctx, http.MethodPost, "/graphql", object{"query": query, "variables": variables})
}

func (e *express) enter(ctx context.Context, password string) {
	a := e.graph(ctx, graphLogin, object{"input": object{"email": e.person.Account.Email, "password": password}})
	e.signed = a.text("data", "login", "token") != ""
}

func (e *express) pay(ctx context.Context, card string) {
	account, place := e.person.Account, e.person.Home
	if e.cart == "" || !e.signed {
		return
	}
	a := e.graph(ctx, graphCheckout, object{"input": object{"items": []object{{"sku": e.cart, "quantity": 1}},
		"amount": float64(priceOf(e.cart)) / 100, "email": account.Email, "phone": account.Phone,
		"shipping": object{"name": account.Name, "street": place.Street, "city": place.City, "postalCode": place.PostalCode, "country": place.Country},
		"card":     object{"number": card, "holder": account.Name, "month": "09", "year": "2029", "cvv": "123"}}})
	if id := a.text("data", "checkout", "id"); strings.HasPrefix(id, "A") {
		e.order = id
	}
}
