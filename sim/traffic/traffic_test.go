package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/sim/shop"
)

// witness gathers visits as they end.
type witness struct {
	mu     sync.Mutex
	visits []Visit
	bad    []string
}

func (w *witness) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var v Visit
	decode := json.NewDecoder(bytes.NewReader(line))
	decode.DisallowUnknownFields()
	if err := decode.Decode(&v); err != nil {
		w.bad = append(w.bad, err.Error())
	}
	w.visits = append(w.visits, v)
	return len(line), nil
}

func (w *witness) all() []Visit {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Visit(nil), w.visits...)
}

func (w *witness) count(p Persona) int {
	n := 0
	for _, v := range w.all() {
		if v.Persona == p {
			n++
		}
	}
	return n
}

// until waits for a condition, with a deadline that only a hanging machine reaches.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"no target": {}, "no http": {Target: "ftp://127.0.0.1"}, "no host": {Target: "http://"}, "bad URL": {Target: "http://a b"},
		"too many": {Target: "http://127.0.0.1", People: MaxPeople + 1}, "negative": {Target: "http://127.0.0.1", People: -1},
		"pace": {Target: "http://127.0.0.1", Pace: -1},
	} {
		if _, err := Run(t.Context(), c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// All of the shop is visited, everybody's visit is told, and nobody stays behind.
func TestRunVisitsTheShopAndStops(t *testing.T) {
	var paths sync.Map
	handler := shop.New(11)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths.Store(r.Method+" "+strings.Join(strings.SplitN(r.URL.Path, "/", 4)[:min(3, strings.Count(r.URL.Path, "/")+1)], "/"), true)
		if r.Header.Get("X-Forwarded-For") == "" {
			t.Error("a request without an address")
		}
		handler.ServeHTTP(w, r)
	}))
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := &witness{}
	var report Report
	ended := make(chan error, 1)
	go func() {
		var err error
		report, err = Run(ctx, Config{Target: server.URL, Seed: 11, People: 60, Pace: 0.01, Truth: seen})
		ended <- err
	}()
	until(t, "everybody", func() bool {
		for _, p := range []Persona{Shopper, Browser, AppUser, Express, Forgetful, Newcomer, Returner, Stuffer, Tester, Abuser} {
			if seen.count(p) == 0 {
				return false
			}
		}
		return seen.count(Abuser) > 1
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"GET /", "POST /account/login", "POST /cart/add", "POST /checkout", "POST /api/v1", "POST /graphql", "GET /search"} {
		if _, ok := paths.Load(path); !ok {
			t.Errorf("nobody asked for %s", path)
		}
	}
	if len(seen.bad) > 0 || report.Requests < 500 || report.Statuses[302] == 0 || report.Statuses[http.StatusInternalServerError] > 0 {
		t.Errorf("report %+v, bad lines %v", report, seen.bad)
	}
	told := 0
	for _, n := range report.Visits {
		told += n
	}
	if told != len(seen.all()) {
		t.Errorf("%d visits in the report, %d lines", told, len(seen.all()))
	}
	for _, v := range seen.all() {
		if v.Address == "" || v.UserAgent == "" || len(v.Country) != 2 || v.Ended.Before(v.Started) || v.Truth != v.Persona.Truth() {
			t.Fatalf("truth %+v", v)
		}
	}
	server.Close()
	until(t, "everybody to have left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestAShopThatDoesNotAnswerIsCounted(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	target := server.URL
	server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	seen := &witness{}
	ended := make(chan Report, 1)
	go func() {
		report, err := Run(ctx, Config{Target: target, People: 20, Pace: 0.005, NoAttacks: true, Truth: seen})
		if err != nil {
			t.Error(err)
		}
		ended <- report
	}()
	until(t, "visits", func() bool { return len(seen.all()) > 5 })
	cancel()
	if report := <-ended; report.Requests != 0 || report.Failures == 0 {
		t.Errorf("report %+v", report)
	}
}
