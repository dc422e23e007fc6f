package demo_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/element"
	"wayguard/event"
	"wayguard/packs"
	"wayguard/rule"
	"wayguard/sim/demo"
	"wayguard/sim/shop"
)

const seed = 5

func loaded(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	for _, f := range demo.Files() {
		if problems := c.Add(f.Name, f.Data, nil); len(problems) > 0 {
			t.Fatal(problems.Err())
		}
	}
	return c
}

func compiled(t *testing.T) *capture.Set {
	t.Helper()
	c := loaded(t)
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	set, problems := capture.Compile(capture.Config{Specs: c.Specs, Sessions: c.Sessions.SessionsConfig}, element.NewNormaliser(element.Default(), keys, element.Options{}), capture.Knowledge{})
	if len(problems) > 0 {
		t.Fatal(problems.Err())
	}
	return set
}

// The actions name specs and signatures that exist, and nothing in the files is a mistake.
func TestConfigurationCompilesWithThePacks(t *testing.T) {
	c := loaded(t)
	for _, f := range packs.Default() {
		if problems := c.Add(f.Name, f.Data, nil); len(problems) > 0 {
			t.Fatal(problems.Err())
		}
	}
	var names []string
	for _, s := range c.Specs {
		names = append(names, s.Name)
	}
	if _, problems := rule.Compile(c.Config, rule.StandardVocabulary(element.Default(), names)); len(problems) > 0 {
		t.Fatal(problems.Err())
	}
	if len(c.Actions) < 2 || !slices.Contains(c.Proxy.TrustedProxies, "127.0.0.0/8") || demo.Attribution == "" {
		t.Errorf("actions %v, trusted %v", c.Actions, c.Proxy.TrustedProxies)
	}
	inline := map[string]bool{}
	for _, s := range c.Specs {
		inline[s.Name] = s.Inline
	}
	for _, action := range c.Actions {
		for _, spec := range action.Specs {
			if action.Kind == event.Block && !inline[spec] {
				t.Errorf("%s cannot block %s, which is not inline", action.Name, spec)
			}
		}
	}
}

// guest talks to the shop and shows Wayguard's specs what they would see.
type guest struct {
	t       *testing.T
	shop    http.Handler
	specs   *capture.Set
	cookies map[string]string
	bearer  string
	last    *httptest.ResponseRecorder
}

func newGuest(t *testing.T) *guest {
	return &guest{t: t, shop: shop.New(seed), specs: compiled(t), cookies: map[string]string{}}
}

func fields(h http.Header) []capture.Field {
	var list []capture.Field
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			list = append(list, capture.Field{Name: name, Value: value})
		}
	}
	return list
}

// send makes one exchange; the event is nil when no spec matched.
func (g *guest) send(method, target, contentType, body string) *event.Event {
	g.t.Helper()
	r := httptest.NewRequestWithContext(g.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if contentType == "application/json" || strings.HasPrefix(target, "/api/") {
		r.Header.Set("Accept", "application/json")
	}
	if g.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+g.bearer)
	}
	for name, value := range g.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	seen := &capture.Request{ID: "e", Time: time.Unix(1_750_000_000, 0).UTC(), Environment: "production", Method: method, Scheme: "http",
		Host: "shop.example", Path: r.URL.Path, Query: r.URL.RawQuery, Header: fields(r.Header), Peer: netip.MustParseAddr("203.0.113.9"),
		Body: capture.Body{Bytes: []byte(body)}}
	g.last = httptest.NewRecorder()
	g.shop.ServeHTTP(g.last, r)
	for _, c := range g.last.Result().Cookies() {
		g.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(g.cookies, c.Name)
		}
	}
	spec := g.specs.Match(seen)
	if spec == nil {
		return nil
	}
	e := spec.Exchange(seen, &capture.Response{Status: g.last.Code, Header: fields(g.last.Header()), Body: capture.Body{Bytes: g.last.Body.Bytes()}})
	return &e
}

func (g *guest) form(path string, values ...string) *event.Event {
	form := url.Values{}
	for i := 0; i < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	return g.send("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

func (g *guest) json(method, path string, body any) *event.Event {
	g.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.send(method, path, "application/json", string(text))
}

// is checks an event: its spec, type and result, and that the elements named are on it ("name" or "name=value").
func (g *guest) is(e *event.Event, spec string, kind event.Type, result event.Result, elements ...string) {
	g.t.Helper()
	if e == nil {
		g.t.Errorf("%s: no spec matched (the shop answered %d)", spec, g.last.Code)
		return
	}
	if e.Spec != spec || e.Type != kind || e.Result != result || len(e.Issues) > 0 {
		g.t.Errorf("%s %s %q with issues %v, want %s %s %q", e.Spec, e.Type, e.Result, e.Issues, spec, kind, result)
	}
	for _, want := range elements {
		name, value, exact := strings.Cut(want, "=")
		found := e.Find(name)
		if found == nil || exact && found.Value != value {
			g.t.Errorf("%s: element %s is %+v", spec, want, found)
		}
	}
}

// card finds a card number that works, or one that does not.
func card(works bool) string {
	for n := 0; ; n++ {
		if number := fmt.Sprintf("411111%010d", n); shop.Luhn(number) && shop.CardWorks(number) == works {
			return number
		}
	}
}

func TestFormLogins(t *testing.T) {
	g, a := newGuest(t), shop.AccountAt(seed, 1)
	g.is(g.send("GET", "/", "", ""), "page-view", event.SessionUpdate, "")
	failed := g.form("/account/login", "email", a.Email, "password", "wrong")
	g.is(failed, "login-form", event.AuthenticationAttempt, event.Failure, "username="+a.Email, "password")
	g.is(g.form("/account/login", "email", strings.ToUpper(a.Email), "password", a.Password), "login-form", event.AuthenticationAttempt, event.Success, "username="+a.Email)
	g.is(g.form("/account/profile", "name", "Ann", "phone", "+14155550101"), "profile-form", event.AccountUpdate, event.Success, "phone=+14155550101", "customer_id")
	logout := g.form("/account/logout")
	g.is(logout, "logout", event.Logout, event.Success, "customer_id")
	if len(logout.Evidence.Tokens) != 2 || logout.Evidence.Tokens[0].Name != "cookie:shop_session" {
		t.Errorf("the logout shows the tokens %v, not the old and the new session", logout.Evidence.Tokens)
	}
	g.is(g.form("/account/profile", "name", "Ann"), "profile-form", event.AccountUpdate, event.Failure)
	if text := fmt.Sprintf("%+v", failed); strings.Contains(text, "wrong") {
		t.Error("the password tried is on the event")
	}
}

func TestAccounts(t *testing.T) {
	g := newGuest(t)
	g.is(g.form("/account/signup", "email", "x@example.com", "name", "X", "password", "short"), "signup-form", event.AccountCreation, event.Failure)
	g.is(g.form("/account/signup", "email", "x@example.com", "name", "X", "password", "long-enough", "phone", "+14155550101"),
		"signup-form", event.AccountCreation, event.Success, "username=x@example.com", "email=x@example.com", "phone", "full_name=X")
	g.is(g.form("/account/forgot", "email", "x@example.com"), "forgot-form", event.PasswordResetRequest, event.Success, "username=x@example.com")
	g.send("GET", "/outbox/x@example.com", "", "")
	token := g.last.Body.String()
	g.is(g.form("/account/reset", "token", token, "new_password", "another-one"), "reset-form", event.PasswordReset, event.Success, "username=x@example.com", "reset_token")
	g.is(g.form("/account/reset", "token", token, "new_password", "another-one"), "reset-form", event.PasswordReset, event.Failure)
}

func TestFormTrade(t *testing.T) {
	g, a := newGuest(t), shop.AccountAt(seed, 2)
	g.form("/account/login", "email", a.Email, "password", a.Password)
	g.is(g.send("GET", "/search?q=drone", "", ""), "search", event.ProductSearch, "", "search_term=drone")
	g.is(g.send("GET", "/products?category=camping", "", ""), "view-category", event.SessionUpdate, "", "product_category=camping")
	g.is(g.send("GET", "/products/DRN-500", "", ""), "view-product", event.ProductView, "", "product_sku=DRN-500")
	g.is(g.form("/cart/add", "sku", "DRN-500", "quantity", "1"), "cart-change", event.CartUpdate, event.Success, "product_sku=DRN-500", "product_quantity=1")
	g.is(g.form("/cart/promo", "promo_code", "NO"), "cart-promo", event.PromotionRedemption, event.Failure)
	g.is(g.form("/cart/promo", "promo_code", "WELCOME10"), "cart-promo", event.PromotionRedemption, event.Success, "promo_code=welcome10")
	g.is(g.form("/gift-cards/balance", "gift_card", "GIFT-0000-0000-0000"), "gift-card-balance", event.GiftCardCheck, event.Failure, "gift_card")
	g.is(g.form("/gift-cards/balance", "gift_card", shop.GiftCardAt(seed, 0)), "gift-card-balance", event.GiftCardCheck, event.Success, "gift_card_balance=2500")
	g.is(g.form("/cart/gift-card", "gift_card", shop.GiftCardAt(seed, 0)), "cart-gift-card", event.GiftCardCheck, event.Success, "gift_card")
	g.is(g.send("GET", "/checkout", "", ""), "page-view", event.SessionUpdate, "")
	pay := func(number string) *event.Event {
		return g.form("/checkout", "account", a.Email, "email", a.Email, "phone", a.Phone, "name", a.Name, "street", "Oak Street 1", "city", "Leeds",
			"postal_code", "LS1 4AP", "country", "GB", "card_number", number, "card_holder", a.Name, "card_month", "09", "card_year", "2029",
			"card_cvv", "123", "amount", "604.10", "currency", "USD", "sku", "DRN-500", "final_sale", "true")
	}
	declined := pay(card(false))
	g.is(declined, "checkout-form", event.Transaction, event.Failure, "decline_code", "payment_from", "transaction_amount=60410")
	if declined.Find("order_id") != nil {
		t.Error("a declined payment has an order")
	}
	paid := pay(card(true))
	g.is(paid, "checkout-form", event.Transaction, event.Success, "order_id", "username="+a.Email, "email", "phone", "transaction_amount=60410",
		"transaction_currency=USD", "final_sale=true", "product_sku=DRN-500", "shipping_address", "card_expiry_month", "card_expiry_year=2029", "payment_type=card")
	order := paid.Find("order_id").Value
	g.is(g.send("GET", "/orders/"+order, "", ""), "view-order", event.SessionUpdate, "")
	g.is(g.form("/orders/"+order+"/refund", "account", a.Email, "email", a.Email, "refund_amount", "600.00", "currency", "USD", "reason", "damaged"),
		"refund-form", event.RefundRequest, event.Success, "order_id="+order, "refund_id", "refund_amount=60000", "refund_reason=damaged", "username="+a.Email)
	g.is(g.form("/orders/"+order+"/refund", "refund_amount", "600.00"), "refund-form", event.RefundRequest, event.Failure)
	for _, e := range []*event.Event{declined, paid} {
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, card(true)) || strings.Contains(text, card(false)) {
			t.Error("a card number is on the event")
		}
	}
}

func TestTalk(t *testing.T) {
	g, a := newGuest(t), shop.AccountAt(seed, 3)
	g.is(g.form("/products/DRN-500/reviews", "text", "nice", "rating", "5"), "review-form", event.ContentCreation, event.Failure)
	g.form("/account/login", "email", a.Email, "password", a.Password)
	g.is(g.form("/products/DRN-500/reviews", "text", "nice", "rating", "5"), "review-form", event.ContentCreation, event.Success, "review_text=nice", "review_rating", "product_sku=DRN-500")
	const boundary = "xx"
	body := ""
	for _, field := range [][2]string{{"email", a.Email}, {"topic", "order"}, {"message", "hello"}} {
		body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + field[0] + "\"\r\n\r\n" + field[1] + "\r\n"
	}
	g.is(g.send("POST", "/support", "multipart/form-data; boundary="+boundary, body+"--"+boundary+"--\r\n"),
		"support-form", event.SupportRequest, event.Success, "support_ticket", "support_topic=order", "message_text=hello", "email="+a.Email)
}

func TestAPIFlows(t *testing.T) {
	g, a := newGuest(t), shop.AccountAt(seed, 4)
	type object = map[string]any
	g.is(g.send("GET", "/api/v1/products?category=packs", "", ""), "browse-api", event.SessionUpdate, "", "product_category=packs")
	g.is(g.send("GET", "/api/v1/products/DRN-500", "", ""), "product-api", event.ProductView, "", "product_sku=DRN-500")
	g.is(g.json("POST", "/api/v1/login", object{"email": a.Email, "password": "no"}), "login-api", event.AuthenticationAttempt, event.Failure, "username="+a.Email)
	g.is(g.json("POST", "/api/v1/login", object{"email": a.Email, "password": a.Password}), "login-api", event.AuthenticationAttempt, event.Success, "customer_id")
	var in struct{ Token string }
	if err := json.Unmarshal(g.last.Body.Bytes(), &in); err != nil {
		t.Fatal(err)
	}
	g.bearer = in.Token
	g.is(g.json("POST", "/api/v1/cart", object{"items": []object{{"sku": "CAM-770", "quantity": 1}}}), "cart-api", event.CartUpdate, event.Success, "product_sku=CAM-770", "cart_total=38900")
	buy := func(number string) *event.Event {
		return g.json("POST", "/api/v1/checkout", object{"account": a.Email, "email": a.Email, "phone": a.Phone, "amount_minor": 38900,
			"shipping": object{"name": a.Name, "street": "Oak Street 1", "city": "Leeds", "postal_code": "LS1 4AP", "country": "GB"},
			"card":     object{"number": number, "holder": a.Name, "month": "09", "year": "2029", "cvv": "123"}})
	}
	g.is(buy(card(false)), "checkout-api", event.Transaction, event.Failure, "decline_code", "payment_from")
	paid := buy(card(true))
	g.is(paid, "checkout-api", event.Transaction, event.Success, "order_id", "final_sale=true", "product_sku=CAM-770", "transaction_amount=38900", "shipping_address")
	g.is(g.send("GET", "/api/v1/orders", "", ""), "orders-api", event.SessionUpdate, "")
	order := paid.Find("order_id").Value
	g.is(g.json("POST", "/api/v1/orders/"+order+"/refunds", object{"account": a.Email, "email": a.Email, "amount_minor": 38900, "reason": "x"}),
		"refund-api", event.RefundRequest, event.Success, "order_id="+order, "refund_amount=38900", "refund_id", "refund_status=requested")
	g.is(g.json("POST", "/api/v1/gift-cards/balance", object{"gift_card": "GIFT-1"}), "gift-card-api", event.GiftCardCheck, event.Failure)
	g.is(g.json("PATCH", "/api/v1/profile", object{"name": "Ann"}), "profile-api", event.AccountUpdate, event.Success, "full_name=Ann")
	g.is(g.json("POST", "/api/v1/logout", object{}), "logout-api", event.Logout, event.Success)
	g.bearer = ""
	g.is(g.json("POST", "/api/v1/signup", object{"email": "n@example.com", "name": "N", "password": "long-enough"}), "signup-api", event.AccountCreation, event.Success, "username=n@example.com", "customer_id")
}

func TestGraphQLFlows(t *testing.T) {
	g, a := newGuest(t), shop.AccountAt(seed, 6)
	type object = map[string]any
	ask := func(query string, input object) *event.Event {
		return g.json("POST", "/graphql", object{"query": query, "variables": object{"input": input}})
	}
	const login = `mutation SignIn($input: LoginInput!) { login(input: $input) { token customer { id } } }`
	g.is(ask(`query Browse { products(category: "packs") { sku } }`, nil), "browse-graphql", event.SessionUpdate, "", "product_category=packs")
	g.is(ask(login, object{"email": a.Email, "password": "no"}), "login-graphql", event.AuthenticationAttempt, event.Failure, "username="+a.Email, "password")
	if g.last.Code != http.StatusOK {
		t.Errorf("a failed login answers %d", g.last.Code)
	}
	in := ask(login, object{"email": a.Email, "password": a.Password})
	g.is(in, "login-graphql", event.AuthenticationAttempt, event.Success, "customer_id")
	if len(in.Evidence.Tokens) == 0 || !in.Evidence.Tokens[len(in.Evidence.Tokens)-1].Issued {
		t.Errorf("tokens %v", in.Evidence.Tokens)
	}
	buy := func(number string) *event.Event {
		return ask(`mutation Buy($input: CheckoutInput!) { checkout(input: $input) { id total currency finalSale } }`, object{
			"items": []object{{"sku": "CAM-770", "quantity": 1}}, "amount": 389.0, "email": a.Email, "phone": a.Phone,
			"shipping": object{"name": a.Name, "street": "Oak Street 1", "city": "Leeds", "postalCode": "LS1 4AP", "country": "GB"},
			"card":     object{"number": number, "holder": a.Name, "month": "09", "year": "2029", "cvv": "123"}})
	}
	g.is(buy(card(false)), "checkout-graphql", event.Transaction, event.Failure, "decline_code", "transaction_amount=38900")
	paid := buy(card(true))
	g.is(paid, "checkout-graphql", event.Transaction, event.Success, "order_id", "final_sale=true", "payment_from", "shipping_address", "username="+a.Email, "product_sku=CAM-770")
	order := paid.Find("order_id").Value
	const refund = `mutation Back($input: RefundInput!) { requestRefund(input: $input) { id status } }`
	g.is(ask(refund, object{"orderId": order, "amount": 389.0, "reason": "damaged"}), "refund-graphql", event.RefundRequest, event.Success, "order_id="+order, "refund_amount=38900", "refund_id")
	g.is(ask(refund, object{"orderId": order, "amount": 389.0, "reason": "damaged"}), "refund-graphql", event.RefundRequest, event.Failure)
}

// What is no page, no form and no call of interest is neither read nor recorded.
func TestTheRestIsLeftAlone(t *testing.T) {
	g := newGuest(t)
	r := &capture.Request{Method: "GET", Host: "shop.example", Header: []capture.Field{{Name: "Accept", Value: "*/*"}}}
	for _, path := range []string{"/static/shop.css", "/static/DRN-500.svg", "/favicon.ico", "/events", "/ws", "/outbox/a@example.com"} {
		r.Path = path
		if spec := g.specs.Match(r); spec != nil {
			t.Errorf("%s is taken by %s", path, spec.Name())
		}
	}
}
