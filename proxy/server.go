package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"wayguard/event"
	"wayguard/listen"
)

// Deps is what the data path needs from others.
type Deps struct {
	// Environment is written on every event.
	Environment event.Environment
	Observer    Observer
	Log         *slog.Logger
	// Inherited are listening sockets of the process before this one; nil is none.
	Inherited *listen.Inherited
}

// Server is the data path.
type Server struct {
	config     Config
	log        *slog.Logger
	counts     *counts
	inspection *inspection
	wire       *wire

	inherited *listen.Inherited

	mu    sync.Mutex
	doors *listen.Doors
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
	set, err := originSet(config, deps.Log)
	if err != nil {
		return nil, fmt.Errorf("make the proxy: %w", err)
	}
	inspection.origins = newOrigins(set)
	wire, err := newWire(config, inspection, counts, deps.Log)
	if err != nil {
		return nil, fmt.Errorf("make the proxy: %w", err)
	}
	return &Server{config: config, log: deps.Log, counts: counts, inspection: inspection, wire: wire, inherited: deps.Inherited}, nil
}

// Swap replaces what decides about requests, whole. Requests under way keep what they began with. A set of origins that is
// replaced is closed when its last request is over.
func (s *Server) Swap(snapshot Snapshot) { s.inspection.swap(snapshot) }

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

	doors := s.Doors()
	broken := make(chan error, len(doors.All()))
	s.wire.start()
	for _, door := range doors.All() {
		go func() { broken <- s.wire.serve(door) }()
	}
	if err := doors.Ready(); err != nil {
		s.log.Warn("the process before this one could not be told that it may leave", "error", err.Error())
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
	s.wire.refuseAll()
	s.Doors().Close()
	wireProblem := s.wire.shutdown(grace)
	s.inspection.close()

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
