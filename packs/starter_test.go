package packs_test

import (
	"net/netip"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/event"
	"wayguard/packs"
)

// starter compiles the starter specs.
func starter(t testing.TB) *capture.Set {
	t.Helper()
	var config capture.Config
	for _, file := range packs.Starter() {
		parsed, problems := document.Parse(file.Name, file.Data)
		if problems = append(problems, parsed.Decode(&config)...); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	set, problems := capture.Compile(config, normaliser(t), capture.Knowledge{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

// exchange is one request and its answer as the tables below write them.
type exchange struct {
	method, path, query, contentType, body string
	accept                                 string
	status                                 int
	location, cookie, answer               string
}

func (x exchange) event(set *capture.Set) (event.Event, bool) {
	request := &capture.Request{ID: "e", Time: time.Unix(1_750_000_000, 0).UTC(), Environment: event.DefaultEnvironment,
		Method: x.method, Scheme: "https", Host: "shop.example", Path: x.path, Query: x.query,
		Peer: netip.MustParseAddr("203.0.113.9"), Body: capture.Body{Bytes: []byte(x.body)}}
	if x.contentType != "" {
		request.Header = append(request.Header, capture.Field{Name: "Content-Type", Value: x.contentType})
	}
	if x.accept != "" {
		request.Header = append(request.Header, capture.Field{Name: "Accept", Value: x.accept})
	}
	response := &capture.Response{Status: x.status, Body: capture.Body{Bytes: []byte(x.answer)}}
	if x.location != "" {
		response.Header = append(response.Header, capture.Field{Name: "Location", Value: x.location})
	}
	if x.cookie != "" {
		response.Header = append(response.Header, capture.Field{Name: "Set-Cookie", Value: x.cookie})
	}
	if x.answer != "" {
		response.Header = append(response.Header, capture.Field{Name: "Content-Type", Value: "application/json"})
	}
	spec := set.Match(request)
	if spec == nil {
		return event.Event{}, false
	}
	return spec.Exchange(request, response), true
}

func TestStarterSpecs(t *testing.T) {
	const form, json, html = "application/x-www-form-urlencoded", "application/json", "text/html,application/xhtml+xml"
	set := starter(t)
	for name, c := range map[string]struct {
		exchange
		kind   event.Type
		result event.Result
		user   string
	}{
		"wordpress login": {exchange{method: "POST", path: "/wp-login.php", contentType: form, body: "log=Bob&pwd=x", status: 302, location: "/wp-admin/",
			cookie: "wordpress_logged_in_abc=bob%7C1; path=/"}, event.AuthenticationAttempt, event.Success, "bob"},
		"wordpress refusal": {exchange{method: "POST", path: "/wp-login.php", contentType: form, body: "log=Bob&pwd=x", status: 200},
			event.AuthenticationAttempt, event.Failure, "bob"},
		"wordpress lost password": {exchange{method: "POST", path: "/wp-login.php", query: "action=lostpassword", contentType: form, body: "user_login=bob",
			status: 302, location: "/wp-login.php?checkemail=confirm"}, event.PasswordResetRequest, event.Success, "bob"},
		"form login": {exchange{method: "POST", path: "/login", contentType: form, body: "email=bob%40example.com&password=x", status: 303, location: "/account"},
			event.AuthenticationAttempt, event.Success, "bob@example.com"},
		"form refusal by form": {exchange{method: "POST", path: "/login", contentType: form, body: "username=bob&password=x", status: 200},
			event.AuthenticationAttempt, event.Failure, "bob"},
		"form refusal by redirect": {exchange{method: "POST", path: "/login", contentType: form, body: "username=bob&password=x", status: 302, location: "/login?error=1"},
			event.AuthenticationAttempt, event.Failure, "bob"},
		"form second factor": {exchange{method: "POST", path: "/account/login", contentType: form, body: "username=bob&password=x", status: 302, location: "/account/2fa"},
			event.AuthenticationAttempt, event.Challenged, "bob"},
		"devise": {exchange{method: "POST", path: "/users/sign_in", contentType: form, body: "user%5Bemail%5D=bob%40example.com&user%5Bpassword%5D=x", status: 422},
			event.AuthenticationAttempt, event.Failure, "bob@example.com"},
		"api login": {exchange{method: "POST", path: "/api/login", contentType: json, body: `{"username":"bob","password":"x"}`, status: 200, answer: `{"token":"t"}`},
			event.AuthenticationAttempt, event.Success, "bob"},
		"api refusal": {exchange{method: "POST", path: "/api/v1/login", contentType: json, body: `{"username":"bob","password":"x"}`, status: 401, answer: `{}`},
			event.AuthenticationAttempt, event.Failure, "bob"},
		"api refusal with 200": {exchange{method: "POST", path: "/auth/login", contentType: json, body: `{"email":"bob@example.com"}`, status: 200,
			answer: `{"errors":["wrong"]}`}, event.AuthenticationAttempt, event.Failure, "bob@example.com"},
		"sign-up":   {exchange{method: "POST", path: "/register", contentType: form, body: "email=bob%40example.com", status: 302, location: "/welcome"}, event.AccountCreation, event.Success, "bob@example.com"},
		"forgotten": {exchange{method: "POST", path: "/forgot-password", contentType: form, body: "email=bob%40example.com", status: 200}, event.PasswordResetRequest, event.Success, "bob@example.com"},
		"reset":     {exchange{method: "POST", path: "/password/reset", contentType: form, body: "password=new", status: 302, location: "/"}, event.PasswordReset, event.Success, ""},
		"search":    {exchange{method: "GET", path: "/search", query: "q=shoes", status: 200}, event.ProductSearch, "", ""},
		"product":   {exchange{method: "GET", path: "/product/red-shoe", accept: html, status: 200}, event.ProductView, "", ""},
		"cart":      {exchange{method: "POST", path: "/cart/add", contentType: form, body: "sku=1", status: 302, location: "/cart"}, event.CartUpdate, event.Success, ""},
		"checkout":  {exchange{method: "POST", path: "/checkout", contentType: form, body: "email=bob%40example.com", status: 422}, event.Checkout, event.Failure, ""},
		"page":      {exchange{method: "GET", path: "/about/us", accept: html, status: 200}, event.SessionUpdate, "", ""},
	} {
		e, matched := c.event(set)
		if !matched || e.Type != c.kind || e.Result != c.result {
			t.Errorf("%s: matched %t, spec %q, type %q result %q, want %q %q; issues %v", name, matched, e.Spec, e.Type, e.Result, c.kind, c.result, e.Issues)
		}
		if found := e.Find("username"); c.user != "" && (found == nil || found.Shown() != c.user) {
			t.Errorf("%s: username %v, want %q", name, found, c.user)
		}
	}
}

// Scripts, styles, pictures and calls of an application are neither read nor recorded.
func TestStarterSpecsLeaveTheRestAlone(t *testing.T) {
	set := starter(t)
	for name, x := range map[string]exchange{
		"script":  {method: "GET", path: "/app.js", accept: "*/*", status: 200},
		"picture": {method: "GET", path: "/logo.png", accept: "image/avif,image/webp,*/*", status: 200},
		"call":    {method: "POST", path: "/api/telemetry", contentType: "application/json", status: 204},
		"other":   {method: "PUT", path: "/login", status: 200},
	} {
		if e, matched := x.event(set); matched {
			t.Errorf("%s was taken by %s", name, e.Spec)
		}
	}
}
