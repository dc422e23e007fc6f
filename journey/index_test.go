package journey

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
)

const env = event.Environment("production")

func secret() []byte { return []byte("the secret of an installation") }

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
	absorbed string
	device   string
	elements map[string]string
	parts    event.Parts
}

func (s seen) record() *event.Record {
	if s.device == "" {
		s.device = "device of " + s.session
	}
	r := &event.Record{Event: event.Event{Environment: env, Time: at(s.minute), Type: s.kind, Result: s.result,
		Evidence: event.Evidence{Address: s.address}},
		Session: event.Session{ID: event.ID(s.session), Journey: event.ID(s.device), Number: s.number, Opened: at(0), Absorbed: event.ID(s.absorbed)}}
	if s.token != "" {
		r.Event.Evidence.Tokens = []event.Token{{Name: "cookie:sid", Hash: s.token}}
	}
	for name, value := range s.elements {
		r.Event.Elements = append(r.Event.Elements, event.Element{Name: name, Value: value, Parts: s.parts})
	}
	return r
}

func login(session string, number int64, minute float64, account string, result event.Result) seen {
	return seen{session: session, number: number, minute: minute, kind: event.AuthenticationAttempt, result: result, elements: map[string]string{"username": account}}
}

func noted(all ...seen) *Index {
	x := New(env, 100, secret())
	for _, s := range all {
		x.Note(s.record())
	}
	return x
}

// ask finds a session seven minutes after the first one began.
func ask(x *Index, q Query) (Found, bool) {
	if q.At.IsZero() {
		q.At = at(7)
	}
	q.Idle = 30 * time.Minute
	return x.Find(q)
}

func TestFind(t *testing.T) {
	x := noted(
		seen{session: "A", number: 1, address: "203.0.113.1", token: "hash-a"},
		seen{session: "A", number: 2, minute: 1, kind: event.AuthenticationAttempt, result: event.Success, address: "203.0.113.1", elements: map[string]string{"username": "anna", "email": "anna@example"}},
		seen{session: "B", number: 1, minute: 2, address: "203.0.113.2", elements: map[string]string{"email": "bert@example", "customer_id": "bert"}},
		seen{session: "C", number: 1, minute: 3, address: "203.0.113.2"},
		seen{session: "B", number: 2, minute: 4, kind: event.Transaction, result: event.Failure, elements: map[string]string{"payment_from": "card-1"}},
		seen{session: "B", number: 3, minute: 5, kind: event.Transaction, result: event.Success, elements: map[string]string{"payment_from": "card-2"}},
		seen{session: "B", number: 3, minute: 5, kind: event.Transaction, result: event.Failure, elements: map[string]string{"payment_from": "card-3"}}, // again
		seen{session: "B", number: 4, minute: 6, kind: event.PaymentDecision, elements: map[string]string{"credential_fingerprint": "crd_1", "customer_id": "carl"}},
	)
	for name, c := range map[string]struct {
		q       Query
		session event.ID
		by      Way
		sure    bool
	}{
		"its id":                       {Query{Sessions: []string{"A"}}, "A", BySession, true},
		"its token":                    {Query{Sessions: []string{"none", "hash-a"}}, "A", BySession, true},
		"the token before the account": {Query{Sessions: []string{"hash-a"}, Emails: []string{"bert@example"}}, "A", BySession, true},
		"an account that was proven":   {Query{Accounts: []string{"anna"}}, "A", ByAccount, true},
		"an email that was proven":     {Query{Emails: []string{"anna@example"}}, "A", ByEmail, true},
		"an account mentioned":         {Query{Accounts: []string{"bert"}}, "B", ByAccount, false},
		"an email mentioned":           {Query{Emails: []string{"bert@example"}}, "B", ByEmail, false},
		"proof before mention":         {Query{Accounts: []string{"bert"}, Emails: []string{"anna@example"}}, "A", ByEmail, true},
		"the card":                     {Query{Cards: []string{"card-2"}}, "B", ByCard, false},
		"a card that failed":           {Query{Cards: []string{"card-1"}}, "", "", false},
		"the fingerprint":              {Query{Cards: []string{"crd_1"}}, "B", ByCard, false},
		"whom a decision names":        {Query{Accounts: []string{"carl"}}, "", "", false},
		"an address of one":            {Query{Address: "203.0.113.1"}, "A", ByAddress, false},
		"an address of two":            {Query{Address: "203.0.113.2"}, "", "", false},
		"nothing":                      {Query{}, "", "", false},
		"an account as an email":       {Query{Emails: []string{"anna"}}, "", "", false},
		"a session that is nobody's":   {Query{Sessions: []string{"none"}, Accounts: []string{"anna"}}, "A", ByAccount, true},
		"nothing but the session":      {Query{Sessions: []string{"none"}, Accounts: []string{"anna"}, SessionOnly: true}, "", "", false},
	} {
		found, ok := ask(x, c.q)
		if ok != (c.session != "") || found.Session != c.session || found.By != c.by || found.Sure != c.sure {
			t.Errorf("%s: found %q by %q, sure %t; want %q by %q, %t", name, found.Session, found.By, found.Sure, c.session, c.by, c.sure)
		}
	}
	b, _ := ask(x, Query{Sessions: []string{"B"}})
	if b.Cards != 3 || b.Payments != 2 || b.Failures != 1 || b.Events != 4 {
		t.Errorf("of B: %+v", b)
	}
}

// A session that was told and has ended is the payment's: no other one is, however well another thing leads there.
func TestASessionThatEndedIsNotReplaced(t *testing.T) {
	x := noted(seen{session: "old", number: 1, token: "hash"}, login("new", 1, 60, "anna", event.Success))
	for _, told := range []string{"old", "hash"} {
		if found, ok := ask(x, Query{Sessions: []string{told}, Accounts: []string{"anna"}, At: at(61)}); ok {
			t.Errorf("%s was told, and %s is found by %s", told, found.Session, found.By)
		}
	}
	if found, _ := ask(x, Query{Sessions: []string{"never heard of"}, Accounts: []string{"anna"}, At: at(61)}); found.Session != "new" {
		t.Error("a name of the merchant's own keeps the account from leading")
	}
}

// Who fails to log in proves nothing and leads nowhere, and does not make the account known on his device.
func TestAFailedLoginProvesNothing(t *testing.T) {
	for _, result := range []event.Result{event.Failure, event.Blocked} {
		x := noted(login("victim", 1, 1, "anna", event.Success), login("thief", 1, 2, "anna", result))
		found, ok := ask(x, Query{Accounts: []string{"anna"}})
		if !ok || found.Session != "victim" || !found.Met.Equal(at(1)) {
			t.Errorf("%s: found %s, met %v", result, found.Session, found.Met)
		}
		if thief, _ := ask(x, Query{Sessions: []string{"thief"}, Accounts: []string{"anna"}}); !thief.Met.IsZero() {
			t.Errorf("%s: the account is known on the thief's device", result)
		}
	}
	// A mention does not lead away from whom the account is proven to be.
	x := noted(login("victim", 1, 1, "anna", event.Success), seen{session: "thief", number: 1, minute: 2, elements: map[string]string{"username": "anna"}})
	if found, _ := ask(x, Query{Accounts: []string{"anna"}}); found.Session != "victim" {
		t.Errorf("a mention leads to %s", found.Session)
	}
	if own, sure := x.Own("thief", ByAccount, []string{"anna"}, nil); own != "thief" || sure {
		t.Error("something may be written into a session where the account is only mentioned")
	}
	if own, sure := x.Own("victim", ByAccount, []string{"anna"}, nil); own != "victim" || !sure {
		t.Error("nothing may be written into the session where the account is proven")
	}
	if own, _ := x.Own("nobody's", BySession, nil, nil); own != "" {
		t.Error("a session that is not there is told")
	}
}

func TestAbsorbedSessionCountsOnce(t *testing.T) {
	log := []seen{
		{session: "part", number: 1, kind: event.Transaction, elements: map[string]string{"payment_from": "card-1"}, token: "hash"},
		{session: "part", number: 2, minute: 0.5, address: "203.0.113.1"},
		{session: "whole", number: 3, minute: 1, kind: event.Transaction, elements: map[string]string{"payment_from": "card-2"}, absorbed: "part", address: "203.0.113.1"},
	}
	x := noted(log...)
	check := func(when string, x *Index) {
		t.Helper()
		for _, told := range []string{"hash", "part", "whole"} {
			found, ok := ask(x, Query{Sessions: []string{told}})
			if !ok || found.Session != "whole" || found.Cards != 2 || found.Payments != 2 {
				t.Errorf("%s, by %s: found %v %+v", when, told, ok, found)
			}
		}
		if found, _ := ask(x, Query{Address: "203.0.113.1"}); found.Session != "whole" {
			t.Errorf("%s: two are alive at the address of one", when)
		}
		if own, sure := x.Own("part", BySession, nil, nil); own != "whole" || !sure {
			t.Errorf("%s: the part goes on as %q", when, own)
		}
	}
	check("at first", x)
	for _, s := range log {
		x.Note(s.record())
	}
	check("noted again", x)
	y := reloaded(t, x)
	check("loaded", y)
	for _, s := range log {
		y.Note(s.record())
	}
	check("loaded and noted again", y)
}

// One session, however busy, takes nothing from any other.
func TestAFloodTakesNothingFromOthers(t *testing.T) {
	x := New(env, 50, secret())
	buyer := login("buyer", 1, 0, "anna", event.Success)
	buyer.token, buyer.device = "buyers-cookie", "buyer's device"
	x.Note(buyer.record())
	for n := range 3000 {
		s := login("bot", int64(n+1), 1, fmt.Sprint("user", n), event.Success)
		s.token, s.address = fmt.Sprint("token", n), fmt.Sprint("address", n)
		s.elements["payment_from"], s.elements["email"] = fmt.Sprint("card", n), fmt.Sprint("email", n)
		x.Note(s.record())
	}
	found, ok := ask(x, Query{Sessions: []string{"buyers-cookie"}, Accounts: []string{"anna"}})
	if !ok || found.Session != "buyer" || !found.Met.Equal(at(0)) {
		t.Errorf("the buyer: %v %+v", ok, found)
	}
	if n := len(x.leads); n > 60 || len(x.accounts()) > pairLimit+1 {
		t.Errorf("%d keys lead to two sessions, and %d accounts are known", n, len(x.accounts()))
	}
	// The sessions last seen stay, and what led to the others goes with them.
	for n := range 200 {
		x.Note(seen{session: fmt.Sprint("S", n), number: 1, minute: 2, token: fmt.Sprint("one of ", n)}.record())
		x.Note(seen{session: "buyer", number: int64(n + 2), minute: 2, token: "buyers-cookie"}.record())
	}
	if len(x.sessions) != 50 || len(x.leads) > 60 {
		t.Errorf("%d sessions and %d keys are left", len(x.sessions), len(x.leads))
	}
	if _, ok := ask(x, Query{Sessions: []string{"buyers-cookie"}}); !ok {
		t.Error("one that was seen all the time is forgotten")
	}
	if _, ok := ask(x, Query{Sessions: []string{"one of 3"}}); ok {
		t.Error("one that was not seen for long is there still")
	}
}

func TestForget(t *testing.T) {
	x := noted(login("A", 1, 1, "anna", event.Success), seen{session: "B", number: 1, minute: 2, token: "b", elements: map[string]string{"customer_id": "anna"}})
	x.Forget([]string{"anna"}, nil)
	if found, ok := ask(x, Query{Accounts: []string{"anna"}}); ok {
		t.Errorf("after she was forgotten %s is found", found.Session)
	}
	if _, ok := ask(x, Query{Sessions: []string{"A"}}); ok {
		t.Error("her session is there still")
	}
	if found, ok := ask(x, Query{Sessions: []string{"b"}, Accounts: []string{"anna"}}); !ok || !found.Met.IsZero() {
		t.Errorf("of somebody else: %v %+v", ok, found)
	}
	if n := len(x.accounts()); n != 0 {
		t.Error("her device is known still")
	}
}

// A record's memory is used again for the next one: nothing of it may be kept.
func TestNothingOfARecordIsKept(t *testing.T) {
	x := New(env, 4, secret())
	buffer := []byte("session-0 token-0 customer-0")
	for n := range 10 {
		copy(buffer, fmt.Sprintf("session-%d token-%d customer-%d", n, n, n))
		text := unsafeText(buffer)
		for number := range 2 {
			x.Note(seen{session: text[:9], number: int64(number + 1), minute: float64(number + 1), device: text[:9], token: text[10:17],
				elements: map[string]string{"customer_id": text[18:]}}.record())
		}
	}
	copy(buffer, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
	if found, ok := ask(x, Query{Sessions: []string{"token-9"}}); !ok || found.Session != "session-9" {
		t.Errorf("found %v %q", ok, found.Session)
	}
	if found, ok := ask(x, Query{Accounts: []string{"customer-9"}}); !ok || found.Session != "session-9" || found.Device != "session-9" {
		t.Errorf("found %v %+v", ok, found)
	}
}

func BenchmarkNote(b *testing.B) {
	x := New(env, 0, secret())
	r := seen{session: "A", address: "203.0.113.1", token: "hash", kind: event.Transaction, elements: map[string]string{"username": "anna", "payment_from": "card"}}.record()
	b.ReportAllocs()
	for b.Loop() {
		r.Session.Number++
		x.Note(r)
	}
}
