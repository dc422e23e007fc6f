package integration

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
)

// Alert is what a message tells. As JSON it is the body of webhooks, and of what waits in the outbox.
type Alert struct {
	Action  string `json:"action"`
	Because string `json:"because"`
	// Policy is the policy whose step the action is; empty for an action with a condition of its own.
	Policy      string            `json:"policy,omitempty"`
	Environment event.Environment `json:"environment"`
	SessionID   event.ID          `json:"session_id"`
	JourneyID   event.ID          `json:"journey_id"`
	EventID     event.ID          `json:"event_id"`
	Time        time.Time         `json:"time"`
	EventName   string            `json:"event_name"`
	EventType   event.Type        `json:"event_type"`
	Result      event.Result      `json:"result,omitempty"`
	Rating      event.Rating      `json:"rating"`
	Score       int64             `json:"score"`
	// Labels are all the session carries, Placed those that the event placed.
	Labels []string      `json:"labels"`
	Placed []event.Label `json:"placed"`
	// Link is the session's page in the Hub; empty where the Hub's address is not known.
	Link string `json:"link,omitempty"`
}

// AlertOf is what is told of an action that a record's verdict asks for.
func AlertOf(r *event.Record, action event.Action, link string) Alert {
	return Alert{Action: action.Name, Because: action.Because, Policy: action.Policy, Environment: r.Event.Environment,
		SessionID: r.Session.ID, JourneyID: r.Session.Journey, EventID: r.Event.ID, Time: r.Event.Time, EventName: r.Event.Name,
		EventType: r.Event.Type, Result: r.Event.Result, Rating: r.Verdict.Rating, Score: r.Verdict.Score,
		Labels: r.Session.Labels, Placed: r.Verdict.Labels, Link: link}
}

// SampleAlert is an alert for previews.
func SampleAlert() Alert {
	at := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	return Alert{Action: "tell-security", Because: "Credential Stuffing", Policy: "account-takeover", Environment: "production",
		SessionID: event.DeriveID(at, "sample session"), JourneyID: event.DeriveID(at, "sample journey"),
		EventID: event.DeriveID(at, "sample event"), Time: at, EventName: "Sign in", EventType: "login", Result: "failure",
		Rating: event.Malicious, Score: 130, Labels: []string{"Credential Stuffing", "Many Accounts", "Tor"},
		Placed: []event.Label{{Name: "Many Accounts", Severity: event.MaliciousLabel, Rule: "many-accounts", Points: 80,
			Sentence: "41 accounts were tried from one device within 5 minutes."}},
		Link: "https://hub.example.com/sessions/" + string(event.DeriveID(at, "sample session"))}
}

var errNoAlert = errors.New("the message in the outbox is no alert")

// parseAlert reads what waits in the outbox.
func parseAlert(body []byte) (Alert, error) {
	var a Alert
	if err := json.Unmarshal(body, &a); err != nil || a.Action == "" {
		return Alert{}, errNoAlert // the decoder's error would tell a part of the body
	}
	return a, nil
}

// maxWord bounds a short value that is put into a message, maxValue any value, and maxLabels how many labels are named.
const (
	maxWord   = 1 << 10
	maxValue  = 4 << 10
	maxLabels = 30
)

// alertWords names what templates of messages may use.
func alertWords() []string {
	return []string{"action", "because", "policy", "environment", "session", "journey", "event", "event_name", "event_type", "result",
		"time", "rating", "score", "labels", "sentences", "link", "more", "id"}
}

// word is the value of a placeholder.
func (l *letter) word(name string) (string, bool) {
	a := &l.alert
	switch name {
	case "action":
		return a.Action, true
	case "because":
		return a.Because, true
	case "policy":
		return a.Policy, true
	case "environment":
		return string(a.Environment), true
	case "session":
		return string(a.SessionID), true
	case "journey":
		return string(a.JourneyID), true
	case "event":
		return string(a.EventID), true
	case "event_name":
		return a.EventName, true
	case "event_type":
		return string(a.EventType), true
	}
	return l.rarerWord(name)
}

func (l *letter) rarerWord(name string) (string, bool) {
	a := &l.alert
	switch name {
	case "result":
		return string(a.Result), true
	case "time":
		return a.Time.UTC().Format(time.RFC3339), true
	case "rating":
		return a.Rating.String(), true
	case "score":
		return strconv.FormatInt(a.Score, 10), true
	case "labels":
		return labelList(a.Labels), true
	case "sentences":
		return sentences(a.Placed), true
	case "link":
		return a.Link, true
	case "more":
		return l.moreLine(), true
	case "id":
		return string(l.id), true
	}
	return "", false
}

func labelList(labels []string) string {
	if len(labels) > maxLabels {
		return strings.Join(labels[:maxLabels], ", ") + " and " + strconv.Itoa(len(labels)-maxLabels) + " more"
	}
	return strings.Join(labels, ", ")
}

func sentences(placed []event.Label) string {
	var list []string
	for _, label := range placed {
		if label.Sentence != "" && !label.Shadow && len(list) < maxLabels {
			list = append(list, label.Sentence)
		}
	}
	return strings.Join(list, "\n")
}

// moreLine says in one line what else a message stands for; empty when it stands for itself.
func (l *letter) moreLine() string {
	if len(l.more) == 0 {
		return ""
	}
	const named = 5
	var names []string
	for _, a := range l.more[:min(named, len(l.more))] {
		names = append(names, a.Because)
	}
	text := "and " + strconv.Itoa(len(l.more)) + " more: " + strings.Join(names, "; ")
	if len(l.more) > named {
		text += "; …"
	}
	return text
}

// fact is one line of a message's table.
type fact struct{ name, text string }

// facts are what every message shows beside its text.
func (a *Alert) facts() []fact {
	list := []fact{{"Rating", a.Rating.String() + ", score " + strconv.FormatInt(a.Score, 10)}, {"Environment", string(a.Environment)},
		{"Event", a.EventName}, {"Time", a.Time.UTC().Format(time.RFC3339)}, {"Labels", labelList(a.Labels)}, {"Policy", a.Policy},
		{"Action", a.Action}, {"Session", string(a.SessionID)}, {"Journey", string(a.JourneyID)}}
	kept := list[:0]
	for _, f := range list {
		if f.text != "" {
			kept = append(kept, fact{f.name, clip(oneLine(f.text), maxWord)})
		}
	}
	return kept
}
