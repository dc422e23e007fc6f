//go:build unix

package origin

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// quiet looks whether anything has come on a connection where nothing should: bytes that nobody asked for, or its end.
type quiet struct {
	raw  syscall.RawConn
	look func(fd uintptr)
	came bool
	byte [1]byte
}

func (q *quiet) watch(conn syscall.Conn) error {
	raw, err := conn.SyscallConn()
	q.raw, q.look = raw, q.once
	return err
}

func (q *quiet) once(fd uintptr) {
	_, _, err := unix.Recvfrom(int(fd), q.byte[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	q.came = err != unix.EAGAIN && err != unix.EINTR
}

// quiet is false when bytes, the end or an error have come. Only one may ask at a time.
func (q *quiet) quiet() bool {
	return q.raw.Control(q.look) == nil && !q.came
}
