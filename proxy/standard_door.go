package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go/http3"

	"wayguard/fingerprint"
	"wayguard/listen"
)

// servers are net/http's and quic-go's servers in use, to be ended with the rest.
type servers struct {
	mu  sync.Mutex
	all []interface{ Shutdown(context.Context) error }
}

func (s *servers) add(server interface{ Shutdown(context.Context) error }) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, server)
}

// shutdown ends them, waiting for requests until ctx ends.
func (s *servers) shutdown(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range s.all {
		go func() { _ = server.Shutdown(ctx) }()
	}
}

// serveStandard has net/http's server read the requests of a door.
func (w *wire) serveStandard(door *entrance) error {
	server := &http.Server{
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			who, _ := r.Context().Value(identityKey{}).(*identity)
			w.serveHTTP(rw, r, *who)
		}),
		ReadHeaderTimeout:            w.config.Limits.HeaderTimeout,
		IdleTimeout:                  w.config.Limits.IdleTimeout,
		MaxHeaderBytes:               int(w.config.Limits.HeaderBytes),
		DisableGeneralOptionsHandler: true, // OPTIONS * is the origin's to answer
		ErrorLog:                     log.New(io.Discard, "", 0),
		BaseContext:                  func(net.Listener) context.Context { return w.requests },
		ConnContext:                  whose,
		TLSConfig:                    door.config,
	}
	w.servers.add(server)
	ready := &readyListener{conns: make(chan net.Conn), closed: make(chan struct{}), address: door.Listener.Addr()}
	go func() {
		if door.config != nil {
			_ = server.ServeTLS(ready, "", "")
		} else {
			_ = server.Serve(ready)
		}
	}()
	defer func() { _ = ready.Close() }()
	return door.Accept(w.accepting, func(tcp *net.TCPConn) {
		if w.standing.Add(1) > int64(w.config.Limits.Connections) {
			w.standing.Add(-1)
			w.turnAway(tcp, door)
			return
		}
		go ready.introduce(tcp, door, w)
	})
}

// identityKey finds an *identity in a request's context.
type identityKey struct{}

// whose puts a connection's identity into the context of its requests.
func whose(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	who := &identity{}
	if introduced, ok := conn.(*introducedConn); ok {
		who = &introduced.who
	}
	return context.WithValue(ctx, identityKey{}, who)
}

// readyListener gives net/http connections whose PROXY header was read.
type readyListener struct {
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
	address net.Addr
}

// Accept implements net.Listener.
func (l *readyListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *readyListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *readyListener) Addr() net.Addr { return l.address }

// introduce reads a connection's PROXY header where there may be one.
func (l *readyListener) introduce(tcp *net.TCPConn, door *entrance, w *wire) {
	conn := &introducedConn{TCPConn: tcp, remote: tcp.RemoteAddr(), ended: func() { w.standing.Add(-1) }}
	if door.AwaitsHeader() {
		_ = tcp.SetReadDeadline(time.Now().Add(w.config.Limits.HeaderTimeout))
		if !conn.header(door) {
			w.counts.refuse("PROXY header")
			_ = conn.Close()
			return
		}
		_ = tcp.SetReadDeadline(time.Time{})
	}
	select {
	case l.conns <- conn:
	case <-l.closed:
		_ = conn.Close()
	}
}

// introducedConn is a connection whose first bytes were looked at.
type introducedConn struct {
	*net.TCPConn
	remote net.Addr
	early  []byte
	who    identity
	ended  func() // called once
	end    sync.Once
}

// Close implements net.Conn.
func (c *introducedConn) Close() error {
	c.end.Do(c.ended)
	return c.TCPConn.Close()
}

func (c *introducedConn) header(door *entrance) bool {
	peer, _ := netip.ParseAddrPort(c.remote.String())
	buffer := make([]byte, smallBuffer)
	for filled := 0; ; {
		n, source, err := door.Header(peer.Addr(), buffer[:filled])
		switch {
		case err == nil:
			c.early = buffer[n:filled]
			if source.IsValid() {
				c.remote = net.TCPAddrFromAddrPort(source)
			}
			return true
		case !errors.Is(err, listen.ErrMore) || filled == len(buffer):
			return false
		}
		more, err := c.TCPConn.Read(buffer[filled:])
		if err != nil {
			return false
		}
		filled += more
	}
}

// Read implements net.Conn.
func (c *introducedConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.TCPConn.Read(p)
}

// RemoteAddr implements net.Conn.
func (c *introducedConn) RemoteAddr() net.Addr { return c.remote }

// KeepHello implements listen.Hello.
func (c *introducedConn) KeepHello(hello fingerprint.Hello) { c.who.ja4 = hello.JA4() }

// serveHTTP3 answers a door's UDP port.
func (w *wire) serveHTTP3(door *entrance) {
	server := &http3.Server{
		TLSConfig:      http3.ConfigureTLSConfig(door.config),
		Handler:        http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serveHTTP(rw, r, identity{}) }),
		MaxHeaderBytes: int(w.config.Limits.HeaderBytes),
		IdleTimeout:    w.config.Limits.IdleTimeout,
	}
	w.servers.add(server)
	go func() { _ = server.Serve(door.Packets) }()
}
