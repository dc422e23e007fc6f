package hub

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"wayguard/access"
)

const (
	knownCookie = "hub_known"
	// knownLife is how long a browser is remembered after its last login.
	knownLife = 180 * 24 * time.Hour
	// knownNonce is in bytes.
	knownNonce = 16
)

// markOf is what a browser gets that has logged in: it is no login, but says that this browser once had one. Its key is
// the stored password hash, which nobody outside has, so that nothing need be kept and a new password ends all marks.
func markOf(user access.User, nonce string) string {
	mac := hmac.New(sha256.New, []byte(user.PasswordHash))
	mac.Write([]byte("wayguard hub known browser v1\x00" + string(user.ID) + "\x00" + nonce))
	return nonce + "." + hex.EncodeToString(mac.Sum(nil))
}

// remember marks the browser as one of the user's.
func (h *Hub) remember(w http.ResponseWriter, r *http.Request, user access.User) error {
	var random [knownNonce]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: knownCookie, Value: markOf(user, hex.EncodeToString(random[:])), Path: base + "/login", MaxAge: int(knownLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure(r),
	})
	return nil
}

// knows says whether the request comes from a browser of the user's, and gives the key its attempts are counted by.
func knows(r *http.Request, user access.User) (key string, known bool) {
	cookie, err := r.Cookie(knownCookie)
	if err != nil || user.PasswordHash == "" {
		return "", false
	}
	nonce, _, _ := strings.Cut(cookie.Value, ".")
	if len(nonce) != 2*knownNonce || !hmac.Equal([]byte(cookie.Value), []byte(markOf(user, nonce))) {
		return "", false
	}
	return nonce, true
}

// limitLogin takes what a login attempt costs. Strangers are limited by their address and by the account they try.
// A known browser is limited by itself alone: whoever floods an administrator's account, or sits behind the same
// address, cannot lock out the browser that the administrator always uses.
func (h *Hub) limitLogin(r *http.Request, who visitor, account string, user access.User) (known bool, giveBack func(), err error) {
	now := h.deps.Now()
	if key, known := knows(r, user); known {
		if wait, ok := h.byBrowser.Take(key, now); !ok {
			return true, nil, tooManyAttempts(wait)
		}
		return true, func() { h.byBrowser.Give(key) }, nil
	}
	address := limitedAddress(who.address)
	if wait, ok := h.byAddress.Take(address, now); !ok {
		return false, nil, tooManyAttempts(wait)
	}
	if wait, ok := h.byAccount.Take(account, now); !ok {
		return false, nil, tooManyAttempts(wait)
	}
	return false, func() { h.byAddress.Give(address); h.byAccount.Give(account) }, nil
}
