package proxy

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestVisitorsOfAnHTTP2OriginAreKeptApart has many visitors ask over one connection to the origin, whose header compression
// remembers what was sent before: no visitor may be taken for another one.
func TestVisitorsOfAnHTTP2OriginAreKeptApart(t *testing.T) {
	at := secureApplication(t, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(rw, "%s|%s|%s", r.Header.Get("Cookie"), r.URL.Path, r.Host)
	})
	s := start(t, at, nil, newObserver(), func(c *Config) { c.Origin.TLS.Insecure = true })
	var visitors sync.WaitGroup
	for visitor := range 8 {
		visitors.Go(func() {
			conn := dial(t, s.address)
			r := bufio.NewReader(conn)
			random := rand.New(rand.NewPCG(1, uint64(visitor)))
			for range 1500 {
				who := random.IntN(60)
				cookie, path, host := fmt.Sprintf("session=%032d", who), fmt.Sprintf("/%08d", who), fmt.Sprintf("host%04d.test", who)
				_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", path, host, cookie)
				answer, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(answer.Body)
				if want := cookie + "|" + path + "|" + host; string(body) != want {
					t.Errorf("%q was taken for %q", want, body)
					return
				}
			}
		})
	}
	visitors.Wait()
}

// script is an origin that answers the n-th request of all by what a test says.
func script(t *testing.T, answer func(n int, request *http.Request, conn net.Conn)) string {
	t.Helper()
	var mu sync.Mutex
	count := 0
	at := connOrigin(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			mu.Lock()
			n := count
			count++
			mu.Unlock()
			answer(n, request, conn)
		}
	})
	return "http://" + at
}

const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

// TestSurplusIsNobodysAnswer has an origin send more than its answer: at once, behind a long one that was moved by the kernel,
// and a moment later. The next visitor must get the answer to the own request.
func TestSurplusIsNobodysAnswer(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	for name, first := range map[string]func(conn net.Conn){
		"at once": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"+poison)
		},
		"behind a long one": func(conn net.Conn) {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", len(long), long, poison)
		},
		"behind a chunked one": func(conn net.Conn) {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n%s", len(long), long, poison)
		},
		"a moment later": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			time.Sleep(3 * time.Millisecond)
			_, _ = io.WriteString(conn, poison)
		},
		"a moment later, without a body": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 304 Not Modified\r\n\r\n")
			time.Sleep(3 * time.Millisecond)
			_, _ = io.WriteString(conn, poison)
		},
	} {
		t.Run(name, func(t *testing.T) {
			at := script(t, func(n int, _ *http.Request, conn net.Conn) {
				if n == 0 {
					first(conn)
					return
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright")
			})
			s := start(t, at, nil, newObserver())
			one, two := dial(t, s.address), dial(t, s.address)
			_, _ = io.WriteString(one, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			readAnswers(t, bufio.NewReader(one), 1)
			time.Sleep(20 * time.Millisecond)
			_, _ = io.WriteString(two, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if got := readAnswers(t, bufio.NewReader(two), 1)[0]; got != "right" {
				t.Errorf("the next visitor got %q", got)
			}
		})
	}
}

// TestPipelinedBehindABodyThatWasStreamed sends a head in two pieces behind a body that came in pieces: what was scanned for the
// end of a head before must not count.
func TestPipelinedBehindABodyThatWasStreamed(t *testing.T) {
	at := application(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(rw, "%s %d", r.URL.Path, len(body))
	})
	s := start(t, at, nil, newObserver())
	for cut := 1; cut < 30; cut++ {
		conn := dial(t, s.address)
		r := bufio.NewReader(conn)
		_, _ = io.WriteString(conn, "GET /first HTTP/1.1\r\nHost: a\r\n\r\nPOST /second HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
		time.Sleep(2 * time.Millisecond)
		third := "GET /third HTTP/1.1\r\nHost: a\r\n\r\n"
		_, _ = io.WriteString(conn, "5\r\nhello\r\n")
		time.Sleep(2 * time.Millisecond)
		_, _ = io.WriteString(conn, "0\r\n\r\n"+third[:cut])
		time.Sleep(2 * time.Millisecond)
		_, _ = io.WriteString(conn, third[cut:])
		if got := readAnswers(t, r, 3); got[1] != "/second 5" || got[2] != "/third 0" {
			t.Fatalf("cut at %d: %q", cut, got)
		}
	}
	if panics := s.Counts().Panics; panics != 0 {
		t.Errorf("%d panics", panics)
	}
}
