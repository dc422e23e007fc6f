package journey

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"wayguard/event"
)

func reloaded(t *testing.T, x *Index) *Index {
	t.Helper()
	text, err := x.Freeze().Write(7)
	if err != nil {
		t.Fatal(err)
	}
	y := New(x.environment, x.limit, secret())
	if at, err := y.Load(text); err != nil || at != 7 {
		t.Fatalf("loaded at %d, %v", at, err)
	}
	return y
}

func TestSavedIndexAnswersAlike(t *testing.T) {
	x := New(env, 100, secret())
	for n := range 20 {
		x.Note(seen{session: fmt.Sprint("S", n), number: 1, minute: float64(n) / 10, token: fmt.Sprint("hash-", n), kind: event.Transaction, address: "203.0.113.1",
			elements: map[string]string{"customer_id": fmt.Sprint("customer-", n%3), "payment_from": fmt.Sprint("card-", n)}}.record())
		x.Note(login(fmt.Sprint("S", n), 2, float64(n)/10, fmt.Sprint("user-", n%4), event.Success).record())
	}
	y := reloaded(t, x)
	for n := range 20 {
		for _, q := range []Query{{Sessions: []string{fmt.Sprint("hash-", n)}}, {Accounts: []string{fmt.Sprint("customer-", n)}}, {Accounts: []string{fmt.Sprint("user-", n)}},
			{Cards: []string{fmt.Sprint("card-", n)}}, {Sessions: []string{fmt.Sprint("S", n)}, Accounts: []string{fmt.Sprint("user-", n%4)}}} {
			a, one := ask(x, q)
			b, other := ask(y, q)
			if one != other || fmt.Sprint(a) != fmt.Sprint(b) {
				t.Errorf("%+v:\n%+v before,\n%+v after", q, a, b)
			}
		}
	}
	again, err := y.Freeze().Write(7)
	first, err2 := x.Freeze().Write(7)
	if err != nil || err2 != nil || !bytes.Equal(again, first) {
		t.Errorf("what was loaded is saved otherwise: %d and %d bytes, %v, %v", len(again), len(first), err, err2)
	}
	for _, cut := range []int{0, 1, len(first) / 2, len(first) - 1} {
		if _, err := New(env, 1, secret()).Load(first[:cut]); err == nil {
			t.Errorf("%d bytes of it are taken", cut)
		}
	}
	if _, err := New("other", 1, secret()).Load(first); err == nil {
		t.Error("another environment's is taken")
	}
}

// Two live visits at one address stay two after a restart, whatever else was there before.
func TestAnAddressStaysAmbiguous(t *testing.T) {
	for range 20 {
		x := New(env, 0, secret())
		for i := range 8 {
			s := seen{session: fmt.Sprint("s", i), number: 1, minute: -180, address: "192.0.2.1"}
			if i >= 6 {
				s.minute = 6
			}
			x.Note(s.record())
		}
		for _, index := range []*Index{x, reloaded(t, x)} {
			if found, ok := ask(index, Query{Address: "192.0.2.1"}); ok {
				t.Fatalf("%s is found", found.Session)
			}
		}
	}
}

// After a load, too, it is the session without a record for the longest that goes.
func TestTheOldestGoesAfterALoad(t *testing.T) {
	x := New(env, 100, secret())
	for i := range 100 {
		x.Note(seen{session: fmt.Sprint("s", i), number: 1}.record())
	}
	y := reloaded(t, x)
	for i := range 30 {
		y.Note(seen{session: fmt.Sprint("n", i), number: 1}.record())
	}
	for i := range 100 {
		if _, there := y.sessions[event.ID(fmt.Sprint("s", i))]; there != (i >= 30) {
			t.Errorf("session %d: %t", i, there)
		}
	}
}

// A snapshot is of its moment, whatever comes while it is written.
func TestASnapshotIsOfItsMoment(t *testing.T) {
	x := noted(login("A", 1, 0, "anna", event.Success), seen{session: "B", number: 1, token: "b"}, seen{session: "part", number: 1, kind: event.Transaction})
	want, err := x.Freeze().Write(3)
	if err != nil {
		t.Fatal(err)
	}
	s := x.Freeze()
	x.Note(login("A", 2, 1, "bert", event.Success).record())
	ask(x, Query{Sessions: []string{"b"}, Attempt: true, Card: Card{Fingerprint: "crd_1"}})
	x.Note(seen{session: "A", number: 3, minute: 2, kind: event.Transaction, absorbed: "part"}.record())
	x.Note(seen{session: "new", number: 1}.record())
	text, err := s.Write(3)
	if err != nil {
		t.Fatal(err)
	}
	old, now := New(env, 100, secret()), New(env, 100, secret())
	for index, saved := range map[*Index][]byte{old: want, now: text} {
		if _, err := index.Load(saved); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []Query{{Sessions: []string{"A"}}, {Sessions: []string{"b"}}, {Accounts: []string{"anna"}}, {Accounts: []string{"bert"}}, {Sessions: []string{"part"}}, {Sessions: []string{"new"}}} {
		a, one := ask(old, q)
		b, other := ask(now, q)
		if one != other || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%+v: %+v, want %+v", q, b, a)
		}
	}
	if x.frozen != nil {
		t.Error("changes are copied for ever")
	}
}

// Nothing that people could be found by is in the file in clear.
func TestNothingPersonalIsSaved(t *testing.T) {
	s := seen{session: "A", number: 1, kind: event.AuthenticationAttempt, result: event.Success, address: "203.0.113.77", token: "token-77",
		elements: map[string]string{"username": "anna-77", "email": "anna77@example", "payment_from": "card-77"}}
	text, err := noted(s).Freeze().Write(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{s.address, s.token, "anna-77", "anna77@example", "card-77"} {
		if strings.Contains(string(text), value) {
			t.Errorf("%s is in the file", value)
		}
	}
}

func BenchmarkFreeze(b *testing.B) {
	x := New(env, 0, secret())
	for n := range 60_000 {
		s := login(fmt.Sprint("session-", n), 1, 1, fmt.Sprint("user", n), event.Success)
		s.token, s.address = fmt.Sprint("token", n), fmt.Sprint("address", n)
		x.Note(s.record())
	}
	b.Run("freeze", func(b *testing.B) {
		for b.Loop() {
			x.Freeze().Discard()
		}
	})
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			text, err := x.Freeze().Write(1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(text)), "bytes")
		}
	})
}
