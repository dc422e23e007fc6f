package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"wayguard/event"
	"wayguard/integration"
	"wayguard/store"
	"wayguard/stream"
)

// alertPosition is the setting that says up to where the log's webhooks were queued.
const alertPosition = "alerts.position"

// alerts puts the webhooks that verdicts ask for into the outbox. The position is stored after the deliveries, and a
// delivery's key is its event and action, so a crash in between queues none twice.
type alerts struct {
	store *store.SQLite
	env   event.Environment
	now   func() time.Time
	// link is a session's page in the Hub, empty for none.
	link func(session event.ID) string
	// wake tells the sender that there is something to send.
	wake func()
	// noted is the position last stored.
	noted stream.Position
}

// noteEvery is how many records without a webhook may pass before the position is stored all the same.
const noteEvery = 1000

func (a *alerts) position(ctx context.Context) (stream.Position, error) {
	text, found, err := a.store.Setting(ctx, a.env, alertPosition)
	if err != nil || !found {
		return 0, err
	}
	position, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", alertPosition, err)
	}
	return stream.Position(position), nil
}

func (a *alerts) take(ctx context.Context, entries []stream.Entry) error {
	queued := false
	for i := range entries {
		record := &entries[i].Record
		for _, action := range record.Verdict.Actions {
			if !action.Kind.Asynchronous() || action.Shadow {
				continue
			}
			if err := a.queue(ctx, record, action); err != nil {
				return err
			}
			queued = true
		}
	}
	last := entries[len(entries)-1].Position
	if queued {
		a.wake()
	}
	if !queued && last < a.noted+noteEvery {
		return nil // reading these again costs little
	}
	a.noted = last
	return a.store.SetSetting(ctx, a.env, alertPosition, strconv.FormatUint(uint64(last), 10), a.now())
}

func (a *alerts) queue(ctx context.Context, r *event.Record, action event.Action) error {
	body, err := json.Marshal(integration.AlertOf(r, action, a.link(r.Session.ID)))
	if err != nil {
		return fmt.Errorf("webhook body: %w", err)
	}
	// One webhook a session and action: an attacker's every further event would be another page in the night.
	key := string(r.Session.ID) + "/" + action.Name + "/" + action.Because
	now := a.now()
	_, err = a.store.EnqueueDelivery(ctx, event.Delivery{
		ID: event.DeriveID(r.Event.Time, "delivery", key), Environment: r.Event.Environment, Action: action.Name, Key: key,
		Body: body, Due: now, Created: now,
	})
	return err
}
