package origin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func streamRequest(t *testing.T, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "/service/Method?x=1", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "www.example.com"
	return r
}

func TestHTTP2(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolH2, ProtocolH2C, ProtocolAuto} {
		t.Run(string(protocol), func(t *testing.T) {
			noLeak(t)
			ca := newAuthority(t)
			target := startServer(t, ca, protocol, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Header().Set("Trailer", "Grpc-Status")
				w.Header().Set("Seen", fmt.Sprintf("%d %s %s %q %s", r.ProtoMajor, r.Host, r.URL, r.UserAgent(), r.Header.Get("Accept-Encoding")))
				_, _ = fmt.Fprintf(w, "%s/%s", body, r.Trailer.Get("Sum"))
				w.Header().Set("Grpc-Status", "7")
			})
			c := config("a", target)
			c.Protocol, c.TLS.CA = protocol, ca.file()
			g := running(t, c).Find("a")
			for range 6 {
				e := pick(t, g)
				if e.HTTP1() {
					t.Fatal("it should speak HTTP/2")
				}
				r := streamRequest(t, struct{ io.Reader }{strings.NewReader("body")})
				r.Trailer = http.Header{"Sum": {"42"}}
				answer, err := e.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				if e.busy.Load() != 1 {
					t.Errorf("%d requests under way", e.busy.Load())
				}
				body, err := io.ReadAll(answer.Body)
				if err != nil || string(body) != "body/42" || answer.Trailer.Get("Grpc-Status") != "7" {
					t.Errorf("body %q, trailers %v, %v", body, answer.Trailer, err)
				}
				if seen := answer.Header.Get("Seen"); seen != `2 www.example.com /service/Method?x=1 "" ` {
					t.Errorf("the origin saw %s", seen)
				}
				_ = answer.Body.Close()
				_ = answer.Body.Close()
				if r.URL.Host != "" || r.Header.Get("User-Agent") != "" || len(r.Header) != 0 || e.busy.Load() != 0 {
					t.Errorf("the request was changed: %v %v, %d under way", r.URL, r.Header, e.busy.Load())
				}
			}
			// net/http may dial twice when a request comes in the very moment after the first has got its connection.
			if made := g.endpoints[0].pool.state().made; made > 2 {
				t.Errorf("%d connections were made", made)
			}
		})
	}
}

// Both directions stream at the same time, as gRPC needs.
func TestFullDuplex(t *testing.T) {
	ca := newAuthority(t)
	target := startServer(t, ca, ProtocolH2C, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		lines := bufio.NewReader(r.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, "echo "+line)
			_ = http.NewResponseController(w).Flush()
		}
	})
	c := config("a", target)
	c.Protocol = ProtocolH2C
	e := pick(t, running(t, c).Find("a"))
	read, write := io.Pipe()
	answer, err := e.RoundTrip(streamRequest(t, read))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(answer.Body)
	for i := range 5 {
		_, _ = fmt.Fprintf(write, "%d\n", i)
		if got, err := lines.ReadString('\n'); got != fmt.Sprintf("echo %d\n", i) || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	_ = write.Close()
	if rest, err := io.ReadAll(lines); len(rest) != 0 || err != nil {
		t.Errorf("rest %q, %v", rest, err)
	}
	_ = answer.Body.Close()
}

// An upgrade needs HTTP/1.1, which h2c endpoints mostly speak too.
func TestConnectToAnHTTP2Endpoint(t *testing.T) {
	ca := newAuthority(t)
	for _, protocol := range []Protocol{ProtocolH2C, ProtocolAuto} {
		target := startServer(t, ca, protocol, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
		c := config("a", target)
		c.Protocol, c.TLS.CA = protocol, ca.file()
		conn := connect(t, pick(t, running(t, c).Find("a")))
		if got := ask(t, conn); !strings.HasSuffix(got, "HTTP/1.1") {
			t.Errorf("%s: answer %q", protocol, got)
		}
		conn.Release(true)
	}
}

func TestAutoFindsHTTP1(t *testing.T) {
	noLeak(t)
	a, c := either(t, true, good)
	c.Protocol = ProtocolAuto
	g := running(t, c).Find("a")
	e := pick(t, g)
	for range 2 {
		if !e.HTTP1() {
			t.Error("it speaks HTTP/1.1")
		}
	}
	if a.accepted.Load() != 1 {
		t.Errorf("%d connections to find out", a.accepted.Load())
	}
	conn := connect(t, e)
	ask(t, conn)
	conn.Release(true)

	clear := config("b", serve(t, nil, good).url())
	clear.Protocol = ProtocolAuto
	if !pick(t, running(t, clear).Find("b")).HTTP1() {
		t.Error("without TLS it is HTTP/1.1")
	}
	dead := config("c", strings.Replace(refused(t), "http:", "https:", 1))
	dead.Protocol = ProtocolAuto
	d := pick(t, running(t, dead).Find("c"))
	if !d.HTTP1() {
		t.Error("who cannot be reached must fail in Connect")
	}
	if _, err := d.Connect(context.Background()); ResultOf(err) != ResultConnect {
		t.Errorf("error %v", err)
	}
}

// An endpoint that has lost HTTP/2, by a new release say, is spoken to all the same.
func TestAutoFollowsAChange(t *testing.T) {
	ca := newAuthority(t)
	var major atomic.Int64
	handle := func(w http.ResponseWriter, r *http.Request) { major.Store(int64(r.ProtoMajor)) }
	c := config("a", startServer(t, ca, ProtocolHTTP1, handle))
	c.Protocol, c.TLS.CA = ProtocolAuto, ca.file()
	e := pick(t, running(t, c).Find("a"))
	e.pool.streams.spoken.Store(spokenH2)
	answer, err := e.RoundTrip(&http.Request{Method: "GET", URL: &url.URL{Path: "/"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if !e.HTTP1() || major.Load() != 1 {
		t.Error("the change was not noticed")
	}
}

func TestStreamFailures(t *testing.T) {
	ca := newAuthority(t)
	request := func() *http.Request { return streamRequest(t, nil) }
	failure := func(c Config) *Failure {
		t.Helper()
		e := pick(t, still(t, Deps{}, c).Find("a"))
		answer, err := e.RoundTrip(request())
		if err == nil {
			_ = answer.Body.Close()
			t.Fatal("no error")
		}
		var f *Failure
		if !errors.As(err, &f) || e.busy.Load() != 0 {
			t.Fatalf("error %v, %d under way", err, e.busy.Load())
		}
		return f
	}
	c := config("a", refused(t))
	c.Protocol = ProtocolH2C
	if f := failure(c); f.Result != ResultConnect || f.Sent {
		t.Errorf("nobody listens: %+v", f)
	}
	c = config("a", startServer(t, ca, ProtocolHTTP1, func(http.ResponseWriter, *http.Request) {}))
	c.Protocol, c.TLS.CA = ProtocolH2, ca.file()
	if f := failure(c); f.Result != ResultConnect || f.Sent {
		t.Errorf("no HTTP/2 there: %+v", f)
	}
	stop := make(chan struct{})
	c = config("a", startServer(t, ca, ProtocolH2C, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	c.Protocol, c.ResponseTimeout = ProtocolH2C, 20*time.Millisecond
	if f := failure(c); f.Result != ResultTimeout || !f.Sent || !f.Timeout() {
		t.Errorf("no answer: %+v", f)
	}
	close(stop)
	c = config("a", startServer(t, ca, ProtocolH2C, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	c.Protocol = ProtocolH2C
	if f := failure(c); f.Result != ResultReset || !f.Sent {
		t.Errorf("reset: %+v", f)
	}
	garbage := serve(t, nil, func(conn net.Conn, _ int) bool { return good(conn, 0) })
	c = config("a", garbage.url())
	c.Protocol = ProtocolH2C
	if f := failure(c); f.Result != ResultReset {
		t.Errorf("no HTTP/2 in clear: %+v", f)
	}
	e := pick(t, still(t, Deps{}, c).Find("a"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.RoundTrip(request().WithContext(ctx)); ResultOf(err) != ResultGone {
		t.Errorf("the visitor has gone: %v", err)
	}
}

// Requests that come after Close are still carried, by our rules.
func TestHTTP2AfterClose(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	c := config("a", startServer(t, ca, ProtocolH2, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	c.Protocol, c.TLS.CA, c.IdleTimeout = ProtocolH2, ca.file(), time.Second
	s := still(t, Deps{}, c)
	e := pick(t, s.Find("a"))
	for i := range 2 {
		answer, err := e.RoundTrip(streamRequest(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.Close()
		}
		if body, err := io.ReadAll(answer.Body); string(body) != "ok" || err != nil {
			t.Errorf("body %q, %v", body, err)
		}
		_ = answer.Body.Close()
	}
}
