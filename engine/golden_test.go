package engine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/rule"
)

var update = flag.Bool("update", false, "write the golden records anew")

// goldenRules are fifty rules: the packs as they once were, and some more.
func goldenRules(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "golden", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goldenEvents are series of events, each played on a state of its own.
func goldenEvents(t testing.TB) map[string][]event.Event {
	t.Helper()
	series := map[string][]event.Event{}
	for seed := range uint64(4) {
		series[fmt.Sprint("mixed ", seed)] = mixture(seed, 700)
		series[fmt.Sprint("plain ", seed)] = journeys(seed+10, 400)
	}
	keys, err := element.NewKeys([]byte("a key of thirty-two bytes length"))
	if err != nil {
		t.Fatal(err)
	}
	normaliser := element.NewNormaliser(element.Default(), keys, element.Options{})
	names, err := filepath.Glob(filepath.Join("testdata", "golden", "*.test.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatal("no journeys: ", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tests, problems := rule.ParseTests(name, text, element.Default())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			events, err := test.Events(normaliser)
			if err != nil {
				t.Fatal(err)
			}
			series[test.Rule+"/"+test.Name] = events
		}
	}
	return series
}

// mixture is a random but seeded crowd: every type and result, several tokens, addresses of both kinds, several values of one
// element, purchases and refunds, pauses of every length, and clocks that go back.
func mixture(seed uint64, n int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 11))
	types := olderTypes()
	results := []event.Result{"", event.Success, event.Success, event.Failure, event.Failure, event.Challenged, event.Blocked}
	pauses := []time.Duration{time.Millisecond, time.Second, 20 * time.Second, 10 * time.Minute, 5 * time.Hour, 40 * time.Hour}
	at := start()
	events := make([]event.Event, n)
	for i := range events {
		at = at.Add(time.Duration(1+r.IntN(1000)) * pauses[min(r.IntN(9)*r.IntN(2), 5)] / 1000)
		e := event.Event{ID: event.DeriveID(at, fmt.Sprint("mixture ", i)), Environment: "production", Time: at.Truncate(time.Microsecond),
			Name: "x", Type: types[r.IntN(len(types))].Type, Result: results[r.IntN(len(results))], Spec: "s",
			HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/x", Status: []int{200, 302, 401, 403, 418}[r.IntN(5)], Inline: r.IntN(3) == 0}}
		if r.IntN(3) == 0 {
			e.Type = []event.Type{event.AuthenticationAttempt, event.Transaction, event.RefundRequest}[r.IntN(3)]
		}
		if r.IntN(40) == 0 {
			e.Time = e.Time.Add(-time.Duration(r.IntN(5000)) * time.Second)
		}
		e.Evidence = evidence(r)
		e.Elements = elements(r, e.Evidence.Address)
		events[i] = e
	}
	return events
}

func evidence(r *rand.Rand) event.Evidence {
	e := event.Evidence{Address: fmt.Sprintf("203.0.113.%d", r.IntN(6)), HeaderShape: fmt.Sprint("shape", r.IntN(2)), UserAgent: fmt.Sprint("agent", r.IntN(3))}
	switch r.IntN(12) {
	case 0:
		e.Address = fmt.Sprintf("2001:db8:%d::%d", r.IntN(3), r.IntN(3))
	case 1:
		e.Address = ""
	case 2:
		e.HeaderShape = ""
	case 3:
		e.Address = fmt.Sprintf("::ffff:203.0.113.%d", r.IntN(6))
	}
	for range r.IntN(4) {
		name := []string{"cookie:sid", "header:authorization"}[r.IntN(2)]
		e.Tokens = append(e.Tokens, event.Token{Name: name, Hash: fmt.Sprint("h", r.IntN(25)), Issued: r.IntN(3) == 0})
	}
	return e
}

func elements(r *rand.Rand, address string) []event.Element {
	var all []event.Element
	add := func(kind event.Kind, name, value string, parts map[string]string) {
		all = append(all, event.Element{Name: name, Kind: kind, Type: "string", Value: value, Parts: event.PartsOf(parts), Display: map[bool]string{true: "shown " + value}[r.IntN(4) == 0]})
	}
	some := func(n int) bool { return r.IntN(n) > 0 }
	if some(2) {
		add(event.Attribute, "country", []string{"DE", "FR", "US"}[r.IntN(3)], nil)
	}
	for range r.IntN(3) {
		who := fmt.Sprint("user", r.IntN(12))
		add(event.Entity, "email", who+"@example.com", map[string]string{"domain": "example.com"})
	}
	if some(2) {
		add(event.Entity, "gift_card", fmt.Sprint("g", r.IntN(9)), nil)
	}
	if address != "" {
		add(event.Entity, "ip_address", address, map[string]string{"prefix": address + "/24"})
	}
	if some(3) {
		add(event.Entity, "order_id", fmt.Sprint("o", r.IntN(30)), nil)
		add(event.Entity, "payment_from", fmt.Sprint("card", r.IntN(9)), nil)
		add(event.Attribute, "refund_amount", fmt.Sprint(r.IntN(60000)-2000), nil)
		add(event.Attribute, "transaction_amount", fmt.Sprint(r.IntN(100000)), nil)
	}
	if some(3) {
		add(event.Entity, "username", []string{"", fmt.Sprint("user", r.IntN(12))}[min(r.IntN(9), 1)], nil)
	}
	return all
}

// goldenText is a line for each record: its series, its number and a hash of its bytes.
func goldenText(t *testing.T, play func([]event.Event) []event.Record) string {
	t.Helper()
	var out strings.Builder
	series := goldenEvents(t)
	fired, actions := map[string]int{}, 0
	for _, name := range sortedKeys(series) {
		records := play(series[name])
		for i := range records {
			digest := sha256.Sum256(encode(t, &records[i]))
			fmt.Fprintf(&out, "%s %d %s\n", name, i, hex.EncodeToString(digest[:6]))
			for _, l := range records[i].Verdict.Labels {
				fired[l.Rule]++
			}
			actions += len(records[i].Verdict.Actions)
		}
	}
	if len(fired) < 45 || actions == 0 {
		t.Errorf("the golden events show little: %d actions, %d rules and signatures fire: %v", actions, len(fired), fired)
	}
	return out.String()
}

func sortedKeys(series map[string][]event.Event) []string {
	var names []string
	for name := range series {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Verdicts do not change by a bit: the same events give the records they gave when this was written.
func TestGoldenRecords(t *testing.T) {
	e := newEngine(t, goldenRules(t))
	got := goldenText(t, func(events []event.Event) []event.Record { return play(t, e, events...) })
	path := filepath.Join("testdata", "golden", "records.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, got, string(want))
}

// sameLines tells the first line that differs.
func sameLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(g) != len(w) {
		t.Fatalf("%d records, want %d", len(g), len(w))
	}
	for i := range g {
		if g[i] != w[i] {
			t.Fatalf("record differs: got %s, want %s", g[i], w[i])
		}
	}
}

// One desk, used for every event of every series, gives the same records as one for each event.
func TestGoldenRecordsOnOneDesk(t *testing.T) {
	e, d := newEngine(t, goldenRules(t)), engine.NewDesk()
	got := goldenText(t, func(events []event.Event) []event.Record {
		state := map[string]engine.Held{}
		var records []event.Record
		for i := range events {
			step := observeOn(t, e, d, state, &events[i])
			var r event.Record
			if err := json.Unmarshal(encode(t, &step.Record), &r); err != nil { // a copy: the step is the desk's
				t.Fatal(err)
			}
			records = append(records, r)
		}
		return records
	})
	want, err := os.ReadFile(filepath.Join("testdata", "golden", "records.txt"))
	if err != nil {
		t.Fatal(err)
	}
	sameLines(t, got, string(want))
}

// observeOn judges one event on the desk and keeps copies of what it changes.
func observeOn(t testing.TB, e *engine.Engine, d *engine.Desk, state map[string]engine.Held, ev *event.Event) *engine.Step {
	t.Helper()
	step, err := e.ObserveOn(d, gather(e, d, d.Lay(ev), state))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range step.Changes {
		key := strings.Clone(c.Key)
		state[key] = engine.Held{Key: key, Value: bytes.Clone(c.Value), Ref: strings.Clone(c.Ref), Expires: c.Expires}
	}
	return step
}

// gather is everything that the event on the desk touches, as the state holds it.
func gather(e *engine.Engine, d *engine.Desk, keys []string, state map[string]engine.Held) []engine.Held {
	var held []engine.Held
	fetched := map[string]bool{}
	var fetch func(key string)
	fetch = func(key string) {
		if h, found := state[key]; found && !fetched[key] {
			fetched[key] = true
			held = append(held, h)
			fetch(h.Ref)
		}
	}
	for ; len(keys) > 0; keys = e.Follow(d, held) {
		for _, key := range keys {
			fetch(key)
		}
	}
	return held
}
