package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/state"
	"wayguard/world"
)

// A small evaluation: what must hold of any engine, good or bad, and of the baselines. The goals are not asserted here: they
// are for make show-journeys.
func TestEvaluation(t *testing.T) {
	scope := Scope{Devices: 100, Days: 12, Force: 0.004, Seeds: []uint64{101}, Tuned: []uint64{1}, Workers: 2}
	report, err := Evaluate(context.Background(), scope)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Replay.Same {
		t.Errorf("verdicts differ: %v", report.Replay.Digests)
	}
	full := report.Worlds[FullWorld]
	if len(full.Attacks) != len(world.AllCampaigns(12, 0.004)) {
		t.Errorf("%d attacks reported", len(full.Attacks))
	}
	if p := full.Linking["cookie only"].Precision.Value; p != 1 {
		t.Errorf("a cookie is of one browser, and yet its precision is %f", p)
	}
	if bare := report.Worlds[CookielessWorld]; bare.Linking["cookie only"].Recall.Value != 0 {
		t.Errorf("without cookies they link nothing, and yet their recall is %f", bare.Linking["cookie only"].Recall.Value)
	}
	if null := report.Worlds[NullWorld]; len(null.Attacks) != 0 || null.People.Visits == 0 {
		t.Errorf("in the world without attacks there are %d, and %d visits of people", len(null.Attacks), null.People.Visits)
	}
	for _, d := range full.Attacks {
		if d.Malicious.Value > d.Suspicious.Value || d.Attempts == 0 {
			t.Errorf("%s: %d attempts, %f Suspicious, %f Malicious", d.Name, d.Attempts, d.Suspicious.Value, d.Malicious.Value)
		}
	}
	wellFormed(t, report)
}

// wellFormed checks what the report looks like.
func wellFormed(t *testing.T, report *Report) {
	t.Helper()
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	eachEstimate(t, "", read)
	var out bytes.Buffer
	if err := report.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cookie only", "address and user agent", "thresholds per address", "A14 noise L4", "stuffing from 2,000 addresses"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not speak of %q", want)
		}
	}
	names := map[string]bool{}
	for _, f := range report.Figures {
		if names[f.Name] || f.Value == "" || f.Goal == "" {
			t.Errorf("figure %+v", f)
		}
		names[f.Name] = true
	}
}

// eachEstimate checks that no figure lies far from its interval: a bootstrap of few and lumpy units may lie beside it.
func eachEstimate(t *testing.T, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		low, ok := v["low"].(float64)
		if !ok {
			for name, inner := range v {
				eachEstimate(t, path+"."+name, inner)
			}
			return
		}
		x, high := v["value"].(float64), v["high"].(float64)
		slack := 0.5 * math.Max(x, 1)
		if low > high || low < 0 || x < low-slack || x > high+slack {
			t.Errorf("%s: %f is not within %f and %f", path, x, low, high)
		}
	case []any:
		for _, inner := range v {
			eachEstimate(t, path, inner)
		}
	}
}

// Three devices with two visits each: the first is whole, the second cut in two, the third in one journey with the second's
// half.
func TestLinkingByHand(t *testing.T) {
	s := &Seen{}
	for _, v := range []struct{ device, journey uint32 }{{1, 1}, {1, 1}, {2, 2}, {2, 3}, {3, 3}, {3, 3}} {
		s.visits = append(s.visits, visit{truth: world.Truth{Device: v.device}, journey: v.journey, requests: 1})
	}
	l := link([]*Seen{s}, byJourney, everyVisit)
	// Pairs linked: that of journey 1, and three of journey 3, of which one is right. Pairs that are one device's: three.
	equal(t, "pairwise precision", l.Precision.Value, 2.0/4)
	equal(t, "pairwise recall", l.Recall.Value, 2.0/3)
	equal(t, "B-cubed precision", l.BPrecision.Value, (1+1+1+1.0/3+2.0/3+2.0/3)/6)
	equal(t, "B-cubed recall", l.BRecall.Value, (1+1+0.5+0.5+1+1)/6)
	if l.Visits != 6 || l.Precision.Units != 3 {
		t.Errorf("%d visits of %d devices", l.Visits, l.Precision.Units)
	}
}

// Visit one has three requests in session 1, visit two one there and one in session 2.
func TestGroupingByHand(t *testing.T) {
	s := &Seen{visits: []visit{
		{truth: world.Truth{Device: 1}, requests: 3, sessions: []share{{1, 3}}},
		{truth: world.Truth{Device: 2}, requests: 2, sessions: []share{{1, 1}, {2, 1}}},
	}}
	p, r := (3*3.0/4+1.0/4+1)/5, (3+0.5+0.5)/5
	equal(t, "B-cubed F1", grouping([]*Seen{s}, bySession, everyVisit).Value, 2*p*r/(p+r))
}

func equal(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s is %f, want %f", what, got, want)
	}
}

func TestEstimateIsRepeatable(t *testing.T) {
	var units []sums
	for i := range 200 {
		units = append(units, sums{float64(i % 3), 2})
	}
	one, two := estimate(units, 5, ratio(0, 1)), estimate(units, 5, ratio(0, 1))
	if one != two || one.Low >= one.Value || one.High <= one.Value || one.Units != 200 {
		t.Errorf("%+v, %+v", one, two)
	}
	if alone := estimate(units[:1], 5, ratio(0, 1)); alone.Low != alone.High {
		t.Errorf("one unit gives no interval: %+v", alone)
	}
	if none := estimate(nil, 5, rate(0, 1)); none.Value != 0 || none.Units != 0 {
		t.Errorf("nothing: %+v", none)
	}
}

func TestThresholds(t *testing.T) {
	at, thresholds := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), newThresholds()
	login := func(after time.Duration, result event.Result) bool {
		return thresholds.exceeded(&event.Event{Type: event.AuthenticationAttempt, Result: result, Time: at.Add(after),
			Evidence: event.Evidence{Address: "203.0.113.9"}})
	}
	for i := range 10 {
		if login(time.Duration(i)*time.Second, event.Failure) {
			t.Fatalf("failure %d of ten is too many", i+1)
		}
	}
	if !login(11*time.Second, event.Failure) {
		t.Error("eleven failures in ten minutes pass")
	}
	if login(30*time.Minute, event.Failure) {
		t.Error("what is long ago still counts")
	}
	if thresholds.exceeded(&event.Event{Type: event.ProductView, Time: at}) {
		t.Error("a page is no attempt")
	}
}

func TestTimeout(t *testing.T) {
	at, sessions := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), timeout{}
	visit := func(after time.Duration, agent string) uint32 {
		return sessions.session(&event.Event{Time: at.Add(after), Evidence: event.Evidence{Address: "203.0.113.9", UserAgent: agent}})
	}
	first, second, other := visit(0, "a"), visit(29*time.Minute, "a"), visit(29*time.Minute, "b")
	later := visit(60*time.Minute, "a")
	if first != second || first == other || later == first || later == other {
		t.Error(first, second, other, later)
	}
}

// A store in parts keeps what a store in one piece keeps.
func TestShardsAreOneStore(t *testing.T) {
	ctx, store := context.Background(), NewShards(7)
	for i := range 40 {
		key := string(rune('a' + i))
		entries, err := store.Load(ctx, []string{key})
		if err != nil || len(entries) != 1 || entries[0].Version != 0 {
			t.Fatal(entries, err)
		}
		if _, err := store.Commit(ctx, []state.Entry{{Key: key, Value: []byte(key), Ref: "a"}}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := store.Load(ctx, []string{"f", "missing", "g"})
	if err != nil || len(entries) != 4 || string(entries[0].Value) != "f" || entries[1].Version != 0 || entries[3].Key != "a" {
		t.Fatal(entries, err)
	}
	entries[0].Version++
	if _, err := store.Commit(ctx, entries[:1]); err == nil {
		t.Error("a stale entry was stored")
	}
}

// What a log does not have is hidden from the engine, and what it has is not.
func TestStrip(t *testing.T) {
	ev := event.Event{Evidence: event.Evidence{Address: "203.0.113.9", UserAgent: "a", HeaderShape: "b", Tokens: []event.Token{{Name: "cookie:sid"}},
		Wire:   event.Wire{JA4: "t13", Kind: event.Document, Page: "p", Flaws: []event.Flaw{event.FlawTLS}},
		Client: event.Client{Family: "chrome", Model: "m"}}}
	strip(&ev)
	v := &ev.Evidence
	if v.HeaderShape != "" || v.Tokens != nil || v.Wire.JA4 != "" || v.Wire.Flaws != nil || v.Client.Model != "" {
		t.Errorf("%+v tells more than a log", v)
	}
	if v.Address == "" || v.UserAgent == "" || v.Wire.Page != "p" || v.Client.Family != "chrome" {
		t.Errorf("%+v tells less than a log", v)
	}
}
