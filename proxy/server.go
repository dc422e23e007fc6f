package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"wayguard/capture"
	"wayguard/event"
)

// Deps is what the data path needs from others.
type Deps struct {
	// Environment is written on every event.
	Environment event.Environment
	Observer    Observer
	Log         *slog.Logger
}

// Server is the data path.
type Server struct {
	config     Config
	log        *slog.Logger
	counts     *counts
	inspection *inspection
	wire       wire

	mu        sync.Mutex
	listening []listening
}

// New makes a server that matches nothing until Swap. It reads the files the configuration names.
func New(config Config, deps Deps) (*Server, error) {
	if err := config.Validate().Err(); err != nil {
		return nil, err
	}
	if deps.Observer == nil || deps.Log == nil {
		return nil, errors.New("make the proxy: an observer and a logger are needed")
	}
	counts := newCounts()
	inspection := newInspection(config, deps, counts, deps.Log)
	wire, err := newNetHTTP(config, inspection, counts, deps.Log)
	if err != nil {
		return nil, fmt.Errorf("make the proxy: %w", err)
	}
	return &Server{config: config, log: deps.Log, counts: counts, inspection: inspection, wire: wire}, nil
}

// Swap replaces specs and policy together. Requests under way keep the ones they began with. A nil set matches nothing,
// a nil policy knows no block.
func (s *Server) Swap(specs *capture.Set, policy Policy) {
	s.inspection.current.Store(&snapshot{match: matcher(specs), policy: policy})
}

// Serve listens, unless Listen was called before, and serves until ctx ends; then it takes no new connections, lets the
// requests under way finish and drains the queue, each for the time configured. Its error is nil when all of that could
// be done. A server serves once.
func (s *Server) Serve(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	s.inspection.queue.start(work, s.config.Queue.Workers)

	broken := make(chan error, len(s.listening))
	for _, one := range s.listening {
		go func() { broken <- s.wire.serve(one.listener, one.certificate) }()
	}
	var problems []error
	select {
	case <-ctx.Done():
	case err := <-broken:
		problems = append(problems, err)
	}
	return errors.Join(append(problems, s.stop(stopWork))...)
}

// stop ends what Serve began.
func (s *Server) stop(stopWork context.CancelFunc) error {
	grace, cancel := context.WithTimeout(context.Background(), s.config.Shutdown.Grace)
	defer cancel()
	wireProblem := s.wire.shutdown(grace)

	drain, cancelDrain := context.WithTimeout(context.Background(), s.config.Shutdown.Drain)
	defer cancelDrain()
	left := s.inspection.queue.drain(drain)
	stopWork()
	if len(left) == 0 {
		return wireProblem
	}
	for range left {
		s.counts.shed(shedShutdown)
	}
	return errors.Join(wireProblem, fmt.Errorf("gave up %d exchanges that were not observed in time", len(left)))
}
