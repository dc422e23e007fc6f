package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/config"
	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/proxy"
	"wayguard/ruleset"
)

const payingConfig = `
sessions: {tokens: [{cookie: sid}]}
proxy: {inline: {budget: 2s}}
specs:
  - {name: page, event: Page, type: product_view, match: {method: GET, path: "/{page}"}}
  - name: login
    event: Login
    type: authentication_attempt
    match: {method: POST, path: /login}
    take: {username: {form: username}}
    outcome: [{result: success, when: {status: 2xx}}]
  - name: pay
    event: Pay
    type: transaction
    inline: true
    match: {method: POST, path: /pay}
    take: {payment_from: {form: card}}
    outcome: [{result: failure, when: {status: 402}}, {result: success, when: {status: 200}}]
`

// merchant is a site whose payments are decided about, with what its application saw.
type merchant struct {
	*house
	mu   sync.Mutex
	paid []http.Header
}

func (m *merchant) payments() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.paid)
}

// paying runs a house that decides about payments, in front of an application that declines all of them.
func paying(t *testing.T, routes ...config.PaymentRouteConfig) *merchant {
	t.Helper()
	m := &merchant{}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/pay" {
			m.mu.Lock()
			m.paid = append(m.paid, r.Header.Clone())
			m.mu.Unlock()
			w.WriteHeader(http.StatusPaymentRequired)
			return
		}
		if _, err := r.Cookie("sid"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: fmt.Sprintf("session-of-%d", time.Now().UnixNano()), Path: "/"})
		}
	}))
	t.Cleanup(origin.Close)
	c := config.Default()
	if err := c.Add("paying.yaml", []byte(payingConfig), nil).Err(); err != nil {
		t.Fatal(err)
	}
	c.Data, c.Proxy.Origin.URL, c.Hub.Listen = t.TempDir(), origin.URL, "127.0.0.1:0"
	c.Proxy.Listen = []proxy.ListenConfig{{Address: "127.0.0.1:0"}}
	c.Decisions.Listen, c.Decisions.PCILevel, c.Decisions.AllowPrivate = "127.0.0.1:0", string(payment.SAQD), []string{"127.0.0.0/8"}
	c.Decisions.Routes = routes
	h, err := open(quietWorld(), c, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.house = h
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.run(ctx, Signals{}, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	m.until(t, "payments can be decided about", func() bool { return h.payments.Load() != nil && h.judge.opened() })
	return m
}

func (m *merchant) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// browserTransport is the transport of one browser: connections of its own, and its own name.
type browserTransport struct {
	*http.Transport
	agent string
}

// RoundTrip implements http.RoundTripper.
func (s browserTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", s.agent)
	return s.Transport.RoundTrip(r)
}

// browser is a visitor with a cookie jar.
func (m *merchant) browser(t *testing.T, agent string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: browserTransport{transport, agent}}
}

func (m *merchant) site() string { return "http://" + m.proxy.Addresses()[0].String() }

func (m *merchant) visit(t *testing.T, b *http.Client, path string) {
	t.Helper()
	response, err := b.Get(m.site() + path)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

func (m *merchant) post(t *testing.T, b *http.Client, path string, form url.Values) (int, string) {
	t.Helper()
	response, err := b.PostForm(m.site()+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// session is the value of a visitor's cookie.
func (m *merchant) session(t *testing.T, b *http.Client) string {
	t.Helper()
	at, err := url.Parse(m.site())
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.Jar.Cookies(at) {
		if cookie.Name == "sid" {
			return cookie.Value
		}
	}
	t.Fatal("the visitor has no session cookie")
	return ""
}

// force puts rules in force in a context.
func (m *merchant) force(t *testing.T, contextName, rules string) {
	t.Helper()
	decoded, problems := ruleset.DecodeRules([]byte(rules))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := m.house.payments.Load().service
	made, err := s.CreateRuleset(t.Context(), ruleset.Ruleset{Context: contextName, Rules: decoded}, "test")
	if err == nil {
		_, err = s.ActivateRuleset(t.Context(), made.ID, "test")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (m *merchant) decide(t *testing.T, body string) payment.Decision {
	t.Helper()
	p := m.house.payments.Load()
	r, problems := payment.Parse([]byte(body), p.acceptance)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d, err := p.service.Decide(t.Context(), r, decision.Caller{Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const payBody = `{"credential":{"type":"pan","pan":{"value":"%s","expiry_month":12,"expiry_year":2031}},
	"customer":{"id":"%s"},"transaction":{"reference":"A-1","amount":4999,"currency":"EUR"},"device":{"session":"%s"}}`

// cardAt is a card number with a right check digit.
func cardAt(t *testing.T, n int) string {
	t.Helper()
	for digit := range 10 {
		number := fmt.Sprintf("42424242%07d%d", n, digit)
		sum := 0
		for i := range number {
			d := int(number[len(number)-1-i] - '0')
			if i%2 == 1 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		if sum%10 == 0 {
			return number
		}
	}
	t.Fatal("no check digit fits")
	return ""
}

// A decision knows the visit that leads to it, and becomes an event of it.
func TestAPaymentKnowsItsJourney(t *testing.T) {
	m := paying(t)
	m.force(t, "default", `[{"id":"many","type":"condition","action":"REVIEW","condition":"$.journey.cards_in_session > 3"}]`)
	buyer, stranger := m.browser(t, "one browser"), m.browser(t, "another browser")
	m.visit(t, buyer, "/start")
	m.visit(t, stranger, "/start")
	m.post(t, buyer, "/login", url.Values{"username": {"anna"}})
	for n := range 3 {
		m.post(t, buyer, "/pay", url.Values{"card": {cardAt(t, n)}})
	}
	index := m.judge.journeys.Load()
	m.until(t, "the visits' events are judged", func() bool { return m.judge.judged.Load() >= 6 && index != nil })

	d := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 9), "anna", m.session(t, buyer)))
	if d.Decision != payment.Review || d.Journey == nil {
		t.Fatalf("decided %s with the journey %+v", d.Decision, d.Journey)
	}
	if j := d.Journey; j.MatchedBy != "session" || j.CardsInSession != 4 || j.PaymentsInSession != 3 || j.PaymentFailures != 3 || j.Session == "" || j.Device == "" {
		t.Errorf("the journey is %+v", j)
	}
	// A card that was tried already is no other one; an account leads to its visit where no session is told.
	again := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 1), "anna", ""))
	if again.Journey == nil || again.Journey.MatchedBy != "account" || again.Journey.Session != d.Journey.Session {
		t.Errorf("by the account: %+v", again.Journey)
	}
	other := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 50), "carl", m.session(t, stranger)))
	if other.Decision != payment.Allow || other.Journey == nil || other.Journey.CardsInSession != 1 || other.Journey.Session == d.Journey.Session {
		t.Errorf("of somebody else: %s %+v", other.Decision, other.Journey)
	}
	if unknown := m.decide(t, fmt.Sprintf(payBody, cardAt(t, 60), "nobody", "")); unknown.Journey != nil || unknown.Decision != payment.Allow {
		t.Errorf("of nobody: %s %+v", unknown.Decision, unknown.Journey)
	}
	m.until(t, "the decision is an event of the session", func() bool {
		story, err := m.shelf.Story(t.Context(), event.DefaultEnvironment, d.Journey.Session)
		if err != nil {
			return false
		}
		return slices.ContainsFunc(story.Events, func(r event.Record) bool {
			el := r.Event.Find("decision_id")
			return r.Event.Type == event.PaymentDecision && el != nil && el.Value == string(d.ID) && r.Session.Join.By == "told" && r.Event.Find("decision_outcome").Value == "REVIEW"
		})
	})
}

// A payment route decides on the way, and answers visitors without telling them anything of the decision.
func TestAPaymentRoute(t *testing.T) {
	m := paying(t, config.PaymentRouteConfig{Spec: "pay", Interceptor: "site"})
	buyer := m.browser(t, "a browser")
	m.visit(t, buyer, "/start")
	pay := func(card string) (int, string) {
		return m.post(t, buyer, "/pay", url.Values{"card": {card}, "amount": {"1999"}, "order": {"A-7"}})
	}
	if status, _ := pay(cardAt(t, 1)); status != http.StatusPaymentRequired || m.payments() != 1 || m.mitigator.unpaid.Load() != 1 {
		t.Fatalf("without an interceptor: %d, the application saw %d, %d undecided", status, m.payments(), m.mitigator.unpaid.Load())
	}
	m.force(t, "shop", `[{"id":"cards","type":"condition","action":"BLOCK","condition":"$.journey.cards_in_session > 2"}]`)
	s := m.house.payments.Load().service
	template := &interceptor.Response{Mode: "template", Status: 409, Body: json.RawMessage(`{"held":"{{ decision }}"}`)}
	mapping := []interceptor.Entry{
		{Const: json.RawMessage(`"pan"`), Target: "credential.type"}, {Source: "$.card", Target: "credential.pan.value"},
		{Source: "$.amount", Filter: "to_int", Target: "transaction.amount"}, {Const: json.RawMessage(`"EUR"`), Target: "transaction.currency"},
		{Source: "$.order", Target: "transaction.reference"}, {Const: json.RawMessage(`"guest"`), Target: "customer.id"},
	}
	for version, responses := range []interceptor.Responses{{}, {Block: template}} {
		made, err := s.CreateInterceptor(t.Context(), interceptor.Interceptor{Ref: "site", Context: "shop", Destination: interceptor.Destination{URL: "http://127.0.0.1:1/"},
			FieldMapping: mapping, Responses: responses}, "test")
		if err == nil {
			_, err = s.ActivateInterceptor(t.Context(), made.ID, "test")
		}
		if err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if version == 0 {
			if status, _ := pay(cardAt(t, 2)); status != http.StatusPaymentRequired || m.payments() != 2 {
				t.Fatalf("an allowed payment: %d, the application saw %d", status, m.payments())
			}
			if id := m.paid[1].Get("X-Specter-Decision-Id"); id == "" {
				t.Error("the application is not told the decision's id")
			}
			m.until(t, "the payments are judged", func() bool { return m.judge.judged.Load() >= 4 })
		}
		status, body := pay(cardAt(t, 3+version))
		want, word := http.StatusForbidden, "Payment not taken"
		if version == 1 {
			want, word = 409, `{"held":"BLOCK"}`
		}
		if status != want || !strings.Contains(body, word) || m.payments() != 2 || strings.Contains(body, "journey") {
			t.Errorf("version %d: %d %s, the application saw %d", version, status, body, m.payments())
		}
	}
	page, err := s.Search(t.Context(), decision.Query{Environment: event.DefaultEnvironment, Outcome: payment.Block, Limit: 10})
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Decision.Journey == nil || page.Entries[0].Decision.Journey.MatchedBy != "session" {
		t.Errorf("%d blocked decisions are kept, %v", len(page.Entries), err)
	}
}

// send posts a payment in a form of the visitor's choice.
func (m *merchant) send(t *testing.T, b *http.Client, body string, header map[string]string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, m.site()+"/pay", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Specter-Decision-Id", "forged")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// intercepted puts an interceptor for the site in force that knows forms and JSON alike.
func (m *merchant) intercepted(t *testing.T, onInvalid, onFailure string) {
	t.Helper()
	var mapping []interceptor.Entry
	if err := json.Unmarshal([]byte(`[{"const":"pan","target":"credential.type"},{"source":"$.card","target":"credential.pan.value"},
		{"const":1999,"target":"transaction.amount"},{"const":"EUR","target":"transaction.currency"},{"const":"A-1","target":"transaction.reference"},
		{"const":"guest","target":"customer.id"}]`), &mapping); err != nil {
		t.Fatal(err)
	}
	s := m.house.payments.Load().service
	made, err := s.CreateInterceptor(t.Context(), interceptor.Interceptor{Ref: "site", Context: "shop", Destination: interceptor.Destination{URL: "http://127.0.0.1:1/"},
		FieldMapping: mapping, OnInvalid: onInvalid, OnFailure: onFailure}, "test")
	if err == nil {
		_, err = s.ActivateInterceptor(t.Context(), made.ID, "test")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A visitor writes the body: none that he can write gets him past a rule, and no header of his tells of a decision.
func TestAVisitorCannotLeaveAPaymentRoute(t *testing.T) {
	m := paying(t, config.PaymentRouteConfig{Spec: "pay", Interceptor: "site"})
	b := m.browser(t, "a browser")
	m.visit(t, b, "/start")
	card := url.Values{"card": {cardAt(t, 1)}}.Encode()
	if m.send(t, b, card, nil) != http.StatusPaymentRequired || m.paid[0].Get("X-Specter-Decision-Id") != "" {
		t.Fatalf("without an interceptor the application reads %q", m.paid[0].Get("X-Specter-Decision-Id"))
	}
	m.intercepted(t, "", "")
	if m.send(t, b, "card=none", nil) != http.StatusPaymentRequired || m.payments() != 2 {
		t.Fatal("while no rule could stop it, a payment that cannot be mapped does not go on")
	}
	m.force(t, "shop", `[{"id":"all","type":"condition","action":"BLOCK","condition":"$.transaction.amount > 1"}]`)
	for name, one := range map[string]struct {
		body   string
		header map[string]string
	}{
		"plain":      {card, nil},
		"JSON":       {`{"card":"` + cardAt(t, 2) + `"}`, map[string]string{"Content-Type": "application/json"}},
		"padded":     {card + "&pad=" + strings.Repeat("x", 2<<20), nil},
		"compressed": {card, map[string]string{"Content-Encoding": "gzip"}},
		"identity":   {card, map[string]string{"Content-Encoding": "identity"}},
		"text":       {card, map[string]string{"Content-Type": "text/plain"}},
		"twice":      {card + "&card=1", nil},
		"no card":    {"card=none", nil},
	} {
		if status := m.send(t, b, one.body, one.header); status != http.StatusForbidden || m.payments() != 2 {
			t.Errorf("%s: %d, the application saw %d", name, status, m.payments()-2)
		}
	}
	if err := m.mitigator.control.Stop(time.Now().Add(time.Hour), "too much", "anna"); err != nil {
		t.Fatal(err)
	}
	if status := m.send(t, b, card, nil); status != http.StatusPaymentRequired || m.payments() != 3 || m.paid[2].Get("X-Specter-Decision-Id") != "" {
		t.Errorf("while everything is stopped: %d, the application saw %d", status, m.payments())
	}
}

// A ledger that does not take decisions costs a payment its time and not more, and then the interceptor says what becomes of it.
func TestAPaymentRouteWhereNothingCanBeKept(t *testing.T) {
	m := paying(t, config.PaymentRouteConfig{Spec: "pay", Interceptor: "site"})
	b := m.browser(t, "a browser")
	m.force(t, "shop", `[{"id":"all","type":"condition","action":"BLOCK","condition":"$.transaction.amount > 1"}]`)
	m.intercepted(t, "", "")
	if err := m.house.payments.Load().ledger.Close(); err != nil {
		t.Fatal(err)
	}
	card := url.Values{"card": {cardAt(t, 1)}}.Encode()
	if status := m.send(t, b, card, nil); status != http.StatusPaymentRequired || m.payments() != 1 || m.mitigator.unpaid.Load() != 1 {
		t.Errorf("open: %d, the application saw %d, %d undecided", status, m.payments(), m.mitigator.unpaid.Load())
	}
}
