package origin

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestConnectionsAreKept(t *testing.T) {
	noLeak(t)
	a := serve(t, nil, good)
	g := running(t, config("a", a.url())).Find("a")
	for i := range 5 {
		e := pick(t, g)
		c := connect(t, e)
		if got := ask(t, c); !strings.HasSuffix(got, "ok") {
			t.Fatalf("answer %q", got)
		}
		if c.Reused() != (i > 0) {
			t.Errorf("request %d: reused is %v", i, c.Reused())
		}
		if e.busy.Load() != 1 {
			t.Errorf("%d requests under way", e.busy.Load())
		}
		c.Release(true)
		c.Release(true) // twice does nothing
		if e.busy.Load() != 0 {
			t.Errorf("%d requests under way after the end", e.busy.Load())
		}
	}
	if a.accepted.Load() != 1 {
		t.Errorf("%d connections", a.accepted.Load())
	}
	c := connect(t, pick(t, g))
	c.Release(false)
	if again := connect(t, pick(t, g)); again.Reused() {
		t.Error("a connection was used again that should not be")
	} else {
		again.Release(true)
	}
}

// The last released is used first, so that the others can end.
func TestLastInFirstOut(t *testing.T) {
	a := serve(t, nil, good)
	e := pick(t, still(t, Deps{}, config("a", a.url())).Find("a"))
	one, two := connect(t, e), connect(t, e)
	one.Release(true)
	two.Release(true)
	if got := connect(t, e); got != two {
		t.Error("not the last")
	}
}

func TestIdleLimitAndTimeout(t *testing.T) {
	time0 := &clock{}
	a := serve(t, nil, good)
	c := config("a", a.url())
	c.IdleConnections, c.IdleTimeout = 2, 3*time.Second
	s := still(t, Deps{Now: time0.now}, c)
	e := pick(t, s.Find("a"))
	var conns []*Conn
	for range 4 {
		conns = append(conns, connect(t, e))
	}
	for _, conn := range conns {
		conn.Release(true)
	}
	if got := e.pool.state(); got.idle != 2 || got.open != 2 {
		t.Errorf("kept %+v", got)
	}
	time0.advance(2 * time.Second)
	s.sweep(time0.now())
	connect(t, e).Release(true) // young again
	time0.advance(2 * time.Second)
	s.sweep(time0.now())
	if got := e.pool.state(); got.idle != 1 || got.open != 1 {
		t.Errorf("after the timeout %+v", got)
	}
	if len(e.pool.all) != 1 {
		t.Errorf("%d connections are swept", len(e.pool.all))
	}
}

// A kept connection that the origin has closed is noticed before it is used, if it was idle for a moment.
func TestClosedConnectionsAreNotUsed(t *testing.T) {
	time0 := &clock{}
	a := serve(t, nil, good)
	s := still(t, Deps{Now: time0.now}, config("a", a.url()))
	e := pick(t, s.Find("a"))
	c := connect(t, e)
	ask(t, c)
	c.Release(true)
	a.hangUp()
	until(t, "the end has arrived", c.Stale)
	time0.advance(time.Second)
	e.pool.clock.Store(int64(time0.now().Sub(e.pool.base)))
	fresh := connect(t, e)
	if fresh.Reused() {
		t.Fatal("a dead connection was used")
	}
	if got := e.pool.state(); got.open != 1 || got.reused != 0 {
		t.Errorf("counted %+v", got)
	}
	ask(t, fresh)
	fresh.Release(true)
}

// Bytes that nobody asked for would be taken for the next answer.
func TestUnaskedBytesSpoilAConnection(t *testing.T) {
	a := serve(t, nil, func(conn net.Conn, n int) bool {
		_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		if n == 1 {
			time.AfterFunc(time.Millisecond, func() { _, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n") })
		}
		return err == nil
	})
	e := pick(t, still(t, Deps{}, config("a", a.url())).Find("a"))
	c := connect(t, e)
	ask(t, c)
	c.Release(true)
	until(t, "the bytes have arrived", c.Stale)
	e.pool.suspect()
	if again := connect(t, e); again == c {
		t.Error("a spoiled connection was used")
	}
}

// When the origin closes while a request is on its way, the error says that the connection was stale, nothing is counted
// against the endpoint, and every other idle connection is looked at.
func TestStaleConnection(t *testing.T) {
	a := serve(t, nil, good)
	g := still(t, Deps{}, config("a", a.url())).Find("a")
	e := pick(t, g)
	var conns []*Conn
	for range 3 {
		conns = append(conns, connect(t, e))
	}
	for _, c := range conns {
		ask(t, c)
		c.Release(true)
	}
	c := connect(t, e)
	a.hangUp()
	for _, one := range conns {
		until(t, "the end has arrived", func() bool { return !one.quiet.quiet() })
	}
	_, err := c.Ask([]byte(question), make([]byte, 64), time.Minute)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Result != ResultStale || !failure.Sent {
		t.Fatalf("error %v", err)
	}
	c.Release(false)
	e.Report(ResultOf(err))
	if e.failures.Load() != 0 {
		t.Error("the endpoint is blamed")
	}
	again := connect(t, e)
	if again.Reused() {
		t.Error("another dead connection was used")
	}
	ask(t, again)
}

func TestNewConnectionThatBreaksIsTheEndpointsFault(t *testing.T) {
	a := serve(t, nil, func(net.Conn, int) bool { return false })
	e := pick(t, still(t, Deps{}, config("a", a.url())).Find("a"))
	c := connect(t, e)
	_, err := c.Ask([]byte(question), make([]byte, 64), time.Minute)
	if ResultOf(err) != ResultReset {
		t.Errorf("error %v", err)
	}
	c.Release(false)
}

func TestRefused(t *testing.T) {
	e := pick(t, still(t, Deps{}, config("a", refused(t))).Find("a"))
	_, err := e.Connect(context.Background())
	var failure *Failure
	if !errors.As(err, &failure) || failure.Result != ResultConnect || failure.Sent || e.pool.state().open != 0 || e.busy.Load() != 0 {
		t.Errorf("error %v, state %+v", err, e.pool.state())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Connect(ctx); ResultOf(err) != ResultGone {
		t.Errorf("after the visitor left: %v", err)
	}
}

// hold answers nothing until the connection ends.
func hold(conn net.Conn, _ int) bool {
	_, _ = conn.Read(make([]byte, 1))
	return false
}

func TestSecure(t *testing.T) {
	noLeak(t)
	a, c := either(t, true, good)
	e := pick(t, running(t, c).Find("a"))
	for i := range 3 {
		conn := connect(t, e)
		if conn.Reused() != (i > 0) || conn.Socket() != nil || conn.TLS().NegotiatedProtocol != "" && conn.TLS().NegotiatedProtocol != "http/1.1" {
			t.Errorf("request %d: reused %v, %q", i, conn.Reused(), conn.TLS().NegotiatedProtocol)
		}
		if got := ask(t, conn); !strings.HasSuffix(got, "ok") {
			t.Fatalf("answer %q", got)
		}
		if i == 1 { // too long to be held back
			body := strings.Repeat("x", 3*heldLimit)
			out := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + "196608" + "\r\n\r\n" + body
			if n, err := conn.Ask([]byte(out), make([]byte, 4096), time.Minute); err != nil || n == 0 {
				t.Fatalf("a long request: %v", err)
			}
			if _, err := conn.Write([]byte(question)); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(make([]byte, 4096)); err != nil || n == 0 {
				t.Fatalf("write and read: %v", err)
			}
		}
		several := conn.parts >= severalParts
		conn.Release(true)
		if several {
			time.Sleep(2 * time.Duration(rest))
		}
	}
	if a.accepted.Load() != 1 || a.requests.Load() != 5 {
		t.Errorf("%d connections, %d requests", a.accepted.Load(), a.requests.Load())
	}
}

// The pool never gives one connection to two, whatever happens to connections.
func TestAConnectionIsInOnePairOfHands(t *testing.T) {
	noLeak(t)
	var turn atomic.Int64
	a := serve(t, nil, func(conn net.Conn, n int) bool {
		turn.Add(1)
		return good(conn, n) && n%17 != 0 // sometimes closes without saying so
	})
	for name, limit := range map[string]int{"unlimited": 0, "limited": 8} {
		t.Run(name, func(t *testing.T) {
			c := config("a", a.url())
			c.Connections, c.IdleConnections = limit, 6
			s := running(t, c)
			g := s.Find("a")
			var holders sync.Map
			var workers sync.WaitGroup
			var failed, served atomic.Int64
			for w := range 16 {
				workers.Add(1)
				go func() {
					defer workers.Done()
					into := make([]byte, 256)
					for i := range 150 {
						e, _ := g.Pick(Choice{})
						conn, err := e.Connect(context.Background())
						if err != nil {
							failed.Add(1)
							continue
						}
						if other, twice := holders.LoadOrStore(conn, w); twice {
							t.Errorf("%d and %d hold the same connection", other, w)
						}
						_, err = conn.Ask([]byte(question), into, time.Minute)
						holders.Delete(conn)
						if err == nil {
							served.Add(1)
						}
						conn.Release(err == nil && i%7 != 0)
					}
				}()
			}
			workers.Wait()
			state := g.endpoints[0].pool.state()
			if limit > 0 && state.open > limit || state.idle > 6 || state.waiting > 0 || state.open != state.idle {
				t.Errorf("left %+v", state)
			}
			if served.Load() < 1500 {
				t.Errorf("only %d served, %d failed", served.Load(), failed.Load())
			}
			if n := len(g.endpoints[0].pool.all); n != state.open {
				t.Errorf("%d connections are swept, %d open", n, state.open)
			}
		})
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	a := serve(t, nil, good)
	c := config("a", a.url())
	c.Connections, c.ConnectTimeout = 1, 50*time.Millisecond
	e := pick(t, still(t, Deps{}, c).Find("a"))
	held := connect(t, e)
	if _, err := e.Connect(context.Background()); ResultOf(err) != ResultBusy || !errors.Is(err, ErrBusy) {
		t.Errorf("when all are used: %v", err)
	}
	e.pool.dialer.limits.connectTimeout = time.Minute
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := e.Connect(ctx); ResultOf(err) != ResultGone {
		t.Errorf("when the visitor leaves: %v", err)
	}
	if e.pool.state().waiting != 0 {
		t.Error("somebody still waits")
	}
	for _, reusable := range []bool{true, false} {
		got := make(chan *Conn)
		go func() {
			next, err := e.Connect(context.Background())
			if err != nil {
				t.Error(err)
			}
			got <- next
		}()
		until(t, "one waits", func() bool { return e.pool.state().waiting == 1 })
		// As many may wait as there are connections.
		if _, err := e.Connect(context.Background()); ResultOf(err) != ResultBusy {
			t.Errorf("the queue is not bounded: %v", err)
		}
		held.Release(reusable)
		next := <-got
		if next.Reused() != reusable {
			t.Errorf("the one who waited got a connection with reused %v", next.Reused())
		}
		ask(t, next)
		held = next
	}
	held.Release(true)
	if got := e.pool.state(); got.open != 1 || got.idle != 1 {
		t.Errorf("left %+v", got)
	}
}

func TestKeptConnectionCostsNoAllocation(t *testing.T) {
	a := serve(t, nil, good)
	g := running(t, config("a", a.url())).Find("a")
	out, into := []byte(question), make([]byte, 256)
	ctx := context.Background()
	once := func() {
		e, _ := g.Pick(Choice{})
		c, err := e.Connect(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c.Release(true)
		e.Report(ResultOK)
	}
	once()
	if n := testing.AllocsPerRun(200, once); n != 0 {
		t.Errorf("%v allocations", n)
	}
	c := connect(t, pick(t, g))
	if _, err := c.Ask(out, into, time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { c.SetTimeout(time.Minute); c.SetTimeout(0) }); n != 0 {
		t.Errorf("a timeout: %v allocations", n)
	}
	c.Release(true)
}

// A connection is a net.Conn, for what is longer than one piece, in clear and over TLS.
func TestConnIsANetConn(t *testing.T) {
	for name, secure := range map[string]bool{"clear": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			a, c := either(t, secure, good)
			g := still(t, Deps{}, c).Find("a")
			e := pick(t, g)
			conn := connect(t, e)
			if (conn.Socket() == nil) != secure || (conn.TLS() != nil) != secure || conn.RemoteAddr().String() != e.Address() {
				t.Errorf("connection to %s", conn.RemoteAddr())
			}
			if err := conn.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write([]byte(question)); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(make([]byte, 4096)); n == 0 || err != nil {
				t.Fatal(err)
			}
			if err := conn.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(conn); len(rest) != 0 || err != nil {
				t.Errorf("rest %q, %v", rest, err)
			}
			if conn.Explain(nil) != nil || ResultOf(conn.Explain(io.EOF)) != ResultReset {
				t.Error("the end is misunderstood")
			}
			_ = conn.Close()
			if e.pool.state().open != 0 {
				t.Error("a closed connection was kept")
			}
			conn = connect(t, e)
			if err := conn.SetDeadline(time.Now().Add(-time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err := conn.Read(make([]byte, 1))
			if f := conn.Explain(err); ResultOf(f) != ResultTimeout || !f.(*Failure).Timeout() || !strings.Contains(f.Error(), e.Address()) {
				t.Errorf("error %v", f)
			}
			conn.Release(false)
			a.hangUp()
			if g.Retries() != 1 || e.ResponseTimeout() != 2*time.Minute || g.Sticky() != (StickyConfig{}) {
				t.Error("the group's settings are not told")
			}
		})
	}
}

func BenchmarkConnect(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	s, err := New([]Config{config("a", "http://"+listener.Addr().String())}, Deps{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	g := s.Find("a")
	ctx := context.Background()
	for b.Loop() {
		e, _ := g.Pick(Choice{})
		c, err := e.Connect(ctx)
		if err != nil {
			b.Fatal(err)
		}
		c.SetTimeout(time.Minute)
		c.Release(true)
		e.Report(ResultOK)
	}
}
