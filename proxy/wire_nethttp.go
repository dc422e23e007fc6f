package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// netHTTP is message handling by net/http: HTTP/1.1 in clear, HTTP/1.1 and HTTP/2 over TLS.
type netHTTP struct {
	inspector        inspector
	counts           *counts
	complaints       *complaints
	log              *slog.Logger
	errors           *log.Logger // takes net/http's complaints
	silence          *log.Logger // takes those that quote what was sent
	origin           *url.URL
	transport        *http.Transport
	buffers          *buffers
	heads            heads
	trusted          networks
	forwardedHeaders string
	preserveHost     bool
	tagPrefix        string
	bodyTimeout      time.Duration
	limits           LimitsConfig

	requests context.Context // the parent of every request's context
	cut      context.CancelFunc
	active   atomic.Int64 // handlers, those of upgraded connections included

	mu      sync.Mutex
	servers []*http.Server
	closed  bool
}

func newNetHTTP(c Config, in inspector, counts *counts, logger *slog.Logger) (*netHTTP, error) {
	origin, err := url.Parse(c.Origin.URL)
	if err != nil {
		return nil, errors.New("read the origin's URL: not a URL")
	}
	transport, err := newTransport(c.Origin)
	if err != nil {
		return nil, err
	}
	w := &netHTTP{
		inspector: in, counts: counts, complaints: newComplaints(logger), log: logger,
		errors: slog.NewLogLogger(logger.Handler(), slog.LevelDebug), silence: log.New(io.Discard, "", 0),
		origin: origin, transport: transport, buffers: newBuffers(),
		forwardedHeaders: c.ForwardedHeaders, preserveHost: c.PreserveHost, tagPrefix: c.Tag.Prefix,
		bodyTimeout: c.Inline.BodyTimeout, limits: c.Limits,
	}
	for _, text := range c.TrustedProxies {
		network, err := parseNetwork(text)
		if err != nil {
			return nil, err
		}
		w.trusted = append(w.trusted, network)
	}
	w.requests, w.cut = context.WithCancel(context.Background())
	return w, nil
}

// serve answers a listener's connections until shutdown.
func (w *netHTTP) serve(listener net.Listener, certificate *certificate) error {
	server := &http.Server{
		Handler:                      w,
		ReadHeaderTimeout:            w.limits.HeaderTimeout,
		IdleTimeout:                  w.limits.IdleTimeout,
		MaxHeaderBytes:               int(w.limits.HeaderBytes),
		DisableGeneralOptionsHandler: true, // OPTIONS * is the origin's to answer
		ErrorLog:                     w.errors,
		BaseContext:                  func(net.Listener) context.Context { return w.requests },
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return listener.Close()
	}
	w.servers = append(w.servers, server)
	w.mu.Unlock()

	listener = netutil.LimitListener(listener, w.limits.Connections)
	var err error
	if certificate != nil {
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.current}
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", listener.Addr(), err)
}

// shutdown lets the requests under way finish until ctx ends, then cuts what is left.
func (w *netHTTP) shutdown(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	servers := w.servers
	w.mu.Unlock()
	defer w.transport.CloseIdleConnections()
	defer w.cut()

	var problems []error
	for _, server := range servers {
		problems = append(problems, server.Shutdown(ctx))
	}
	problems = append(problems, w.idle(ctx))
	if err := errors.Join(problems...); err != nil {
		w.cut()
		for _, server := range servers {
			_ = server.Close()
		}
		return fmt.Errorf("cut connections that did not end in time: %w", err)
	}
	return nil
}

// idle waits for the last handler. net/http's Shutdown does not know those of upgraded connections.
func (w *netHTTP) idle(ctx context.Context) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for w.active.Load() > 0 {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ServeHTTP passes one request.
func (w *netHTTP) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.active.Add(1)
	defer w.active.Add(-1)
	w.counts.requests.Add(1)
	// CONNECT would be a tunnel past the inspection, TRACE would show a visitor the headers meant for the origin.
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		plain(rw, r, http.StatusMethodNotAllowed)
		return
	}
	control := http.NewResponseController(rw)
	p := &passage{wire: w, request: r, in: r, control: control, peer: peerAddress(r.RemoteAddr)}
	p.peerTrusted = w.trusted.contain(p.peer)
	p.visitor = p.peer
	if p.peerTrusted {
		p.visitor = visitorAddress(p.peer, w.trusted, r.Header["X-Forwarded-For"])
	}
	head := w.heads.take(r, p)
	if p.ex = w.inspector.begin(&head.head); p.ex == nil {
		w.heads.give(head)
	} else {
		defer p.ex.end()
	}
	defer p.leave()
	p.run(rw)
}
