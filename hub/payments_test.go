package hub

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"wayguard/access"
	"wayguard/event"
)

// asked is what the fake API of payment decisions was asked.
type asked struct {
	method, target, name, body string
	header                     http.Header
	scopes                     []string
}

// fakePayments answers with status and remembers what it was asked.
type fakePayments struct {
	status int
	asked  []asked
}

func (f *fakePayments) As(w http.ResponseWriter, r *http.Request, name string, scopes []string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	f.asked = append(f.asked, asked{r.Method, r.URL.String(), name, string(body), r.Header, scopes})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, `{"data":[]}`)
}

// deciding is a house with payment decisions in the sample environment and one user of the role.
func deciding(t *testing.T, role access.Role) (*house, *fakePayments, string) {
	t.Helper()
	api := &fakePayments{status: http.StatusOK}
	b := build(t, Config{}, func(d *Deps) {
		d.Payments = func(env event.Environment) Payments {
			if env != sampleEnvironment {
				return nil
			}
			return api
		}
	})
	grants := map[event.Environment]access.Role{sampleEnvironment: role, "staging": role}
	return b, api, b.token(t, b.user(t, "ada@shop.example", grants))
}

func TestPaymentsAreForwarded(t *testing.T) {
	b, api, token := deciding(t, access.Administrator)
	for _, c := range []struct{ method, path, body, target, wantBody string }{
		{"GET", "/payments/decisions?environment=production&limit=20&after=a%2Bb", "", "/api/decisions?after=a%2Bb&limit=20", ""},
		{"GET", "/payments/decisions/a%2Fb?environment=production", "", "/api/decisions/a%2Fb", ""},
		{"POST", "/payments/admin/rulesets?environment=production", `{"context":"x"}`, "/api/admin/rulesets", `{"context":"x"}`},
		{"PATCH", "/payments/admin/rulesets/7?environment=production", `{"rules":[]}`, "/api/admin/rulesets/7", `{"rules":[]}`},
		{"DELETE", "/payments/admin/blacklist/7?environment=production", "", "/api/admin/blacklist/7", ""},
	} {
		r := b.send(t, c.method, base+c.path, token, c.body, func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer mine")
			r.Header.Set("If-Match", `"3"`)
			r.Header.Set("X-Forwarded-For", "203.0.113.1")
		})
		if r.StatusCode != http.StatusOK || text(t, r) != `{"data":[]}` || r.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s %s: %d %v", c.method, c.path, r.StatusCode, r.Header)
		}
		got := api.asked[len(api.asked)-1]
		if got.method != c.method || got.target != c.target || got.body != c.wantBody || got.name != "ada@shop.example" {
			t.Errorf("%s %s: asked %+v", c.method, c.path, got)
		}
		for _, name := range []string{"Cookie", "Authorization", "X-Forwarded-For"} {
			if got.header.Get(name) != "" {
				t.Errorf("%s was handed on", name)
			}
		}
		if got.header.Get("If-Match") != `"3"` {
			t.Error("If-Match was lost")
		}
	}
}

func TestPaymentScopesOfRoles(t *testing.T) {
	for role, want := range map[access.Role]struct{ has, lacks []string }{
		access.Viewer:        {[]string{"decisions:read", "admin:rulesets:read"}, []string{"decisions:write", "admin:blacklist:write", "admin:clients:read"}},
		access.Analyst:       {[]string{"decisions:read", "decisions:write", "admin:blacklist:write"}, []string{"admin:rulesets:write", "admin:integrations:write", "admin:clients:read"}},
		access.Administrator: {[]string{"decisions:write", "admin:rulesets:create", "admin:rulesets:write", "admin:clients:write"}, []string{"interceptors:execute"}},
	} {
		b, api, token := deciding(t, role)
		b.send(t, "GET", base+"/payments/decisions?environment=production", token, "")
		if len(api.asked) != 1 {
			t.Fatalf("%s: asked %d times", role, len(api.asked))
		}
		for _, scope := range want.has {
			if !slices.Contains(api.asked[0].scopes, scope) {
				t.Errorf("%s lacks %s", role, scope)
			}
		}
		for _, scope := range want.lacks {
			if slices.Contains(api.asked[0].scopes, scope) {
				t.Errorf("%s has %s", role, scope)
			}
		}
	}
}

func TestPaymentChangesAreAudited(t *testing.T) {
	b, api, token := deciding(t, access.Administrator)
	entries := func() []access.AuditEntry { return b.store.entries }
	b.send(t, "GET", base+"/payments/decisions?environment=production", token, "")
	if len(entries()) != 0 {
		t.Errorf("reading was audited: %+v", entries())
	}
	for _, c := range []struct{ method, path, body, action, detail string }{
		{"POST", "/payments/decisions/019b1/resolve", `{"action":"accept"}`, "payments.decisions.resolve", "POST decisions/019b1/resolve"},
		{"POST", "/payments/reviews/019b1/claim", `{}`, "payments.reviews.claim", "POST reviews/019b1/claim"},
		{"POST", "/payments/admin/rulesets", `{}`, "payments.rulesets.create", "POST admin/rulesets"},
		{"PATCH", "/payments/admin/rulesets/7", `{}`, "payments.rulesets.change", "PATCH admin/rulesets/7"},
		{"DELETE", "/payments/admin/blacklist/4111%201111%201111%201111", ``, "payments.blacklist.delete", "DELETE admin/blacklist/…"},
		{"POST", "/payments/A%0A/x", `{}`, "payments.other.x", "POST …/x"},
	} {
		b.send(t, c.method, base+c.path+"?environment=production", token, c.body)
		last := entries()[len(entries())-1]
		if last.Action != c.action || last.Detail != c.detail || last.Actor != "ada@shop.example" || last.Environment != sampleEnvironment {
			t.Errorf("%s %s: %+v", c.method, c.path, last)
		}
	}
	api.status = http.StatusConflict
	b.send(t, "POST", base+"/payments/decisions/019b1/resolve?environment=production", token, `{"action":"accept"}`)
	if last := entries()[len(entries())-1]; last.Action != "payments.refused" || last.Detail != "POST decisions/019b1/resolve: status 409" {
		t.Errorf("a refusal: %+v", last)
	}
	// Without a trace nothing is changed.
	b.store.auditErr = errors.New("disk full")
	before := len(api.asked)
	r := b.send(t, "POST", base+"/payments/decisions/019b1/resolve?environment=production", token, `{"action":"accept"}`)
	if got, _ := code(t, r); got != "store_unavailable" || len(api.asked) != before {
		t.Errorf("changed without a trace: %q", got)
	}
}

func TestPaymentsThatAreRefused(t *testing.T) {
	b, api, token := deciding(t, access.Analyst)
	large := `{"rules":"` + strings.Repeat("x", paymentsBody) + `"}`
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/payments/decisions", "", 400, "bad_query"},
		{"GET", "/payments/decisions?environment=staging", "", 404, "payments_off"},
		{"GET", "/payments/decisions?environment=elsewhere", "", 403, "forbidden"},
		{"GET", "/payments/a%2F..%2Fb?environment=production", "", 404, "no_such_endpoint"},
		{"POST", "/payments/admin/erasures?environment=production", `{"customer_id":"c1"}`, 403, "forbidden"},
		{"GET", "/payments/?environment=production", "", 404, "no_such_endpoint"},
		{"PUT", "/payments/decisions?environment=production", "", 404, "no_such_endpoint"},
		{"POST", "/payments/admin/rulesets?environment=production", large, 413, "body_too_large"},
	} {
		r := b.send(t, c.method, base+c.path, token, c.body)
		if got, _ := code(t, r); r.StatusCode != c.status || got != c.code {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.StatusCode, got)
		}
	}
	notJSON := func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
	if got, _ := code(t, b.send(t, "PATCH", base+"/payments/admin/rulesets/7?environment=production", token, `{}`, notJSON)); got != "not_json" {
		t.Errorf("a body that is no JSON: %q", got)
	}
	foreign := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	if got, _ := code(t, b.send(t, "DELETE", base+"/payments/admin/blacklist/7?environment=production", token, "", foreign)); got != "cross_origin" {
		t.Errorf("from another site: %q", got)
	}
	if len(api.asked) != 0 {
		t.Errorf("asked all the same: %+v", api.asked)
	}
	just := `{"rules":"` + strings.Repeat("x", paymentsBody-12) + `"}`
	if r := b.send(t, "POST", base+"/payments/admin/rulesets?environment=production", token, just); r.StatusCode != http.StatusOK {
		t.Errorf("a body of the largest size: %d", r.StatusCode)
	}
	none, noToken := loggedIn(t, access.Viewer)
	if got, _ := code(t, none.send(t, "GET", base+"/payments/decisions?environment=production", noToken, "")); got != "payments_off" {
		t.Errorf("a hub without payments: %q", got)
	}
}
