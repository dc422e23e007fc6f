package app

import (
	"context"
	"net/http"
	"time"

	"wayguard/access"
	"wayguard/api"
	"wayguard/decision"
)

// auditTime bounds how long an entry of the audit may take to be kept; nobody's payment waits for it.
const auditTime = 5 * time.Second

// personal is the API as people of the Hub reach it. The Hub keeps its own entry of what they do, so theirs are marked.
type personal struct{ *api.API }

type personalKey struct{}

// As implements hub.Payments.
func (p personal) As(w http.ResponseWriter, r *http.Request, name string, scopes []string) {
	p.API.As(w, r.WithContext(context.WithValue(r.Context(), personalKey{}, true)), name, scopes)
}

// auditPayments keeps who changed something about payments by the API, beside what the Hub keeps of its users.
func (h *house) auditPayments(ctx context.Context, c decision.Change) {
	if ctx.Value(personalKey{}) != nil {
		return
	}
	actor := "client:" + c.By
	if c.By == demoBy {
		actor = demoBy
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime) // the change stands: whoever made it may have gone
	defer cancel()
	entry := access.AuditEntry{ID: newID(c.At), Environment: h.config.Environment, At: c.At.UTC(), Actor: actor, Action: auditAction(c), Detail: c.ID}
	if err := h.store.AppendAudit(ctx, entry); err != nil {
		h.world.Logger.Error("change of payments not audited", "action", entry.Action, "by", actor, "id", c.ID, "error", err)
	}
}

// auditAction names a change as the Hub names it when one of its users makes it, so that the audit has one word for both.
func auditAction(c decision.Change) string {
	object, known := map[string]string{"list value": "lists", "blacklist value": "blacklist", "customer": "erasures", "delivery": "deliveries"}[c.Object]
	if !known {
		object = c.Object + "s"
	}
	action, known := map[string]string{"add": "create", "remove": "delete", "update": "change", "erase": "create"}[c.Action]
	if !known {
		action = c.Action
	}
	return "payments." + object + "." + action
}
