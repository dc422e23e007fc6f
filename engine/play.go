package engine

import (
	"wayguard/event"
)

// Play observes events one after the other on a state that is empty at first, and gives the records. It is how test
// journeys and replays are run.
func (e *Engine) Play(events []event.Event) ([]event.Record, error) {
	state := map[string]Held{}
	records := make([]event.Record, 0, len(events))
	for _, ev := range events {
		e.Prepare(&ev)
		step, err := e.Observe(ev, recall(state, e.Keys(&ev)))
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

// recall finds the keys' entries and those that they refer to.
func recall(state map[string]Held, keys []string) []Held {
	held := make([]Held, 0, len(keys)+2)
	for _, key := range keys {
		h, ok := state[key]
		if !ok {
			continue
		}
		held = append(held, h)
		if target, ok := state[h.Ref]; ok && h.Ref != "" {
			held = append(held, target)
		}
	}
	return held
}
