package origin

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patient is an origin whose health a test decides.
type patient struct {
	status atomic.Int64
	asked  atomic.Int64
	last   atomic.Pointer[http.Request]
	server *httptest.Server
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{}
	p.status.Store(200)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		p.last.Store(r)
		w.WriteHeader(int(p.status.Load()))
	}))
	t.Cleanup(p.server.Close)
	return p
}

// rounds lets the time of n health checks pass, one after the other.
func rounds(t *testing.T, s *Set, time0 *clock, n int) {
	t.Helper()
	for range n {
		time0.advance(15 * time.Second)
		s.sweep(time0.now())
		settled(t, s)
	}
}

func TestHealthChecks(t *testing.T) {
	noLeak(t)
	time0 := &clock{}
	a, b := newPatient(t), newPatient(t)
	c := config("a", a.server.URL, b.server.URL)
	c.Health.Path, c.Health.Host = "/healthz?deep=1", "www.example.com.managed.example"
	s := still(t, Deps{Now: time0.now}, c)
	g := s.Find("a")
	both := addresses(g)
	onlyA := strings.TrimPrefix(a.server.URL, "http://")

	b.status.Store(500)
	rounds(t, s, time0, 1) // the first answer counts at once
	if addresses(g) != onlyA {
		t.Fatalf("after the first answer: %s", addresses(g))
	}
	r := a.last.Load()
	if r.Host != "www.example.com.managed.example" || r.URL.String() != "/healthz?deep=1" || r.Method != "GET" || r.UserAgent() != healthAgent {
		t.Errorf("asked for %s %s %s %s", r.Method, r.Host, r.URL, r.UserAgent())
	}
	b.status.Store(302)
	rounds(t, s, time0, 1)
	if addresses(g) != onlyA {
		t.Error("back after one good answer, two are asked for")
	}
	b.status.Store(404)
	rounds(t, s, time0, 1)
	b.status.Store(200)
	rounds(t, s, time0, 1)
	if addresses(g) != onlyA {
		t.Error("good answers were counted over a bad one")
	}
	rounds(t, s, time0, 1)
	if addresses(g) != both {
		t.Error("not back after two good answers")
	}
	b.status.Store(503)
	rounds(t, s, time0, 2)
	if addresses(g) != both {
		t.Error("out after two bad answers, three are asked for")
	}
	rounds(t, s, time0, 1)
	if addresses(g) != onlyA {
		t.Error("not out after three")
	}
	// When all are out, all are candidates again, and it is counted.
	a.status.Store(500)
	rounds(t, s, time0, 3)
	if addresses(g) != both || !g.view.Load().panicking {
		t.Errorf("nobody is good: %s", addresses(g))
	}
	pick(t, g)
	if g.count().panics.Load() != 1 {
		t.Errorf("%d panics counted", g.count().panics.Load())
	}
	if good, bad := g.count().checks.Load(), g.count().badChecks.Load(); good != 22 || bad == 0 {
		t.Errorf("counted %d checks, %d bad", good, bad)
	}
}

func TestHealthCheckOfHangingAndDeadEndpoints(t *testing.T) {
	noLeak(t)
	time0 := &clock{}
	hanging := serve(t, nil, hold)
	alive := newPatient(t)
	c := config("a", hanging.url(), refused(t), alive.server.URL)
	c.Health.Path, c.Health.Timeout = "/", 30*time.Millisecond
	s := still(t, Deps{Now: time0.now}, c)
	rounds(t, s, time0, 1)
	if got := addresses(s.Find("a")); got != strings.TrimPrefix(alive.server.URL, "http://") {
		t.Errorf("candidates %s", got)
	}
	// Close does not wait for a hanging check.
	long := c
	long.Health.Timeout = time.Minute
	s2 := still(t, Deps{Now: time0.now}, long)
	time0.advance(time.Second)
	s2.sweep(time0.now())
	before := hanging.requests.Load()
	until(t, "the check hangs", func() bool { return hanging.requests.Load() > before-1 && hanging.accepted.Load() > 1 })
	began := time.Now()
	s2.Close()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("Close took %s", took)
	}
}

func TestHealthChecksSpeakTheEndpointsProtocol(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolHTTP1, ProtocolH2, ProtocolH2C, ProtocolAuto} {
		t.Run(string(protocol), func(t *testing.T) {
			noLeak(t)
			var seen atomic.Pointer[http.Request]
			ca := newAuthority(t)
			target := startServer(t, ca, protocol, func(w http.ResponseWriter, r *http.Request) { seen.Store(r) })
			c := config("a", target)
			c.Protocol, c.Health.Path, c.TLS.CA = protocol, "/", ca.file()
			time0 := &clock{}
			s := still(t, Deps{Now: time0.now}, c)
			rounds(t, s, time0, 2)
			if r := seen.Load(); r == nil || (r.ProtoMajor == 2) != (protocol != ProtocolHTTP1) {
				t.Errorf("asked by %v", r)
			}
			if s.Find("a").count().badChecks.Load() != 0 {
				t.Error("a check went wrong")
			}
		})
	}
}

// startServer is net/http's server for one protocol; it gives its URL.
func startServer(t *testing.T, ca *authority, protocol Protocol, handle http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handle, Protocols: new(http.Protocols), ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0)}
	t.Cleanup(func() { _ = server.Close() })
	if protocol == ProtocolH2C {
		server.Protocols.SetUnencryptedHTTP2(true)
		server.Protocols.SetHTTP1(true)
		go func() { _ = server.Serve(listener) }()
		return "http://" + listener.Addr().String()
	}
	server.Protocols.SetHTTP1(protocol != ProtocolH2)
	server.Protocols.SetHTTP2(protocol != ProtocolHTTP1)
	pair, _, _ := ca.issue(t, "127.0.0.1", "origin.example", "www.example.com")
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return "https://" + listener.Addr().String()
}

func fail(e *Endpoint, n int) {
	for range n {
		e.Report(ResultReset)
	}
}

func TestEjection(t *testing.T) {
	time0 := &clock{}
	c := many("a", 2)
	c.Outlier.BaseEjection, c.Outlier.MaxEjection = 10*time.Second, 25*time.Second
	s := still(t, Deps{Now: time0.now}, c)
	g := s.Find("a")
	bad := g.endpoints[0]
	fail(bad, 4)
	bad.Report(ResultOK)
	fail(bad, 4)
	for range 20 { // none of these speaks against it
		bad.Report(ResultStale)
		bad.Report(ResultGone)
		bad.Report(ResultBusy)
	}
	if len(g.view.Load().fit) != 2 {
		t.Fatal("ejected too early")
	}
	fail(bad, 1)
	if addresses(g) != g.endpoints[1].address {
		t.Fatalf("not ejected: %s", addresses(g))
	}
	// Each time it is longer, up to the maximum.
	for i, want := range []time.Duration{10 * time.Second, 20 * time.Second, 25 * time.Second, 25 * time.Second} {
		length := bad.condition.ejected.Sub(time0.now())
		if length > want || length < want-2*time.Second {
			t.Errorf("ejection %d takes %s, want %s", i+1, length, want)
		}
		time0.advance(length - time.Second)
		s.sweep(time0.now())
		if len(g.view.Load().fit) != 1 {
			t.Error("back too early")
		}
		time0.advance(2 * time.Second)
		s.sweep(time0.now())
		if len(g.view.Load().fit) != 2 {
			t.Error("not back")
		}
		fail(bad, 5)
	}
	// And after a long time of peace it is short again.
	time0.advance(26 * time.Second)
	s.sweep(time0.now())
	time0.advance(time.Minute)
	fail(bad, 5)
	if length := bad.condition.ejected.Sub(time0.now()); length > 10*time.Second {
		t.Errorf("after a time of peace the ejection takes %s", length)
	}
	if n := g.count().ejections.Load(); n != 6 {
		t.Errorf("%d ejections counted", n)
	}
}

// Whatever happens, no more than MaxPercent are out by ejection.
func TestNeverMoreThanTheAllowedShareIsEjected(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 4))
	spared := uint64(0)
	for range 40 {
		time0 := &clock{}
		c := many("a", 1+dice.IntN(12))
		c.Outlier.MaxPercent = dice.IntN(101)
		s, err := build([]Config{c}, Deps{Now: time0.now})
		if err != nil {
			t.Fatal(err)
		}
		g := s.Find("a")
		for range 200 {
			switch dice.IntN(3) {
			case 0:
				time0.advance(time.Duration(dice.IntN(20)) * time.Second)
				s.sweep(time0.now())
			default:
				fail(g.endpoints[dice.IntN(len(g.endpoints))], 5)
			}
			ejected := 0
			for _, e := range g.endpoints {
				if !e.condition.ejected.IsZero() {
					ejected++
				}
			}
			if ejected*100 > c.Outlier.MaxPercent*len(g.endpoints) {
				t.Fatalf("%d of %d ejected, %d %% allowed", ejected, len(g.endpoints), c.Outlier.MaxPercent)
			}
			if v := g.view.Load(); len(v.fit) == 0 || !v.panicking && len(v.fit) != len(g.endpoints)-ejected {
				t.Fatalf("%d candidates, %d of %d ejected", len(v.fit), ejected, len(g.endpoints))
			}
		}
		spared += g.count().spared.Load()
		s.Close()
	}
	if spared == 0 {
		t.Error("nobody was ever spared: the test does not reach the limit")
	}
}

func TestPanicThreshold(t *testing.T) {
	c := many("a", 4)
	c.PanicPercent, c.Outlier.MaxPercent = 50, 100
	g := still(t, Deps{}, c).Find("a")
	for i, want := range []int{3, 2, 4, 4} {
		fail(g.endpoints[i], 5)
		if v := g.view.Load(); len(v.fit) != want || v.panicking != (i > 1) {
			t.Errorf("with %d out: %d candidates, panicking %v", i+1, len(v.fit), v.panicking)
		}
	}
}

func TestFallback(t *testing.T) {
	main, second, third := many("main", 2), many("second", 1), many("third", 1)
	second.Endpoints[0].URL, third.Endpoints[0].URL = "http://10.9.0.1", "http://10.9.0.2"
	main.Fallback, second.Fallback = "second", "third"
	main.Outlier.MaxPercent, second.Outlier.MaxPercent, third.Outlier.MaxPercent = 100, 100, 100
	s := still(t, Deps{}, main, second, third)
	g := s.Find("main")
	from := func(c Choice) string {
		t.Helper()
		e, err := g.Pick(c)
		if err != nil {
			t.Fatal(err)
		}
		return e.Group().Name()
	}
	if got := from(Choice{}); got != "main" {
		t.Errorf("all are good: %s", got)
	}
	fail(g.endpoints[0], 5)
	if got := from(Choice{Avoid: g.endpoints[1]}); got != "second" {
		t.Errorf("the last has just failed: %s", got)
	}
	fail(g.endpoints[1], 5)
	if got := from(Choice{}); got != "second" {
		t.Errorf("none is left: %s", got)
	}
	fail(s.Find("second").endpoints[0], 5)
	if got := from(Choice{}); got != "third" {
		t.Errorf("the fallback has none either: %s", got)
	}
	if n := g.count().fallbacks.Load(); n != 3 {
		t.Errorf("%d counted", n)
	}
	fail(s.Find("third").endpoints[0], 5)
	if got := from(Choice{}); got != "main" {
		t.Errorf("nobody has any: %s", got)
	}
}

func TestSlowStart(t *testing.T) {
	time0 := &clock{}
	c := many("a", 2)
	c.SlowStart, c.Balance = 100*time.Second, BalanceEven
	s := still(t, Deps{Now: time0.now}, c)
	g := s.Find("a")
	e := g.endpoints[0]
	fail(e, 5)
	time0.advance(11 * time.Second)
	s.sweep(time0.now())
	last := 0
	for range 12 {
		got := counted(t, g, 1100, none)[e.address]
		if got < last || got > 560 {
			t.Errorf("share %d of 1100 after %d", got, last)
		}
		if last == 0 && (got < 90 || got > 110) {
			t.Errorf("the first share is %d of 1100", got)
		}
		last = got
		time0.advance(10 * time.Second)
		s.sweep(time0.now())
	}
	if last != 550 {
		t.Errorf("the last share is %d of 1100", last)
	}
	if g.ramping() {
		t.Error("it still starts slowly")
	}
}

func TestRetryAllowed(t *testing.T) {
	c := many("a", 1)
	c.Retries = 2
	g := still(t, Deps{}, c).Find("a")
	for _, one := range []struct {
		method  string
		sent    bool
		attempt int
		want    bool
	}{
		{"GET", true, 1, true}, {"GET", true, 2, true}, {"GET", true, 3, false}, {"HEAD", true, 1, true}, {"OPTIONS", true, 1, true},
		{"TRACE", true, 1, true}, {"PUT", true, 1, true}, {"DELETE", true, 1, true}, {"POST", true, 1, false}, {"PATCH", true, 1, false},
		{"get", true, 1, false}, {"FROB", true, 1, false}, {"POST", false, 1, true}, {"PATCH", false, 2, true}, {"POST", false, 3, false},
	} {
		if got := g.RetryAllowed(one.method, one.sent, one.attempt); got != one.want {
			t.Errorf("%+v: %v", one, got)
		}
	}
	if n := g.count().retries.Load(); n != 9 {
		t.Errorf("%d counted", n)
	}
}

func TestResults(t *testing.T) {
	seen := map[string]bool{}
	for r := ResultOK; r < results; r++ {
		if seen[r.String()] {
			t.Errorf("%q twice", r)
		}
		seen[r.String()] = true
	}
	if ResultOf(nil) != ResultOK || ResultOf(fmt.Errorf("x: %w", &Failure{Result: ResultBusy})) != ResultBusy ||
		ResultOf(fmt.Errorf("odd")) != ResultReset {
		t.Error("an error is misunderstood")
	}
	for status, want := range map[int]Result{200: ResultOK, 404: ResultOK, 500: ResultOK, 501: ResultOK, 502: ResultStatus5xx, 503: ResultStatus5xx, 504: ResultStatus5xx, 505: ResultOK} {
		if ResultOfStatus(status) != want {
			t.Errorf("%d is %s", status, ResultOfStatus(status))
		}
	}
}
