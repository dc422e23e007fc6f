package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/http1"
	"wayguard/http2"
	"wayguard/listen"
)

// wire is message handling: it accepts connections, reads requests, and has passages carry them.
type wire struct {
	config     Config
	inspection *inspection
	counts     *counts
	complaints *complaints
	log        *slog.Logger
	buffers    *buffers
	passages   sync.Pool
	trusted    networks
	limits     http1.Limits
	answers    http1.Limits // of an origin's head
	clock      clock
	interval   time.Duration // of the sweeper

	requests context.Context // the parent of every wait that is not a connection's
	cut      context.CancelFunc

	// birth is this wire's own, named how many connections it has named.
	birth [8]byte
	named atomic.Uint64

	pauses  pauses
	phrases phrases

	standing atomic.Int64 // connections that net/http has

	stopping atomic.Bool // connections end after the request under way
	killed   atomic.Bool // connections end now

	accepting context.Context // ends when no more connections are taken
	refuse    context.CancelFunc
	http2     *http2.Server
	servers   servers
	challenge func(host, path string) (body []byte, ok bool) // answers an authority that checks a domain

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
	done   sync.WaitGroup // connections
	next   chan *conn     // to a goroutine whose connection has ended
	spare  atomic.Int32   // goroutines that wait for one
}

// maxAnswerHead bounds the head of an origin's answer, in bytes.
const maxAnswerHead = 1 << 20

func newWire(c Config, in *inspection, counts *counts, logger *slog.Logger) (*wire, error) {
	w := &wire{
		config: c, inspection: in, counts: counts, complaints: newComplaints(logger), log: logger, buffers: newBuffers(),
		limits:  http1.Limits{HeadBytes: int(c.Limits.HeaderBytes), Fields: maxFields},
		answers: http1.Limits{HeadBytes: maxAnswerHead, Fields: maxFields},
		conns:   map[*conn]struct{}{}, interval: sweepInterval(c), next: make(chan *conn),
	}
	if _, err := rand.Read(w.birth[:]); err != nil {
		return nil, err
	}
	w.passages.New = func() any { return newPassage(w) }
	for _, text := range c.TrustedProxies {
		network, err := parseNetwork(text)
		if err != nil {
			return nil, err
		}
		w.trusted = append(w.trusted, network)
	}
	w.requests, w.cut = context.WithCancel(context.Background())
	w.accepting, w.refuse = context.WithCancel(context.Background())
	w.http2 = http2.NewServer(http2.Config{
		HeaderBytes: int(c.Limits.HeaderBytes), HeadTimeout: c.Limits.HeaderTimeout, IdleTimeout: c.Limits.IdleTimeout,
		StallTimeout: c.Limits.StallTimeout, Log: logger, Count: counts.refuse,
	}, w.handle)
	return w, nil
}

// maxFields bounds the lines of a head.
const maxFields = 512

// entrance is a door in use.
type entrance struct {
	*listen.Door
	config *tls.Config // nil in clear
	// alternative is what Alt-Svc tells visitors over TLS: where HTTP/3 is spoken.
	alternative string
}

// serve answers a door's connections until shutdown; then its error is nil.
func (w *wire) serve(door *listen.Door) error {
	e := &entrance{Door: door}
	if door.TLS != nil {
		e.config = door.TLS.Clone()
		// Small records first would make two system calls of an answer of two kilobytes.
		e.config.DynamicRecordSizingDisabled = true
	}
	if door.Packets != nil && door.TLS != nil {
		w.serveHTTP3(e)
		e.alternative = fmt.Sprintf("h3=\":%d\"; ma=86400", door.Packets.LocalAddr().(*net.UDPAddr).Port)
	}
	var err error
	if w.config.MessageHandling == HandlingStandard {
		err = w.serveStandard(e)
	} else {
		err = door.Accept(w.accepting, func(tcp *net.TCPConn) { w.admit(tcp, e) })
	}
	if w.stopping.Load() {
		return nil
	}
	return err
}

// start runs the sweeper until the last connection has ended.
func (w *wire) start() {
	ticker := time.NewTicker(w.interval)
	begin := time.Now()
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-w.requests.Done():
				return
			}
			w.clock.now.Store(time.Since(begin).Milliseconds())
			w.sweep()
		}
	}()
}

// refuseAll takes no new connections from now on.
func (w *wire) refuseAll() {
	w.stopping.Store(true)
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.refuse()
}

// shutdown takes no new connections, ends idle ones and waits for the requests under way until ctx ends; what is left
// then is cut, which is told by the error.
func (w *wire) shutdown(ctx context.Context) error {
	w.refuseAll()
	defer w.pauses.close()
	defer w.cut()
	go func() { _ = w.http2.Shutdown(ctx) }()
	w.servers.shutdown(ctx)
	ended := make(chan struct{})
	go func() {
		w.done.Wait()
		close(ended)
	}()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		w.each(func(c *conn) { c.stopIfIdle() })
		select {
		case <-ended:
			return nil
		case <-poll.C:
		case <-ctx.Done():
			w.kill(ended)
			return fmt.Errorf("cut connections that did not end in time: %w", ctx.Err())
		}
	}
}

// kill cuts every connection, for a second at most.
func (w *wire) kill(ended <-chan struct{}) {
	w.killed.Store(true)
	w.cut()
	for range 200 {
		w.each(func(c *conn) { c.kill() })
		select {
		case <-ended:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// each calls visit for every connection there is.
func (w *wire) each(visit func(*conn)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		visit(c)
	}
}

// take lends a passage.
func (w *wire) take() *passage { return w.passages.Get().(*passage) }

// give takes a passage back.
func (w *wire) give(p *passage) {
	p.reset()
	w.passages.Put(p)
}
