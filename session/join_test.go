package session_test

import (
	"testing"
	"time"

	"wayguard/event"
	"wayguard/session"
)

func chrome(e *event.Event) *event.Event {
	e.Evidence.Client = event.Client{Family: "chrome", Platform: "windows"}
	return e
}

// Each way into a session has its reason, and each refusal too.
func TestWaysOfJoining(t *testing.T) {
	sent := event.Token{Name: "cookie:sid", Hash: "h"}
	learned := event.Token{Name: session.Undeclared + "cookie:visitor", Hash: "h"}
	bare, keeper, mixed, owned, seen := opened(hit(noon())), opened(hit(noon())), opened(hit(noon())), opened(hit(noon())), walk([]string{"a"}, 1)
	apply(keeper, hit(noon(), sent), nil)
	apply(mixed, hit(noon(), sent), nil)
	mixed.Mixed = true
	keeper.Browser = session.BrowserOf(&event.Client{Family: "firefox", Platform: "linux"})
	owned.Account, owned.Left = 7, true
	later, from := hit(noon().Add(time.Minute)), hit(noon().Add(time.Minute))
	from.Evidence.Wire.From = "a"
	lost := hit(noon().Add(time.Minute))
	lost.Evidence.Wire.From = "z"
	crowd := func(milli int64) *session.Visit {
		v := standard()
		v.Collisions = func(gap time.Duration) int64 { return milli * int64(gap/time.Second) / 60 }
		return v
	}
	login := standard()
	login.Account = 8
	for name, c := range map[string]struct {
		e         *event.Event
		visit     *session.Visit
		candidate session.Candidate
		by        string
	}{
		"a learned token":             {hit(noon(), learned), standard(), session.Candidate{Session: bare, Way: session.ByKey, Token: learned.Name}, session.ByLearned},
		"a token in another's place":  {hit(noon(), sent), standard(), session.Candidate{Session: bare, Way: session.ByKey, Token: sent.Name, Successor: true}, session.ByRotation},
		"a worn token":                {hit(noon(), sent), standard(), session.Candidate{Session: bare, Way: session.ByKey, Token: sent.Name, Worn: true}, session.ByOpening},
		"another browser":             {chrome(hit(noon(), sent)), standard(), session.Candidate{Session: keeper, Way: session.ByKey, Token: sent.Name}, session.ByOpening},
		"the connection":              {later, standard(), session.Candidate{Session: mixed, Way: session.ByWire}, session.ByConnection},
		"another cookie on it":        {hit(noon(), sent), standard(), session.Candidate{Session: mixed, Way: session.ByWire}, session.ByOpening},
		"looks of one who mixes":      {later, standard(), session.Candidate{Session: mixed}, session.ByFallback},
		"few look like it":            {later, crowd(200), session.Candidate{Session: bare}, session.ByFallback},
		"many look like it":           {later, crowd(201), session.Candidate{Session: bare}, session.ByOpening},
		"many, but it saw the page":   {from, crowd(700), session.Candidate{Session: seen}, session.ByFallback},
		"few, but it saw no such one": {lost, crowd(150), session.Candidate{Session: seen}, session.ByOpening},
		"another account after a logout": {hit(noon(), sent), login, session.Candidate{Session: owned, Way: session.ByKey, Token: sent.Name},
			session.ByOpening},
		"too old": {hit(noon().Add(session.LifeLimit + time.Second)), &session.Visit{Idle: func(int64) time.Duration { return 24 * time.Hour }},
			session.Candidate{Session: bare, Way: session.ByKey, Token: sent.Name}, session.ByOpening},
	} {
		c.visit.Presents = presents(c.e)
		got, why := session.Join(c.e, c.visit, []session.Candidate{c.candidate})
		if why.By != c.by || (got == nil) != (c.by == session.ByOpening) {
			t.Errorf("%s: joined by %+v, want %s", name, why, c.by)
		}
		if why.By != session.ByFallback && why.Detail == "" {
			t.Errorf("%s: no reason is told", name)
		}
	}
}

// A visit that began without a cookie is made whole, but never across accounts and not in a crowd.
func TestFragments(t *testing.T) {
	now := hit(noon().Add(5*time.Minute), event.Token{Name: "cookie:sid", Hash: "h"})
	fragment := func(change func(f *session.Session)) *session.Session {
		f := opened(hit(noon()))
		apply(f, hit(noon()), nil)
		change(f)
		return f
	}
	own := opened(now)
	own.Account = 1
	crowded := standard()
	crowded.Collisions = func(time.Duration) int64 { return 500 }
	for name, c := range map[string]struct {
		fragment *session.Session
		visit    *session.Visit
		way      session.Way
		want     bool
	}{
		"alone":           {fragment(func(*session.Session) {}), standard(), session.ByLooks, true},
		"in a crowd":      {fragment(func(*session.Session) {}), crowded, session.ByLooks, false},
		"same connection": {fragment(func(*session.Session) {}), crowded, session.ByWire, true},
		"own account":     {fragment(func(f *session.Session) { f.Account = 1 }), standard(), session.ByLooks, true},
		"other account":   {fragment(func(f *session.Session) { f.Account = 2 }), standard(), session.ByLooks, false},
		"keeps cookies":   {fragment(func(f *session.Session) { f.Presented = true }), standard(), session.ByLooks, false},
		"long ago":        {fragment(func(f *session.Session) { f.Last -= time.Hour.Microseconds() }), standard(), session.ByLooks, false},
	} {
		got := session.Fragment(now, c.visit, own, []session.Candidate{{Session: own, Way: session.ByKey}, {Session: c.fragment, Way: c.way}})
		if (got != nil) != c.want {
			t.Errorf("%s: taken in %t, want %t", name, got != nil, c.want)
		}
	}
}
