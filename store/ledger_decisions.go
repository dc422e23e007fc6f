package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"wayguard/decision"
	"wayguard/event"
)

// IdempotencyLife is how long an idempotency key stands for the decision that was made under it, counted until the decision that was
// recorded last: where nothing happens, a key is remembered for longer. That is the last one and not the newest, so that a clock that was
// ahead for a moment ends no life.
const IdempotencyLife = 24 * time.Hour

// The statements of Record and Amend.
const (
	insertDecision = `INSERT INTO decisions (environment, id, at, context, outcome, payment_state, customer_id, fingerprint, reference,
		device_ip, device_fingerprint, session, email, undecided, waiting, client, idempotency_key, digest, assignee, revision, body, tree, payload, deferred)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 1, $20, $21, $22, $23)`
	updateDecision = `UPDATE decisions SET outcome = $1, payment_state = $2, undecided = $3, waiting = $4, assignee = $5,
		revision = revision + 1, body = $6, tree = $7, payload = $8, deferred = $9 WHERE environment = $10 AND id = $11 AND revision = $12`
	insertRule = `INSERT INTO decision_rules (environment, rule_id, at, decision_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (environment, decision_id, rule_id) DO NOTHING`
	// A key whose life is over makes room for the new one.
	insertKey = `INSERT INTO idempotency_keys (environment, client, key, decision_id, digest, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (environment, client, key) DO UPDATE SET decision_id = excluded.decision_id, digest = excluded.digest, at = excluded.at
		WHERE idempotency_keys.at <= excluded.at - $7`
	selectKey = `SELECT decision_id, digest FROM idempotency_keys WHERE environment = $1 AND client = $2 AND key = $3 AND at > $4`
)

// maxAmends bounds how often Amend begins anew because somebody else changed the decision.
const maxAmends = 100

// errRevision means that somebody else changed the decision meanwhile.
var errRevision = errors.New("changed meanwhile")

// Record keeps a decision with its webhook messages; it implements decision.Ledger. An id that exists gives decision.ErrConflict.
func (l *Ledger) Record(ctx context.Context, e decision.Entry) error {
	r, err := rowOf(&e)
	if err != nil {
		return fmt.Errorf("record decision: %w", err)
	}
	l.clock.Store(r.at)
	err = l.write(ctx, "record decision", func(d *desk) error { return r.insert(d) })
	return conflict(err)
}

// conflict names what is taken as package decision does.
func conflict(err error) error {
	if errors.Is(err, ErrTaken) {
		return fmt.Errorf("%w: %w", decision.ErrConflict, err)
	}
	return err
}

func (r *entryRow) insert(d *desk) error {
	if r.key != "" {
		rows, err := d.exec(insertKey, r.environment, r.client, r.key, r.id, r.digest, r.at, IdempotencyLife.Microseconds())
		if err != nil {
			return err
		}
		if rows == 0 {
			return decision.ErrIdempotency
		}
	}
	if _, err := d.exec(insertDecision, r.environment, r.id, r.at, r.context, r.outcome, r.paymentState, r.customer, r.fingerprint, r.reference,
		r.ip, r.device, r.session, r.email, r.undecided, r.waiting, r.client, r.key, r.digest, r.assignee, r.body, r.tree, r.payload, r.deferred); err != nil {
		return err
	}
	return r.insertRest(d)
}

// insertRest keeps the rules that fired and the messages.
func (r *entryRow) insertRest(d *desk) error {
	for _, rule := range r.rules {
		if _, err := d.exec(insertRule, r.environment, rule, r.at, r.id); err != nil {
			return err
		}
	}
	for _, m := range r.messages {
		if _, err := d.exec(insertDelivery, m...); err != nil {
			return err
		}
	}
	return nil
}

// Amend changes a decision; it implements decision.Ledger. change may be called several times, each time with the decision as it stands
// then, when others change it at the same moment; only what its last call made of it is kept. Who asked, under which key, and the time of
// evaluation cannot be changed.
func (l *Ledger) Amend(ctx context.Context, env event.Environment, id event.ID, change func(e *decision.Entry) error) (found bool, err error) {
	for range maxAmends {
		kept, found, err := l.entry(ctx, env, id)
		if err != nil || !found {
			return false, err
		}
		e := kept.Entry
		if err := change(&e); err != nil {
			return true, err
		}
		e.Environment, e.Decision.ID, e.Decision.EvaluatedAt = env, id, kept.Decision.EvaluatedAt
		r, err := rowOf(&e)
		if err != nil {
			return true, fmt.Errorf("amend decision: %w", err)
		}
		r.at = kept.at
		if err = l.write(ctx, "amend decision", func(d *desk) error { return r.update(d, kept.revision) }); !errors.Is(err, errRevision) {
			return true, err
		}
	}
	return true, fmt.Errorf("amend decision: %w: it changes all the time", decision.ErrConflict)
}

func (r *entryRow) update(d *desk, revision int64) error {
	rows, err := d.exec(updateDecision, r.outcome, r.paymentState, r.undecided, r.waiting, r.assignee, r.body, r.tree, r.payload, r.deferred,
		r.environment, r.id, revision)
	if err != nil {
		return err
	}
	if rows == 0 {
		return errRevision
	}
	return r.insertRest(d)
}

// Decision finds a decision.
func (l *Ledger) Decision(ctx context.Context, env event.Environment, id event.ID) (decision.Entry, bool, error) {
	k, found, err := l.entry(ctx, env, id)
	if err != nil || !found {
		return decision.Entry{}, false, err
	}
	return k.Entry, true, nil
}

func (l *Ledger) entry(ctx context.Context, env event.Environment, id event.ID) (*keptEntry, bool, error) {
	return find(ctx, l.file.reader, "read decision", readEntry,
		`SELECT `+entryColumns+` FROM decisions d WHERE d.environment = $1 AND d.id = $2`, env, id)
}

// Idempotent finds the decision that a client's idempotency key stands for, for IdempotencyLife. Record says exactly when that is over;
// before the first Record since the ledger was opened every key that is kept stands.
func (l *Ledger) Idempotent(ctx context.Context, env event.Environment, client, key string) (id event.ID, digest string, found bool, err error) {
	type pair struct {
		id     event.ID
		digest string
	}
	p, found, err := find(ctx, l.file.reader, "read idempotency key", func(row scanner) (pair, error) {
		var p pair
		err := row.Scan(&p.id, &p.digest)
		return p, err
	}, selectKey, env, client, key, l.lifeBegins())
	return p.id, p.digest, found, err
}

// lifeBegins is before which moment a key must have been used to be over.
func (l *Ledger) lifeBegins() int64 {
	clock := l.clock.Load()
	if clock == 0 {
		return math.MinInt64
	}
	return clock - IdempotencyLife.Microseconds()
}

// Pending lists decisions that wait for an asynchronous backend, the oldest first.
func (l *Ledger) Pending(ctx context.Context, env event.Environment, limit int) ([]decision.Entry, error) {
	entries, err := list(ctx, l.file.reader, "read pending decisions", readEntry, `SELECT `+entryColumns+` FROM decisions d
		WHERE d.environment = $1 AND d.waiting ORDER BY d.at, d.id LIMIT $2`, env, bounded(limit))
	if err != nil {
		return nil, err
	}
	return plain(entries), nil
}

// plain leaves away what only the ledger needs to know.
func plain(list []*keptEntry) []decision.Entry {
	entries := make([]decision.Entry, len(list))
	for i, k := range list {
		entries[i] = k.Entry
	}
	return entries
}
