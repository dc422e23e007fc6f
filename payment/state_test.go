package payment

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func happened(words string) []LifecycleEvent {
	var events []LifecycleEvent
	for i, word := range strings.Fields(words) {
		kind, outcome, _ := strings.Cut(word, "/")
		events = append(events, LifecycleEvent{Type: EventType(kind), OccurredAt: time.Unix(int64(1_700_000_000+i), 0), Data: Tree{"outcome": outcome}})
	}
	return events
}

func TestStateOfAPayment(t *testing.T) {
	for _, c := range []struct {
		now    PaymentState
		events string
		want   PaymentState
	}{
		{"", "", ""}, {"authorized", "", "authorized"}, {"captured", "refund", "captured"}, {"", "refund", ""}, {"", "unheard_of", ""},
		{"", "authorization", "authorized"}, {"", "authorization/authorized", "authorized"}, {"", "authorization/DECLINED", "failed"},
		{"", "authorization capture", "captured"}, {"", "authorization void", "voided"}, {"", "authorization capture refund", "captured"},
		{"", "authorization capture chargeback", "chargedback"}, {"", "chargeback fraud_report capture", "chargedback"}, {"", "fraud_report void", "fraud_reported"},
		{"authorized", "failed", "failed"}, {"captured", "failed", "failed"}, {"", "failed authorization", "authorized"}, {"", "authorization/refused authorization capture", "captured"},
		{"", "authorization failed", "failed"}, {"", "failed authorization failed", "failed"}, {"failed", "authorization", "authorized"}, {"failed", "", "failed"},
		{"", "failed void", "failed"}, {"", "failed fraud_report", "fraud_reported"}, {"chargedback", "failed", "chargedback"},
	} {
		var now *PaymentState
		if c.now != "" {
			now = &c.now
		}
		if got := NextState(now, happened(c.events)); (got == nil) != (c.want == "") || got != nil && *got != c.want {
			t.Errorf("%q then %q: %v, want %q", c.now, c.events, got, c.want)
		}
	}
}

// The order in which events arrive does not matter, only when they happened; and the state that came out may be given again.
func TestStateDoesNotDependOnArrival(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"authorization", "authorization/declined", "capture", "refund", "void", "chargeback", "fraud_report", "failed"}
	for range 3000 {
		var story []string
		for range rng.IntN(6) {
			story = append(story, words[rng.IntN(len(words))])
		}
		events := happened(strings.Join(story, " "))
		want := NextState(nil, events)
		rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if got := NextState(nil, events); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %v or %v", story, got, want)
		}
		if again := NextState(want, events); !reflect.DeepEqual(again, want) {
			t.Fatalf("%v: %v, given again %v", story, *want, *again)
		}
	}
}

func TestWordsOfLifecycle(t *testing.T) {
	for _, kind := range []EventType{Authorization, Capture, Refund, Void, Chargeback, FraudReport, Failed} {
		if !kind.Known() {
			t.Errorf("%s is not known", kind)
		}
		if want := kind == Chargeback || kind == FraudReport || kind == Failed; kind.Populates() != want {
			t.Errorf("%s populates: %v", kind, !want)
		}
	}
	if EventType("").Known() || EventType("paid").Known() {
		t.Error("words that are no types are known")
	}
	for word, want := range map[string]PaymentState{"authorization": StateAuthorized, "Auth": StateAuthorized, "sale": StateCaptured, " capture ": StateCaptured, "": "", "refund": ""} {
		if got, known := StateOf(word); got != want || known != (want != "") {
			t.Errorf("%q: %q, %v", word, got, known)
		}
	}
}

func TestParseEvent(t *testing.T) {
	good := `{"type":"chargeback","decision_id":"0190","occurred_at":"2026-01-31T10:30:00.5+01:00","data":{"amount":4999,"card":"4111111111111111","cvv":"737","cvv_result":"match"}}`
	e, problems := ParseEvent([]byte(good))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := LifecycleEvent{Type: Chargeback, DecisionID: "0190", OccurredAt: time.Date(2026, 1, 31, 9, 30, 0, 5e8, time.UTC),
		Data: Tree{"amount": json.Number("4999"), "card": "411111******1111", "cvv_result": "match"}}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("%+v", e)
	}
	for body, want := range map[string]string{
		`{}`: "$.type required; $.decision_id required; $.occurred_at required; $.data required",
		`{"type":"paid","decision_id":1,"occurred_at":"yesterday","data":[]}`:              "$.type unknown; $.decision_id type; $.occurred_at format; $.data type",
		`{"type":"void","decision_id":"x","occurred_at":"2026-01-31T10:30:00","data":{}}`:  "$.occurred_at format",
		`{"type":"void","decision_id":"x","occurred_at":"1026-01-31T10:30:00Z","data":{}}`: "$.occurred_at format",
		fmt.Sprintf(`{"type":"void","decision_id":%q}`, strings.Repeat("x", 300)):          "$.decision_id too_long; $.occurred_at required; $.data required",
		`[`: "$[0] json",
		`{"x":"` + strings.Repeat("x", maxEventData) + `"}`: "$ too_large",
	} {
		if e, problems := ParseEvent([]byte(body)); told(problems) != want || e.Type != "" {
			t.Errorf("%.60s: %q, want %q", body, told(problems), want)
		}
	}
}

func TestJourneyTreeHasTheNamesOfJSON(t *testing.T) {
	age := int64(3)
	for _, j := range []Journey{
		{Labels: []string{}, Signatures: []string{}, BadEntities: []BadEntity{}},
		{Session: "s", Device: "d", Person: "p", Actor: "a", MatchedBy: "card", Rating: "malicious", Score: 90, Labels: []string{"card_testing"}, Signatures: []string{"x", "y"}, Events: 7,
			MinutesToPayment: 2, CardsInSession: 13, PaymentsInSession: 12, PaymentFailures: 11, AccountKnown: true, AccountAgeDays: &age,
			BadEntities: []BadEntity{{"ip", "203.0.113.9", "fraud"}}, BadEntityCount: 1, Confidence: 80},
	} {
		text, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		want, problem := decode(text)
		if problem != nil {
			t.Fatal(problem)
		}
		if got := JourneyTree(&j); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
	if JourneyTree(nil) != nil {
		t.Error("a journey of nobody")
	}
}
