package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"wayguard/state"
	"wayguard/stream"
)

// snapshotEvery is how often the state is saved: the longest tail that a start has to fold in again.
const snapshotEvery = 30 * time.Second

// keeper brings the state back at start and saves it while running.
type keeper struct {
	path   string
	log    stream.Reader
	writer recordLog
	judge  *judge
	memory *state.Memory
	// from is where the loaded snapshot stands.
	from   stream.Position
	logger *slog.Logger
	now    func() time.Time
	// saved is where the newest snapshot stands: the log must keep what comes after.
	saved atomic.Uint64
}

// standing is the position of the newest snapshot.
func (k *keeper) standing() stream.Position { return stream.Position(k.saved.Load()) }

// loadState reads the newest snapshot. One that is damaged, or ahead of the log, is not used: the log then gives back
// what it still holds.
func loadState(path string, limit int, durable stream.Position, logger *slog.Logger) (*state.Memory, stream.Position) {
	memory, at, err := state.LoadMemory(path, limit)
	switch {
	case errors.Is(err, state.ErrNoSnapshot):
		return state.NewMemory(limit), 0
	case err != nil:
		logger.Error("the state snapshot cannot be used; the state is rebuilt from the log", "error", err)
		return state.NewMemory(limit), 0
	case stream.Position(at) > durable:
		logger.Error("the state snapshot is ahead of the log, which was removed or replaced; the state is rebuilt from the log",
			"snapshot", at, "log", durable)
		return state.NewMemory(limit), 0
	}
	return memory, stream.Position(at)
}

// restore folds the log's tail into the state and then lets events in.
func (k *keeper) restore(ctx context.Context) error {
	k.saved.Store(uint64(k.from))
	started, count := k.now(), 0
	eng := k.judge.plan.Load().engine
	position, end := k.from, k.log.Durable()
	for position < end {
		entries, err := k.log.Read(ctx, position, followBatch)
		var corrupt *stream.CorruptError
		if errors.As(err, &corrupt) {
			k.logger.Error("records of the log cannot be read and are missing from the state", "error", err)
			position = corrupt.Last
			continue
		}
		if err != nil {
			return fmt.Errorf("restore state: %w", err)
		}
		if len(entries) == 0 {
			break
		}
		for i := range entries {
			if err := restore(ctx, eng, k.memory, entries[i].Record); err != nil {
				k.logger.Error("a record could not be folded into the state", "position", entries[i].Position, "error", err)
			}
		}
		position = entries[len(entries)-1].Position
		count += len(entries)
	}
	k.judge.open(k.memory, k.writer, max(position, end))
	k.logger.Info("state restored", "records", count, "took", k.now().Sub(started).Round(time.Millisecond), "entries", k.memory.Stats().Entries)
	return nil
}

// run saves the state from time to time, and once more when ctx ends.
func (k *keeper) run(ctx context.Context) {
	tick := time.NewTicker(snapshotEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.memory.Expire(k.now())
			k.save(ctx)
		}
	}
}

// save writes a snapshot; a failure leaves the one before in place.
func (k *keeper) save(ctx context.Context) {
	position, frozen := k.judge.freeze(k.memory)
	if !frozen {
		return
	}
	if err := k.acknowledged(ctx, position); err != nil {
		k.memory.Discard()
		return
	}
	if err := k.memory.Save(k.path, uint64(position)); err != nil {
		k.logger.Error("the state could not be saved; the log keeps what is needed to rebuild it", "error", err)
		return
	}
	k.saved.Store(uint64(position))
}

// acknowledged waits until the log has made everything durable that the snapshot holds: a snapshot ahead of the log
// would count events that a crash took away.
func (k *keeper) acknowledged(ctx context.Context, position stream.Position) error {
	for k.log.Durable() < position {
		if err := k.log.Wait(ctx, k.log.Durable()); err != nil {
			return err
		}
	}
	return nil
}
