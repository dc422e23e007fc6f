package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wayguard/api"
	"wayguard/document"
)

// TestIdempotency sees that a key gives the first answer again, and that its body is not digested in a way that can be guessed.
func TestIdempotency(t *testing.T) {
	h := build(t, nil)
	token := h.token(all()...)
	first := h.want(200, token, "POST", "/api/decisions", pay(visa, 1000, "anna"), "Idempotency-Key", "k-1")
	again := h.want(200, token, "POST", "/api/decisions", pay(visa, 1000, "anna"), "Idempotency-Key", "k-1")
	if first["id"] != again["id"] {
		t.Error("decided twice")
	}
	h.want(409, token, "POST", "/api/decisions", pay(otherVisa, 1000, "anna"), "Idempotency-Key", "k-1")
	other := h.want(200, h.token(all()...), "POST", "/api/decisions", pay(otherVisa, 1000, "anna"), "Idempotency-Key", "k-1")
	if other["id"] == first["id"] {
		t.Error("another client's key counts")
	}
	h.want(422, token, "POST", "/api/decisions", pay(visa, 1000, "anna"), "Idempotency-Key", strings.Repeat("k", 256))
	h.noSecrets(visa, otherVisa)
}

// TestLevels sees that SAQ_A refuses card numbers.
func TestLevels(t *testing.T) {
	h := build(t, func(_ *api.Config, d *api.Deps) { d.Acceptance.PCI = "SAQ_A" })
	answer := h.want(422, h.token(all()...), "POST", "/api/decisions", pay(visa, 1000, "anna"))
	if answer["code"] != "PAN_NOT_ACCEPTED" || answer["errors"].([]any)[0].(tree)["field"] != "$.credential.type" {
		t.Errorf("answer: %v", answer)
	}
	h.noSecrets(visa)
}

// TestAs serves people of the Hub, without a token, by their scopes.
func TestAs(t *testing.T) {
	h := build(t, nil)
	ask := func(method, path string, scopes ...string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.api.As(w, httptest.NewRequest(method, path, nil), "ann@example.org", scopes)
		return w
	}
	if w := ask("GET", "/api/decisions", "decisions:read"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask("GET", "/api/admin/keys", "decisions:read"); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestRateLimit covers the bucket of a client.
func TestRateLimit(t *testing.T) {
	h := build(t, func(c *api.Config, _ *api.Deps) { c.RateLimit = api.RateConfig{PerSecond: 0.001, Burst: 2} })
	token, other := h.token("decisions:read"), h.token("decisions:read")
	h.want(200, token, "GET", "/api/decisions", nil)
	h.want(200, token, "GET", "/api/decisions", nil)
	status, header, body := h.call(token, "GET", "/api/decisions", nil)
	if status != 429 || header.Get("Retry-After") == "" || parse(t, body)["code"] != "RATE_LIMITED" {
		t.Errorf("%d %v %s", status, header, body)
	}
	h.want(200, other, "GET", "/api/decisions", nil)
	h.clock.forward(time.Hour / 2)
}

// TestTheLogTellsNothingOfRequests looks for what was sent in what was logged, at the most talkative level.
func TestTheLogTellsNothingOfRequests(t *testing.T) {
	h := build(t, nil)
	token := h.token(all()...)
	h.call(token, "GET", "/api/decisions?customer_id=query-secret&limit=x", nil)
	h.call(token, "GET", "/api/decisions/path-secret", nil)
	h.call(token, "POST", "/api/decisions", strings.Replace(`{"customer":{"id":"body-secret"},"x":1}`, "x", visa, 1))
	h.call("token-secret", "GET", "/api/reviews", nil, "X-Header", "header-secret")
	h.call(token, "BREW-SECRET", "/api/reviews", nil)
	h.noSecrets("query-secret", "path-secret", "body-secret", "token-secret", "header-secret", "BREW-SECRET", visa, token)
	if log := h.log.String(); !strings.Contains(log, "route=/api/decisions/{id}") || !strings.Contains(log, "status=404") {
		t.Errorf("the log tells too little:\n%s", log)
	}
}

// TestPanicsAreAnswered sees that a panic costs one answer and is counted.
func TestPanicsAreAnswered(t *testing.T) {
	h := build(t, func(_ *api.Config, d *api.Deps) { d.Backends = func() any { panic("secret of a panic") } })
	answer := h.want(500, h.token(all()...), "GET", "/api/admin/backends", nil)
	if answer["code"] != "INTERNAL_ERROR" || answer["request_id"] == "" || h.metric("panics") != 1 {
		t.Errorf("answer: %v", answer)
	}
	h.noSecrets("secret of a panic")
}

// TestServe sees that running answers are finished when the end comes, and that the listener is closed.
func TestServe(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, tree{"context": "default", "destination": tree{"url": o.URL}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.api.Serve(ctx, listener) }()
	answered := make(chan string, 1)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://"+listener.Addr().String()+"/api/interceptors/"+ref, strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answered <- string(body)
	}()
	<-arrived
	stop()
	close(release)
	if got := <-answered; got != "done" {
		t.Errorf("answered %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if connection, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		_ = connection.Close()
		t.Error("the listener is open")
	}
}

// TestHalfABody sees that a body that is broken off is answered as one.
func TestHalfABody(t *testing.T) {
	h := build(t, nil)
	token := h.token(all()...)
	connection, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(connection, "POST /api/decisions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nContent-Length: 100\r\n\r\n{\"a\"")
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(connection)
	_ = connection.Close()
	if !strings.Contains(string(answer), " 400 ") || !strings.Contains(string(answer), "VALIDATION_FAILED") {
		t.Errorf("answered %q", answer)
	}
}

func TestConfig(t *testing.T) {
	decode := func(text string) (api.Config, document.Problems) {
		config := api.DefaultConfig()
		doc, problems := document.Parse("test.yaml", []byte(text))
		problems = append(problems, doc.Decode(&config)...)
		return config, append(problems, config.Validate()...)
	}
	if _, problems := decode("{}"); len(problems) > 0 {
		t.Errorf("the defaults: %v", problems)
	}
	config, problems := decode(`
listen: 127.0.0.1:8443
instance: shop-eu
pci_level: SAQ_D
body_limit: 64KiB
retention: {decisions: 90d}
allow_private: [10.0.0.0/8, "::1"]
jwks:
  - {url: "https://idp.example/keys", issuer: "https://idp.example", algorithms: [RS256, EdDSA]}
lists:
  friends: {kind: allow, values: [a@example.org]}
rate_limit: {per_second: 100}
`)
	if len(problems) > 0 || config.BodyLimit != 64<<10 || config.Retention.Decisions != 90*24*time.Hour || len(config.JWKS) != 1 {
		t.Errorf("%+v: %v", config, problems)
	}
	for text, path := range map[string]string{
		"instance: 'a b'":          "instance",
		"listen: here":             "listen",
		"pci_level: SAQ_B":         "pci_level",
		"token_life: 1s":           "token_life",
		"body_limit: 1":            "body_limit",
		"certificate: x":           "certificate",
		"allow_private: [x]":       "allow_private[0]",
		"jwks: [{url: 'ftp://x'}]": "jwks[0].url",
		"jwks: [{url: 'http://idp/keys', issuer: a, algorithms: [ES256]}]":                                                   "jwks[0].url",
		"jwks: [{url: 'https://x/y', issuer: wayguard, algorithms: [ES256]}]":                                                "jwks[0].issuer",
		"jwks: [{url: 'https://x/y', issuer: a, algorithms: [HS256]}]":                                                       "jwks[0].algorithms[0]",
		"jwks: [{url: 'https://x/y', issuer: a, algorithms: [ES256]}, {url: 'https://z/y', issuer: a, algorithms: [ES256]}]": "jwks[1].issuer",
		"lists: {friends: {kind: nice}}":                                                                                     "lists.friends.kind",
		"lists: {blacklist: {kind: block}}":                                                                                  "lists.blacklist",
		"retention: {payloads: 1s}":                                                                                          "retention.payloads",
		"rate_limit: {per_second: -1}":                                                                                       "rate_limit",
		"surprise: 1":                                                                                                        "surprise",
	} {
		_, problems := decode(text)
		found := false
		for _, one := range problems {
			found = found || one.Path == path && one.Line > 0
		}
		if !found {
			t.Errorf("%s: no problem at %s with its line: %v", text, path, problems)
		}
	}
}

// TestClientsGrantNoMoreThanTheyHave sees that whoever looks after clients does not get scopes by it.
func TestClientsGrantNoMoreThanTheyHave(t *testing.T) {
	h := build(t, nil)
	token := h.token("admin:clients:read", "admin:clients:write", "decisions:read")
	strong, _ := h.client(all()...)
	weak, _ := h.client("decisions:read")
	h.want(422, token, "POST", "/api/admin/clients", tree{"name": "x", "scopes": []string{"decisions:read", "admin:keys:write"}})
	h.want(422, token, "PATCH", "/api/admin/clients/"+weak, tree{"scopes": []string{"admin:keys:write"}})
	h.want(403, token, "POST", "/api/admin/clients/"+strong+"/rotate", nil)
	h.want(200, token, "POST", "/api/admin/clients/"+weak+"/rotate", nil)
	h.want(201, token, "POST", "/api/admin/clients", tree{"name": "x", "scopes": []string{"decisions:read"}})
}

// TestFailuresAreAnsweredAndLogged sees that an error nobody foresaw is a 500 that tells nothing, and a log line that tells what it was.
func TestFailuresAreAnsweredAndLogged(t *testing.T) {
	h := build(t, func(_ *api.Config, d *api.Deps) {
		d.RefreshBackends = func(context.Context) error { return errors.New("the link is down") }
	})
	answer := h.want(500, h.token(all()...), "POST", "/api/admin/backends/refresh", nil)
	if answer["code"] != "INTERNAL_ERROR" || strings.Contains(answer["message"].(string), "link") || !strings.Contains(h.log.String(), "the link is down") {
		t.Errorf("answer: %v", answer)
	}
}

// TestRun sees that Run looks after the keys at once and ends when it is told to.
func TestRun(t *testing.T) {
	h := build(t, nil)
	h.clock.forward(100 * 24 * time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { h.api.Run(ctx); close(ended) }()
	eventually(t, "a new key", func() bool { return h.keys.Infos()[0].Created.After(time.Now().Add(24 * time.Hour)) })
	stop()
	<-ended
}
