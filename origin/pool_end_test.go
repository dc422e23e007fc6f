package origin

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

func TestTimeoutWithoutTimer(t *testing.T) {
	for name, secure := range map[string]bool{"clear": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			a, c := either(t, secure, hold)
			e := pick(t, running(t, c).Find("a"))
			conn := connect(t, e)
			began := time.Now()
			_, err := conn.Ask([]byte(question), make([]byte, 64), 20*time.Millisecond)
			if ResultOf(err) != ResultTimeout {
				t.Errorf("error %v", err)
			}
			if took := time.Since(began); took < 20*time.Millisecond {
				t.Errorf("too early: %s", took)
			}
			conn.Release(true) // it must not be kept, whatever we say
			if got := e.pool.state(); got.idle != 0 || got.open != 0 {
				t.Errorf("kept %+v", got)
			}
			a.hangUp()
		})
	}
}

// either is an application in clear or over TLS, and the configuration that leads there.
func either(t *testing.T, secure bool, how answer) (*application, Config) {
	t.Helper()
	if !secure {
		a := serve(t, nil, how)
		return a, config("a", a.url())
	}
	ca := newAuthority(t)
	pair, _, _ := ca.issue(t, "127.0.0.1")
	a := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}}, how)
	c := config("a", a.urls())
	c.TLS.CA = ca.file()
	return a, c
}

// A timeout that is over, or was called off, does no harm to whoever has the connection next.
func TestTimeoutEndsWithTheRequest(t *testing.T) {
	time0 := &clock{}
	a := serve(t, nil, good)
	s := still(t, Deps{Now: time0.now}, config("a", a.url()))
	e := pick(t, s.Find("a"))
	for range 3 {
		c := connect(t, e)
		into := make([]byte, 64)
		if _, err := c.Ask([]byte(question), into, time.Second); err != nil {
			t.Fatal(err)
		}
		c.SetTimeout(time.Second)
		c.SetTimeout(0)
		_ = c.SetReadDeadline(time.Now().Add(-time.Second)) // Release takes it away
		c.Release(true)
		time0.advance(2 * time.Second)
		s.sweep(time0.now())
	}
	if a.accepted.Load() != 1 {
		t.Errorf("%d connections", a.accepted.Load())
	}
	c := connect(t, e)
	c.SetTimeout(time.Second)
	time0.advance(2 * time.Second)
	s.sweep(time0.now())
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read after the end: %v", err)
	}
	_ = c.SetReadDeadline(time.Time{}) // cannot bring it back
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read after the end and a new deadline: %v", err)
	}
	c.Release(true)
	if e.pool.state().open != 0 {
		t.Error("a connection was kept although its time ran out")
	}
}

func TestCut(t *testing.T) {
	for name, secure := range map[string]bool{"clear": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{})
			a, c := either(t, secure, func(conn net.Conn, n int) bool {
				close(asked)
				return hold(conn, n)
			})
			e := pick(t, still(t, Deps{}, c).Find("a"))
			conn := connect(t, e)
			go func() {
				<-asked
				conn.Cut()
			}()
			if _, err := conn.Ask([]byte(question), make([]byte, 64), 0); ResultOf(err) != ResultTimeout {
				t.Errorf("error %v", err)
			}
			conn.Release(true)
			if e.pool.state().open != 0 {
				t.Error("a cut connection was kept")
			}
			a.hangUp()
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	noLeak(t)
	a := serve(t, nil, good)
	s, err := New([]Config{config("a", a.url())}, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	e := pick(t, s.Find("a"))
	unused, used := connect(t, e), connect(t, e)
	unused.Release(true)
	used.SetTimeout(time.Minute)
	s.Close()
	s.Close()
	ask(t, used) // what is under way goes on
	used.Release(true)
	later := connect(t, e) // and who has just picked still gets there
	ask(t, later)
	// Timeouts hold, although nobody sweeps.
	later.SetTimeout(5 * time.Millisecond)
	if _, err := later.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	later.Release(true)
	if got := e.pool.state(); got.open != 0 || len(e.pool.all) != 0 {
		t.Errorf("left %+v", got)
	}
}

func TestTimeoutsSurviveClose(t *testing.T) {
	a := serve(t, nil, hold)
	s := still(t, Deps{}, config("a", a.url()))
	c := connect(t, pick(t, s.Find("a")))
	result := make(chan error)
	go func() {
		_, err := c.Ask([]byte(question), make([]byte, 64), 50*time.Millisecond)
		result <- err
	}()
	until(t, "the request has arrived", func() bool { return a.requests.Load() == 1 })
	s.Close()
	if err := <-result; ResultOf(err) != ResultTimeout {
		t.Errorf("error %v", err)
	}
	c.Release(false)
	a.hangUp()
}
