package proxy

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/origin"
	"wayguard/site"
)

func sites(t *testing.T, configs ...site.Config) *site.Set {
	t.Helper()
	set, problems := site.Compile(configs, site.ForwardUnknown)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

// put puts sites in force and keeps the rest.
func (s *setup) put(set *site.Set) {
	now := *s.inspection.current.Load()
	now.sites = set
	s.inspection.current.Store(&now)
}

func ask(t *testing.T, address, host, body string) (*http.Response, string) {
	t.Helper()
	conn := dial(t, address)
	request, _ := http.NewRequest(http.MethodPost, "http://"+address+"/a", strings.NewReader(body))
	request.Host = host
	if err := request.Write(conn); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestModes(t *testing.T) {
	o := newObserver()
	o.consider = blocking
	s := start(t, echo(t), inline(1000), o)
	s.put(sites(t,
		site.Config{Name: "watched", Hosts: []string{"watched.example"}, Mode: site.PassThrough},
		site.Config{Name: "guarded", Hosts: []string{"guarded.example"}, Mode: site.Active},
		site.Config{Name: "copied", Hosts: []string{"copied.example"}, Mode: site.Mirror},
	))
	// A pass-through request is never held, and nothing is done to it.
	if answer, text := ask(t, s.address, "watched.example", "hello"); answer.StatusCode != 200 || text != "origin got hello" {
		t.Errorf("pass-through: %d %q", answer.StatusCode, text)
	}
	if e := o.next(t); e.HTTP.Inline || value(e, "request") != "hello" || e.HTTP.Status != 200 {
		t.Errorf("pass-through: event %+v", e)
	}
	if answer, _ := ask(t, s.address, "guarded.example", "hello"); answer.StatusCode != 403 {
		t.Errorf("active: %d", answer.StatusCode)
	}
	if e := o.next(t); !e.HTTP.Inline || e.Result != event.Blocked {
		t.Errorf("active: event %+v", e)
	}
	for _, body := range []string{"hello", strings.Repeat("x", 100000)} {
		answer, text := ask(t, s.address, "copied.example", body)
		if answer.StatusCode != 200 || text != "" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("mirror: %d %q %v", answer.StatusCode, text, answer.Header)
		}
		want := body
		if len(want) > 1000 {
			want = want[:1000] + "…"
		}
		if e := o.next(t); e.HTTP.Inline || value(e, "request") != want || value(e, "response") != "<absent>" {
			t.Errorf("mirror: event %+v", e)
		}
	}
}

// TestMirrorKeepsTheConnection asks several times over one connection.
func TestMirrorKeepsTheConnection(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", nil, newObserver())
	s.put(sites(t, site.Config{Name: "copied", Hosts: []string{"*"}, Mode: site.Mirror}))
	conn := dial(t, s.address)
	r := bufio.NewReader(conn)
	for _, body := range []string{"Content-Length: 5\r\n\r\nhello", "Content-Length: 50000\r\n\r\n" + strings.Repeat("x", 50000),
		"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r\n"} {
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a.example\r\n"+body)
		answer, err := http.ReadResponse(r, nil)
		if err != nil || answer.StatusCode != 200 || answer.Close {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
}

func TestErrorPage(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", nil, newObserver())
	s.put(sites(t, site.Config{Name: "one", Hosts: []string{"*"}, ErrorPage: site.PageConfig{Text: "we are sorry"}}))
	if answer, text := ask(t, s.address, "a.example", ""); answer.StatusCode != 502 || text != "we are sorry" || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("%d %q %v", answer.StatusCode, text, answer.Header)
	}
}

// TestSwapEverything changes specs, sites and origins under a request that is under way.
func TestSwapEverything(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	old := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(rw, "old")
	})
	next := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "new") })
	set := func(url string) *origin.Set {
		config := origin.DefaultConfig()
		config.Endpoints = []origin.EndpointConfig{{URL: url, Weight: 1}}
		made, err := origin.New([]origin.Config{config}, origin.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	s := start(t, "http://127.0.0.1:1", nil, newObserver())
	s.Swap(Snapshot{Origins: set(old)})
	replaced := s.inspection.current.Load().origins
	got := make(chan string, 1)
	go func() { got <- fetch(t, s.url) }()
	<-entered
	second := set(next)
	s.Swap(Snapshot{Origins: second})
	s.Swap(Snapshot{Origins: second}) // the same set once more is not closed
	if text := fetch(t, s.url); text != "new" {
		t.Errorf("after the change: %q", text)
	}
	if replaced.users.Load() != 1 {
		t.Errorf("%d use the replaced origins, want the one request", replaced.users.Load())
	}
	close(leave)
	if text := <-got; text != "old" {
		t.Errorf("the request under way: %q", text)
	}
	until(t, "the end of the replaced origins", func() bool { return replaced.users.Load() == 0 })
	if text := fetch(t, s.url); text != "new" {
		t.Errorf("after the close: %q", text)
	}
}

// TestConnectionIsTold looks at what a spec gets of the visitor's connection.
func TestConnectionIsTold(t *testing.T) {
	seen := make(chan capture.Connection, 10)
	spec := passThrough(100)
	spec.exchange = func(r *capture.Request, _ *capture.Response) { seen <- r.Connection }
	files := writeCertificate(t, t.TempDir(), "one")
	s := start(t, echo(t), spec, newObserver(), func(c *Config) {
		c.Listen = append(c.Listen, ListenConfig{Address: "127.0.0.1:0", TLS: &files})
	})
	exchangeRaw(t, s.address, "GET / HTTP/1.0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
	if got := <-seen; got.Protocol != "HTTP/1.0" || !got.SpoofedForwarding || got.JA4 != "" {
		t.Errorf("%+v", got)
	}
	for _, two := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, files), ForceAttemptHTTP2: two}}
		answer, err := client.Get("https://" + s.Addresses()[1].String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		client.CloseIdleConnections()
		got := <-seen
		if len(got.JA4) < 30 || got.SpoofedForwarding || two != (got.HTTP2 != "") || two != (got.Protocol == "HTTP/2") {
			t.Errorf("%+v", got)
		}
	}
}

// TestSilentOriginIsLeft has a visitor leave while the origin says nothing: the request there ends too.
func TestSilentOriginIsLeft(t *testing.T) {
	ended := make(chan struct{})
	at := application(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	s := start(t, at, nil, newObserver())
	conn := dial(t, s.address)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	until(t, "the request", func() bool { return s.Counts().Requests == 1 })
	_ = conn.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the origin is still asked")
	}
	until(t, "the count", func() bool { return s.Counts().Abandoned == 1 })
}
