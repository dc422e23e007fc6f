//go:build linux && race

package socket

import "syscall"

// rawRead is read(2) by way of package syscall, which tells the race detector that what was written happened before.
func rawRead(fd int, p []byte) (int, syscall.Errno) { return told(syscall.Read(fd, p)) }

// rawWrite is write(2) in the same way.
func rawWrite(fd int, p []byte) (int, syscall.Errno) { return told(syscall.Write(fd, p)) }

func told(n int, err error) (int, syscall.Errno) {
	if errno, ok := err.(syscall.Errno); ok {
		return 0, errno
	}
	return n, 0
}
