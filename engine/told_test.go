package engine_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"wayguard/engine"
	"wayguard/event"
	"wayguard/session"
)

// told is an event whose maker says which session it belongs to, and which shows nothing else of the visitor.
func told(n int, at time.Time, id event.ID, elements ...event.Element) event.Event {
	return event.Event{ID: event.DeriveID(at, fmt.Sprint("told ", n)), Environment: "production", Time: at, Name: "x", Type: event.PaymentDecision, Spec: "api",
		Evidence: event.Evidence{Tokens: []event.Token{{Name: session.Told + "account", Hash: string(id)}}}, Elements: elements}
}

func TestAToldEventJoinsItsSession(t *testing.T) {
	e := newEngine(t, rules)
	sid := []event.Token{{Name: "cookie:sid", Hash: "hash"}}
	var events []event.Event
	for i := range 4 {
		events = append(events, visit(i, start().Add(time.Duration(i)*time.Second), event.AuthenticationAttempt, event.Failure, "203.0.113.9", sid, entityOf("username", fmt.Sprint("user", i))))
	}
	first := play(t, e, events...)
	own := first[0].Session
	events = append(events, told(1, start().Add(time.Minute), own.ID, entityOf("payment_from", "card")),
		visit(9, start().Add(2*time.Minute), event.SessionUpdate, "", "203.0.113.9", sid))
	records := play(t, e, events...)
	decision, after := records[4], records[5]
	if decision.Session.ID != own.ID || decision.Session.Journey != own.Journey || decision.Session.Number != 5 {
		t.Errorf("the decision is number %d of session %s, device %s; want 5 of %s, %s", decision.Session.Number, decision.Session.ID, decision.Session.Journey, own.ID, own.Journey)
	}
	if decision.Session.Join != (event.Join{By: session.ByTold, Detail: "account"}) {
		t.Errorf("joined by %+v", decision.Session.Join)
	}
	if decision.Verdict.Rating != event.Malicious {
		t.Errorf("rated %v, as the session is not", decision.Verdict.Rating)
	}
	if len(decision.Event.Evidence.Tokens) != 1 {
		t.Error("the record does not say which session was told: a replay would not find it")
	}
	if after.Session.ID != own.ID || after.Session.Number != 6 || after.Session.Journey != own.Journey {
		t.Errorf("the visitor's next event is number %d of %s", after.Session.Number, after.Session.ID)
	}
	// A replay of the records gives the same.
	again := play(t, e, eventsOf(records)...)
	if again[4].Session.ID != own.ID || again[5].Session.Number != 6 {
		t.Error("a replay joins otherwise")
	}
}

func eventsOf(records []event.Record) []event.Event {
	list := make([]event.Event, len(records))
	for i := range records {
		list[i] = records[i].Event
	}
	return list
}

// An event whose session is gone is refused, and leaves no trace: it neither opens a session nor joins anybody else's.
func TestAToldSessionThatIsNotThereTakesNothing(t *testing.T) {
	e := newEngine(t, rules)
	first := visit(1, start(), event.SessionUpdate, "", "203.0.113.9", nil)
	session := play(t, e, first)[0].Session.ID
	for name, late := range map[string]event.Event{
		"no such session":       told(1, start().Add(time.Minute), "no such session"),
		"a session that ended":  told(2, start().Add(5*time.Hour), session),
		"a session of tomorrow": told(3, start().Add(-5*time.Hour), session),
	} {
		if records, err := e.Play([]event.Event{first, late}); !errors.Is(err, engine.ErrUntold) {
			t.Errorf("%s: %v, %d records", name, err, len(records))
		}
	}
	// What was recorded is restored as it was recorded.
	gone := event.Record{Event: told(4, start().Add(5*time.Hour), session),
		Session: event.Session{ID: "of its own", Number: 1, Opened: start().Add(5 * time.Hour), Join: event.Join{By: "opened"}}}
	changes, err := e.RestoreFrom(&gone, func(string) (engine.Held, bool) { return engine.Held{}, false })
	if err != nil || len(changes) == 0 {
		t.Errorf("a record of before: %d changes, %v", len(changes), err)
	}
}
