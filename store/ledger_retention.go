package store

import (
	"context"
	"errors"
	"time"

	"wayguard/event"
)

// parcelSize is how many decisions are taken away in one transaction: some ten milliseconds of work, so that no payment waits longer.
const parcelSize = 100

// byParts runs a deleting statement, whose last argument is how many rows it may take, until it takes fewer.
func (l *Ledger) byParts(ctx context.Context, what, query string, args ...any) (total int64, err error) {
	for {
		rows, err := l.execGrouped(ctx, what, query, append(args[:len(args):len(args)], parcelSize)...)
		total += rows
		if err != nil || rows < parcelSize {
			return total, err
		}
	}
}

// doomed is a decision to be taken away.
type doomed struct {
	environment event.Environment
	id          event.ID
	client, key string
}

const doomedColumns = `SELECT environment, id, client, idempotency_key FROM decisions`

func readDoomed(row scanner) (doomed, error) {
	var d doomed
	err := row.Scan(&d.environment, &d.id, &d.client, &d.key)
	return d, err
}

// remove takes a decision away with all that belongs to it but its webhook messages, which name only ids.
func (x doomed) remove(d *desk) (int64, error) {
	for _, one := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM lifecycle_events WHERE environment = $1 AND decision_id = $2`, []any{x.environment, x.id}},
		{`DELETE FROM idempotency_keys WHERE environment = $1 AND client = $2 AND key = $3 AND decision_id = $4`,
			[]any{x.environment, x.client, x.key, x.id}},
		{`DELETE FROM decision_rules WHERE environment = $1 AND decision_id = $2`, []any{x.environment, x.id}},
	} {
		if _, err := d.exec(one.query, one.args...); err != nil {
			return 0, err
		}
	}
	return d.exec(`DELETE FROM decisions WHERE environment = $1 AND id = $2`, x.environment, x.id)
}

// takeAway removes what a query finds, a part at a time; its last argument is how many that may be.
func (l *Ledger) takeAway(ctx context.Context, what, query string, args ...any) (total int64, err error) {
	for {
		part, err := list(ctx, l.searcher, what, readDoomed, query, append(args[:len(args):len(args)], parcelSize)...)
		if err != nil || len(part) == 0 {
			return total, err
		}
		var removed int64
		err = l.write(ctx, what, func(d *desk) error {
			removed = 0
			for _, x := range part {
				n, err := x.remove(d)
				if err != nil {
					return err
				}
				removed += n
			}
			return nil
		})
		total += removed
		if err != nil {
			return total, err
		}
	}
}

// Forget takes away decisions that were evaluated before the first time, with their events, and the trees, payloads and deferred work
// of those before the second, of every environment, in small transactions. A decision that waits stays as it is. Idempotency keys whose
// life is over go too.
func (l *Ledger) Forget(ctx context.Context, decisionsBefore, payloadsBefore time.Time) (decisions, payloads int64, err error) {
	environments, err := l.environments(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, env := range environments {
		gone, err := l.takeAway(ctx, "forget decisions", doomedColumns+` WHERE environment = $1 AND at < $2 AND NOT waiting ORDER BY at LIMIT $3`,
			env, stamp(decisionsBefore))
		decisions += gone
		if err != nil {
			return decisions, payloads, err
		}
		stripped, err := l.strip(ctx, env, stamp(payloadsBefore))
		payloads += stripped
		if err != nil {
			return decisions, payloads, err
		}
		if _, err := l.byParts(ctx, "forget idempotency keys", `DELETE FROM idempotency_keys WHERE environment = $1 AND (client, key) IN
			(SELECT client, key FROM idempotency_keys WHERE environment = $1 AND at <= $2 LIMIT $3)`, env, l.lifeBegins()); err != nil {
			return decisions, payloads, err
		}
	}
	return decisions, payloads, nil
}

// environments are those that have decisions; each is looked up in the index, and no row is read.
func (l *Ledger) environments(ctx context.Context) (all []event.Environment, err error) {
	query, args := `SELECT MIN(environment) FROM decisions`, []any{}
	for {
		env, _, err := find(ctx, l.searcher, "read environments", func(row scanner) (*event.Environment, error) {
			var e *event.Environment
			err := row.Scan(&e)
			return e, err
		}, query, args...)
		if err != nil || env == nil {
			return all, err
		}
		all = append(all, *env)
		query, args = `SELECT MIN(environment) FROM decisions WHERE environment > $1`, []any{*env}
	}
}

// strip takes payloads away from where it stopped the last time; the overlap is for decisions that waited or came late.
func (l *Ledger) strip(ctx context.Context, env event.Environment, before int64) (total int64, err error) {
	const overlap = int64(15 * time.Minute / time.Microsecond)
	mark, _, err := find(ctx, l.searcher, "read retention mark", readNumber, `SELECT payloads FROM retention_marks WHERE environment = $1`, env)
	if err != nil || before <= 0 {
		return 0, err
	}
	at, id := mark-overlap, event.ID("")
	for {
		part, err := list(ctx, l.searcher, "forget payloads", readPlace, `SELECT id, at FROM decisions WHERE environment = $1 AND at >= $2
			AND (at > $2 OR id > $3) AND at < $4 AND NOT waiting AND (tree IS NOT NULL OR payload IS NOT NULL OR deferred IS NOT NULL)
			ORDER BY at, id LIMIT $5`, env, at, id, before, parcelSize)
		if err != nil {
			return total, err
		}
		if len(part) > 0 {
			at, id = part[len(part)-1].at, part[len(part)-1].id
		}
		reached := at
		if len(part) < parcelSize {
			reached = before
		}
		var stripped int64
		err = l.write(ctx, "forget payloads", func(d *desk) (err error) {
			stripped, err = stripPart(d, env, part, reached)
			return err
		})
		total += stripped
		if err != nil || len(part) < parcelSize {
			return total, err
		}
	}
}

// place is where a decision stands in time.
type place struct {
	id event.ID
	at int64
}

func readPlace(row scanner) (place, error) {
	var p place
	err := row.Scan(&p.id, &p.at)
	return p, err
}

// stripPart takes the payloads of a part away and keeps how far retention has come.
func stripPart(d *desk, env event.Environment, part []place, reached int64) (stripped int64, err error) {
	for _, p := range part {
		rows, err := d.exec(`UPDATE decisions SET tree = NULL, payload = NULL, deferred = NULL, revision = revision + 1
			WHERE environment = $1 AND id = $2 AND NOT waiting`, env, p.id)
		if err != nil {
			return 0, err
		}
		stripped += rows
	}
	_, err = d.exec(`INSERT INTO retention_marks (environment, payloads) VALUES ($1, $2) ON CONFLICT (environment)
		DO UPDATE SET payloads = excluded.payloads WHERE excluded.payloads > retention_marks.payloads`, env, reached)
	return stripped, err
}

// Erase takes away all decisions of a customer, with their events, whether they wait or not; what is overwritten cannot be read from the
// file again. List entries that came of them stay: they are kept against fraud.
func (l *Ledger) Erase(ctx context.Context, env event.Environment, customerID string) (int64, error) {
	if customerID == "" {
		return 0, errors.Join(ErrInvalid, errors.New("erase: a customer is needed"))
	}
	return l.takeAway(ctx, "erase customer", doomedColumns+` WHERE environment = $1 AND customer_id = $2 LIMIT $3`, env, customerID)
}
