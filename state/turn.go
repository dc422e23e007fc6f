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
	desk  *engine.Desk
	again Batch
	// batches are what each round of loading brought.
	batches [engine.Rounds]Batch
	held    []engine.Held
	loaded  []Entry
	after   []Entry
	// befores are where the entries stand that were there before those after, nowhere where there was none.
	befores []int
	before  []Entry
	keys    []string
}

// NewTurn makes a Turn.
func NewTurn() *Turn { return &Turn{desk: engine.NewDesk()} }

// Consider judges the event and changes nothing.
func (t *Turn) Consider(ctx context.Context, s Store, e *engine.Engine, ev *event.Event) (*engine.Step, error) {
	if err := t.load(ctx, s, e, t.desk.Lay(ev)); err != nil {
		return nil, err
	}
	return e.ObserveOn(t.desk, t.held)
}

// Marks appends the labels that the entities of the event considered last carried before it.
func (t *Turn) Marks(to []event.EntityLabel) []event.EntityLabel { return t.desk.Marks(to) }

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
	if err := t.load(ctx, s, e, t.desk.LayRecord(record)); err != nil {
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

// load loads what the event on the desk touches: the keys named first, and what those lead to.
func (t *Turn) load(ctx context.Context, s Store, e *engine.Engine, keys []string) error {
	t.loaded, t.held = t.loaded[:0], t.held[:0]
	for round := 0; len(keys) > 0 && round < engine.Rounds; round++ {
		loaded, err := s.LoadInto(ctx, &t.batches[round], keys)
		if err != nil {
			return fmt.Errorf("load state: %w", err)
		}
		for i := range loaded {
			t.take(&loaded[i], i < len(keys))
		}
		keys = e.Follow(t.desk, t.held)
	}
	return nil
}

// take adds what was loaded to what is held. What a key leads to may have been loaded already.
func (t *Turn) take(l *Entry, asked bool) {
	if !asked && t.search(l.Key, 0) != nowhere {
		return
	}
	t.loaded = append(t.loaded, Entry{})
	e := &t.loaded[len(t.loaded)-1]
	e.Key, e.Value, e.Ref, e.Version, e.Expires, e.place = l.Key, l.Value, l.Ref, l.Version, l.Expires, l.place
	t.held = append(t.held, engine.Held{})
	h := &t.held[len(t.held)-1]
	h.Key, h.Value, h.Ref, h.Expires = l.Key, l.Value, l.Ref, l.Expires
}

// pair sets each change beside what was there.
func (t *Turn) pair(changes []engine.Change) {
	t.befores, t.after = t.befores[:0], t.after[:0]
	next := 0
	for i := range changes {
		c := &changes[i]
		t.after = append(t.after, Entry{})
		e := &t.after[len(t.after)-1]
		e.Key, e.Value, e.Ref, e.Expires = c.Key, c.Value, c.Ref, c.Expires
		at := t.search(c.Key, next)
		if at != nowhere {
			e.Version, e.place, next = t.loaded[at].Version, t.loaded[at].place, at+1
		}
		t.befores = append(t.befores, at)
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
