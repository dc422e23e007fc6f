package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"wayguard/state"
	"wayguard/stream"
)

// snapshotEvery is how often the state is saved: the longest tail that a start has to fold in again.
const snapshotEvery = 30 * time.Second

// expireMargin is how long what has expired is kept all the same: events that waited in a queue come late, and must
// still find what was there at their time.
const expireMargin = 10 * time.Minute

// retryPause is the time between tries to read the log at start.
const retryPause = 2 * time.Second

// durableWait bounds the wait for a log that a full disk holds up: a snapshot can wait, a stop cannot.
const durableWait = 5 * time.Second

// keeper brings the state back at start and saves it while running.
type keeper struct {
	path   string
	log    stream.Reader
	writer recordLog
	judge  *judge
	memory *state.Memory
	// from is where the loaded snapshot stands, journeysFrom that of the journeys; their file's path is empty where nobody asks for them.
	from, journeysFrom stream.Position
	journeysPath       string

	logger *slog.Logger
	now    func() time.Time
	// retry is the time between tries to read the log, patience the longest wait for it to be durable.
	retry, patience time.Duration
	// folded counts the records that restore has folded in.
	folded int
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

// restore folds the log's tail into the state and then lets events in. Where the log cannot be read now it is tried
// again, with traffic flowing unjudged, until ctx ends: to begin without what is known would forget every attacker.
func (k *keeper) restore(ctx context.Context) {
	k.saved.Store(uint64(k.from))
	started, position, end := k.now(), k.begin(), k.log.Durable()
	last := ""
	for position < end {
		next, err := k.foldIn(ctx, position)
		if ctx.Err() != nil {
			return // the next start takes it up
		}
		if err != nil {
			if text := err.Error(); text != last {
				k.logger.Error("the state cannot be restored; traffic flows unjudged and it is tried again", "error", err)
				last = text
			}
			select {
			case <-ctx.Done():
			case <-time.After(k.retry):
			}
			continue
		}
		if next == position {
			break
		}
		position = next
	}
	k.judge.open(k.memory, k.writer, max(position, end))
	k.logger.Info("state restored", "records", k.folded, "took", k.now().Sub(started).Round(time.Millisecond), "entries", k.memory.Stats().Entries)
}

// journeysGap is how many records are read again for the journeys alone, where their snapshot is older than the state's: one of long ago,
// from before payments were last decided about, is taken as it is.
const journeysGap = 200_000

// begin is the position after which the log is read: the smaller one of the snapshots'.
func (k *keeper) begin() stream.Position {
	if k.journeysPath != "" && k.journeysFrom < k.from && k.from-k.journeysFrom <= journeysGap {
		return k.journeysFrom
	}
	return k.from
}

// foldIn folds the next records into the state and says up to where.
func (k *keeper) foldIn(ctx context.Context, position stream.Position) (stream.Position, error) {
	entries, err := k.log.Read(ctx, position, followBatch)
	var corrupt *stream.CorruptError
	if errors.As(err, &corrupt) {
		k.logger.Error("records of the log cannot be read and are missing from the state", "error", err)
		return corrupt.Last, nil
	}
	if err != nil || len(entries) == 0 {
		return position, err
	}
	for i := range entries {
		if entries[i].Position > k.journeysFrom {
			k.judge.recall(&entries[i].Record)
		}
		if entries[i].Position <= k.from {
			continue
		}
		k.folded++
		if err := k.judge.restore(ctx, k.memory, &entries[i].Record); err != nil {
			k.logger.Error("a record could not be folded into the state", "position", entries[i].Position, "error", err)
		}
	}
	return entries[len(entries)-1].Position, nil
}

// run saves the state from time to time until ctx ends; the last save, at a stop, is the house's.
func (k *keeper) run(ctx context.Context) {
	tick := time.NewTicker(snapshotEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.tend(ctx)
		}
	}
}

// tend forgets what has expired and saves the state. While the state is being restored nothing is forgotten: the records
// that are folded in are older than now, and what they rest on has expired since.
func (k *keeper) tend(ctx context.Context) {
	if !k.judge.opened() {
		return
	}
	k.memory.Expire(k.now().Add(-expireMargin))
	k.save(ctx)
}

// save writes a snapshot; a failure leaves the one before in place.
func (k *keeper) save(ctx context.Context) {
	position, journeys, frozen := k.judge.freeze(k.memory)
	if !frozen {
		return
	}
	if err := k.acknowledged(ctx, position); err != nil {
		k.memory.Discard()
		if journeys != nil {
			journeys.Discard()
		}
		k.logger.Warn("the state is not saved now, because the log is not durable up to here", "position", position, "durable", k.log.Durable())
		return
	}
	// The journeys go first: theirs is then never behind the state's, and the log keeps all that both need.
	if journeys != nil {
		text, err := journeys.Write(uint64(position))
		if err == nil {
			err = writeWhole(k.journeysPath, text)
		}
		if err != nil {
			k.logger.Error("the journeys that payments are joined to cannot be written; a restart would begin without the last ones", "error", err)
		}
	}
	if err := k.memory.Save(k.path, uint64(position)); err != nil {
		k.logger.Error("the state could not be saved; the log keeps what is needed to rebuild it", "error", err)
		return
	}
	k.saved.Store(uint64(position))
}

// acknowledged waits, not for long, until the log has made everything durable that the snapshot holds: a snapshot ahead
// of the log would count events that a crash took away.
func (k *keeper) acknowledged(ctx context.Context, position stream.Position) error {
	ctx, cancel := context.WithTimeout(ctx, k.patience)
	defer cancel()
	for k.log.Durable() < position {
		if err := k.log.Wait(ctx, k.log.Durable()); err != nil {
			return err
		}
	}
	return nil
}
