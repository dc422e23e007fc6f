package app

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wayguard/config"
	"wayguard/event"
	"wayguard/hub"
	"wayguard/rule"
	"wayguard/search"
	"wayguard/stream"
)

func explained(t *testing.T, o ExplainOptions) string {
	t.Helper()
	out := &bytes.Buffer{}
	world := quietWorld()
	world.Stdout, world.Stderr = out, io.Discard
	if err := Explain(t.Context(), world, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func packRules(t *testing.T) *rule.Set {
	t.Helper()
	keys, err := trialKeys()
	if err != nil {
		t.Fatal(err)
	}
	p, problems := compileForTrial(config.Default(), keys)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p.rules
}

// stories are the recorded sessions, events oldest first.
func stories(t *testing.T, data string) map[event.ID][]event.Record {
	t.Helper()
	all := map[event.ID][]event.Record{}
	if _, err := eachRecord(t.Context(), data, func(e stream.Entry) error {
		id := e.Record.Session.ID
		all[id] = append(all[id], e.Record)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// Of every session that is rated, it is told which labels did it, and they did: without them the rating is another. Every label
// is told with what it rests on.
func TestExplainEverySession(t *testing.T) {
	data := t.TempDir()
	recorded(t, 12_000, data)
	rules := packRules(t)
	rated, most := 0, 0
	for id, records := range stories(t, data) {
		c := &chronicle{}
		var labels []event.Label
		for i := range records {
			c.take(&records[i])
			for _, l := range records[i].Verdict.Labels {
				if !l.Shadow {
					labels = append(labels, l)
				}
			}
		}
		x := c.tell(rules, "")
		last := &records[len(records)-1]
		if x.Session != id || x.Rating != last.Verdict.Rating || x.Score != last.Verdict.Score || x.Device != last.Session.Journey || !x.Current ||
			len(x.Sentences) < 3 || len(x.Timeline) == 0 {
			t.Fatalf("session %s: %+v", id, x)
		}
		for _, l := range x.Labels {
			if l.Sentence == "" || l.Version == "" || l.Rule == "" || len(l.Operands) == 0 {
				t.Fatalf("label without its reasons: %+v", l)
			}
		}
		if (x.Rating < event.Malicious) != (x.Next > 0 && x.NextRating == x.Rating+1) {
			t.Fatalf("session %s is %s, %d to %s", id, x.Rating, x.Next, x.NextRating)
		}
		_, weight := rules.Reasons(labels)
		if x.Rating == event.Normal || weight.Rating != x.Rating {
			continue
		}
		rated++
		if len(x.Enough) == 0 || len(x.Enough) > 5 {
			t.Errorf("session %s: %v are enough", id, x.Enough)
		}
		most = max(most, len(x.Tipped))
		if len(x.Tipped) == 0 || x.Without >= x.Rating || !strings.Contains(strings.Join(x.Sentences, " "), x.Tipped[0]) && !strings.Contains(strings.Join(x.Sentences, " "), x.Enough[0]) {
			t.Fatalf("session %s is %s by %v, without that %s: %v", id, x.Rating, x.Tipped, x.Without, x.Sentences)
		}
		if x.Without != without(rules, labels, x.Tipped...) {
			t.Fatalf("session %s without %v", id, x.Tipped)
		}
	}
	if t.Logf("%d sessions were rated; the longest list of reasons has %d", rated, most); rated < 5 {
		t.Errorf("only %d sessions were rated", rated)
	}
}

// The program tells of an event and of a session, for people and for machines.
func TestExplainCommand(t *testing.T) {
	data := t.TempDir()
	recorded(t, 8_000, data)
	var turned event.Record
	for _, records := range stories(t, data) {
		for _, r := range records {
			if r.Verdict.Rating > r.Verdict.Before && len(r.Verdict.Tipped) > 0 && r.Event.ID > turned.Event.ID {
				turned = r
			}
		}
	}
	session := explained(t, ExplainOptions{Data: data, ID: string(turned.Session.ID)})
	for _, want := range []string{string(turned.Session.ID), "LABELS", "TIMELINE", "[decisive]", turned.Verdict.Labels[0].Rule, "The device", "The session was opened"} {
		if !strings.Contains(session, want) {
			t.Errorf("%q is not in\n%s", want, session)
		}
	}
	var x hub.Explanation
	if err := json.Unmarshal([]byte(explained(t, ExplainOptions{Data: data, ID: strings.ToUpper(string(turned.Event.ID)), JSON: true})), &x); err != nil {
		t.Fatal(err)
	}
	if x.Event != turned.Event.ID || x.Session != turned.Session.ID || x.Rating != turned.Verdict.Rating || x.Events != turned.Session.Number ||
		!slices.Equal(x.Tipped, turned.Verdict.Tipped) || len(x.Timeline) > 0 {
		t.Errorf("explained as %+v\nrecorded as %+v", x, turned.Verdict)
	}
	for _, id := range []string{"", "nobody"} {
		if err := Explain(t.Context(), quietWorld(), ExplainOptions{Data: data, ID: id}); err == nil {
			t.Errorf("%q is explained", id)
		}
	}
	if err := Explain(t.Context(), quietWorld(), ExplainOptions{Data: filepath.Join(data, "none"), ID: "x"}); err == nil {
		t.Error("nothing is recorded, and explained")
	}
}

// The Hub explains a story, whose events are newest first, as the program does.
func TestExplainStory(t *testing.T) {
	data := t.TempDir()
	recorded(t, 3_000, data)
	rules := packRules(t)
	for id, records := range stories(t, data) {
		c := &chronicle{}
		for i := range records {
			c.take(&records[i])
		}
		story := &search.Story{Events: slices.Clone(records)}
		slices.Reverse(story.Events)
		x, found := explainStory(rules, story, "")
		if want := c.tell(rules, ""); !found || asJSON(t, x) != asJSON(t, want) {
			t.Fatalf("session %s: %+v\nwant %+v", id, x, want)
		}
		if _, found := explainStory(rules, story, "nobody"); found {
			t.Fatal("an event that is not there is explained")
		}
		if x, found := explainStory(rules, story, records[0].Event.ID); !found || x.Events != records[0].Session.Number {
			t.Fatalf("the first event is explained as %+v", x)
		}
	}
	if _, found := explainStory(rules, &search.Story{}, ""); found {
		t.Error("a story of nothing is explained")
	}
	placed := []search.PlacedLabel{{Label: event.Label{Name: "Long Ago", Rule: "long-ago", Points: 700, Family: "network", Severity: event.SuspiciousLabel}}}
	cut := &search.Story{Truncated: true, Labels: placed, Events: []event.Record{{Session: event.Session{Number: 900},
		Verdict: event.Verdict{Rating: event.Suspicious, Before: event.Suspicious, Score: 700}}}}
	if x, found := explainStory(rules, cut, ""); !found || !x.Partial || len(x.Labels) != 1 || !slices.Equal(x.Tipped, []string{"Long Ago"}) || x.Events != 900 {
		t.Errorf("a cut story is explained as %+v", x)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
