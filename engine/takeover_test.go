package engine_test

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
)

const (
	homeAddress   = "203.0.113.9"
	thievesOffice = "198.51.100.7"
)

func loginAs(n int, at time.Time, result event.Result, address string, tokens ...event.Token) event.Event {
	return visit(n, at, event.AuthenticationAttempt, result, address, tokens, entityOf("username", "bob"))
}

// Whoever logs in with a stolen password, today and again tomorrow, gets neither the owner's journey nor the owner into
// his own.
func TestStolenPasswordTakesNoJourney(t *testing.T) {
	e := newEngine(t, rules)
	day := 24 * time.Hour
	records := play(t, e,
		loginAs(1, start(), event.Success, homeAddress),
		loginAs(2, start().Add(day), event.Failure, thievesOffice),
		loginAs(3, start().Add(2*day), event.Success, thievesOffice),
		loginAs(4, start().Add(3*day), event.Success, thievesOffice),
		loginAs(5, start().Add(4*day), event.Success, homeAddress),
	)
	owner, thief := records[0].Session.Journey, records[2].Session.Journey
	if thief == owner {
		t.Error("after a failed try the stolen password gave the owner's journey")
	}
	if got := records[3].Session.Journey; got != thief {
		t.Errorf("the thief's second login is in journey %s, want his own %s", got, thief)
	}
	if got := records[4].Session.Journey; got != owner {
		t.Errorf("the owner came back to journey %s, want %s", got, owner)
	}
}

// Failing makes nobody known.
func TestFailedLoginsAreNoAcquaintance(t *testing.T) {
	e := newEngine(t, rules)
	day := 24 * time.Hour
	records := play(t, e,
		loginAs(1, start(), event.Success, homeAddress),
		loginAs(2, start().Add(day), event.Failure, thievesOffice),
		visit(3, start().Add(2*day), event.PasswordResetRequest, event.Success, thievesOffice, nil, entityOf("username", "bob")),
		loginAs(4, start().Add(3*day), event.Success, thievesOffice),
		loginAs(5, start().Add(4*day), event.Success, homeAddress),
	)
	if labels := records[3].Session.Labels; len(labels) != 0 {
		t.Errorf("the attacker carries %v", labels)
	}
	if labels := records[4].Session.Labels; fmt.Sprint(labels) != "[Returning User]" {
		t.Errorf("the owner carries %v", labels)
	}
}

// Two people behind one address with the same browser, who both ask before either has a cookie, are one at first; from the
// first cookie that comes back on they are two, in both orders.
func TestNeighboursWhoComeAtTheSameTimePart(t *testing.T) {
	e := newEngine(t, rules)
	given := func(hash string) []event.Token {
		return []event.Token{{Name: "cookie:sid", Hash: hash, Issued: true}}
	}
	for name, order := range map[string][2]string{"first comes back first": {"a", "b"}, "second comes back first": {"b", "a"}} {
		events := []event.Event{
			visit(1, start(), event.SessionUpdate, "", homeAddress, given("a")),
			visit(2, start().Add(time.Second), event.SessionUpdate, "", homeAddress, given("b")),
		}
		for i := range 4 {
			events = append(events, visit(3+i, start().Add(time.Duration(2+i)*time.Second), event.SessionUpdate, "", homeAddress, []event.Token{presented(order[i%2])}))
		}
		records := play(t, e, events...)
		one, two := records[2].Session, records[3].Session
		if one.ID != records[0].Session.ID || two.ID == one.ID || two.Journey == one.Journey {
			t.Errorf("%s: %+v and %+v", name, one, two)
		}
		if records[4].Session.ID != one.ID || records[5].Session.ID != two.ID {
			t.Errorf("%s: they do not stay apart", name)
		}
	}
}

// A login that changes the cookie is the same session, also when the first cookie was given with the first page.
func TestRotationKeepsTheSession(t *testing.T) {
	e := newEngine(t, rules)
	at := func(n int, tokens ...event.Token) event.Event {
		return visit(n, start().Add(time.Duration(n)*time.Second), event.SessionUpdate, "", homeAddress, tokens)
	}
	given := func(hash string) event.Token { return event.Token{Name: "cookie:sid", Hash: hash, Issued: true} }
	records := play(t, e, at(1, given("a")), at(2, presented("a"), given("a")), at(3, presented("a"), given("b")), at(4, presented("b")), at(5, presented("a")))
	for i, r := range records {
		if r.Session.ID != records[0].Session.ID || r.Session.Number != int64(i+1) {
			t.Errorf("event %d is number %d of %s", i+1, r.Session.Number, r.Session.ID)
		}
	}
}

// Whoever shows a stolen cookie with another browser has a session of his own, and its owner keeps his, however their requests
// follow each other; so does a person whose browser tells one cookie to a program.
func TestStolenCookieIsNotItsOwner(t *testing.T) {
	e := newEngine(t, rules)
	var events []event.Event
	for i := range 12 {
		ev := visit(i, start().Add(time.Duration(i)*time.Second), event.SessionUpdate, "", homeAddress, []event.Token{presented("sid")})
		ev.Evidence.Client = event.Client{Family: "chrome", Platform: "windows", Language: "de"}
		if i > 3 && i%2 == 0 {
			ev.Evidence.Address, ev.Evidence.Client = thievesOffice, event.Client{Family: "python-requests"}
		}
		events = append(events, ev)
	}
	records := play(t, e, events...)
	owner, thief := records[0].Session, records[4].Session
	if thief.ID == owner.ID || thief.Journey == owner.Journey || thief.Join.Detail != "another browser shows the same cookie or connection" {
		t.Errorf("the thief is %+v, the owner %+v", thief, owner)
	}
	for i, r := range records[5:] {
		if want := []event.ID{owner.ID, thief.ID}[i%2]; r.Session.ID != want {
			t.Errorf("event %d is in session %s, want %s", i+5, r.Session.ID, want)
		}
	}
}
