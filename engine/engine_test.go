package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/rule"
)

const rules = `
rules:
  - id: failed-logins
    label: Failed Logins
    severity: suspicious
    family: outcome
    points: 675
    on: [authentication_attempt]
    when: session.count("login_failures") >= 3
    sentence: "{session.count(\"login_failures\")} failed logins"
  - id: many-accounts
    label: Many Accounts
    severity: suspicious
    family: identity
    points: 900
    on: [authentication_attempt]
    when: distinct("ip_address", "username", "1h") >= 4
    sentence: "{distinct(\"ip_address\", \"username\", \"1h\")} accounts from one address"
    entity_label: { element: ip_address, label: sprayer }
  - id: returning
    label: Returning User
    severity: trusting
    family: identity
    points: -150
    when: seen_before("username", "ip_address")
  - id: marked-address
    label: Marked Address
    severity: informational
    family: network
    when: entity_label("ip_address", "sprayer")
  - id: other-persona
    label: Other Persona
    severity: suspicious
    family: identity
    points: 300
    on: [refund_request]
    when: persona_distance("order_id") >= 2
`

func setOf(t testing.TB, text string) *rule.Set {
	t.Helper()
	doc, problems := document.Parse("rules.yaml", []byte(text))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var c rule.Config
	if err := doc.Decode(&c).Err(); err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Compile(c, rule.StandardVocabulary(element.Default(), nil))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

func newEngine(t testing.TB, text string) *engine.Engine {
	t.Helper()
	e, err := engine.New(setOf(t, text), engine.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func start() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// visit is an event of a visitor at an address.
func visit(n int, at time.Time, typ event.Type, result event.Result, address string, tokens []event.Token, elements ...event.Element) event.Event {
	elements = append(elements, event.Element{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: address, Parts: event.PartsOf(map[string]string{"prefix": address + "/24"})})
	return event.Event{ID: event.DeriveID(at, fmt.Sprint("event ", n)), Environment: "production", Time: at, Name: "x", Type: typ, Result: result,
		Spec: "s", Evidence: event.Evidence{Address: address, HeaderShape: "shape", UserAgent: "agent", Tokens: tokens}, Elements: elements}
}

func entityOf(name, value string) event.Element {
	return event.Element{Name: name, Kind: event.Entity, Type: "string", Value: value}
}

func play(t *testing.T, e *engine.Engine, events ...event.Event) []event.Record {
	t.Helper()
	records, err := e.Play(events)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestFailuresAndManyAccountsMakeMalicious(t *testing.T) {
	e := newEngine(t, rules)
	var events []event.Event
	for i := range 5 {
		events = append(events, visit(i, start().Add(time.Duration(i)*time.Second), event.AuthenticationAttempt, event.Failure, "203.0.113.9", nil, entityOf("username", fmt.Sprint("user", i))))
	}
	records := play(t, e, events...)
	want := []event.Rating{event.Normal, event.Normal, event.Suspicious, event.Malicious, event.Malicious}
	for i, r := range records {
		if r.Verdict.Rating != want[i] {
			t.Errorf("event %d: %s (score %d), want %s", i+1, r.Verdict.Rating, r.Verdict.Score, want[i])
		}
		if r.Session.ID != records[0].Session.ID || r.Session.Number != int64(i+1) {
			t.Errorf("event %d is number %d of session %s", i+1, r.Session.Number, r.Session.ID)
		}
	}
	if got := records[3].Verdict; len(got.EntityLabels) != 1 || got.EntityLabels[0].Label != "sprayer" || len(got.Tipped) == 0 {
		t.Errorf("fourth verdict: %+v", got)
	}
	if labels := records[4].Session.Labels; fmt.Sprint(labels) != "[Failed Logins Many Accounts Marked Address]" {
		t.Errorf("labels at the end: %v", labels)
	}
}

func TestTokensJoinAndJourneyOutlivesTheSession(t *testing.T) {
	e := newEngine(t, rules)
	issued := []event.Token{{Name: "cookie:sid", Hash: "h1", Issued: true}}
	rotated := []event.Token{{Name: "cookie:sid", Hash: "h1"}, {Name: "cookie:sid", Hash: "h2", Issued: true}}
	records := play(t, e,
		visit(1, start(), event.SessionUpdate, "", "203.0.113.9", issued),
		visit(2, start().Add(time.Minute), event.AuthenticationAttempt, event.Success, "198.51.100.7", rotated, entityOf("username", "bob")),
		visit(3, start().Add(2*time.Minute), event.SessionUpdate, "", "198.51.100.7", []event.Token{{Name: "cookie:sid", Hash: "h2"}}),
		visit(4, start().Add(3*time.Hour), event.SessionUpdate, "", "198.51.100.8", []event.Token{{Name: "cookie:sid", Hash: "h2"}}),
		visit(5, start().Add(3*time.Hour), event.SessionUpdate, "", "198.51.100.9", nil),
	)
	by := []string{"opened", "token", "rotation", "opened", "opened"}
	for i, r := range records {
		if r.Session.Join.By != by[i] {
			t.Errorf("event %d joined by %+v, want %s", i+1, r.Session.Join, by[i])
		}
	}
	if records[3].Session.ID == records[0].Session.ID || records[3].Session.Journey != records[0].Session.Journey {
		t.Error("the token did not carry the journey into a new session")
	}
	if records[4].Session.Journey == records[0].Session.Journey {
		t.Error("a stranger was put in the journey")
	}
}

func TestKnownDeviceLoginReturnsToItsJourney(t *testing.T) {
	e := newEngine(t, rules)
	login := func(n int, at time.Time, address string) event.Event {
		return visit(n, at, event.AuthenticationAttempt, event.Success, address, nil, entityOf("username", "bob"))
	}
	records := play(t, e, login(1, start(), "203.0.113.9"), login(2, start().Add(24*time.Hour), "203.0.113.9"), login(3, start().Add(25*time.Hour), "198.51.100.7"))
	if records[1].Session.Journey != records[0].Session.Journey {
		t.Error("the same account on the same device is another journey")
	}
	if records[2].Session.Journey == records[0].Session.Journey {
		t.Error("a login from elsewhere took the owner's journey")
	}
	if len(records[1].Verdict.Labels) == 0 || records[1].Verdict.Labels[0].Name != "Returning User" || len(records[2].Session.Labels) != 0 {
		t.Errorf("returning: %v then %v", records[1].Session.Labels, records[2].Session.Labels)
	}
}

func TestRefundByAnotherPersona(t *testing.T) {
	e := newEngine(t, rules)
	country := func(c string) event.Element {
		return event.Element{Name: "country", Kind: event.Attribute, Type: "country", Value: c}
	}
	records := play(t, e,
		visit(1, start(), event.Transaction, event.Success, "203.0.113.9", nil, entityOf("order_id", "o1"), country("DE")),
		visit(2, start().Add(5*24*time.Hour), event.RefundRequest, event.Success, "203.0.113.9", nil, entityOf("order_id", "o1"), country("DE")),
		visit(3, start().Add(6*24*time.Hour), event.RefundRequest, event.Success, "198.51.100.7", nil, entityOf("order_id", "o1"), country("KR")),
	)
	if len(records[1].Session.Labels) != 0 || fmt.Sprint(records[2].Session.Labels) != "[Other Persona]" {
		t.Errorf("labels %v then %v", records[1].Session.Labels, records[2].Session.Labels)
	}
}

// olderTypes are the types that there were when the golden records were made.
func olderTypes() []event.TypeInfo {
	return slices.DeleteFunc(event.Types(), func(i event.TypeInfo) bool { return i.Type == event.PaymentDecision })
}

// journeys is a random but seeded mix of visitors, tokens and entities.
func journeys(seed uint64, n int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 7))
	types := olderTypes()
	results := []event.Result{"", event.Success, event.Failure, event.Blocked}
	at := start()
	events := make([]event.Event, n)
	for i := range events {
		at = at.Add(time.Duration(r.IntN(40000)) * time.Millisecond)
		var tokens []event.Token
		if r.IntN(3) > 0 {
			tokens = []event.Token{{Name: "cookie:sid", Hash: fmt.Sprint("h", r.IntN(20)), Issued: r.IntN(4) == 0}}
		}
		events[i] = visit(i, at, types[r.IntN(len(types))].Type, results[r.IntN(4)], fmt.Sprintf("203.0.113.%d", r.IntN(6)), tokens,
			entityOf("username", fmt.Sprint("user", r.IntN(30))), entityOf("order_id", fmt.Sprint("o", r.IntN(50))))
	}
	return events
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Two plays give the same bytes, and restoring from records leads to the very state that judging left behind.
func TestReplayAndRestoreAreExact(t *testing.T) {
	e := newEngine(t, rules)
	events := journeys(1, 400)
	records := play(t, e, events...)
	if again := play(t, newEngine(t, rules), events...); !bytes.Equal(encode(t, records), encode(t, again)) {
		t.Fatal("two plays of the same events differ")
	}
	changed := newEngine(t, "rules: []\n")
	for cut := 0; cut < len(events); cut += 57 {
		state := map[string]engine.Held{}
		for i, r := range records {
			if i < cut {
				restored, err := changed.RestoreFrom(&r, source(state))
				if err != nil {
					t.Fatal(err)
				}
				keep(state, restored)
				continue
			}
			step, err := e.ObserveFrom(&events[i], source(state))
			if err != nil {
				t.Fatal(err)
			}
			keep(state, step.Changes)
			if !bytes.Equal(encode(t, step.Record), encode(t, r)) {
				t.Fatalf("restored up to %d, record %d differs:\n%s\n%s", cut, i, encode(t, step.Record), encode(t, r))
			}
		}
	}
}

// source gives what a state holds.
func source(state map[string]engine.Held) engine.Source {
	return func(key string) (engine.Held, bool) { h, found := state[key]; return h, found }
}

func keep(state map[string]engine.Held, changes []engine.Change) {
	for _, c := range changes {
		state[c.Key] = engine.Held(c)
	}
}

// Whatever happens in one environment leaves the other's verdicts as they are.
func TestEnvironmentsShareNothing(t *testing.T) {
	e := newEngine(t, rules)
	events := journeys(2, 200)
	alone := play(t, e, events...)
	var mixed []event.Event
	for _, ev := range events {
		other := ev
		other.Environment, other.ID = "staging", event.DeriveID(ev.Time, "staging", string(ev.ID))
		mixed = append(mixed, other, ev)
	}
	together := play(t, e, mixed...)
	for i := range alone {
		if !bytes.Equal(encode(t, alone[i]), encode(t, together[2*i+1])) {
			t.Fatalf("record %d is another beside a second environment", i)
		}
	}
}

func TestContributionsAreInTheVocabulary(t *testing.T) {
	known := map[string]bool{}
	for _, c := range rule.Counters() {
		known[c] = true
	}
	for _, info := range event.Types() {
		for _, result := range []event.Result{"", event.Success, event.Failure, event.Challenged, event.Blocked} {
			ev := &event.Event{Type: info.Type, Result: result, Elements: []event.Element{{Name: "refund_amount", Value: "100"}, {Name: "transaction_amount", Value: "5"}}}
			for _, c := range engine.Contributions(ev) {
				if !known[c.Counter] {
					t.Errorf("%s adds to %q, which no rule may name", info.Type, c.Counter)
				}
			}
		}
	}
}

func TestDamagedStateIsAnError(t *testing.T) {
	e := newEngine(t, rules)
	ev := visit(1, start(), event.SessionUpdate, "", "203.0.113.9", nil, entityOf("username", "bob"))
	for _, key := range new(engine.Desk).Lay(&ev) {
		if key[0] != 'e' {
			continue
		}
		damaged := func(k string) (engine.Held, bool) {
			return engine.Held{Key: k, Value: []byte{0xff, 0x00}}, k == key
		}
		if _, err := e.ObserveFrom(&ev, damaged); err == nil {
			t.Errorf("damaged memory under %q was taken", key)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	e := newEngine(b, rules)
	events := journeys(3, 2000)
	state := map[string]engine.Held{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		step, err := e.ObserveFrom(&events[i%len(events)], source(state))
		if err != nil {
			b.Fatal(err)
		}
		keep(state, step.Changes)
	}
}

// Different tools at one account are counted, though a tool is no element.
func TestToolsOfAnAccountAreCounted(t *testing.T) {
	e := newEngine(t, `
rules:
  - {id: tools, label: Three Tools, severity: suspicious, family: identity, points: 100, when: 'distinct("username", "tool", "24h") >= 3', sentence: three}
`)
	var events []event.Event
	for i := range 4 {
		ev := visit(i+1, start().Add(time.Duration(i)*time.Hour), event.AuthenticationAttempt, event.Failure, fmt.Sprintf("203.0.113.%d", i+1), nil, entityOf("username", "bob"))
		ev.Evidence.HeaderShape, ev.Evidence.UserAgent = fmt.Sprint("shape", i), "agent"
		events = append(events, ev)
	}
	records, err := e.Play(events)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if got := carries(&r, "Three Tools"); got != (i >= 2) {
			t.Errorf("attempt %d: labelled %v", i+1, got)
		}
	}
}

func carries(r *event.Record, label string) bool { return slices.Contains(r.Session.Labels, label) }
