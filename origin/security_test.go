package origin

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"wayguard/socket"
)

func TestCertificatesAreChecked(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	right, _, _ := ca.issue(t, "127.0.0.1")
	named, _, _ := ca.issue(t, "origin.example.com")
	_, clientCert, clientKey := ca.issue(t, "wayguard.example")
	var asked atomic.Pointer[string]
	start := func(pair tls.Certificate, change func(*tls.Config)) string {
		config := &tls.Config{Certificates: []tls.Certificate{pair}, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			asked.Store(&h.ServerName)
			return nil, nil
		}}
		if change != nil {
			change(config)
		}
		return serve(t, config, good).urls()
	}
	mutual := func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool }
	old := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }
	cases := map[string]struct {
		url    string
		change func(*Config)
		host   string
		ok     bool
		name   string
	}{
		"right":               {url: start(right, nil), ok: true},
		"system's only":       {url: start(right, nil), change: func(c *Config) { c.TLS.CA = "" }},
		"strange authority":   {url: start(right, nil), change: func(c *Config) { c.TLS.CA = stranger.file() }},
		"insecure":            {url: start(right, nil), change: func(c *Config) { c.TLS.CA, c.TLS.Insecure = "", true }, ok: true},
		"wrong name":          {url: start(named, nil)},
		"destination routing": {url: start(named, nil), change: func(c *Config) { c.ServerName = "origin.example.com" }, ok: true, name: "origin.example.com"},
		"another destination": {url: start(named, nil), change: func(c *Config) { c.ServerName = "other.example.com" }, name: "other.example.com"},
		"name from host":      {url: start(named, nil), change: func(c *Config) { c.ServerNameFromHost = true }, host: "Origin.Example.Com:8443", ok: true, name: "origin.example.com"},
		"wrong host":          {url: start(named, nil), change: func(c *Config) { c.ServerNameFromHost = true }, host: "evil.example.com", name: "evil.example.com"},
		"nonsense host":       {url: start(right, nil), change: func(c *Config) { c.ServerNameFromHost = true }, host: "a b", ok: true},
		"no certificate":      {url: start(right, mutual)},
		"our certificate":     {url: start(right, mutual), change: func(c *Config) { c.TLS.Certificate, c.TLS.Key = clientCert, clientKey }, ok: true},
		"TLS 1.2":             {url: start(right, old), ok: true},
		"too old":             {url: start(right, old), change: func(c *Config) { c.TLS.MinVersion = "1.3" }},
		"not TLS":             {url: strings.Replace(serve(t, nil, good).url(), "http:", "https:", 1)},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			c := config("a", one.url)
			c.TLS.CA = ca.file()
			if one.change != nil {
				one.change(&c)
			}
			e := pick(t, still(t, Deps{}, c).Find("a"))
			asked.Store(nil)
			conn, err := e.ConnectFor(context.Background(), one.host)
			if err == nil {
				// Under TLS 1.3 the origin refuses our certificate only after the handshake.
				_, err = conn.Ask([]byte(question), make([]byte, 64), 0)
				conn.Release(false)
			}
			if (err == nil) != one.ok {
				t.Errorf("error %v", err)
			}
			if got := asked.Load(); one.name != "" && (got == nil || *got != one.name) {
				t.Errorf("asked for %v, want %s", got, one.name)
			}
		})
	}
}

// Connections to one name never serve another.
func TestNamesAreKeptApart(t *testing.T) {
	ca := newAuthority(t)
	pair, _, _ := ca.issue(t, "a.example.com", "b.example.com")
	a := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}}, good)
	c := config("a", a.urls())
	c.TLS.CA, c.ServerNameFromHost, c.Connections = ca.file(), true, 2
	g := still(t, Deps{}, c).Find("a")
	if !g.NamesFollowHost() {
		t.Error("the group does not say so")
	}
	e := pick(t, g)
	take := func(host string) *Conn {
		t.Helper()
		conn, err := e.ConnectFor(context.Background(), host)
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.TLS().ServerName; got != host {
			t.Errorf("a connection to %s for %s", got, host)
		}
		return conn
	}
	one := take("a.example.com")
	one.Release(true)
	two := take("b.example.com")
	if two.Reused() {
		t.Error("reused for another name")
	}
	again := take("a.example.com")
	if again != one {
		t.Error("not reused for the same name")
	}
	// All places are taken by idle connections to one name: one of them makes room.
	again.Release(false)
	third := take("b.example.com")
	two.Release(true)
	third.Release(true)
	last := take("a.example.com")
	if got := e.pool.state(); got.open != 2 || got.idle != 1 {
		t.Errorf("state %+v", got)
	}
	last.Release(true)
}

func TestDestinationRoutingOverHTTP2(t *testing.T) {
	ca := newAuthority(t)
	var host, name atomic.Pointer[string]
	target := startServer(t, ca, ProtocolH2, func(_ http.ResponseWriter, r *http.Request) {
		host.Store(&r.Host)
		name.Store(&r.TLS.ServerName)
	})
	for _, fromHost := range []bool{false, true} {
		c := config("a", target)
		c.Protocol, c.TLS.CA, c.ServerName, c.ServerNameFromHost = ProtocolH2, ca.file(), "origin.example", fromHost
		want := "origin.example"
		if fromHost {
			c.ServerName, want = "", "www.example.com"
		}
		answer, err := pick(t, still(t, Deps{}, c).Find("a")).RoundTrip(streamRequest(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if *host.Load() != "www.example.com" || *name.Load() != want {
			t.Errorf("Host %s, server name %s", *host.Load(), *name.Load())
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	empty := t.TempDir() + "/empty.pem"
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*Config){
		func(c *Config) { c.TLS.CA = empty },
		func(c *Config) { c.TLS.CA = empty + ".none" },
		func(c *Config) { c.TLS.Certificate, c.TLS.Key = empty, empty },
	} {
		c := config("shop", "https://10.0.0.1")
		change(&c)
		if s, err := New([]Config{c}, Deps{}); err == nil || !strings.Contains(err.Error(), `"shop"`) {
			s.Close()
			t.Errorf("error %v", err)
		}
	}
}

// What is held back under TLS is sent exactly once and in order.
func TestHeld(t *testing.T) {
	a := serve(t, nil, good)
	conn := connect(t, pick(t, still(t, Deps{}, config("a", a.url())).Find("a")))
	h := &held{Conn: conn.Socket()}
	h.holding = true
	_, _ = h.Write([]byte(question[:10]))
	_, _ = h.Write([]byte(question[10:]))
	h.holding = false
	if n, err := h.Read(make([]byte, 4)); n == 0 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	h.holding = true
	_, _ = h.Write([]byte(strings.Repeat(question, heldKept/len(question)+2)))
	h.holding = false
	if err := h.flush(); err != nil || len(h.pending) != 0 || cap(h.pending) != 0 {
		t.Errorf("flush %v, %d kept", err, cap(h.pending))
	}
	until(t, "all requests have arrived", func() bool { return a.requests.Load() == 1+int64(heldKept/len(question)+2) })
	conn.Release(false)
	var _ *socket.Conn = h.Conn
	var _ io.Writer = h
}
