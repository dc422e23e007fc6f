package hub

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wayguard/access"
	"wayguard/event"
)

type call struct {
	path, body string
	// least is the lowest role that may: "" for anyone, "any" for whoever is logged in.
	least string
}

func everyCall() map[string]call {
	session := string(sampleStory().Session.ID)
	const day, since = "&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z", "&policy=stop-takeovers&since=2026-11-21T09:30:00Z"
	return map[string]call{
		"POST /login":                    {"/login", `{"email":"nobody@shop.example","password":"guess"}`, ""},
		"POST /logout":                   {"/logout", `{}`, "any"},
		"POST /password":                 {"/password", `{"current":"","new":""}`, "any"},
		"GET /me":                        {"/me", "", "any"},
		"GET /fields":                    {"/fields?environment=production", "", "viewer"},
		"POST /sessions/search":          {"/sessions/search", `{"environment":"production"}`, "viewer"},
		"POST /exports":                  {"/exports", `{"environment":"production"}`, "analyst"},
		"GET /sessions.csv":              {"/sessions.csv?query=%7B%22environment%22%3A%22production%22%7D", "", "analyst"},
		"GET /sessions/{id}":             {"/sessions/" + session + "?environment=production", "", "viewer"},
		"GET /sessions/{id}/explanation": {"/sessions/" + session + "/explanation?environment=production", "", "viewer"},
		"POST /sessions/{id}/spare":      {"/sessions/" + session + "/spare", `{"environment":"production","scope":"session","seconds":3600,"reason":"a customer called"}`, "analyst"},
		"GET /mitigation":                {"/mitigation?environment=production", "", "viewer"},
		"GET /mitigation/effects":        {"/mitigation/effects?environment=production" + day, "", "viewer"},
		"GET /mitigation/affected":       {"/mitigation/affected?environment=production" + since, "", "viewer"},
		"GET /mitigation/affected.csv":   {"/mitigation/affected.csv?environment=production" + since, "", "analyst"},
		"GET /mitigation/accounts":       {"/mitigation/accounts?environment=production" + day, "", "analyst"},
		"GET /mitigation/accounts.csv":   {"/mitigation/accounts.csv?environment=production" + day, "", "analyst"},
		"POST /mitigation/stop":          {"/mitigation/stop", `{"environment":"production","seconds":900,"reason":"a bad policy"}`, "administrator"},
		"POST /mitigation/go":            {"/mitigation/go", `{"environment":"production"}`, "administrator"},
		"POST /mitigation/breaker":       {"/mitigation/breaker", `{"environment":"production","policy":"slow-scrapers","reason":"mended"}`, "administrator"},
		"POST /mitigation/unspare":       {"/mitigation/unspare", `{"environment":"production","scope":"account","element":"username","key":"j.doe"}`, "analyst"},
		"POST /mitigation/undo":          {"/mitigation/undo", `{"environment":"production","policy":"stop-takeovers","since":"2026-11-21T09:30:00Z","reason":"too wide"}`, "administrator"},
		"GET /payments/{path...}":        {"/payments/decisions?environment=production", "", "viewer"},
		"POST /payments/{path...}":       {"/payments/decisions/0/resolve?environment=production", `{"action":"accept"}`, "analyst"},
		"PATCH /payments/{path...}":      {"/payments/admin/rulesets/0?environment=production", `{}`, "analyst"},
		"DELETE /payments/{path...}":     {"/payments/admin/blacklist/0?environment=production", "", "analyst"},
		"GET /totals":                    {"/totals?environment=production&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z", "", "viewer"},
		"GET /live":                      {"/live?environment=production", "", "viewer"},
		"GET /health":                    {"/health?environment=production", "", "viewer"},
		"GET /audit":                     {"/audit?environment=production", "", "administrator"},
		"GET /users":                     {"/users?environment=production", "", "administrator"},
		"POST /users":                    {"/users", `{"environment":"production","email":"new@shop.example","name":"New","role":"viewer"}`, "administrator"},
		"POST /users/{id}/enable":        {"/users/0/enable", `{"environment":"production"}`, "administrator"},
		"POST /users/{id}/password":      {"/users/0/password", `{"environment":"production"}`, "administrator"},
		"POST /users/{id}/disable":       {"/users/0/disable", `{"environment":"production"}`, "administrator"},
	}
}

// TestEveryEndpointForEveryRole holds the whole API against who may do what; an endpoint that is not in the table fails.
func TestEveryEndpointForEveryRole(t *testing.T) {
	calls := everyCall()
	rank := map[string]int{"": 0, "any": 1, "viewer": 2, "analyst": 3, "administrator": 4}
	callers := map[string]struct {
		grants map[event.Environment]access.Role
		rank   int
	}{
		"nobody":                  {nil, 0},
		"without a role":          {map[event.Environment]access.Role{}, 1},
		"administrator elsewhere": {map[event.Environment]access.Role{"staging": access.Administrator}, 1},
		"an unknown role":         {map[event.Environment]access.Role{sampleEnvironment: "root"}, 1},
		"viewer":                  {map[event.Environment]access.Role{sampleEnvironment: access.Viewer}, 2},
		"analyst":                 {map[event.Environment]access.Role{sampleEnvironment: access.Analyst}, 3},
		"administrator":           {map[event.Environment]access.Role{sampleEnvironment: access.Administrator}, 4},
	}
	for caller, c := range callers {
		t.Run(caller, func(t *testing.T) {
			b := build(t, Config{}, nil)
			b.hub.broker.close() // a stream that may be opened is refused as the hub stops, instead of running on
			for _, e := range b.hub.endpoints() {
				name := e.method + " " + e.path
				call, there := calls[name]
				if !there {
					t.Fatalf("%s is missing in this table", name)
				}
				token := ""
				if c.grants != nil {
					token = b.token(t, b.user(t, "ada@shop.example", c.grants))
				}
				status := b.send(t, e.method, base+call.path, token, call.body).StatusCode
				refused := status == http.StatusUnauthorized || status == http.StatusForbidden
				switch {
				case name == "POST /login":
					if status != http.StatusUnauthorized {
						t.Errorf("%s: %d", name, status)
					}
				case c.rank == 0 && status != http.StatusUnauthorized:
					t.Errorf("%s without a login: %d", name, status)
				case c.rank > 0 && c.rank < rank[call.least] && status != http.StatusForbidden:
					t.Errorf("%s: %d though it is not allowed", name, status)
				case c.rank >= rank[call.least] && refused:
					t.Errorf("%s: %d though it is allowed", name, status)
				}
			}
		})
	}
}

func TestEnvironmentIsNeeded(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/fields", "", 400}, {"GET", "/live?environment=", "", 400}, {"POST", "/sessions/search", `{}`, 400},
		{"GET", "/sessions.csv", "", 400}, {"GET", "/sessions.csv?query=%7B", "", 400}, {"POST", "/users", `{}`, 400},
		{"GET", "/fields?environment=staging", "", 403}, {"GET", "/fields?environment=nowhere", "", 403},
		{"POST", "/sessions/search", `{"environment":"staging"}`, 403},
		{"POST", "/sessions/search", `{"environment":"production","Environment":"staging"}`, 403},
		{"HEAD", "/live?environment=production", "", 405}, {"HEAD", "/sessions.csv", "", 405},
		{"GET", "/nothing", "", 404}, {"DELETE", "/me", "", 404},
	} {
		r := b.send(t, c.method, base+c.path, token, c.body)
		if r.StatusCode != c.status || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
}

func TestClientAddress(t *testing.T) {
	b := build(t, Config{TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1"}}, nil)
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"198.51.100.7:99", []string{"203.0.113.1"}, "198.51.100.7"}, // not a trusted proxy: it may claim what it likes
		{"10.1.2.3:99", []string{"203.0.113.1"}, "203.0.113.1"},
		{"10.1.2.3:99", []string{"1.1.1.1, 203.0.113.1", "192.0.2.1"}, "203.0.113.1"},
		{"[::ffff:10.1.2.3]:99", []string{"2001:db8::1"}, "2001:db8::1"},
		{"10.1.2.3:99", nil, "10.1.2.3"},
		{"10.1.2.3:99", []string{"nonsense"}, "10.1.2.3"},
		{"@", []string{"203.0.113.1"}, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, value := range c.forwarded {
			r.Header.Add("X-Forwarded-For", value)
		}
		if got := b.hub.clientAddress(r); got != c.want {
			t.Errorf("%s with %v: %q", c.peer, c.forwarded, got)
		}
	}
	if _, err := New(Config{TrustedProxies: []string{"::1", "here"}}, b.hub.deps); err == nil || !strings.Contains(err.Error(), "hub.trusted_proxies[1]") {
		t.Errorf("a bad prefix: %v", err)
	}
}
