package journey

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
)

const env = event.Environment("production")

func at(minutes float64) time.Time {
	return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minutes * float64(time.Minute)))
}

type seen struct {
	session  string
	number   int64
	minute   float64
	kind     event.Type
	result   event.Result
	address  string
	token    string
	elements map[string]string
}

func (s seen) record() *event.Record {
	r := &event.Record{Event: event.Event{Environment: env, Time: at(s.minute), Type: s.kind, Result: s.result,
		Evidence: event.Evidence{Address: s.address}},
		Session: event.Session{ID: event.ID(s.session), Journey: event.ID("device of " + s.session), Number: s.number, Opened: at(0)}}
	if s.token != "" {
		r.Event.Evidence.Tokens = []event.Token{{Name: "cookie:sid", Hash: s.token}}
	}
	for name, value := range s.elements {
		r.Event.Elements = append(r.Event.Elements, event.Element{Name: name, Value: value})
	}
	return r
}

func query(minute float64) Query { return Query{At: at(minute), Idle: 30 * time.Minute} }

func TestFind(t *testing.T) {
	x := New(env, 100)
	for _, s := range []seen{
		{session: "A", number: 1, minute: 0, address: "203.0.113.1", token: "hash-a"},
		{session: "A", number: 2, minute: 1, kind: event.AuthenticationAttempt, address: "203.0.113.1", elements: map[string]string{"username": "anna", "email": "anna@example"}},
		{session: "B", number: 1, minute: 2, address: "203.0.113.2", elements: map[string]string{"email": "bert@example"}},
		{session: "C", number: 1, minute: 3, address: "203.0.113.2"},
		{session: "B", number: 2, minute: 4, kind: event.Transaction, result: event.Failure, elements: map[string]string{"payment_from": "card-1"}},
		{session: "B", number: 3, minute: 5, kind: event.Transaction, result: event.Failure, elements: map[string]string{"payment_from": "card-2"}},
		{session: "B", number: 3, minute: 5, kind: event.Transaction, result: event.Failure, elements: map[string]string{"payment_from": "card-3"}}, // again
		{session: "B", number: 4, minute: 6, kind: event.PaymentDecision, elements: map[string]string{"credential_fingerprint": "crd_1"}},
	} {
		x.Note(s.record())
	}
	for name, c := range map[string]struct {
		ask     func(q *Query)
		session event.ID
		by      Way
	}{
		"its id":                       {func(q *Query) { q.Sessions = []string{"A"} }, "A", BySession},
		"its token":                    {func(q *Query) { q.Sessions = []string{"none", "hash-a"} }, "A", BySession},
		"the token before the account": {func(q *Query) { q.Sessions, q.Emails = []string{"hash-a"}, []string{"bert@example"} }, "A", BySession},
		"the account":                  {func(q *Query) { q.Accounts = []string{"anna"} }, "A", ByAccount},
		"the email":                    {func(q *Query) { q.Emails = []string{"bert@example"} }, "B", ByEmail},
		"the card":                     {func(q *Query) { q.Cards = []string{"card-2"} }, "B", ByCard},
		"the fingerprint":              {func(q *Query) { q.Cards = []string{"crd_1"} }, "B", ByCard},
		"an address of one":            {func(q *Query) { q.Address = "203.0.113.1" }, "A", ByAddress},
		"an address of two":            {func(q *Query) { q.Address = "203.0.113.2" }, "", ""},
		"nothing":                      {func(*Query) {}, "", ""},
		"an account as an email":       {func(q *Query) { q.Emails = []string{"anna"} }, "", ""},
	} {
		q := query(7)
		c.ask(&q)
		found, ok := x.Find(q)
		if ok != (c.session != "") || found.Session != c.session || found.By != c.by {
			t.Errorf("%s: found %q by %q, want %q by %q", name, found.Session, found.By, c.session, c.by)
		}
	}
	b, _ := x.Find(Query{Sessions: []string{"B"}, At: at(7), Idle: time.Hour})
	if b.Cards != 2 || b.Payments != 2 || b.Failures != 2 || b.Events != 4 {
		t.Errorf("of B: %+v", b)
	}
	if _, ok := x.Find(Query{Sessions: []string{"A"}, At: at(40), Idle: 30 * time.Minute}); ok {
		t.Error("a session that has ended is found")
	}
	if !x.Carries("B", []string{"", "crd_1"}) || x.Carries("A", []string{"card-1"}) {
		t.Error("cards of sessions are not told apart")
	}
	if since, known := x.Since("anna", "device of A"); !known || !since.Equal(at(1)) {
		t.Errorf("anna is known since %v, %v", since, known)
	}
}

func TestAbsorbedSessionCountsOnce(t *testing.T) {
	x := New(env, 100)
	pay := map[string]string{"payment_from": "card-1"}
	x.Note(seen{session: "part", number: 1, kind: event.Transaction, elements: pay, token: "hash"}.record())
	whole := seen{session: "whole", number: 2, minute: 1, kind: event.Transaction, elements: map[string]string{"payment_from": "card-2"}}.record()
	whole.Session.Absorbed = "part"
	x.Note(whole)
	q := query(2)
	q.Sessions = []string{"hash"}
	found, ok := x.Find(q)
	if !ok || found.Session != "whole" || found.Cards != 2 || found.Payments != 2 {
		t.Errorf("found %v %+v", ok, found)
	}
}

func TestSavedIndexAnswersAlike(t *testing.T) {
	x := New(env, 100)
	for n := range 20 {
		x.Note(seen{session: fmt.Sprint("S", n), number: 1, minute: float64(n) / 10, token: fmt.Sprint("hash-", n), kind: event.Transaction,
			elements: map[string]string{"customer_id": fmt.Sprint("customer-", n%3), "payment_from": fmt.Sprint("card-", n)}}.record())
	}
	text, err := x.Save()
	if err != nil {
		t.Fatal(err)
	}
	y := New(env, 100)
	if err := y.Load(text); err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		q := query(5)
		q.Sessions = []string{fmt.Sprint("hash-", n)}
		a, _ := x.Find(q)
		b, _ := y.Find(q)
		if a.Session != b.Session || a.Cards != b.Cards || a.Payments != b.Payments || !a.Last.Equal(b.Last) || a.Session == "" {
			t.Errorf("%d: %+v before, %+v after", n, a, b)
		}
	}
	if y.Load([]byte("damaged")) == nil {
		t.Error("damage is not told")
	}
	if New("other", 1).Load(text) == nil {
		t.Error("another environment's is taken")
	}
}

// A record's memory is used again for the next one: nothing of it may be kept.
func TestNothingOfARecordIsKept(t *testing.T) {
	x := New(env, 4)
	buffer := []byte("session-0 token-0 customer-0")
	for n := range 10 {
		copy(buffer, fmt.Sprintf("session-%d token-%d customer-%d", n, n, n))
		text := unsafeText(buffer)
		x.Note(seen{session: text[:9], number: 1, minute: 1, token: text[10:17], elements: map[string]string{"customer_id": text[18:]}}.record())
		x.Note(seen{session: text[:9], number: 2, minute: 2, token: text[10:17], elements: map[string]string{"customer_id": text[18:]}}.record())
	}
	copy(buffer, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
	q := query(3)
	q.Sessions = []string{"token-9"}
	if found, ok := x.Find(q); !ok || found.Session != "session-9" {
		t.Errorf("found %v %q", ok, found.Session)
	}
	q = query(3)
	q.Accounts = []string{"customer-9"}
	if found, ok := x.Find(q); !ok || found.Session != "session-9" || found.Device != "device of session-9" {
		t.Errorf("found %v %+v", ok, found)
	}
}
