package eval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"

	"wayguard/event"
	"wayguard/state"
	"wayguard/world"
)

// Replay is whether the same events get the same verdicts.
type Replay struct {
	Events int `json:"events"`
	// Digests are SHA-256 of sessions and verdicts as JSON, by how they came about.
	Digests map[string]string `json:"digests"`
	// Same says that all of them are equal.
	Same bool `json:"same"`
}

// digest is a running hash of sessions and verdicts.
type digest struct {
	sum  hash.Hash
	room bytes.Buffer
}

func newDigest() *digest { return &digest{sum: sha256.New()} }

func (d *digest) add(r *event.Record) error {
	d.room.Reset()
	enc := json.NewEncoder(&d.room)
	if err := enc.Encode(&r.Session); err != nil {
		return fmt.Errorf("encode session: %w", err)
	}
	if err := enc.Encode(&r.Verdict); err != nil {
		return fmt.Errorf("encode verdict: %w", err)
	}
	d.sum.Write(d.room.Bytes())
	return nil
}

func (d *digest) text() string { return hex.EncodeToString(d.sum.Sum(nil)) }

// CheckReplay drives a world once over one store, and replays its events over 1, 4 and 16 shards.
func CheckReplay(ctx context.Context, o world.Options) (Replay, error) {
	var events []event.Event
	live := newDigest()
	var failed error
	_, err := Drive(ctx, Plan{Name: "replay", World: o, Ladder: true, Watch: func(r *event.Record, _ *world.Truth) {
		ev := r.Event
		// The device's fingerprint is derived again; what the record has of it is lent.
		ev.Elements = ownElements(ev.Elements)
		events = append(events, ev)
		if err := live.add(r); err != nil {
			failed = err
		}
	}})
	if err != nil || failed != nil {
		return Replay{}, fmt.Errorf("first pass: %w", firstError(err, failed))
	}
	result := Replay{Events: len(events), Digests: map[string]string{"live": live.text()}, Same: true}
	for _, shards := range []int{1, 4, 16} {
		again, err := replay(ctx, events, NewShards(shards))
		if err != nil {
			return Replay{}, fmt.Errorf("replay over %d shards: %w", shards, err)
		}
		result.Digests[fmt.Sprintf("%d shards", shards)] = again
		result.Same = result.Same && again == live.text()
	}
	return result, nil
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// ownElements are the elements without the derived one.
func ownElements(all []event.Element) []event.Element {
	own := make([]event.Element, 0, len(all))
	for _, el := range all {
		if el.Name != "device_fingerprint" {
			own = append(own, el)
		}
	}
	return own
}

func replay(ctx context.Context, events []event.Event, store state.Store) (string, error) {
	e, err := NewEngine()
	if err != nil {
		return "", err
	}
	turn, sum := state.NewTurn(), newDigest()
	for i := range events {
		step, err := turn.Observe(ctx, store, e, &events[i])
		if err != nil {
			return "", fmt.Errorf("event %d: %w", i, err)
		}
		if err := sum.add(&step.Record); err != nil {
			return "", err
		}
		if i%expireEvery == expireEvery-1 {
			if s, ok := store.(expirer); ok {
				s.Expire(events[i].Time)
			}
		}
	}
	return sum.text(), nil
}
