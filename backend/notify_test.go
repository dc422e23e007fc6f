package backend

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/payment"
)

// decided is a decision in which backends took part, or did not.
func decided(results ...payment.BackendResult) *payment.Decision {
	return &payment.Decision{ID: "01890000-0000-7000-8000-000000000001", Decision: payment.Allow, Context: "default", Amount: 12050, Currency: "EUR", CustomerID: "c-1",
		TransactionReference: "order-7", BackendResults: results}
}

func took(name string) payment.BackendResult {
	return payment.BackendResult{Backend: name, Live: true, Outcome: payment.Allow, Reference: "ref of " + name}
}

func statuses(list []payment.Notification) string {
	var words []string
	for _, n := range list {
		word := n.Backend + " " + n.Status
		if n.Error != nil {
			word += " " + *n.Error
		}
		words = append(words, word)
	}
	return strings.Join(words, "; ")
}

// TestThoseWhoTookPartAreTold once each: not those that were never asked or gave nothing, and those that do not want to know are skipped.
func TestThoseWhoTookPartAreTold(t *testing.T) {
	k := newFakeLink(t)
	k.answers["notify.chargeback vdm"] = says(204, "")
	s := serve(t, says(200, `{}`))
	bad := serve(t, says(500, `{}`))
	p := pool(t, Limits{}, linkIntegration("l", k.URL), webIntegration("eng", s.URL, scoreAdapter), webIntegration("bad", bad.URL, scoreAdapter))
	shadow := took("eng/default")
	shadow.Live = false
	d := decided(took("l/vdm"), took("l/rav"), shadow, took("l/vdm"), took("bad/default"), took("gone/x"),
		payment.BackendResult{Backend: "l/off", Error: told(codeDisabled)}, payment.BackendResult{Backend: "given/up"})
	data := payment.Tree{"amount": json.Number("12050"), "currency": "EUR", "card": testPAN, "cvv": "code of the card"}
	got := statuses(p.Notify(context.Background(), d, "chargeback", data))
	if want := "l/vdm delivered; l/rav skipped; eng/default delivered; bad/default failed unavailable; gone/x skipped"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	calls := k.invoked()
	if len(calls) != 1 || calls[0].path != "/api/invoke/specter-v1/notify.chargeback?backend=vdm" || calls[0].method != http.MethodPost {
		t.Fatalf("Link got %+v", calls)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(calls[0].body), &body); err != nil {
		t.Fatal(err)
	}
	if body["type"] != "chargeback" || body["backend_reference"] != "ref of l/vdm" || body["decision_id"] != string(d.ID) ||
		body["transaction"].(map[string]any)["reference"] != "order-7" || body["data"].(map[string]any)["amount"] != 12050.0 {
		t.Errorf("Link was told %s", calls[0].body)
	}
	if strings.Contains(calls[0].body, testPAN) || strings.Contains(calls[0].body, "code of the card") {
		t.Error("a card number or a security code was told")
	}
	if told := s.calls(); len(told) != 1 || told[0].path != "/told" || told[0].body != `{"amount":12050,"id":"ref of eng/default"}` {
		t.Errorf("the engine was told %+v", told)
	}
	if got := statuses(p.Notify(context.Background(), d, "void", nil)); strings.Contains(got, "delivered") || strings.Contains(got, "failed") {
		t.Errorf("a kind nobody wants: %s", got)
	}
	if got := p.Notify(context.Background(), decided(), "chargeback", nil); got == nil || len(got) != 0 {
		t.Errorf("nobody took part: %v", got)
	}
}

// TestLinkThatDoesNotKnowAnActionSkipsIt, where it did not list what it knows.
func TestLinkThatDoesNotKnowAnActionSkipsIt(t *testing.T) {
	k := newFakeLink(t)
	k.list = `[{"id": "vdm"}]`
	p := pool(t, Limits{}, linkIntegration("l", k.URL))
	if got := statuses(p.Notify(context.Background(), decided(took("l/vdm")), "refund", nil)); got != "l/vdm skipped" || len(k.invoked()) != 1 {
		t.Errorf("%s, %d calls", got, len(k.invoked()))
	}
}

// TestTellingIsBounded by the integration's timeout and by the caller's context, and all are told at once.
func TestTellingIsBounded(t *testing.T) {
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	quick := serve(t, says(200, `{}`))
	slow := webIntegration("slow", s.URL, scoreAdapter)
	slow.TimeoutMS = 60
	p := pool(t, Limits{}, slow, webIntegration("hang", s.URL, scoreAdapter), webIntegration("quick", quick.URL, scoreAdapter))
	got := statuses(p.Notify(context.Background(), decided(took("slow/default"), took("quick/default")), "chargeback", nil))
	if got != "slow/default failed timeout; quick/default delivered" {
		t.Errorf("got %s", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
	defer cancel()
	if got := statuses(p.Notify(ctx, decided(took("hang/default"), took("quick/default")), "chargeback", nil)); got != "hang/default failed timeout; quick/default delivered" {
		t.Errorf("got %s", got)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if got := statuses(p.Notify(ended, decided(took("quick/default")), "chargeback", nil)); got != "quick/default failed timeout" {
		t.Errorf("with a context that has ended: %s", got)
	}
}

// TestAPanicWhileTellingIsThatBackendsFailure.
func TestAPanicWhileTellingIsThatBackendsFailure(t *testing.T) {
	s := serve(t, says(200, `{}`))
	p := pool(t, Limits{}, webIntegration("bad", s.URL, scoreAdapter), webIntegration("good", s.URL, scoreAdapter))
	p.view.Load().find("bad/default").site.client.Transport = panics{}
	if got := statuses(p.Notify(context.Background(), decided(took("bad/default"), took("good/default")), "chargeback", nil)); got != "bad/default failed mapping_error; good/default delivered" {
		t.Errorf("got %s", got)
	}
}
