package hub

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"wayguard/access"
	"wayguard/event"
)

const (
	cookieName = "hub_session"
	// loginLife is a login's longest life, loginIdle how long it may go unused.
	loginLife = 12 * time.Hour
	loginIdle = 2 * time.Hour
	// extendAfter keeps a busy page from writing to the store with every request.
	extendAfter = 5 * time.Minute
)

// tokenHash is what is kept of a token. The token has 256 random bits, so that a plain hash cannot be guessed back.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// openLogin makes a login and gives the browser its token.
func (h *Hub) openLogin(w http.ResponseWriter, r *http.Request, user event.ID) error {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	token, now := hex.EncodeToString(random[:]), h.deps.Now().UTC()
	live := access.Login{TokenHash: tokenHash(token), User: user, Created: now, Expires: now.Add(loginIdle)}
	if err := h.deps.Logins.CreateLogin(r.Context(), live); err != nil {
		return storeUnavailable(err)
	}
	h.setCookie(w, r, token, int(loginLife/time.Second))
	return nil
}

func (h *Hub) setCookie(w http.ResponseWriter, r *http.Request, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure(r),
	})
}

func (h *Hub) secure(r *http.Request) bool { return r.TLS != nil || h.config.SecureCookies }

// loggedIn finds the request's user and login, and moves the end of a login that is in use.
func (h *Hub) loggedIn(r *http.Request) (access.User, access.Login, error) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, live, err := h.lookUp(ctx, r)
	if err != nil {
		return user, live, err
	}
	now := h.deps.Now().UTC()
	until := now.Add(loginIdle)
	if end := live.Created.Add(loginLife); until.After(end) {
		until = end
	}
	if until.Sub(live.Expires) >= extendAfter {
		if err := h.deps.Logins.ExtendLogin(ctx, live.TokenHash, until); err != nil {
			if h.deps.NotFound(err) {
				return user, live, notLoggedIn() // logged out meanwhile, in another window
			}
			// The login still stands; a store that cannot write must not throw people out.
			h.logger.Warn("hub login not extended", "error", err)
		}
		live.Expires = until
	}
	return user, live, nil
}

// lookUp finds who the request's cookie belongs to, without counting as use.
func (h *Hub) lookUp(ctx context.Context, r *http.Request) (access.User, access.Login, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil || len(cookie.Value) != 64 {
		return access.User{}, access.Login{}, notLoggedIn()
	}
	live, found, err := h.deps.Logins.LoginByTokenHash(ctx, tokenHash(cookie.Value))
	if err != nil {
		return access.User{}, live, storeUnavailable(err)
	}
	now := h.deps.Now()
	if !found || !now.Before(live.Expires) || !now.Before(live.Created.Add(loginLife)) {
		return access.User{}, live, notLoggedIn()
	}
	user, found, err := h.deps.Users.User(ctx, live.User)
	if err != nil {
		return user, live, storeUnavailable(err)
	}
	if !found || user.Disabled {
		return user, live, notLoggedIn()
	}
	return user, live, nil
}

// stillMay says whether the request's login still lives and still has the permission. A store that does not answer is
// no reason to end what was allowed a moment ago.
func (h *Hub) stillMay(r *http.Request, p access.Permission, env event.Environment) bool {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	user, _, err := h.lookUp(ctx, r)
	var refusal *problem
	if errors.As(err, &refusal) {
		return refusal.code == "store_unavailable"
	}
	return err == nil && user.May(p, env)
}
