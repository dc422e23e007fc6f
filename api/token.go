package api

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	tokenFormMost = 8 << 10
	// A client may fail wrongSecrets times at once from one address, then once every wrongPause.
	wrongSecrets = 20
	wrongPause   = 3 * time.Second
	// mostAudiences bounds the names a token is for.
	mostAudiences = 8
)

// tokenAnswer is RFC 6749, section 5.1.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
}

// tokenProblem is RFC 6749, section 5.2, with the fields that all our errors have.
type tokenProblem struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Code        string `json:"code"`
	Message     string `json:"message"`
	RequestID   string `json:"request_id"`
}

// oauthError is an error of the token endpoint.
type oauthError struct {
	status int
	word   string
	text   string
	retry  time.Duration
}

// Error implements error.
func (e *oauthError) Error() string { return e.text }

func badGrant(word, text string) *oauthError {
	return &oauthError{status: http.StatusBadRequest, word: word, text: text}
}

// token is POST /oauth2/token: client credentials by HTTP Basic for a token (RFC 6749, section 4.4).
func (a *API) token(w http.ResponseWriter, r *http.Request, call *call) error {
	answer, refused := a.grant(w, r)
	w.Header().Set("Pragma", "no-cache")
	if refused == nil {
		a.counts.tokens.Add(1)
		writeJSON(w, http.StatusOK, answer)
		return nil
	}
	a.counts.refusedTokens.Add(1)
	code := codeValidation
	switch refused.status {
	case http.StatusUnauthorized:
		code = codeUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="wayguard", charset="UTF-8"`)
	case http.StatusTooManyRequests:
		code = codeRate
		w.Header().Set("Retry-After", fmt.Sprint(max(1, int(refused.retry.Seconds()))))
	case http.StatusServiceUnavailable:
		code = codeUnavailable
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, refused.status, tokenProblem{Error: refused.word, Description: refused.text, Code: code, Message: refused.text, RequestID: call.id})
	return nil
}

func (a *API) grant(w http.ResponseWriter, r *http.Request) (tokenAnswer, *oauthError) {
	form, refused := tokenForm(w, r)
	if refused != nil {
		return tokenAnswer{}, refused
	}
	id, secret, ok := basic(r)
	if !ok {
		return tokenAnswer{}, &oauthError{status: http.StatusUnauthorized, word: "invalid_client", text: "client id and secret are needed by HTTP Basic"}
	}
	now := a.deps.Now()
	guesser := id + " " + neighbourhood(r.RemoteAddr) // so that nobody elsewhere can keep a client out
	if wait, ok := a.wrong.Take(guesser, now); !ok {
		return tokenAnswer{}, &oauthError{status: http.StatusTooManyRequests, word: "temporarily_unavailable", text: "too many wrong secrets", retry: wait}
	}
	client, right, err := a.checker.check(r.Context(), id, secret)
	switch {
	case errors.Is(err, errBusy):
		a.wrong.Give(guesser)
		return tokenAnswer{}, &oauthError{status: http.StatusServiceUnavailable, word: "temporarily_unavailable", text: "too many clients ask at once"}
	case err != nil:
		a.wrong.Give(guesser)
		a.deps.Logger.Error("a client's secret cannot be checked", "error", err)
		return tokenAnswer{}, &oauthError{status: http.StatusServiceUnavailable, word: "temporarily_unavailable", text: "clients cannot be looked up at the moment"}
	case !right:
		return tokenAnswer{}, &oauthError{status: http.StatusUnauthorized, word: "invalid_client", text: "client id or secret is wrong"}
	}
	a.wrong.Give(guesser)
	scopes, audience, refused := asked(form, client.Scopes, a.config.Instance)
	if refused != nil {
		return tokenAnswer{}, refused
	}
	text, err := a.sign(client.ID, scopes, audience, now)
	if err != nil {
		a.deps.Logger.Error("a token cannot be signed", "error", err)
		return tokenAnswer{}, &oauthError{status: http.StatusServiceUnavailable, word: "server_error", text: "tokens cannot be signed at the moment"}
	}
	return tokenAnswer{AccessToken: text, TokenType: "bearer", ExpiresIn: int64(a.config.TokenLife / time.Second), Scope: strings.Join(scopes, " ")}, nil
}

func tokenForm(w http.ResponseWriter, r *http.Request) (url.Values, *oauthError) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badGrant("invalid_request", "the body must be application/x-www-form-urlencoded")
	}
	body, refused := readBody(w, r, tokenFormMost)
	if refused != nil {
		return nil, badGrant("invalid_request", refused.message)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badGrant("invalid_request", "the body is no form")
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, badGrant("invalid_request", "a parameter is given twice")
		}
	}
	switch form.Get("grant_type") {
	case "client_credentials":
		return form, nil
	case "":
		return nil, badGrant("invalid_request", "grant_type is needed")
	}
	return nil, badGrant("unsupported_grant_type", "only client_credentials is supported")
}

// neighbourhood is an address as far as guessing is limited by it: a /64 is one customer's.
func neighbourhood(remote string) string {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// basic reads the client's name and secret, which are form-encoded inside (RFC 6749, section 2.3.1).
func basic(r *http.Request) (id, secret string, ok bool) {
	id, secret, ok = r.BasicAuth()
	if !ok || id == "" {
		return "", "", false
	}
	if decoded, err := url.QueryUnescape(id); err == nil {
		id = decoded
	}
	if decoded, err := url.QueryUnescape(secret); err == nil {
		secret = decoded
	}
	return id, secret, len(id) <= longestName
}

// asked reads which scopes and audiences a token is to have.
func asked(form url.Values, granted []string, instance string) (scopes, audience []string, refused *oauthError) {
	scopes = unique(strings.Fields(form.Get("scope")))
	if len(scopes) == 0 || len(scopes) > mostScopes {
		return nil, nil, badGrant("invalid_scope", "scope is needed: names with spaces between")
	}
	for _, scope := range scopes {
		if !slices.Contains(granted, scope) {
			return nil, nil, badGrant("invalid_scope", "a scope was asked for that the client was not granted")
		}
	}
	audience = unique(strings.Fields(form.Get("audience")))
	if len(audience) == 0 || len(audience) > mostAudiences {
		return nil, nil, badGrant("invalid_request", "audience is needed: names of instances with spaces between")
	}
	if !slices.Contains(audience, instance) || slices.ContainsFunc(audience, func(name string) bool { return !instanceName.MatchString(name) }) {
		return nil, nil, badGrant("invalid_target", "audience must name this instance")
	}
	return scopes, audience, nil
}

func unique(words []string) []string {
	var list []string
	for _, word := range words {
		if !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}

// sign makes a token.
func (a *API) sign(subject string, scopes, audience []string, now time.Time) (string, error) {
	key := a.deps.Keys.signing()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key.Secret},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", key.ID))
	if err != nil {
		return "", fmt.Errorf("make a signer: %w", err)
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: a.config.issuer(), Subject: subject, Audience: audience, ID: string(a.deps.NewID(now)),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(a.config.TokenLife)),
	}).Claims(map[string]any{"scope": strings.Join(scopes, " "), "client_id": subject}).Serialize()
}
