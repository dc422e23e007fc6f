package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/net/netutil"

	"wayguard/event"
	"wayguard/limit"
)

const (
	// answerTime bounds what the warehouse and the store may take for one answer; exports have exportTime.
	answerTime = 30 * time.Second
	exportTime = 15 * time.Minute
	// questionsAtOnce and exportsAtOnce bound what the warehouse is asked at the same time.
	questionsAtOnce = 8
	exportsAtOnce   = 2
	// connections bounds the listener.
	connections = 1024
	// partingTime is how long Serve waits for running answers when it is told to stop.
	partingTime = 5 * time.Second
)

// Hub is the analysts' side of Wayguard.
type Hub struct {
	config  Config
	deps    Deps
	logger  *slog.Logger
	broker  *broker
	hasher  *hasher
	pages   *pages
	proxies []netip.Prefix
	pace    pace
	handler http.Handler
	// byAddress, byAccount and byBrowser slow down guessing; searches remembers which sensitive searches were audited lately.
	byAddress, byAccount, byBrowser, searches *limit.Limiter
	questions, exports                        chan struct{}
	tickets                                   *tickets
	glances                                   glances
}

// New builds a Hub. It does no I/O but reading its own pages.
func New(config Config, deps Deps) (*Hub, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	proxies, err := parsePrefixes(config.TrustedProxies)
	if err != nil {
		return nil, err
	}
	pages, err := newPages(deps.Pages)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		config: config, deps: deps, logger: deps.Logger, broker: newBroker(), hasher: newHasher(argonMemory), pages: pages, proxies: proxies, pace: usualPace(),
		byAddress: limit.New(20, 5*time.Second), byAccount: limit.New(10, 20*time.Second), byBrowser: limit.New(10, 20*time.Second),
		searches:  limit.New(1, 10*time.Minute),
		questions: make(chan struct{}, questionsAtOnce), exports: make(chan struct{}, exportsAtOnce),
		tickets: newTickets(), glances: glances{byEnv: map[event.Environment]glance{}},
	}
	h.handler = h.routes()
	return h, nil
}

// check names what is missing, so that a wiring mistake is found at start and not by a visitor.
func (d *Deps) check() error {
	needed := []struct {
		name    string
		present bool
	}{
		{"Warehouse", d.Warehouse != nil}, {"Users", d.Users != nil}, {"Logins", d.Logins != nil}, {"Audit", d.Audit != nil},
		{"Environments", len(d.Environments) > 0}, {"Health", d.Health != nil}, {"Elements", d.Elements != nil},
		{"SearchForm", d.SearchForm != nil}, {"NotFound", d.NotFound != nil},
		{"Now", d.Now != nil}, {"Logger", d.Logger != nil},
	}
	for _, n := range needed {
		if !n.present {
			return fmt.Errorf("build the hub: %s is missing", n.name)
		}
	}
	return nil
}

// Handler answers everything on the Hub's listener: the API, the live stream and the pages.
func (h *Hub) Handler() http.Handler { return h.handler }

// Publish tells the live pages of a durable record. It never waits and keeps nothing when nobody is watching.
func (h *Hub) Publish(record event.Record) { h.broker.publish(&record) }

// Serve answers on the listener until ctx ends, then lets running answers finish for a few seconds. It closes the
// listener and returns nil when it was asked to stop.
func (h *Hub) Serve(ctx context.Context, listener net.Listener) error {
	server := h.server()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(netutil.LimitListener(listener, connections)) }()
	select {
	case err := <-failed:
		h.broker.close()
		return fmt.Errorf("serve the hub: %w", err)
	case <-ctx.Done():
	}
	h.broker.close()
	parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	if err := server.Shutdown(parting); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop the hub: %w", err)
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("close the hub: %w", err)
	}
	return nil
}

// server is bounded in every direction: a client that sends or reads slowly loses its connection.
func (h *Hub) server() *http.Server {
	return &http.Server{
		Handler:           h.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      answerTime + 15*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(h.logger.Handler(), slog.LevelDebug),
	}
}

// enter takes one of the slots, waiting as long as ctx allows.
func enter(ctx context.Context, slots chan struct{}, what string) (leave func(), err error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, busy(what)
	}
}
