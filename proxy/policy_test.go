package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/site"
)

// TestFactsAreTheSameTwice has the policy change its mind between the question and the finished event.
func TestFactsAreTheSameTwice(t *testing.T) {
	calls := 0
	policy := fakePolicy{facts: func(head *capture.Request, e *event.Event) {
		calls++
		text := []byte("proof of " + head.Path)
		e.Elements = append([]event.Element{{Name: "check", Value: string(text)}}, e.Elements...)
		e.Elements = append(e.Elements, event.Element{Name: "zeal", Value: "1"})
	}}
	for _, spec := range []*fakeSpec{inline(100), passThrough(100)} {
		calls = 0
		var asked event.Event
		o := newObserver()
		o.consider = func(_ context.Context, e event.Event) (event.Verdict, error) {
			asked = kept(e)
			return event.Verdict{}, nil
		}
		s := start(t, echo(t), spec, o)
		s.obeys(policy)
		fetch(t, s.url+"/page")
		finished := o.next(t)
		for _, e := range []event.Event{asked, finished} {
			if spec.needs.Inline && value(e, "check") != "proof of /page" {
				t.Errorf("%+v", e.Elements)
			}
		}
		if calls != 1 || value(finished, "check") != "proof of /page" || value(finished, "zeal") != "1" || finished.Elements[0].Name != "check" {
			t.Errorf("%d calls, %+v", calls, finished.Elements)
		}
	}
}

// TestPanicsOfThePolicyAreNoOutage breaks one method after the other.
func TestPanicsOfThePolicyAreNoOutage(t *testing.T) {
	page := application(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(rw, "<body>"+string(body)+"</body>")
	})
	broken := map[string]fakePolicy{
		"Decide": {decide: func(*capture.Request, *event.Event, *mitigation.Judgement) mitigation.Measure { panic("broken") }},
		"Facts":  {facts: func(*capture.Request, *event.Event) { panic("broken") }},
		"Own":    {own: func(string) bool { panic("broken") }},
		"Resume": {resume: func(*capture.Request, []byte) ([]byte, string, string, bool) { panic("broken") }},
		"Learns": {learns: func(string) int { panic("broken") }},
		"Learn": {learns: func(string) int { return 100 },
			learn: func(*event.Event, *capture.Request, *capture.Response) { panic("broken") }},
		"DecoyContent": {content: func(string) *mitigation.Edit { panic("broken") }},
		"Transform": {content: func(string) *mitigation.Edit {
			return &mitigation.Edit{Transform: func(string, []byte) ([]byte, error) { panic("broken") }}
		}},
		"Failed": {failed: func(string, *capture.Request) *mitigation.Answer { panic("broken") }},
	}
	for name, policy := range broken {
		t.Run(name, func(t *testing.T) {
			o := newObserver()
			if name == "Failed" {
				o.consider = func(context.Context, event.Event) (event.Verdict, error) {
					return event.Verdict{}, errors.New("broken")
				}
			}
			s := start(t, page, inline(100), o)
			s.obeys(policy)
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			if _, text := sending(t, client, "POST", s.url, "a=b", "Content-Type", "application/x-www-form-urlencoded"); text != "<body>a=b</body>" {
				t.Errorf("%q", text)
			}
			if _, text := sending(t, client, "GET", s.url, ""); text != "<body></body>" {
				t.Errorf("%q", text)
			}
			if e := o.next(t); e.Result == event.Blocked {
				t.Errorf("event %+v", e)
			}
			o.next(t)
			if c := s.Counts(); c.Failures[string(failurePolicy)] == 0 || c.Panics != 0 {
				t.Errorf("counts %+v", c)
			}
			until(t, "giving back the memory", func() bool { return s.Counts().Memory == 0 })
		})
	}
}

// TestFailureIsThePolicysToAnswer where it wants to.
func TestFailureIsThePolicysToAnswer(t *testing.T) {
	o := newObserver()
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		return event.Verdict{}, errors.New("broken")
	}
	policy := fakePolicy{failed: func(spec string, head *capture.Request) *mitigation.Answer {
		return &mitigation.Answer{Status: 503, Body: []byte("closed: " + spec + " " + head.Path)}
	}}
	everyWay(t, unreached(t), inline(100), policy, func(t *testing.T, s *setup, client *http.Client, url string) {
		s.observer.considers(o.consider)
		answer, text := sending(t, client, "POST", url+"/in", "a=b")
		if answer.StatusCode != 503 || text != "closed: inline /in" {
			t.Errorf("%v %q", answer.Status, text)
		}
		if e := s.observer.next(t); e.Result != event.Blocked || e.Actions[0].Name != "fail_closed" || s.Counts().Refused != 1 {
			t.Errorf("event %+v", e)
		}
	})
}

// TestDecisionNobodyWaitsForIsNotMade: giving up on a question ends it before anything is counted as done.
func TestDecisionNobodyWaitsForIsNotMade(t *testing.T) {
	release, considered := make(chan struct{}), make(chan struct{})
	o := newObserver()
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		<-release
		defer close(considered)
		return event.Verdict{}, nil
	}
	s := start(t, echo(t), inline(100), o, func(c *Config) { c.Inline.Budget = 20 * time.Millisecond })
	s.obeys(fakePolicy{decide: func(*capture.Request, *event.Event, *mitigation.Judgement) mitigation.Measure {
		t.Error("it was made")
		return mitigation.Measure{}
	}})
	if got := fetch(t, s.url); got != "origin got " {
		t.Errorf("%q", got)
	}
	close(release)
	<-considered
	until(t, "the end of the question", func() bool {
		s.inspection.askers.mu.Lock()
		defer s.inspection.askers.mu.Unlock()
		return s.inspection.askers.busy == 0
	})
}

func ownPages() fakePolicy {
	return fakePolicy{
		own: func(path string) bool { return strings.HasPrefix(path, "/.own/") },
		serve: func(head *capture.Request, body []byte) mitigation.Answer {
			return mitigation.Answer{Status: 201, Header: []capture.Field{{Name: "X-Peer", Value: head.Peer.String()}},
				Body: []byte(head.Method + " " + head.Host + head.Path + "?" + head.Query + " " + string(body))}
		},
	}
}

func TestOwnPages(t *testing.T) {
	everyWay(t, unreached(t), nil, ownPages(), func(t *testing.T, s *setup, client *http.Client, url string) {
		host := strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "http://")
		for range 2 {
			for _, size := range []int{0, 10, 9000, mostOwnBody} {
				body := strings.Repeat("x", size)
				answer, text := sending(t, client, "POST", url+"/.own/answer?a=b", body)
				if answer.StatusCode != 201 || text != "POST "+host+"/.own/answer?a=b "+body || answer.Header.Get("X-Peer") != "127.0.0.1" {
					t.Errorf("%v %.100q %v", answer.Status, text, answer.Header)
				}
			}
			request, _ := http.NewRequest("POST", url+"/.own/answer", io.MultiReader(strings.NewReader("in chunks")))
			if answer, err := client.Do(request); err != nil || answer.StatusCode != 201 {
				t.Errorf("in chunks: %v, %v", answer, err)
			} else {
				_ = answer.Body.Close()
			}
			if answer, text := sending(t, client, "HEAD", url+"/.own/page", ""); answer.StatusCode != 201 || text != "" {
				t.Errorf("HEAD: %v %q", answer.Status, text)
			}
		}
		answer, _ := sending(t, client, "POST", url+"/.own/answer", strings.Repeat("x", mostOwnBody+1))
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("too large: %v", answer.Status)
		}
		if c := s.Counts(); c.Served != 12 || c.Matched != 0 || len(s.observer.seen) != 0 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestOwnPagesAndSites(t *testing.T) {
	s := start(t, echo(t), nil, newObserver())
	s.obeys(ownPages())
	s.put(sites(t,
		site.Config{Name: "p", Hosts: []string{"p.example"}, Mode: site.PassThrough},
		site.Config{Name: "m", Hosts: []string{"m.example"}, Mode: site.Mirror},
		site.Config{Name: "w", Hosts: []string{"w.example"}, Maintenance: site.PauseConfig{On: true}},
		site.Config{Name: "k", Hosts: []string{"k.example"}, CustomerKey: site.KeyConfig{Keys: []string{strings.Repeat("k", 40)}, Required: site.RequiredAlways}},
	))
	for host, want := range map[string]string{"p.example": "201", "m.example": "200", "w.example": "201", "k.example": "403", "bad_..host": "400"} {
		got := exchangeRaw(t, s.address, "GET /.own/a HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%s: %q", host, got)
		}
	}
	broken := ownPages()
	broken.serve = func(*capture.Request, []byte) mitigation.Answer { panic("broken") }
	s.obeys(broken)
	if got := exchangeRaw(t, s.address, "GET /.own/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 500") {
		t.Errorf("%q", got)
	}
	if c := s.Counts(); c.Panics != 0 || c.Failures[string(failurePolicy)] != 1 {
		t.Errorf("counts %+v", c)
	}
}

// TestOwnPageWithHalfABody ends by the usual limit of time.
func TestOwnPageWithHalfABody(t *testing.T) {
	s := start(t, echo(t), nil, newObserver(), func(c *Config) { c.Limits.StallTimeout = 50 * time.Millisecond })
	s.obeys(ownPages())
	got := exchangeRaw(t, s.address, "POST /.own/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
	if !strings.HasPrefix(got, "HTTP/1.1 408") {
		t.Errorf("%q", got)
	}
	got = exchangeRaw(t, s.address, "POST /.own/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf")
	if !strings.HasPrefix(got, "HTTP/1.1 40") {
		t.Errorf("%q", got)
	}
}

// TestResume has a form that a check carried along go on as it was first sent, also where the spec wants no body.
func TestResume(t *testing.T) {
	policy := fakePolicy{resume: func(_ *capture.Request, body []byte) (replaced []byte, contentType, cookie string, ok bool) {
		rest, ok := strings.CutPrefix(string(body), "solution=")
		return []byte(strings.ToUpper(rest)), "text/shout", "passed=1; Path=/", ok
	}}
	for _, at := range []string{application(t, telling), secureApplication(t, telling)} {
		for _, bodies := range []bool{true, false} {
			spec := inline(1000)
			spec.needs.RequestBody = bodies
			var asked, head atomic.Value
			spec.exchange = func(r *capture.Request, _ *capture.Response) {
				for _, field := range r.Header {
					if strings.EqualFold(field.Name, "Content-Type") {
						head.Store(strings.Clone(field.Value))
					}
				}
			}
			everyWay(t, at, spec, policy, func(t *testing.T, s *setup, client *http.Client, url string) {
				asked.Store("")
				head.Store("")
				s.observer.considers(func(_ context.Context, e event.Event) (event.Verdict, error) {
					asked.Store(strings.Clone(value(e, "request")))
					return event.Verdict{}, nil
				})
				long := strings.Repeat("y", 20_000)
				for _, original := range []string{"a=b", long} {
					answer, text := sending(t, client, "POST", url, "solution="+original, "Content-Type", "application/x-www-form-urlencoded")
					if !strings.HasSuffix(text, strings.ToUpper(original)) || !strings.Contains(text, "Content-Type=text/shout\n") ||
						answer.Header.Get("Set-Cookie") != "passed=1; Path=/" {
						t.Errorf("%.300q %v", text, answer.Header)
					}
					e := s.observer.next(t)
					if value(e, "request") != strings.ToUpper(original) || asked.Load() != strings.ToUpper(original) || head.Load() != "text/shout" {
						t.Errorf("told %.100q, asked %.100q, %q", value(e, "request"), asked.Load(), head.Load())
					}
				}
				answer, text := sending(t, client, "POST", url, "name=value", "Content-Type", "application/x-www-form-urlencoded")
				if !strings.HasSuffix(text, "name=value") || answer.Header.Get("Set-Cookie") != "" {
					t.Errorf("%q %v", text, answer.Header)
				}
				s.observer.next(t)
			})
		}
	}
}

// TestLearning shows what the policy gets to learn from, and from what it does not learn.
func TestLearning(t *testing.T) {
	at := newRawOrigin(t, "HTTP/1.1 401 UNAUTHORIZED\r\nServer: old\r\ncontent-length: 5\r\nX-Last: 1\r\nConnection: close\r\n\r\nwrong")
	type lesson struct {
		event  event.Event
		head   []capture.Field
		body   string
		status int
		asked  string
	}
	lessons := make(chan lesson, 10)
	policy := fakePolicy{
		learns: func(spec string) int { return map[string]int{"inline": 1000}[spec] },
		learn: func(e *event.Event, request *capture.Request, response *capture.Response) {
			lessons <- lesson{kept(*e), response.Header, string(response.Body.Bytes), response.Status, string(request.Body.Bytes)}
		},
	}
	spec := inline(100)
	spec.needs.ResponseBody = false
	s := start(t, at.url, spec, newObserver())
	s.put(sites(t, site.Config{Name: "a", Hosts: []string{"*.example"}, IdentityCookie: site.CookieConfig{On: true}}))
	s.obeys(policy)
	const request = "POST /in HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b"
	if got := exchangeRaw(t, s.address, request); !strings.HasSuffix(got, "wrong") || !strings.Contains(got, "Set-Cookie") {
		t.Fatalf("%q", got)
	}
	got := <-lessons
	if len(got.head) != 3 || got.head[1] != (capture.Field{Name: "content-length", Value: "5"}) || got.body != "wrong" || got.status != 401 || got.asked != "a=b" {
		t.Errorf("%+v", got)
	}
	s.observer.next(t)
	// Neither from answers of our own nor from those that were changed.
	policy.decide = always(mitigation.Measure{Answer: &mitigation.Answer{Status: 401}}).decide
	s.obeys(policy)
	exchangeRaw(t, s.address, request)
	s.observer.next(t)
	policy.decide = always(mitigation.Measure{Response: &mitigation.Edit{Transform: func(_ string, body []byte) ([]byte, error) { return append(body, '!'), nil }}}).decide
	s.obeys(policy)
	if got := exchangeRaw(t, s.address, request); !strings.HasSuffix(got, "wrong!") {
		t.Errorf("%q", got)
	}
	if e := s.observer.next(t); value(e, "response") != "wrong" {
		t.Errorf("the event tells %q", value(e, "response"))
	}
	if len(lessons) != 0 {
		t.Errorf("learned from %+v", <-lessons)
	}
}
