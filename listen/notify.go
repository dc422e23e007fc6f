package listen

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// notifyVariable names the socket on which systemd listens for the state of a service (sd_notify(3)).
const notifyVariable = "NOTIFY_SOCKET"

// notify tells systemd, if it wants to know.
func notify(state string) error {
	name := os.Getenv(notifyVariable)
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell systemd: %w", err)
	}
	return nil
}

// closeOnExec keeps a descriptor from programs that this one starts.
func closeOnExec(descriptor int) { unix.CloseOnExec(descriptor) }

// listening says whether a TCP socket listens.
func listening(listener *net.TCPListener) bool {
	raw, err := listener.SyscallConn()
	if err != nil {
		return false
	}
	is := 0
	_ = raw.Control(func(fd uintptr) { is, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN) })
	return is == 1
}
