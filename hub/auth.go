package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"wayguard/access"
	"wayguard/event"
)

// shortestPassword is in characters.
const shortestPassword = 12

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// decode reads a body strictly: a misspelt field is an error, not a surprise.
func decode(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return badRequest("", "the body is not the JSON object this endpoint takes")
	}
	if decoder.More() {
		return badRequest("", "the body goes on after its JSON object")
	}
	return nil
}

// wrongLogin is the one answer to everything that is not a login, so that nobody learns which part was wrong.
func wrongLogin() *problem {
	return &problem{status: http.StatusUnauthorized, code: "wrong_login", message: "email or password is wrong"}
}

func tooManyAttempts(wait time.Duration) *problem {
	return &problem{status: http.StatusTooManyRequests, code: "too_many_attempts", retry: max(wait, time.Second),
		message: "too many attempts; wait and try again"}
}

func (h *Hub) logIn(w http.ResponseWriter, r *http.Request, who visitor) error {
	var c credentials
	if err := decode(who.body, &c); err != nil {
		return err
	}
	account := strings.ToLower(strings.TrimSpace(c.Email))
	if len(account) > 320 || len(c.Password) > longestPassword {
		return badRequest("", "email or password is too long")
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, found, err := h.deps.Users.UserByEmail(ctx, account)
	if err != nil {
		return storeUnavailable(err)
	}
	if !found || user.Disabled {
		user.PasswordHash = ""
	}
	known, giveBack, err := h.limitLogin(r, who, account, user)
	if err != nil {
		return err
	}
	right, err := h.hasher.verify(ctx, h.hasher.queue(known), user.PasswordHash, c.Password)
	if err != nil {
		return err
	}
	if !right {
		h.auditLogin(ctx, who, user, found, "login.failed")
		evenOut(ctx, began, h.pace.refusal)
		return wrongLogin()
	}
	giveBack()
	h.tidyLogins(ctx, r)
	if err := h.openLogin(w, r, user.ID); err != nil {
		return err
	}
	if err := h.remember(w, r, user); err != nil {
		return err
	}
	h.auditLogin(ctx, who, user, true, "login")
	h.writeJSON(w, r, http.StatusOK, loginAnswer{User: person{Email: user.Email, Name: user.Name}})
	return nil
}

// evenOut waits until a whole number of steps has passed: what a refusal still takes longer for one account than for
// another, such as the audit in several environments, disappears in it.
func evenOut(ctx context.Context, began time.Time, step time.Duration) {
	if step <= 0 {
		return
	}
	timer := time.NewTimer(step - time.Since(began)%step)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// tidyLogins ends the login this browser had before, and all that have expired.
func (h *Hub) tidyLogins(ctx context.Context, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil && len(cookie.Value) == 64 {
		if err := h.deps.Logins.DeleteLogin(ctx, tokenHash(cookie.Value)); err != nil {
			h.logger.Warn("earlier hub login not ended", "error", err)
		}
	}
	if _, err := h.deps.Logins.DeleteExpiredLogins(ctx, h.deps.Now().UTC()); err != nil {
		h.logger.Warn("expired hub logins not removed", "error", err)
	}
}

// auditLogin writes into every environment of the user. What an unknown visitor typed is not kept: people type
// passwords into the wrong field.
func (h *Hub) auditLogin(ctx context.Context, who visitor, user access.User, found bool, action string) {
	actor, environments := "unknown", []event.Environment{h.deps.Environments[0]}
	if found {
		actor = user.Email
		if granted := environmentsOf(user); len(granted) > 0 {
			environments = granted
		}
	}
	for _, env := range environments {
		if err := h.record(ctx, env, actor, action, "", who.address); err != nil {
			h.logger.Error("hub login not audited", "action", action, "error", err)
		}
	}
}

func (h *Hub) logOut(w http.ResponseWriter, r *http.Request, who visitor) error {
	if err := h.deps.Logins.DeleteLogin(r.Context(), who.login.TokenHash); err != nil {
		return storeUnavailable(err)
	}
	h.setCookie(w, r, "", -1)
	h.auditLogin(r.Context(), who, who.user, true, "logout")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Hub) changePassword(w http.ResponseWriter, r *http.Request, who visitor) error {
	var change struct {
		Current string `json:"current"`
		New     string `json:"new"`
	}
	if err := decode(who.body, &change); err != nil {
		return err
	}
	if err := acceptable(change.New, change.Current, who.user.Email); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	// A stolen login must not become a way to guess the password.
	attempt := "password of " + string(who.user.ID)
	if wait, ok := h.byBrowser.Take(attempt, h.deps.Now()); !ok {
		return tooManyAttempts(wait)
	}
	right, err := h.hasher.verify(ctx, h.hasher.queue(true), who.user.PasswordHash, change.Current)
	if err != nil {
		return err
	}
	if !right {
		h.auditLogin(ctx, who, who.user, true, "password.failed")
		return &problem{status: http.StatusBadRequest, code: "wrong_login", field: "current", message: "the current password is wrong"}
	}
	h.byBrowser.Give(attempt)
	hash, err := h.hasher.hash(ctx, change.New)
	if err != nil {
		return err
	}
	if err := h.deps.Users.SetPassword(ctx, who.user.ID, hash); err != nil {
		return storeUnavailable(err)
	}
	if err := h.deps.Logins.DeleteOtherLogins(ctx, who.user.ID, who.login.TokenHash); err != nil {
		return storeUnavailable(err)
	}
	who.user.PasswordHash = hash
	if err := h.remember(w, r, who.user); err != nil {
		return err
	}
	h.auditLogin(ctx, who, who.user, true, "password.changed")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// acceptable says why a new password cannot be taken. Length is what counts; composition rules only annoy.
func acceptable(password, current, email string) error {
	switch {
	case utf8.RuneCountInString(password) < shortestPassword:
		return badRequest("new", "the new password needs at least 12 characters")
	case len(password) > longestPassword || len(current) > longestPassword:
		return badRequest("new", "the password is too long")
	case password == current:
		return badRequest("new", "the new password is the current one")
	case strings.EqualFold(password, email):
		return badRequest("new", "the new password is your email")
	}
	return nil
}

func (h *Hub) me(w http.ResponseWriter, r *http.Request, who visitor) error {
	answer := meAnswer{User: person{Email: who.user.Email, Name: who.user.Name}, Environments: []grant{}, Version: h.deps.Version,
		SessionIdleSeconds: h.deps.IdleTimeout.Seconds()}
	for _, env := range h.deps.Environments {
		role := who.user.Grants[env]
		if granted := permissionsOf(role); len(granted) > 0 {
			answer.Environments = append(answer.Environments, grant{Name: env, Role: role, Permissions: granted})
		}
	}
	h.writeJSON(w, r, http.StatusOK, answer)
	return nil
}
