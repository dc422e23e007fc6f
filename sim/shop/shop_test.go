package shop_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"wayguard/sim/shop"
)

const seed = 7

// browser is a client that keeps cookies and does not follow redirects.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	bearer string
}

func visit(t *testing.T) *browser {
	t.Helper()
	server := httptest.NewServer(shop.New(seed))
	t.Cleanup(server.Close)
	return newBrowser(t, server.URL)
}

func newBrowser(t *testing.T, base string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, client: &http.Client{Jar: jar, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type page struct {
	status int
	header http.Header
	body   string
}

func (b *browser) send(method, path, contentType, body string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if b.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+b.bearer)
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{response.StatusCode, response.Header, string(text)}
}

func (b *browser) open(path string) page { return b.send("GET", path, "", "") }

func (b *browser) post(path string, form url.Values) page {
	return b.send("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

func (b *browser) call(method, path string, body any) (page, map[string]any) {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := b.send(method, path, "application/json", string(text))
	var answer map[string]any
	if len(p.body) > 0 {
		if err := json.Unmarshal([]byte(p.body), &answer); err != nil {
			b.t.Fatalf("%s answered no JSON: %s", path, p.body)
		}
	}
	return p, answer
}

func (b *browser) session() string {
	at, _ := url.Parse(b.base)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "shop_session" {
			return c.Value
		}
	}
	return ""
}

func (b *browser) signIn(account shop.Account) page {
	return b.post("/account/login", url.Values{"email": {account.Email}, "password": {account.Password}})
}

// card finds a card number that works, or one that does not.
func card(works bool) string {
	for n := 0; ; n++ {
		number := fmt.Sprintf("411111%010d", n)
		if shop.Luhn(number) && shop.CardWorks(number) == works {
			return number
		}
	}
}

func payment(number string) url.Values {
	return url.Values{"email": {"a@example.com"}, "name": {"Ann"}, "street": {"Oak Street 1"}, "city": {"Leeds"}, "postal_code": {"LS1"},
		"country": {"GB"}, "card_number": {number}, "card_month": {"09"}, "card_year": {"2029"}}
}

func want(t *testing.T, what string, p page, status int, text string) {
	t.Helper()
	if p.status != status || !strings.Contains(p.body, text) {
		t.Fatalf("%s: status %d, want %d with %q in\n%.2000s", what, p.status, status, text, p.body)
	}
}

func TestPages(t *testing.T) {
	b := visit(t)
	want(t, "home", b.open("/"), 200, "Ridgeline")
	want(t, "category", b.open("/products?category=footwear"), 200, "Talus Boots")
	want(t, "product", b.open("/products/DRN-500"), 200, "Final sale")
	want(t, "no product", b.open("/products/NONE"), 404, "no such article")
	want(t, "search", b.open("/search?q=boots"), 200, "Talus")
	want(t, "search for markup", b.open("/search?q=%3Cscript%3E"), 200, "Nothing here")
	want(t, "style", b.open("/static/shop.css"), 200, "--leaf")
	want(t, "picture", b.open("/static/DRN-500.svg"), 200, "<svg")
	want(t, "nothing", b.open("/no/such/page"), 404, "no such page")
	want(t, "private page", b.open("/account"), 303, "")
	want(t, "support", b.open("/support"), 200, "multipart/form-data")
	if regexp.MustCompile(`(src|href)="https?:`).MatchString(b.open("/").body) {
		t.Error("a page loads something from elsewhere")
	}
}

func TestLoginRotatesTheSession(t *testing.T) {
	b, account := visit(t), shop.AccountAt(seed, 3)
	b.open("/")
	before := b.session()
	want(t, "wrong password", b.post("/account/login", url.Values{"email": {account.Email}, "password": {"nonsense"}}), 200, "wrong email or password")
	if b.session() != before {
		t.Error("a failed login changed the session")
	}
	p := b.signIn(account)
	if p.status != 302 || p.header.Get("Location") != "/account" || b.session() == before || b.session() == "" {
		t.Fatalf("login: %d to %q, session changed: %t", p.status, p.header.Get("Location"), b.session() != before)
	}
	want(t, "account", b.open("/account"), 200, account.Email)
	signedIn := b.session()
	want(t, "logout", b.post("/account/logout", nil), 303, "")
	if b.session() == signedIn {
		t.Error("the session outlived the logout")
	}
	want(t, "account after logout", b.open("/account"), 303, "")
}

func TestSignUpAndReset(t *testing.T) {
	b := visit(t)
	form := url.Values{"email": {"New@Example.com"}, "name": {"New"}, "password": {"long-enough"}}
	want(t, "short password", b.post("/account/signup", url.Values{"email": {"x@example.com"}, "name": {"X"}, "password": {"short"}}), 422, "every field")
	want(t, "sign-up", b.post("/account/signup", form), 303, "")
	want(t, "profile", b.post("/account/profile", url.Values{"name": {"Newer"}}), 303, "")
	want(t, "new name", b.open("/account"), 200, "Newer")
	want(t, "second sign-up", b.post("/account/signup", form), 422, "already")

	want(t, "unknown mail", b.post("/account/forgot", url.Values{"email": {"nobody@example.com"}}), 200, "If there is such an account")
	want(t, "no mail", b.open("/outbox/nobody@example.com"), 404, "")
	want(t, "forgot", b.post("/account/forgot", url.Values{"email": {"new@example.com"}}), 200, "If there is such an account")
	token := b.open("/outbox/new@example.com").body
	reset := url.Values{"token": {token}, "new_password": {"another-one"}}
	want(t, "reset", b.post("/account/reset", reset), 303, "")
	want(t, "second use", b.post("/account/reset", reset), 422, "has been used")
	want(t, "old password", b.signIn(shop.Account{Email: "new@example.com", Password: "long-enough"}), 200, "wrong email")
	want(t, "new password", b.signIn(shop.Account{Email: "new@example.com", Password: "another-one"}), 302, "")
}

func TestBuyAndRefund(t *testing.T) {
	b := visit(t)
	want(t, "empty cart", b.post("/checkout", payment(card(true))), 422, "cart is empty")
	want(t, "login", b.signIn(shop.AccountAt(seed, 4)), 302, "")
	want(t, "unknown article", b.post("/cart/add", url.Values{"sku": {"NONE"}}), 404, "")
	want(t, "add", b.post("/cart/add", url.Values{"sku": {"DRN-500"}, "quantity": {"1"}}), 303, "")
	want(t, "bad code", b.post("/cart/promo", url.Values{"promo_code": {"FREE"}}), 422, "not valid")
	want(t, "code", b.post("/cart/promo", url.Values{"promo_code": {"welcome10"}}), 303, "")
	want(t, "checkout", b.open("/checkout"), 200, `name="amount" value="629.10"`)
	want(t, "incomplete", b.post("/checkout", url.Values{"email": {"x"}}), 422, "every field")
	declined := b.post("/checkout", payment(card(false)))
	want(t, "declined", declined, 200, "your card was declined")
	if declined.header.Get("X-Decline-Code") == "" {
		t.Error("a decline without a code")
	}
	paid := b.post("/checkout", payment(card(true)))
	order, found := strings.CutPrefix(paid.header.Get("Location"), "/orders/")
	if paid.status != 303 || !found {
		t.Fatalf("paid: %d to %q", paid.status, paid.header.Get("Location"))
	}
	want(t, "order", b.open("/orders/"+order), 200, "Skua Camera Drone")
	want(t, "orders", b.open("/orders"), 200, order)
	want(t, "too much", b.post("/orders/"+order+"/refund", url.Values{"refund_amount": {"629.11"}}), 422, "cannot be refunded")
	for _, amount := range []string{"", "-5", "1.234", "a lot", "0", "99999999999"} {
		want(t, "amount "+amount, b.post("/orders/"+order+"/refund", url.Values{"refund_amount": {amount}}), 422, "")
	}
	want(t, "refund", b.post("/orders/"+order+"/refund", url.Values{"refund_amount": {"600"}, "reason": {"damaged"}}), 200, "Refund Requested")
	want(t, "twice", b.post("/orders/"+order+"/refund", url.Values{"refund_amount": {"600"}}), 422, "cannot be refunded")

	stranger := newBrowser(t, b.base)
	stranger.signIn(shop.AccountAt(seed, 5))
	want(t, "another's order", stranger.post("/orders/"+order+"/refund", url.Values{"refund_amount": {"1"}}), 422, "not found")
	if p := stranger.open("/orders/" + order); strings.Contains(p.body, "Drone") {
		t.Error("an order was shown to a stranger")
	}
}

func TestGiftCards(t *testing.T) {
	b := visit(t)
	want(t, "unknown", b.post("/gift-cards/balance", url.Values{"gift_card": {"GIFT-0"}}), 200, "no such gift card")
	code := shop.GiftCardAt(seed, 1)
	known := b.post("/gift-cards/balance", url.Values{"gift_card": {strings.ToLower(code)}})
	want(t, "known", known, 200, "$25.00")
	if known.header.Get("X-Gift-Card-Balance") != "25.00" {
		t.Errorf("balance %q", known.header.Get("X-Gift-Card-Balance"))
	}
	b.post("/cart/add", url.Values{"sku": {"SCK-004"}})
	want(t, "redeem", b.post("/cart/gift-card", url.Values{"gift_card": {code}}), 303, "")
	want(t, "covered", b.open("/checkout"), 200, `name="amount" value="0.00"`)
	want(t, "pay", b.post("/checkout", payment(card(true))), 303, "")
	want(t, "what is left", b.post("/gift-cards/balance", url.Values{"gift_card": {code}}), 200, "$1.00")
}

func TestAPI(t *testing.T) {
	b, account := visit(t), shop.AccountAt(seed, 6)
	if p, _ := b.call("POST", "/api/v1/login", map[string]string{"email": account.Email, "password": "no"}); p.status != 401 {
		t.Fatalf("wrong password: %d", p.status)
	}
	if p := b.send("POST", "/api/v1/login", "application/json", "{"); p.status != 400 {
		t.Fatalf("broken JSON: %d", p.status)
	}
	if p := b.send("POST", "/api/v1/login", "application/json", `{"email":"`+strings.Repeat("x", 70_000)+`"}`); p.status != 400 {
		t.Fatalf("huge body: %d", p.status)
	}
	if p, _ := b.call("GET", "/api/v1/orders", nil); p.status != 401 {
		t.Fatalf("orders of nobody: %d", p.status)
	}
	_, in := b.call("POST", "/api/v1/login", map[string]string{"email": account.Email, "password": account.Password})
	b.bearer, _ = in["token"].(string)
	if p, _ := b.call("POST", "/api/v1/cart", map[string]any{"items": []map[string]any{{"sku": "BTL-001", "quantity": 2}}}); p.status != 200 {
		t.Fatalf("cart: %d %s", p.status, p.body)
	}
	buy := map[string]any{"email": account.Email, "amount_minor": 3800,
		"shipping": map[string]string{"name": "A", "street": "B", "city": "C", "postal_code": "D", "country": "US"},
		"card":     map[string]string{"number": card(false), "month": "09", "year": "2029"}}
	if p, answer := b.call("POST", "/api/v1/checkout", buy); p.status != 402 || answer["error"].(map[string]any)["decline_code"] == "" {
		t.Fatalf("declined: %d %s", p.status, p.body)
	}
	buy["card"].(map[string]string)["number"] = card(true)
	p, answer := b.call("POST", "/api/v1/checkout", buy)
	if p.status != 201 {
		t.Fatalf("paid: %d %s", p.status, p.body)
	}
	order := answer["order"].(map[string]any)
	if order["total_minor"] != 3800.0 || order["final_sale"] != false {
		t.Errorf("order %v", order)
	}
	if p, _ := b.call("POST", fmt.Sprintf("/api/v1/orders/%s/refunds", order["id"]), map[string]any{"amount_minor": 1900, "reason": "leaks"}); p.status != 202 {
		t.Errorf("refund: %d %s", p.status, p.body)
	}
	if p, _ := b.call("POST", "/api/v1/logout", map[string]any{}); p.status != 204 {
		t.Errorf("logout: %d", p.status)
	}
	if p, _ := b.call("GET", "/api/v1/orders", nil); p.status != 401 {
		t.Errorf("orders after logout: %d", p.status)
	}
}

const loginMutation = `mutation SignIn($input: LoginInput!) { login(input: $input) { token customer { id email } } }`

func TestGraphQL(t *testing.T) {
	b, account := visit(t), shop.AccountAt(seed, 8)
	ask := func(query string, variables map[string]any) (page, map[string]any) {
		return b.call("POST", "/graphql", map[string]any{"query": query, "variables": variables})
	}
	p, answer := ask(loginMutation, map[string]any{"input": map[string]string{"email": account.Email, "password": "no"}})
	if p.status != 200 || answer["errors"] == nil || b.session() != "" {
		t.Fatalf("a failed login: %d %s", p.status, p.body)
	}
	if p, answer = ask(loginMutation, map[string]any{"input": map[string]string{"email": account.Email, "password": account.Password}}); answer["errors"] != nil || b.session() == "" {
		t.Fatalf("login: %d %s", p.status, p.body)
	}
	if _, answer = ask(`{ me { email } product(sku: "DRN-500") { name price finalSale } products(category: "packs") { sku } }`, nil); answer["errors"] != nil ||
		answer["data"].(map[string]any)["me"].(map[string]any)["email"] != account.Email {
		t.Fatalf("queries: %v", answer)
	}
	input := map[string]any{"items": []map[string]any{{"sku": "CAM-770", "quantity": 1}}, "amount": 389.0, "email": account.Email,
		"shipping": map[string]string{"name": "A", "street": "B", "city": "C", "postalCode": "D", "country": "US"},
		"card":     map[string]string{"number": card(false), "holder": "A", "month": "09", "year": "2029", "cvv": "1"}}
	const buy = `mutation Buy($input: CheckoutInput!) { checkout(input: $input) { id total finalSale } }`
	if p, _ = ask(buy, map[string]any{"input": input}); p.status != 200 || !strings.Contains(p.body, "declineCode") {
		t.Fatalf("declined: %d %s", p.status, p.body)
	}
	input["card"].(map[string]string)["number"] = card(true)
	if p, answer = ask(buy, map[string]any{"input": input}); answer["errors"] != nil || !strings.Contains(p.body, `"finalSale":true`) {
		t.Fatalf("paid: %d %s", p.status, p.body)
	}
	id := answer["data"].(map[string]any)["checkout"].(map[string]any)["id"]
	const refund = `mutation Back($input: RefundInput!) { requestRefund(input: $input) { id status } }`
	if p, answer = ask(refund, map[string]any{"input": map[string]any{"orderId": id, "amount": 389.0, "reason": "x"}}); answer["errors"] != nil {
		t.Fatalf("refund: %s", p.body)
	}
	if p, answer = ask(refund, map[string]any{"input": map[string]any{"orderId": id, "amount": 389.0, "reason": "x"}}); answer["errors"] == nil {
		t.Fatalf("second refund: %s", p.body)
	}
	deep := strings.Repeat("{ products ", 20) + strings.Repeat("}", 20)
	if _, answer = ask(deep, nil); answer["errors"] == nil {
		t.Error("a query without a sense was answered")
	}
}

func TestServerSentEvents(t *testing.T) {
	b := visit(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(response.Body)
	events := 0
	for events < 2 && lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte("event: stock")) {
			events++
		}
	}
	if events != 2 {
		t.Errorf("%d events, then %v", events, lines.Err())
	}
}

func TestChat(t *testing.T) {
	b := visit(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, b.base+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	if _, hello, err := conn.Read(ctx); err != nil || !bytes.HasPrefix(hello, []byte("Hello")) {
		t.Fatalf("%s, %v", hello, err)
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte("green?")); err != nil {
		t.Fatal(err)
	}
	if _, echo, err := conn.Read(ctx); err != nil || string(echo) != "You said: green?" {
		t.Fatalf("%s, %v", echo, err)
	}
}

// Many people at once, some with one session: for the race detector.
func TestManyAtOnce(t *testing.T) {
	b := visit(t)
	b.signIn(shop.AccountAt(seed, 9))
	var crowd sync.WaitGroup
	for n := range 8 {
		crowd.Go(func() {
			for range 5 {
				b.post("/cart/add", url.Values{"sku": {"BTL-001"}})
				b.post("/account/profile", url.Values{"name": {fmt.Sprint("Name ", n)}})
				b.open("/account")
				b.post("/checkout", payment(card(true)))
				b.open("/orders")
			}
		})
	}
	crowd.Wait()
	want(t, "afterwards", b.open("/account"), 200, "Name")
}

func TestCompression(t *testing.T) {
	b := visit(t)
	ask := func(path, accept string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", accept) // set by hand: Go then leaves the body as it comes
		response, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	for _, path := range []string{"/", "/api/v1/products", "/static/shop.css"} {
		packed := ask(path, "gzip, br")
		unpacked, err := gzip.NewReader(packed.Body)
		if err != nil || packed.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v, encoding %q", path, err, packed.Header.Get("Content-Encoding"))
		}
		got, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(ask(path, "identity").Body)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: packed and plain differ, %v", path, err)
		}
	}
	for _, path := range []string{"/favicon.ico", "/account", "/static/x.svg"} {
		if got := ask(path, "gzip").Header.Get("Content-Encoding"); got != "" && path != "/account" {
			t.Errorf("%s: encoding %q", path, got)
		}
	}
}
