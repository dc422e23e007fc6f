package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"wayguard/event"
)

// Status is where a version of an object is in its life: DRAFT, then SHADOW, then ACTIVE, then INACTIVE; a rollback makes
// an INACTIVE one ACTIVE again.
type Status string

// The statuses.
const (
	Draft    Status = "DRAFT"
	Shadow   Status = "SHADOW"
	Active   Status = "ACTIVE"
	Inactive Status = "INACTIVE"
)

// Known says whether s is one of the four statuses.
func (s Status) Known() bool {
	return s == Draft || s == Shadow || s == Active || s == Inactive
}

// Key names an object: a spec, a rule, a list, within one environment.
type Key struct {
	Environment event.Environment `json:"environment"`
	Kind        string            `json:"kind"`
	Name        string            `json:"name"`
}

// Note says who changed something, why, and when.
type Note struct {
	Who string    `json:"who"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// Version is one version of an object. Its body never changes; its status does.
type Version struct {
	Key
	// Number counts from 1 without gaps.
	Number int64  `json:"version"`
	Status Status `json:"status"`
	Body   []byte `json:"body"`
	// Saved says who wrote this version.
	Saved Note `json:"saved"`
}

// Change is one change of a version's status.
type Change struct {
	Version int64  `json:"version"`
	Status  Status `json:"status"`
	Note
}

// maxBody bounds an object's text: 4 MiB.
const maxBody = 4 << 20

// SaveObject keeps a new version as a DRAFT and answers its number.
func (s *SQLite) SaveObject(ctx context.Context, key Key, body []byte, note Note) (number int64, err error) {
	if key.Kind == "" || key.Name == "" {
		return 0, fmt.Errorf("save object: %w: kind and name are needed", ErrInvalid)
	}
	if len(body) > maxBody {
		return 0, fmt.Errorf("save object: %w: body is longer than %d bytes", ErrInvalid, maxBody)
	}
	if body == nil {
		body = []byte{} // nil would be NULL
	}
	err = s.change(ctx, "save object", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) + 1 FROM objects
			WHERE environment = $1 AND kind = $2 AND name = $3`, key.Environment, key.Kind, key.Name).Scan(&number); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO objects
			(environment, kind, name, version, status, body, who, why, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			key.Environment, key.Kind, key.Name, number, Draft, body, note.Who, note.Why, stamp(note.At))
		if err != nil {
			return err
		}
		return recordChange(ctx, tx, key, Change{Version: number, Status: Draft, Note: note})
	})
	return number, err
}

// Object finds one version of an object.
func (s *SQLite) Object(ctx context.Context, key Key, number int64) (Version, bool, error) {
	return find(ctx, s.reader, "read object", readVersion, selectVersion+
		` WHERE environment = $1 AND kind = $2 AND name = $3 AND version = $4`, key.Environment, key.Kind, key.Name, number)
}

// Versions lists all versions of an object, newest first.
func (s *SQLite) Versions(ctx context.Context, key Key) ([]Version, error) {
	return list(ctx, s.reader, "read versions", readVersion, selectVersion+
		` WHERE environment = $1 AND kind = $2 AND name = $3 ORDER BY version DESC LIMIT $4`,
		key.Environment, key.Kind, key.Name, maxList)
}

// Objects lists, by name then version, an environment's versions of a kind that have one status. ACTIVE and SHADOW hold
// at most one version a name.
func (s *SQLite) Objects(ctx context.Context, env event.Environment, kind string, status Status) ([]Version, error) {
	return list(ctx, s.reader, "read objects", readVersion, selectVersion+
		` WHERE environment = $1 AND kind = $2 AND status = $3 ORDER BY name, version LIMIT $4`, env, kind, status, maxList)
}

// SetStatus moves a version to a status. An object has at most one ACTIVE and one SHADOW version: the one that was there
// becomes INACTIVE in the same transaction.
func (s *SQLite) SetStatus(ctx context.Context, key Key, number int64, status Status, note Note) error {
	if !status.Known() {
		return fmt.Errorf("set status: %w: %q is none of DRAFT, SHADOW, ACTIVE, INACTIVE", ErrInvalid, status)
	}
	return s.change(ctx, "set status", func(tx *sql.Tx) error {
		if status == Active || status == Shadow {
			if err := retire(ctx, tx, key, number, status, note); err != nil {
				return err
			}
		}
		result, err := tx.ExecContext(ctx, `UPDATE objects SET status = $1
			WHERE environment = $2 AND kind = $3 AND name = $4 AND version = $5`,
			status, key.Environment, key.Kind, key.Name, number)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			return orNotFound(err)
		}
		return recordChange(ctx, tx, key, Change{Version: number, Status: status, Note: note})
	})
}

// retire makes the version that holds the status now INACTIVE, unless it is the one about to get it.
func retire(ctx context.Context, tx *sql.Tx, key Key, but int64, status Status, note Note) error {
	var holder int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM objects
		WHERE environment = $1 AND kind = $2 AND name = $3 AND status = $4 AND version <> $5`,
		key.Environment, key.Kind, key.Name, status, but).Scan(&holder)
	if err != nil || holder == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE objects SET status = $1
		WHERE environment = $2 AND kind = $3 AND name = $4 AND version = $5`,
		Inactive, key.Environment, key.Kind, key.Name, holder)
	if err != nil {
		return err
	}
	return recordChange(ctx, tx, key, Change{Version: holder, Status: Inactive, Note: note})
}

// Changes lists an object's changes of status, newest first.
func (s *SQLite) Changes(ctx context.Context, key Key) ([]Change, error) {
	return list(ctx, s.reader, "read changes", func(row scanner) (Change, error) {
		var c Change
		var at int64
		err := row.Scan(&c.Version, &c.Status, &c.Who, &c.Why, &at)
		c.At = unstamp(at)
		return c, err
	}, `SELECT version, status, who, why, at FROM object_changes
		WHERE environment = $1 AND kind = $2 AND name = $3 ORDER BY number DESC LIMIT $4`,
		key.Environment, key.Kind, key.Name, maxList)
}

func recordChange(ctx context.Context, tx *sql.Tx, key Key, c Change) error {
	var number int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM object_changes
		WHERE environment = $1 AND kind = $2 AND name = $3`, key.Environment, key.Kind, key.Name).Scan(&number)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO object_changes
		(environment, kind, name, number, version, status, who, why, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		key.Environment, key.Kind, key.Name, number, c.Version, c.Status, c.Who, c.Why, stamp(c.At))
	return err
}

const selectVersion = `SELECT environment, kind, name, version, status, body, who, why, created FROM objects`

func readVersion(row scanner) (Version, error) {
	var v Version
	var created int64
	err := row.Scan(&v.Environment, &v.Kind, &v.Name, &v.Number, &v.Status, &v.Body, &v.Saved.Who, &v.Saved.Why, &created)
	v.Saved.At = unstamp(created)
	return v, err
}
