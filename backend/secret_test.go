package backend

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/payment"
	"wayguard/ruleset"
)

// credentialed is a pool with one engine and its credentials.
func credentialed(t *testing.T, base, credentials string) *Pool {
	t.Helper()
	i := webIntegration("eng", base, scoreAdapter)
	i.Sealed = []byte(credentials)
	return pool(t, Limits{}, i)
}

// TestCredentialsAreSent in each of their forms.
func TestCredentialsAreSent(t *testing.T) {
	sum := func(key, text string) []byte {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	for name, c := range map[string]struct {
		credentials, header string
		want                func(taken) string
	}{
		"basic":    {`{"type": "basic", "username": "u", "password": "p"}`, "Authorization", func(taken) string { return "Basic dTpw" }},
		"bearer":   {`{"type": "bearer", "token": "t-1"}`, "Authorization", func(taken) string { return "Bearer t-1" }},
		"a prefix": {`{"type": "bearer", "prefix": "token", "token": "t-1"}`, "Authorization", func(taken) string { return "token t-1" }},
		"a header": {`{"type": "header", "header": "X-Api-Key", "value": "v-1"}`, "X-Api-Key", func(taken) string { return "v-1" }},
		"hmac":     {`{"type": "hmac_sha256", "key": "k-1"}`, "X-Hmac-Signature", func(c taken) string { return hex.EncodeToString(sum("k-1", c.body)) }},
		"timed base64": {`{"type": "hmac_sha256", "key": "k-1", "encoding": "base64", "header": "X-Sig", "prefix": "v1", "timestamp_header": "X-Time"}`, "X-Sig",
			func(c taken) string {
				return "v1 " + base64.StdEncoding.EncodeToString(sum("k-1", c.header.Get("X-Time")+"."+c.body))
			}},
		"none": {`{"type": "none"}`, "Authorization", func(taken) string { return "" }},
	} {
		s := serve(t, says(200, `{"verdict": "ok"}`))
		if r := asked(t, credentialed(t, s.URL, c.credentials), "eng/default", card()); r.Outcome != payment.Allow {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		if call := s.calls()[0]; call.header.Get(c.header) != c.want(call) {
			t.Errorf("%s: %s is not as it must be", name, c.header)
		}
	}
}

// TestTokensAreFetchedOnceAndAgain: calls share one, a refused one is replaced once, an old one in time.
func TestTokensAreFetchedOnceAndAgain(t *testing.T) {
	var issued, refused atomic.Int64
	var valid atomic.Pointer[string]
	auth := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "client%2F1" || password != "se%3Acret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "invoke:execute admin:backends:read" || r.FormValue("audience") != "link-1" {
			says(401, `{}`)(w, r)
			return
		}
		token := fmt.Sprintf("token-%d", issued.Add(1))
		valid.Store(&token)
		says(200, `{"access_token": "`+token+`", "token_type": "bearer", "expires_in": 1800}`)(w, r)
	})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if token := valid.Load(); token == nil || r.Header.Get("Authorization") != "Bearer "+*token {
			refused.Add(1)
			says(401, `{"code": "UNAUTHORIZED"}`)(w, r)
			return
		}
		says(200, `{"verdict": "ok"}`)(w, r)
	})
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var clock sync.Mutex
	i := webIntegration("eng", s.URL, scoreAdapter)
	i.Sealed = []byte(`{"type": "oauth2_client_credentials", "token_url": "` + auth.URL + `/oauth2/token", "client_id": "client/1", "client_secret": "se:cret",
		"scope": "invoke:execute admin:backends:read", "audience": "link-1"}`)
	p := New(Deps{Integrations: fixed(i), Now: func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return now
	}})
	defer p.Close()
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow {
				t.Errorf("%q", code(r))
			}
		})
	}
	group.Wait()
	if issued.Load() != 1 {
		t.Errorf("%d tokens for calls at once", issued.Load())
	}
	other := "another"
	valid.Store(&other)
	if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow || issued.Load() != 2 || refused.Load() != 1 {
		t.Errorf("a refused token: %q, %d issued, %d refused", code(r), issued.Load(), refused.Load())
	}
	clock.Lock()
	now = now.Add(30 * time.Minute)
	clock.Unlock()
	if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow || issued.Load() != 3 || refused.Load() != 1 {
		t.Errorf("an old token: %q, %d issued", code(r), issued.Load())
	}
	auth.Close()
	clock.Lock()
	now = now.Add(30 * time.Minute)
	clock.Unlock()
	if r := asked(t, p, "eng/default", card()); code(r) != "unavailable" || !strings.HasPrefix(status(t, p, "eng/default").LastError, "unavailable: no token") {
		t.Errorf("no token: %q, %q", code(r), status(t, p, "eng/default").LastError)
	}
}

// TestNothingSecretIsKeptOrTold: an engine that gives back whatever it is told does not get it into a result, a status or a log line.
func TestNothingSecretIsKeptOrTold(t *testing.T) {
	const token, field, iban = "bearer-secret-0001", "field-secret-0002", "DE89370400440532013000"
	var logged bytes.Buffer
	var mu sync.Mutex
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			answer, _ := json.Marshal(map[string]any{"verdict": "ok", "echo": string(body), "id": string(body), "auth": r.Header.Get("Authorization"), "spaced": "4111 1111-1111 1111",
				"lower": "de89 3704 0044 0532 0130 00", "key 4111111111111111": 1, "number": json.Number("4111111111111111"), "other": "5555555555554444", "cvv": "code of the card", "fine": "kept"})
			says(status, string(answer))(w, r)
		}
	}
	var p *Pool
	var list []decision.Integration
	for _, s := range []int{200, 401, 422, 500} {
		adapter := strings.Replace(scoreAdapter, `"body": {`, `"body": {"card": "{{ $pan }}", "account": "{{ $iban }}", "key": "{{ $secret.api_key }}", `, 1)
		i := webIntegration(fmt.Sprintf("s%d", s), serve(t, echo(s)).URL+"/private-path", adapter)
		i.Sealed = []byte(`{"type": "bearer", "token": "` + token + `", "fields": {"api_key": "` + field + `"}}`)
		list = append(list, i)
	}
	broken := list[0]
	broken.Slug, broken.Sealed = "broken", []byte(`{"type": "bearer", "tokens": "`+token+`"}`)
	closed := webIntegration("closed", "http://127.0.0.1:1/private-path", scoreAdapter)
	p = New(Deps{Integrations: func() []decision.Integration { return append(list, broken, closed) }, Logger: slog.New(slog.NewTextHandler(writer{&mu, &logged}, nil)),
		Limits: Limits{Breaker: Breaker{AtLeast: 1}}})
	defer p.Close()
	refused := p.Refresh(context.Background())
	all := fmt.Sprint(refused)
	for _, r := range []*payment.Request{card(), account()} {
		for _, name := range []string{"s200/default", "s401/default", "s422/default", "s500/default", "closed/default", "broken/default"} {
			for range 2 {
				result := asked(t, p, name, r)
				text, err := json.Marshal(result)
				if err != nil {
					t.Fatal(err)
				}
				if name == "s200/default" && (!strings.Contains(string(result.RawResponse), `"fine":"kept"`) || !strings.Contains(string(result.RawResponse), "555555")) {
					t.Errorf("what may be kept is not: %s", result.RawResponse)
				}
				all += string(text) + fmt.Sprintf("%+v %#v", result, result)
			}
		}
		d := decided(took("s500/default"), took("closed/default"))
		all += fmt.Sprintf("%+v", p.Notify(context.Background(), d, "chargeback", payment.Tree{"card": testPAN, "amount": "x"}))
	}
	text, err := json.Marshal(p.List())
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	all += string(text) + logged.String()
	mu.Unlock()
	for what, secret := range map[string]string{"the card number": testPAN, "the card number with spaces": "4111 1111", "the IBAN": iban, "the IBAN in lower case": "de89 3704", "a token": token,
		"a field": field, "another's card number": "5555555555554444", "a security code": "code of the card", "the address": "private-path"} {
		if strings.Contains(all, secret) {
			at := strings.Index(all, secret)
			t.Errorf("%s is told, %d bytes in, after %.60q", what, at, all[max(0, at-60):at])
		}
	}
	for _, c := range []any{Credentials{Token: token}, &Credentials{Token: token}} {
		if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, token) {
			t.Errorf("printing credentials tells them")
		}
	}
}

type writer struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (w writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// TestAccountNumbersAreFoundInEveryForm.
func TestAccountNumbersAreFoundInEveryForm(t *testing.T) {
	s := &site{pool: New(Deps{}), hidden: []string{"secret-1"}}
	about := &scope{number: testPAN, iban: "DE89370400440532013000"}
	for text, want := range map[string]bool{testPAN: true, "4111.1111/1111_1111": true, "a4x1 1 1 1111 1111 1111": true, "x" + testPAN + "y": true, "411111******1111": false,
		"DE89 3704 0044 0532 0130 00": true, "de89-370400440532013000": true, "DE89": false, "a secret-1 b": true, "": false} {
		if s.tells(text, about) != want {
			t.Errorf("%q: %v", text, !want)
		}
		kept := string(s.mask(map[string]any{text: text, "list": []any{text, json.Number("4111111111111111")}}, about))
		if want && strings.Contains(kept, text) || strings.Contains(kept, "4111111111111111") {
			t.Errorf("%q is kept: %s", text, kept)
		}
	}
	for value, want := range map[any]string{"ref-1": "ref-1", testPAN: "", "a\nb": "", strings.Repeat("x", 300): "", true: "true"} {
		if got := s.reference(value, about); got != want {
			t.Errorf("reference %v: %q", value, got)
		}
	}
}

// TestSealedCredentialsAreOpened, and an integration whose credentials cannot be is not used without them.
func TestSealedCredentialsAreOpened(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	i := webIntegration("eng", s.URL, scoreAdapter)
	i.Sealed = []byte("sealed")
	var fails bool
	p := New(Deps{Integrations: func() []decision.Integration { return []decision.Integration{i} }, Open: func(sealed []byte) ([]byte, error) {
		if fails || string(sealed) != "sealed" {
			return nil, errors.New("wrong key for secret-material")
		}
		return []byte(`{"type": "bearer", "token": "t-1"}`), nil
	}})
	defer p.Close()
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow || s.calls()[0].header.Get("Authorization") != "Bearer t-1" {
		t.Errorf("%+v", r)
	}
	fails, i.Sealed = true, []byte("other")
	if err := p.Refresh(context.Background()); err == nil || strings.Contains(err.Error(), "material") || p.Known("eng/default") {
		t.Errorf("error %v, known %v", err, p.Known("eng/default"))
	}
	if r := asked(t, p, "eng/default", card()); code(r) != "unavailable" || len(s.calls()) != 1 {
		t.Errorf("%q, %d calls", code(r), len(s.calls()))
	}
}

// TestAskingWhileIntegrationsChange: no call is lost or goes wrong while the view is replaced.
func TestAskingWhileIntegrationsChange(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	k := newFakeLink(t)
	k.answers["assess vdm"] = says(200, `{"type": "enum", "value": "ALLOW"}`)
	var version atomic.Int64
	p := New(Deps{Integrations: func() []decision.Integration {
		i := webIntegration("eng", s.URL, scoreAdapter)
		i.UpdatedAt = time.Unix(version.Load(), 0)
		return []decision.Integration{i, linkIntegration("l", k.URL)}
	}})
	defer p.Close()
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 60 {
				for _, r := range p.Ask(context.Background(), []ruleset.Call{{Backend: "eng/default", Live: true, Request: card()}, {Backend: "l/vdm", Live: true, Request: card()}}, false) {
					if r.Outcome != payment.Allow {
						t.Errorf("%s: %q", r.Backend, code(r))
					}
				}
				p.List()
			}
		})
	}
	for range 15 {
		version.Add(1)
		if err := p.Refresh(context.Background()); err != nil {
			t.Error(err)
		}
	}
	group.Wait()
}

// BenchmarkAsk is the cost of a question beside the network's: what a synchronous backend adds at least.
func BenchmarkAsk(b *testing.B) {
	p := New(Deps{Integrations: fixed(webIntegration("eng", "http://127.0.0.1:1", scoreAdapter)),
		Client: func(time.Duration) (*http.Client, error) { return &http.Client{Transport: canned{}}, nil }})
	defer p.Close()
	if err := p.Refresh(context.Background()); err != nil {
		b.Fatal(err)
	}
	r := card()
	b.ReportAllocs()
	for b.Loop() {
		if got := p.Ask(context.Background(), []ruleset.Call{{Backend: "eng/default", Live: true, Request: r}}, false); got[0].Outcome != payment.Allow {
			b.Fatal(got[0])
		}
	}
}

// canned answers without a network.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"verdict": "ok", "id": "x"}`)), Request: r}, nil
}
