package proxy

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/event"
)

// talk sends a script to an address: a piece, then a wait for the answer to show the given text, and so on. It gives all
// that came.
func talk(t *testing.T, address string, steps ...[2]string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var got strings.Builder
	piece := make([]byte, 4096)
	for _, step := range steps {
		if _, err := io.WriteString(conn, step[0]); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(got.String(), step[1]) {
			n, err := conn.Read(piece)
			got.Write(piece[:n])
			if err != nil {
				t.Fatalf("waiting for %q, got %q: %v", step[1], got.String(), err)
			}
		}
	}
	return got.String()
}

// repeat answers with what it was sent.
func repeat(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	rw.Header().Set("Content-Length", strconv.Itoa(len("got ")+len(body)))
	_, _ = rw.Write(append([]byte("got "), body...))
}

// TestHeldBodiesArriveAsSent sends held bodies in every way; the limit is 10 bytes.
func TestHeldBodiesArriveAsSent(t *testing.T) {
	long := strings.Repeat("0123456789", 2000)
	cases := map[string]struct {
		steps [][2]string
		want  string
	}{
		"longer than the limit": {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + long, "got " + long}}, long},
		"stalls in the middle":  {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", ""}, {"llo", "got hello"}}, "hello"},
		"expects":               {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", "100 Continue\r\n\r\n"}, {"hello", "got hello"}}, "hello"},
		"expects, longer": {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\nExpect: 100-continue\r\n\r\n", "100 Continue\r\n\r\n"},
			{long, "got " + long}}, long},
		"HTTP/1.0": {[][2]string{{"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", "got hello"}}, "hello"},
		"chunked":  {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX: y\r\n\r\n", "got hello"}}, "hello"},
		"chunked, stalls": {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3", ""}, {"\r\nllo\r\n0\r\n", ""},
			{"\r\n", "got hello"}}, "hello"},
		"exactly the limit": {[][2]string{{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", "got 0123456789"}}, "0123456789"},
	}
	at := application(t, repeat)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			observer := newObserver()
			asked := make(chan string, 1)
			observer.consider = func(_ context.Context, e event.Event) (event.Verdict, error) {
				asked <- value(e, "request")
				return event.Verdict{}, nil
			}
			s := start(t, at, inline(10), observer, func(c *Config) { c.Inline.BodyTimeout = 50 * time.Millisecond })
			// A step that waits for nothing is a pause until the question was asked.
			var answer string
			if c.steps[0][1] == "" {
				conn, err := net.Dial("tcp", s.address)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				_, _ = io.WriteString(conn, c.steps[0][0])
				if got := <-asked; got != "he…" {
					t.Errorf("asked about %q", got)
				}
				for _, step := range c.steps[1:] {
					_, _ = io.WriteString(conn, step[0])
				}
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(response.Body)
				answer = string(body)
			} else {
				answer = talk(t, s.address, c.steps...)
			}
			if !strings.HasSuffix(strings.TrimRight(answer, "\r\n0"), strings.TrimRight("got "+c.want, "0")) || strings.Count(answer, "100 Continue") > 1 {
				t.Errorf("answer %.300q", answer)
			}
			want := c.want[:min(len(c.want), 10)]
			if len(c.want) > 10 {
				want += "…"
			}
			if got := value(observer.next(t), "request"); got != want {
				t.Errorf("observed %q, want %q", got, want)
			}
		})
	}
}

// TestRefusedExpectation has the origin refuse a body that the visitor then never sends. What follows on the connection
// must not be taken for that body.
func TestRefusedExpectation(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			rw.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.WriteString(rw, "second")
	})
	s := start(t, at, passThrough(100), newObserver())
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n")
	r := bufio.NewReader(conn)
	first, err := http.ReadResponse(r, nil)
	if err != nil || first.StatusCode != http.StatusRequestEntityTooLarge {
		t.Fatalf("%+v, %v", first, err)
	}
	_, _ = io.Copy(io.Discard, first.Body)
	if !first.Close {
		t.Error("the connection stays open although the body is missing")
	}
}

// TestIdleStreamIsNotCut has both sides silent for longer than a visitor may stall, after the origin has begun to answer:
// that is how subscriptions and calls that stream both ways look.
func TestIdleStreamIsNotCut(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex()
		rw.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(rw).Flush()
		piece := make([]byte, 4)
		for {
			if _, err := io.ReadFull(r.Body, piece); err != nil {
				return
			}
			_, _ = rw.Write(bytes.ToUpper(piece))
			_ = http.NewResponseController(rw).Flush()
		}
	})
	const limit = 50 * time.Millisecond
	for _, spec := range []route{nil, passThrough(100)} {
		s := start(t, at, spec, newObserver(), func(c *Config) { c.Limits.StallTimeout = limit })
		reader, writer := io.Pipe()
		request, _ := http.NewRequest(http.MethodPost, s.url, reader)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * limit)
		_, _ = io.WriteString(writer, "ping")
		got := make([]byte, 4)
		if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != "PING" {
			t.Errorf("got %q, %v", got, err)
		}
		_ = writer.Close()
		_ = answer.Body.Close()
	}
}

// TestAnswerBeforeTheBody has the origin, or the observer, answer a request whose body has not come yet. net/http reads the
// rest of the body when the handler has ended, and then cannot go on with the connection (it panics); so the visitor must
// be told that the connection ends.
func TestAnswerBeforeTheBody(t *testing.T) {
	early := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex()
		rw.WriteHeader(http.StatusUnauthorized)
	})
	blocks := newObserver()
	blocks.consider = func(context.Context, event.Event) (event.Verdict, error) {
		return event.Verdict{Actions: []event.Action{{Name: "block", Kind: event.Block}}}, nil
	}
	for name, c := range map[string]struct {
		spec     route
		observer *fakeObserver
		status   int
	}{
		"unmatched": {nil, newObserver(), 401},
		"pass":      {passThrough(100), newObserver(), 401},
		"inline":    {inline(100), newObserver(), 401},
		"blocked":   {inline(100), blocks, 403},
	} {
		t.Run(name, func(t *testing.T) {
			log := &journal{}
			s := start(t, early, c.spec, c.observer, func(c *Config) { c.Inline.BodyTimeout = 20 * time.Millisecond })
			_ = log
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n")
			r := bufio.NewReader(conn)
			answer, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			if answer.StatusCode != c.status || !answer.Close {
				t.Errorf("status %d, closes %v", answer.StatusCode, answer.Close)
			}
			_, _ = io.WriteString(conn, "3\r\nllo\r\n0\r\n\r\n")
			if rest, _ := io.ReadAll(r); len(rest) > 0 {
				t.Errorf("more came: %q", rest)
			}
			if strings.Contains(log.String(), "panic") {
				t.Errorf("log: %.300s", log)
			}
		})
	}
}

// TestMissingBodyDoesNotHoldTheConnection has the visitor send nothing more of a body whose request was answered early.
func TestMissingBodyDoesNotHoldTheConnection(t *testing.T) {
	early := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex()
		rw.WriteHeader(http.StatusUnauthorized)
	})
	for _, spec := range []route{nil, inline(100)} {
		for _, framing := range []string{"Content-Length: 50\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"} {
			s := start(t, early, spec, newObserver(), func(c *Config) {
				c.Inline.BodyTimeout, c.Limits.StallTimeout = 20*time.Millisecond, 100*time.Millisecond
			})
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\n"+framing)
			if answer, err := io.ReadAll(conn); err != nil {
				t.Errorf("%q: the connection is still open after %.60q: %v", framing, answer, err)
			}
			_ = conn.Close()
		}
	}
}
