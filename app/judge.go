package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"wayguard/engine"
	"wayguard/event"
	"wayguard/state"
	"wayguard/stream"
)

// commitTries bounds how often an event is judged anew because another node changed what it rests on.
const commitTries = 8

// errRestoring means that the state is not back yet; visitors are let through and their events wait or are shed.
var errRestoring = errors.New("the state is being restored")

// recordLog is the part of the stream that the judge writes to.
type recordLog interface {
	Enqueue(record event.Record) (stream.Position, error)
}

// judge stands between the data path and the engine. One lock is held around load, judgement, log and commit, so that
// the log's order is the order in which verdicts were given: only then does a replay give the same ones.
type judge struct {
	plan atomic.Pointer[plan]
	// waiting is closed once the state is back.
	waiting chan struct{}

	// mu guards what follows; state and log do not change once waiting is closed.
	mu       sync.Mutex
	restored bool
	state    state.Store
	log      recordLog
	// position is the last record's in the log.
	position stream.Position

	judged, shed, failed atomic.Uint64
}

func newJudge(p *plan) *judge {
	j := &judge{waiting: make(chan struct{})}
	j.plan.Store(p)
	return j
}

// open lets events in, once the state is back and stands at a position of the log.
func (j *judge) open(store state.Store, log recordLog, position stream.Position) {
	j.mu.Lock()
	j.state, j.log, j.position, j.restored = store, log, position, true
	j.mu.Unlock()
	close(j.waiting)
}

// opened says whether the state is back.
func (j *judge) opened() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.restored
}

// Consider implements proxy.Observer: it judges a held request and changes nothing. It does so beside the lock, because a
// held visitor must not wait for other visitors' events: what it loads is of one moment, and is never written to. That
// moment may lie before an event which is being judged, or between one's commit and its undoing; neither is recorded.
func (j *judge) Consider(ctx context.Context, e event.Event) (event.Verdict, error) {
	select {
	case <-j.waiting: // from here on the state stays the one that was opened
	default:
		return event.Verdict{}, errRestoring
	}
	// Nobody waits any more for an answer that comes too late; working it out would only make the next one late too.
	if err := ctx.Err(); err != nil {
		return event.Verdict{}, err
	}
	step, _, err := j.step(ctx, e)
	if err != nil {
		j.failed.Add(1)
		return event.Verdict{}, err
	}
	return step.Record.Verdict, nil
}

// Observe implements proxy.Observer: it judges a finished event, logs it and commits the state.
func (j *judge) Observe(ctx context.Context, e event.Event) error {
	select {
	case <-j.waiting:
	case <-ctx.Done():
		j.shed.Add(1)
		return errRestoring
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	step, changed, err := j.commit(ctx, e)
	if err != nil {
		j.failed.Add(1)
		return err
	}
	position, err := j.log.Enqueue(step.Record)
	if err != nil {
		// An event that the log cannot take must leave no trace in the state, or a replay of the log would see
		// another state than the verdicts were given in.
		j.shed.Add(1)
		return errors.Join(fmt.Errorf("event not logged: %w", err), j.undo(ctx, changed))
	}
	j.judged.Add(1)
	j.position = position
	return nil
}

// commit judges the event and stores what follows; when another node was faster, it judges anew. It returns what the
// state held before.
func (j *judge) commit(ctx context.Context, e event.Event) (engine.Step, []state.Entry, error) {
	for range commitTries {
		step, held, err := j.step(ctx, e)
		if err != nil {
			return step, nil, err
		}
		before, after := pair(step.Changes, held)
		_, err = j.state.Commit(ctx, after)
		if err == nil {
			return step, before, nil
		}
		if !errors.Is(err, state.ErrStale) {
			return step, nil, fmt.Errorf("commit state: %w", err)
		}
	}
	return engine.Step{}, nil, fmt.Errorf("commit state: still stale after %d tries", commitTries)
}

// step loads what the event touches and observes it.
func (j *judge) step(ctx context.Context, e event.Event) (engine.Step, []state.Entry, error) {
	eng := j.plan.Load().engine
	eng.Prepare(&e)
	held, err := load(ctx, j.state, eng.Keys(&e))
	if err != nil {
		return engine.Step{}, nil, err
	}
	step, err := eng.Observe(e, toHeld(held))
	return step, held, err
}

// undo puts back what the state held before an event that came to nothing.
func (j *judge) undo(ctx context.Context, before []state.Entry) error {
	keys := make([]string, len(before))
	for i := range before {
		keys[i] = before[i].Key
	}
	now, err := j.state.Load(ctx, keys)
	if err != nil {
		return fmt.Errorf("undo state: %w", err)
	}
	for i := range before {
		before[i].Version = now[i].Version
	}
	if _, err := j.state.Commit(ctx, before); err != nil {
		return fmt.Errorf("undo state: %w", err)
	}
	return nil
}

// freeze marks the state for a snapshot and says at which position of the log it stands.
func (j *judge) freeze(m *state.Memory) (stream.Position, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.position, j.restored && m.Freeze()
}

// restore folds one record of the log into the state without judging it anew.
func restore(ctx context.Context, eng *engine.Engine, store state.Store, record event.Record) error {
	held, err := load(ctx, store, eng.Keys(&record.Event))
	if err != nil {
		return err
	}
	changes, err := eng.Restore(record, toHeld(held))
	if err != nil {
		return err
	}
	_, after := pair(changes, held)
	_, err = store.Commit(ctx, after)
	return err
}

func load(ctx context.Context, store state.Store, keys []string) ([]state.Entry, error) {
	held, err := store.Load(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("load state: %w", err)
	}
	return held, nil
}

func toHeld(entries []state.Entry) []engine.Held {
	held := make([]engine.Held, len(entries))
	for i := range entries {
		held[i] = engine.Held{Key: entries[i].Key, Value: entries[i].Value, Ref: entries[i].Ref, Expires: entries[i].Expires}
	}
	return held
}

// pair sets each change beside what was there: the entries as they were, and as they are to be.
func pair(changes []engine.Change, held []state.Entry) (before, after []state.Entry) {
	known := make(map[string]*state.Entry, len(held))
	for i := range held {
		known[held[i].Key] = &held[i]
	}
	before, after = make([]state.Entry, len(changes)), make([]state.Entry, len(changes))
	for i, c := range changes {
		before[i] = state.Entry{Key: c.Key}
		if old := known[c.Key]; old != nil {
			before[i] = *old
		}
		after[i] = state.Entry{Key: c.Key, Value: c.Value, Ref: c.Ref, Version: before[i].Version, Expires: c.Expires}
	}
	return before, after
}
