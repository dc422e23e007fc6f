package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"wayguard/event"
)

// Forget removes all of the environment that happened before a time, and answers how many records that were. A session
// that goes on beyond that time stays with what is left of it; its counts follow.
func (d *DuckDB) Forget(ctx context.Context, env event.Environment, before time.Time) (int64, error) {
	var forgotten int64
	bound := []any{clean(string(env)), before.UTC()}
	err := d.write(ctx, func(conn *sql.Conn) error {
		for _, table := range []string{"elements", "labels", "actions", "events"} {
			result, err := conn.ExecContext(ctx, "DELETE FROM "+table+" WHERE environment = ? AND happened < ?::TIMESTAMP", bound...)
			if err != nil {
				return err
			}
			if forgotten, err = result.RowsAffected(); err != nil {
				return err
			}
		}
		const dropSessions = "DELETE FROM sessions WHERE environment = ? AND last_seen < ?::TIMESTAMP"
		if _, err := conn.ExecContext(ctx, dropSessions, bound...); err != nil {
			return err
		}
		const recount = `UPDATE sessions SET
			events = (SELECT count(*) FROM events e
				WHERE e.environment = sessions.environment AND e.session = sessions.session),
			labels = (SELECT count(DISTINCT l.name) FROM labels l
				WHERE l.environment = sessions.environment AND l.session = sessions.session AND NOT l.shadow)
			WHERE environment = ? AND opened < ?::TIMESTAMP`
		_, err := conn.ExecContext(ctx, recount, bound...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget records: %w", err)
	}
	return forgotten, nil
}
