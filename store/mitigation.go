package store

import (
	"context"
	"fmt"
	"time"

	"wayguard/event"
)

// maxMitigation bounds a snapshot of mitigation: 64 MiB.
const maxMitigation = 64 << 20

// SaveMitigation keeps the snapshot of an environment's mitigation in place of the one before. When it returns nil, the snapshot
// survives a crash; ErrInvalid means that it is larger than 64 MiB.
func (s *SQLite) SaveMitigation(ctx context.Context, env event.Environment, body []byte, at time.Time) error {
	if len(body) > maxMitigation {
		return fmt.Errorf("save mitigation: %w: snapshot is longer than %d bytes", ErrInvalid, maxMitigation)
	}
	if body == nil {
		body = []byte{}
	}
	_, err := s.exec(ctx, "save mitigation", `INSERT INTO mitigation_state (environment, body, saved) VALUES ($1, $2, $3)
		ON CONFLICT (environment) DO UPDATE SET body = excluded.body, saved = excluded.saved`, env, body, stamp(at))
	return err
}

// LoadMitigation reads the snapshot kept last, and when that was; found is false where none was kept.
func (s *SQLite) LoadMitigation(ctx context.Context, env event.Environment) (body []byte, at time.Time, found bool, err error) {
	type snapshot struct {
		body []byte
		at   time.Time
	}
	kept, found, err := find(ctx, s.reader, "load mitigation", func(row scanner) (snapshot, error) {
		var k snapshot
		var saved int64
		err := row.Scan(&k.body, &saved)
		k.at = unstamp(saved)
		return k, err
	}, `SELECT body, saved FROM mitigation_state WHERE environment = $1`, env)
	return kept.body, kept.at, found, err
}
