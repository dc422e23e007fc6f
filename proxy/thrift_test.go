package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// thriftyOrigin answers every request of a known number of bytes with the same bytes and allocates nothing.
func thriftyOrigin(t testing.TB, answer string) string {
	t.Helper()
	at := connOrigin(t, func(conn net.Conn) {
		buffer, out := make([]byte, 16<<10), []byte(answer)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			// One write of the proxy is one request.
			if bytes.Contains(buffer[:n], []byte("\r\n\r\n")) {
				_, _ = conn.Write(out)
			}
		}
	})
	return "http://" + at
}

// repeated sends a request so many times over one connection and reads answers of a known length.
func repeated(t testing.TB, conn net.Conn, request []byte, answer int, times int, buffer []byte) {
	t.Helper()
	for range times {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, buffer[:answer]); err != nil {
			t.Fatal(err)
		}
	}
}

// allocationsOf counts the allocations of each request, by everybody.
func allocationsOf(t testing.TB, conn net.Conn, request string) float64 {
	t.Helper()
	buffer := make([]byte, 16<<10)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	answer, err := conn.Read(buffer)
	if err != nil || !strings.HasPrefix(string(buffer[:answer]), "HTTP/1.1 200") {
		t.Fatalf("%q, %v", buffer[:answer], err)
	}
	repeated(t, conn, []byte(request), answer, 200, buffer)
	const times = 2000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	repeated(t, conn, []byte(request), answer, times, buffer)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / times
}

const browserHead = "Host: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html\r\nAccept-Language: en\r\n" +
	"Accept-Encoding: gzip, br\r\nCookie: session=0123456789abcdef\r\n"

// TestUnmatchedAllocatesNothing counts over real connections. A pool may lose what it holds to the garbage collector, so
// that it is not exactly none.
func TestUnmatchedAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Log("the race detector makes pools lose what they are given: nothing is counted")
		return
	}
	at := thriftyOrigin(t, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	requests := map[string]string{
		"GET":          "GET /a?b=c HTTP/1.1\r\n" + browserHead + "\r\n",
		"POST":         "POST /a HTTP/1.1\r\n" + browserHead + "Content-Length: 2000\r\n\r\n" + strings.Repeat("x", 2000),
		"POST chunked": "POST /a HTTP/1.1\r\n" + browserHead + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	}
	files := writeCertificate(t, t.TempDir(), "one")
	none := func(*Config) {}
	for i, change := range []change{none, func(c *Config) { c.ForwardedHeaders = ForwardedWrite }, func(c *Config) { c.Listen[0].TLS = &files }, none} {
		s := start(t, at, nil, newObserver(), change)
		if i == 3 {
			s.obeys(fakePolicy{own: func(path string) bool { return strings.HasPrefix(path, "/.own/") }})
		}
		for name, request := range requests {
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			most := 0.1
			if s.config.Listen[0].TLS != nil {
				// One record, one write: else the origin may see the head alone and answer it, which ends the connection.
				conn = tls.Client(conn, &tls.Config{ //nolint:gosec // a test of memory
					InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true})
				most = 3.1 // the test's own client
			}
			if got := allocationsOf(t, conn, request); got > most {
				t.Errorf("%s, TLS %v: %v allocations a request", name, s.config.Listen[0].TLS != nil, got)
			}
			_ = conn.Close()
		}
	}
}

// TestMatchedAllocatesLittle counts what the proxy itself needs for an exchange that is looked at.
func TestMatchedAllocatesLittle(t *testing.T) {
	if raceDetector {
		t.Log("the race detector makes pools lose what they are given: nothing is counted")
		return
	}
	at := thriftyOrigin(t, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	o := newObserver()
	s := start(t, at, passThrough(4000), o)
	go func() {
		for range o.seen {
		}
	}()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	// The fake spec and the fake observer allocate too.
	if got := allocationsOf(t, conn, "POST /a HTTP/1.1\r\n"+browserHead+"Content-Length: 5\r\n\r\nhello"); got > 25 {
		t.Errorf("%v allocations a request", got)
	} else {
		t.Logf("%v allocations a request", got)
	}
}
