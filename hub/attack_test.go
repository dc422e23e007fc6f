package hub

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"wayguard/access"
	"wayguard/event"
)

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

func TestLoginTakesNoTokenFromOutside(t *testing.T) {
	b := build(t, Config{}, nil)
	user := b.user(t, "ada@shop.example", administrator())
	planted := strings.Repeat("ab", 32)
	earlier := b.token(t, user)
	for _, presented := range []string{planted, earlier} {
		r := b.send(t, "POST", base+"/login", presented, credentialsBody(user.Email, samplePassword))
		token := r.Cookies()[0].Value
		if r.StatusCode != http.StatusOK || token == presented {
			t.Fatalf("%d: the login takes the token it was given", r.StatusCode)
		}
		if me := b.send(t, "GET", base+"/me", presented, ""); me.StatusCode != http.StatusUnauthorized {
			t.Errorf("the token from before the login is good for %d", me.StatusCode)
		}
	}
}

func TestLogoutEndsEverythingOfTheLogin(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	var prepared exportTicket
	decodeInto(t, b.send(t, "POST", base+"/exports", token, `{"environment":"production"}`), &prepared)
	r := b.send(t, "POST", base+"/logout", token, "{}")
	cookie := r.Cookies()[0]
	if cookie.Name != cookieName || cookie.Value != "" || cookie.MaxAge >= 0 || cookie.Path != "/" || !cookie.HttpOnly {
		t.Errorf("cookie %+v", cookie)
	}
	for _, target := range []string{"/me", "/sessions.csv?ticket=" + prepared.Ticket, "/live?environment=production", "/users?environment=production"} {
		if status := b.send(t, "GET", base+target, token, "").StatusCode; status != http.StatusUnauthorized {
			t.Errorf("%s after the logout: %d", target, status)
		}
	}
}

// TestEveryPostIsGuarded tries every POST of the API as another site's page could make a browser send it.
func TestEveryPostIsGuarded(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	before := len(b.store.actions())
	for _, e := range b.hub.endpoints() {
		if e.method != http.MethodPost {
			continue
		}
		path := base + strings.Replace(e.path, "{id}", "01a1fda2-8eda-7d24-9aa8-5480e0720396", 1)
		for name, change := range map[string]func(*http.Request){
			"cross-site":       func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"a sibling's page": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
			"foreign origin":   func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
			"sandboxed page":   func(r *http.Request) { r.Header.Set("Origin", "null") },
			"a form":           func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
			"an upload":        func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") },
			"text":             func(r *http.Request) { r.Header.Set("Content-Type", "text/plain; a=application/json") },
		} {
			r := b.send(t, "POST", path, token, `{"environment":"production","email":"ada@shop.example","password":"`+samplePassword+`"}`, change)
			if got, _ := code(t, r); got != "cross_origin" && got != "not_json" || len(r.Cookies()) > 0 {
				t.Errorf("%s by %s: %d %s %v", e.path, name, r.StatusCode, got, r.Cookies())
			}
		}
	}
	if after := len(b.store.actions()); after != before {
		t.Errorf("%d things happened", after-before)
	}
	if status := b.send(t, "GET", base+"/me", token, "").StatusCode; status != http.StatusOK {
		t.Errorf("the login is gone: %d", status)
	}
}

// TestNoAccountCanBeLockedOut floods an administrator's account and address: the browser that has logged in before still
// gets in, and only that one.
func TestNoAccountCanBeLockedOut(t *testing.T) {
	b := build(t, Config{}, nil)
	user := b.user(t, "ada@shop.example", administrator())
	other := b.user(t, "eve@shop.example", administrator())
	mark := func(r *http.Response) *http.Cookie {
		for _, cookie := range r.Cookies() {
			if cookie.Name == knownCookie {
				return cookie
			}
		}
		t.Fatalf("status %d, and the browser is not remembered", r.StatusCode)
		return nil
	}
	adas := mark(b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, samplePassword), from("192.0.2.1:1")))
	eves := mark(b.send(t, "POST", base+"/login", "", credentialsBody(other.Email, samplePassword), from("192.0.2.1:1")))
	if !adas.HttpOnly || adas.SameSite != http.SameSiteStrictMode || adas.Path != base+"/login" || strings.Contains(adas.Value, user.PasswordHash) {
		t.Errorf("cookie %+v", adas)
	}
	for i := range 200 {
		b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, "guess"), from(fmt.Sprintf("192.0.2.%d:1", i/20)))
	}
	try := func(cookie *http.Cookie, password string) int {
		return b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, password), from("192.0.2.1:1"), func(r *http.Request) {
			if cookie != nil {
				r.AddCookie(cookie)
			}
		}).StatusCode
	}
	forged := &http.Cookie{Name: knownCookie, Value: strings.Repeat("0", 2*knownNonce) + adas.Value[2*knownNonce:]}
	for name, stranger := range map[string]*http.Cookie{"a stranger": nil, "somebody else's browser": eves, "a forged mark": forged} {
		if status := try(stranger, samplePassword); status != http.StatusTooManyRequests {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := try(adas, samplePassword); status != http.StatusOK {
		t.Fatalf("the known browser is locked out: %d", status)
	}
	// It is no way around the limit either.
	last := 0
	for range 11 {
		last = try(adas, "guess")
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("a known browser guesses without end: %d", last)
	}
	b.store.SetPassword(t.Context(), user.ID, "another")
	if changed, _, _ := b.store.User(t.Context(), user.ID); func() bool { _, known := knows(withCookie(t, adas), changed); return known }() {
		t.Error("a mark outlives the password")
	}
}

func withCookie(t *testing.T, cookie *http.Cookie) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", base+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(cookie)
	return r
}

// TestStrangersDoNotKeepOutKnownBrowsers has every place of the strangers' queue taken.
func TestStrangersDoNotKeepOutKnownBrowsers(t *testing.T) {
	b := build(t, Config{}, nil)
	user := b.user(t, "ada@shop.example", administrator())
	first := b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, samplePassword))
	for range hashesAtOnce {
		b.hub.hasher.slots <- struct{}{}
	}
	r := b.send(t, "POST", base+"/login", "", credentialsBody(user.Email, samplePassword), func(r *http.Request) { r.AddCookie(first.Cookies()[1]) })
	if r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
}

// TestUnknownUsersCostTheSame compares the work itself, as a clock on a busy machine proves nothing.
func TestUnknownUsersCostTheSame(t *testing.T) {
	h := newHasher(argonMemory)
	hash, err := h.hash(t.Context(), samplePassword)
	if err != nil {
		t.Fatal(err)
	}
	known, err := h.expected(hash)
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := h.expected("")
	if err != nil {
		t.Fatal(err)
	}
	if known.memory != nobody.memory || known.passes != nobody.passes || known.threads != nobody.threads || len(known.key) != len(nobody.key) || len(known.salt) != len(nobody.salt) {
		t.Errorf("%+v and %+v", known, nobody)
	}
	const step = 40 * time.Millisecond
	for _, took := range []time.Duration{0, 15 * time.Millisecond, 55 * time.Millisecond} {
		began := time.Now().Add(-took)
		evenOut(t.Context(), began, step)
		if whole := time.Since(began); whole < step || took > step && whole < 2*step {
			t.Errorf("after %s it was answered at %s", took, whole)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	evenOut(gone, time.Now(), time.Hour) // nobody waits for the answer any more
}

func TestAssetsStayInTheirFolder(t *testing.T) {
	b := build(t, Config{}, func(d *Deps) {
		d.Pages = fstest.MapFS{"index.html": {Data: []byte("the page")}, "assets/app.js": {Data: []byte("script")}, "secret.txt": {Data: []byte("in the open")}}
	})
	for _, path := range []string{
		"/assets/../../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", `/assets/..%5c..%5cwindows`,
		"/assets/./app.js", "/assets//app.js", "/assets/app.js%00.html", "//etc/passwd", "/../hub.go", "/assets/",
	} {
		r := b.send(t, "GET", "/", "", "", func(r *http.Request) {
			r.URL = &url.URL{Path: path}
			if unescaped, err := url.PathUnescape(path); err == nil {
				r.URL = &url.URL{Path: unescaped, RawPath: path}
			}
		})
		body := text(t, r)
		moved := r.StatusCode == http.StatusMovedPermanently || r.StatusCode == http.StatusTemporaryRedirect
		if body != "the page" && body != "no such asset\n" && !moved {
			t.Errorf("%s: %d %q", path, r.StatusCode, body)
		}
		if place := r.Header.Get("Location"); moved && (strings.HasPrefix(place, "//") || strings.Contains(place, "..")) {
			t.Errorf("%s leads to %s", path, place)
		}
	}
}

// TestNothingAskedForReachesAHeader puts line breaks wherever a caller has a say.
func TestNothingAskedForReachesAHeader(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	b.warehouse.rows = manyRows(1)
	const split = "x\r\nSet-Cookie: a=b\r\n\r\n\"; filename=\"evil.exe"
	for _, target := range []string{
		exportPath(fmt.Sprintf(`{"environment":"production","field":"email","values":[%q]}`, split)),
		exportPath(fmt.Sprintf(`{"environment":%q}`, split)),
		base + "/sessions.csv?ticket=" + url.QueryEscape(split),
		base + "/fields?environment=" + url.QueryEscape(split),
		base + "/sessions/" + url.PathEscape(split) + "?environment=production",
	} {
		header := b.send(t, "GET", target, token, "").Header
		if name := header.Get("Content-Disposition"); name != "" && name != `attachment; filename="sessions-20261121-103000.csv"` {
			t.Errorf("%s: %s", target, name)
		}
		for key, values := range header {
			if key == "Set-Cookie" || strings.ContainsAny(strings.Join(values, ""), "\r\n") || strings.Contains(strings.Join(values, ""), "evil") {
				t.Errorf("%s: %s: %q", target, key, values)
			}
		}
	}
}

// TestErrorsTellNothing holds that no refusal repeats what was typed, or what went wrong inside.
func TestErrorsTellNothing(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	const typed = "4111111111111111"
	b.warehouse.err = fmt.Errorf("select at /var/lib/wayguard: %s", typed)
	for _, c := range [][3]string{
		{"POST", "/sessions/search", `{"environment":"production","field":"ssn","values":["` + typed + `"]}`},
		{"POST", "/sessions/search", `{"environment":"production","field":"session_risk_rating","values":["` + typed + `"]}`},
		{"POST", "/sessions/search", `{"environment":"production","field":"` + typed + `","values":["x"]}`},
		{"POST", "/sessions/search", `{"environment":"production","` + typed + `":1}`},
		{"POST", "/sessions/search", `{"environment":"production","limit":"` + typed + `"}`},
		{"POST", "/sessions/search", `{"environment":"production","from":"` + typed + `"}`},
		{"POST", "/login", credentialsBody(typed, typed)},
		{"POST", "/users", `{"environment":"production","email":"` + typed + `","name":"N","role":"viewer"}`},
		{"GET", "/sessions/" + typed + "?environment=production", ""},
		{"GET", "/totals?environment=production&from=" + typed + "&to=" + typed, ""},
		{"GET", "/" + typed, ""},
	} {
		r := b.send(t, c[0], base+c[1], token, c[2])
		if body := text(t, r); r.StatusCode < 400 || strings.Contains(body, typed) || strings.Contains(body, "/var/lib") || strings.Contains(body, "goroutine") {
			t.Errorf("%s: %d %s", c[1], r.StatusCode, body)
		}
	}
}

func TestMonstrousQueries(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	deep := strings.Repeat(`[`, 30_000) + strings.Repeat(`]`, 30_000)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"larger than any search": {`{"environment":"production","values":["` + strings.Repeat("x", 1<<20) + `"]}`, http.StatusRequestEntityTooLarge},
		"ten thousand filters":   {`{"environment":"production","filters":[` + strings.TrimSuffix(strings.Repeat(`{},`, 10_000), ",") + `]}`, http.StatusBadRequest},
		"ten thousand values":    {`{"environment":"production","field":"city","values":[` + strings.TrimSuffix(strings.Repeat(`"x",`, 10_000), ",") + `]}`, http.StatusBadRequest},
		"a deep one":             {`{"environment":"production","filters":` + deep + `}`, http.StatusBadRequest},
		"a long number":          {`{"environment":"production","limit":` + strings.Repeat("9", 50_000) + `}`, http.StatusBadRequest},
		"twice the environment":  {`{"environment":"production","environment":"staging"}`, http.StatusForbidden},
		"no text at all":         {"\x00\xff\xfe", http.StatusBadRequest},
	} {
		for _, path := range []string{"/sessions/search", "/exports"} {
			if status := b.send(t, "POST", base+path, token, c.body).StatusCode; status != c.status {
				t.Errorf("%s to %s: %d", name, path, status)
			}
		}
	}
	if len(b.warehouse.asked) != 0 {
		t.Error("one of them reached the warehouse")
	}
}

// TestSlowClientsLoseTheirConnection shortens the server's own bounds and dawdles.
func TestSlowClientsLoseTheirConnection(t *testing.T) {
	b := build(t, Config{}, nil)
	server := b.hub.server()
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes > 64<<10 {
		t.Fatalf("a bound is missing: %+v", server)
	}
	server.ReadHeaderTimeout, server.ReadTimeout = 50*time.Millisecond, 100*time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	for name, sent := range map[string]string{
		"half a head": "GET / HTTP/1.1\r\nHost: hub\r\n",
		"half a body": "POST /api/v1/login HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"a huge head": "GET / HTTP/1.1\r\nHost: hub\r\nX: " + strings.Repeat("x", 128<<10),
	} {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		connection.SetDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(connection, sent) // the server may hang up before all of it is sent
		answer, err := io.ReadAll(bufio.NewReader(connection))
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Errorf("%s: the connection stays open after %q", name, answer)
		}
		connection.Close()
	}
}

func TestLiveEndsWhenTheUserIsDisabled(t *testing.T) {
	b := quick(build(t, Config{}, nil))
	ada := b.user(t, "ada@shop.example", administrator())
	eve := b.user(t, "eve@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Viewer})
	l := listen(t, b.fetch(t, livePath(sampleEnvironment), b.token(t, eve), nil).Body)
	l.next(t, "health")
	if r := b.send(t, "POST", base+"/users/"+string(eve.ID)+"/disable", b.token(t, ada), `{"environment":"production"}`); r.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d", r.StatusCode)
	}
	l.ends(t)
}
