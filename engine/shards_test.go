package engine_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"wayguard/engine"
	"wayguard/event"
	"wayguard/session"
)

// townRules ask for what is new: clusters, shapes, devices, labels that fade.
const townRules = `
rules:
  - id: pile
    label: Pile
    severity: suspicious
    family: outcome
    points: 700
    when: alarmed("address") || alarmed("tool") || alarmed("network") || cluster("everything") > 200
    entity_label: { element: ip_address, label: piled }
  - id: clones
    label: Clones
    severity: suspicious
    family: sequence
    points: 800
    when: session.clones >= 3
  - id: known
    label: Known
    severity: trusting
    family: identity
    points: -300
    when: device.sessions >= 3 && device.known_to_account
  - id: many
    label: Many
    severity: suspicious
    family: velocity
    points: 650
    when: count("ip_address", "login_failures", "1h") >= 8 || session.pages > 30 || distinct("ip_address", "route", "1h") > 4
  - id: marked
    label: Marked
    severity: informational
    family: network
    when: entity_label("ip_address", "piled") || count("ip_address", "suspicious_sessions", "24h") > 0
`

// town is a random but seeded place: people at home and behind shared addresses, with cookies of several kinds, who log in, and
// tools that try passwords.
func town(seed uint64, n int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 21))
	at, events := start(), make([]event.Event, 0, n)
	for i := range n {
		at = at.Add(time.Duration(r.IntN(9000)) * time.Millisecond)
		if r.IntN(60) == 0 {
			at = at.Add(time.Duration(r.IntN(20)) * time.Hour)
		}
		events = append(events, townsman(r, i, at))
	}
	return events
}

func townsman(r *rand.Rand, i int, at time.Time) event.Event {
	who := r.IntN(14)
	tool := who >= 11
	e := event.Event{ID: event.DeriveID(at, fmt.Sprint("town ", i)), Environment: "production", Time: at, Name: "x", Spec: "s",
		Type: event.SessionUpdate, HTTP: event.HTTP{Method: "GET", Host: "shop.example", Route: fmt.Sprint("/page/", r.IntN(9)), Status: 200}}
	e.Evidence = event.Evidence{Address: fmt.Sprintf("203.0.113.%d", []int{who, 50}[min(1, who%3)]), HeaderShape: fmt.Sprint("shape", r.IntN(2)), UserAgent: fmt.Sprint("agent", who%5),
		Wire:    event.Wire{Kind: []event.RequestKind{event.Document, event.Data, event.Image, event.Script}[r.IntN(4)], Page: fmt.Sprint(r.IntN(30)), From: fmt.Sprint(r.IntN(30)), HTTP2: fmt.Sprint("h", who%5)},
		Client:  event.Client{Family: []string{"chrome", "firefox", "safari"}[who%3], Major: 120, Platform: "windows", Language: fmt.Sprint("de-", who%4)},
		Network: event.Network{AS: int64(who / 5)}}
	if r.IntN(3) == 0 {
		e.Evidence.Wire.Connection = fmt.Sprint("c", who, at.Hour())
	}
	token := func(name, value string, chance int) {
		if r.IntN(10) < chance {
			e.Evidence.Tokens = append(e.Evidence.Tokens, event.Token{Name: name, Hash: value, Issued: r.IntN(6) == 0})
		}
	}
	if !tool {
		if i%100 > 70 && r.IntN(2) == 0 {
			e.Evidence.Tokens = append(e.Evidence.Tokens, event.Token{Name: "cookie:sid", Hash: fmt.Sprint("s", who, i/100)},
				event.Token{Name: "cookie:sid", Hash: fmt.Sprint("s", who, i/100+1), Issued: true})
		}
		token("cookie:sid", fmt.Sprint("s", who, i/100), 7)
		token(session.Undeclared+"cookie:visitor", fmt.Sprint("v", who), 7)
		token(session.Undeclared+"cookie:lang", fmt.Sprint("l", who%2), 7)
	}
	e.Elements = append(e.Elements, event.Element{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: e.Evidence.Address,
		Parts: event.PartsOf(map[string]string{"prefix": "203.0.113.0/24"})})
	if tool || r.IntN(6) == 0 {
		e.Type, e.Result, e.HTTP.Route = event.AuthenticationAttempt, event.Success, "/login"
		user := fmt.Sprint("user", who)
		if tool {
			e.Result, user = event.Failure, fmt.Sprint("guess", r.IntN(500))
		}
		e.Elements = append(e.Elements, entityOf("username", user))
	}
	if r.IntN(30) == 0 {
		e.Type, e.Result = event.Logout, event.Success
	}
	return e
}

// shards is a state split by a hash of the keys.
type shards []map[string]engine.Held

func (s shards) of(key string) map[string]engine.Held {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return s[h.Sum32()%uint32(len(s))]
}

// The same events give the same bytes, however the state is split, and each time they are played.
func TestShardsAndReplaysAreExact(t *testing.T) {
	events := town(1, 3000)
	want := play(t, newEngine(t, townRules), events...)
	fired, joined := map[string]int{}, map[string]int{}
	for i := range want {
		joined[want[i].Session.Join.By]++
		for _, l := range want[i].Verdict.Labels {
			fired[l.Name]++
		}
	}
	for _, by := range []string{session.ByOpening, session.ByToken, session.ByRotation, session.ByConnection, session.ByFallback, session.ByStitch} {
		if joined[by] == 0 {
			t.Errorf("no event is joined by %s: %v", by, joined)
		}
	}
	for _, label := range []string{"Pile", "Known", "Many", "Marked"} {
		if fired[label] == 0 {
			t.Errorf("%s never fires: %v", label, fired)
		}
	}
	for _, count := range []int{1, 4, 16} {
		e, state := newEngine(t, townRules), make(shards, count)
		for i := range state {
			state[i] = map[string]engine.Held{}
		}
		for i := range events {
			step, err := e.ObserveFrom(&events[i], func(key string) (engine.Held, bool) { h, found := state.of(key)[key]; return h, found })
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range step.Changes {
				state.of(c.Key)[c.Key] = engine.Held(c)
			}
			if got, want := encode(t, step.Record), encode(t, want[i]); !bytes.Equal(got, want) {
				t.Fatalf("%d shards, record %d:\n%s\n%s", count, i, got, want)
			}
		}
	}
}

// A state restored from records goes on as the one in which they were judged.
func TestRestoredTownGoesOn(t *testing.T) {
	events := town(2, 1500)
	e := newEngine(t, townRules)
	want := play(t, e, events...)
	state := map[string]engine.Held{}
	for i := range events[:1000] {
		changes, err := e.RestoreFrom(&want[i], source(state))
		if err != nil {
			t.Fatal(err)
		}
		keep(state, changes)
	}
	for i := range events[1000:] {
		step, err := e.ObserveFrom(&events[1000+i], source(state))
		if err != nil {
			t.Fatal(err)
		}
		keep(state, step.Changes)
		if got, want := encode(t, step.Record), encode(t, want[1000+i]); !bytes.Equal(got, want) {
			t.Fatalf("record %d:\n%s\n%s", 1000+i, got, want)
		}
	}
}
