package store

import (
	"context"

	"wayguard/access"
	"wayguard/event"
)

// maxList bounds every list that grows with use.
const maxList = 10_000

// AppendAudit adds an entry. There is no method that changes or removes one.
func (s *SQLite) AppendAudit(ctx context.Context, e access.AuditEntry) error {
	_, err := s.exec(ctx, "append audit",
		`INSERT INTO audit (id, environment, at, actor, action, detail, address) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, e.Environment, stamp(e.At), e.Actor, e.Action, e.Detail, e.Address)
	return err
}

// Audit lists an environment's entries, newest first, at most limit of them (and never more than 10,000).
func (s *SQLite) Audit(ctx context.Context, env event.Environment, limit int) ([]access.AuditEntry, error) {
	return list(ctx, s.reader, "read audit", func(row scanner) (access.AuditEntry, error) {
		var e access.AuditEntry
		var at int64
		err := row.Scan(&e.ID, &e.Environment, &at, &e.Actor, &e.Action, &e.Detail, &e.Address)
		e.At = unstamp(at)
		return e, err
	}, `SELECT id, environment, at, actor, action, detail, address FROM audit
		WHERE environment = $1 ORDER BY at DESC, id DESC LIMIT $2`, env, bounded(limit))
}

// bounded keeps a caller's limit between 0 and maxList.
func bounded(limit int) int64 {
	return int64(min(max(limit, 0), maxList))
}
