package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/origin"
	"wayguard/site"
)

// everyWay runs a test once for each way of visitors to the proxy.
func everyWay(t *testing.T, at string, spec route, p Policy, test func(t *testing.T, s *setup, client *http.Client, url string)) {
	t.Helper()
	for _, w := range ways(t) {
		t.Run(w.name, func(t *testing.T) {
			files := writeCertificate(t, t.TempDir(), "one")
			s := start(t, at, spec, newObserver(), w.change, func(c *Config) {
				c.Origin.TLS.Insecure = true
				if w.scheme == "https" {
					c.Listen[0].TLS = &files
				}
			})
			s.obeys(p)
			client := &http.Client{Transport: w.client(files), Timeout: 10 * time.Second,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			t.Cleanup(func() {
				if closer, ok := client.Transport.(io.Closer); ok {
					_ = closer.Close()
				}
				client.CloseIdleConnections()
			})
			test(t, s, client, w.scheme+"://"+s.address)
		})
	}
}

// sending does one request and gives the answer and its body.
func sending(t *testing.T, client *http.Client, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	request, err := http.NewRequest(method, url, from)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer, string(text)
}

// always decides the same of every request.
func always(m mitigation.Measure) fakePolicy {
	return fakePolicy{decide: func(*capture.Request, *event.Event, *mitigation.Judgement) mitigation.Measure { return m }}
}

func done(kind event.ActionKind) []event.Action {
	return []event.Action{{Name: "a", Kind: kind, Outcome: event.Done}}
}

func unreached(t *testing.T) string {
	return application(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the origin got %s %s", r.Method, r.URL) })
}

func TestAnswerOfAPolicy(t *testing.T) {
	policy := always(mitigation.Measure{Actions: done(event.Redirect), Answer: &mitigation.Answer{
		Status: 303, Reason: "Elsewhere", Body: []byte("go there"), After: 30 * time.Millisecond,
		Header: []capture.Field{{Name: "Location", Value: "/there"}, {Name: "Content-Length", Value: "77"}, {Name: "Connection", Value: "close"},
			{Name: "X-Broken", Value: "a\r\nb"}, {Name: "Content-Type", Value: "text/plain"}, {Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"}},
	}})
	everyWay(t, unreached(t), inline(1000), policy, func(t *testing.T, s *setup, client *http.Client, url string) {
		for _, body := range []string{"", "a=b", strings.Repeat("x", 100_000)} {
			began := time.Now()
			answer, text := sending(t, client, "POST", url, body)
			if took := time.Since(began); took < 30*time.Millisecond {
				t.Errorf("after %v", took)
			}
			if answer.StatusCode != 303 || text != "go there" || answer.Header.Get("Location") != "/there" || answer.ContentLength != 8 ||
				answer.Header.Get("Cache-Control") != "no-store" || len(answer.Header["Set-Cookie"]) != 2 || answer.Header["X-Broken"] != nil {
				t.Errorf("%v %q %v", answer.Status, text, answer.Header)
			}
			if e := s.observer.next(t); e.Result != event.Blocked || e.HTTP.Status != 303 || len(e.Actions) != 1 || e.Actions[0].Kind != event.Redirect {
				t.Errorf("event %+v", e)
			}
		}
		if head, text := sending(t, client, "HEAD", url, ""); head.StatusCode != 303 || text != "" || head.ContentLength != 8 {
			t.Errorf("HEAD: %v %q %d", head.Status, text, head.ContentLength)
		}
		if c := s.Counts(); c.Acted["redirect done"] != 4 || c.Blocked != 4 || c.Unwaited != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

// TestOrderAndSpellingOfAnAnswer is about HTTP/1.1, where they can be seen.
func TestOrderAndSpellingOfAnAnswer(t *testing.T) {
	s := start(t, unreached(t), inline(100), newObserver())
	s.obeys(always(mitigation.Measure{Answer: &mitigation.Answer{Status: 429, Reason: "Slow Down", Body: []byte("no"),
		Header: []capture.Field{{Name: "x-SECOND", Value: "2"}, {Name: "A-First", Value: "1"}, {Name: "cache-control", Value: "private"}}}}))
	got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if want := "HTTP/1.1 429 Slow Down\r\nx-SECOND: 2\r\nA-First: 1\r\ncache-control: private\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCallsGetAStatus(t *testing.T) {
	policy := always(mitigation.Measure{Answer: &mitigation.Answer{Status: 200,
		Header:  []capture.Field{{Name: "Content-Type", Value: "application/grpc"}},
		Trailer: []capture.Field{{Name: "Grpc-Status", Value: "7"}, {Name: "Grpc-Message", Value: "denied"}}}})
	everyWay(t, unreached(t), inline(1000), policy, func(t *testing.T, _ *setup, client *http.Client, url string) {
		answer, text := sending(t, client, "POST", url, "call", "Content-Type", "application/grpc")
		places := answer.Trailer
		if answer.ProtoMajor > 1 {
			places = answer.Header // the only head there is
		}
		if answer.StatusCode != 200 || text != "" || places.Get("Grpc-Status") != "7" || places.Get("Grpc-Message") != "denied" {
			t.Errorf("%v %q %v %v", answer.Status, text, answer.Header, answer.Trailer)
		}
	})
}

func TestDrop(t *testing.T) {
	policy := always(mitigation.Measure{Actions: done(event.Drop), Answer: &mitigation.Answer{Drop: true}})
	everyWay(t, unreached(t), inline(1000), policy, func(t *testing.T, s *setup, client *http.Client, url string) {
		request, _ := http.NewRequest("POST", url, strings.NewReader("a=b"))
		if answer, err := client.Do(request); err == nil {
			t.Errorf("%v", answer.Status)
		}
		if e := s.observer.next(t); e.Result != event.Blocked || e.HTTP.Status != 0 || e.Actions[0].Kind != event.Drop {
			t.Errorf("event %+v", e)
		}
		if c := s.Counts(); c.Panics != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestDelay(t *testing.T) {
	policy := always(mitigation.Measure{Actions: done(event.Delay), Delay: 50 * time.Millisecond})
	everyWay(t, echo(t), inline(1000), policy, func(t *testing.T, s *setup, client *http.Client, url string) {
		began := time.Now()
		_, text := sending(t, client, "POST", url, "a=b")
		if took := time.Since(began); text != "origin got a=b" || took < 50*time.Millisecond {
			t.Errorf("%q after %v", text, took)
		}
		if e := s.observer.next(t); e.Result == event.Blocked || e.Actions[0].Outcome != event.Done {
			t.Errorf("event %+v", e)
		}
	})
}

// TestWaitsEnd has visitors leave, and the server stop, while requests wait for an hour.
func TestWaitsEnd(t *testing.T) {
	for name, m := range map[string]mitigation.Measure{
		"delay": {Delay: time.Hour}, "answer": {Answer: &mitigation.Answer{Status: 401, After: time.Hour}},
	} {
		everyWay(t, echo(t), inline(1000), always(m), func(t *testing.T, s *setup, client *http.Client, url string) {
			t.Parallel() // it takes a second until a visitor is missed
			ctx, cancel := context.WithCancel(context.Background())
			request, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
			ended := make(chan error, 1)
			go func() {
				_, err := client.Do(request)
				ended <- err
			}()
			until(t, "the wait", func() bool { return s.wire.pauses.waiting.Load() == 1 })
			cancel()
			if err := <-ended; err == nil {
				t.Fatal("the request was not cancelled")
			}
			until(t, "the end of the wait", func() bool { return s.wire.pauses.waiting.Load() == 0 && s.Counts().Abandoned == 1 })
			if strings.HasSuffix(t.Name(), "HTTP/3") || strings.HasSuffix(t.Name(), "HTTP/3#01") {
				return // the port is closed at once, so nobody would hear the answer
			}
			got := make(chan string, 1)
			go func() {
				answer, err := client.Get(url)
				if err != nil {
					got <- err.Error()
					return
				}
				text, _ := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				got <- answer.Status[:3] + " " + string(text)
			}()
			until(t, "the second wait", func() bool { return s.wire.pauses.waiting.Load() == 1 })
			s.stop()
			want := map[string]string{"delay": "200 origin got ", "answer": "401 "}[name]
			if text := <-got; text != want {
				t.Errorf("%q", text)
			}
		})
	}
}

// TestWaitsAreBounded has as many requests wait as may.
func TestWaitsAreBounded(t *testing.T) {
	s := start(t, echo(t), inline(1000), newObserver())
	s.obeys(always(mitigation.Measure{Delay: time.Hour}))
	s.wire.pauses.waiting.Store(mostPauses)
	if got := fetch(t, s.url); got != "origin got " {
		t.Errorf("%q", got)
	}
	if c := s.Counts(); c.Unwaited != 1 || s.wire.pauses.waiting.Load() != mostPauses {
		t.Errorf("counts %+v", c)
	}
}

// telling is an application that tells what it was sent.
func telling(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		_, _ = fmt.Fprintf(rw, "%s=%s\n", name, strings.Join(r.Header[name], ","))
	}
	_, _ = fmt.Fprintf(rw, "%d %v %s", r.ContentLength, r.TransferEncoding, body)
}

func TestRequestEdits(t *testing.T) {
	policy := always(mitigation.Measure{Actions: done(event.Rewrite), Request: &mitigation.Edit{
		Remove: []string{"x-gone", "Cookie"}, Body: []byte("changed body"),
		Set: []capture.Field{{Name: "X-Set", Value: "new"}, {Name: "Content-Length", Value: "1"}}, Add: []capture.Field{{Name: "X-Kept", Value: "two"}},
	}})
	for _, at := range []string{application(t, telling), secureApplication(t, telling)} {
		everyWay(t, at, inline(1000), policy, func(t *testing.T, s *setup, client *http.Client, url string) {
			_, text := sending(t, client, "POST", url, "original", "X-Gone", "1", "Cookie", "a=b", "X-Set", "old", "X-Kept", "one")
			for _, want := range []string{"X-Set=new\n", "X-Kept=one,two\n", "\n12 [] changed body"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q lacks %q", text, want)
				}
			}
			if strings.Contains(text, "X-Gone") || strings.Contains(text, "Cookie") {
				t.Errorf("%q", text)
			}
			if e := s.observer.next(t); value(e, "request") != "original" {
				t.Errorf("the event tells %q", value(e, "request"))
			}
			// A body that was not read whole stays as it is.
			long := strings.Repeat("x", 20_000)
			if _, text := sending(t, client, "POST", url, long); !strings.HasSuffix(text, "20000 [] "+long) {
				t.Errorf("%.100q", text)
			}
			if e := s.observer.next(t); e.Actions[0].Outcome != event.Failed || s.Counts().Unchanged[string(skipRequestBody)] != 1 {
				t.Errorf("actions %+v", e.Actions)
			}
		})
	}
}

func TestOriginOfAPolicy(t *testing.T) {
	at := unreached(t)
	decoy := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Set-Cookie", "decoy=1")
		_, _ = io.WriteString(rw, "from the decoy")
	})
	policy := always(mitigation.Measure{Actions: done(event.Decoy), Origin: "decoys"})
	policy.learns = func(string) int { return 1000 }
	policy.learn = func(*event.Event, *capture.Request, *capture.Response) { t.Error("a decoy's answer was learned") }
	spec := inline(1000)
	s := start(t, at, spec, newObserver())
	s.obeys(policy)
	one, two := origin.DefaultConfig(), origin.DefaultConfig()
	one.Endpoints = []origin.EndpointConfig{{URL: at, Weight: 1}}
	two.Name, two.Endpoints = "decoys", []origin.EndpointConfig{{URL: decoy, Weight: 1}}
	set, err := origin.New([]origin.Config{one, two}, origin.Deps{Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	now := *s.inspection.current.Load()
	now.origins = newOrigins(set)
	s.inspection.current.Store(&now)
	if got := fetch(t, s.url); got != "from the decoy" {
		t.Errorf("%q", got)
	}
	if e := s.observer.next(t); e.Result != event.Blocked || e.HTTP.Status != 200 || value(e, "response") != "" {
		t.Errorf("event %+v", e)
	}
	// A group that there is not is a failure of the action, and not of the request.
	other := start(t, echo(t), spec, newObserver())
	other.obeys(policy)
	policy.learn = func(*event.Event, *capture.Request, *capture.Response) {}
	other.obeys(policy)
	if got := fetch(t, other.url); got != "origin got " {
		t.Errorf("%q", got)
	}
	if e := other.observer.next(t); e.Actions[0].Outcome != event.Failed || e.Result == event.Blocked {
		t.Errorf("event %+v", e)
	}
}

// TestPreflightsPass unless something else than a check ends them.
func TestPreflightsPass(t *testing.T) {
	for kind, passes := range map[event.ActionKind]bool{event.Challenge: true, event.SecondFactor: true, event.Block: false} {
		s := start(t, echo(t), inline(1000), newObserver())
		s.obeys(always(mitigation.Measure{Actions: done(kind), Answer: &mitigation.Answer{Status: 403}}))
		client := &http.Client{Transport: &http.Transport{}}
		preflight := []string{"Origin", "https://a", "Access-Control-Request-Method", "POST"}
		answer, _ := sending(t, client, "OPTIONS", s.url, "", preflight...)
		if (answer.StatusCode == 200) != passes {
			t.Errorf("%s: %v", kind, answer.Status)
		}
		if e := s.observer.next(t); passes && e.Actions[0].Outcome != event.Withheld {
			t.Errorf("%s: %+v", kind, e.Actions)
		}
		for _, other := range [][]string{preflight[:2], append(preflight, "X-HTTP-Method-Override", "POST")} {
			if answer, _ := sending(t, client, "OPTIONS", s.url, "", other...); answer.StatusCode != 403 {
				t.Errorf("%s, %v: %v", kind, other, answer.Status)
			}
		}
		client.CloseIdleConnections()
	}
}

// TestNothingIsDoneInOtherModes: neither the question is asked, nor a page changed.
func TestNothingIsDoneInOtherModes(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(rw, "<body></body>")
	})
	policy := always(mitigation.Measure{Answer: &mitigation.Answer{Status: 403}})
	policy.content = func(string) *mitigation.Edit { t.Error("content was asked for"); return nil }
	s := start(t, at, inline(1000), newObserver())
	s.obeys(policy)
	s.put(sites(t, site.Config{Name: "a", Hosts: []string{"a.example"}, Mode: site.PassThrough}, site.Config{Name: "b", Hosts: []string{"b.example"}, Mode: site.Mirror}))
	for host, want := range map[string]string{"a.example": "<body></body>", "b.example": ""} {
		got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 200") || !strings.HasSuffix(got, "\r\n\r\n"+want) {
			t.Errorf("%s: %q", host, got)
		}
		if e := s.observer.next(t); e.HTTP.Inline || len(e.Actions) != 0 {
			t.Errorf("%s: %+v", host, e)
		}
	}
}

// TestWorkersSeeWhoAnswered: a worker that misses the marker goes to the origin itself, and would undo what was decided.
func TestWorkersSeeWhoAnswered(t *testing.T) {
	key := strings.Repeat("k", 40)
	for _, handling := range []string{HandlingOwn, HandlingStandard} {
		for name, m := range map[string]mitigation.Measure{
			"block":  {Actions: done(event.Block), Answer: &mitigation.Answer{Status: 403}},
			"feign":  {Actions: done(event.Feign), Answer: &mitigation.Answer{Feigned: true, Status: 401, Header: []capture.Field{{Name: "Content-Length", Value: "0"}}}},
			"let go": {},
		} {
			s := start(t, echo(t), inline(1000), newObserver(), func(c *Config) { c.MessageHandling = handling })
			s.put(sites(t, site.Config{Name: "a", Hosts: []string{"a.example"}, CustomerKey: site.KeyConfig{Keys: []string{key}}}))
			s.obeys(always(m))
			got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a.example\r\nX-Spec-Customer-Authorization: "+key+"\r\nConnection: close\r\n\r\n")
			if head, _, _ := strings.Cut(got, "\r\n\r\n"); !strings.Contains(strings.ToLower(head), "\r\n"+site.DefaultHandledHeader+": 1") {
				t.Errorf("%s, %s: %q", handling, name, got)
			}
		}
	}
}
