package proxy

import (
	"errors"
	"net"

	"wayguard/http2"
	"wayguard/listen"
	"wayguard/socket"
)

// begun prepares a connection for its first request: the PROXY header, TLS. It answers false when the connection is over.
func (c *conn) begun() bool {
	if c.door.AwaitsHeader() && !c.introduced() {
		return false
	}
	if config := c.door.config; config != nil {
		c.secure(config)
		if c.in != nil { // came with the PROXY header
			c.tls.cipher, c.tls.from, c.tls.to = c.in, c.from, c.to
			c.in, c.from, c.to = nil, 0, 0
		}
		if !c.handshake() {
			return false
		}
		switch c.tls.protocol() {
		case listen.ChallengeProtocol:
			return false
		case "h2":
			c.http2(nil)
			return false
		}
	}
	return true
}

// introduced reads the PROXY header. What came behind it is left in the buffer.
func (c *conn) introduced() bool {
	peer := c.origin.peer
	c.in = c.wire.buffers.take(smallBuffer)
	for {
		n, source, err := c.door.Header(peer, c.in[:c.to])
		switch {
		case err == nil:
			c.from = n
			if source.IsValid() {
				c.identify(source.Addr())
			}
			if c.from == c.to {
				c.release()
			}
			return true
		case !errors.Is(err, listen.ErrMore) || c.to == len(c.in):
			c.wire.counts.refuse("PROXY header")
			return false
		}
		more, err := c.socket.Read(c.in[c.to:])
		if err != nil {
			return false
		}
		c.to += more
	}
}

// http2 speaks HTTP/2 until the connection ends. received are its first bytes.
func (c *conn) http2(received []byte) {
	if c.down.enter(phaseTunnel, c.wire.clock.read()) != cutNot {
		return
	}
	opening := http2.Opening{Buffered: received, Info: &c.origin, Serve: c.serveAgain, HungUp: c.gone, Progress: c.socket.Progress}
	if c.tls != nil {
		c.tls.hurried = true
		_ = c.wire.http2.Serve(c.tls.conn, opening)
		return
	}
	_ = c.wire.http2.Serve(&unblocked{Conn: c.socket, owner: c}, opening)
}

// serveAgain is Serve for who reads without waiting.
func (c *conn) serveAgain(ready func(first bool) (wait bool)) error {
	return c.socket.Serve(func(first bool) bool {
		c.dry = false
		return ready(first)
	})
}

// unblocked is a socket in clear that is read inside Serve.
type unblocked struct {
	net.Conn
	owner *conn
}

// Read implements net.Conn. It does not wait: socket.ErrWouldBlock says that there is nothing.
func (u *unblocked) Read(p []byte) (int, error) {
	if u.owner.dry {
		return 0, socket.ErrWouldBlock
	}
	n, err := u.owner.socket.TryRead(p)
	u.owner.dry = err == nil && n < len(p)
	return n, err
}

// CloseWrite tells the visitor that nothing more will come.
func (u *unblocked) CloseWrite() error { return u.owner.socket.CloseWrite() }

// Close does nothing: the connection's own end is the socket's.
func (u *unblocked) Close() error { return nil }
