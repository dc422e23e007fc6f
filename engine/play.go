package engine

import (
	"wayguard/event"
)

// Source gives the piece of state of a key, false when there is none.
type Source func(key string) (Held, bool)

// gather fetches all that the event on the desk touches from a source, each piece once. keys are those that Lay named.
func (e *Engine) gather(d *Desk, keys []string, from Source) []Held {
	var held []Held
	fetched := map[string]bool{}
	fetch := func(key string) string {
		if fetched[key] {
			return ""
		}
		fetched[key] = true
		h, found := from(key)
		if found {
			held = append(held, h)
		}
		return h.Ref
	}
	for ; len(keys) > 0; keys = e.Follow(d, held) {
		for _, key := range keys {
			if ref := fetch(key); ref != "" {
				fetch(ref)
			}
		}
	}
	return held
}

// ObserveFrom observes one event on the state that a source gives: the Step is the caller's for good.
func (e *Engine) ObserveFrom(ev *event.Event, from Source) (Step, error) {
	d := &Desk{}
	step, err := e.ObserveOn(d, e.gather(d, d.Lay(ev), from))
	if err != nil {
		return Step{}, err
	}
	return *step, nil
}

// RestoreFrom is Restore on the state that a source gives.
func (e *Engine) RestoreFrom(record *event.Record, from Source) ([]Change, error) {
	d := &Desk{}
	return e.RestoreOn(d, record, e.gather(d, d.LayRecord(record), from))
}

// Play observes events one after the other on a state that is empty at first, and gives the records. It is how test
// journeys and replays are run.
func (e *Engine) Play(events []event.Event) ([]event.Record, error) {
	state := map[string]Held{}
	from := func(key string) (Held, bool) { h, found := state[key]; return h, found }
	records := make([]event.Record, 0, len(events))
	for i := range events {
		step, err := e.ObserveFrom(&events[i], from)
		if err != nil {
			return nil, err
		}
		for _, c := range step.Changes {
			state[c.Key] = Held(c)
		}
		records = append(records, step.Record)
	}
	return records, nil
}
