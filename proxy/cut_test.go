package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// settled waits until nothing is left of a proxy's connections, and says so when something is.
func (s *setup) settled(t *testing.T) {
	t.Helper()
	until(t, "the end of all connections", func() bool {
		s.wire.mu.Lock()
		defer s.wire.mu.Unlock()
		return len(s.wire.conns) == 0
	})
	if panics := s.Counts().Panics; panics != 0 {
		t.Errorf("%d panics", panics)
	}
}

// TestVisitorLeavesAtEveryByte ends the visitor's connection after each byte of requests of every kind, gently and with a reset.
// Nothing may be left, nothing may panic.
func TestVisitorLeavesAtEveryByte(t *testing.T) {
	at := application(t, repeat)
	requests := []string{
		"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nhello, worldGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5;a=b\r\nhello\r\n3\r\nyou\r\n0\r\nX: y\r\n\r\n",
	}
	for _, spec := range []route{nil, inline(8)} {
		before := runtime.NumGoroutine()
		s := start(t, at, spec, newObserver())
		for _, request := range requests {
			for cut := range len(request) {
				for _, reset := range []bool{false, true} {
					conn := dial(t, s.address)
					_, _ = io.WriteString(conn, request[:cut/2])
					runtime.Gosched()
					_, _ = io.WriteString(conn, request[cut/2:cut])
					if reset {
						_ = conn.SetLinger(0)
					}
					_ = conn.Close()
				}
			}
		}
		s.settled(t)
		s.stop()
		until(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= before+20 })
	}
}

// TestOriginEndsAtEveryByte ends the origin's connection after each byte of answers of every kind. Every visitor gets what there
// is, or an error of ours, and then the end or the next answer; never somebody else's.
func TestOriginEndsAtEveryByte(t *testing.T) {
	answers := []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nhello",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	}
	for _, answer := range answers {
		for _, reset := range []bool{false, true} {
			origin := &cutting{answer: answer, reset: reset}
			s := start(t, origin.serve(t), passThrough(10), newObserver())
			for cut := 0; cut <= len(answer); cut++ {
				origin.cut.Store(int64(cut))
				request := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
				if cut%2 == 1 {
					request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n" + strings.Repeat("x", 20000)
				}
				got := exchangeRaw(t, s.address, request)
				if _, final, _ := strings.Cut(got, "</a>\r\n\r\n"); final != "" {
					got = final
				}
				if got != "" && !strings.HasPrefix(got, "HTTP/1.1 ") {
					t.Fatalf("%d bytes of %q, reset %v: %q", cut, answer, reset, got)
				}
				if cut == len(answer) && !reset && !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %s", answer[strings.LastIndex(answer, "HTTP/1.")+9:][:3])) {
					t.Errorf("the whole %q: %q", answer, got)
				}
			}
			s.settled(t)
		}
	}
}

// cutting is an origin that ends its connection after so many bytes of its answer.
type cutting struct {
	answer string
	reset  bool
	cut    atomic.Int64
}

func (o *cutting) serve(t *testing.T) string {
	return script(t, func(_ int, _ *http.Request, conn net.Conn) {
		_, _ = io.WriteString(conn, o.answer[:o.cut.Load()])
		if o.reset {
			time.Sleep(time.Millisecond)
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_ = conn.Close()
	})
}
