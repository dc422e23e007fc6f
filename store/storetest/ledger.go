package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/store"
)

// Ledger is a whole ledger of decisions with its outbox.
type Ledger interface {
	decision.Ledger
	Outbox
	Close() error
}

// RunLedger runs the suite of ledgers. open gives an empty one; reopen closes it and opens the same one again.
func RunLedger(t *testing.T, open func(t *testing.T) (l Ledger, reopen func() Ledger)) {
	t.Helper()
	for name, part := range map[string]func(t *testing.T, l Ledger){
		"records": recording, "idempotency": keys, "key and message are one": together, "amends": amending, "amends at once": amendingAtOnce,
		"searches": searching, "pages": paging, "walks": walking, "pending": waiting, "events": events, "events at once": eventsAtOnce,
		"rulesets": rulesets, "interceptors": interceptors, "shared contexts": sharedContexts, "values": values, "values live longer": longer,
		"parties": parties, "forgets": forgetting, "erases": erasing, "concurrent": recordingAtOnce, "cancelled": cancelled, "refuses": refusing,
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := open(t)
			part(t, l)
		})
	}
	for name, part := range outboxes() {
		t.Run(name, func(t *testing.T) {
			l, _ := open(t)
			part(t, l)
		})
	}
	t.Run("reopens", func(t *testing.T) {
		l, again := open(t)
		stillThere(t, l, again)
	})
}

// Production is the environment of most of the suite.
const Production event.Environment = "production"

func pointer[T any](v T) *T { return &v }

// Entry is a decision such as a shop's, the n-th; n milliseconds after a fixed moment. It is what reading gives back for it.
func Entry(n int) decision.Entry {
	t := at(0).Add(time.Duration(n) * time.Millisecond)
	print := fmt.Sprintf("crd_%032x", n%5000)
	e := decision.Entry{Environment: Production, Tree: tree(n, print), Values: map[string]string{
		"$.device.ip": fmt.Sprintf("198.51.%d.%d", n/250%250, n%250), "$.customer.id": fmt.Sprint("customer-", n%3000),
		"$.credential_fingerprint": print, "$.device.fingerprint": fmt.Sprint("device-", n%4000),
		"$.customer.email": fmt.Sprintf("customer-%d@example.org", n%3000)}}
	e.Decision = payment.Decision{ID: event.DeriveID(t, "decision", fmt.Sprint(n)), Decision: payment.Allow, Source: payment.RuleEngine, Context: "checkout",
		CredentialFingerprint: &print, CredentialType: payment.PAN, MaskedCredential: pointer("411111 ****** 4242"), RulesetID: pointer(id(1)),
		RulesetVersion: pointer(int64(3)), TriggeredRules: []payment.TriggeredRule{}, ShadowTriggeredRules: []payment.TriggeredRule{},
		BackendResults: []payment.BackendResult{}, Events: []payment.LifecycleEvent{}, EvaluatedAt: t, LatencyMicros: 412,
		Metadata: map[string]string{"device_known": "false"}, Amount: int64(1000 + n), Currency: "EUR", CustomerID: e.Values["$.customer.id"],
		DeviceFingerprint: pointer(e.Values["$.device.fingerprint"]), DeviceIP: pointer(e.Values["$.device.ip"]),
		TransactionReference: fmt.Sprint("order-", n), PaymentState: nil,
		Journey: &payment.Journey{Session: event.DeriveID(t, "session", fmt.Sprint(n/3)), MatchedBy: "session", Rating: "normal", Labels: []string{"new"},
			Signatures: []string{}, Events: 14, MinutesToPayment: 6, CardsInSession: 1, PaymentsInSession: 1, BadEntities: []payment.BadEntity{}, Confidence: 90},
		Explanation: explanation()}
	if n%4 == 0 {
		e.Decision.Decision = payment.Review
		e.Decision.TriggeredRules = []payment.TriggeredRule{{RuleID: fmt.Sprint("rule-", n%16), Name: "Large order", Type: "condition", Action: payment.Review}}
	}
	return e
}

// tree is what the rules read.
func tree(n int, print string) payment.Tree {
	return payment.Tree{
		"credential":  payment.Tree{"type": "pan", "pan": payment.Tree{"expiry_month": json.Number("12"), "expiry_year": json.Number("2031"), "scheme": "visa"}},
		"customer":    payment.Tree{"id": fmt.Sprint("customer-", n%3000), "email": "jane@shop.example", "first_name": "Jane", "last_name": "Doe"},
		"transaction": payment.Tree{"reference": fmt.Sprint("order-", n), "amount": json.Number(fmt.Sprint(1000 + n)), "currency": "EUR"},
		"device":      payment.Tree{"ip": "198.51.100.7", "fingerprint": "device", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "language": "en-GB"},
		"billing":     payment.Tree{"address1": "1 Main <Street> & Co", "city": "Berlin", "postal_code": "10115", "country": "DE"},
		"items":       []any{payment.Tree{"sku": "A-1", "name": "Shoes", "price": json.Number("4999"), "quantity": json.Number("1")}},
		"metadata":    payment.Tree{"device_known": "false"}, "credential_fingerprint": print, "credential_type": "pan", "masked_credential": "411111 ****** 4242",
	}
}

// explanation is as long as a ruleset of a few rules makes it.
func explanation() []payment.RuleTrace {
	var list []payment.RuleTrace
	for i := range 4 {
		list = append(list, payment.RuleTrace{RuleID: fmt.Sprint("rule-", i), Name: "Large order", Type: "condition", Live: true, Because: &payment.Condition{
			Op: "gte", Text: "gte($.transaction.amount, 75000)", Result: pointer(false), Value: json.Number("1000")}})
	}
	return list
}

// Message is a webhook message of the n-th decision.
func Message(n int) event.Delivery {
	d := delivery(n)
	d.ID = event.DeriveID(at(0), "message", fmt.Sprint(n))
	d.Action, d.Key = "decision:endpoint", fmt.Sprint("endpoint/", n)
	d.Due, d.Created = at(0), at(0)
	return d
}

var _ Ledger = (*store.Ledger)(nil)
