package store

import (
	"context"
	"fmt"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/ruleset"
)

const (
	rulesetColumns = `version, status, activated, body`
	insertRuleset  = `INSERT INTO rulesets (environment, id, context, version, status, activated, body) VALUES ($1, $2, $3, $4, $5, 0, $6)`
	// nextVersion counts up, so that no version is given twice.
	nextVersion = `INSERT INTO versions (environment, kind, name, last) VALUES ($1, $2, $3, 1)
		ON CONFLICT (environment, kind, name) DO UPDATE SET last = versions.last + 1 RETURNING last`
)

// readRuleset reads a row; version, status and time of activation have columns, which are right.
func readRuleset(row scanner) (ruleset.Ruleset, error) {
	var version, activated int64
	var status ruleset.Status
	var body []byte
	var r ruleset.Ruleset
	if err := row.Scan(&version, &status, &activated, &body); err != nil {
		return r, err
	}
	err := decode(body, &r)
	r.Version, r.Status, r.ActivatedAt = version, status, nil
	if activated != 0 {
		at := unstamp(activated)
		r.ActivatedAt = &at
	}
	return r, err
}

// CreateRuleset keeps a DRAFT with the context's next version.
func (l *Ledger) CreateRuleset(ctx context.Context, env event.Environment, r ruleset.Ruleset) (ruleset.Ruleset, error) {
	if r.ID == "" || r.Context == "" {
		return r, fmt.Errorf("create ruleset: %w: id and context are needed", ErrInvalid)
	}
	r.Status, r.ActivatedAt = ruleset.Draft, nil
	body, err := encode(r)
	if err != nil {
		return r, fmt.Errorf("create ruleset: %w", err)
	}
	err = l.write(ctx, "create ruleset", func(d *desk) error {
		if r.Version, err = d.next(env, "ruleset", r.Context); err != nil {
			return err
		}
		_, err := d.exec(insertRuleset, env, r.ID, r.Context, r.Version, r.Status, body)
		return err
	})
	return r, conflict(err)
}

// next is the next version of a name.
func (d *desk) next(env event.Environment, kind, name string) (int64, error) {
	version, _, err := pick(d, readNumber, nextVersion, env, kind, name)
	d.touched = true // a RETURNING is read and not counted
	return version, err
}

// Ruleset finds a ruleset.
func (l *Ledger) Ruleset(ctx context.Context, env event.Environment, id event.ID) (ruleset.Ruleset, bool, error) {
	return find(ctx, l.file.reader, "read ruleset", readRuleset,
		`SELECT `+rulesetColumns+` FROM rulesets WHERE environment = $1 AND id = $2`, env, id)
}

// inStatus finds a thing in the transaction and sees that it has a status: ErrNotFound, ErrStatus.
func inStatus[T any](d *desk, want ruleset.Status, status func(T) ruleset.Status, read func(scanner) (T, error), query string, args ...any) (T, error) {
	one, found, err := pick(d, read, query, args...)
	switch {
	case err != nil:
		return one, err
	case !found:
		return one, decision.ErrNotFound
	case status(one) != want:
		return one, decision.ErrStatus
	}
	return one, nil
}

func (d *desk) ruleset(env event.Environment, id event.ID, want ruleset.Status) (ruleset.Ruleset, error) {
	return inStatus(d, want, func(r ruleset.Ruleset) ruleset.Status { return r.Status }, readRuleset,
		`SELECT `+rulesetColumns+` FROM rulesets WHERE environment = $1 AND id = $2`, env, id)
}

// UpdateRuleset replaces description, rules and score of a DRAFT. ErrNotFound, ErrStatus.
func (l *Ledger) UpdateRuleset(ctx context.Context, env event.Environment, r ruleset.Ruleset) error {
	return l.write(ctx, "update ruleset", func(d *desk) error {
		now, err := d.ruleset(env, r.ID, ruleset.Draft)
		if err != nil {
			return err
		}
		now.Description, now.Rules, now.Score = r.Description, r.Rules, r.Score
		body, err := encode(now)
		if err != nil {
			return err
		}
		_, err = d.exec(`UPDATE rulesets SET body = $1 WHERE environment = $2 AND id = $3`, body, env, r.ID)
		return err
	})
}

// ActivateRuleset makes a version ACTIVE that has status from, and the context's active one INACTIVE, at once. ErrNotFound, ErrStatus.
func (l *Ledger) ActivateRuleset(ctx context.Context, env event.Environment, id event.ID, from ruleset.Status, at time.Time) (
	r ruleset.Ruleset, err error) {
	err = l.write(ctx, "activate ruleset", func(d *desk) error {
		if r, err = d.ruleset(env, id, from); err != nil {
			return err
		}
		if _, err := d.exec(`UPDATE rulesets SET status = 'INACTIVE' WHERE environment = $1 AND context = $2 AND status = 'ACTIVE'`,
			env, r.Context); err != nil {
			return err
		}
		_, err := d.exec(`UPDATE rulesets SET status = 'ACTIVE', activated = $1 WHERE environment = $2 AND id = $3`, stamp(at), env, id)
		kept := unstamp(stamp(at))
		r.Status, r.ActivatedAt = ruleset.Active, &kept
		return err
	})
	return r, err
}

// ActiveRulesets are those in force, by context.
func (l *Ledger) ActiveRulesets(ctx context.Context, env event.Environment) ([]ruleset.Ruleset, error) {
	return list(ctx, l.file.reader, "read active rulesets", readRuleset,
		`SELECT `+rulesetColumns+` FROM rulesets WHERE environment = $1 AND status = 'ACTIVE' ORDER BY context LIMIT $2`, env, maxList)
}

// RulesetPage lists a context's rulesets or, where it is empty, all, newest first, beginning after an id.
func (l *Ledger) RulesetPage(ctx context.Context, env event.Environment, contextName string, after event.ID, limit int) (
	[]ruleset.Ruleset, error) {
	return list(ctx, l.file.reader, "read rulesets", readRuleset, `SELECT `+rulesetColumns+` FROM rulesets
		WHERE environment = $1 AND ($2 = '' OR context = $2) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4`,
		env, contextName, after, bounded(limit))
}
