package traffic

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/packs"
	"wayguard/rule"
	"wayguard/sim/demo"
	"wayguard/sim/shop"
)

// gate stands before the shop as Wayguard does in the demo, without its doors: the demo's specs, the built-in packs and the
// real engine, with a clock that runs as fast as the people do.
type gate struct {
	shop   http.Handler
	specs  *capture.Set
	engine *engine.Engine
	pace   float64
	start  time.Time

	mu       sync.Mutex
	state    map[string]engine.Held
	serial   int
	judged   map[string]event.Rating // the highest by address and user agent
	found    map[string]map[string]bool
	failures []string
}

func newGate(t *testing.T, seed uint64, pace float64) *gate {
	t.Helper()
	c := config.Default()
	for _, f := range demo.Files() {
		if problems := c.Add(f.Name, f.Data, nil); len(problems) > 0 {
			t.Fatal(problems.Err())
		}
	}
	for _, f := range packs.Default() {
		if problems := c.Add(f.Name, f.Data, nil); len(problems) > 0 {
			t.Fatal(problems.Err())
		}
	}
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	specs, problems := capture.Compile(capture.Config{Specs: c.Specs, Sessions: c.Sessions.SessionsConfig},
		element.NewNormaliser(element.Default(), keys, element.Options{}), capture.Knowledge{Locate: locator()})
	rules, more := rule.Compile(c.Config, rule.StandardVocabulary(element.Default(), nil))
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(problems.Err())
	}
	e, err := engine.New(rules, engine.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return &gate{shop: shop.New(seed), specs: specs, engine: e, pace: pace, start: time.Now(), state: map[string]engine.Held{},
		judged: map[string]event.Rating{}, found: map[string]map[string]bool{}}
}

// locator knows the countries of the networks that visitors come from.
func locator() capture.Locator {
	type network struct {
		prefix  netip.Prefix
		country string
	}
	var networks []network
	for line := range strings.Lines(homeNetworks + mobileNetworks + botNetworks) {
		before, _, _ := strings.Cut(line, "|")
		if words := strings.Fields(before); len(words) > 1 {
			for _, word := range words[1:] {
				networks = append(networks, network{netip.MustParsePrefix(word), words[0]})
			}
		}
	}
	return func(a netip.Addr) capture.Place {
		for _, n := range networks {
			if n.prefix.Contains(a) {
				return capture.Place{Country: n.country}
			}
		}
		return capture.Place{}
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws" || r.URL.Path == "/events" {
		g.shop.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the visitor has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := &capture.Request{Environment: "production", Method: r.Method, Scheme: "http", Host: r.Host, Path: r.URL.Path, Query: r.URL.RawQuery,
		Header: sorted(r.Header), Peer: netip.MustParseAddr(r.Header.Get("X-Forwarded-For")), Body: capture.Body{Bytes: body}}
	answer := httptest.NewRecorder()
	g.shop.ServeHTTP(answer, r)
	if spec := g.specs.Match(seen); spec != nil {
		g.judge(spec, seen, answer)
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func sorted(h http.Header) []capture.Field {
	var list []capture.Field
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			list = append(list, capture.Field{Name: name, Value: value})
		}
	}
	return list
}

func (g *gate) judge(spec *capture.Spec, seen *capture.Request, answer *httptest.ResponseRecorder) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.serial++
	passed := time.Duration(float64(time.Since(g.start)) / g.pace)
	seen.Time = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).Add(passed).Truncate(time.Microsecond)
	seen.ID = event.DeriveID(seen.Time, fmt.Sprint(g.serial))
	e := spec.Exchange(seen, &capture.Response{Status: answer.Code, Header: sorted(answer.Header()), Body: capture.Body{Bytes: answer.Body.Bytes()}})
	for _, issue := range e.Issues {
		g.failures = append(g.failures, fmt.Sprint(e.Spec, " ", issue))
	}
	step, err := g.engine.ObserveFrom(&e, func(key string) (engine.Held, bool) { h, known := g.state[key]; return h, known })
	if err != nil {
		g.failures = append(g.failures, err.Error())
		return
	}
	for _, c := range step.Changes {
		g.state[c.Key] = engine.Held(c)
	}
	who := seen.Peer.String() + " " + agentOf(seen)
	g.judged[who] = max(g.judged[who], step.Record.Verdict.Rating)
	if g.found[who] == nil {
		g.found[who] = map[string]bool{}
	}
	for _, l := range step.Record.Verdict.Labels {
		g.found[who][l.Name] = true
	}
}

func agentOf(r *capture.Request) string {
	for _, f := range r.Header {
		if f.Name == "User-Agent" {
			return f.Value
		}
	}
	return ""
}

// The demo keeps its promise: attackers are found, people are left alone.
func TestTheDemoIsJudgedRightly(t *testing.T) {
	const seed, pace = 1, 0.08
	g := newGate(t, seed, pace)
	server := httptest.NewServer(g)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := &witness{}
	ended := make(chan error, 1)
	go func() {
		_, err := Run(ctx, Config{Target: server.URL, Seed: seed, People: 200, Pace: pace, Truth: seen})
		ended <- err
	}()
	until(t, "the first waves", func() bool { return seen.count(Tester) >= 2 && seen.count(Abuser) >= 2 && seen.count(Stuffer) >= 120 })
	stopped := time.Now().UTC()
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	server.Close() // waits for requests that nobody waits for any more
	if len(g.failures) > 0 {
		t.Errorf("%d failures, the first: %s", len(g.failures), g.failures[0])
	}
	missed, attacks, people := map[Persona]int{}, map[Persona]int{}, 0
	labels := map[string]bool{}
	// In an office many share an address and a browser: where one of them is no honest customer, the others cannot be told
	// apart by these two.
	shared := map[string]bool{}
	for _, v := range seen.all() {
		shared[v.Address+" "+v.UserAgent] = shared[v.Address+" "+v.UserAgent] || v.Truth != "honest"
	}
	// Visits happen in real time: on a machine that is busy otherwise, people and attackers fall closer together than they are meant to,
	// and one person may be taken for part of it for a while.
	suspected := map[string]bool{}
	for _, v := range seen.all() {
		who := v.Address + " " + v.UserAgent
		rating := g.judged[who]
		switch v.Truth {
		case "honest":
			if shared[who] {
				continue
			}
			people++
			if rating != event.Normal && !suspected[who] {
				suspected[who] = true
				t.Logf("a %s is %s: %v", v.Persona, rating, slices.Sorted(maps.Keys(g.found[who])))
			}
			if rating == event.Malicious {
				t.Errorf("a %s is malicious", v.Persona)
			}
		case "attack":
			if v.Ended.After(stopped) {
				continue // broken off
			}
			attacks[v.Persona]++
			if rating == event.Normal {
				missed[v.Persona]++
			}
			for name := range g.found[who] {
				labels[name] = true
			}
		}
	}
	if len(suspected) > 1 {
		t.Errorf("%d honest visitors are suspicious", len(suspected))
	}
	// The abuser's purchases look like anybody's; the refunds are what tells.
	if people < 15 || missed[Stuffer]*10 > attacks[Stuffer] || missed[Tester] > 1 || missed[Abuser] > (attacks[Abuser]+1)/2 {
		t.Errorf("%d people; of the attacks %v these were missed: %v", people, attacks, missed)
	}
	for _, signature := range []string{"Account Takeover", "Card Testing", "Refund Abuse"} {
		if !labels[signature] {
			t.Errorf("no attacker has the signature %s, but %v", signature, slices.Sorted(maps.Keys(labels)))
		}
	}
}
