package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/event"
)

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn.(*net.TCPConn)
}

// readAnswers reads so many answers and gives their bodies.
func readAnswers(t *testing.T, r *bufio.Reader, count int) (bodies []string) {
	t.Helper()
	for range count {
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("after %d answers: %v", len(bodies), err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	return bodies
}

// TestPipelining sends many requests, of all kinds, before it reads an answer: at once, byte by byte, and in pieces.
func TestPipelining(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(rw, "%s %d %.5s", r.URL.Path, len(body), body)
	})
	var requests strings.Builder
	var want []string
	for i := range 60 {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&requests, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
			want = append(want, fmt.Sprintf("/%d 0 ", i))
		case 1:
			fmt.Fprintf(&requests, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", i)
			want = append(want, fmt.Sprintf("/%d 5 hello", i))
		case 2:
			fmt.Fprintf(&requests, "POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", i)
			want = append(want, fmt.Sprintf("/%d 5 hello", i))
		case 3: // longer than the buffers: carried outside of Serve, with the next request behind it
			fmt.Fprintf(&requests, "PUT /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n%s", i, strings.Repeat("x", 20000))
			want = append(want, fmt.Sprintf("/%d 20000 xxxxx", i))
		}
	}
	for _, spec := range []route{nil, passThrough(1000), inline(1000)} {
		for _, piece := range []int{requests.Len(), 1000, 4096, 7} {
			s := start(t, at, spec, newObserver())
			conn := dial(t, s.address)
			go func() {
				for text := requests.String(); text != ""; {
					n := min(piece, len(text))
					if _, err := io.WriteString(conn, text[:n]); err != nil {
						return
					}
					text = text[n:]
				}
			}()
			got := readAnswers(t, bufio.NewReader(conn), len(want))
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("pieces of %d: answer %d is %q, want %q", piece, i, got[i], want[i])
				}
			}
		}
	}
}

// TestHalfClosedVisitor sends its requests and the end of its stream at once. It gets its answers, and the end, without delay.
func TestHalfClosedVisitor(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	s := start(t, at, nil, newObserver())
	for count := 1; count < 4; count++ {
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", count))
		_ = conn.CloseWrite()
		all, err := io.ReadAll(conn)
		if got := strings.Count(string(all), "HTTP/1.1 200 OK"); got != count || err != nil {
			t.Errorf("%d answers to %d requests, %v", got, count, err)
		}
	}
}

// TestStaleConnection has the origin close a kept connection as soon as the next request comes on it.
func TestStaleConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var connections atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer func() { _ = conn.Close() }()
				r := bufio.NewReader(conn)
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				_, _ = r.Peek(1)
			}()
		}
	}()
	s := start(t, "http://"+listener.Addr().String(), nil, newObserver())
	conn := dial(t, s.address)
	r := bufio.NewReader(conn)
	for i := range 10 {
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := readAnswers(t, r, 1)[0]; got != "ok" {
			t.Fatalf("request %d: %q", i, got)
		}
	}
	if connections.Load() != 10 || len(s.Counts().Upstream) != 0 {
		t.Errorf("%d connections, counts %+v", connections.Load(), s.Counts())
	}
	// What may have been carried out is not repeated.
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusBadGateway {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestHTTP10Visitor(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "one ")
		rw.(http.Flusher).Flush()
		_, _ = io.WriteString(rw, "two")
	})
	s := start(t, at, nil, newObserver())
	got := exchangeRaw(t, s.address, "GET / HTTP/1.0\r\n\r\n")
	if head, body, _ := strings.Cut(got, "\r\n\r\n"); body != "one two" || strings.Contains(strings.ToLower(head), "transfer-encoding") {
		t.Errorf("answer %q", got)
	}
	fixed := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	s = start(t, fixed, nil, newObserver())
	conn := dial(t, s.address)
	r := bufio.NewReader(conn)
	for range 2 {
		_, _ = io.WriteString(conn, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		if got := readAnswers(t, r, 1)[0]; got != "ok" {
			t.Errorf("answer %q", got)
		}
	}
}

// TestTimeLimits has a visitor that sends half a head, one that sends nothing, and one that is idle.
func TestTimeLimits(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	s := start(t, at, nil, newObserver(), func(c *Config) {
		c.Limits.HeaderTimeout, c.Limits.IdleTimeout = 100*time.Millisecond, 200*time.Millisecond
	})
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHo":              "HTTP/1.1 408",
		"":                                  "",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n": "HTTP/1.1 200",
	} {
		got := exchangeRaw(t, s.address, request) // reads until the connection ends
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q", request, got)
		}
	}
}

// TestConnectionLimit fills every place. Idle connections make room for new ones, busy ones do not.
func TestConnectionLimit(t *testing.T) {
	release := make(chan struct{})
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
		_, _ = io.WriteString(rw, "ok")
	})
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Limits.Connections = 2 })
	var visitors []*net.TCPConn
	for range 4 { // idle ones are closed, one by one
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := readAnswers(t, bufio.NewReader(conn), 1)[0]; got != "ok" {
			t.Fatalf("answer %q", got)
		}
		visitors = append(visitors, conn)
	}
	if s.Counts().Evicted == 0 {
		t.Errorf("counts %+v", s.Counts())
	}
	for _, conn := range visitors {
		_ = conn.Close()
	}
	until(t, "the end of the connections", func() bool {
		s.wire.mu.Lock()
		defer s.wire.mu.Unlock()
		return len(s.wire.conns) == 0
	})
	before := s.Counts().Requests
	visitors = nil
	for range 2 {
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		visitors = append(visitors, conn)
	}
	until(t, "the slow requests", func() bool { return s.Counts().Requests == before+2 })
	if got := exchangeRaw(t, s.address, ""); !strings.HasPrefix(got, "HTTP/1.1 503") {
		t.Errorf("one too many got %q", got)
	}
	close(release)
	for _, conn := range visitors {
		if got := readAnswers(t, bufio.NewReader(conn), 1)[0]; got != "ok" {
			t.Errorf("answer %q", got)
		}
	}
	if s.Counts().TurnedAway != 1 {
		t.Errorf("counts %+v", s.Counts())
	}
}

// TestPanicCostsOneConnection has a mistake happen in the middle of a request.
func TestPanicCostsOneConnection(t *testing.T) {
	o := newObserver()
	s := start(t, echo(t), inline(100), o)
	before := *s.inspection.current.Load()
	now := before
	now.origins = newOrigins(nil) // there is nothing where requests go
	s.inspection.current.Store(&now)
	if got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); got != "" {
		t.Errorf("answer %q", got)
	}
	if s.Counts().Panics != 1 {
		t.Errorf("counts %+v", s.Counts())
	}
	s.inspection.current.Store(&before)
	if got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("answer %q", got)
	}
	o.next(t)
}

// TestLongUploadAnsweredEarly has the origin refuse a long body at once: the visitor, who goes on sending, gets the answer.
func TestLongUploadAnsweredEarly(t *testing.T) {
	o := newRawOriginEarly(t, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!")
	s := start(t, o, nil, newObserver())
	conn := dial(t, s.address)
	go func() {
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
		for range 1000 {
			if _, err := conn.Write(make([]byte, 10000)); err != nil {
				return
			}
		}
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if answer.StatusCode != 413 || string(body) != "no!" || err != nil {
		t.Errorf("%d %q, %v", answer.StatusCode, body, err)
	}
}

// newRawOriginEarly answers as soon as a head is there, then reads on for a while.
func newRawOriginEarly(t *testing.T, response string) string {
	t.Helper()
	at := connOrigin(t, func(conn net.Conn) {
		if _, err := readLines(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = io.WriteString(conn, response)
		_ = conn.(*net.TCPConn).CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = io.Copy(io.Discard, conn)
	})
	return "http://" + at
}

// TestSlowReaderIsNotCut takes an answer slowly, but takes it, for longer than a visitor may stall.
func TestSlowReaderIsNotCut(t *testing.T) {
	const size = 24 << 20
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", fmt.Sprint(size))
		_, _ = io.CopyN(rw, zeros{}, size)
	})
	for _, spec := range []route{nil, passThrough(2 * size)} {
		s := start(t, at, spec, newObserver(), func(c *Config) { c.Limits.StallTimeout = 500 * time.Millisecond })
		conn := dial(t, s.address)
		_ = conn.SetReadBuffer(64 << 10)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		read := int64(0)
		for range 10 {
			n, err := io.CopyN(io.Discard, conn, 200<<10)
			if read += n; err != nil {
				t.Fatalf("cut after %d bytes: %v", read, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n, err := io.CopyN(io.Discard, conn, size-read); err != nil {
			t.Errorf("cut %d bytes before the end: %v", size-read-n, err)
		}
	}
}

func blocking(context.Context, event.Event) (event.Verdict, error) {
	return event.Verdict{Actions: []event.Action{{Name: "block", Kind: event.Block}}}, nil
}
