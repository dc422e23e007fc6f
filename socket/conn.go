package socket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// ErrWouldBlock says that there is nothing to be read, or no room to write, at this moment.
var ErrWouldBlock = errors.New("nothing can be read or written at the moment")

// Conn is a TCP connection. It implements net.Conn.
type Conn struct {
	tcp *net.TCPConn
	raw syscall.RawConn
	// serving is what Serve calls; first says that it was not called yet. Both are used inside Serve only.
	serving func(first bool) (wait bool)
	first   bool
	serve   func(fd uintptr) bool // the same for every Serve, so that none has to be made
	fd      int                   // valid inside Serve and Ask, which keep the descriptor open
	asking  *asking
	writing writing
}

// New takes over a connection.
func New(tcp *net.TCPConn) (*Conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("take over a connection: %w", err)
	}
	c := &Conn{tcp: tcp, raw: raw}
	c.serve = c.serveOnce // once, because each makes a closure
	return c, nil
}

// TCP is the connection itself.
func (c *Conn) TCP() *net.TCPConn { return c.tcp }

// Read waits for bytes. It must not be called while Serve runs.
func (c *Conn) Read(p []byte) (int, error) { return c.tcp.Read(p) }

// Close ends the connection. It waits until Serve has ended and must not be called from inside it.
func (c *Conn) Close() error { return c.tcp.Close() }

// CloseWrite tells the other end that nothing more will come.
func (c *Conn) CloseWrite() error { return c.tcp.CloseWrite() }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.tcp.SetDeadline(t) }

// SetReadDeadline bounds waits for bytes, those of Serve and Ask included.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.tcp.SetReadDeadline(t) }

// SetWriteDeadline bounds waits for room to write.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.tcp.SetWriteDeadline(t) }

// Splice moves n bytes from this connection to another, inside the kernel where that can be done. It gives how many were
// moved; io.ErrUnexpectedEOF when the stream ended before n.
func (c *Conn) Splice(to *Conn, n int64) (int64, error) {
	moved, err := to.tcp.ReadFrom(&io.LimitedReader{R: c.tcp, N: n})
	if err == nil && moved < n {
		err = io.ErrUnexpectedEOF
	}
	return moved, err
}
