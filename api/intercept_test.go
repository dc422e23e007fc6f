package api_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"wayguard/api"
)

// interceptorFor is an interceptor of payments in the form of an acquirer's.
func interceptorFor(destination string) tree {
	return tree{
		"context": "default", "destination": tree{"url": destination, "timeout_ms": 5000},
		"field_mapping": []tree{
			{"const": "pan", "target": "credential.type"},
			{"source": "$.paymentMethod.number", "target": "credential.pan.value"},
			{"source": "$.shopperReference", "target": "customer.id"},
			{"source": "$.reference", "target": "transaction.reference"},
			{"source": "$.amount.value", "target": "transaction.amount"},
			{"source": "$.amount.currency", "target": "transaction.currency"},
		},
		"responses": tree{"block": tree{"mode": "template", "status": 200, "headers": tree{"X-Answer": "ours"},
			"body": tree{"resultCode": "Refused", "reference": "{{ decision_id }}", "rules": "{{ triggered_rules }}"}}},
	}
}

func acquirer(number string, amount int) tree {
	return tree{"merchantAccount": "Shop", "reference": "order-1", "shopperReference": "anna", "amount": tree{"currency": "EUR", "value": amount},
		"paymentMethod": tree{"type": "scheme", "number": number, "cvc": "737"}}
}

// arrival is what an origin got.
type arrival struct {
	method, target, host string
	header               http.Header
	body                 []byte
}

// origin is a destination that remembers.
type origin struct {
	*httptest.Server
	mu       sync.Mutex
	arrivals []arrival
}

func newOrigin(t *testing.T, answer http.HandlerFunc) *origin {
	t.Helper()
	o := &origin{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		o.arrivals = append(o.arrivals, arrival{r.Method, r.RequestURI, r.Host, r.Header.Clone(), body})
		o.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) seen() []arrival {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.arrivals)
}

func authorised(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header()["X-Twice"] = []string{"a", "b"}
	w.Header().Set("Pspreference", "8815")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{ "resultCode" : "Authorised" }`)
}

// install puts an interceptor in force and gives its ref.
func (h *house) install(token string, body tree) string {
	h.t.Helper()
	made := h.want(http.StatusCreated, token, "POST", "/api/admin/interceptors", body)
	h.want(http.StatusOK, token, "POST", "/api/admin/interceptors/"+made["id"].(string)+"/activate", nil)
	return made["ref"].(string)
}

func (h *house) metric(name string) int64 {
	h.t.Helper()
	all := h.api.Metrics()
	n, there := all[name]
	if !there {
		h.t.Fatalf("no metric %s", name)
	}
	return n
}

// TestPassthroughIsVerbatim sends odd bytes and headers both ways through an interceptor without a mapping.
func TestPassthroughIsVerbatim(t *testing.T) {
	answerBody := []byte("\x00\xff{\r\n broken json")
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Twice"] = []string{"a", "b"}
		w.Header().Set("Set-Cookie", "a=b; Path=/")
		w.Header()["Content-Type"], w.Header()["Date"] = nil, nil
		w.Header().Set("Connection", "X-Private")
		w.Header().Set("X-Private", "hop")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(answerBody)
	})
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, tree{"context": "default", "destination": tree{"url": o.URL + "/v71/payments?key=1"}})
	sent := "{\"a\" :1,\t\"b\": \"\\u00e9\", \"a\":2, \"list\":[{\"x\":1}]}\r\n"
	r := h.request(token, "POST", "/api/interceptors/"+ref+"/3ds%2F/cards;v=1?x=%20y&x=2&empty=", sent)
	r.Header = http.Header{
		"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "X-Many": {"1", "2"}, "Accept": {"*/*;q=0.1"},
		"X-Auth-Name": {"Authorization"}, "X-Auth-Value": {"Basic YWNxdWlyZXI="}, "Cookie": {"a=b"}, "User-Agent": {""}, "Accept-Encoding": {"br"},
		"X-Api-Key-Name": {"X-API-Key"}, "X-Api-Key-Value": {"AQE"}, "Te": {"trailers"}, "X-Lone-Name": {"X-Lone"}, "Idempotency-Key": {"i-1"},
	}
	status, header, body := h.send(r)
	if status != http.StatusTeapot || !bytes.Equal(body, answerBody) {
		t.Fatalf("answered %d %q", status, body)
	}
	want := http.Header{"X-Twice": {"a", "b"}, "Set-Cookie": {"a=b; Path=/"}, "Content-Length": {strconv.Itoa(len(answerBody))}}
	if !equalHeaders(header, want) {
		t.Errorf("answered header\n%v, want\n%v", header, want)
	}
	got := o.seen()
	if len(got) != 1 || got[0].method != "POST" || got[0].target != "/v71/payments/3ds%2F/cards;v=1?key=1&x=%20y&x=2&empty=" {
		t.Fatalf("arrived: %+v", got)
	}
	if string(got[0].body) != sent || got[0].host != strings.TrimPrefix(o.URL, "http://") {
		t.Errorf("arrived body %q for %s", got[0].body, got[0].host)
	}
	wantSent := http.Header{"Content-Type": {"application/json"}, "X-Many": {"1", "2"}, "Accept": {"*/*;q=0.1"}, "Authorization": {"Basic YWNxdWlyZXI="},
		"Cookie": {"a=b"}, "Accept-Encoding": {"br"}, "X-Api-Key": {"AQE"}, "Content-Length": {strconv.Itoa(len(sent))}, "Idempotency-Key": {"i-1"}}
	if !equalHeaders(got[0].header, wantSent) {
		t.Errorf("arrived header\n%v, want\n%v", got[0].header, wantSent)
	}
	if h.metric("intercepted_passthrough") != 1 || h.metric("intercepted_forwarded") != 1 {
		t.Error("not counted")
	}
	h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1))
	eventually(t, "discovered fields", func() bool { return h.metric("discovered") > 0 })
}

func equalHeaders(got, want http.Header) bool {
	if len(got) != len(want) {
		return false
	}
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			return false
		}
	}
	return true
}

// TestAllowForwardsUnchanged sees that an allowed payment goes on with its id, and that its answer comes back.
func TestAllowForwardsUnchanged(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	h.rules(token, atLeast(75000, "large", "REVIEW"), atLeast(900000, "huge", "BLOCK"))
	ref := h.install(token, interceptorFor(o.URL))
	status, header, body := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1000), "Payment-Type", "Auth")
	if status != http.StatusCreated || string(body) != `{ "resultCode" : "Authorised" }` || header.Get("Pspreference") != "8815" {
		t.Fatalf("answered %d %v %s", status, header, body)
	}
	id := header.Get("X-Specter-Decision-Id")
	got := o.seen()
	if id == "" || len(got) != 1 || got[0].header.Get("X-Specter-Decision-Id") != id || got[0].header.Get("Authorization") != "" {
		t.Fatalf("arrived %+v, id %q", got, id)
	}
	d := h.want(200, token, "GET", "/api/decisions/"+id, nil)
	if d["decision"] != "ALLOW" || d["integration"] != "interceptor" || d["payment_state"] != "authorized" || d["payment_type"] != "authorization" {
		t.Errorf("decision: %v", d)
	}
	if status, _, body := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1000), "Payment-Type", "gift"); status != 422 {
		t.Errorf("a strange payment type is answered %d %s", status, body)
	}
}

// TestBlockAndReviewNeverReachTheDestination sees that what is withheld is answered as configured.
func TestBlockAndReviewNeverReachTheDestination(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	h.rules(token, atLeast(75000, "large", "REVIEW"), atLeast(900000, "huge", "BLOCK"))
	body := interceptorFor(o.URL)
	body["store_payload"] = true
	ref := h.install(token, body)
	status, header, answer := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 950000))
	blocked := parse(t, answer)
	if status != 200 || blocked["resultCode"] != "Refused" || blocked["reference"] != header.Get("X-Specter-Decision-Id") || header.Get("X-Answer") != "ours" ||
		len(blocked["rules"].([]any)) != 2 {
		t.Errorf("blocked: %d %v %s", status, header, answer)
	}
	status, header, answer = h.call(token, "POST", "/api/interceptors/"+ref, acquirer(otherVisa, 80000), "Payment-Type", "sale")
	review := parse(t, answer)
	if status != 200 || review["decision"] != "REVIEW" || review["id"] != header.Get("X-Specter-Decision-Id") || review["payment_type"] != "sale" || review["payload"] == nil {
		t.Errorf("reviewed: %d %s", status, answer)
	}
	if n := len(o.seen()); n != 0 {
		t.Errorf("the destination was contacted %d times", n)
	}
	for _, secret := range []string{otherVisa, visa, "737"} {
		if bytes.Contains(answer, []byte(secret)) {
			t.Error("the answer holds what it must not")
		}
	}
	h.noSecrets(visa, otherVisa, token)
}

// noSecrets looks through everything that was logged and kept.
func (h *house) noSecrets(secrets ...string) {
	h.t.Helper()
	log := h.log.String()
	for i, secret := range secrets {
		if strings.Contains(log, secret) {
			h.t.Errorf("the log holds secret %d", i)
		}
	}
}

// TestWhatCannotBeMappedGoesOn covers on_invalid.
func TestWhatCannotBeMappedGoesOn(t *testing.T) {
	for _, one := range []struct {
		name, body, onInvalid string
		status, arrivals      int
	}{
		{"no JSON", "{", "", 201, 1},
		{"fields are missing", `{"amount":{"value":1}}`, "forward", 201, 1},
		{"fields are missing and that blocks", `{"amount":{"value":1}}`, "block", 422, 0},
		{"no JSON and that blocks", `<x/>`, "block", 422, 0},
	} {
		t.Run(one.name, func(t *testing.T) {
			o := newOrigin(t, authorised)
			h := build(t, nil)
			token := h.token(all()...)
			body := interceptorFor(o.URL)
			if one.onInvalid != "" {
				body["on_invalid"] = one.onInvalid
			}
			ref := h.install(token, body)
			status, header, answer := h.call(token, "POST", "/api/interceptors/"+ref, one.body)
			if status != one.status || len(o.seen()) != one.arrivals || header.Get("X-Specter-Decision-Id") != "" {
				t.Errorf("status %d, %d arrivals, %v: %s", status, len(o.seen()), header, answer)
			}
			if one.arrivals == 1 && string(o.seen()[0].body) != one.body {
				t.Errorf("arrived %q", o.seen()[0].body)
			}
			if h.metric("intercepted_mapping_errors") != 1 || !strings.Contains(h.log.String(), "mapping_error") {
				t.Error("not counted, or not logged")
			}
		})
	}
}

// TestFailingToDecide covers on_failure: the ledger is closed under the service.
func TestFailingToDecide(t *testing.T) {
	for mode, want := range map[string]int{"forward": 201, "block": 503} {
		t.Run(mode, func(t *testing.T) {
			o := newOrigin(t, authorised)
			h := build(t, nil)
			token := h.token(all()...)
			body := interceptorFor(o.URL)
			body["on_failure"] = mode
			ref := h.install(token, body)
			h.want(200, token, "GET", "/healthz", nil)
			h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1)) // the token is known from here on
			if err := h.ledger.Close(); err != nil {
				t.Fatal(err)
			}
			status, _, answer := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1000))
			if status != want || h.metric("intercepted_decide_failures") != 1 {
				t.Errorf("status %d: %s", status, answer)
			}
			if status, _, answer := h.call(token, "POST", "/api/decisions", pay(visa, 1, "anna")); status != 503 {
				t.Errorf("a decision that cannot be kept is answered %d: %s", status, answer)
			}
		})
	}
}

// TestDestinationsThatFail covers 502 and 504, and that nothing is sent twice.
func TestDestinationsThatFail(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	hanging := newOrigin(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	dying := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = connection.Close()
		}
	})
	babbling := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(connection, "SECRET 4111111111111111 is no answer\r\n\r\n")
			_ = connection.Close()
		}
	})
	h := build(t, func(c *api.Config, _ *api.Deps) { c.AllowSharedContext = true })
	token := h.token(all()...)
	for _, one := range []struct {
		name, url string
		origin    *origin
		timeout   int
		status    int
		code      string
	}{
		{"closed", closed, nil, 1000, 502, "DESTINATION_UNREACHABLE"},
		{"hanging", hanging.URL, hanging, 50, 504, "DESTINATION_TIMEOUT"},
		{"dying", dying.URL, dying, 1000, 502, "DESTINATION_UNREACHABLE"},
		{"babbling", babbling.URL, babbling, 1000, 502, "DESTINATION_UNREACHABLE"},
		{"private", "http://10.255.255.1/x", nil, 1000, 502, "DESTINATION_UNREACHABLE"},
	} {
		body := interceptorFor(one.url)
		body["destination"].(tree)["timeout_ms"] = one.timeout
		ref := h.install(token, body)
		for round := 1; round <= 2; round++ {
			status, header, answer := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1000), "Idempotency-Key", "k")
			if status != one.status || parse(t, answer)["code"] != one.code || header.Get("X-Specter-Decision-Id") == "" {
				t.Errorf("%s: %d %v %s", one.name, status, header, answer)
			}
			if one.origin != nil && len(one.origin.seen()) != round {
				t.Errorf("%s: %d arrivals in round %d", one.name, len(one.origin.seen()), round)
			}
		}
	}
	h.noSecrets("SECRET", visa, token)
}

// TestLongBodiesPassUndecided sees that a body beyond the limit streams through, whole.
func TestLongBodiesPassUndecided(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		o := newOrigin(t, authorised)
		h := build(t, func(c *api.Config, _ *api.Deps) { c.BodyLimit = 4 << 10 })
		token := h.token(all()...)
		ref := h.install(token, interceptorFor(o.URL))
		long := `{"pad":"` + strings.Repeat("0123456789", 20_000) + `"}`
		r := h.request(token, "POST", "/api/interceptors/"+ref, long)
		if chunked {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(long)), -1
		}
		status, header, _ := h.send(r)
		got := o.seen()
		if status != 201 || len(got) != 1 || string(got[0].body) != long || header.Get("X-Specter-Decision-Id") != "" || h.metric("intercepted_oversize") != 1 {
			t.Errorf("chunked %v: status %d, %d arrivals", chunked, status, len(got))
		}
	}
}

// TestSwitchedOffInterceptorsPassEverything covers active: false.
func TestSwitchedOffInterceptorsPassEverything(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	h.rules(token, atLeast(0, "all", "BLOCK"))
	body := interceptorFor(o.URL)
	body["active"] = false
	ref := h.install(token, body)
	for _, method := range []string{"POST", "GET", "DELETE", "PUT"} {
		var sent any
		if method == "POST" || method == "PUT" {
			sent = acquirer(visa, 1000)
		}
		status, header, _ := h.call(token, method, "/api/interceptors/"+ref, sent)
		if status != 201 || header.Get("X-Specter-Decision-Id") != "" {
			t.Errorf("%s: %d %v", method, status, header)
		}
	}
	if len(o.seen()) != 4 {
		t.Errorf("%d arrivals", len(o.seen()))
	}
}

// TestShadowRulesForward covers the third step of a roll-out: decisions are logged, and nothing is withheld.
func TestShadowRulesForward(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	rule := atLeast(1, "all", "BLOCK")
	rule["live"] = false
	h.rules(token, rule)
	ref := h.install(token, interceptorFor(o.URL))
	status, header, _ := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1000))
	d := h.want(200, token, "GET", "/api/decisions/"+header.Get("X-Specter-Decision-Id"), nil)
	if status != 201 || d["decision"] != "ALLOW" || d["shadow_decision"] != "BLOCK" || len(d["shadow_triggered_rules"].([]any)) != 1 {
		t.Errorf("%d %v", status, d)
	}
}

// TestAnswersStream sees that the first part of an answer arrives while the second is not there yet, and that an answer broken off is
// not taken for a whole one.
func TestAnswersStream(t *testing.T) {
	release := make(chan struct{})
	var breaks bool
	o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first ")
		_ = http.NewResponseController(w).Flush()
		<-release
		if breaks {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
		_, _ = io.WriteString(w, "second")
	})
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, interceptorFor(o.URL))
	for _, breaks = range []bool{false, true} {
		response, err := h.server.Client().Do(h.request(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 1000)))
		if err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 6)
		if _, err := io.ReadFull(response.Body, part); err != nil || string(part) != "first " {
			t.Fatalf("%q %v", part, err)
		}
		release <- struct{}{}
		rest, err := io.ReadAll(response.Body)
		if breaks != (err != nil) || !breaks && (string(rest) != "second" || response.Trailer.Get("X-Sum") != "1") {
			t.Errorf("breaks %v: rest %q, trailer %v, %v", breaks, rest, response.Trailer, err)
		}
		_ = response.Body.Close()
	}
	eventually(t, "the count", func() bool { return h.metric("destination_broken_off") == 1 })
}
