package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keySetFresh is how often a key set is looked at, keySetPause how long is waited after a failure or for an unknown key, keySetTime
	// how long fetching may take.
	keySetFresh = 10 * time.Minute
	keySetPause = 30 * time.Second
	keySetTime  = 5 * time.Second
	// keySetStale is how long a set is used that cannot be fetched any more.
	keySetStale = 24 * time.Hour
	// keySetMost is in bytes, keySetKeys in keys.
	keySetMost = 1 << 20
	keySetKeys = 100
	// leastRSA is in bits (RFC 7518, section 3.3).
	leastRSA = 2048
)

var (
	errKeySet     = errors.New("the key set cannot be fetched")
	errUnknownKey = errors.New("the token's key is not known")
)

// keySet holds the public keys of an issuer of others.
type keySet struct {
	config IssuerConfig
	client *http.Client
	now    func() time.Time
	// turn lets one fetch at a time through.
	turn chan struct{}

	mu             sync.RWMutex
	keys           []jose.JSONWebKey
	fetched, tried time.Time
}

func newKeySet(config IssuerConfig, client *http.Client, now func() time.Time) *keySet {
	return &keySet{config: config, client: client, now: now, turn: make(chan struct{}, 1)}
}

// find gives the key of an id for an algorithm; it looks at the issuer's where none is known, not more often than every keySetPause.
func (s *keySet) find(ctx context.Context, id, algorithm string) (jose.JSONWebKey, error) {
	if key, ok := s.known(id, algorithm); ok {
		return key, nil
	}
	if err := s.refresh(ctx, keySetPause); err != nil {
		return jose.JSONWebKey{}, err
	}
	if key, ok := s.known(id, algorithm); ok {
		return key, nil
	}
	return jose.JSONWebKey{}, errUnknownKey
}

// known looks in memory. A token without a key id is checked with the only key of its algorithm, if it is the only one.
func (s *keySet) known(id, algorithm string) (jose.JSONWebKey, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.now().Sub(s.fetched) > keySetStale {
		return jose.JSONWebKey{}, false
	}
	var found []jose.JSONWebKey
	for _, key := range s.keys {
		if key.Algorithm == algorithm && (id == "" || key.KeyID == id) {
			found = append(found, key)
		}
	}
	if len(found) != 1 {
		return jose.JSONWebKey{}, false
	}
	return found[0], true
}

// refresh fetches the set unless that was tried within the pause.
func (s *keySet) refresh(ctx context.Context, pause time.Duration) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return errKeySet
	}
	s.mu.RLock()
	early := s.now().Sub(s.tried) < pause
	s.mu.RUnlock()
	if early {
		return nil
	}
	keys, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried = s.now()
	if err != nil {
		return err
	}
	s.keys, s.fetched = keys, s.tried
	return nil
}

func (s *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keySetTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.URL, nil)
	if err != nil {
		return nil, errKeySet
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("User-Agent", "wayguard")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeySet, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errKeySet, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, keySetMost+1))
	if err != nil || len(data) > keySetMost {
		return nil, fmt.Errorf("%w: its body is too long or broken off", errKeySet)
	}
	return readKeys(data, s.config.Algorithms)
}

// readKeys reads a key set (RFC 7517, section 5). Keys that cannot be used are left out, as it says there; each that is left is good
// for one algorithm only.
func readKeys(data []byte, algorithms []string) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || len(set.Keys) > keySetKeys {
		return nil, fmt.Errorf("%w: it is no key set, or has more than %d keys", errKeySet, keySetKeys)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !key.IsPublic() || !key.Valid() || key.Use != "" && key.Use != "sig" {
			continue
		}
		fits := algorithmOf(key.Key)
		if fits == "" || key.Algorithm != "" && key.Algorithm != fits || !slices.Contains(algorithms, fits) {
			continue
		}
		key.Algorithm = fits
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: it has no key that could be used", errKeySet)
	}
	return keys, nil
}

// algorithmOf pins the one algorithm that a public key is used with, empty for a key that is not used at all. Symmetric keys never are:
// a published one is no secret.
func algorithmOf(key any) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= leastRSA {
			return string(jose.RS256)
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return string(jose.ES256)
		}
	case ed25519.PublicKey:
		return string(jose.EdDSA)
	}
	return ""
}
