package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

func echo(t *testing.T) string {
	return application(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(rw, "origin got %s", body)
	})
}

func TestNoMatchIsForgotten(t *testing.T) {
	s := start(t, echo(t), nil, newObserver())
	for range 3 {
		fetch(t, s.url)
	}
	counts := s.Counts()
	if counts.Requests != 3 || counts.Matched != 0 || counts.Memory != 0 || len(s.observer.seen) != 0 {
		t.Errorf("counts %+v", counts)
	}
}

func TestPassThroughCopies(t *testing.T) {
	s := start(t, echo(t), passThrough(12), newObserver())
	before := time.Now().Add(-time.Microsecond)
	answer, err := http.Post(s.url+"/a%2Fb?c=d", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	if string(text) != "origin got hello" {
		t.Errorf("answer %q", text)
	}
	e := s.observer.next(t)
	if value(e, "request") != "hello" || value(e, "response") != "origin got h…" {
		t.Errorf("copied %q and %q", value(e, "request"), value(e, "response"))
	}
	switch {
	case e.HTTP.Inline, e.HTTP.Status != 200, e.HTTP.Route != "/a%2Fb", e.HTTP.Duration <= 0:
		t.Errorf("event's HTTP %+v", e.HTTP)
	case e.Environment != "production", e.Evidence.Address != "127.0.0.1", len(e.ID) != 36:
		t.Errorf("event %+v", e)
	case e.Time.Location() != time.UTC, !e.Time.Equal(e.Time.Truncate(time.Microsecond)), e.Time.Before(before.Truncate(time.Microsecond)):
		t.Errorf("time %v", e.Time)
	}
	until(t, "giving back the memory", func() bool { return s.Counts().Memory == 0 })
}

// TestBodiesAsOnTheWire has a compressed body copied as it is.
func TestBodiesAsOnTheWire(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, "secret")
	_ = w.Close()
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = io.Copy(rw, r.Body)
	})
	s := start(t, at, passThrough(1000), newObserver())
	request, _ := http.NewRequest(http.MethodPost, s.url, bytes.NewReader(packed.Bytes()))
	request.Header.Set("Content-Encoding", "gzip")
	request.Header.Set("Accept-Encoding", "gzip")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	e := s.observer.next(t)
	for _, got := range []string{string(text), value(e, "request"), value(e, "response")} {
		if got != packed.String() {
			t.Errorf("got %q, want %q", got, packed.String())
		}
	}
}

func TestInlineQuestionSeesTheBody(t *testing.T) {
	var asked event.Event
	o := newObserver()
	o.consider = func(_ context.Context, e event.Event) (event.Verdict, error) { asked = e; return event.Verdict{}, nil }
	s := start(t, echo(t), inline(5), o)
	for sent, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abcde", "abcdef": "abcde…"} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = strings.NewReader(sent)
			if chunked {
				body = io.MultiReader(body)
			}
			answer, err := http.Post(s.url, "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(answer.Body)
			if string(text) != "origin got "+sent {
				t.Errorf("answer %q to %q", text, sent)
			}
			e := o.next(t)
			if value(asked, "request") != want || value(e, "request") != want {
				t.Errorf("%q: asked %q, finished %q, want %q", sent, value(asked, "request"), value(e, "request"), want)
			}
			if asked.ID != e.ID || !e.HTTP.Inline {
				t.Errorf("ids %s and %s, inline %v", asked.ID, e.ID, e.HTTP.Inline)
			}
		}
	}
}

// TestSlowBodyIsNotWaitedForEver asks on what has arrived, and still forwards the whole body; the event knows all of it.
func TestSlowBodyIsNotWaitedForEver(t *testing.T) {
	asked := make(chan string, 1)
	o := newObserver()
	o.consider = func(_ context.Context, e event.Event) (event.Verdict, error) {
		asked <- value(e, "request")
		return event.Verdict{}, nil
	}
	s := start(t, echo(t), inline(100), o, func(c *Config) { c.Inline.BodyTimeout = 50 * time.Millisecond })
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "first ")
		<-asked
		_, _ = io.WriteString(writer, "second")
		_ = writer.Close()
	}()
	answer, err := http.Post(s.url, "text/plain", reader)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	if string(text) != "origin got first second" {
		t.Errorf("answer %q", text)
	}
	if e := o.next(t); value(e, "request") != "first second" {
		t.Errorf("finished event holds %q", value(e, "request"))
	}
}

func TestBlock(t *testing.T) {
	reached := make(chan struct{}, 10)
	at := application(t, func(http.ResponseWriter, *http.Request) { reached <- struct{}{} })
	o := newObserver()
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		return event.Verdict{Actions: []event.Action{
			{Name: "look", Kind: event.Block, Shadow: true},
			{Name: "unknown", Kind: event.Block},
			{Name: "block", Kind: event.Block, Because: "Account Takeover"},
			{Name: "tag", Kind: event.Tag},
		}}, nil
	}
	s := start(t, at, inline(100), o)
	answer, err := http.Post(s.url, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 403 || string(text) != "no entry" || answer.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("answer %d %q %v", answer.StatusCode, text, answer.Header)
	}
	e := o.next(t)
	if e.Result != event.Blocked || e.HTTP.Status != 403 || value(e, "request") != "hello" || len(e.Actions) != 2 ||
		e.Actions[0].Outcome != event.Failed || e.Actions[1].Outcome != event.Done || e.Actions[1].Name != "block" {
		t.Errorf("event %+v", e)
	}
	if len(reached) != 0 {
		t.Error("the origin was reached")
	}
	if c := s.Counts(); c.Blocked != 1 || c.Acted["block done"] != 1 || c.Acted["block failed"] != 1 {
		t.Errorf("counts %+v", c)
	}
	head, err := http.Head(s.url)
	if err != nil || head.StatusCode != 403 {
		t.Errorf("HEAD: %v %v", head, err)
	}
}

func TestTag(t *testing.T) {
	headers := make(chan http.Header, 10)
	at := application(t, func(_ http.ResponseWriter, r *http.Request) { headers <- r.Header.Clone() })
	o := newObserver()
	var shadow bool
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		return event.Verdict{
			Rating: event.Suspicious, Score: 40,
			Labels:  []event.Label{{Name: "High Velocity, Logins"}, {Name: "Quiet", Shadow: true}, {Name: "Ü%\r\n"}},
			Actions: []event.Action{{Name: "tag-origin", Kind: event.Tag, Shadow: shadow}},
		}, nil
	}
	spoofed := http.Header{
		"X-Visit-Rating": {"normal"}, "x-visit-session": {"me"}, "X_Visit_Score": {"0"}, "X-Visitor": {"stays"},
	}
	ask := func(spec route) http.Header {
		s := start(t, at, spec, o)
		request, _ := http.NewRequest(http.MethodGet, s.url, nil)
		request.Header = spoofed.Clone()
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return <-headers
	}
	got := ask(inline(100))
	want := map[string]string{
		"X-Visit-Rating": "suspicious", "X-Visit-Score": "40", "X-Visit-Labels": "High Velocity%2C Logins, %C3%9C%25%0D%0A",
		"X-Visit-Session": "", "X_visit_score": "", "X_Visit_Score": "", "X-Visitor": "stays",
	}
	for name, value := range want {
		if strings.Join(got[name], "|") != value {
			t.Errorf("%s: %q, want %q", name, got[name], value)
		}
	}
	if e := o.next(t); len(e.Actions) != 1 || e.Actions[0].Outcome != event.Done {
		t.Errorf("actions %+v", e.Actions)
	}
	shadow = true
	for _, spec := range []route{inline(100), passThrough(100), nil} {
		for name := range ask(spec) {
			if tagName(name, "X-Visit-") {
				t.Errorf("%s reached the origin untagged", name)
			}
		}
	}
}

func TestFailuresOfTheQuestion(t *testing.T) {
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	cases := map[string]struct {
		consider func(context.Context, event.Event) (event.Verdict, error)
		request  func(*capture.Request)
		places   int
		want     failureReason
	}{
		"error": {consider: func(context.Context, event.Event) (event.Verdict, error) {
			return event.Verdict{}, errors.New("broken")
		}, want: failureConsider},
		"panic": {consider: func(context.Context, event.Event) (event.Verdict, error) { panic("broken") }, want: failureObserverPanic},
		"deadline": {consider: func(ctx context.Context, _ event.Event) (event.Verdict, error) {
			<-ctx.Done()
			return event.Verdict{}, ctx.Err()
		}, want: failureDeadline},
		"deaf":           {consider: func(context.Context, event.Event) (event.Verdict, error) { <-never; return event.Verdict{}, nil }, want: failureDeadline},
		"panic, reading": {request: func(*capture.Request) { panic("broken") }, want: failureObserverPanic},
	}
	for name, c := range cases {
		for _, closed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", name, closed), func(t *testing.T) {
				o := newObserver()
				o.consider = c.consider
				spec := inline(100)
				spec.request = c.request
				s := start(t, echo(t), spec, o, func(config *Config) {
					config.Inline.Budget = 100 * time.Millisecond
					if closed {
						config.Inline.FailClosed = []string{"inline"}
					}
				})
				answer, err := http.Post(s.url, "text/plain", strings.NewReader("hello"))
				if err != nil {
					t.Fatal(err)
				}
				text, _ := io.ReadAll(answer.Body)
				e := o.next(t)
				if closed {
					if answer.StatusCode != 503 || e.Result != event.Blocked || len(e.Actions) != 1 {
						t.Errorf("%d, event %+v", answer.StatusCode, e)
					}
				} else if string(text) != "origin got hello" || e.Result != "" || e.HTTP.Inline {
					t.Errorf("%q, event %+v", text, e)
				}
				if counts := s.Counts(); counts.Failures[string(c.want)] != 1 {
					t.Errorf("failures %v, want one %s", counts.Failures, c.want)
				}
			})
		}
	}
}

// TestDeafObserverHoldsNoMorePlaces gives questions that never end all the places there are.
func TestDeafObserverHoldsNoMorePlaces(t *testing.T) {
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	var asked atomic.Int64
	o := newObserver()
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		asked.Add(1)
		<-never
		return event.Verdict{}, nil
	}
	s := start(t, echo(t), inline(100), o, func(c *Config) {
		c.Inline.Budget, c.Inline.Concurrency = 20*time.Millisecond, 2
	})
	for range 5 {
		if got := fetch(t, s.url); got != "origin got " {
			t.Fatalf("answer %q", got)
		}
	}
	if f := s.Counts().Failures; asked.Load() != 2 || f["deadline"] != 2 || f["busy"] != 3 {
		t.Errorf("asked %d, failures %v", asked.Load(), f)
	}
}

func TestSlowObserverDoesNotSlowVisitors(t *testing.T) {
	release := make(chan struct{})
	o := newObserver()
	o.observe = func(context.Context, event.Event) error { <-release; return nil }
	s := start(t, echo(t), passThrough(100), o, func(c *Config) { c.Queue.Length, c.Queue.Workers = 4, 1 })
	for range 10 {
		if got := fetch(t, s.url); got != "origin got " {
			t.Fatalf("answer %q", got)
		}
	}
	// One is being observed, four wait.
	until(t, "shedding", func() bool { return s.Counts().Shed["queue_full"] == 5 })
	if depth := s.Counts().QueueDepth; depth != 4 {
		t.Errorf("depth %d", depth)
	}
	close(release)
	for range 5 {
		o.next(t)
	}
	until(t, "giving back the memory", func() bool { return s.Counts().Memory == 0 })
}

func TestObserverErrorsAndPanicsAreCounted(t *testing.T) {
	var call atomic.Int64
	o := newObserver()
	o.observe = func(context.Context, event.Event) error {
		switch call.Add(1) {
		case 1:
			panic("broken")
		case 2:
			return errors.New("full")
		}
		return nil
	}
	spec := passThrough(100)
	spec.exchange = func(r *capture.Request, _ *capture.Response) {
		if r.Path == "/poison" {
			panic(errors.New("poisoned"))
		}
	}
	s := start(t, echo(t), spec, o)
	for _, path := range []string{"/", "/", "/poison", "/"} {
		fetch(t, s.url+path)
	}
	o.next(t)
	until(t, "the count", func() bool { return s.Counts().Observed == 1 }) // it is told after the observer has returned
	counts := s.Counts()
	if counts.Failures["observer_panic"] != 1 || counts.Failures["observe"] != 1 || counts.Failures["capture_panic"] != 1 || counts.Observed != 1 {
		t.Errorf("counts %+v", counts)
	}
}

func TestMatcherPanicLetsTrafficFlow(t *testing.T) {
	s := start(t, echo(t), nil, newObserver())
	s.inspection.current.Store(&snapshot{match: func(*capture.Request) route { panic("broken") }})
	if got := fetch(t, s.url); got != "origin got " {
		t.Errorf("answer %q", got)
	}
	if s.Counts().Failures["capture_panic"] != 1 {
		t.Errorf("counts %+v", s.Counts())
	}
}

func TestEventWithoutSpecIsDropped(t *testing.T) {
	asked := false
	o := newObserver()
	o.consider = func(context.Context, event.Event) (event.Verdict, error) { asked = true; return event.Verdict{}, nil }
	spec := inline(100)
	spec.name = ""
	s := start(t, echo(t), spec, o)
	fetch(t, s.url)
	until(t, "the end of the work", func() bool { return s.Counts().Memory == 0 })
	if asked || len(o.seen) != 0 {
		t.Errorf("asked %v, observed %d", asked, len(o.seen))
	}
}

func TestSpentMemoryStillAsks(t *testing.T) {
	asked := make(chan string, 10)
	o := newObserver()
	o.consider = func(_ context.Context, e event.Event) (event.Verdict, error) {
		asked <- value(e, "request")
		return event.Verdict{}, nil
	}
	s := start(t, echo(t), inline(100), o, func(c *Config) { c.Queue.Memory = 1 })
	answer, err := http.Post(s.url, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	if got := <-asked; got != "…" || string(text) != "origin got hello" {
		t.Errorf("asked about %q, answer %q", got, text)
	}
	o.next(t)
	s = start(t, echo(t), passThrough(100), o, func(c *Config) { c.Queue.Memory = 1 })
	fetch(t, s.url)
	if c := s.Counts(); c.Shed["memory"] != 1 || len(o.seen) != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestSwapUnderLoad(t *testing.T) {
	o := newObserver()
	s := start(t, echo(t), passThrough(100), o)
	var visitors sync.WaitGroup
	for range 4 {
		visitors.Go(func() {
			for range 25 {
				if answer, err := http.Get(s.url); err != nil {
					t.Error(err)
				} else {
					_ = answer.Body.Close()
				}
			}
		})
	}
	for range 50 {
		s.Swap(Snapshot{})
		s.inspection.current.Store(&snapshot{match: func(*capture.Request) route { return passThrough(10) }})
	}
	visitors.Wait()
	if s.Counts().Requests != 100 {
		t.Errorf("counts %+v", s.Counts())
	}
}

func TestTagsNameTheSession(t *testing.T) {
	in := &inspection{tagPrefix: "X-Visit-", counts: &counts{}}
	tags := in.tags(&event.Verdict{}, "a-session")
	if last := tags[len(tags)-1]; last.Name != "X-Visit-Session" || last.Value != "a-session" {
		t.Errorf("the last tag is %+v", last)
	}
	if n := len(in.tags(&event.Verdict{}, "")); n != len(tags)-1 {
		t.Errorf("%d tags without a session", n)
	}
}
