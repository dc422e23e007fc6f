package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"wayguard/socket"
)

// dialer makes connections to one address of an endpoint.
type dialer struct {
	place place
	// own is the endpoint's address, others are of the other family and tried beside it.
	own      netip.AddrPort
	others   atomic.Pointer[[]netip.AddrPort]
	prefer   atomic.Int32 // the one that worked last
	tls      *tls.Config  // nil in clear
	fromHost bool         // the server name is each request's own
	protocol Protocol
	limits   limits
	// signature tells whether connections made by another dialer are as good.
	signature string
}

// limits are the sizes and times of a pool.
type limits struct {
	connectTimeout, responseTimeout, idleTimeout time.Duration
	idle, connections                            int
}

// tryNext is after how long the address of the other family is tried beside the first (RFC 8305's connection attempt delay).
const tryNext = 250 * time.Millisecond

// keepAlive finds endpoints that have vanished without a word.
const keepAlive = 30 * time.Second

// connect makes an HTTP/1.1 connection.
func (d *dialer) connect(ctx context.Context, name string) (*Conn, error) {
	if d.tls == nil {
		plain, err := d.socket(ctx)
		if err != nil {
			return nil, err
		}
		return newConn(plain, nil, nil)
	}
	over, under, err := d.secure(ctx, name, "http/1.1")
	if err != nil {
		return nil, err
	}
	return newConn(under.Conn, under, over)
}

func newConn(plain *socket.Conn, under *held, over *tls.Conn) (*Conn, error) {
	c := &Conn{Conn: plain, socket: plain, held: under, tls: over}
	if over != nil {
		c.Conn = over
	}
	if err := c.quiet.watch(plain.TCP()); err != nil {
		_ = plain.Close()
		return nil, fmt.Errorf("watch a connection: %w", err)
	}
	return c, nil
}

// secure makes a TLS connection that offers the protocols.
func (d *dialer) secure(ctx context.Context, name string, protocols ...string) (*tls.Conn, *held, error) {
	plain, err := d.socket(ctx)
	if err != nil {
		return nil, nil, err
	}
	config := d.tls.Clone()
	config.NextProtos = protocols
	if d.fromHost && name != "" {
		config.ServerName = name
	}
	under := &held{Conn: plain}
	over := tls.Client(under, config)
	ctx, cancel := context.WithTimeout(ctx, d.limits.connectTimeout)
	defer cancel()
	if err := over.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, nil, fmt.Errorf("TLS: %w", err)
	}
	return over, under, nil
}

// socket makes a TCP connection.
func (d *dialer) socket(ctx context.Context) (*socket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.limits.connectTimeout)
	defer cancel()
	conn, err := d.tcp(ctx)
	if err != nil {
		return nil, err
	}
	return socket.New(conn)
}

func (d *dialer) addresses() []netip.AddrPort {
	if others := d.others.Load(); others != nil {
		return append([]netip.AddrPort{d.own}, *others...)
	}
	return []netip.AddrPort{d.own}
}

func (d *dialer) tcp(ctx context.Context) (*net.TCPConn, error) {
	addresses := d.addresses()
	if len(addresses) == 1 {
		return dialTCP(ctx, addresses[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	race := make(chan attempt, len(addresses))
	next, running := 0, 0
	start := func() {
		which := (int(d.prefer.Load()) + next) % len(addresses)
		next++
		running++
		go func() {
			conn, err := dialTCP(ctx, addresses[which])
			race <- attempt{which, conn, err}
		}()
	}
	start()
	later := time.NewTimer(tryNext)
	defer later.Stop()
	var failed error
	for running > 0 {
		select {
		case <-later.C:
			if next < len(addresses) {
				start()
			}
		case a := <-race:
			running--
			if a.err == nil {
				d.prefer.Store(int32(a.which))
				go lose(race, running)
				return a.conn, nil
			}
			failed = errors.Join(failed, a.err)
			if next < len(addresses) && ctx.Err() == nil {
				start()
			}
		}
	}
	return nil, failed
}

// attempt is one address tried.
type attempt struct {
	which int
	conn  *net.TCPConn
	err   error
}

// lose closes the connections of attempts that came second. They end at once, because their context does.
func lose(race <-chan attempt, running int) {
	for range running {
		if a := <-race; a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

// exhausted says whether no connection could be made because this machine has run out of what connections need. That tells
// nothing of the endpoint.
func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) ||
		errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

func dialTCP(ctx context.Context, to netip.AddrPort) (*net.TCPConn, error) {
	conn, err := (&net.Dialer{KeepAlive: keepAlive}).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}
