package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/api"
	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/store"
)

const (
	visa      = "4111111111111111"
	otherVisa = "4242424242424242"
)

// house is an API over a real service and a real ledger.
type house struct {
	t       testing.TB
	api     *api.API
	service *decision.Service
	ledger  *store.Ledger
	keys    *api.Keys
	server  *httptest.Server
	log     *logBook
	clock   *clock
}

// clock is the time, which a test may set forward.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) forward(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
}

// logBook keeps what is logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newID(at time.Time) event.ID {
	var random [10]byte
	_, _ = rand.Read(random[:])
	return event.RandomID(at, random)
}

// build makes a house; change may edit the configuration and what the API is given.
func build(t testing.TB, change func(*api.Config, *api.Deps)) *house {
	t.Helper()
	h := &house{t: t, log: &logBook{}, clock: &clock{}}
	dir := t.TempDir()
	logger := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, cancel := context.WithCancel(t.Context())
	var err error
	if h.ledger, err = store.OpenLedger(ctx, filepath.Join(dir, "decisions.db"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	plain := func(data []byte) ([]byte, error) { return data, nil }
	accept := payment.Acceptance{PCI: payment.SAQD, Prints: payment.NewFingerprinter([]byte("0123456789abcdef0123456789abcdef"))}
	config := api.DefaultConfig()
	config.AllowPrivate = []string{"127.0.0.0/8", "::1"}
	config.Lists = map[string]api.ListConfig{"friends": {Kind: "allow", Values: []string{"good@example.org"}}}
	deps := api.Deps{Environment: event.DefaultEnvironment, Acceptance: accept, Outbox: h.ledger, Now: h.clock.now, NewID: newID, Logger: logger}
	if deps.Keys, err = api.OpenKeys(filepath.Join(dir, "keys.json"), api.Sealing{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&config, &deps)
	}
	h.service, err = decision.New(ctx, decision.Deps{
		Environment: event.DefaultEnvironment, Ledger: h.ledger, Acceptance: deps.Acceptance, Lists: map[string][]string{"friends": {"good@example.org"}},
		Now: h.clock.now, NewID: newID, Seal: plain, Open: plain, Logger: logger,
		Limits: decision.Limits{SharedContext: config.AllowSharedContext},
	})
	if err != nil {
		t.Fatal(err)
	}
	var background sync.WaitGroup
	background.Go(func() { h.service.Run(ctx) })
	deps.Service, h.keys = h.service, deps.Keys
	if h.api, err = api.New(config, deps); err != nil {
		t.Fatal(err)
	}
	h.server = httptest.NewServer(h.api.Handler())
	t.Cleanup(func() {
		h.server.Close()
		cancel()
		background.Wait()
		if err := h.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// client makes a client and gives its id and secret.
func (h *house) client(scopes ...string) (id, secret string) {
	h.t.Helper()
	c, secret, err := h.service.CreateClient(h.t.Context(), "test", scopes, "test")
	if err != nil {
		h.t.Fatal(err)
	}
	return c.ID, secret
}

// token asks for a token by the documented way.
func (h *house) token(scopes ...string) string {
	h.t.Helper()
	id, secret := h.client(scopes...)
	status, _, body := h.grant(id, secret, url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}, "audience": {"wayguard"}})
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK || answer.AccessToken == "" {
		h.t.Fatalf("no token: %d %s", status, body)
	}
	return answer.AccessToken
}

func (h *house) grant(id, secret string, form url.Values) (int, http.Header, []byte) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.server.URL+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	r.SetBasicAuth(id, secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.send(r)
}

func (h *house) send(r *http.Request) (int, http.Header, []byte) {
	h.t.Helper()
	response, err := h.server.Client().Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}

// call makes a request with a token; body is JSON, or nil.
func (h *house) call(token, method, path string, body any, header ...string) (int, http.Header, []byte) {
	h.t.Helper()
	r := h.request(token, method, path, body, header...)
	return h.send(r)
}

func (h *house) request(token, method, path string, body any, header ...string) *http.Request {
	h.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		data, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, reader)
	if err != nil {
		h.t.Fatal(err)
	}
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// tree is JSON that was answered.
type tree = map[string]any

func parse(t testing.TB, body []byte) tree {
	t.Helper()
	var v tree
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// want makes a call that must be answered with a status.
func (h *house) want(status int, token, method, path string, body any, header ...string) tree {
	h.t.Helper()
	got, _, answer := h.call(token, method, path, body, header...)
	if got != status {
		h.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, answer)
	}
	if len(answer) == 0 {
		return nil
	}
	return parse(h.t, answer)
}

// pay is a decision request.
func pay(number string, amount int64, customer string) tree {
	return tree{
		"credential":  tree{"type": "pan", "pan": tree{"value": number, "expiry_month": 12, "expiry_year": 2030, "scheme": "visa"}},
		"customer":    tree{"id": customer, "email": customer + "@example.org"},
		"transaction": tree{"reference": "order-" + customer, "amount": amount, "currency": "EUR"},
		"device":      tree{"ip": "192.0.2.7", "fingerprint": "fp-1"},
		"metadata":    tree{"channel": "web"},
	}
}

// rules puts rules in force for the default context.
func (h *house) rules(token string, rules ...tree) string {
	h.t.Helper()
	made := h.want(http.StatusCreated, token, "POST", "/api/admin/rulesets", tree{"context": "default", "rules": rules})
	id := made["id"].(string)
	h.want(http.StatusOK, token, "POST", "/api/admin/rulesets/"+id+"/activate", nil)
	return id
}

func atLeast(amount int, id, action string) tree {
	return tree{"id": id, "type": "condition", "name": "large", "action": action,
		"condition": tree{"op": "gte", "field": "$.transaction.amount", "value": amount}}
}

func all() []string { return api.Scopes() }

// eventually polls until it is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatal("in vain waited for: " + what)
}

func disable(c *decision.Client) error {
	c.Disabled = true
	return nil
}
