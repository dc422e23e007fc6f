package store

import (
	"context"
	"fmt"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/ruleset"
)

const (
	interceptorColumns = `version, status, updated, body, discovered`
	insertInterceptor  = `INSERT INTO interceptors (environment, id, ref, context, version, status, updated, body, discovered)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
)

// readInterceptor reads a row; version, status, time of change and the discovered keys have columns, which are right.
func readInterceptor(row scanner) (interceptor.Interceptor, error) {
	var version, updated int64
	var status ruleset.Status
	var body, discovered []byte
	var i interceptor.Interceptor
	if err := row.Scan(&version, &status, &updated, &body, &discovered); err != nil {
		return i, err
	}
	if err := decode(body, &i); err != nil {
		return i, err
	}
	i.Version, i.Status, i.UpdatedAt = version, status, unstamp(updated)
	return i, decode(discovered, &i.Discovered)
}

// encodeInterceptor gives the two columns that hold JSON.
func encodeInterceptor(i interceptor.Interceptor) (body, discovered []byte, err error) {
	if discovered, err = encodeDiscovered(i.Discovered); err != nil {
		return nil, nil, err
	}
	i.Discovered = nil
	body, err = encode(i)
	return body, discovered, err
}

func encodeDiscovered(keys []interceptor.DiscoveredKey) ([]byte, error) {
	if keys == nil {
		keys = []interceptor.DiscoveredKey{}
	}
	return encode(keys)
}

// CreateInterceptor keeps a DRAFT with the ref's next version.
func (l *Ledger) CreateInterceptor(ctx context.Context, env event.Environment, i interceptor.Interceptor) (interceptor.Interceptor, error) {
	if i.ID == "" || i.Ref == "" || i.Context == "" {
		return i, fmt.Errorf("create interceptor: %w: id, ref and context are needed", ErrInvalid)
	}
	i.Status = ruleset.Draft
	body, discovered, err := encodeInterceptor(i)
	if err != nil {
		return i, fmt.Errorf("create interceptor: %w", err)
	}
	err = l.write(ctx, "create interceptor", func(d *desk) error {
		if i.Version, err = d.next(env, "interceptor", i.Ref); err != nil {
			return err
		}
		_, err := d.exec(insertInterceptor, env, i.ID, i.Ref, i.Context, i.Version, i.Status, stamp(i.UpdatedAt), body, discovered)
		return err
	})
	return i, conflict(err)
}

// Interceptor finds an interceptor.
func (l *Ledger) Interceptor(ctx context.Context, env event.Environment, id event.ID) (interceptor.Interceptor, bool, error) {
	return find(ctx, l.file.reader, "read interceptor", readInterceptor,
		`SELECT `+interceptorColumns+` FROM interceptors WHERE environment = $1 AND id = $2`, env, id)
}

func (d *desk) interceptor(env event.Environment, id event.ID, want ruleset.Status) (interceptor.Interceptor, error) {
	return inStatus(d, want, func(i interceptor.Interceptor) ruleset.Status { return i.Status }, readInterceptor,
		`SELECT `+interceptorColumns+` FROM interceptors WHERE environment = $1 AND id = $2`, env, id)
}

// UpdateInterceptor replaces what may change of a DRAFT: all but ref, version, status, the time of its making and the discovered keys.
// ErrNotFound, ErrStatus.
func (l *Ledger) UpdateInterceptor(ctx context.Context, env event.Environment, i interceptor.Interceptor) error {
	return l.write(ctx, "update interceptor", func(d *desk) error {
		now, err := d.interceptor(env, i.ID, ruleset.Draft)
		if err != nil {
			return err
		}
		next := i
		next.Ref, next.Version, next.Status, next.InsertedAt = now.Ref, now.Version, now.Status, now.InsertedAt
		if next.Context == "" {
			next.Context = now.Context
		}
		body, _, err := encodeInterceptor(next)
		if err != nil {
			return err
		}
		_, err = d.exec(`UPDATE interceptors SET body = $1, context = $2, updated = $3 WHERE environment = $4 AND id = $5`,
			body, next.Context, stamp(next.UpdatedAt), env, i.ID)
		return err
	})
}

// ActivateInterceptor makes a version ACTIVE that has status from, and the ref's active one INACTIVE, at once; where contexts are not
// shared, those of other refs in its context too. ErrNotFound, ErrStatus.
func (l *Ledger) ActivateInterceptor(ctx context.Context, env event.Environment, id event.ID, from ruleset.Status, shared bool, at time.Time) (
	i interceptor.Interceptor, err error) {
	err = l.write(ctx, "activate interceptor", func(d *desk) error {
		if i, err = d.interceptor(env, id, from); err != nil {
			return err
		}
		if _, err := d.exec(`UPDATE interceptors SET status = 'INACTIVE', updated = $1
			WHERE environment = $2 AND status = 'ACTIVE' AND (ref = $3 OR (context = $4 AND NOT $5))`,
			stamp(at), env, i.Ref, i.Context, shared); err != nil {
			return err
		}
		_, err := d.exec(`UPDATE interceptors SET status = 'ACTIVE', updated = $1 WHERE environment = $2 AND id = $3`, stamp(at), env, id)
		i.Status, i.UpdatedAt = ruleset.Active, unstamp(stamp(at))
		return err
	})
	return i, err
}

// DeleteInterceptor takes away a DRAFT or INACTIVE one; ErrStatus for an ACTIVE one.
func (l *Ledger) DeleteInterceptor(ctx context.Context, env event.Environment, id event.ID) (found bool, err error) {
	err = l.write(ctx, "delete interceptor", func(d *desk) error {
		var status ruleset.Status
		status, found, err = pick(d, readStatus, `SELECT status FROM interceptors WHERE environment = $1 AND id = $2`, env, id)
		if err != nil || !found {
			return err
		}
		if status == ruleset.Active {
			return decision.ErrStatus
		}
		_, err = d.exec(`DELETE FROM interceptors WHERE environment = $1 AND id = $2`, env, id)
		return err
	})
	return found, err
}

func readStatus(row scanner) (ruleset.Status, error) {
	var s ruleset.Status
	err := row.Scan(&s)
	return s, err
}

// ActiveInterceptors are those in force, by ref.
func (l *Ledger) ActiveInterceptors(ctx context.Context, env event.Environment) ([]interceptor.Interceptor, error) {
	return list(ctx, l.file.reader, "read active interceptors", readInterceptor,
		`SELECT `+interceptorColumns+` FROM interceptors WHERE environment = $1 AND status = 'ACTIVE' ORDER BY ref LIMIT $2`, env, maxList)
}

// InterceptorPage lists all interceptors, newest first, beginning after an id.
func (l *Ledger) InterceptorPage(ctx context.Context, env event.Environment, after event.ID, limit int) ([]interceptor.Interceptor, error) {
	return list(ctx, l.file.reader, "read interceptors", readInterceptor, `SELECT `+interceptorColumns+` FROM interceptors
		WHERE environment = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, env, after, bounded(limit))
}

// SetDiscovered keeps the fields that were seen, of whatever status. ErrNotFound where there is no such interceptor.
func (l *Ledger) SetDiscovered(ctx context.Context, env event.Environment, id event.ID, keys []interceptor.DiscoveredKey) error {
	text, err := encodeDiscovered(keys)
	if err != nil {
		return fmt.Errorf("set discovered keys: %w", err)
	}
	rows, err := l.execGrouped(ctx, "set discovered keys", `UPDATE interceptors SET discovered = $1 WHERE environment = $2 AND id = $3`, text, env, id)
	return orAbsent("set discovered keys", rows, err)
}
