package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/event"
)

func TestVisitorAborts(t *testing.T) {
	entered := make(chan struct{}, 2)
	at := application(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		entered <- struct{}{}
		<-r.Context().Done()
	})
	s := start(t, at, passThrough(100), newObserver())
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
	<-entered
	_ = conn.Close()
	if e := s.observer.next(t); e.HTTP.Status != 0 || value(e, "request") != "hello" || value(e, "response") != "<absent>" {
		t.Errorf("event %+v", e)
	}
	if c := s.Counts(); c.Abandoned != 1 || len(c.Upstream) != 0 {
		t.Errorf("counts %+v", c)
	}
	// And one that leaves in the middle of its body.
	conn, err = net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
	_ = conn.Close()
	if e := s.observer.next(t); value(e, "request") != "hello…" {
		t.Errorf("event %+v", e)
	}
}

func TestOriginFails(t *testing.T) {
	cases := map[string]struct {
		response string
		status   string
		count    string
	}{
		"no answer":      {"", "502", "protocol"},
		"not HTTP":       {"SSH-2.0-OpenSSH\r\n\r\n", "502", "protocol"},
		"bad status":     {"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", "502", "protocol"},
		"two lengths":    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok", "502", "protocol"},
		"switches alone": {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n", "502", "protocol"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := newRawOrigin(t, c.response)
			s := start(t, o.url, passThrough(100), newObserver())
			got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status) {
				t.Errorf("answer %q", got)
			}
			if strings.Contains(strings.ToLower(got), "wayguard") || strings.Contains(got, "proxy") {
				t.Errorf("the answer names us: %q", got)
			}
			if s.Counts().Upstream[c.count] != 1 {
				t.Errorf("counts %+v", s.Counts())
			}
			s.observer.next(t)
		})
	}
}

func TestOriginIsDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	s := start(t, "http://"+listener.Addr().String(), passThrough(100), newObserver())
	answer, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 502 || s.Counts().Upstream["connect"] != 1 {
		t.Errorf("%d, counts %+v", answer.StatusCode, s.Counts())
	}
	if e := s.observer.next(t); e.HTTP.Status != 0 {
		t.Errorf("event %+v", e)
	}
}

func TestOriginIsSlow(t *testing.T) {
	at := application(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Origin.ResponseTimeout = 30 * time.Millisecond })
	answer, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 504 || s.Counts().Upstream["timeout"] != 1 {
		t.Errorf("%d, counts %+v", answer.StatusCode, s.Counts())
	}
}

// TestOriginAbortsInTheBody must not look like a whole answer.
func TestOriginAbortsInTheBody(t *testing.T) {
	for _, framing := range []string{"Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		o := newRawOrigin(t, "HTTP/1.1 200 OK\r\n"+framing)
		s := start(t, o.url, passThrough(100), newObserver())
		answer, err := http.Get(s.url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err == nil || string(text) != "half" {
			t.Errorf("read %q, %v", text, err)
		}
		if e := s.observer.next(t); value(e, "response") != "half…" {
			t.Errorf("event %+v", e)
		}
	}
}

func TestStalledVisitorIsCut(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body)
			return
		}
		_, _ = io.CopyN(rw, zeros{}, 1<<30)
	})
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Limits.StallTimeout = 100 * time.Millisecond })
	got := exchangeRaw(t, s.address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
	if !strings.HasPrefix(got, "HTTP/1.1 408") {
		t.Errorf("answer %q", got)
	}
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	// Nothing is read: the handler must end all the same, or the server could not stop within its grace.
	until(t, "the request's arrival", func() bool { return s.Counts().Requests == 2 })
	s.stop()
	if err := <-s.stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	s.stopped <- nil
}

func TestGracefulStop(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(rw, "whole")
	})
	s := start(t, at, passThrough(100), newObserver())
	got := make(chan string, 1)
	go func() { got <- fetch(t, s.url) }()
	<-entered
	s.stop()
	until(t, "the end of listening", func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(leave)
	if text := <-got; text != "whole" {
		t.Errorf("answer %q", text)
	}
	if err := <-s.stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
	s.stopped <- nil
	if e := s.observer.next(t); value(e, "response") != "whole" {
		t.Errorf("event %+v", e)
	}
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	entered := make(chan struct{}, 10)
	at := application(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			entered <- struct{}{}
			<-r.Context().Done()
		}
	})
	o := newObserver()
	o.observe = func(context.Context, event.Event) error { <-never; return nil }
	s := start(t, at, passThrough(100), o, func(c *Config) {
		c.Shutdown = ShutdownConfig{Grace: 50 * time.Millisecond, Drain: 50 * time.Millisecond}
	})
	for range 3 {
		fetch(t, s.url)
	}
	go func() {
		if answer, err := http.Get(s.url + "/hang"); err == nil {
			_ = answer.Body.Close()
		}
	}()
	<-entered
	s.stop()
	err := <-s.stopped
	s.stopped <- nil
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "gave up") {
		t.Errorf("stop: %v", err)
	}
	if s.Counts().Shed["shutdown"] == 0 {
		t.Errorf("counts %+v", s.Counts())
	}
}
