package origin

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// TestSurplusInsideTLS has an endpoint send more than its answer in one record. What TLS holds of it nobody sees on the socket,
// and it must not answer the next request. An end that came with the answer is noticed in the same way.
func TestSurplusInsideTLS(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	pair, _, _ := ca.issue(t, "127.0.0.1")
	app := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}}, func(conn net.Conn, _ int) bool {
		_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
		return err == nil
	})
	c := config("a", app.urls())
	c.TLS.CA = ca.file()
	e := pick(t, running(t, c).Find("a"))
	for range 3 {
		conn := connect(t, e)
		if conn.Reused() {
			t.Fatal("a connection on which something was left was kept")
		}
		into := make([]byte, len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		if n, err := conn.Ask([]byte(question), into, time.Minute); n != len(into) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		conn.Release(true)
	}
}

// TestQuietTLSConnectionIsKept is the other half: looking takes nothing away.
func TestQuietTLSConnectionIsKept(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	pair, _, _ := ca.issue(t, "127.0.0.1")
	app := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}}, good)
	c := config("a", app.urls())
	c.TLS.CA = ca.file()
	e := pick(t, running(t, c).Find("a"))
	for range 20 {
		conn := connect(t, e)
		if got := ask(t, conn); !strings.HasSuffix(got, "ok") {
			t.Fatal(got)
		}
		conn.Release(true)
	}
	if got := app.accepted.Load(); got != 1 {
		t.Errorf("%d connections for 20 requests", got)
	}
}

// TestDoubtfulConnections are looked at although they were used a moment ago: what came in parts, and what the caller doubts.
func TestDoubtfulConnections(t *testing.T) {
	noLeak(t)
	for name, doubt := range map[string]func(c *Conn){
		"several parts": func(c *Conn) { _, _ = c.Read(make([]byte, 1)) },
		"doubted":       (*Conn).Doubt,
		"moved":         func(c *Conn) { c.Socket() },
	} {
		t.Run(name, func(t *testing.T) {
			app := serve(t, nil, func(conn net.Conn, _ int) bool {
				_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more")
				return err == nil
			})
			e := pick(t, running(t, config("a", app.url())).Find("a"))
			conn := connect(t, e)
			into := make([]byte, len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
			if _, err := conn.Ask([]byte(question), into, time.Minute); err != nil {
				t.Fatal(err)
			}
			doubt(conn)
			conn.Release(true)
			next := connect(t, e)
			defer next.Release(false)
			if next.Reused() {
				t.Error("the connection was used again")
			}
		})
	}
}

// TestNamesOutliveTheirRequests asks for connections by names that lie in memory which is used again, as those of requests do.
func TestNamesOutliveTheirRequests(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	pair, _, _ := ca.issue(t, "a.example", "b.example", "127.0.0.1")
	app := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}}, good)
	c := config("a", app.urls())
	c.TLS.CA, c.ServerNameFromHost = ca.file(), true
	e := pick(t, running(t, c).Find("a"))
	memory := []byte("a.example")
	connectFor := func(host string) *Conn {
		conn, err := e.ConnectFor(context.Background(), host)
		if err != nil {
			t.Fatal(err)
		}
		ask(t, conn)
		conn.Release(true)
		return conn
	}
	first := connectFor(unsafe.String(&memory[0], len(memory)))
	copy(memory, "b.example")
	if second := connectFor("b.example"); second == first {
		t.Error("the request for b.example went over the connection for a.example")
	}
	if again := connectFor("a.example"); again != first {
		t.Error("the connection for a.example was forgotten")
	}
}

// TestDoubtfulConnectionsRest has the surplus come a moment after the answer: nobody may be given the connection before.
func TestDoubtfulConnectionsRest(t *testing.T) {
	noLeak(t)
	app := serve(t, nil, good)
	c := config("a", app.url())
	e := pick(t, running(t, c).Find("a"))
	first := connect(t, e)
	ask(t, first)
	first.Doubt()
	first.Release(true)
	second := connect(t, e)
	if second == first && first.pool.now()-first.since < rest {
		t.Error("used again at once")
	}
	ask(t, second)
	second.Release(true)
	time.Sleep(2 * time.Duration(rest))
	if again := connect(t, e); !again.Reused() {
		t.Error("none was used again")
	} else {
		again.Release(true)
	}
	// Where there may be no more, one that rests has to do.
	c.Connections = 1
	e = pick(t, running(t, c).Find("a"))
	for range 3 {
		conn := connect(t, e)
		ask(t, conn)
		conn.Doubt()
		conn.Release(true)
	}
}
