package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"wayguard/event"
	"wayguard/listen"
	"wayguard/origin"
	"wayguard/site"
)

// clearHTTP2 is a visitor who speaks HTTP/2 in clear.
func clearHTTP2(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func withH2C(c *Config) { c.Listen[0].H2C = true }

// TestVisitorsWhoResetAreNotTheOriginsFault cancels requests before they are sent: nobody may take a good endpoint out so.
func TestVisitorsWhoResetAreNotTheOriginsFault(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	o := newObserver()
	asked, goOn := make(chan struct{}), make(chan struct{})
	o.consider = func(context.Context, event.Event) (event.Verdict, error) {
		asked <- struct{}{}
		<-goOn
		return event.Verdict{}, nil
	}
	s := start(t, at, inline(100), o, withH2C)
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		request, _ := http.NewRequestWithContext(ctx, "GET", s.url, nil)
		done := make(chan error, 1)
		client := clearHTTP2(t)
		go func() {
			_, err := client.Do(request)
			done <- err
		}()
		<-asked
		cancel()
		if err := <-done; err == nil {
			t.Fatal("the request was not cancelled")
		}
		time.Sleep(20 * time.Millisecond) // the reset's way
		goOn <- struct{}{}
	}
	until(t, "three that were left", func() bool { return s.Counts().Abandoned == 3 })
	if counts := s.Counts(); len(counts.Upstream) != 0 {
		t.Errorf("counted against the origin: %+v", counts.Upstream)
	}
}

// TestNobodySpeaksForTheProxy sends by every protocol what the origin must believe to come from us.
func TestNobodySpeaksForTheProxy(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range r.Header {
			_, _ = fmt.Fprintf(rw, "%s=%s\n", name, values)
		}
		for name, values := range r.Trailer {
			_, _ = fmt.Fprintf(rw, "trailer %s=%s\n", name, values)
		}
	})
	for _, w := range ways(t) {
		t.Run(w.name, func(t *testing.T) {
			files := writeCertificate(t, t.TempDir(), "one")
			s := start(t, at, nil, newObserver(), w.change, func(c *Config) {
				c.ForwardedHeaders = ForwardedWrite
				if w.scheme == "https" {
					c.Listen[0].TLS = &files
				}
			})
			request, _ := http.NewRequestWithContext(context.Background(), "POST", w.scheme+"://"+s.address+"/", io.MultiReader(strings.NewReader("body")))
			for _, name := range []string{"X-Forwarded-For", "X_forwarded_for", "X-Forwarded_host", "X-Forwarded-Proto", "Forwarded", "Proxy",
				"X-Forwarded-Port", "X_real_ip", "X-Visit-Rating", "X_visit_score"} {
				request.Header[name] = []string{"evil"}
			}
			request.Trailer = http.Header{"Authorization": {"evil"}, "X_forwarded_for": {"evil"}, "X-Visit-Score": {"evil"}, "X-Good": {"good"}}
			if w.name == "standard, HTTP/2" {
				delete(request.Trailer, "Authorization") // net/http's own server refuses it
			}
			client := &http.Client{Transport: w.client(files), Timeout: 20 * time.Second}
			answer, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			text, _ := io.ReadAll(answer.Body)
			if strings.Contains(string(text), "evil") || !strings.Contains(string(text), "trailer X-Good=[good]") {
				t.Errorf("the origin got\n%s", text)
			}
		})
	}
}

// TestMirroredBodyThatStalls does not hold its connection for ever.
func TestMirroredBodyThatStalls(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", nil, newObserver(), func(c *Config) { c.Limits.StallTimeout = 200 * time.Millisecond })
	s.put(sites(t, site.Config{Name: "copy", Hosts: []string{"a.test"}, Mode: site.Mirror}))
	conn := dial(t, s.address)
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nhalf")
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection goes on: %v", err)
	}
}

// TestEndlessInformation has an origin send answers of the 1xx class without end, to visitors who read and who do not.
func TestEndlessInformation(t *testing.T) {
	at := script(t, func(_ int, _ *http.Request, conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); err != nil {
				return
			}
		}
	})
	s := start(t, at, nil, newObserver())
	for _, version := range []string{"1.1", "1.0"} {
		got := exchangeRaw(t, s.address, "POST / HTTP/"+version+"\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		_, last, _ := strings.Cut(got[max(0, len(got)-300):], "HTTP/1.1 502")
		if last == "" {
			t.Errorf("HTTP/%s ended with %q", version, got[max(0, len(got)-300):])
		}
	}
}

// TestBusyOrigin asks for more connections to the origin than there may be.
func TestBusyOrigin(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{}, 10)
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		_, _ = io.WriteString(rw, "ok")
	})
	s := start(t, at, nil, newObserver())
	one := s.config.DefaultOrigin()
	one.Connections, one.ConnectTimeout = 1, 100*time.Millisecond
	set, err := origin.New([]origin.Config{one}, origin.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	s.Swap(Snapshot{Origins: set})
	first := dial(t, s.address)
	_, _ = io.WriteString(first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	answer, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || s.Counts().Upstream["busy"] != 1 {
		t.Errorf("%d %v, counts %v", answer.StatusCode, answer.Header, s.Counts().Upstream)
	}
	close(release)
	if got := readAnswers(t, bufio.NewReader(first), 1)[0]; got != "ok" {
		t.Error(got)
	}
}

// TestStandardHandlingHasLimits has net/http read the requests: its connections are bounded as ours are, and so is the time
// for a PROXY header and for a body.
func TestStandardHandlingHasLimits(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(rw, "ok")
	})
	standard := func(c *Config) {
		c.MessageHandling = HandlingStandard
		c.Limits.StallTimeout, c.Limits.HeaderTimeout = 200*time.Millisecond, 200*time.Millisecond
		c.Limits.Connections = 3
	}
	s := start(t, at, nil, newObserver(), standard)
	if got := exchangeRaw(t, s.address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"); !strings.HasPrefix(got, "HTTP/1.1 408") {
		t.Errorf("to half a body: %q", got)
	}
	until(t, "the end of that", func() bool { return s.wire.standing.Load() == 0 })
	var kept []*net.TCPConn
	for range 3 {
		conn := dial(t, s.address)
		kept = append(kept, conn)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		readAnswers(t, bufio.NewReader(conn), 1)
	}
	if got := exchangeRaw(t, s.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 503") {
		t.Errorf("to one too many: %q", got)
	}
	for _, conn := range kept {
		_ = conn.Close()
	}
	until(t, "places", func() bool { return s.wire.standing.Load() == 0 })

	s = start(t, at, nil, newObserver(), standard, func(c *Config) {
		c.Listen[0].ProxyProtocol = &listen.ProxyProtocolConfig{From: []string{"127.0.0.1"}}
	})
	if got := exchangeRaw(t, s.address, "PRO"); got != "" {
		t.Errorf("to half a PROXY header: %q", got)
	}
}

// TestSilentStreamIsNotCut has an application say something, be silent for longer than a visitor may stall, and go on.
func TestSilentStreamIsNotCut(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "one ")
		rw.(http.Flusher).Flush()
		time.Sleep(700 * time.Millisecond)
		_, _ = io.WriteString(rw, "two")
	})
	for _, w := range ways(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			files := writeCertificate(t, t.TempDir(), "one")
			s := start(t, at, nil, newObserver(), w.change, func(c *Config) {
				c.Limits.StallTimeout = 200 * time.Millisecond
				if w.scheme == "https" {
					c.Listen[0].TLS = &files
				}
			})
			client := &http.Client{Transport: w.client(files), Timeout: 20 * time.Second}
			answer, err := client.Get(w.scheme + "://" + s.address + "/")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			if text, err := io.ReadAll(answer.Body); string(text) != "one two" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

// TestCallThatBeginsSilently is a gRPC call over HTTP/2 whose visitor says nothing for longer than a body may stall.
func TestCallThatBeginsSilently(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_, _ = rw.Write(text)
	})
	s := start(t, at, nil, newObserver(), withH2C, func(c *Config) { c.Limits.StallTimeout = 200 * time.Millisecond })
	read, write := io.Pipe()
	request, _ := http.NewRequestWithContext(context.Background(), "POST", s.url, read)
	request.Header.Set("Content-Type", "application/grpc+proto")
	go func() {
		time.Sleep(800 * time.Millisecond)
		_, _ = io.WriteString(write, "hello")
		_ = write.Close()
	}()
	answer, err := clearHTTP2(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if text, err := io.ReadAll(answer.Body); string(text) != "hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestHalfOfATunnel has one end of a WebSocket close its half while the other one stays silent. It is not kept for ever; an end that
// still sends is.
func TestHalfOfATunnel(t *testing.T) {
	closes := make(chan bool, 1)
	at := script(t, func(_ int, _ *http.Request, conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		if <-closes {
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		_, _ = io.Copy(io.Discard, conn) // until the visitor has closed its half
		for range 8 {
			time.Sleep(100 * time.Millisecond)
			_, _ = io.WriteString(conn, "x")
		}
		time.Sleep(10 * time.Second)
	})
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Limits.StallTimeout = 300 * time.Millisecond })
	for _, originFirst := range []bool{true, false} {
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		closes <- originFirst
		r := bufio.NewReader(conn)
		if answer, err := http.ReadResponse(r, nil); err != nil || answer.StatusCode != 101 {
			t.Fatal(answer, err)
		}
		if !originFirst {
			_ = conn.CloseWrite()
		}
		if text, _ := io.ReadAll(r); !originFirst && string(text) != "xxxxxxxx" {
			t.Errorf("after the visitor's half was closed: %q", text)
		}
		until(t, "the end of the tunnel", func() bool {
			s.wire.mu.Lock()
			defer s.wire.mu.Unlock()
			return len(s.wire.conns) == 0
		})
	}
}

// TestEndBehindTheLastBytes has an HTTP/2 visitor send its last bytes and its end at once, where no edge tells the end.
func TestEndBehindTheLastBytes(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", nil, newObserver(), withH2C)
	for range 20 {
		conn := dial(t, s.address)
		// The preface and SETTINGS in two pieces, the second with the end.
		_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		time.Sleep(time.Millisecond)
		_, _ = conn.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
		_ = conn.CloseWrite()
	}
	s.settled(t)
}

// TestRequestsThatComeAtTheEnd are served: on connections that are idle, and on ones that have just begun.
func TestRequestsThatComeAtTheEnd(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	s := start(t, at, nil, newObserver())
	conn := dial(t, s.address)
	until(t, "the connection", func() bool {
		s.wire.mu.Lock()
		defer s.wire.mu.Unlock()
		return len(s.wire.conns) == 1
	})
	s.stop()
	time.Sleep(2 * time.Millisecond) // it has had its chance to end the connection, which is spared for a while
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := readAnswers(t, bufio.NewReader(conn), 1)[0]; got != "ok" {
		t.Error(got)
	}
}

// TestIdleHTTP2ConnectionsMakeRoom fills every place with connections that ask nothing.
func TestIdleHTTP2ConnectionsMakeRoom(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	s := start(t, at, nil, newObserver(), withH2C, func(c *Config) { c.Limits.Connections = 5 })
	for range 5 {
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
		if _, err := io.ReadFull(conn, make([]byte, 20)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		conn := dial(t, s.address)
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := readAnswers(t, bufio.NewReader(conn), 1)[0]; got != "ok" {
			t.Errorf("visitor %d got %q", i, got)
		}
	}
	if s.Counts().Evicted == 0 {
		t.Error("none was evicted")
	}
}

// TestSlowReaderOfHTTP2 takes a few bytes now and then of an answer that is one long write.
func TestSlowReaderOfHTTP2(t *testing.T) {
	const size = 16 << 20
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(rw, zeros{}, size) })
	s := start(t, at, nil, newObserver(), withH2C, func(c *Config) { c.Limits.StallTimeout = 2 * time.Second })
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { // small pieces, each acknowledged, as over a real network
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400)
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10)
		})
	}}
	conn, err := dialer.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	// SETTINGS and WINDOW_UPDATE with the largest windows, then GET / as HPACK has it.
	_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\x7f\xff\xff\xff"+
		"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\x00\x00\x00\x00\x00\x06\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x01a")
	read := 0
	buffer := make([]byte, 500)
	for range 36 {
		n, err := io.ReadFull(conn, buffer)
		if read += n; err != nil {
			t.Fatalf("cut after %d bytes: %v", read, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	// What the system holds would come also from a connection that was cut.
	if refusals := s.Counts().Refusals; len(refusals) != 0 {
		t.Errorf("cut: %v", refusals)
	}
}
