package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
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

// outbox keeps deliveries in a database's table of that name.
type outbox struct {
	source *sql.DB
	// exec runs one writing statement and says how many rows it touched.
	exec func(ctx context.Context, what, query string, args ...any) (int64, error)
}

// insertDelivery keeps a delivery unless one of its key is there.
const insertDelivery = `INSERT INTO deliveries
		(id, environment, action, idempotency_key, body, attempts, due, created, last_error, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (environment, idempotency_key) DO NOTHING`

// deliveryRow gives the arguments of insertDelivery.
func deliveryRow(d event.Delivery) ([]any, error) {
	if d.ID == "" || d.Key == "" {
		return nil, fmt.Errorf("%w: id and key are needed", ErrInvalid)
	}
	if len(d.Body) > maxBody {
		return nil, fmt.Errorf("%w: body is longer than %d bytes", ErrInvalid, maxBody)
	}
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	return []any{d.ID, d.Environment, d.Action, d.Key, body, d.Attempts, stamp(d.Due), stamp(d.Created), clip(d.LastError), pending}, nil
}

// EnqueueDelivery puts a delivery in the outbox unless one with the same key exists in its environment, whatever became
// of that one; queued says whether it was new. When it returns nil the delivery survives a crash.
func (o *outbox) EnqueueDelivery(ctx context.Context, d event.Delivery) (queued bool, err error) {
	row, err := deliveryRow(d)
	if err != nil {
		return false, fmt.Errorf("enqueue delivery: %w", err)
	}
	rows, err := o.exec(ctx, "enqueue delivery", insertDelivery, row...)
	return rows == 1, err
}

// DueDeliveries lists deliveries whose time has come, the longest due first, at most limit of them.
func (o *outbox) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]event.Delivery, error) {
	return list(ctx, o.source, "read due deliveries", readDelivery, `SELECT
		id, environment, action, idempotency_key, body, attempts, due, created, last_error FROM deliveries
		WHERE state = $1 AND due <= $2 ORDER BY due, id LIMIT $3`, pending, stamp(now), bounded(limit))
}

// dueByAction walks over the actions that have something pending, each looked up in the index, and takes the longest due of each: however
// many wait for one action, those of the others are as near.
const dueByAction = `WITH RECURSIVE actions (action) AS (
		SELECT MIN(action) FROM deliveries WHERE state = 'pending'
		UNION ALL
		SELECT (SELECT MIN(d.action) FROM deliveries d WHERE d.state = 'pending' AND d.action > actions.action) FROM actions WHERE actions.action IS NOT NULL)
	SELECT id, environment, deliveries.action, idempotency_key, body, attempts, due, created, last_error FROM actions CROSS JOIN deliveries
	WHERE actions.action IS NOT NULL %s AND deliveries.id IN
		(SELECT w.id FROM deliveries w WHERE w.state = 'pending' AND w.action = actions.action AND w.due <= $1 ORDER BY w.due, w.id LIMIT $2)
	ORDER BY due, id LIMIT $3`

// maxDue bounds the deliveries that are read at once, over all actions.
const maxDue = 4096

// DueByAction lists deliveries whose time has come, the longest due first, at most each of any one action and none of those excepted.
func (o *outbox) DueByAction(ctx context.Context, now time.Time, each int, except []string) ([]event.Delivery, error) {
	args := []any{stamp(now), bounded(each), maxDue}
	places := make([]string, len(except))
	for i, action := range except {
		args = append(args, action)
		places[i] = "$" + strconv.Itoa(len(args))
	}
	but := ""
	if len(places) > 0 {
		but = "AND actions.action NOT IN (" + strings.Join(places, ", ") + ")"
	}
	return list(ctx, o.source, "read due deliveries", readDelivery, fmt.Sprintf(dueByAction, but), args...)
}

// MarkDelivered ends a delivery that the receiver has accepted. Marking one that has already ended changes nothing and is
// no error, here and below: a sender that lost the answer to its first mark may mark again.
func (o *outbox) MarkDelivered(ctx context.Context, id event.ID, at time.Time) error {
	_, err := o.exec(ctx, "mark delivered", `UPDATE deliveries
		SET state = $1, settled = $2, attempts = attempts + 1, last_error = '' WHERE id = $3 AND state = $4`,
		delivered, stamp(at), id, pending)
	return err
}

// MarkFailed counts a failed attempt and says when the next is due.
func (o *outbox) MarkFailed(ctx context.Context, id event.ID, reason string, due time.Time) error {
	_, err := o.exec(ctx, "mark failed", `UPDATE deliveries
		SET attempts = attempts + 1, last_error = $1, due = $2 WHERE id = $3 AND state = $4`,
		clip(reason), stamp(due), id, pending)
	return err
}

// Postpone puts a pending delivery back until due; it is no attempt.
func (o *outbox) Postpone(ctx context.Context, id event.ID, due time.Time) error {
	_, err := o.exec(ctx, "postpone", `UPDATE deliveries SET due = $1 WHERE id = $2 AND state = $3`, stamp(due), id, pending)
	return err
}

// MarkDead gives a delivery up; it stays to be looked at until ForgetDeliveries.
func (o *outbox) MarkDead(ctx context.Context, id event.ID, reason string, at time.Time) error {
	_, err := o.exec(ctx, "mark dead", `UPDATE deliveries
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
func (o *outbox) DeliveryCounts(ctx context.Context, env event.Environment) (DeliveryCounts, error) {
	counts, _, err := find(ctx, o.source, "count deliveries", func(row scanner) (DeliveryCounts, error) {
		var c DeliveryCounts
		err := row.Scan(&c.Pending, &c.Delivered, &c.Dead)
		return c, err
	}, `SELECT COUNT(CASE WHEN state = $1 THEN 1 END), COUNT(CASE WHEN state = $2 THEN 1 END),
		COUNT(CASE WHEN state = $3 THEN 1 END) FROM deliveries WHERE environment = $4`, pending, delivered, dead, env)
	return counts, err
}

// DeadDeliveries lists deliveries that were given up, newest first.
func (o *outbox) DeadDeliveries(ctx context.Context, env event.Environment, limit int) ([]event.Delivery, error) {
	return list(ctx, o.source, "read dead deliveries", readDelivery, `SELECT
		id, environment, action, idempotency_key, body, attempts, due, created, last_error FROM deliveries
		WHERE environment = $1 AND state = $2 ORDER BY settled DESC, id DESC LIMIT $3`, env, dead, bounded(limit))
}

// Redeliver makes a delivery that has ended, most often one that was given up, due again at a time, as if it had been created then.
// One that is pending already becomes due then; found is false where there is none.
func (o *outbox) Redeliver(ctx context.Context, env event.Environment, id event.ID, at time.Time) (found bool, err error) {
	rows, err := o.exec(ctx, "redeliver", `UPDATE deliveries SET state = $1, attempts = 0, due = $2, created = $2, settled = 0
		WHERE environment = $3 AND id = $4`, pending, stamp(at), env, id)
	return rows == 1, err
}

// forgetParcel is how many deliveries are removed at once, so that no write waits long for it.
const forgetParcel = 1000

// ForgetDeliveries removes those delivered or given up before a time, a part at a time, and says how many. Their keys are then free
// again: keep them longer than a replay reaches back.
func (o *outbox) ForgetDeliveries(ctx context.Context, before time.Time) (total int64, err error) {
	for {
		rows, err := o.exec(ctx, "forget deliveries", `DELETE FROM deliveries WHERE id IN
			(SELECT id FROM deliveries WHERE state IN ($1, $2) AND settled < $3 LIMIT $4)`, delivered, dead, stamp(before), forgetParcel)
		total += rows
		if err != nil || rows < forgetParcel {
			return total, err
		}
	}
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
