package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"wayguard/api"
)

// contract checks requests and answers against the document, and remembers which of its operations were answered how.
type contract struct {
	*house
	document *openapi3.T
	answered map[string][]int
}

func sign(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(api.Document())
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return document
}

// fill puts values into a path of the document.
func fill(pattern string, values ...string) string {
	for i := 0; i+1 < len(values); i += 2 {
		pattern = strings.ReplaceAll(pattern, "{"+values[i]+"}", url.PathEscape(values[i+1]))
	}
	return pattern
}

func pairs(values []string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(values); i += 2 {
		m[values[i]] = values[i+1]
	}
	return m
}

// exchange makes a call and checks the answer, and, where it is a good one, the request too.
func (c *contract) exchange(r *http.Request, pattern string, params []string) (int, http.Header, []byte) {
	c.t.Helper()
	item := c.document.Paths.Value(pattern)
	if item == nil || item.GetOperation(r.Method) == nil {
		c.t.Fatalf("%s %s is not in the document", r.Method, pattern)
	}
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	status, header, body := c.send(r)
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.EnableJSONSchema2020()}}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	asked := &openapi3filter.RequestValidationInput{Request: r, PathParams: pairs(params), QueryParams: r.URL.Query(), Options: options,
		Route: &routers.Route{Spec: c.document, Path: pattern, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)}}
	if status < 300 && !strings.HasPrefix(pattern, "/api/interceptors/") {
		if err := openapi3filter.ValidateRequest(c.t.Context(), asked); err != nil {
			c.t.Errorf("%s %s: the request is not as documented: %v", r.Method, pattern, err)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: status, Header: header, Options: options}
	if status != http.StatusNoContent {
		answer.SetBodyBytes(body)
		if err := openapi3filter.ValidateResponse(c.t.Context(), answer); err != nil {
			c.t.Errorf("%s %s: answer %d is not as documented: %v\n%s", r.Method, pattern, status, err, body)
		}
	} else if item.GetOperation(r.Method).Responses.Status(status) == nil {
		c.t.Errorf("%s %s: answer %d is not documented", r.Method, pattern, status)
	}
	key := r.Method + " " + pattern
	c.answered[key] = append(c.answered[key], status)
	return status, header, body
}

// do makes a call that must be answered with a status. params fill the path; a query may follow it.
func (c *contract) do(status int, token, method, pattern, query string, body any, params ...string) tree {
	c.t.Helper()
	path := fill(pattern, params...)
	if query != "" {
		path += "?" + query
	}
	got, _, answer := c.exchange(c.request(token, method, path, body), pattern, params)
	if got != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, answer)
	}
	if len(answer) == 0 || answer[0] != '{' {
		return nil
	}
	return parse(c.t, answer)
}

// TestContract exercises every operation of the document and checks each real answer. It fails where the document has an operation that
// was not exercised; TestRoutesAreDocumented compares both lists.
func TestContract(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"resultCode":"Authorised"}`) }))
	defer origin.Close()
	c := &contract{house: build(t, nil), document: sign(t), answered: map[string][]int{}}
	admin := c.token(all()...)
	c.do(200, "", "GET", "/openapi.json", "", nil)
	c.do(200, "", "GET", "/healthz", "", nil)
	c.exerciseTokens()
	c.exerciseRulesets(admin)
	c.exerciseDecisions(admin)
	c.exerciseInterceptors(admin, origin.URL)
	c.exerciseLists(admin)
	c.exerciseParties(admin)
	c.do(200, admin, "POST", "/api/admin/erasures", "", tree{"customer_id": "anna"})
	c.refusals(admin)
	operations, answers := 0, 0
	for path, item := range c.document.Paths.Map() {
		for method := range item.Operations() {
			operations++
			answers += len(c.answered[method+" "+path])
			if !slices.ContainsFunc(c.answered[method+" "+path], func(status int) bool { return status < 300 }) {
				t.Errorf("%s %s: no good answer was seen", method, path)
			}
		}
	}
	t.Logf("%d operations, %d answers checked", operations, answers)
}

func (c *contract) exerciseTokens() {
	id, secret := c.client("decisions:read")
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"decisions:read"}, "audience": {"wayguard"}}
	for _, one := range []struct {
		status int
		secret string
		change func(url.Values)
	}{
		{200, secret, func(url.Values) {}}, {401, "wrong", func(url.Values) {}}, {400, secret, func(v url.Values) { v.Del("audience") }},
	} {
		sent := url.Values{}
		for k, v := range form {
			sent[k] = v
		}
		one.change(sent)
		r, _ := http.NewRequestWithContext(c.t.Context(), "POST", c.server.URL+"/oauth2/token", strings.NewReader(sent.Encode()))
		r.SetBasicAuth(id, one.secret)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if status, _, body := c.exchange(r, "/oauth2/token", nil); status != one.status {
			c.t.Errorf("status %d, want %d: %s", status, one.status, body)
		}
	}
}

func (c *contract) exerciseRulesets(token string) {
	const base = "/api/admin/rulesets"
	first := c.do(201, token, "POST", base, "", tree{"context": "default", "description": "first", "score": tree{"review_at": 50},
		"rules": []tree{atLeast(75000, "large", "REVIEW"), atLeast(900000, "huge", "BLOCK"), {"id": "listed", "type": "blacklist", "action": "BLOCK",
			"fields": []string{"$.device.ip"}, "ttl_seconds": 3600, "populate_on": []string{"chargeback"}}}})["id"].(string)
	c.do(200, token, "PATCH", base+"/{id}", "", tree{"description": nil}, "id", first)
	c.do(200, token, "POST", base+"/{id}/activate", "", nil, "id", first)
	second := c.do(201, token, "POST", base+"/{id}/clone", "", nil, "id", first)["id"].(string)
	c.do(409, token, "POST", base+"/{id}/rollback", "", nil, "id", second)
	c.do(200, token, "POST", base+"/{id}/activate", "", nil, "id", second)
	c.do(200, token, "POST", base+"/{id}/rollback", "", nil, "id", first)
	c.do(409, token, "PATCH", base+"/{id}", "", tree{"description": "no"}, "id", first)
	c.do(200, token, "GET", base+"/{id}", "", nil, "id", first)
	page := c.do(200, token, "GET", base, "limit=1", nil)
	next := page["links"].(tree)["next"].(string)
	_, query, _ := strings.Cut(next, "?")
	c.do(200, token, "GET", base, query, nil)
	stale := c.do(201, token, "POST", base, "", tree{"context": "default", "rules": []tree{}})["id"].(string)
	r := c.request(token, "PATCH", fill(base+"/{id}", "id", stale), tree{"description": "x"}, "If-Match", `"other"`)
	if status, _, body := c.exchange(r, base+"/{id}", []string{"id", stale}); status != http.StatusPreconditionFailed {
		c.t.Errorf("status %d: %s", status, body)
	}
	c.do(422, token, "POST", base, "", tree{"context": "default", "rules": []tree{{"id": "x", "type": "condition", "action": "BLOCK", "condition": tree{"op": "gt"}}}})
}

func (c *contract) exerciseDecisions(token string) {
	const base = "/api/decisions"
	c.do(200, token, "POST", base, "", pay(visa, 1000, "anna"))
	review := c.do(200, token, "POST", base, "explain=true", pay(visa, 80000, "berta"))
	if review["decision"] != "REVIEW" || len(review["explanation"].([]any)) == 0 {
		c.t.Fatalf("not a review with its explanation: %v", review)
	}
	id := review["id"].(string)
	c.do(200, token, "POST", base, "", tree{"credential": tree{"type": "masked_pan", "masked_pan": tree{"first_six": "411111", "last_four": "1111"}},
		"customer": tree{"id": "cäcilie"}, "transaction": tree{"reference": "o", "amount": 1, "currency": "EUR"}})
	c.do(200, token, "POST", base, "", tree{"credential": tree{"type": "sepa", "sepa": tree{"iban": "DE89370400440532013000"}},
		"customer": tree{"id": "dora"}, "transaction": tree{"reference": "o", "amount": 950000, "currency": "EUR"}})
	bad := c.do(422, token, "POST", base, "", tree{"credential": tree{"type": "pan", "pan": tree{"value": "4111111111111112"}}, "customer": tree{}})
	if len(bad["errors"].([]any)) < 3 {
		c.t.Errorf("too few problems: %v", bad)
	}
	c.do(200, token, "GET", base, "decision=REVIEW&limit=1&from=2020-01-01", nil)
	c.do(422, token, "GET", base, "limit=0&after=x&from=now&decision=MAYBE", nil)
	known := pay(visa, 1000, "emilia")
	known["customer"], known["device"] = tree{"id": "emilia", "email": "Emilia@Example.org"}, tree{"session": "visit-7"}
	c.do(200, token, "POST", base, "", known)
	c.count(1, c.do(200, token, "GET", base, "email=emilia@example.ORG", nil))
	c.count(1, c.do(200, token, "GET", base, "session=visit-6&session=visit-7", nil))
	c.count(0, c.do(200, token, "GET", base, "session=visit-6", nil))
	c.do(422, token, "GET", base, strings.Repeat("session=visit-7&", 51), nil)
	c.do(200, token, "GET", base+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", "/api/reviews", "", nil)
	c.do(204, token, "POST", base+"/{id}/claim", "", nil, "id", id)
	c.do(204, token, "DELETE", base+"/{id}/claim", "", nil, "id", id)
	c.do(200, token, "POST", base+"/{id}/resolve", "", tree{"action": "accept", "reason": "known"}, "id", id)
	c.do(409, token, "POST", base+"/{id}/resolve", "", tree{"action": "accept"}, "id", id)
	told := c.do(201, token, "POST", "/api/events", "", tree{"type": "chargeback", "decision_id": id, "occurred_at": "2026-01-02T03:04:05Z",
		"data": tree{"amount": 80000, "currency": "EUR", "reason_code": "10.4"}})
	c.do(200, token, "GET", "/api/events/{id}", "", nil, "id", told["id"].(string))
	c.do(404, token, "POST", "/api/events", "", tree{"type": "capture", "decision_id": "dec_01J", "occurred_at": "2026-01-02T03:04:05Z", "data": tree{}})
	c.do(200, token, "GET", base+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", "/api/admin/analytics", "", nil)
	c.do(200, token, "GET", "/api/admin/analytics", "format=csv", nil)
	rules := review["ruleset_id"].(string)
	c.do(200, token, "GET", "/api/admin/rulesets/{id}/performance", "", nil, "id", rules)
	trial := c.do(200, token, "POST", "/api/admin/dry-runs", "", tree{"request": pay(visa, 80000, "anna"), "ruleset_id": rules})
	if trial["decision"] != "BLOCK" && trial["decision"] != "REVIEW" || len(trial["explanation"].([]any)) == 0 {
		c.t.Errorf("a dry run without its explanation: %v", trial)
	}
	c.do(422, token, "POST", "/api/admin/dry-runs", "", tree{"request": tree{}})
	report := c.do(200, token, "POST", "/api/admin/backtests", "", tree{"ruleset": tree{"rules": []tree{atLeast(1, "all", "BLOCK")}}})
	if report["decisions"].(float64) < 4 {
		c.t.Errorf("the backtest saw too little: %v", report)
	}
	c.do(422, token, "POST", "/api/admin/backtests", "", tree{})
}

// count fails unless a page has so many entries.
func (c *contract) count(want int, page tree) {
	c.t.Helper()
	if data := page["data"].([]any); len(data) != want {
		c.t.Errorf("%d found, want %d: %v", len(data), want, data)
	}
}

func (c *contract) exerciseInterceptors(token, origin string) {
	const base = "/api/admin/interceptors"
	made := c.do(201, token, "POST", base, "", interceptorFor(origin))
	id, ref := made["id"].(string), made["ref"].(string)
	c.do(200, token, "PATCH", base+"/{id}", "", tree{"description": "x"}, "id", id)
	c.do(200, token, "POST", base+"/{id}/activate", "", nil, "id", id)
	c.do(409, token, "DELETE", base+"/{id}", "", nil, "id", id)
	c.do(200, token, "POST", "/api/interceptors/{ref}", "", acquirer(visa, 1000), "ref", ref)
	c.do(200, token, "POST", "/api/interceptors/{ref}/{rest}", "", acquirer(visa, 1000), "ref", ref, "rest", "payments")
	body := interceptorFor(origin)
	body["ref"] = ref
	second := c.do(201, token, "POST", base, "", body)["id"].(string)
	c.do(200, token, "POST", base+"/{id}/activate", "", nil, "id", second)
	c.do(200, token, "POST", base+"/{id}/rollback", "", nil, "id", id)
	c.do(200, token, "GET", base+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", base, "", nil)
	c.do(204, token, "DELETE", base+"/{id}", "", nil, "id", second)
	c.do(422, token, "POST", base, "", tree{"context": "c", "destination": tree{"url": "x"}, "field_mapping": []tree{{"source": "$.a", "target": "nowhere.at.all"}}})
}

func (c *contract) exerciseLists(token string) {
	const base = "/api/admin/blacklist"
	made := c.do(201, token, "POST", base, "", tree{"field_path": "$.device.ip", "value": "192.0.2.66", "ttl_seconds": 60, "note": "seen"})
	id := made["id"].(string)
	c.do(200, token, "GET", base+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", base, "limit=1", nil)
	c.count(1, c.do(200, token, "GET", base, "field_path=$.device.ip&value=192.0.2.66", nil))
	c.count(0, c.do(200, token, "GET", base, "field_path=$.customer.id&value=192.0.2.66", nil))
	mapped := c.do(201, token, "POST", base, "", tree{"field_path": "$.device.ip", "value": "2001:db8::66"})["id"].(string)
	c.count(1, c.do(200, token, "GET", base, "field_path=$.device.ip&value=2001:DB8:0::66", nil))
	c.do(204, token, "DELETE", base+"/{id}", "", nil, "id", mapped)
	c.do(422, token, "GET", base, "field_path=nonsense", nil)
	c.do(422, token, "GET", base, "value="+strings.Repeat("x", 1025), nil)
	c.do(204, token, "DELETE", base+"/{id}", "", nil, "id", id)
	c.do(404, token, "GET", base+"/{id}", "", nil, "id", id)
	c.do(422, token, "POST", base, "", tree{"field_path": "$.credential.pan.value", "value": "x", "ttl_seconds": 0})
	const lists = "/api/admin/lists"
	c.do(200, token, "GET", lists, "", nil)
	entry := c.do(201, token, "POST", lists+"/{list}", "", tree{"value": "new@example.org"}, "list", "friends")["id"].(string)
	c.do(200, token, "GET", lists+"/{list}", "", nil, "list", "friends")
	c.count(1, c.do(200, token, "GET", lists+"/{list}", "value=new@example.org", nil, "list", "friends"))
	c.count(0, c.do(200, token, "GET", lists+"/{list}", "value=old@example.org", nil, "list", "friends"))
	c.do(404, token, "GET", base+"/{id}", "", nil, "id", entry)
	c.do(204, token, "DELETE", lists+"/{list}/{id}", "", nil, "list", "friends", "id", entry)
	c.do(404, token, "GET", lists+"/{list}", "", nil, "list", "strangers")
}

func (c *contract) exerciseParties(token string) {
	const integrations = "/api/admin/integrations"
	made := c.do(201, token, "POST", integrations, "", tree{"type": "link", "slug": "link-prod", "name": "Link", "base_url": "http://link:4000",
		"credentials": tree{"type": "bearer", "token": "link-token-1"}})
	id := made["id"].(string)
	if made["has_credentials"] != true {
		c.t.Error("the credentials were lost")
	}
	c.do(409, token, "POST", integrations, "", tree{"type": "link", "slug": "link-prod", "name": "Link", "base_url": "http://link:4000"})
	c.do(422, token, "POST", integrations, "", tree{"type": "fax", "slug": "A b", "timeout": 1})
	if changed := c.do(200, token, "PATCH", integrations+"/{id}", "", tree{"enabled": false, "credentials": nil}, "id", id); changed["has_credentials"] != false || changed["enabled"] != false {
		c.t.Errorf("not changed: %v", changed)
	}
	c.do(200, token, "GET", integrations+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", integrations, "", nil)
	c.do(204, token, "DELETE", integrations+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", "/api/admin/backends", "", nil)
	c.do(200, token, "POST", "/api/admin/backends/refresh", "", nil)
	const hooks = "/api/admin/webhooks"
	hook := c.do(201, token, "POST", hooks, "", tree{"url": "https://shop.example/hook", "events": []string{"decision.block"}})
	id = hook["id"].(string)
	c.do(422, token, "POST", hooks, "", tree{"url": "ftp://x", "events": []string{"nothing"}})
	c.do(200, token, "GET", hooks, "", nil)
	c.do(200, token, "GET", hooks+"/{id}", "", nil, "id", id)
	c.do(200, token, "PATCH", hooks+"/{id}", "", tree{"events": []string{"decision.allow", "decision.block"}}, "id", id)
	if again := c.do(200, token, "POST", hooks+"/{id}/rotate", "", nil, "id", id); again["hmac_key"] == hook["hmac_key"] {
		c.t.Error("the key is the same")
	}
	c.do(200, token, "POST", "/api/decisions", "", pay(visa, 2, "emil"))
	c.giveUp(token)
	c.do(204, token, "DELETE", hooks+"/{id}", "", nil, "id", id)
	const clients = "/api/admin/clients"
	made = c.do(201, token, "POST", clients, "", tree{"name": "shop", "scopes": []string{"decisions:create"}})
	id = made["client_id"].(string)
	c.do(422, token, "POST", clients, "", tree{"name": "shop", "scopes": []string{"everything:allowed"}})
	c.do(200, token, "GET", clients, "", nil)
	c.do(200, token, "GET", clients+"/{id}", "", nil, "id", id)
	c.do(200, token, "PATCH", clients+"/{id}", "", tree{"disabled": true}, "id", id)
	c.do(200, token, "POST", clients+"/{id}/rotate", "", nil, "id", id)
	c.do(204, token, "DELETE", clients+"/{id}", "", nil, "id", id)
	c.do(200, token, "GET", "/api/admin/keys", "", nil)
	c.do(200, token, "POST", "/api/admin/keys/rotate", "", nil)
}

// giveUp gives up a webhook that waits, so that there is one to be delivered again.
func (c *contract) giveUp(token string) {
	c.t.Helper()
	ctx := c.t.Context()
	due, err := c.ledger.DueDeliveries(ctx, c.clock.now(), 10)
	if err != nil || len(due) == 0 {
		c.t.Fatalf("no webhook waits: %v", err)
	}
	var notice any
	if err := json.Unmarshal(due[0].Body, &notice); err != nil {
		c.t.Fatal(err)
	}
	if err := c.document.Components.Schemas["Notice"].Value.VisitJSON(notice, openapi3.EnableJSONSchema2020()); err != nil {
		c.t.Errorf("the webhook is not as documented: %v", err)
	}
	if err := c.ledger.MarkDead(ctx, due[0].ID, "gone", c.clock.now()); err != nil {
		c.t.Fatal(err)
	}
	data := c.do(200, token, "GET", "/api/admin/deliveries", "", nil)["data"].([]any)
	if len(data) != 1 || data[0].(tree)["event"] != "decision.block" || data[0].(tree)["last_error"] != "gone" {
		c.t.Fatalf("wrong deliveries: %v", data)
	}
	c.do(204, token, "POST", "/api/admin/deliveries/{id}/redeliver", "", nil, "id", data[0].(tree)["id"].(string))
}

// refusals asks for everything without a token, with one that may nothing, and for what there is not.
func (c *contract) refusals(admin string) {
	powerless := c.token("nothing:here")
	for pattern, item := range c.document.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.Security == nil || len(*operation.Security) == 0 || pattern == "/oauth2/token" {
				continue
			}
			params := []string{"id", "00000000-0000-7000-8000-000000000000", "list", "nowhere", "ref", "nobody", "rest", "x"}
			var body any
			if operation.RequestBody != nil {
				body = tree{}
			}
			c.do(401, "", method, pattern, "", body, params...)
			c.do(401, "nonsense", method, pattern, "", body, params...)
			c.do(403, powerless, method, pattern, "", body, params...)
			if strings.Contains(pattern, "{") && operation.RequestBody == nil {
				c.do(404, admin, method, pattern, "", nil, params...)
				c.do(404, admin, method, pattern, "", nil, "id", "dec_01J", "list", "x", "ref", "x", "rest", "x")
			}
			if body != nil && !strings.HasPrefix(pattern, "/api/interceptors") {
				if strings.Contains(pattern, "{list}") {
					params[3] = "friends"
				}
				c.do(422, admin, method, pattern, "", "[", params...)
				c.do(422, admin, method, pattern, "", `{"surprise":1}`, params...)
				r := c.request(admin, method, fill(pattern, params...), "<x/>", "Content-Type", "application/xml")
				if status, _, answer := c.exchange(r, pattern, params); status != http.StatusUnsupportedMediaType {
					c.t.Errorf("%s %s: status %d: %s", method, pattern, status, answer)
				}
				long := `{"x":"` + strings.Repeat("x", 1<<20) + `"}`
				c.do(413, admin, method, pattern, "", long, params...)
			}
		}
	}
}

// TestRoutesAreDocumented compares the routes with the document, both ways, with their scopes.
func TestRoutesAreDocumented(t *testing.T) {
	h := build(t, nil)
	document := sign(t)
	documented := map[string]string{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			scope := ""
			for _, one := range *operation.Security {
				if scopes, there := one["oauth2"]; there {
					scope = strings.Join(scopes, " ")
				}
			}
			documented[method+" "+path] = scope
		}
	}
	served := api.Served(h.api)
	served["POST /api/interceptors/{ref}"], served["POST /api/interceptors/{ref}/{rest}"] = "interceptors:execute", "interceptors:execute"
	for key, scope := range served {
		if at, there := documented[key]; !there || at != scope {
			t.Errorf("%s with scope %q is not in the document so, but with %q", key, scope, at)
		}
	}
	for key := range documented {
		if _, there := served[key]; !there {
			t.Errorf("%s is in the document and not served", key)
		}
	}
	flow := document.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials
	for _, scope := range api.Scopes() {
		if _, there := flow.Scopes[scope]; !there {
			t.Errorf("scope %s is not in the document", scope)
		}
	}
	if len(flow.Scopes) != len(api.Scopes()) {
		t.Error("the document has scopes that there are not")
	}
}

// TestForeignMethodsAndPaths sees that errors of the mux have our own form.
func TestForeignMethodsAndPaths(t *testing.T) {
	h := build(t, nil)
	answer := h.want(405, "", "PUT", "/api/decisions", nil)
	if answer["code"] != "METHOD_NOT_ALLOWED" || answer["request_id"] == "" {
		t.Errorf("wrong form: %v", answer)
	}
	_, header, _ := h.call("", "PUT", "/api/decisions", nil)
	if header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("Allow is %q", header.Get("Allow"))
	}
	if answer := h.want(404, "", "GET", "/nowhere", nil); answer["code"] != "NOT_FOUND" {
		t.Errorf("wrong form: %v", answer)
	}
}
