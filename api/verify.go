package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"wayguard/decision"
)

const (
	// leeway is how far clocks may be apart.
	leeway = 30 * time.Second
	// longestToken is in bytes. tokensKept bounds the memory of tokens that were checked, tokenTrust how long one is believed without
	// another look at its client, which may have been disabled.
	longestToken = 8 << 10
	tokensKept   = 4096
	tokenTrust   = time.Minute
	// mostScopes bounds the scopes of a token.
	mostScopes = 64
)

var errToken = errors.New("the token is not valid")

// claims are what is read of a token (RFC 7519, RFC 9068). Some issuers write scopes as a list, or under "scp".
type claims struct {
	jwt.Claims
	Scope    words  `json:"scope"`
	Scp      words  `json:"scp"`
	ClientID string `json:"client_id"`
}

// words are separated by spaces, or a list.
type words []string

// UnmarshalJSON reads both forms.
func (w *words) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*w = strings.Fields(text)
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return errToken
	}
	*w = list
	return nil
}

// verifier says whose a token is.
type verifier struct {
	keys     *Keys
	issuer   string
	instance string
	sets     map[string]*keySet // by issuer
	// client finds one of our own clients.
	client func(ctx context.Context, id string) (decision.Client, error)
	now    func() time.Time

	mu    sync.RWMutex
	known map[[sha256.Size]byte]knownToken
}

type knownToken struct {
	actor actor
	until time.Time
}

// verify checks a token, or remembers that it was checked. Its errors say nothing of the token.
func (v *verifier) verify(ctx context.Context, token string) (actor, error) {
	if token == "" || len(token) > longestToken {
		return actor{}, errToken
	}
	now := v.now()
	digest := sha256.Sum256([]byte(token))
	v.mu.RLock()
	known, ok := v.known[digest]
	v.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known.actor, nil
	}
	who, expiry, err := v.check(ctx, token, now)
	if err != nil {
		return actor{}, err
	}
	until := now.Add(tokenTrust)
	if expiry.Before(until) {
		until = expiry
	}
	v.remember(digest, knownToken{who, until}, now)
	return who, nil
}

func (v *verifier) remember(digest [sha256.Size]byte, token knownToken, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= tokensKept {
		for key, old := range v.known {
			if !now.Before(old.until) {
				delete(v.known, key)
			}
		}
	}
	for key := range v.known { // any one will do: it costs a signature's check
		if len(v.known) < tokensKept {
			break
		}
		delete(v.known, key)
	}
	v.known[digest] = token
}

// forget makes every token be checked again, after clients or keys were changed.
func (v *verifier) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.known)
}

func (v *verifier) check(ctx context.Context, token string, now time.Time) (actor, time.Time, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256, jose.RS256, jose.ES256, jose.EdDSA})
	if err != nil || len(parsed.Headers) != 1 {
		return actor{}, time.Time{}, errToken
	}
	var unchecked claims
	if err := parsed.UnsafeClaimsWithoutVerification(&unchecked); err != nil {
		return actor{}, time.Time{}, errToken
	}
	if unchecked.Issuer == v.issuer {
		return v.checkOwn(ctx, parsed, now)
	}
	if set, ok := v.sets[unchecked.Issuer]; ok {
		return v.checkForeign(ctx, set, parsed, now)
	}
	return actor{}, time.Time{}, errToken
}

func (v *verifier) checkOwn(ctx context.Context, parsed *jwt.JSONWebToken, now time.Time) (actor, time.Time, error) {
	header := parsed.Headers[0]
	key, ok := v.keys.find(header.KeyID)
	if !ok || header.Algorithm != string(jose.HS256) {
		return actor{}, time.Time{}, errToken
	}
	read, err := accept(parsed, key.Secret, jwt.Expected{Issuer: v.issuer, AnyAudience: jwt.Audience{v.instance}, Time: now})
	if err != nil {
		return actor{}, time.Time{}, err
	}
	scopes := read.Scope
	client, err := v.client(ctx, read.Subject)
	switch {
	case errors.Is(err, decision.ErrNotFound) || err == nil && client.Disabled:
		return actor{}, time.Time{}, errToken
	case err == nil: // what cannot be looked up keeps what its token says: the store may be away for a moment
		scopes = slices.DeleteFunc(scopes, func(scope string) bool { return !slices.Contains(client.Scopes, scope) })
	}
	return actor{name: read.Subject, scopes: scopes}, read.Expiry.Time(), nil
}

func (v *verifier) checkForeign(ctx context.Context, set *keySet, parsed *jwt.JSONWebToken, now time.Time) (actor, time.Time, error) {
	header := parsed.Headers[0]
	if !slices.Contains(set.config.Algorithms, header.Algorithm) {
		return actor{}, time.Time{}, errToken
	}
	key, err := set.find(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return actor{}, time.Time{}, err
	}
	audience := set.config.Audience
	if audience == "" {
		audience = v.instance
	}
	read, err := accept(parsed, key.Key, jwt.Expected{Issuer: set.config.Issuer, AnyAudience: jwt.Audience{audience}, Time: now})
	if err != nil {
		return actor{}, time.Time{}, err
	}
	name := read.ClientID
	if name == "" {
		name = read.Subject
	}
	// A foreign subject never passes for one of our own clients.
	return actor{name: name + "@" + set.config.Issuer, scopes: append(read.Scope, read.Scp...)}, read.Expiry.Time(), nil
}

// accept checks the signature and what the token says.
func accept(parsed *jwt.JSONWebToken, key any, expected jwt.Expected) (claims, error) {
	var read claims
	if err := parsed.Claims(key, &read); err != nil {
		return claims{}, errToken
	}
	if read.Expiry == nil || read.Subject == "" && read.ClientID == "" || len(read.Subject) > longestName || len(read.ClientID) > longestName ||
		len(read.Scope)+len(read.Scp) > mostScopes {
		return claims{}, errToken
	}
	if err := read.ValidateWithLeeway(expected, leeway); err != nil {
		return claims{}, errToken
	}
	return read, nil
}
