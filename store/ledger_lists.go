package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wayguard/decision"
	"wayguard/event"
)

const (
	valueColumns = `id, list, field_path, value, hint, expires, source, note, inserted, updated, manual`
	insertValue  = `INSERT INTO list_values (environment, ` + valueColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	updateValue  = `UPDATE list_values SET hint = $1, expires = $2, source = $3, note = $4, updated = $5, manual = $6
		WHERE environment = $7 AND id = $8`
)

func readValue(row scanner) (decision.ListValue, error) {
	var v decision.ListValue
	var expires *int64
	var inserted, updated int64
	err := row.Scan(&v.ID, &v.List, &v.FieldPath, &v.Value, &v.DisplayHint, &expires, &v.SourceDecisionID, &v.Note, &inserted, &updated, &v.Manual)
	if expires != nil {
		at := unstamp(*expires)
		v.ExpiresAt = &at
	}
	v.InsertedAt, v.UpdatedAt = unstamp(inserted), unstamp(updated)
	return v, err
}

// expiry is a column's value: NULL never expires.
func expiry(t *time.Time) any {
	if t == nil {
		return nil
	}
	return stamp(*t)
}

// optional is NULL for nil.
func optional[T ~string](p *T) any {
	if p == nil {
		return nil
	}
	return string(*p)
}

// UpsertValue keeps an entry, one for each environment, list, path and value, and answers what is kept. An entry that is there lives as
// long as the longer of the two says; it keeps its id and gets the newer's note, hint and source where the newer has them. One that had
// expired by v.UpdatedAt is replaced as if it were gone.
func (l *Ledger) UpsertValue(ctx context.Context, env event.Environment, v decision.ListValue) (kept decision.ListValue, err error) {
	if v.ID == "" || v.List == "" || v.Value == "" {
		return v, fmt.Errorf("keep list value: %w: id, list and value are needed", ErrInvalid)
	}
	err = l.write(ctx, "keep list value", func(d *desk) error {
		now, found, err := pick(d, readValue, `SELECT `+valueColumns+` FROM list_values
			WHERE environment = $1 AND list = $2 AND field_path = $3 AND value = $4`, env, v.List, v.FieldPath, v.Value)
		if err != nil {
			return err
		}
		if found && now.ExpiresAt != nil && !now.ExpiresAt.After(v.UpdatedAt) {
			if _, err := d.exec(`DELETE FROM list_values WHERE environment = $1 AND id = $2`, env, now.ID); err != nil {
				return err
			}
			found = false
		}
		if !found {
			kept = v
			_, err = d.exec(insertValue, env, v.ID, v.List, v.FieldPath, v.Value, optional(v.DisplayHint), expiry(v.ExpiresAt),
				optional(v.SourceDecisionID), v.Note, stamp(v.InsertedAt), stamp(v.UpdatedAt), v.Manual)
			return err
		}
		kept = extended(now, v)
		_, err = d.exec(updateValue, optional(kept.DisplayHint), expiry(kept.ExpiresAt), optional(kept.SourceDecisionID), kept.Note,
			stamp(kept.UpdatedAt), kept.Manual, env, kept.ID)
		return err
	})
	return kept, conflict(err)
}

// extended is an entry that is there after the same value came again.
func extended(now, v decision.ListValue) decision.ListValue {
	if v.ExpiresAt == nil || now.ExpiresAt != nil && v.ExpiresAt.After(*now.ExpiresAt) {
		now.ExpiresAt = v.ExpiresAt
	}
	if v.DisplayHint != nil {
		now.DisplayHint = v.DisplayHint
	}
	if v.SourceDecisionID != nil {
		now.SourceDecisionID = v.SourceDecisionID
	}
	if v.Note != "" {
		now.Note = v.Note
	}
	now.UpdatedAt, now.Manual = v.UpdatedAt, now.Manual || v.Manual
	return now
}

// Value finds an entry, expired or not.
func (l *Ledger) Value(ctx context.Context, env event.Environment, id event.ID) (decision.ListValue, bool, error) {
	return find(ctx, l.file.reader, "read list value", readValue,
		`SELECT `+valueColumns+` FROM list_values WHERE environment = $1 AND id = $2`, env, id)
}

// DeleteValue takes an entry away.
func (l *Ledger) DeleteValue(ctx context.Context, env event.Environment, id event.ID) (bool, error) {
	rows, err := l.execGrouped(ctx, "delete list value", `DELETE FROM list_values WHERE environment = $1 AND id = $2`, env, id)
	return rows == 1, err
}

// ValuePage lists a list's entries, newest first, beginning after an id; expired ones are among them until they are deleted.
func (l *Ledger) ValuePage(ctx context.Context, env event.Environment, q decision.ValueQuery) ([]decision.ListValue, error) {
	query, args := valueQuestion(env, q)
	return list(ctx, l.file.reader, "read list values", readValue, query, args...)
}

// valueQuestion makes a statement of a query; every question has an index.
func valueQuestion(env event.Environment, q decision.ValueQuery) (string, []any) {
	c := &conditions{}
	c.add("environment = $", env)
	c.add("list = $", q.List)
	if q.FieldPath != "" {
		c.add("field_path = $", q.FieldPath)
	}
	if q.Value != "" {
		c.add("value = $", q.Value)
	}
	if q.After != "" {
		c.add("id < $", q.After)
	}
	c.args = append(c.args, bounded(q.Limit))
	return fmt.Sprintf("SELECT %s FROM list_values WHERE %s ORDER BY id DESC LIMIT $%d", valueColumns, strings.Join(c.texts, " AND "), len(c.args)), c.args
}

// EachValue gives every entry of every list that lives at a time, by id. It reads in pages; an error of visit ends it and is returned as
// it is.
func (l *Ledger) EachValue(ctx context.Context, env event.Environment, at time.Time, visit func(decision.ListValue) error) error {
	for after := event.ID(""); ; {
		page, err := list(ctx, l.file.reader, "walk list values", readValue, `SELECT `+valueColumns+` FROM list_values
			WHERE environment = $1 AND id > $2 AND (expires IS NULL OR expires > $3) ORDER BY id LIMIT $4`, env, after, stamp(at), maxPage)
		if err != nil {
			return err
		}
		for _, v := range page {
			if err := visit(v); err != nil {
				return err
			}
			after = v.ID
		}
		if len(page) < maxPage {
			return nil
		}
	}
}

// DeleteExpiredValues takes away what expired before a time, of every environment, a part at a time, and says how much.
func (l *Ledger) DeleteExpiredValues(ctx context.Context, before time.Time) (int64, error) {
	return l.byParts(ctx, "delete expired list values", `DELETE FROM list_values WHERE (environment, id) IN
		(SELECT environment, id FROM list_values WHERE expires < $1 LIMIT $2)`, stamp(before))
}
