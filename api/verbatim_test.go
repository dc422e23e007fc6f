package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// recorded is one exchange of an acquirer's documentation.
type recorded struct {
	Path        string                     `json:"path"`
	Method      string                     `json:"method"`
	ContentType string                     `json:"content_type"`
	Request     json.RawMessage            `json:"request"`
	Responses   map[string]json.RawMessage `json:"responses"`
}

// TestRecordedTrafficPassesByteForByte sends all requests of a recorded acquirer through an interceptor without a mapping.
func TestRecordedTrafficPassesByteForByte(t *testing.T) {
	file, err := os.Open("../../shared/data/adyen/examples-v71.jsonl")
	if err != nil {
		t.Skip("the recorded acquirer is not here: ", err)
	}
	defer file.Close()
	var current recorded
	o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
		for status, body := range current.Responses {
			n, _ := strconv.Atoi(status)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(n)
			_, _ = w.Write(body)
			return
		}
	})
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, tree{"context": "default", "destination": tree{"url": o.URL + "/v71"}})
	lines, n := bufio.NewScanner(file), 0
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		current = recorded{}
		if err := json.Unmarshal(lines.Bytes(), &current); err != nil {
			t.Fatal(err)
		}
		// One answer is enough; which one does not matter.
		for status := range current.Responses {
			if len(current.Responses) > 1 {
				delete(current.Responses, status)
			}
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(current.Path)
		r := h.request(token, strings.ToUpper(current.Method), "/api/interceptors/"+ref+path, string(current.Request), "Content-Type", current.ContentType)
		_, header, answer := h.send(r)
		got := o.seen()[n]
		n++
		for _, body := range current.Responses {
			if !bytes.Equal(answer, body) {
				t.Errorf("%s: the answer was changed", current.Path)
			}
		}
		if !bytes.Equal(got.body, current.Request) || got.target != "/v71"+path || header.Get("X-Specter-Decision-Id") != "" || got.header.Get("Authorization") != "" {
			t.Errorf("%s: the request was changed", current.Path)
		}
	}
	if n != 54 || h.metric("intercepted_passthrough") != 54 {
		t.Errorf("%d requests", n)
	}
}

// TestBadBodiesAreExplained covers the words of problems in what is managed.
func TestBadBodiesAreExplained(t *testing.T) {
	h := build(t, nil)
	token := h.token(all()...)
	for _, one := range []struct {
		method, path, body, field, code, word string
	}{
		{"POST", "/api/admin/clients", `{"name":1,"scopes":["a:b"]}`, "$.name", "type", "a string"},
		{"POST", "/api/admin/clients", `{"name":"x","scopes":"a"}`, "$.scopes", "type", "an array"},
		{"POST", "/api/admin/clients", `{"name":"x","scopes":[],"nmae":1}`, "$.nmae", "unknown", "did you mean"},
		{"POST", "/api/admin/clients", `{"name":"x","scopes":[]}`, "$.scopes", "range", "between 1 and 64"},
		{"POST", "/api/admin/clients", `[]`, "$", "json", "object"},
		{"POST", "/api/admin/clients", ``, "$", "required", "object"},
		{"POST", "/api/admin/interceptors", `{"context":"c","destination":{"url":"https://a.example","timeout":1}}`, "$.destination.timeout", "unknown", "no such"},
		{"POST", "/api/admin/interceptors", `{"context":"c","destination":{"url":"https://a.example","timeout_ms":"1"}}`, "$.destination.timeout_ms", "type", "a whole number"},
		{"POST", "/api/admin/interceptors", `{"context":"c","destination":[]}`, "$.destination", "type", "an object"},
		{"POST", "/api/admin/interceptors", `{"context":"c","destination":{"url":"https://a.example"},"active":"no"}`, "$.active", "type", "true or false"},
		{"POST", "/api/admin/interceptors", `{"context":"c","destination":{"url":"https://a.example"},"field_mapping":[{"target":"customer.id","const":"a"},{"target":1}]}`,
			"$.field_mapping[1].target", "type", "a string"},
		{"POST", "/api/admin/integrations", `{"type":"link","slug":"a","name":"a","base_url":"http://a","credentials":"x"}`, "$.credentials", "type", "an object"},
		{"POST", "/api/admin/webhooks", `{"url":"https://a.example/","events":[]}`, "$.events", "range", "between"},
		{"POST", "/api/admin/rulesets", `{"context":"","rules":[]}`, "$.context", "range", "between"},
		{"POST", "/api/admin/rulesets", `{"rules":[]}`, "$.context", "required", "needed"},
		{"POST", "/api/admin/backtests", `{"ruleset":1}`, "$.ruleset", "type", "object"},
		{"POST", "/api/admin/backtests", `{"ruleset":{"rules":{}}}`, "$.ruleset.rules", "", ""},
		{"POST", "/api/admin/backtests", `{"ruleset":{},"ruleset_id":"x","from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}`, "$.ruleset", "conflict", "together"},
		{"POST", "/api/admin/dry-runs", `{"request":{"customer":{"id":1}}}`, "$.request.customer.id", "type", ""},
		{"POST", "/api/events", `{"type":"wedding","decision_id":"x","occurred_at":"yesterday","data":[]}`, "$.data", "type", "object"},
		{"POST", "/api/events", `{"type":"wedding","decision_id":"x","occurred_at":"yesterday","data":[]}`, "$.occurred_at", "format", ""},
		{"POST", "/api/events", `{"type":"wedding","decision_id":"x"}`, "$.type", "unknown", ""},
		{"GET", "/api/decisions?customer_id=" + strings.Repeat("x", 300), ``, "customer_id", "range", "long"},
	} {
		var body any
		if one.method != "GET" {
			body = one.body
		}
		answer := h.want(422, token, one.method, one.path, body)
		found := false
		for _, problem := range answer["errors"].([]any) {
			p := problem.(tree)
			found = found || p["field"] == one.field && (one.code == "" || p["code"] == one.code) && strings.Contains(p["message"].(string), one.word)
		}
		if !found {
			t.Errorf("%s %s: no problem %s %s %q in %v", one.method, one.body, one.field, one.code, one.word, answer["errors"])
		}
	}
}
