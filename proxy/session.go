package proxy

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"wayguard/fingerprint"
	"wayguard/listen"
	"wayguard/socket"
)

// alertBytes is what may come before the end of a TLS connection: an alert, in a record of its own.
const alertBytes = 40

// session is the TLS of one connection. Inside Serve crypto/tls reads what can be read without waiting, so that TLS costs
// no more system calls than clear text.
type session struct {
	net.Conn // the socket
	conn     *tls.Conn
	owner    *conn
	cipher   []byte // received and not yet decrypted: cipher[from:to]; nil while there is nothing
	from, to int
	blocking bool // outside of Serve: what is missing is waited for
	hurried  bool // the end of the stream need not be seen together with the last bytes

	gathering sync.Mutex
	gathered  []byte // what is to be written together; nil while all is written at once
}

// wouldBlock tells crypto/tls that there is nothing more at the moment. An error that says it is temporary leaves
// the session as it is.
type wouldBlock struct{}

// Error implements error.
func (wouldBlock) Error() string { return socket.ErrWouldBlock.Error() }

// Unwrap makes it a socket.ErrWouldBlock.
func (wouldBlock) Unwrap() error { return socket.ErrWouldBlock }

// Timeout implements net.Error.
func (wouldBlock) Timeout() bool { return false }

// Temporary implements net.Error.
func (wouldBlock) Temporary() bool { return true }

// Read gives crypto/tls what was received.
func (s *session) Read(p []byte) (int, error) {
	if s.from == s.to {
		if s.blocking {
			return s.owner.socket.Read(p)
		}
		if err := s.receive(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.cipher[s.from:s.to])
	s.from += n
	return n, nil
}

// receive reads what is there.
func (s *session) receive() error {
	c := s.owner
	if c.dry {
		s.release()
		return wouldBlock{}
	}
	if s.cipher == nil {
		s.cipher = c.wire.buffers.take(middleBuffer)
	}
	n, err := c.socket.TryRead(s.cipher)
	if err != nil {
		s.release()
		if err == socket.ErrWouldBlock {
			return wouldBlock{}
		}
		return err
	}
	c.dry = n < len(s.cipher) && (c.requests > 0 || s.hurried)
	s.from, s.to = 0, n
	return nil
}

func (s *session) release() {
	if s.cipher != nil {
		s.owner.wire.buffers.give(s.cipher)
	}
	s.cipher, s.from, s.to = nil, 0, 0
}

// Write implements net.Conn. Who reads may write too: TLS has answers of its own.
func (s *session) Write(p []byte) (int, error) {
	s.gathering.Lock()
	defer s.gathering.Unlock()
	if s.gathered == nil || len(s.gathered)+len(p) > cap(s.gathered) {
		if err := s.pour(); err != nil {
			return 0, err
		}
		return s.owner.write(p)
	}
	s.gathered = append(s.gathered, p...)
	return len(p), nil
}

// longestRecord is how much one TLS record holds, in bytes.
const longestRecord = 16 << 10

// send encrypts and writes. What takes several records is gathered first, so that it is one write all the same.
func (s *session) send(p []byte) error {
	if len(p) <= longestRecord {
		_, err := s.conn.Write(p)
		return err
	}
	buffer := s.owner.wire.buffers.take(largeBuffer)
	defer s.owner.wire.buffers.give(buffer)
	s.gathering.Lock()
	s.gathered = buffer[:0]
	s.gathering.Unlock()
	_, err := s.conn.Write(p)
	s.gathering.Lock()
	defer s.gathering.Unlock()
	if poured := s.pour(); err == nil {
		err = poured
	}
	s.gathered = nil
	return err
}

// pour writes what was gathered. The lock is held.
func (s *session) pour() error {
	if len(s.gathered) == 0 {
		return nil
	}
	_, err := s.owner.write(s.gathered)
	s.gathered = s.gathered[:0]
	return err
}

// Close does nothing: the connection's own end is the socket's.
func (s *session) Close() error { return nil }

// KeepHello implements listen.Hello.
func (s *session) KeepHello(hello fingerprint.Hello) { s.owner.origin.ja4 = hello.JA4() }

func (s *session) block(on bool) { s.blocking = on }

// secure puts TLS around a connection that begins.
func (c *conn) secure(config *tls.Config) {
	s := &session{Conn: c.socket, owner: c, blocking: true}
	s.conn = tls.Server(s, config)
	c.tls = s
	c.origin.secure = true
}

// handshake makes the TLS session.
func (c *conn) handshake() bool {
	if err := c.tls.conn.Handshake(); err != nil {
		c.wire.counts.handshakes.Add(1)
		return false
	}
	c.tls.blocking = false
	return true
}

// protocol is what was agreed on in the handshake.
func (s *session) protocol() string { return s.conn.ConnectionState().NegotiatedProtocol }

// fillSecure decrypts what can be received without waiting.
func (c *conn) fillSecure() (int, error) {
	n, err := c.tls.conn.Read(c.in[c.to:])
	if n > 0 {
		return n, nil
	}
	if _, nothing := err.(wouldBlock); nothing {
		return 0, socket.ErrWouldBlock
	}
	return 0, err
}

// closeWrite tells the visitor that nothing more will come.
func (s *session) closeWrite() { _ = s.conn.CloseWrite() }

// close says goodbye where that does not have to wait.
func (s *session) close() {
	_ = s.owner.socket.SetWriteDeadline(time.Now().Add(time.Second))
	_ = s.conn.Close()
	s.release()
}

var _ listen.Hello = (*session)(nil)
