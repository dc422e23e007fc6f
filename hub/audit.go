package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"time"

	"wayguard/access"
	"wayguard/event"
)

// auditEntries is how many entries the audit page gets.
const auditEntries = 500

// record appends one audit entry.
func (h *Hub) record(ctx context.Context, env event.Environment, actor, action, detail, address string) error {
	now := h.deps.Now().UTC()
	id, err := newID(now)
	if err != nil {
		return err
	}
	entry := access.AuditEntry{ID: id, Environment: env, At: now, Actor: actor, Action: action, Detail: detail, Address: address}
	if err := h.deps.Audit.AppendAudit(ctx, entry); err != nil {
		return fmt.Errorf("append %s to the audit: %w", action, err)
	}
	return nil
}

func (h *Hub) audit(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	entries, err := h.deps.Audit.Audit(ctx, who.env, auditEntries)
	if err != nil {
		return storeUnavailable(err)
	}
	if entries == nil {
		entries = []access.AuditEntry{}
	}
	h.writeJSON(w, r, http.StatusOK, auditAnswer{Entries: entries})
	return nil
}

// newID makes an id that sorts by time.
func newID(now time.Time) (event.ID, error) {
	var random [10]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return event.RandomID(now, random), nil
}

// environmentsOf lists the user's environments by name.
func environmentsOf(user access.User) []event.Environment {
	var environments []event.Environment
	for env := range user.Grants {
		environments = append(environments, env)
	}
	slices.Sort(environments)
	return environments
}
