package http2

import (
	"context"
	"errors"
	"hash/maphash"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/http1"
)

// ErrShutdown says that the server takes no more connections.
var ErrShutdown = errors.New("http2: the server is shut down")

// Server speaks HTTP/2 on the connections it is given.
type Server struct {
	config  Config
	handle  func(*Stream)
	seed    maphash.Seed
	began   time.Time
	clock   atomic.Int64 // milliseconds since began, as the sweeper last saw
	waiting atomic.Int64 // bytes of bodies that were not read yet, all connections
	blocks  blocks
	streams sync.Pool
	workers workers

	mu       sync.Mutex
	conns    map[*conn]struct{}
	sweeping bool
	shut     bool
	emptied  chan struct{} // closed when the last connection ends; nil while nobody waits
	hurry    chan struct{} // told when the sweeper may end before its next turn
}

// NewServer makes a server that gives each request to handle, on a goroutine of the request's own. When handle returns the
// stream has ended: it must have answered, otherwise the visitor sees INTERNAL_ERROR, and it must not keep the stream or
// anything got from it.
func NewServer(config Config, handle func(*Stream)) *Server {
	s := &Server{config: config.filled(), handle: handle, seed: maphash.MakeSeed(), began: time.Now(),
		conns: map[*conn]struct{}{}, hurry: make(chan struct{}, 1)}
	s.workers.run = s.run
	return s
}

// Opening is what is known of a connection when it is handed over.
type Opening struct {
	// Buffered is what was read of it already, from its first byte on.
	Buffered []byte
	// PrefaceRead says that the connection's preface was read and is not in Buffered.
	PrefaceRead bool
	// Info is handed to every stream of the connection.
	Info any
	// Serve, if not nil, is called instead of waiting in Read: socket.Conn.Serve of the connection below. Then Read never
	// waits; while there is nothing it gives an error that is socket.ErrWouldBlock. A TLS handshake has to be over before.
	Serve func(ready func(first bool) (wait bool)) error
	// HungUp, if not nil, says whether the visitor has closed its side: socket.Conn.HungUp. An end that came together with the
	// last bytes wakes nobody inside Serve, so it is looked for when nothing has come for a second.
	HungUp func() bool
	// Progress, if not nil, tells how many bytes the visitor has acknowledged: socket.Conn.Progress. Who takes a few bytes now
	// and then is slow, not stalled.
	Progress func() (acknowledged uint64, waiting bool)
}

// Preface is what every HTTP/2 connection begins with.
const Preface = http1.Preface

// Serve speaks on a connection until it ends, closes it, and returns when its last handler has. The error is nil when the
// visitor ended it, or nothing was left to do; *Error when we ended it.
func (s *Server) Serve(conn net.Conn, opening Opening) error {
	c := newConn(s, conn, opening)
	if !s.add(c) {
		_ = conn.Close() // nothing was said on it
		return ErrShutdown
	}
	defer s.remove(c)
	return c.serve(opening)
}

func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return false
	}
	s.conns[c] = struct{}{}
	if !s.sweeping {
		s.sweeping = true
		s.clock.Store(s.now())
		s.workers.open()
		go s.sweep()
	}
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if len(s.conns) > 0 {
		return
	}
	if s.emptied != nil {
		close(s.emptied)
		s.emptied = nil
	}
	if s.shut {
		s.hurrySweeper()
	}
}

func (s *Server) hurrySweeper() {
	select {
	case s.hurry <- struct{}{}:
	default:
	}
}

// Shutdown takes no more connections, tells visitors to send no more requests (RFC 9113 section 6.8), and returns when
// those under way have ended. When ctx ends first, the connections are cut and its error is returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.shut = true
	s.hurrySweeper()
	var emptied chan struct{}
	if len(s.conns) > 0 {
		if s.emptied == nil {
			s.emptied = make(chan struct{})
		}
		emptied = s.emptied
	}
	s.mu.Unlock()
	defer s.workers.close()
	s.each((*conn).drain)
	if emptied == nil {
		return nil
	}
	select {
	case <-emptied:
		return nil
	case <-ctx.Done():
		s.each((*conn).cut)
		return ctx.Err()
	}
}

// EvictIdle ends connections without a request to make room for others: those that have been idle longest, so many at most. It
// tells how many it has ended.
func (s *Server) EvictIdle(most int) (ended int) {
	now := s.now()
	oldest := int64(-1)
	s.each(func(c *conn) { oldest = max(oldest, c.idleFor(now)) })
	if oldest < 0 {
		return 0
	}
	s.each(func(c *conn) {
		if ended < most && c.evict(now, oldest-idleAlike) {
			ended++
		}
	})
	return ended
}

// idleAlike is what two idle times may differ by and count as the same, in milliseconds.
const idleAlike = 1000

// each calls f for every connection, without the server's lock.
func (s *Server) each(f func(*conn)) {
	s.mu.Lock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		f(c)
	}
}

// sweep finds what takes too long, on all connections, until there are none.
func (s *Server) sweep() {
	ticker := time.NewTicker(s.config.interval())
	defer ticker.Stop()
	var all []*conn
	for {
		select {
		case <-ticker.C:
		case <-s.hurry:
		}
		now := s.now()
		s.clock.Store(now)
		s.workers.trim(now)
		s.mu.Lock()
		if len(s.conns) == 0 {
			s.sweeping = false
			s.workers.close()
			s.mu.Unlock()
			return
		}
		all = all[:0]
		for c := range s.conns {
			all = append(all, c)
		}
		s.mu.Unlock()
		for _, c := range all {
			c.sweep(now)
		}
		clear(all)
	}
}

// now is the time in milliseconds, never zero.
func (s *Server) now() int64 { return time.Since(s.began).Milliseconds() + 1 }

// stream gives an unused stream.
func (s *Server) stream() *Stream {
	if it, ok := s.streams.Get().(*Stream); ok {
		return it
	}
	return &Stream{readable: make(chan struct{}, 1), writable: make(chan struct{}, 1)}
}
