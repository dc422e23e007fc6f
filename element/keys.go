package element

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
)

// minKeyBytes is the shortest tenant key that is accepted: 128 bits.
const minKeyBytes = 16

// hashBytes is how much of the HMAC is kept: 128 bits, beyond any accidental collision.
const hashBytes = 16

// maxFamilies bounds the families whose keys are kept; those beyond are derived anew each time.
const maxFamilies = 4096

// Keys hashes sensitive values with a tenant's key. Two tenants never produce the same hash for the same value, and
// neither do two families of one tenant. The zero Keys hashes with an empty key: build one with NewKeys.
type Keys struct {
	tenant string
	// families are the keys derived so far; nil in the zero Keys.
	families *atomic.Pointer[map[string]*macKey]
}

// macKey is a key of HMAC-SHA-256 as the states of SHA-256 after its inner and its outer padding.
type macKey struct{ inner, outer []byte }

// NewKeys takes the tenant's key, at least 16 random bytes. It is copied.
func NewKeys(tenant []byte) (Keys, error) {
	if len(tenant) < minKeyBytes {
		return Keys{}, fmt.Errorf("tenant key has %d bytes, at least %d are needed", len(tenant), minKeyBytes)
	}
	return Keys{tenant: string(tenant), families: &atomic.Pointer[map[string]*macKey]{}}, nil
}

// Hash is HMAC-SHA-256 of the canonical value under a key that is itself derived by HMAC-SHA-256 from the tenant's key
// and the family (Definition.Family, or any constant name such as "session_token"). The result is 26 characters of
// lower-case base32, which can never look like a card number.
func (k Keys) Hash(family, canonical string) string { return k.HashIn(nil, family, canonical) }

// HashIn is Hash in memory of the arena.
func (k Keys) HashIn(a *Arena, family, canonical string) string {
	return k.hash(a, k.family(family), canonical)
}

func (k Keys) hash(a *Arena, key *macKey, canonical string) string {
	sum := a.authenticator().of(key, canonical)
	return a.Keep(appendHash(a.Buffer(hashText), sum[:hashBytes]))
}

// hashText is the length of a hash as text.
const hashText = 26

// appendHash appends 16 bytes as 26 characters of lower-case base32 (RFC 4648) without padding.
func appendHash(b, sum []byte) []byte {
	high, low := binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])
	b = binary.BigEndian.AppendUint64(b, base32Digits(high>>24))
	b = binary.BigEndian.AppendUint64(b, base32Digits(high<<16|low>>48))
	b = binary.BigEndian.AppendUint64(b, base32Digits(low>>8))
	last := base32Digits(low << 32)
	return append(b, byte(last>>56), byte(last>>48))
}

// base32Digits makes eight characters of the 40 low bits, five bits each and the highest first, all eight at once.
func base32Digits(bits uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	bits = bits<<12&(0xfffff<<32) | bits&0xfffff
	bits = bits<<6&(0x3ff<<48|0x3ff<<16) | bits&(0x3ff<<32|0x3ff)
	bits = bits<<3&(0x1f<<56|0x1f<<40|0x1f<<24|0x1f<<8) | bits&(0x1f<<48|0x1f<<32|0x1f<<16|0x1f)
	digits := (bits + (0x80-26)*ones) & tops >> 7 // one in each byte that is no letter
	return bits + 'a'*ones - digits*('a'+26-'2')
}

// known is the key of a family that was used before, nil otherwise.
func (k Keys) known(name []byte) *macKey {
	if k.families != nil {
		if families := k.families.Load(); families != nil {
			return (*families)[string(name)]
		}
	}
	return nil
}

// family is the key of a family.
func (k Keys) family(name string) *macKey {
	if key := k.known([]byte(name)); key != nil {
		return key
	}
	derive := hmac.New(sha256.New, []byte(k.tenant))
	derive.Write([]byte("wayguard element v1\x00" + name))
	key := newMACKey(derive.Sum(nil))
	k.remember(strings.Clone(name), key)
	return key
}

// remember adds a family's key to those known, whoever else does so at the moment.
func (k Keys) remember(name string, key *macKey) {
	for k.families != nil {
		known := k.families.Load()
		more := map[string]*macKey{name: key}
		if known != nil {
			if len(*known) >= maxFamilies {
				return
			}
			maps.Copy(more, *known)
		}
		if k.families.CompareAndSwap(known, &more) {
			return
		}
	}
}

// newMACKey prepares a key that is no longer than a block of SHA-256.
func newMACKey(key []byte) *macKey {
	padded := func(pad byte) []byte {
		block := bytes.Repeat([]byte{pad}, sha256.BlockSize)
		for i, c := range key {
			block[i] ^= c
		}
		digest := sha256.New()
		_, _ = digest.Write(block)
		state, err := digest.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			panic("element: SHA-256 keeps no state") // documented by crypto/sha256
		}
		return state
	}
	return &macKey{inner: padded(0x36), outer: padded(0x5c)}
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
