package element

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// minKeyBytes is the shortest tenant key that is accepted: 128 bits.
const minKeyBytes = 16

// hashBytes is how much of the HMAC is kept: 128 bits, beyond any accidental collision.
const hashBytes = 16

// Keys hashes sensitive values with a tenant's key. Two tenants never produce the same hash for the same value, and
// neither do two families of one tenant. The zero Keys hashes with an empty key: build one with NewKeys.
type Keys struct {
	tenant string
}

// NewKeys takes the tenant's key, at least 16 random bytes. It is copied.
func NewKeys(tenant []byte) (Keys, error) {
	if len(tenant) < minKeyBytes {
		return Keys{}, fmt.Errorf("tenant key has %d bytes, at least %d are needed", len(tenant), minKeyBytes)
	}
	return Keys{tenant: string(tenant)}, nil
}

// Hash is HMAC-SHA-256 of the canonical value under a key that is itself derived by HMAC-SHA-256 from the tenant's key
// and the family (Definition.Family, or any constant name such as "session_token"). The result is 26 characters of
// lower-case base32, which can never look like a card number.
func (k Keys) Hash(family, canonical string) string {
	derive := hmac.New(sha256.New, []byte(k.tenant))
	derive.Write([]byte("wayguard element v1\x00" + family))
	mac := hmac.New(sha256.New, derive.Sum(nil))
	mac.Write([]byte(canonical))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:hashBytes]))
}

// String hides the key from every log and error.
func (k Keys) String() string { return "keys(hidden)" }

// GoString hides the key from %#v.
func (k Keys) GoString() string { return "element.Keys{hidden}" }

// isHash says whether text has the form that Hash gives.
func isHash(text string) bool {
	if len(text) != 26 {
		return false
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
