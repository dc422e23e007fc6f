package socket

import (
	"io"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Serve calls ready at once, with first set, and then each time bytes, or the end of the stream, may have come, until
// ready answers false (then the error is nil), the connection is closed or its read deadline has passed. ready may block.
func (c *Conn) Serve(ready func(first bool) (wait bool)) error {
	c.serving, c.first = ready, true
	err := c.raw.Read(c.serve)
	c.serving = nil
	return err
}

func (c *Conn) serveOnce(fd uintptr) bool {
	first := c.first
	c.first, c.fd = false, int(fd)
	return !c.serving(first)
}

// TryRead reads what is there, without waiting: ErrWouldBlock when it is nothing, io.EOF at the end of the stream. It may
// be called inside Serve only.
func (c *Conn) TryRead(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, errno := rawRead(c.fd, p)
		switch {
		case errno == 0 && n == 0:
			return 0, io.EOF
		case errno == 0:
			return n, nil
		case errno == syscall.EAGAIN:
			return 0, ErrWouldBlock
		case errno != syscall.EINTR:
			return 0, os.NewSyscallError("read", errno)
		}
	}
}

// tryWrite writes what there is room for.
func tryWrite(fd int, p []byte) (int, error) {
	for {
		n, errno := rawWrite(fd, p)
		switch {
		case errno == 0:
			return n, nil
		case errno == syscall.EAGAIN:
			return 0, ErrWouldBlock
		case errno != syscall.EINTR:
			return 0, os.NewSyscallError("write", errno)
		}
	}
}

// writing is one Write under way.
type writing struct {
	mu   sync.Mutex
	out  []byte
	n    int
	err  error
	step func(fd uintptr) bool
}

// Write writes all of p, waiting where there is no room. It may be called at any time, inside Serve too.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	w := &c.writing
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.step == nil {
		w.step = w.once
	}
	w.out, w.n, w.err = p, 0, nil
	err := c.raw.Write(w.step)
	w.out = nil
	if w.err != nil {
		err = w.err
	}
	return w.n, err
}

// WriteInside is Write for the goroutine that is inside Serve, if nobody else writes: it spares what lets Write be called by
// anybody at any time. What there is no room for is left to Write.
func (c *Conn) WriteInside(p []byte) (int, error) {
	n, err := tryWrite(c.fd, p)
	if err == nil && n == len(p) || err != nil && err != ErrWouldBlock {
		return n, err
	}
	rest, err := c.Write(p[n:])
	return n + rest, err
}

func (w *writing) once(fd uintptr) (done bool) {
	for w.n < len(w.out) {
		n, err := tryWrite(int(fd), w.out[w.n:])
		if err == ErrWouldBlock {
			return false
		}
		if err != nil {
			w.err = err
			return true
		}
		w.n += n
	}
	return true
}

// asking is one Ask under way.
type asking struct {
	conn      *Conn
	out, into []byte
	sent      bool
	n         int
	err       error
	step      func(fd uintptr) bool
}

// Ask writes out, waits for an answer and reads what has come of it into into: at least a byte, or an error, which is
// io.EOF when the stream ended. What came before out was written is taken for the answer; see HungUp. Neither Serve nor
// another read may run on the connection.
func (c *Conn) Ask(out, into []byte) (int, error) {
	a := c.asking
	if a == nil {
		a = &asking{conn: c}
		a.step = a.once
		c.asking = a
	}
	a.out, a.into, a.sent, a.n, a.err = out, into, false, 0, nil
	err := c.raw.Read(a.step)
	a.out, a.into = nil, nil
	if a.err != nil {
		return a.n, a.err
	}
	return a.n, err
}

// once is called before the first wait, when the poller has just forgotten what was, and after each.
func (a *asking) once(fd uintptr) (done bool) {
	a.conn.fd = int(fd)
	if a.sent {
		a.n, a.err = a.conn.TryRead(a.into)
		if a.err == ErrWouldBlock {
			a.err = nil
			return false
		}
		return true
	}
	a.sent = true
	if len(a.out) == 0 {
		return false
	}
	n, err := tryWrite(int(fd), a.out)
	if err == ErrWouldBlock || err == nil && n < len(a.out) {
		_, err = a.conn.Write(a.out[max(n, 0):])
	}
	a.err = err
	return err != nil
}

// maxPending bounds what HungUp looks at.
const maxPending = 64

// HungUp says whether the other end has closed its side, or the connection broke, and no more than pending bytes (64 at
// most) are left to be read: with TLS an alert comes before the end. It may be called at any time, by anybody.
func (c *Conn) HungUp(pending int) (gone bool) {
	buffer := make([]byte, min(pending, maxPending)+1)
	err := c.raw.Control(func(fd uintptr) {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(buffer))),
			uintptr(len(buffer)), syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == syscall.EAGAIN || errno == syscall.EINTR:
		case errno != 0 || n == 0:
			gone = true
		case int(n) < len(buffer):
			gone = ended(int(fd))
		}
	})
	return gone || err != nil
}

// Waiting says whether bytes are there to be read. It may be called at any time, by anybody.
func (c *Conn) Waiting() (waiting bool) {
	var buffer [1]byte
	_ = c.raw.Control(func(fd uintptr) {
		n, _, err := unix.Recvfrom(int(fd), buffer[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		waiting = err == nil && n > 0
	})
	return waiting
}

// The states of a TCP connection whose other end sends no more, as Linux numbers them.
const (
	tcpClose     = 7
	tcpCloseWait = 8
)

// ended says whether the end of the stream has come, be it behind bytes that were not read.
func ended(fd int) bool {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && (info.State == tcpClose || info.State == tcpCloseWait)
}

// Progress tells how many bytes the other end has acknowledged so far, and whether there are bytes that it has not. It may be called
// at any time, by anybody.
func (c *Conn) Progress() (acknowledged uint64, waiting bool) {
	_ = c.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			acknowledged, waiting = info.Bytes_acked, info.Unacked > 0 || info.Notsent_bytes > 0
		}
	})
	return acknowledged, waiting
}
