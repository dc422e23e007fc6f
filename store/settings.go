package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"wayguard/event"
)

// Setting reads one setting. The empty environment holds those of the whole house.
func (s *SQLite) Setting(ctx context.Context, env event.Environment, name string) (string, bool, error) {
	return find(ctx, s.reader, "read setting", readText,
		`SELECT value FROM settings WHERE environment = $1 AND name = $2`, env, name)
}

// Settings reads all settings of an environment.
func (s *SQLite) Settings(ctx context.Context, env event.Environment) (map[string]string, error) {
	pairs, err := list(ctx, s.reader, "read settings", func(row scanner) ([2]string, error) {
		var pair [2]string
		err := row.Scan(&pair[0], &pair[1])
		return pair, err
	}, `SELECT name, value FROM settings WHERE environment = $1`, env)
	if err != nil {
		return nil, err
	}
	settings := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		settings[pair[0]] = pair[1]
	}
	return settings, nil
}

// SetSetting writes a setting, new or not.
func (s *SQLite) SetSetting(ctx context.Context, env event.Environment, name, value string, at time.Time) error {
	_, err := s.exec(ctx, "set setting", `INSERT INTO settings (environment, name, value, changed)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (environment, name) DO UPDATE SET value = excluded.value, changed = excluded.changed`,
		env, name, value, stamp(at))
	return err
}

// ClaimSetting writes a setting only when there is none and answers the one that is kept, so that of several that start
// at once all use the first one's value.
func (s *SQLite) ClaimSetting(ctx context.Context, env event.Environment, name, value string, at time.Time) (
	kept string, err error) {
	err = s.change(ctx, "claim setting", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO settings (environment, name, value, changed)
			VALUES ($1, $2, $3, $4) ON CONFLICT (environment, name) DO NOTHING`, env, name, value, stamp(at)); err != nil {
			return err
		}
		kept, err = readText(tx.QueryRowContext(ctx,
			`SELECT value FROM settings WHERE environment = $1 AND name = $2`, env, name))
		return err
	})
	return kept, err
}

// DeleteSetting removes a setting; one that does not exist is no error.
func (s *SQLite) DeleteSetting(ctx context.Context, env event.Environment, name string) error {
	_, err := s.exec(ctx, "delete setting", `DELETE FROM settings WHERE environment = $1 AND name = $2`, env, name)
	return err
}

func readText(row scanner) (string, error) {
	var text string
	if err := row.Scan(&text); err != nil {
		return "", fmt.Errorf("read value: %w", err)
	}
	return text, nil
}
