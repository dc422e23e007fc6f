package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wayguard/event"
)

// The states of a delivery in the outbox.
const (
	pending   = "pending"
	delivered = "delivered"
	dead      = "dead"
)

// maxError bounds the text kept of a failure.
const maxError = 500

// EnqueueDelivery puts a delivery in the outbox unless one with the same key exists in its environment, whatever became
// of that one; queued says whether it was new. When it returns nil the delivery survives a crash.
func (s *SQLite) EnqueueDelivery(ctx context.Context, d event.Delivery) (queued bool, err error) {
	if d.ID == "" || d.Key == "" {
		return false, fmt.Errorf("enqueue delivery: %w: id and key are needed", ErrInvalid)
	}
	if len(d.Body) > maxBody {
		return false, fmt.Errorf("enqueue delivery: %w: body is longer than %d bytes", ErrInvalid, maxBody)
	}
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	rows, err := s.exec(ctx, "enqueue delivery", `INSERT INTO deliveries
		(id, environment, action, idempotency_key, body, attempts, due, created, last_error, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (environment, idempotency_key) DO NOTHING`,
		d.ID, d.Environment, d.Action, d.Key, body, d.Attempts, stamp(d.Due), stamp(d.Created), clip(d.LastError), pending)
	return rows == 1, err
}

// DueDeliveries lists deliveries whose time has come, the longest due first, at most limit of them.
func (s *SQLite) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]event.Delivery, error) {
	return list(ctx, s.reader, "read due deliveries", readDelivery, `SELECT
		id, environment, action, idempotency_key, body, attempts, due, created, last_error FROM deliveries
		WHERE state = $1 AND due <= $2 ORDER BY due, id LIMIT $3`, pending, stamp(now), bounded(limit))
}

// MarkDelivered ends a delivery that the receiver has accepted. Marking one that has already ended changes nothing and is
// no error, here and below: a sender that lost the answer to its first mark may mark again.
func (s *SQLite) MarkDelivered(ctx context.Context, id event.ID, at time.Time) error {
	_, err := s.exec(ctx, "mark delivered", `UPDATE deliveries
		SET state = $1, settled = $2, attempts = attempts + 1, last_error = '' WHERE id = $3 AND state = $4`,
		delivered, stamp(at), id, pending)
	return err
}

// MarkFailed counts a failed attempt and says when the next is due.
func (s *SQLite) MarkFailed(ctx context.Context, id event.ID, reason string, due time.Time) error {
	_, err := s.exec(ctx, "mark failed", `UPDATE deliveries
		SET attempts = attempts + 1, last_error = $1, due = $2 WHERE id = $3 AND state = $4`,
		clip(reason), stamp(due), id, pending)
	return err
}

// Postpone puts a pending delivery back until due; it is no attempt.
func (s *SQLite) Postpone(ctx context.Context, id event.ID, due time.Time) error {
	_, err := s.exec(ctx, "postpone", `UPDATE deliveries SET due = $1 WHERE id = $2 AND state = $3`, stamp(due), id, pending)
	return err
}

// MarkDead gives a delivery up; it stays to be looked at until ForgetDeliveries.
func (s *SQLite) MarkDead(ctx context.Context, id event.ID, reason string, at time.Time) error {
	_, err := s.exec(ctx, "mark dead", `UPDATE deliveries
		SET state = $1, settled = $2, attempts = attempts + 1, last_error = $3 WHERE id = $4 AND state = $5`,
		dead, stamp(at), clip(reason), id, pending)
	return err
}

// DeliveryCounts says how many deliveries are in each state.
type DeliveryCounts struct {
	Pending   int64 `json:"pending"`
	Delivered int64 `json:"delivered"`
	Dead      int64 `json:"dead"`
}

// DeliveryCounts counts an environment's deliveries.
func (s *SQLite) DeliveryCounts(ctx context.Context, env event.Environment) (DeliveryCounts, error) {
	counts, _, err := find(ctx, s.reader, "count deliveries", func(row scanner) (DeliveryCounts, error) {
		var c DeliveryCounts
		err := row.Scan(&c.Pending, &c.Delivered, &c.Dead)
		return c, err
	}, `SELECT COUNT(CASE WHEN state = $1 THEN 1 END), COUNT(CASE WHEN state = $2 THEN 1 END),
		COUNT(CASE WHEN state = $3 THEN 1 END) FROM deliveries WHERE environment = $4`, pending, delivered, dead, env)
	return counts, err
}

// DeadDeliveries lists deliveries that were given up, newest first.
func (s *SQLite) DeadDeliveries(ctx context.Context, env event.Environment, limit int) ([]event.Delivery, error) {
	return list(ctx, s.reader, "read dead deliveries", readDelivery, `SELECT
		id, environment, action, idempotency_key, body, attempts, due, created, last_error FROM deliveries
		WHERE environment = $1 AND state = $2 ORDER BY settled DESC, id DESC LIMIT $3`, env, dead, bounded(limit))
}

// ForgetDeliveries removes those delivered or given up before a time, and says how many. Their keys are then free again:
// keep them longer than a replay reaches back.
func (s *SQLite) ForgetDeliveries(ctx context.Context, before time.Time) (int64, error) {
	return s.exec(ctx, "forget deliveries", `DELETE FROM deliveries WHERE state IN ($1, $2) AND settled < $3`,
		delivered, dead, stamp(before))
}

func readDelivery(row scanner) (event.Delivery, error) {
	var d event.Delivery
	var due, created int64
	err := row.Scan(&d.ID, &d.Environment, &d.Action, &d.Key, &d.Body, &d.Attempts, &due, &created, &d.LastError)
	d.Due, d.Created = unstamp(due), unstamp(created)
	return d, err
}

// clip keeps a failure's text short and in a form every SQL database takes: UTF-8 without NUL.
func clip(text string) string {
	if len(text) > maxError {
		text = text[:maxError]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}
