package hub

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/search"
)

// sampleExplanation explains the sample's session.
func sampleExplanation(story *search.Story, at event.ID) Explanation {
	x := Explanation{
		Session: story.Session.ID, Event: at, Device: story.Session.Journey, Person: event.DeriveID(story.Session.Opened, "person"),
		Opened: story.Session.Opened, At: story.Session.LastSeen, Events: story.Session.Events,
		Rating: event.Malicious, NextRating: event.Malicious, Score: story.Session.Score, Rules: "8f0a6c1d", Exact: true, Without: event.Suspicious,
		Tipped: []string{"Account Takeover"}, Enough: []string{"Account Takeover"}, Turned: []string{"Account Takeover"}, TurnedAt: story.Session.LastSeen, Join: event.Join{By: "opened", Detail: "nothing known of this visitor"}, Confidence: 97,
		Link: event.Link{Tier: "account", Bits: 912, Margin: 655, Because: []event.Reason{{Expression: "account.proven", Value: "1"}}},
		Sentences: []string{"The session is malicious, with a score of 205 after 13 events.",
			"Account Takeover made it so: without it it would be suspicious.", "The session was opened by this visitor's first event: nothing known of this visitor."},
	}
	for i := range story.Labels {
		l := &story.Labels[i]
		told := ExplainedLabel{Name: l.Name, Severity: l.Severity, Rule: l.Rule, Version: l.Version, Signature: l.Signature, Shadow: l.Shadow,
			Points: l.Points, Family: l.Family, Event: l.Event, At: l.At, Tipped: l.Name == "Account Takeover", Without: event.Malicious, Sentence: l.Sentence}
		for _, reason := range l.Because {
			told.Operands = append(told.Operands, Operand{Expression: reason.Expression, Value: reason.Value, Operator: ">", Threshold: "10", Window: "1m"})
		}
		x.Labels = append(x.Labels, told)
	}
	for i := len(story.Events) - 1; i >= 0; i-- {
		r := &story.Events[i]
		x.Timeline = append(x.Timeline, Moment{At: r.Event.Time, Event: r.Event.ID, Name: r.Event.Name, Type: r.Event.Type, What: r.Event.Result,
			Quiet: 1, Rating: r.Verdict.Rating, Score: r.Verdict.Score})
	}
	return x
}

// explainSample is an Explainer of sampleStory.
func explainSample(_ event.Environment, story *search.Story, at event.ID) (Explanation, bool) {
	if at != "" && at != story.Events[0].Event.ID {
		return Explanation{}, false
	}
	return sampleExplanation(story, at), true
}

func TestExplanation(t *testing.T) {
	story := sampleStory()
	known, stranger := string(story.Session.ID), string(event.DeriveID(time.Unix(0, 0), "nobody"))
	for _, c := range []struct {
		name, id, event string
		explain         Explainer
		status          int
		says            string
	}{
		{"session", known, "", explainSample, http.StatusOK, `"event_id":`},
		{"event", known, string(story.Events[0].Event.ID), explainSample, http.StatusOK, `"event_id":"` + string(story.Events[0].Event.ID)},
		{"no such event", known, stranger, explainSample, http.StatusNotFound, "no_such_event"},
		{"no such session", stranger, "", explainSample, http.StatusNotFound, "error"},
		{"no id", "0", "", explainSample, http.StatusNotFound, "no_such_session"},
		{"nobody explains", known, "", nil, http.StatusServiceUnavailable, "no_explanation"},
		{"empty lists are lists", known, "", func(event.Environment, *search.Story, event.ID) (Explanation, bool) {
			return Explanation{Labels: []ExplainedLabel{{}}}, true
		}, http.StatusOK, `"operands":[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := build(t, Config{}, func(d *Deps) { d.Explain = c.explain })
			token := b.token(t, b.user(t, "ada@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Viewer}))
			target := base + "/sessions/" + c.id + "/explanation?environment=production"
			if c.event != "" {
				target += "&event=" + c.event
			}
			response := b.send(t, "GET", target, token, "")
			if body := text(t, response); response.StatusCode != c.status || !strings.Contains(body, c.says) || strings.Contains(body, "null") {
				t.Errorf("status %d, %s", response.StatusCode, body)
			}
		})
	}
}
