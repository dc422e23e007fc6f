package state

import (
	"context"
	"errors"
	"fmt"

	"wayguard/engine"
	"wayguard/event"
)

// turnTries bounds how often an event is judged anew because another node changed what it rests on.
const turnTries = 8

// Turn takes one event at a time from the store to the engine and back: it loads what the event touches, has it observed, and
// commits what follows. Its room is used again for the next event: what it returns, and every text in it, is good until then,
// and no longer than the event's own texts. It is for one goroutine at a time.
type Turn struct {
	desk         *engine.Desk
	batch, again Batch
	held         []engine.Held
	loaded       []Entry
	after        []Entry
	// befores are where the entries stand that were there before those after, nowhere where there was none.
	befores []int
	before  []Entry
	keys    []string
}

// NewTurn makes a Turn.
func NewTurn() *Turn { return &Turn{desk: engine.NewDesk()} }

// Consider judges the event and changes nothing.
func (t *Turn) Consider(ctx context.Context, s Store, e *engine.Engine, ev *event.Event) (*engine.Step, error) {
	if err := t.load(ctx, s, ev); err != nil {
		return nil, err
	}
	return e.ObserveOn(t.desk, t.held)
}

// Observe judges the event and stores what follows; when another node was faster, it judges anew.
func (t *Turn) Observe(ctx context.Context, s Store, e *engine.Engine, ev *event.Event) (*engine.Step, error) {
	for range turnTries {
		step, err := t.Consider(ctx, s, e, ev)
		if err != nil {
			return nil, err
		}
		t.pair(step.Changes)
		_, err = s.Commit(ctx, t.after)
		if err == nil {
			return step, nil
		}
		if !errors.Is(err, ErrStale) {
			return nil, fmt.Errorf("commit state: %w", err)
		}
	}
	return nil, fmt.Errorf("commit state: still stale after %d tries", turnTries)
}

// Undo puts back what the state held before the event that was observed last.
func (t *Turn) Undo(ctx context.Context, s Store) error {
	t.keys, t.before = t.keys[:0], t.before[:0]
	for i, at := range t.befores {
		was := Entry{Key: t.after[i].Key}
		if at != nowhere {
			was = t.loaded[at]
		}
		t.keys, t.before = append(t.keys, was.Key), append(t.before, was)
	}
	now, err := s.LoadInto(ctx, &t.again, t.keys)
	if err != nil {
		return fmt.Errorf("undo state: %w", err)
	}
	for i := range t.before {
		t.before[i].Version = now[i].Version
	}
	if _, err := s.Commit(ctx, t.before); err != nil {
		return fmt.Errorf("undo state: %w", err)
	}
	return nil
}

// Restore folds a record of the log into the state without judging it anew.
func (t *Turn) Restore(ctx context.Context, s Store, e *engine.Engine, record *event.Record) error {
	if err := t.load(ctx, s, &record.Event); err != nil {
		return err
	}
	changes, err := e.RestoreOn(t.desk, record, t.held)
	if err != nil {
		return err
	}
	t.pair(changes)
	if _, err := s.Commit(ctx, t.after); err != nil {
		return fmt.Errorf("commit state: %w", err)
	}
	return nil
}

// load lays the event on the desk and loads what it touches.
func (t *Turn) load(ctx context.Context, s Store, ev *event.Event) error {
	loaded, err := s.LoadInto(ctx, &t.batch, t.desk.Lay(ev))
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	t.loaded, t.held = loaded, t.held[:0]
	for i := range loaded {
		l := &loaded[i]
		t.held = append(t.held, engine.Held{Key: l.Key, Value: l.Value, Ref: l.Ref, Expires: l.Expires})
	}
	return nil
}

// pair sets each change beside what was there.
func (t *Turn) pair(changes []engine.Change) {
	t.befores, t.after = t.befores[:0], t.after[:0]
	next := 0
	for i := range changes {
		c := &changes[i]
		e := Entry{Key: c.Key, Value: c.Value, Ref: c.Ref, Expires: c.Expires}
		at := t.search(c.Key, next)
		if at != nowhere {
			e.Version, e.place, next = t.loaded[at].Version, t.loaded[at].place, at+1
		}
		t.befores, t.after = append(t.befores, at), append(t.after, e)
	}
}

// search is where what was loaded of a key stands; it looks from place next on first.
func (t *Turn) search(key string, next int) int {
	for i := next; i < len(t.loaded); i++ {
		if t.loaded[i].Key == key {
			return i
		}
	}
	for i := range min(next, len(t.loaded)) {
		if t.loaded[i].Key == key {
			return i
		}
	}
	return nowhere
}
