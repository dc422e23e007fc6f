package session_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/session"
	"wayguard/velocity"
)

func noon() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

func hit(at time.Time, tokens ...event.Token) *event.Event {
	return &event.Event{ID: event.DeriveID(at, "e"), Environment: "production", Time: at, Evidence: event.Evidence{Tokens: tokens}}
}

func opened(e *event.Event) *session.Session {
	s := &session.Session{}
	s.Open(e)
	return s
}

// presents says whether the visitor sent a token.
func presents(e *event.Event) bool {
	return slices.ContainsFunc(e.Evidence.Tokens, func(t event.Token) bool { return !t.Issued })
}

func apply(s *session.Session, e *event.Event, contributions []velocity.Contribution) {
	hashes := make([]uint64, len(e.Elements))
	for i := range hashes {
		hashes[i] = velocity.HashOf(e.Elements[i].Value)
	}
	s.Presented = s.Presented || presents(e)
	s.Apply(e, contributions, hashes)
}

// standard is a visit where sessions end after half an hour.
func standard() *session.Visit {
	return &session.Visit{Idle: func(int64) time.Duration { return session.IdleTimeout }}
}

func TestJoin(t *testing.T) {
	sent, issued := event.Token{Name: "cookie:sid", Hash: "h"}, event.Token{Name: "cookie:sid", Hash: "h", Issued: true}
	cookieless := opened(hit(noon()))
	apply(cookieless, hit(noon(), issued), nil)
	keeper := opened(hit(noon()))
	apply(keeper, hit(noon(), sent), nil)
	elsewhere := opened(&event.Event{ID: "x", Environment: "staging", Time: noon()})
	later := hit(noon().Add(session.IdleTimeout))
	for name, c := range map[string]struct {
		e          *event.Event
		candidates []session.Candidate
		want       *session.Session
		by         string
	}{
		"first hit":                       {later, nil, nil, session.ByOpening},
		"token leads":                     {later, []session.Candidate{{Session: keeper, Way: session.ByKey, Token: "cookie:sid"}, {Session: cookieless}}, keeper, session.ByToken},
		"tool without cookies":            {later, []session.Candidate{{Session: cookieless}}, cookieless, session.ByFallback},
		"neighbour with the same browser": {later, []session.Candidate{{Session: keeper}}, nil, session.ByOpening},
		"idle too long":                   {hit(noon().Add(session.IdleTimeout + time.Second)), []session.Candidate{{Session: keeper, Way: session.ByKey, Token: "cookie:sid"}}, nil, session.ByOpening},
		"the clock went back":             {hit(noon().Add(-session.IdleTimeout - time.Second)), []session.Candidate{{Session: keeper, Way: session.ByKey, Token: "cookie:sid"}}, nil, session.ByOpening},
		"two asked at once":               {later, []session.Candidate{{Session: keeper, Way: session.ByKey, Token: "cookie:sid", Contested: true}, {Session: keeper}}, nil, session.ByOpening},
		"a late event":                    {hit(noon().Add(-session.IdleTimeout)), []session.Candidate{{Session: keeper, Way: session.ByKey, Token: "cookie:sid"}}, keeper, session.ByToken},
		"another environment":             {later, []session.Candidate{{Session: elsewhere, Way: session.ByKey, Token: "cookie:sid"}}, nil, session.ByOpening},
	} {
		visit := standard()
		visit.Presents = presents(c.e)
		got, why := session.Join(c.e, visit, c.candidates)
		if got != c.want || why.By != c.by {
			t.Errorf("%s: %v by %+v, want %v by %s", name, got, why, c.want, c.by)
		}
		if why.By == session.ByOpening && why.Detail == "" {
			t.Errorf("%s: opened without a reason", name)
		}
	}
}

func TestApplyAndSettle(t *testing.T) {
	s := opened(hit(noon()))
	for i := range 100 {
		e := hit(noon().Add(time.Duration(i) * time.Second))
		e.Elements = []event.Element{{Name: "username", Kind: event.Entity, Value: fmt.Sprint("user", i%70)}, {Name: "city", Kind: event.Attribute, Value: "x"}}
		apply(s, e, []velocity.Contribution{{Counter: "logins", Amount: 1}})
	}
	if s.Events != 100 || s.Count("logins") != 100 || s.Distinct("username") != 64 || s.Distinct("city") != 0 {
		t.Errorf("events %d, logins %d, usernames %d, cities %d", s.Events, s.Count("logins"), s.Distinct("username"), s.Distinct("city"))
	}
	verdict := &event.Verdict{Rating: event.Suspicious, Score: 40, Labels: []event.Label{
		{Name: "B", Because: []event.Reason{{Expression: "x", Value: "1"}}}, {Name: "A"}, {Name: "S", Shadow: true}}}
	s.Settle(verdict)
	s.Settle(verdict)
	if len(s.Labels) != 3 || s.Rating != event.Suspicious || s.Score != 40 || s.Labels[0].Because != nil {
		t.Errorf("settled as %+v", s)
	}
	if got := fmt.Sprint(s.LabelNames()); got != "[A B]" {
		t.Errorf("label names %s", got)
	}
	if verdict.Labels[0].Because == nil {
		t.Error("settling changed the verdict")
	}
}
