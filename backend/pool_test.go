package backend

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/payment"
	"wayguard/ruleset"
)

// TestAnswersAreRead goes through what an engine can answer.
func TestAnswersAreRead(t *testing.T) {
	limits := &ruleset.Thresholds{ReviewAt: 50, BlockAt: 80}
	for name, c := range map[string]struct {
		status     int
		body       string
		thresholds *ruleset.Thresholds
		outcome    payment.Outcome
		score      int64 // -1 for none
		reference  string
		code       string
	}{
		"a word":                         {200, `{"verdict": "no", "id": "x-1"}`, nil, payment.Block, -1, "x-1", ""},
		"a word and a score":             {200, `{"verdict": "ok", "score": 0.9}`, nil, payment.Allow, 90, "", ""},
		"thresholds come first":          {200, `{"verdict": "ok", "score": 0.9}`, limits, payment.Block, 90, "", ""},
		"a score in between":             {200, `{"score": 0.5}`, limits, payment.Review, 50, "", ""},
		"a low score":                    {200, `{"score": "0.494"}`, limits, payment.Allow, 49, "", ""},
		"a score that nobody reads":      {200, `{"score": 0.5}`, nil, "", 50, "", ""},
		"a number for a reference":       {200, `{"verdict": "hmm", "id": 12345678901234567890}`, nil, payment.Review, -1, "12345678901234567890", ""},
		"an unknown word":                {200, `{"verdict": "maybe"}`, nil, "", -1, "", "bad_response"},
		"nothing of it":                  {200, `{}`, nil, "", -1, "", "bad_response"},
		"a boolean for a score":          {200, `{"score": true}`, limits, "", -1, "", "bad_response"},
		"a list":                         {200, `[{"verdict": "ok"}]`, nil, "", -1, "", "bad_response"},
		"no JSON":                        {200, `<html>`, nil, "", -1, "", "bad_response"},
		"nothing at all":                 {204, ``, nil, "", -1, "", "bad_response"},
		"two documents":                  {200, `{"verdict": "ok"}{"verdict": "no"}`, nil, "", -1, "", "bad_response"},
		"a redirect":                     {302, `{"verdict": "ok"}`, nil, "", -1, "", "bad_response"},
		"what it does not understand":    {400, `{"verdict": "ok"}`, nil, "", -1, "", "mapping_error"},
		"what it cannot process":         {422, `{}`, nil, "", -1, "", "mapping_error"},
		"credentials that are refused":   {401, `{}`, nil, "", -1, "", "unavailable"},
		"no such address":                {404, `{}`, nil, "", -1, "", "bad_response"},
		"too many":                       {429, `{}`, nil, "", -1, "", "unavailable"},
		"an error of its own":            {500, `{"verdict": "ok"}`, nil, "", -1, "", "unavailable"},
		"a gateway that gave up waiting": {504, ``, nil, "", -1, "", "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, says(c.status, c.body))
			p := pool(t, Limits{}, webIntegration("eng", s.URL, scoreAdapter))
			r := p.Ask(context.Background(), []ruleset.Call{{RuleID: "r9", Backend: "eng/default", Live: true, Thresholds: c.thresholds, Request: card()}}, false)[0]
			score := int64(-1)
			if r.Score != nil {
				score = *r.Score
			}
			if r.Outcome != c.outcome || score != c.score || r.Reference != c.reference || code(r) != c.code {
				t.Errorf("got %q, score %d, reference %q, error %q", r.Outcome, score, r.Reference, code(r))
			}
			if r.RuleID != "r9" || r.Backend != "eng/default" || !r.Live || r.MissingFields == nil {
				t.Errorf("the result does not tell what was asked: %+v", r)
			}
			if len(s.calls()) != 1 {
				t.Errorf("%d calls for one question", len(s.calls()))
			}
		})
	}
}

// TestAHangingBackendCostsItsTimeout and no more, whatever it does: it does not accept, does not answer, or answers without an end.
func TestAHangingBackendCostsItsTimeout(t *testing.T) {
	free := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-free:
			case <-r.Context().Done():
			}
		},
		"no end": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(" ")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer)
			p := pool(t, Limits{Answer: 1 << 30}, webIntegration("eng", s.URL, scoreAdapter))
			started := time.Now()
			r := p.Ask(context.Background(), []ruleset.Call{{Backend: "eng/default", Live: true, Timeout: 80 * time.Millisecond, Request: card()}}, false)[0]
			if took := time.Since(started); code(r) != "timeout" || took < 80*time.Millisecond || took > patience {
				t.Errorf("error %q after %v", code(r), took)
			}
			if r.LatencyMillis < 80 {
				t.Errorf("told as %d ms", r.LatencyMillis)
			}
		})
	}
	close(free)
}

// TestTimeoutsAreBounded: a rule's is at most the integration's, and that at most the pool's.
func TestTimeoutsAreBounded(t *testing.T) {
	i := webIntegration("eng", "http://127.0.0.1:1", scoreAdapter)
	for _, c := range []struct {
		integration int64
		rule, want  time.Duration
	}{{0, 0, 5 * time.Second}, {200, 0, 200 * time.Millisecond}, {200, time.Second, 200 * time.Millisecond}, {200, 50 * time.Millisecond, 50 * time.Millisecond}, {900_000, time.Hour, time.Minute}} {
		i.TimeoutMS = c.integration
		p := pool(t, Limits{}, i)
		if got := p.view.Load().find("eng/default").timeout(c.rule); got != c.want {
			t.Errorf("%d ms and %v: %v, want %v", c.integration, c.rule, got, c.want)
		}
	}
}

// TestTooLargeAnswersAreRefused before they are read whole, those without an end too.
func TestTooLargeAnswersAreRefused(t *testing.T) {
	endless := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	if r := asked(t, pool(t, Limits{Timeout: patience}, webIntegration("eng", endless.URL, scoreAdapter)), "eng/default", card()); code(r) != "bad_response" {
		t.Errorf("without an end: %q", code(r))
	}
	s := serve(t, says(200, `{"verdict": "ok", "pad": "`+strings.Repeat("x", 5000)+`"}`))
	p := pool(t, Limits{Answer: 1000}, webIntegration("eng", s.URL, scoreAdapter))
	if r := asked(t, p, "eng/default", card()); code(r) != "bad_response" || r.RawResponse != nil {
		t.Errorf("error %q, kept %d bytes", code(r), len(r.RawResponse))
	}
	p = pool(t, Limits{Raw: 1000}, webIntegration("eng", s.URL, scoreAdapter))
	if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow || string(r.RawResponse) != `{"omitted":"the answer is larger than 1000 bytes"}` {
		t.Errorf("outcome %q, kept %s", r.Outcome, r.RawResponse)
	}
}

// TestTheBreakerLeavesASickBackendAlone and tries it again.
func TestTheBreakerLeavesASickBackendAlone(t *testing.T) {
	var well atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if well.Load() {
			says(200, `{"verdict": "ok"}`)(w, r)
			return
		}
		says(500, `{}`)(w, r)
	})
	p := pool(t, Limits{Breaker: Breaker{AtLeast: 4, Percent: 50, Window: time.Minute, Cool: 50 * time.Millisecond}},
		webIntegration("eng", s.URL, scoreAdapter), webIntegration("other", s.URL, scoreAdapter))
	for i := range 4 {
		if r := asked(t, p, "eng/default", card()); code(r) != "unavailable" {
			t.Fatalf("call %d: %q", i, code(r))
		}
	}
	before := len(s.calls())
	if r := asked(t, p, "eng/default", card()); code(r) != "circuit_open" {
		t.Errorf("after four failures: %q", code(r))
	}
	if len(s.calls()) != before {
		t.Error("an open breaker let a call through")
	}
	if r := asked(t, p, "other/default", card()); code(r) != "unavailable" {
		t.Errorf("another backend's breaker opened too: %q", code(r))
	}
	if st := status(t, p, "eng/default"); st.Breaker != "open" || st.Opened != 1 || st.Failures["unavailable"] != 4 || st.Failures["circuit_open"] != 1 || st.LastError != "unavailable: status Internal Server Error" {
		t.Errorf("status %+v", st)
	}
	well.Store(true)
	until(t, "the breaker to close", func() bool { return asked(t, p, "eng/default", card()).Outcome == payment.Allow })
	if st := status(t, p, "eng/default"); st.Breaker != "closed" {
		t.Errorf("breaker %s after a good call", st.Breaker)
	}
}

// TestCallsUnderWayDoNotHideASickBackend: the breaker goes by calls that have ended.
func TestCallsUnderWayDoNotHideASickBackend(t *testing.T) {
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	eng := webIntegration("eng", s.URL, scoreAdapter)
	eng.TimeoutMS = patience.Milliseconds()
	p := pool(t, Limits{Breaker: Breaker{AtLeast: 3, Cool: time.Hour}}, eng)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { p.Ask(ctx, []ruleset.Call{{Backend: "eng/default", Live: true, Request: card()}}, false) })
	}
	until(t, "twenty calls under way", func() bool { return len(s.calls()) == 20 })
	for range 3 {
		p.Ask(ctx, []ruleset.Call{{Backend: "eng/default", Live: true, Timeout: 20 * time.Millisecond, Request: card()}}, false)
	}
	if st := status(t, p, "eng/default"); st.Breaker != "open" || st.UnderWay != 20 {
		t.Errorf("breaker %s with %d under way", st.Breaker, st.UnderWay)
	}
	cancel()
	group.Wait()
}

// TestStaleConnections: an assessment is sent again on another connection, a notification is not.
func TestStaleConnections(t *testing.T) {
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(s.calls()) != 2 && len(s.calls()) != 4 {
			says(200, `{"verdict": "ok"}`)(w, r)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close() // as a server does that gave up waiting just then
	})
	p := pool(t, Limits{}, webIntegration("eng", s.URL, scoreAdapter))
	for i, want := range []int{1, 3} {
		if r := asked(t, p, "eng/default", card()); r.Outcome != payment.Allow || len(s.calls()) != want {
			t.Errorf("call %d: %q, %d requests", i, code(r), len(s.calls()))
		}
	}
	if got := statuses(p.Notify(context.Background(), decided(took("eng/default")), "chargeback", nil)); got != "eng/default failed unavailable" || len(s.calls()) != 4 {
		t.Errorf("%s, %d requests", got, len(s.calls()))
	}
}

// TestRefusalsDoNotOpenTheBreaker: a backend that refuses what it is asked is well, and so is one whose caller went away.
func TestRefusalsDoNotOpenTheBreaker(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Wait") != "" {
			<-r.Context().Done()
			return
		}
		says(422, `{}`)(w, r)
	})
	waits := strings.Replace(scoreAdapter, `"url": "/score",`, `"url": "/score", "headers": {"Wait": "1"},`, 1)
	p := pool(t, Limits{Breaker: Breaker{AtLeast: 2}}, webIntegration("eng", s.URL, scoreAdapter), webIntegration("slow", s.URL, waits))
	for range 10 {
		if r := asked(t, p, "eng/default", card()); code(r) != "mapping_error" {
			t.Fatalf("got %q", code(r))
		}
	}
	for range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		n := len(s.calls())
		go func() {
			for len(s.calls()) == n {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		r := p.Ask(ctx, []ruleset.Call{{Backend: "slow/default", Live: true, Request: card()}}, false)[0]
		if code(r) != "" || r.Outcome != "" {
			t.Fatalf("a call that was given up: %q %q", code(r), r.Outcome)
		}
	}
	if a, b := status(t, p, "eng/default"), status(t, p, "slow/default"); a.Breaker != "closed" || b.Breaker != "closed" || b.Failures["cancelled"] != 5 {
		t.Errorf("breakers %s, %s; failures %v", a.Breaker, b.Breaker, b.Failures)
	}
}

// TestCallsUnderWayAreBounded: what is more is refused at once and does not wait.
func TestCallsUnderWayAreBounded(t *testing.T) {
	free := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-free
		says(200, `{"verdict": "ok"}`)(w, r)
	})
	p := pool(t, Limits{Concurrency: 3}, webIntegration("eng", s.URL, scoreAdapter))
	var group sync.WaitGroup
	var allowed atomic.Int64
	for range 3 {
		group.Go(func() {
			if asked(t, p, "eng/default", card()).Outcome == payment.Allow {
				allowed.Add(1)
			}
		})
	}
	until(t, "three calls under way", func() bool { return len(s.calls()) == 3 })
	if st := status(t, p, "eng/default"); st.UnderWay != 3 {
		t.Errorf("%d under way", st.UnderWay)
	}
	if r := asked(t, p, "eng/default", card()); code(r) != "unavailable" {
		t.Errorf("the fourth: %q", code(r))
	}
	close(free)
	group.Wait()
	if allowed.Load() != 3 || status(t, p, "eng/default").UnderWay != 0 {
		t.Errorf("%d of 3 were answered", allowed.Load())
	}
}

// TestAllAreAskedAtOnce, in their places; the first live outcome ends the wait where that is asked for.
func TestAllAreAskedAtOnce(t *testing.T) {
	meet := make(chan struct{}, 8)
	both := make(chan struct{})
	var once sync.Once
	together := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if meet <- struct{}{}; len(meet) == 2 {
			once.Do(func() { close(both) })
		}
		select {
		case <-both:
			says(200, `{"verdict": "hmm"}`)(w, r)
		case <-r.Context().Done():
		}
	})
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	quick := serve(t, says(200, `{"verdict": "no"}`))
	p := pool(t, Limits{}, webIntegration("a", together.URL, scoreAdapter), webIntegration("b", together.URL, scoreAdapter),
		webIntegration("hang", hang.URL, scoreAdapter), webIntegration("quick", quick.URL, scoreAdapter))
	call := func(name string, live bool) ruleset.Call {
		return ruleset.Call{RuleID: name, Backend: name + "/default", Live: live, Request: card()}
	}
	for i, r := range p.Ask(context.Background(), []ruleset.Call{call("a", true), call("b", false)}, false) {
		if want := []string{"a", "b"}[i]; r.RuleID != want || r.Outcome != payment.Review || r.Live != (i == 0) {
			t.Errorf("place %d: %+v", i, r)
		}
	}
	results := p.Ask(context.Background(), []ruleset.Call{call("hang", true), call("quick", true)}, true)
	if results[1].Outcome != payment.Block || results[0].Outcome != "" || results[0].Error != nil {
		t.Errorf("first of two: %+v", results)
	}
	if got := p.Ask(context.Background(), nil, true); len(got) != 0 {
		t.Errorf("no calls: %v", got)
	}
}

// TestShadowAnswersEndNoWait: only a live answer does.
func TestShadowAnswersEndNoWait(t *testing.T) {
	var p *Pool
	quick := serve(t, says(200, `{"verdict": "no"}`))
	later := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for status(t, p, "quick/default").LastOKAt.IsZero() && r.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		says(200, `{"verdict": "hmm"}`)(w, r)
	})
	p = pool(t, Limits{}, webIntegration("quick", quick.URL, scoreAdapter), webIntegration("later", later.URL, scoreAdapter))
	results := p.Ask(context.Background(), []ruleset.Call{{Backend: "quick", Live: false, Request: card()}, {Backend: "quick/default", Live: false, Request: card()},
		{Backend: "later/default", Live: true, Request: card()}}, true)
	if code(results[0]) != "unavailable" {
		t.Errorf("a slug alone is no name: %+v", results[0])
	}
	if results[1].Outcome != payment.Block || results[2].Outcome != payment.Review {
		t.Errorf("got %q and %q", results[1].Outcome, results[2].Outcome)
	}
}

// TestAPanicIsOneCallsFailure and neither the payment's nor the process's.
func TestAPanicIsOneCallsFailure(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	p := pool(t, Limits{}, webIntegration("eng", s.URL, scoreAdapter))
	good := ruleset.Call{Backend: "eng/default", Live: true, Request: card()}
	p.view.Load().find("eng/default").site.client.Transport = panics{}
	results := p.Ask(context.Background(), []ruleset.Call{good, {Backend: "eng/default"}}, false)
	for i, r := range results {
		if code(r) != "mapping_error" {
			t.Errorf("call %d: %q", i, code(r))
		}
	}
	if st := status(t, p, "eng/default"); st.UnderWay != 0 {
		t.Errorf("%d places were not given back", st.UnderWay)
	}
}

type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("secret") }

// TestNames: "slug/id" always, the id alone where it is unique, and nothing that is switched off.
func TestNames(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	named := strings.Replace(scoreAdapter, `{"assess"`, `{"id": "vdm", "assess"`, 1)
	off := webIntegration("off", s.URL, strings.Replace(named, "vdm", "gone", 1))
	off.Enabled = false
	p := pool(t, Limits{}, webIntegration("a", s.URL, scoreAdapter), webIntegration("b", s.URL, scoreAdapter), webIntegration("c", s.URL, named), off)
	for name, want := range map[string]bool{"a/default": true, "b/default": true, "default": false, "vdm": true, "c/vdm": true, "c": false,
		"c/default": false, "off/gone": false, "gone": false, "": false, "/": false} {
		if p.Known(name) != want {
			t.Errorf("Known(%q) = %v", name, !want)
		}
	}
	for name, want := range map[string]string{"vdm": "", "default": "unavailable", "nobody/x": "unavailable", "off/gone": "backend_capability_disabled"} {
		if r := asked(t, p, name, card()); code(r) != want {
			t.Errorf("asking %q: %q, want %q", name, code(r), want)
		}
	}
}

// TestWhatIsRequiredIsCheckedBeforeAnyCall.
func TestWhatIsRequiredIsCheckedBeforeAnyCall(t *testing.T) {
	s := serve(t, says(200, `{"verdict": "ok"}`))
	needs := strings.Replace(scoreAdapter, `{"assess"`, `{"requires": ["$.customer.email", "$.device.ip", "$.shipping.country", "$pan"], "accepts": ["pan", "masked_pan"], "assess"`, 1)
	p := pool(t, Limits{}, webIntegration("eng", s.URL, needs))
	r := card()
	delete(r.Tree["device"].(map[string]any), "ip")
	got := asked(t, p, "eng/default", r)
	if code(got) != "insufficient_context" || strings.Join(got.MissingFields, " ") != "$.device.ip $.shipping.country" {
		t.Errorf("%q, missing %v", code(got), got.MissingFields)
	}
	if got := asked(t, p, "eng/default", masked()); strings.Join(got.MissingFields, " ") != "$.shipping.country $pan" {
		t.Errorf("missing %v", got.MissingFields)
	}
	if got := asked(t, p, "eng/default", account()); code(got) != "backend_capability_disabled" {
		t.Errorf("a credential it does not accept: %q", code(got))
	}
	if n := len(s.calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
	r = card()
	r.Tree["shipping"] = payment.Tree{"country": "GB"}
	if got := asked(t, p, "eng/default", r); got.Outcome != payment.Allow {
		t.Errorf("with all: %+v", got)
	}
	if st := status(t, p, "eng/default"); strings.Join(st.Requires, " ") != "$.customer.email $.device.ip $.shipping.country $pan" || len(st.Assesses) != 2 {
		t.Errorf("status %+v", st)
	}
}

// TestPlainHTTPStaysInsideTheWalls: a public address is called with https only, whatever its name resolves to.
func TestPlainHTTPStaysInsideTheWalls(t *testing.T) {
	for text, want := range map[string]bool{"127.0.0.1": true, "10.1.2.3": true, "192.168.0.1": true, "172.16.0.9": true, "169.254.1.1": true, "100.64.0.1": true,
		"::1": true, "fd00::1": true, "::ffff:10.0.0.1": true, "8.8.8.8": false, "198.51.100.1": false, "2001:db8::1": false, "172.32.0.1": false, "::ffff:8.8.8.8": false} {
		if got := inside(mustAddr(t, text)); got != want {
			t.Errorf("inside(%s) = %v", text, got)
		}
	}
	s := serve(t, says(200, `{"verdict": "ok"}`))
	outside := &http.Transport{DialContext: dialTo(s.Listener.Addr().String(), "8.8.8.8:80")}
	p := New(Deps{Integrations: fixed(webIntegration("eng", "http://score.example.com", scoreAdapter)),
		Client: func(timeout time.Duration) (*http.Client, error) {
			return &http.Client{Transport: outside, Timeout: timeout}, nil
		}})
	defer p.Close()
	if err := p.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := asked(t, p, "eng/default", card()); code(r) != "unavailable" || len(s.calls()) != 0 {
		t.Errorf("%q, %d calls", code(r), len(s.calls()))
	}
	if st := status(t, p, "eng/default"); !strings.Contains(st.LastError, "use https") {
		t.Errorf("the operator is told %q", st.LastError)
	}
}

// TestTLSIsVerifiedAndUsed: https goes by the client's own transport.
func TestTLSIsVerifiedAndUsed(t *testing.T) {
	s := httptest.NewUnstartedServer(says(200, `{"verdict": "ok"}`))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // one client does not trust it
	s.StartTLS()
	defer s.Close()
	list := func() []decision.Integration {
		return []decision.Integration{webIntegration("eng", s.URL, scoreAdapter)}
	}
	for name, c := range map[string]struct {
		client *http.Client
		want   string
	}{"trusted": {s.Client(), ""}, "not trusted": {&http.Client{Transport: &http.Transport{}}, "unavailable"}} {
		p := New(Deps{Integrations: list, Client: func(time.Duration) (*http.Client, error) { return c.client, nil }})
		if err := p.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
		if r := asked(t, p, "eng/default", card()); code(r) != c.want {
			t.Errorf("%s: %q", name, code(r))
		}
		p.Close()
	}
}
