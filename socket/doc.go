// Package socket is a TCP connection with as few system calls as the kernel allows.
//
// # In and out
//
// In: a *net.TCPConn. Out: a *Conn, which is a net.Conn and can do four things more:
//
//	conn, err := socket.New(tcp)
//	err = conn.Serve(ready)      // a server's whole life inside one wait, without a read that finds nothing
//	n, err = conn.Ask(out, into) // a client's exchange: write, wait, read
//	n, err = conn.Splice(to, n)  // from one connection to another without passing through this process
//	gone := conn.HungUp(0)       // whether the other end has closed
//
// # How
//
// Go's poller watches sockets edge-triggered and forgets an edge only when a read begins. net.Conn.Read therefore tries to
// read first, finds nothing most of the time, and then waits: one system call in vain for every message. Serve stays inside
// one syscall.RawConn.Read, where nothing is forgotten: whoever has read less than there was room for may wait at once, and
// the next byte wakes him. Ask begins its RawConn.Read before it writes, so the answer's edge cannot be missed either.
//
// Reads and writes that cannot block are made by RawSyscall, which spares the scheduler's bookkeeping around each.
//
// # The rules
//
// Serve's function must read at its first call, and may ask to wait only after a read that was short or found nothing.
// While Serve runs, nobody else may read from the connection, and nobody may close it from inside that function: Close
// waits for Serve to end. Writing is always allowed. A deadline in the past ends Serve from outside.
//
// One end that has been reached cannot be seen by an edge: when the last bytes and the end of the stream arrive together, a
// short read takes the bytes and the end stays unnoticed. Who must know asks HungUp, or reads once more.
//
// Elsewhere than on Linux the same methods read and write in the ordinary way.
package socket
