package api_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSuffixesCannotClimb sees that what follows a ref stays below the destination's path.
func TestSuffixesCannotClimb(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, interceptorFor(o.URL+"/safe"))
	for _, suffix := range []string{"/%2e%2e/admin", "/a/%2E%2E/%2e%2e/b", "/..%2fadmin", "/..%5cadmin", "/.%2e/x", "/%zz"} {
		connection, err := net.Dial("tcp", h.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(connection, "POST /api/interceptors/"+ref+suffix+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(connection)
		_ = connection.Close()
		if !bytes.Contains(answer, []byte(" 404 ")) && !bytes.Contains(answer, []byte(" 400 ")) {
			t.Errorf("%s: %s", suffix, answer)
		}
	}
	if len(o.seen()) != 0 {
		t.Errorf("arrived: %+v", o.seen())
	}
}

// TestResubmission sees that an accepted review lets its payment pass once, and no other one.
func TestResubmission(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	h.rules(token, atLeast(75000, "large", "REVIEW"))
	ref := h.install(token, interceptorFor(o.URL))
	send := func(number string, amount int, id string) string {
		t.Helper()
		status, header, answer := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(number, amount), "X-Specter-Resolution", id)
		if status == http.StatusCreated {
			return "passed " + header.Get("X-Specter-Decision-Id")
		}
		return parse(t, answer)["decision"].(string)
	}
	_, header, _ := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 80000))
	id := header.Get("X-Specter-Decision-Id")
	if got := send(visa, 80000, id); got != "REVIEW" {
		t.Errorf("before it was resolved: %s", got)
	}
	h.want(200, token, "POST", "/api/decisions/"+id+"/resolve", tree{"action": "accept"})
	for _, other := range []string{send(visa, 80001, id), send(otherVisa, 80000, id), send(visa, 80000, "nonsense"), send(visa, 80000, "00000000-0000-7000-8000-000000000000")} {
		if other != "REVIEW" {
			t.Errorf("another payment: %s", other)
		}
	}
	var wait sync.WaitGroup
	results := make([]string, 5)
	for i := range results {
		wait.Go(func() { results[i] = send(visa, 80000, id) })
	}
	wait.Wait()
	slices.Sort(results)
	passed, ok := strings.CutPrefix(results[4], "passed ")
	if !ok || results[3] != "REVIEW" {
		t.Fatalf("not exactly one passed: %v", results)
	}
	d := h.want(200, token, "GET", "/api/decisions/"+passed, nil)
	if d["decision"] != "ALLOW" || d["resolution"] != nil || passed == id {
		t.Errorf("the resubmission: %v", d)
	}
	if len(o.seen()) != 1 || h.metric("resubmissions") != 1 {
		t.Errorf("%d arrivals", len(o.seen()))
	}
	h.clock.forward(25 * time.Hour)
	_, header, _ = h.call(h.token(all()...), "POST", "/api/interceptors/"+ref, acquirer(visa, 90000))
	if header.Get("X-Specter-Decision-Id") == "" {
		t.Error("no decision")
	}
}

// TestAResubmissionIsRecordedAsWhatHappened: rules that are stricter by now do not withhold what a person accepted, and ledger, webhook and
// header say so.
func TestAResubmissionIsRecordedAsWhatHappened(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	h.want(http.StatusCreated, token, "POST", "/api/admin/webhooks", tree{"url": "https://shop.example/hook", "events": []string{"decision.allow", "decision.block"}})
	h.rules(token, atLeast(75000, "large", "REVIEW"))
	ref := h.install(token, interceptorFor(o.URL))
	_, header, _ := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 80000))
	review := header.Get("X-Specter-Decision-Id")
	h.want(200, token, "POST", "/api/decisions/"+review+"/resolve", tree{"action": "accept"})
	h.rules(token, atLeast(75000, "large", "BLOCK"))
	status, header, _ := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 80000), "X-Specter-Resolution", review)
	got := o.seen()
	id := header.Get("X-Specter-Decision-Id")
	if status != http.StatusCreated || len(got) != 1 || got[0].header.Get("X-Specter-Decision-Id") != id || id == review {
		t.Fatalf("status %d, %d arrivals", status, len(got))
	}
	d := h.want(200, token, "GET", "/api/decisions/"+id, nil)
	fired, _ := d["triggered_rules"].([]any)
	if d["decision"] != "ALLOW" || len(fired) != 2 {
		t.Fatalf("recorded: %v", d)
	}
	rule, resolution := fired[0].(tree), fired[1].(tree)
	if rule["rule_id"] != "large" || rule["action"] != "BLOCK" || resolution["rule_id"] != "resolution" || resolution["type"] != "resolution" ||
		resolution["action"] != "ALLOW" || resolution["name"] != "accepted review "+review {
		t.Errorf("triggered: %v", fired)
	}
	due, err := h.ledger.DueDeliveries(t.Context(), time.Now().Add(time.Hour), 10)
	if err != nil || len(due) != 1 || !bytes.Contains(due[0].Body, []byte(`"decision.allow"`)) || !bytes.Contains(due[0].Body, []byte(id)) {
		t.Errorf("webhooks: %d, %v", len(due), err)
	}
	// It was good for one payment; the next one meets the rule.
	if _, _, answer := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 80000), "X-Specter-Resolution", review); parse(t, answer)["resultCode"] != "Refused" {
		t.Errorf("the second time: %s", answer)
	}
}

// TestCallersWhoGoAway sees that a destination's call ends with its caller's.
func TestCallersWhoGoAway(t *testing.T) {
	ended := make(chan struct{})
	arrived := make(chan struct{})
	o := newOrigin(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(ended)
	})
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, interceptorFor(o.URL))
	connection, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(connection, "POST /api/interceptors/"+ref+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nContent-Length: 2\r\n\r\n{}")
	<-arrived
	_ = connection.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the call went on")
	}
}
