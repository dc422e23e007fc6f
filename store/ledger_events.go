package store

import (
	"context"
	"fmt"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
)

const eventColumns = `decision_id, body, notifications`

const insertEvent = `INSERT INTO lifecycle_events (environment, id, decision_id, key, occurred, body, notifications)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

func readLifecycleEvent(row scanner) (payment.LifecycleEvent, error) {
	var e payment.LifecycleEvent
	var body, notifications []byte
	var of event.ID
	if err := row.Scan(&of, &body, &notifications); err != nil {
		return e, err
	}
	if err := decode(body, &e); err != nil {
		return e, err
	}
	return e, decode(notifications, &e.Notifications)
}

// AppendEvent keeps a lifecycle event; it implements decision.Ledger. The decision is not touched: its Events are as Amend left them. An
// event without a key is never a repetition. ErrNotFound where there is no such decision.
func (l *Ledger) AppendEvent(ctx context.Context, env event.Environment, e payment.LifecycleEvent, key string) (
	kept payment.LifecycleEvent, repeated bool, err error) {
	notifications, err := encodeNotifications(e.Notifications)
	if err != nil {
		return e, false, fmt.Errorf("append event: %w", err)
	}
	alone := e
	alone.Notifications = nil
	body, err := encode(alone)
	if err != nil {
		return e, false, fmt.Errorf("append event: %w", err)
	}
	err = l.write(ctx, "append event", func(d *desk) error {
		kept, repeated = e, false
		var known any
		if key != "" {
			known = key
			first, found, err := pick(d, readLifecycleEvent, `SELECT `+eventColumns+` FROM lifecycle_events WHERE environment = $1 AND key = $2`, env, key)
			if err != nil {
				return err
			}
			if found {
				kept, repeated = first, true
				return nil
			}
		}
		_, found, err := pick(d, readNumber, `SELECT at FROM decisions WHERE environment = $1 AND id = $2`, env, e.DecisionID)
		if err != nil {
			return err
		}
		if !found {
			return decision.ErrNotFound
		}
		_, err = d.exec(insertEvent, env, e.ID, e.DecisionID, known, stamp(e.OccurredAt), body, notifications)
		return err
	})
	return kept, repeated, conflict(err)
}

func encodeNotifications(list []payment.Notification) ([]byte, error) {
	if list == nil {
		list = []payment.Notification{}
	}
	return encode(list)
}

// SetNotifications completes an event whose backends were told. ErrNotFound where there is no such event.
func (l *Ledger) SetNotifications(ctx context.Context, env event.Environment, id event.ID, list []payment.Notification) error {
	text, err := encodeNotifications(list)
	if err != nil {
		return fmt.Errorf("set notifications: %w", err)
	}
	rows, err := l.execGrouped(ctx, "set notifications", `UPDATE lifecycle_events SET notifications = $1 WHERE environment = $2 AND id = $3`,
		text, env, id)
	return orAbsent("set notifications", rows, err)
}

// orAbsent is decision.ErrNotFound where no row was touched.
func orAbsent(what string, rows int64, err error) error {
	if err == nil && rows == 0 {
		return fmt.Errorf("%s: %w", what, decision.ErrNotFound)
	}
	return err
}

// LifecycleEvent finds an event.
func (l *Ledger) LifecycleEvent(ctx context.Context, env event.Environment, id event.ID) (payment.LifecycleEvent, bool, error) {
	return find(ctx, l.file.reader, "read event", readLifecycleEvent,
		`SELECT `+eventColumns+` FROM lifecycle_events WHERE environment = $1 AND id = $2`, env, id)
}
