package backend

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

const testPAN = "4111111111111111"

// patience bounds what a test waits for; nothing depends on how much of it is used.
const patience = 20 * time.Second

// card is a payment by card as payment.Parse makes one: its tree has no card number.
func card() *payment.Request {
	return &payment.Request{
		Context:    "default",
		Credential: payment.Credential{Type: payment.PAN, Number: testPAN, FirstSix: "411111", LastFour: "1111", ExpiryMonth: 12, ExpiryYear: 2030, Scheme: "visa"},
		Reference:  "order-7", Amount: 12050, Currency: "EUR",
		Metadata:    map[string]string{"note": "private"},
		BackendData: map[string]payment.Tree{"default": {"site": "shop.example.com"}, "else": {"secret": "of another"}},
		Tree: payment.Tree{
			"context": "default", "credential_type": "pan", "credential_fingerprint": "crd_00", "masked_credential": "411111 ****** 1111",
			"credential": payment.Tree{"type": "pan", "bin_data": payment.Tree{"brand": "visa"},
				"pan": payment.Tree{"expiry_month": json.Number("12"), "expiry_year": json.Number("2030"), "scheme": "visa", "cardholder_name": "Ada Lovelace"}},
			"customer":    payment.Tree{"id": "c-1", "email": "Ada@Example.com", "first_name": "Ada", "last_name": "Lovelace"},
			"transaction": payment.Tree{"reference": "order-7", "amount": json.Number("12050"), "currency": "EUR"},
			"device":      payment.Tree{"ip": "198.51.100.7", "user_agent": "UA", "session": "s-1"},
			"billing":     payment.Tree{"first_name": "Ada", "last_name": "Lovelace", "address1": "1 Street", "city": "London", "postal_code": "N1", "country": "GB"},
			"items": []any{payment.Tree{"name": "Book", "sku": "b-1", "price": json.Number("1000"), "quantity": json.Number("2")},
				payment.Tree{"name": "Pen", "price": json.Number("10050"), "quantity": json.Number("1")}},
			"metadata": payment.Tree{"note": "private"},
			"journey":  payment.Tree{"rating": "suspicious"},
		},
	}
}

// masked is the same card without its number.
func masked() *payment.Request {
	r := card()
	r.Credential.Type, r.Credential.Number = payment.MaskedPAN, ""
	r.Tree["credential_type"] = "masked_pan"
	r.Tree["credential"] = payment.Tree{"type": "masked_pan", "masked_pan": payment.Tree{"first_six": "411111", "last_four": "1111"}}
	return r
}

// account is a payment by direct debit.
func account() *payment.Request {
	r := card()
	r.Credential = payment.Credential{Type: payment.SEPA, IBAN: "DE89370400440532013000"}
	r.Tree["credential_type"] = "sepa"
	r.Tree["credential"] = payment.Tree{"type": "sepa", "sepa": payment.Tree{"bic": "COBADEFFXXX"}}
	return r
}

// taken is a request as a server saw it.
type taken struct {
	method, path string
	header       http.Header
	body         string
}

// server answers and remembers.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []taken
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, taken{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) calls() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may have gone, which is what some tests are about
	}
}

// scoreAdapter asks with nothing and reads a word.
const scoreAdapter = `{"assess": {"url": "/score", "body": {"ref": "{{ $.transaction.reference }}"},
	"answer": {"outcome": {"path": "$.verdict", "map": {"ok": "ALLOW", "hmm": "REVIEW", "no": "BLOCK"}},
		"score": {"path": "$.score", "scale": 100}, "reference": "$.id"}},
	"notify": {"chargeback": {"url": "/told", "body": {"id": "{{ $.backend_reference }}", "amount": "{{ $.data.amount }}"}}}}`

func webIntegration(slug, base, adapter string) decision.Integration {
	return decision.Integration{ID: event.ID(slug), Type: "http", Slug: slug, Name: slug, BaseURL: base, Enabled: true, Adapter: []byte(adapter)}
}

func linkIntegration(slug, base string) decision.Integration {
	return decision.Integration{ID: event.ID(slug), Type: "link", Slug: slug, Name: slug, BaseURL: base, Enabled: true}
}

// fixed are integrations that stay as they are.
func fixed(list ...decision.Integration) func() []decision.Integration {
	return func() []decision.Integration { return list }
}

// pool makes a refreshed pool of integrations that are as they are.
func pool(t *testing.T, limits Limits, list ...decision.Integration) *Pool {
	t.Helper()
	p := New(Deps{Integrations: fixed(list...), Limits: limits})
	t.Cleanup(p.Close)
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p
}

// asked makes one live call.
func asked(t *testing.T, p *Pool, name string, r *payment.Request) payment.BackendResult {
	t.Helper()
	return p.Ask(context.Background(), []ruleset.Call{{RuleID: "r1", Backend: name, Live: true, Request: r}}, false)[0]
}

// code is the result's error, empty for none.
func code(r payment.BackendResult) string {
	if r.Error == nil {
		return ""
	}
	return *r.Error
}

// until polls a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// status finds a backend in the list.
func status(t *testing.T, p *Pool, name string) Status {
	t.Helper()
	for _, s := range p.List() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("%s is not listed", name)
	return Status{}
}
