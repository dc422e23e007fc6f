package integration_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// enrichers is a set with one enricher that may call this machine.
func enrichers(t *testing.T, now func() time.Time, list ...integration.IntegrationConfig) *integration.Enrichers {
	t.Helper()
	var config integration.IntegrationsConfig
	for i, c := range list {
		c.Name, c.Kind, c.AllowPrivate = fmt.Sprint("score-", i), integration.Enrich, []string{"127.0.0.0/8"}
		config = append(config, c)
	}
	if err := config.Validate().Err(); err != nil {
		t.Fatal(err)
	}
	e := integration.NewEnrichers(integration.EnricherDeps{Now: now, Normalise: func(name, text string) (event.Element, bool) {
		return event.Element{Name: name, Kind: event.Attribute, Type: "string", Value: strings.ToLower(text)}, text != "unreadable"
	}})
	if err := e.Configure(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// seen is an event of a visitor; the number makes it another event.
func seen(n int, email string) *event.Event {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &event.Event{ID: event.DeriveID(at, "event", fmt.Sprint(n)), Time: at, Type: "login", Spec: "login", Environment: "production",
		Evidence: event.Evidence{Address: "198.51.100.7"}, Elements: []event.Element{
			{Name: "email", Value: email, Parts: event.PartsOf(map[string]string{"domain": "example.com"})}, {Name: "username", Value: "u"}}}
}

func values(e *event.Event) string {
	var list []string
	for _, one := range e.Elements {
		list = append(list, one.Name+"="+one.Value)
	}
	return strings.Join(list, " ")
}

func asked(e *integration.Enrichers) integration.Asked { return *e.Status()[0].Asked }

// answering is a service that answers with a text.
func answering(t *testing.T, text string) *receiver {
	return receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

// patient is a deadline that no test reaches.
const patient = 10 * time.Second

func TestEventsAreEnriched(t *testing.T) {
	r := answering(t, `{"data": {"score": 17.50, "tags": ["a", "VIP"], "none": null, "deep": {}}, "known": true, "bad": "unreadable"}`)
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/v1/{el.email}/x?d={el.email.domain}&ip={address}", Token: "key",
		Headers: map[string]string{"X-Key": "k"}, EnrichConfig: integration.EnrichConfig{Deadline: patient, Request: `{"u": "{el.username}", "t": "{event_type}"}`,
			Take: map[string]string{"risk": "data.score", "tier": "data.tags.1", "known": "known", "none": "data.none", "deep": "data.deep", "zbad": "bad"}}})
	ev := seen(1, `a/b"c?d&e`)
	shared := ev.Elements[:len(ev.Elements):len(ev.Elements)]
	e.Enrich(t.Context(), ev)
	if got := values(ev); got != `email=a/b"c?d&e known=true risk=17.50 tier=vip username=u` {
		t.Errorf("elements are %s", got)
	}
	if shared[1].Name != "username" {
		t.Error("the list that others may hold was changed")
	}
	request := r.got[0]
	if request.RequestURI != "/v1/a%2Fb%22c%3Fd&e/x?d=example.com&ip=198.51.100.7" || r.bodies[0] != `{"u": "u", "t": "login"}` ||
		request.Method != "POST" || request.Header.Get("Authorization") != "Bearer key" || request.Header.Get("X-Key") != "k" {
		t.Errorf("asked %s %s %s %v", request.Method, request.RequestURI, r.bodies[0], request.Header)
	}
	again := seen(2, `a/b"c?d&e`)
	e.Enrich(t.Context(), again)
	if a := asked(e); values(again) != values(ev) || a.Hits != 1 || a.Misses != 1 || a.Calls != 1 || a.Breaker != integration.BreakerClosed || a.Remembered != 1 {
		t.Errorf("%s, %+v", values(again), a)
	}
	for name, ev := range map[string]*event.Event{"nothing to ask with": seen(3, ""), "a step upwards": seen(4, "..")} {
		if e.Enrich(t.Context(), ev); strings.Contains(values(ev), "risk") || r.count() != 1 {
			t.Errorf("%s: %s", name, values(ev))
		}
	}
	if a := asked(e); a.Skipped != 2 {
		t.Errorf("%+v", a)
	}
}

func TestOnlyItsSpecsAreAskedAbout(t *testing.T) {
	r := answering(t, `{"a": 1}`)
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL, EnrichConfig: integration.EnrichConfig{Deadline: patient,
		Specs: []string{"payment"}, Take: map[string]string{"risk": "a"}}})
	if ev := seen(1, "x"); func() int { e.Enrich(t.Context(), ev); return r.count() }() != 0 || len(ev.Elements) != 2 {
		t.Errorf("%s", values(ev))
	}
}

// What hangs costs its deadline and no more, and its answer is there for the next event; the same event stays as it was.
func TestOneThatHangsCostsItsDeadline(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			_, _ = io.WriteString(w, `{"a": 7}`)
		case <-r.Context().Done():
		}
	})
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", Timeout: time.Minute,
		EnrichConfig: integration.EnrichConfig{Deadline: 20 * time.Millisecond, Take: map[string]string{"risk": "a"}, Default: map[string]string{"risk": "50"}}})
	question := seen(1, "x")
	before := time.Now()
	e.Enrich(t.Context(), question)
	if took := time.Since(before); took < 20*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %v", took) // the upper bound only tells a deadline from none
	}
	if a := asked(e); !strings.Contains(values(question), "risk=50") || a.Late != 1 || a.Defaults != 1 {
		t.Errorf("%s, %+v", values(question), a)
	}
	close(release)
	eventually(t, "the answer is remembered", func() bool { return asked(e).Remembered == 1 })
	finished, next := seen(1, "x"), seen(2, "x")
	e.Enrich(t.Context(), finished)
	e.Enrich(t.Context(), next)
	if values(finished) != values(question) {
		t.Errorf("the event changed from %s to %s", values(question), values(finished))
	}
	if !strings.Contains(values(next), "risk=7") || r.count() != 1 {
		t.Errorf("the next event has %s after %d calls", values(next), r.count())
	}
}

func TestVisitorWhoHasGoneWaitsNoLonger(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL, EnrichConfig: integration.EnrichConfig{Deadline: patient,
		Take: map[string]string{"risk": "a"}}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for r.count() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	ev := seen(1, "x")
	e.Enrich(ctx, ev)
	if a := asked(e); len(ev.Elements) != 2 || a.Late != 1 {
		t.Errorf("%s, %+v", values(ev), a)
	}
}

func TestManyWithTheSameQuestionMakeOneCall(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = io.WriteString(w, `{"a": 7}`)
	})
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", EnrichConfig: integration.EnrichConfig{Deadline: patient,
		Take: map[string]string{"risk": "a"}}})
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			ev := seen(n, "x")
			e.Enrich(t.Context(), ev)
			if !strings.Contains(values(ev), "risk=7") {
				t.Errorf("%s", values(ev))
			}
		})
	}
	eventually(t, "all have asked", func() bool { return asked(e).Misses == 50 })
	close(release)
	group.Wait()
	if r.count() != 1 || asked(e).Calls != 1 {
		t.Errorf("%d calls", r.count())
	}
}

func TestLaterIsThereForTheNextEvent(t *testing.T) {
	r := answering(t, `{"a": 7}`)
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", EnrichConfig: integration.EnrichConfig{Mode: integration.ModeLater,
		Take: map[string]string{"risk": "a"}}})
	first, next := seen(1, "x"), seen(2, "x")
	e.Enrich(t.Context(), first)
	eventually(t, "the answer is remembered", func() bool { return asked(e).Remembered == 1 })
	e.Enrich(t.Context(), next)
	if strings.Contains(values(first), "risk") || !strings.Contains(values(next), "risk=7") {
		t.Errorf("first %s, next %s", values(first), values(next))
	}
}

func TestEventThatIsNotHeldWaitsForNothing(t *testing.T) {
	r := answering(t, `{"a": 7}`)
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", EnrichConfig: integration.EnrichConfig{Deadline: patient,
		Take: map[string]string{"risk": "a"}}})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	first, next := seen(1, "x"), seen(2, "x")
	e.Enrich(ended, first)
	eventually(t, "the answer is remembered", func() bool { return asked(e).Remembered == 1 })
	e.Enrich(ended, next)
	if a := asked(e); a.Late != 0 || strings.Contains(values(first), "risk") || !strings.Contains(values(next), "risk=7") {
		t.Errorf("first %s, next %s, %+v", values(first), values(next), a)
	}
}

func TestWhatIsUnknownIsRememberedForLess(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"404": func(w http.ResponseWriter) { w.WriteHeader(404) }, "204": func(w http.ResponseWriter) { w.WriteHeader(204) },
		"none of it": func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"b": 1}`) },
	} {
		r := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) { answer(w) })
		c := &clock{at: time.Unix(1_800_000_000, 0)}
		e := enrichers(t, c.now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", EnrichConfig: integration.EnrichConfig{Deadline: patient,
			Take: map[string]string{"risk": "a"}, Default: map[string]string{"risk": "50"}, Cache: integration.CacheConfig{Negative: time.Minute}}})
		for n := range 3 {
			ev := seen(n, "x")
			if e.Enrich(t.Context(), ev); !strings.Contains(values(ev), "risk=50") {
				t.Errorf("%s: %s", name, values(ev))
			}
		}
		if a := asked(e); a.Calls != 1 || a.Unknown != 1 || a.Failures != 0 {
			t.Errorf("%s: %+v", name, a)
		}
		c.pass(time.Minute)
		if e.Enrich(t.Context(), seen(9, "x")); asked(e).Calls != 2 {
			t.Errorf("%s: it is remembered for ever", name)
		}
	}
}

func TestBreakerLeavesAServiceAloneThatFails(t *testing.T) {
	var mu sync.Mutex
	broken := true
	r := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if broken {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, "very secret")
			return
		}
		_, _ = io.WriteString(w, `{"a": 7}`)
	})
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	e := enrichers(t, c.now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", EnrichConfig: integration.EnrichConfig{Deadline: patient,
		Take: map[string]string{"risk": "a"}, Breaker: integration.BreakerConfig{Percent: 50, AtLeast: 10, Cool: 5 * time.Second}}})
	for n := range 100 {
		e.Enrich(t.Context(), seen(n, fmt.Sprint(n)))
	}
	a := asked(e)
	if r.count() != 10 || a.Breaker != integration.BreakerOpen || a.Opened != 1 || a.Failures != 10 || a.Defaults != 100 || e.Status()[0].LastError != "answered with status 500" {
		t.Errorf("%d calls, %+v, %+v", r.count(), a, e.Status())
	}
	c.pass(5 * time.Second)
	if e.Enrich(t.Context(), seen(200, "200")); r.count() != 11 || asked(e).Breaker != integration.BreakerOpen {
		t.Errorf("a failed try: %d calls, %+v", r.count(), asked(e))
	}
	mu.Lock()
	broken = false
	mu.Unlock()
	c.pass(5 * time.Second)
	for n := range 5 {
		ev := seen(300+n, fmt.Sprint(300+n))
		if e.Enrich(t.Context(), ev); !strings.Contains(values(ev), "risk=7") {
			t.Errorf("%s", values(ev))
		}
	}
	if a := asked(e); a.Breaker != integration.BreakerClosed || a.Opened != 2 {
		t.Errorf("%+v", a)
	}
}

func TestServicesThatAnswerBadly(t *testing.T) {
	followed := answering(t, `{"a": 7}`)
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"no json":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>very secret") },
		"two":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"a": 7} {"a": 8}`) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, followed.URL, http.StatusFound) },
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"a": 7, "b": "`+strings.Repeat("x", 1<<20)+`"}`)
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for chunk := []byte(strings.Repeat("[", 1<<14)); r.Context().Err() == nil; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		r := receive(t, func(_ int, w http.ResponseWriter, r *http.Request) { answer(w, r) })
		e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL, EnrichConfig: integration.EnrichConfig{Deadline: patient, Take: map[string]string{"risk": "a"}}})
		ev := seen(1, "x")
		e.Enrich(t.Context(), ev)
		s := e.Status()[0]
		if len(ev.Elements) != 2 || s.Asked.Failures != 1 || s.Asked.Remembered != 0 || strings.Contains(s.LastError, "secret") || followed.count() != 0 {
			t.Errorf("%s: %s, %+v %+v", name, values(ev), s, s.Asked)
		}
	}
}

func TestCallsUnderWayAreBounded(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/?q={el.email}", Concurrency: 3, Timeout: time.Minute,
		EnrichConfig: integration.EnrichConfig{Mode: integration.ModeLater, Take: map[string]string{"risk": "a"}}})
	for n := range 50 {
		e.Enrich(t.Context(), seen(n, fmt.Sprint(n)))
	}
	if a := asked(e); a.Calls != 3 || a.Busy != 47 {
		t.Errorf("%+v", a)
	}
	e.Close() // ends what hangs
	ev := seen(99, "99")
	if e.Enrich(t.Context(), ev); len(ev.Elements) != 2 {
		t.Error("after the end it was asked")
	}
}

func TestSeveralAreAskedAtOnce(t *testing.T) {
	entered := make(chan struct{}, 2)
	together := make(chan struct{})
	answer := func(_ int, w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-together // answered only when the other has been asked as well
		_, _ = io.WriteString(w, `{"a": "`+strings.TrimPrefix(r.URL.Path, "/")+`"}`)
	}
	r := receive(t, answer)
	go func() {
		<-entered
		<-entered
		close(together)
	}()
	take := func(name string) integration.EnrichConfig {
		return integration.EnrichConfig{Deadline: patient, Take: map[string]string{name: "a"}}
	}
	e := enrichers(t, time.Now, integration.IntegrationConfig{URL: r.URL + "/one", EnrichConfig: take("zone")},
		integration.IntegrationConfig{URL: r.URL + "/two", EnrichConfig: take("age")})
	ev := seen(1, "x")
	e.Enrich(t.Context(), ev)
	if got := values(ev); got != "age=two email=x username=u zone=one" {
		t.Errorf("elements %s", got)
	}
}

func TestReloadKeepsWhatIsKnown(t *testing.T) {
	r := answering(t, `{"a": 7, "b": 8}`)
	text := `{name: score, kind: enrich, url: "` + r.URL + `/?q={el.email}", deadline: 10s, allow_private: 127.0.0.1, take: {risk: a}}`
	first, problems := decode(t, "integrations: ["+text+"]")
	moved, more := decode(t, "# moved\n\nintegrations:\n  - "+text+"\n")
	changed, most := decode(t, "integrations: ["+strings.Replace(text, "risk: a", "risk: b", 1)+"]")
	if problems = append(append(problems, more...), most...); len(problems) > 0 {
		t.Fatal(problems)
	}
	e := enrichers(t, time.Now)
	for i, test := range []struct {
		config integration.IntegrationsConfig
		want   string
		calls  int
	}{{first, "risk=7", 1}, {moved, "risk=7", 1}, {changed, "risk=8", 2}} {
		if err := e.Configure(test.config); err != nil {
			t.Fatal(err)
		}
		ev := seen(i, "x")
		if e.Enrich(t.Context(), ev); !strings.Contains(values(ev), test.want) || r.count() != test.calls {
			t.Errorf("configuration %d: %s after %d calls", i, values(ev), r.count())
		}
	}
}

func TestEnricherCallsNoPrivateAddress(t *testing.T) {
	r := answering(t, `{"a": 7}`)
	e := integration.NewEnrichers(integration.EnricherDeps{Now: time.Now, Budget: 20 * time.Second})
	if err := e.Configure(integration.IntegrationsConfig{{Name: "a", Kind: integration.Enrich, URL: r.URL,
		EnrichConfig: integration.EnrichConfig{Deadline: patient, Take: map[string]string{"risk": "a"}}}}); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.Enrich(t.Context(), seen(1, "x"))
	if s := e.Status()[0]; r.count() != 0 || !strings.Contains(s.LastError, "is private") {
		t.Errorf("%d calls, %+v", r.count(), s)
	}
}

func BenchmarkEnrichFromMemory(b *testing.B) {
	now := time.Now()
	e := integration.NewEnrichers(integration.EnricherDeps{Now: func() time.Time { return now }, AllowPrivate: []string{"127.0.0.0/8"},
		Normalise: func(name, text string) (event.Element, bool) { return event.Element{Name: name, Value: text}, true }})
	if err := e.Configure(integration.IntegrationsConfig{{Name: "a", Kind: integration.Enrich, URL: "http://127.0.0.1:1/{el.email}",
		EnrichConfig: integration.EnrichConfig{Deadline: time.Millisecond, Take: map[string]string{"risk": "a"}, Default: map[string]string{"risk": "1"}}}}); err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	for n := 0; b.Loop(); n++ {
		e.Enrich(context.Background(), seen(n%10, "x"))
	}
}
