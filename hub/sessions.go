package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"wayguard/element"
	"wayguard/event"
	"wayguard/search"
)

// ask gives f one of the slots in which the warehouse is questioned.
func ask[T any](h *Hub, r *http.Request, f func(ctx context.Context) (T, error)) (T, error) {
	var none T
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	leave, err := enter(ctx, h.questions, "questions")
	if err != nil {
		return none, err
	}
	defer leave()
	answer, err := f(ctx)
	if err != nil {
		return none, h.warehouseProblem(err)
	}
	return answer, nil
}

func (h *Hub) search(w http.ResponseWriter, r *http.Request, who visitor) error {
	q, err := h.parseQuery(who.body, who.env)
	if err != nil {
		return err
	}
	h.auditSearch(r.Context(), who, q)
	page, err := ask(h, r, func(ctx context.Context) (search.Page, error) { return h.deps.Warehouse.Search(ctx, q) })
	if err != nil {
		return err
	}
	if page.Sessions == nil {
		page.Sessions = []search.Session{}
	}
	h.writeJSON(w, r, http.StatusOK, page)
	return nil
}

// auditSearch notes a search by a field that tells about people. A live page asks the same every second: the same
// search of the same user is noted once in ten minutes. Values are not written down.
func (h *Hub) auditSearch(ctx context.Context, who visitor, q search.Query) {
	sensitivity := h.sensitivity(q.Field, q.Environment)
	if sensitivity == "" || sensitivity == element.Public {
		return
	}
	values := slices.Sorted(slices.Values(q.Values))
	sum := sha256.Sum256([]byte(strings.Join(values, "\x00")))
	key := strings.Join([]string{string(who.user.ID), string(q.Environment), q.Field, hex.EncodeToString(sum[:])}, "\x00")
	if _, first := h.searches.Take(key, h.deps.Now()); !first {
		return
	}
	detail := fmt.Sprintf("field=%s values=%d", q.Field, len(q.Values))
	if err := h.record(ctx, q.Environment, who.user.Email, "search.sensitive", detail, who.address); err != nil {
		h.logger.Error("hub search not audited", "error", err)
	}
}

func (h *Hub) story(w http.ResponseWriter, r *http.Request, who visitor) error {
	id := event.ID(strings.ToLower(r.PathValue("id")))
	if !looksLikeID(string(id)) {
		return &problem{status: http.StatusNotFound, code: "no_such_session", message: "this is no session's id"}
	}
	story, err := ask(h, r, func(ctx context.Context) (search.Story, error) { return h.deps.Warehouse.Story(ctx, who.env, id) })
	if err != nil {
		return err
	}
	// Pages read lists; an absent one is an empty one.
	story.Events = orEmpty(story.Events)
	story.Labels = orEmpty(story.Labels)
	story.Actions = orEmpty(story.Actions)
	story.Linked = orEmpty(story.Linked)
	h.writeJSON(w, r, http.StatusOK, story)
	return nil
}

func (h *Hub) totals(w http.ResponseWriter, r *http.Request, who visitor) error {
	from, err := timeParameter(r, "from")
	if err != nil {
		return err
	}
	to, err := timeParameter(r, "to")
	if err != nil {
		return err
	}
	if !from.Before(to) {
		return badQuery("to", "the end of the time range is not after its beginning")
	}
	totals, err := ask(h, r, func(ctx context.Context) (search.Totals, error) {
		return h.deps.Warehouse.Totals(ctx, who.env, from, to)
	})
	if err != nil {
		return err
	}
	h.writeJSON(w, r, http.StatusOK, totals)
	return nil
}

func (h *Hub) showHealth(w http.ResponseWriter, r *http.Request, who visitor) error {
	h.writeJSON(w, r, http.StatusOK, h.healthOf(r.Context(), who.env))
	return nil
}

func (h *Hub) healthOf(ctx context.Context, env event.Environment) Health {
	health := h.deps.Health(ctx, env)
	if health.Traffic.Shed == nil {
		health.Traffic.Shed = map[string]int64{}
	}
	if health.Traffic.Failures == nil {
		health.Traffic.Failures = map[string]int64{}
	}
	health.Mitigation = h.mitigationHealth(env)
	return health
}

func timeParameter(r *http.Request, name string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get(name))
	if err != nil {
		return at, badQuery(name, "give a time as in RFC 3339")
	}
	return at.UTC(), nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// looksLikeID says whether the text has the form of a UUID.
func looksLikeID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hexadecimal := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash != (c == '-') || !dash && !hexadecimal {
			return false
		}
	}
	return true
}
