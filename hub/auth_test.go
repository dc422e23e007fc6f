package hub

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
)

func credentialsBody(email, password string) string {
	body, err := json.Marshal(credentials{email, password})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func administrator() map[event.Environment]access.Role {
	return map[event.Environment]access.Role{sampleEnvironment: access.Administrator}
}

func TestLoginGivesAGuardedCookie(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		tls    bool
		secure bool
	}{
		"plain":              {secure: false},
		"over TLS":           {tls: true, secure: true},
		"TLS ended in front": {config: Config{SecureCookies: true}, secure: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := build(t, c.config, nil)
			b.user(t, "ada@shop.example", administrator())
			response := b.send(t, "POST", base+"/login", "", credentialsBody(" Ada@Shop.example ", samplePassword), func(r *http.Request) {
				if c.tls {
					r.TLS = &tls.ConnectionState{}
				}
			})
			if body := text(t, response); response.StatusCode != http.StatusOK || body != `{"user":{"email":"ada@shop.example","name":"Ada Okafor"}}`+"\n" {
				t.Fatalf("%d %s", response.StatusCode, body)
			}
			cookie := response.Cookies()[0]
			if cookie.Name != "hub_session" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure != c.secure ||
				cookie.Path != "/" || cookie.MaxAge != 12*3600 || len(cookie.Value) != 64 {
				t.Errorf("cookie %+v", cookie)
			}
			if _, kept := b.store.live[cookie.Value]; kept {
				t.Error("the token itself is kept")
			}
			if me := b.send(t, "GET", base+"/me", cookie.Value, ""); me.StatusCode != http.StatusOK {
				t.Errorf("the new login does not hold: %d", me.StatusCode)
			}
			if got := b.store.actions(); !slices.Equal(got, []string{"production ada@shop.example login"}) {
				t.Errorf("audit %v", got)
			}
		})
	}
}

func TestWrongLoginsLookTheSame(t *testing.T) {
	b := build(t, Config{}, nil)
	b.user(t, "ada@shop.example", administrator())
	gone := b.user(t, "gone@shop.example", administrator())
	gone.Disabled = true
	if err := b.store.UpdateUser(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, body := range []string{credentialsBody("ada@shop.example", "wrong password 1"), credentialsBody("hunter2 typed here", samplePassword),
		credentialsBody("gone@shop.example", samplePassword), credentialsBody("", "")} {
		response := b.send(t, "POST", base+"/login", "", body)
		if response.StatusCode != http.StatusUnauthorized || len(response.Cookies()) != 0 {
			t.Errorf("%s: status %d, cookies %v", body, response.StatusCode, response.Cookies())
		}
		answers[text(t, response)] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	want := []string{"production ada@shop.example login.failed", "production unknown login.failed",
		"production gone@shop.example login.failed", "production unknown login.failed"}
	if got := b.store.actions(); !slices.Equal(got, want) {
		t.Errorf("audit %v", got)
	}
	for _, secret := range []string{"hunter2", samplePassword, "wrong password 1"} {
		if strings.Contains(b.log.String(), secret) || strings.Contains(fmt.Sprint(b.store.entries), secret) {
			t.Errorf("%q is in the log or the audit", secret)
		}
	}
}

func TestLoginIsLimited(t *testing.T) {
	attempt := func(b *house, t *testing.T, email, address, password string) *http.Response {
		return b.send(t, "POST", base+"/login", "", credentialsBody(email, password), func(r *http.Request) { r.RemoteAddr = address })
	}
	t.Run("by account", func(t *testing.T) {
		b := build(t, Config{}, nil)
		b.user(t, "ada@shop.example", administrator())
		for i := range 10 {
			if r := attempt(b, t, "ada@shop.example", fmt.Sprintf("192.0.2.%d:1", i), "guess"); r.StatusCode != http.StatusUnauthorized {
				t.Fatalf("attempt %d: %d", i, r.StatusCode)
			}
		}
		r := attempt(b, t, "ADA@shop.example", "192.0.2.99:1", samplePassword)
		if c, _ := code(t, r); r.StatusCode != http.StatusTooManyRequests || c != "too_many_attempts" || r.Header.Get("Retry-After") != "20" {
			t.Errorf("%d %s Retry-After %s", r.StatusCode, c, r.Header.Get("Retry-After"))
		}
		b.pass(20 * time.Second)
		if r := attempt(b, t, "ada@shop.example", "192.0.2.99:1", samplePassword); r.StatusCode != http.StatusOK {
			t.Errorf("after waiting: %d", r.StatusCode)
		}
	})
	t.Run("by address", func(t *testing.T) {
		b := build(t, Config{}, nil)
		for i := range 20 {
			if r := attempt(b, t, fmt.Sprintf("user%d@shop.example", i), fmt.Sprintf("[2001:db8:1:2::%d]:1", i), "guess"); r.StatusCode != http.StatusUnauthorized {
				t.Fatalf("attempt %d: %d", i, r.StatusCode)
			}
		}
		if r := attempt(b, t, "other@shop.example", "[2001:db8:1:2:ffff::1]:1", "guess"); r.StatusCode != http.StatusTooManyRequests {
			t.Errorf("same /64: %d", r.StatusCode)
		}
		if r := attempt(b, t, "other@shop.example", "[2001:db8:1:3::1]:1", "guess"); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("another /64: %d", r.StatusCode)
		}
	})
	t.Run("right ones do not count", func(t *testing.T) {
		b := build(t, Config{}, nil)
		b.user(t, "ada@shop.example", administrator())
		for i := range 25 {
			if r := attempt(b, t, "ada@shop.example", "192.0.2.1:1", samplePassword); r.StatusCode != http.StatusOK {
				t.Fatalf("login %d: %d", i, r.StatusCode)
			}
		}
	})
}

func TestLoginsEnd(t *testing.T) {
	alive := func(b *house, t *testing.T, token string) bool {
		t.Helper()
		r := b.send(t, "GET", base+"/me", token, "")
		if r.StatusCode != http.StatusOK && r.StatusCode != http.StatusUnauthorized {
			t.Fatalf("status %d", r.StatusCode)
		}
		return r.StatusCode == http.StatusOK
	}
	t.Run("idle", func(t *testing.T) {
		b, token := loggedIn(t, access.Viewer)
		b.pass(2*time.Hour - time.Second)
		if !alive(b, t, token) {
			t.Fatal("ended before its time")
		}
		b.pass(2*time.Hour - time.Second) // it slid
		if !alive(b, t, token) {
			t.Fatal("use did not extend it")
		}
		b.pass(2 * time.Hour)
		if alive(b, t, token) {
			t.Error("an idle login lives on")
		}
	})
	t.Run("absolute", func(t *testing.T) {
		b, token := loggedIn(t, access.Viewer)
		for range 11 {
			b.pass(time.Hour)
			if !alive(b, t, token) {
				t.Fatal("ended in use before twelve hours")
			}
		}
		b.pass(time.Hour)
		if alive(b, t, token) {
			t.Error("a login in use outlives twelve hours")
		}
	})
	t.Run("disabled", func(t *testing.T) {
		b, token := loggedIn(t, access.Viewer)
		for id, user := range b.store.people {
			user.Disabled = true
			b.store.people[id] = user
		}
		if alive(b, t, token) {
			t.Error("a disabled user goes on")
		}
	})
	t.Run("logout", func(t *testing.T) {
		b, token := loggedIn(t, access.Viewer)
		r := b.send(t, "POST", base+"/logout", token, "{}")
		if r.StatusCode != http.StatusNoContent || r.Cookies()[0].MaxAge >= 0 {
			t.Errorf("%d %v", r.StatusCode, r.Cookies())
		}
		if alive(b, t, token) {
			t.Error("the token lives on after logout")
		}
	})
	t.Run("forged", func(t *testing.T) {
		b, token := loggedIn(t, access.Viewer)
		for _, forged := range []string{"", "x", tokenHash(token), token[:63] + "g", strings.ToUpper(token)} {
			if forged != token && alive(b, t, forged) {
				t.Errorf("%q is taken for a login", forged)
			}
		}
	})
}

func TestPasswordChange(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	var user access.User
	for _, user = range b.store.people {
		break
	}
	other := b.token(t, user)
	change := func(current, next string) *http.Response {
		return b.send(t, "POST", base+"/password", token, fmt.Sprintf(`{"current":%q,"new":%q}`, current, next))
	}
	for _, c := range []struct{ current, next, code, field string }{
		{samplePassword, "short", "bad_request", "new"},
		{samplePassword, samplePassword, "bad_request", "new"},
		{samplePassword, strings.Repeat("x", 2000), "bad_request", "new"},
		{"not the password", "a much longer secret", "wrong_login", "current"},
	} {
		r := change(c.current, c.next)
		if got, field := code(t, r); r.StatusCode != http.StatusBadRequest || got != c.code || field != c.field {
			t.Errorf("%.20q: %d %s %s", c.next, r.StatusCode, got, field)
		}
	}
	if r := change(samplePassword, "ein längeres Geheimnis"); r.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d: %s", r.StatusCode, text(t, r))
	}
	if r := b.send(t, "GET", base+"/me", other, ""); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("the other login lives on: %d", r.StatusCode)
	}
	if r := b.send(t, "GET", base+"/me", token, ""); r.StatusCode != http.StatusOK {
		t.Errorf("this login ended: %d", r.StatusCode)
	}
	if r := b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, samplePassword)); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old password still works: %d", r.StatusCode)
	}
	// The umlaut typed as two characters is the same password.
	if r := b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, "ein la\u0308ngeres Geheimnis")); r.StatusCode != http.StatusOK {
		t.Errorf("the new password does not work: %d", r.StatusCode)
	}
}

func TestForeignRequestsAreRefused(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
		code   string
	}{
		"fetch metadata of another site": {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, "cross_origin"},
		"fetch metadata of a sibling":    {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403, "cross_origin"},
		"foreign origin":                 {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403, "cross_origin"},
		"a form":                         {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415, "not_json"},
		"a disguised form":               {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, "not_json"},
		"no content type":                {func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "not_json"},
		"same origin":                    {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := b.send(t, "POST", base+"/sessions/search", token, `{"environment":"production"}`, c.change)
			if got, _ := code(t, r); r.StatusCode != c.status || got != c.code {
				t.Errorf("%d %s", r.StatusCode, got)
			}
		})
	}
}

func TestStoreThatFails(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	b.store.err = errAbsent
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/login", credentialsBody("ada@shop.example", samplePassword)}, {"GET", "/me", ""},
		{"GET", "/users?environment=production", ""}, {"POST", "/logout", "{}"},
	} {
		r := b.send(t, c.method, base+c.path, token, c.body)
		if got, _ := code(t, r); r.StatusCode != http.StatusServiceUnavailable || got != "store_unavailable" {
			t.Errorf("%s: %d %s", c.path, r.StatusCode, got)
		}
	}
}

func TestStrictBodies(t *testing.T) {
	b, _ := loggedIn(t, access.Administrator)
	for body, want := range map[string]int{
		``: 400, `null1`: 400, `[]`: 400, `{"email":1}`: 400, `{"email":"a","password":"b","admin":true}`: 400, `{"email":"a"}{}`: 400,
		`{"email":"` + strings.Repeat("a", 400) + `"}`: 400, `{"email":"` + strings.Repeat("a", 70<<10) + `"}`: 413,
	} {
		if r := b.send(t, "POST", base+"/login", "", body); r.StatusCode != want {
			t.Errorf("%.30s: %d, not %d", body, r.StatusCode, want)
		}
	}
}
