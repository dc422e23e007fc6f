package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/search"
	"wayguard/store"
	"wayguard/stream"
	"wayguard/warehouse"
)

// shelf holds the warehouse while there is one. A warehouse that cannot be opened (locked by another program, damaged,
// disk full) does not keep the traffic from flowing: it is tried again, and until then questions are answered with an
// error and the log keeps the records.
type shelf struct {
	path    string
	options warehouse.Options

	mu   sync.RWMutex
	duck *warehouse.DuckDB
}

// ensure opens the warehouse if it is not open.
func (s *shelf) ensure() (*warehouse.DuckDB, error) {
	if duck, err := s.open(); err == nil {
		return duck, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.duck != nil {
		return s.duck, nil
	}
	duck, err := warehouse.Open(s.path, s.options)
	if err != nil {
		return nil, err
	}
	s.duck = duck
	return duck, nil
}

// open is the warehouse, or warehouse.ErrUnavailable.
func (s *shelf) open() (*warehouse.DuckDB, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.duck == nil {
		return nil, warehouse.ErrUnavailable
	}
	return s.duck, nil
}

func (s *shelf) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.duck == nil {
		return nil
	}
	duck := s.duck
	s.duck = nil
	return duck.Close()
}

// position is the log position up to which the warehouse holds everything.
func (s *shelf) position(ctx context.Context) (stream.Position, error) {
	duck, err := s.ensure()
	if err != nil {
		return 0, err
	}
	position, err := duck.Position(ctx)
	return stream.Position(position), err
}

func (s *shelf) insert(ctx context.Context, entries []stream.Entry) error {
	duck, err := s.ensure()
	if err != nil {
		return err
	}
	batch := make([]warehouse.Entry, len(entries))
	for i, e := range entries {
		batch[i] = warehouse.Entry{Position: uint64(e.Position), Record: e.Record}
	}
	return duck.Insert(ctx, batch)
}

// Search implements hub.Warehouse.
func (s *shelf) Search(ctx context.Context, q search.Query) (search.Page, error) {
	duck, err := s.open()
	if err != nil {
		return search.Page{}, err
	}
	return duck.Search(ctx, q)
}

// Story implements hub.Warehouse.
func (s *shelf) Story(ctx context.Context, env event.Environment, session event.ID) (search.Story, error) {
	duck, err := s.open()
	if err != nil {
		return search.Story{}, err
	}
	return duck.Story(ctx, env, session)
}

// Totals implements hub.Warehouse.
func (s *shelf) Totals(ctx context.Context, env event.Environment, from, to time.Time) (search.Totals, error) {
	duck, err := s.open()
	if err != nil {
		return search.Totals{}, err
	}
	return duck.Totals(ctx, env, from, to)
}

// Each implements hub.Warehouse.
func (s *shelf) Each(ctx context.Context, q search.Query, visit func(search.Session) error) error {
	duck, err := s.open()
	if err != nil {
		return err
	}
	return duck.Each(ctx, q, visit)
}

func notFound(err error) bool {
	return errors.Is(err, warehouse.ErrNotFound) || errors.Is(err, store.ErrNotFound)
}

// Effects implements hub.Actions.
func (s *shelf) Effects(ctx context.Context, q search.EffectQuery) (search.Effects, error) {
	duck, err := s.open()
	if err != nil {
		return search.Effects{}, err
	}
	return duck.Effects(ctx, q)
}

// Accounts implements hub.Actions.
func (s *shelf) Accounts(ctx context.Context, q search.AccountQuery) (search.Accounts, error) {
	duck, err := s.open()
	if err != nil {
		return search.Accounts{}, err
	}
	return duck.Accounts(ctx, q)
}
