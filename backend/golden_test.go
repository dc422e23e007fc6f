package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestProvidersAreSpokenTo maps payments to the shapes of two providers: one that answers a score, one that answers an action.
func TestProvidersAreSpokenTo(t *testing.T) {
	for _, c := range []struct {
		name, answer, credentials string
		outcome                   payment.Outcome
		score                     int64
		reference                 string
		kinds                     []string
	}{
		{"sift", `{"status": 0, "error_message": "OK", "time": 1327604222, "request": "{}", "score_response": {"status": 0, "error_message": "OK",
			"scores": {"payment_abuse": {"score": 0.898391231245, "reasons": [{"name": "UsersPerDevice", "value": 4}]}}, "user_id": "c-1"}}`,
			`{"type": "none", "fields": {"api_key": "sift-api-key-0001"}}`, payment.Block, 90, "c-1", []string{"chargeback", "refund"}},
		{"ravelin", `{"status": 200, "timestamp": 1429528301, "data": {"customerId": "c-1", "action": "REVIEW", "score": 63, "source": "RAVELIN",
			"scoreId": "6a1f-77", "rules": [], "warnings": [{"class": "customer-payment-methods", "help": "x", "msg": "y"}]}}`,
			`{"type": "bearer", "prefix": "token", "token": "secret_key_live_0001"}`, payment.Review, 63, "6a1f-77", []string{"chargeback", "fraud_report", "resolution"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			adapter, err := os.ReadFile(filepath.Join("testdata", c.name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			s := serve(t, says(200, c.answer))
			i := webIntegration(c.name, s.URL, string(adapter))
			i.Sealed = []byte(c.credentials)
			if problems := append(new(Pool).Check(i), new(Pool).CheckCredentials(i, i.Sealed)...); len(problems) > 0 {
				t.Fatal(problems)
			}
			p := New(Deps{Integrations: fixed(i),
				Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }})
			defer p.Close()
			if err := p.Refresh(context.Background()); err != nil {
				t.Fatal(err)
			}
			name := p.List()[0].Name
			requests := []*payment.Request{card(), masked()}
			requests[0].BackendData[c.name] = payment.Tree{"site": "shop.example.com"}
			d := payment.Decision{ID: event.ID("01890000-0000-7000-8000-000000000001"), Decision: payment.Block, Context: "default", Amount: 12050, Currency: "EUR",
				CustomerID: "c-1", TransactionReference: "order-7"}
			for _, r := range requests {
				got := asked(t, p, name, r)
				if got.Outcome != c.outcome || got.Score == nil || *got.Score != c.score || got.Reference != c.reference || !json.Valid(got.RawResponse) {
					t.Errorf("%+v, score %v, raw %s", got, got.Score, got.RawResponse)
				}
				d.BackendResults = []payment.BackendResult{got}
			}
			for _, kind := range c.kinds {
				data := payment.Tree{"reason_code": "10.4", "amount": json.Number("12050"), "currency": "EUR", "resolution": "ACCEPTED"}
				want := statusDelivered
				if kind == "refund" {
					want = statusSkipped // the adapter has no call for it
				}
				if got := p.Notify(context.Background(), &d, kind, data); len(got) != 1 || got[0].Status != want || got[0].Error != nil {
					t.Errorf("%s: %+v", kind, got)
				}
			}
			golden(t, filepath.Join("testdata", c.name+".golden"), transcript(s.calls()))
		})
	}
}

// transcript are calls as a person reads them.
func transcript(calls []taken) []byte {
	var b bytes.Buffer
	for _, c := range calls {
		fmt.Fprintf(&b, "%s %s\n", c.method, c.path)
		for _, name := range []string{"Accept", "Authorization", "Content-Type", "Idempotency-Key", "X-Outcome"} {
			if value, ok := c.header[http.CanonicalHeaderKey(name)]; ok {
				fmt.Fprintf(&b, "%s: %s\n", name, value[0])
			}
		}
		if c.body != "" {
			var indented bytes.Buffer
			if json.Indent(&indented, []byte(c.body), "", "  ") != nil {
				indented.WriteString("NO JSON: " + c.body)
			}
			b.WriteString("\n" + indented.String() + "\n")
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, got)
	}
}
