package proxy

import (
	"encoding/base64"
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"wayguard/socket"
)

// refusal is what a connection gets that there is no place for.
const refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 24\r\n" +
	"Retry-After: 1\r\nConnection: close\r\n\r\n503 Service Unavailable\n"

// admit begins a connection. When there are as many as there may be, those that have been idle longest make room; when
// none is idle the new one is answered 503: who is being served goes before who comes.
func (w *wire) admit(tcp *net.TCPConn, door *entrance) {
	w.mu.Lock()
	full := len(w.conns) >= w.config.Limits.Connections
	room := !full || w.evict()
	stopping := w.closed
	if !room || stopping {
		w.mu.Unlock()
		if stopping {
			_ = tcp.Close()
		} else {
			w.turnAway(tcp, door)
		}
		return
	}
	c, err := w.newConn(tcp, door)
	if err != nil {
		w.mu.Unlock()
		_ = tcp.Close()
		return
	}
	w.conns[c] = struct{}{}
	w.done.Add(1)
	w.mu.Unlock()
	select {
	case w.next <- c:
	default:
		go w.live(c)
	}
}

// mostSpare is how many goroutines wait for another connection when theirs has ended.
const mostSpare = 16

// live is the life of a goroutine that has one connection after the other. A TLS handshake needs a deep stack, and to let one
// grow anew for each connection costs a twentieth of the handshake.
func (w *wire) live(c *conn) {
	for c != nil {
		c.live()
		c = w.another()
	}
}

// another waits for a new connection; nil when enough wait already, and at the end.
func (w *wire) another() *conn {
	defer w.spare.Add(-1)
	if w.spare.Add(1) > mostSpare {
		return nil
	}
	select {
	case c := <-w.next:
		return c
	case <-w.accepting.Done():
		return nil
	}
}

// turnAway ends a connection that there is no place for.
func (w *wire) turnAway(tcp *net.TCPConn, door *entrance) {
	w.counts.turnedAway.Add(1)
	if door.config == nil {
		_, _ = tcp.Write([]byte(refusal)) // into an empty buffer: it does not wait
	}
	_ = tcp.Close()
}

// evict ends the connections that have been idle longest, a hundredth of all and at least one, so that not every newcomer
// has to look for one. It answers false when none is idle. The lock is held.
func (w *wire) evict() bool {
	now := w.clock.read()
	var oldest time.Duration = -1
	for c := range w.conns {
		if _, current, age := c.down.look(now); current == phaseIdle {
			oldest = max(oldest, age)
		}
	}
	if oldest < 0 {
		ended := w.http2.EvictIdle(len(w.conns)/100 + 1)
		w.counts.evicted.Add(uint64(ended))
		return ended > 0
	}
	left := len(w.conns)/100 + 1
	for c := range w.conns {
		word, current, age := c.down.look(now)
		if current != phaseIdle || age < oldest-time.Second || left == 0 {
			continue
		}
		if c.down.cut(word, cutStopping, c.stopReading) {
			w.counts.evicted.Add(1)
			left--
		}
	}
	return true
}

func (w *wire) newConn(tcp *net.TCPConn, door *entrance) (*conn, error) {
	s, err := socket.New(tcp)
	if err != nil {
		return nil, err
	}
	c := &conn{wire: w, door: door, socket: s}
	c.readyFunc = c.ready
	c.origin = identity{protocol: "HTTP/1.1", alternative: door.alternative}
	if address, ok := tcp.RemoteAddr().(*net.TCPAddr); ok {
		c.identify(address.AddrPort().Addr())
	}
	c.down.enter(phaseHead, w.clock.read())
	return c, nil
}

// identify notes whose connection this is.
func (c *conn) identify(peer netip.Addr) {
	peer = peer.WithZone("").Unmap()
	c.origin.peer, c.origin.trusted = peer, c.wire.trusted.contain(peer)
	if peer.IsValid() {
		c.origin.peerText = peer.String()
	}
	c.origin.connection, c.origin.hints = "", nil
	if !c.origin.trusted {
		c.origin.connection, c.origin.hints = c.wire.nameConnection(), &c.hints
	}
}

// nameConnection makes a name that no other connection has, before or after, here or elsewhere.
func (w *wire) nameConnection() string {
	var name [16]byte
	copy(name[:8], w.birth[:])
	binary.BigEndian.PutUint64(name[8:], w.named.Add(1))
	return base64.RawURLEncoding.EncodeToString(name[:])
}
