package hub

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wayguard/event"
	"wayguard/policy"
	"wayguard/search"
)

const (
	// The bounds of a stop and of letting a visitor through.
	shortestStop  = time.Minute
	longestStop   = 24 * time.Hour
	shortestSpare = time.Hour
	longestSpare  = 7 * 24 * time.Hour
	longestReason = 300 // characters
)

// checkReason returns the reason on one line; somebody will read it in the audit.
func checkReason(text string) (string, error) {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > longestReason {
		return "", badRequest("reason", fmt.Sprintf("say why, in 1 to %d characters", longestReason))
	}
	return text, nil
}

// checkSeconds returns how long something is to last.
func checkSeconds(seconds int64, least, most time.Duration) (time.Duration, error) {
	if seconds < int64(least/time.Second) || seconds > int64(most/time.Second) {
		return 0, badRequest("seconds", fmt.Sprintf("the time is not between %d and %d seconds", int64(least/time.Second), int64(most/time.Second)))
	}
	return time.Duration(seconds) * time.Second, nil
}

// noteOperation audits what an operator has done. What was done stands even when the audit cannot be reached: in an emergency
// that is what counts.
func (h *Hub) noteOperation(ctx context.Context, who visitor, action, detail string) {
	h.glances.forget(who.env)
	if err := h.record(context.WithoutCancel(ctx), who.env, who.user.Email, action, detail, who.address); err != nil {
		h.logger.Error("operation on mitigation not audited", "action", action, "error", err)
	}
}

type stopRequest struct {
	Environment event.Environment `json:"environment"`
	Seconds     int64             `json:"seconds"`
	Reason      string            `json:"reason"`
}

// stopMitigation lets everything through for a while.
func (h *Hub) stopMitigation(w http.ResponseWriter, r *http.Request, who visitor) error {
	var asked stopRequest
	if err := decode(who.body, &asked); err != nil {
		return err
	}
	length, err := checkSeconds(asked.Seconds, shortestStop, longestStop)
	if err != nil {
		return err
	}
	reason, err := checkReason(asked.Reason)
	if err != nil {
		return err
	}
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	until := h.deps.Now().UTC().Add(length)
	if err := m.Stop(r.Context(), until, reason, who.user.Email); err != nil {
		return storeUnavailable(err)
	}
	h.noteOperation(r.Context(), who, "mitigation.stop", "until="+stamp(until)+" reason="+reason)
	h.writeJSON(w, r, http.StatusOK, filledIn(m.Status()))
	return nil
}

type resumeRequest struct {
	Environment event.Environment `json:"environment"`
	Reason      string            `json:"reason"`
}

// resumeMitigation ends a stop before its time; the reason may be empty.
func (h *Hub) resumeMitigation(w http.ResponseWriter, r *http.Request, who visitor) error {
	var asked resumeRequest
	if err := decode(who.body, &asked); err != nil {
		return err
	}
	reason := ""
	if strings.TrimSpace(asked.Reason) != "" {
		var err error
		if reason, err = checkReason(asked.Reason); err != nil {
			return err
		}
	}
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	if err := m.Go(r.Context(), reason, who.user.Email); err != nil {
		return storeUnavailable(err)
	}
	h.noteOperation(r.Context(), who, "mitigation.go", strings.TrimSpace("reason="+reason))
	h.writeJSON(w, r, http.StatusOK, filledIn(m.Status()))
	return nil
}

// knownPolicy says that there is no such policy, where there is none.
func knownPolicy(m Mitigation, name string) error {
	if slices.ContainsFunc(m.Status().Policies, func(p PolicyStatus) bool { return p.Name == name }) {
		return nil
	}
	return &problem{status: http.StatusNotFound, code: "no_such_policy", field: "policy", message: "there is no such policy"}
}

type breakerRequest struct {
	Environment event.Environment `json:"environment"`
	Policy      string            `json:"policy"`
	Reason      string            `json:"reason"`
}

// closeBreaker lets a policy act again before its breaker would.
func (h *Hub) closeBreaker(w http.ResponseWriter, r *http.Request, who visitor) error {
	var asked breakerRequest
	if err := decode(who.body, &asked); err != nil {
		return err
	}
	reason, err := checkReason(asked.Reason)
	if err != nil {
		return err
	}
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	if err := knownPolicy(m, asked.Policy); err != nil {
		return err
	}
	if err := m.CloseBreaker(r.Context(), asked.Policy, reason, who.user.Email); err != nil {
		return storeUnavailable(err)
	}
	h.noteOperation(r.Context(), who, "mitigation.breaker", "policy="+asked.Policy+" reason="+reason)
	h.writeJSON(w, r, http.StatusOK, filledIn(m.Status()))
	return nil
}

// checkUndo says what is wrong with undoing a policy since a time.
func (h *Hub) checkUndo(m Mitigation, name string, since time.Time) error {
	if err := knownPolicy(m, name); err != nil {
		return err
	}
	now := h.deps.Now()
	switch {
	case since.After(now):
		return badQuery("since", "the time is still to come")
	case since.Before(now.Add(-farthestUndo)):
		return badQuery("since", "an undo reaches back %d days", int(farthestUndo.Hours()/24))
	}
	return nil
}

type undoRequest struct {
	Environment event.Environment `json:"environment"`
	Policy      string            `json:"policy"`
	Since       time.Time         `json:"since"`
	Reason      string            `json:"reason"`
}

// undoPolicy lets those through whom a policy has dealt with since a time.
func (h *Hub) undoPolicy(w http.ResponseWriter, r *http.Request, who visitor) error {
	var asked undoRequest
	if err := decode(who.body, &asked); err != nil {
		return err
	}
	reason, err := checkReason(asked.Reason)
	if err != nil {
		return err
	}
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	if err := h.checkUndo(m, asked.Policy, asked.Since); err != nil {
		return err
	}
	people, err := m.Undo(r.Context(), asked.Policy, asked.Since.UTC(), reason, who.user.Email)
	if err != nil {
		return storeUnavailable(err)
	}
	h.noteOperation(r.Context(), who, "mitigation.undo",
		fmt.Sprintf("policy=%s since=%s people=%d reason=%s", asked.Policy, stamp(asked.Since), len(people), reason))
	h.writeJSON(w, r, http.StatusOK, undoneAnswer{Affected: len(people)})
	return nil
}

type spareRequest struct {
	Environment event.Environment `json:"environment"`
	// Scope is session, device, person or account.
	Scope policy.Scope `json:"scope"`
	// Account is one that the session named, for the scope account.
	Account *namedAccount `json:"account"`
	Seconds int64         `json:"seconds"`
	Reason  string        `json:"reason"`
}

// namedAccount is an account by an element's value, as events have it.
type namedAccount struct {
	Element string `json:"element"`
	Value   string `json:"value"`
}

// spare lets one visitor through. Whom is taken from the session, so that nobody is spared whom no one has looked at.
func (h *Hub) spare(w http.ResponseWriter, r *http.Request, who visitor) error {
	var asked spareRequest
	if err := decode(who.body, &asked); err != nil {
		return err
	}
	length, err := checkSeconds(asked.Seconds, shortestSpare, longestSpare)
	if err != nil {
		return err
	}
	reason, err := checkReason(asked.Reason)
	if err != nil {
		return err
	}
	id := event.ID(strings.ToLower(r.PathValue("id")))
	if !looksLikeID(string(id)) {
		return &problem{status: http.StatusNotFound, code: "no_such_session", message: "this is no session's id"}
	}
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	story, err := ask(h, r, func(ctx context.Context) (search.Story, error) { return h.deps.Warehouse.Story(ctx, who.env, id) })
	if err != nil {
		return err
	}
	spared, err := visitorOf(&story, asked)
	if err != nil {
		return err
	}
	until := h.deps.Now().UTC().Add(length)
	if err := m.Spare(r.Context(), spared, until, reason, who.user.Email); err != nil {
		return storeUnavailable(err)
	}
	h.noteOperation(r.Context(), who, "mitigation.spare",
		fmt.Sprintf("session=%s scope=%s until=%s reason=%s", id, spared.Scope, stamp(until), reason))
	h.writeJSON(w, r, http.StatusOK, sparedAnswer{Scope: spared.Scope, Until: until})
	return nil
}

type unspareRequest struct {
	Environment event.Environment `json:"environment"`
	Scope       policy.Scope      `json:"scope"`
	Element     string            `json:"element"`
	Key         string            `json:"key"`
}

// unspare ends the sparing of a visitor that the status lists.
func (h *Hub) unspare(w http.ResponseWriter, r *http.Request, who visitor) error {
	var asked unspareRequest
	if err := decode(who.body, &asked); err != nil {
		return err
	}
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	visitor := Visitor{Scope: asked.Scope, Element: asked.Element, Key: asked.Key}
	if !slices.ContainsFunc(m.Status().Spared, func(s SparedVisitor) bool { return s.visitor() == visitor }) {
		return &problem{status: http.StatusNotFound, code: "not_spared", message: "this visitor is not let through any more"}
	}
	if err := m.Unspare(r.Context(), visitor, who.user.Email); err != nil {
		return storeUnavailable(err)
	}
	h.noteOperation(r.Context(), who, "mitigation.unspare", "scope="+string(asked.Scope))
	h.writeJSON(w, r, http.StatusOK, filledIn(m.Status()))
	return nil
}

func (s SparedVisitor) visitor() Visitor {
	return Visitor{Scope: s.Scope, Element: s.Element, Key: s.Key}
}

// visitorOf is whom a request to spare means.
func visitorOf(story *search.Story, asked spareRequest) (Visitor, error) {
	switch asked.Scope {
	case policy.ScopeSession:
		return Visitor{Scope: asked.Scope, Key: string(story.Session.ID)}, nil
	case policy.ScopeDevice:
		return Visitor{Scope: asked.Scope, Key: string(story.Session.Journey)}, nil
	case policy.ScopePerson:
		for i := range story.Events { // newest first
			if person := story.Events[i].Session.Person; person != "" {
				return Visitor{Scope: asked.Scope, Key: string(person)}, nil
			}
		}
		return Visitor{}, badRequest("scope", "it is not known which person the session belongs to")
	case policy.ScopeAccount:
		return accountOf(story, asked.Account)
	}
	return Visitor{}, badRequest("scope", "the scope is none of session, device, person, account")
}

func accountOf(story *search.Story, asked *namedAccount) (Visitor, error) {
	if asked == nil || !slices.Contains(accountElements(), asked.Element) || asked.Value == "" {
		return Visitor{}, badRequest("account", "name the account by username, account_id or email")
	}
	for i := range story.Events {
		for _, e := range story.Events[i].Event.Elements {
			if e.Name == asked.Element && e.Value == asked.Value {
				return Visitor{Scope: policy.ScopeAccount, Element: asked.Element, Key: asked.Value}, nil
			}
		}
	}
	return Visitor{}, badRequest("account", "the session names no such account")
}

// accountElements are the elements that name an account.
func accountElements() []string { return []string{"username", "account_id", "email"} }
