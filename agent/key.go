package agent

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The bounds of what a directory may hold.
const (
	// MostDirectory bounds a directory, in bytes.
	MostDirectory = 64 << 10
	// MostKeys is how many keys of one directory are taken.
	MostKeys = 64
)

// testThumbprint is that of the Ed25519 key printed in RFC 9421 appendix B.1.4, whose private half everybody knows.
const testThumbprint = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"

// Key is a public Ed25519 key that an agent signs with.
type Key struct {
	// ID is the thumbprint of its JWK, which is what signatures name it by.
	ID string
	// From and Until bound its use; zero is no bound.
	From, Until time.Time

	public ed25519.PublicKey
}

// NewKey makes a key of 32 bytes.
func NewKey(public []byte) (Key, error) {
	if len(public) != ed25519.PublicKeySize {
		return Key{}, fmt.Errorf("an Ed25519 key has %d bytes, not %d", ed25519.PublicKeySize, len(public))
	}
	// The members in the order of their names, without spaces (RFC 7638 section 3).
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`))
	return Key{ID: base64.RawURLEncoding.EncodeToString(sum[:]), public: append(ed25519.PublicKey(nil), public...)}, nil
}

// ValidAt says whether the key may have signed at a time.
func (k *Key) ValidAt(t time.Time) bool {
	return (k.From.IsZero() || !t.Before(k.From)) && (k.Until.IsZero() || t.Before(k.Until))
}

// JWK is a JSON Web Key (RFC 7517) as far as it matters here.
type JWK struct {
	KeyType string `json:"kty"`
	Curve   string `json:"crv"`
	X       string `json:"x"`
	// D is the private half, which nobody but the signer may have.
	D         string  `json:"d"`
	Use       string  `json:"use"`
	NotBefore float64 `json:"nbf"`
	Expires   float64 `json:"exp"`
}

// errOther is a key of another kind than Ed25519.
var errOther = errors.New("is no Ed25519 key: kty must be OKP and crv Ed25519")

// Key checks the JWK whole. The private half is refused, and so is the key that RFC 9421 prints. No error holds any of it.
func (j *JWK) Key() (Key, error) {
	if j.KeyType != "OKP" || j.Curve != "Ed25519" {
		return Key{}, errOther
	}
	if j.D != "" {
		return Key{}, errors.New("holds a private key: give the public half, without d")
	}
	if j.Use != "" && j.Use != "sig" {
		return Key{}, errors.New("is not for signatures: its use is another one")
	}
	public, err := base64.RawURLEncoding.Strict().DecodeString(j.X)
	if err != nil {
		return Key{}, errors.New("its x is no base64url without padding")
	}
	key, err := NewKey(public)
	if err != nil {
		return Key{}, err
	}
	if key.ID == testThumbprint {
		return Key{}, errors.New("is the test key of RFC 9421, with which everybody can sign")
	}
	key.From, key.Until = moment(j.NotBefore), moment(j.Expires)
	return key, nil
}

// moment reads seconds since 1970. Directories in use write milliseconds too, which as seconds would be the year 5138 and later.
func moment(seconds float64) time.Time {
	const latest = 1e11
	if seconds >= latest {
		seconds /= 1000
	}
	if !(seconds > 0) || seconds >= latest {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// ParseKey reads one JWK.
func ParseKey(text []byte) (Key, error) {
	var j JWK
	if len(text) > MostDirectory || json.Unmarshal(text, &j) != nil {
		// The decoder's own error would quote what may be a private key.
		return Key{}, errors.New("is no JWK")
	}
	return j.Key()
}

// ParseDirectory reads a directory of keys: a JWK set (RFC 7517 section 5). Keys of other kinds are left out, and so are broken
// ones, because one bad key must not take the good ones with it. A directory without a key of use is an error.
func ParseDirectory(text []byte) ([]Key, error) {
	if len(text) > MostDirectory {
		return nil, fmt.Errorf("is longer than %d bytes", MostDirectory)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil {
		return nil, errors.New("is no JWK set")
	}
	var keys []Key
	for _, one := range set.Keys {
		if key, err := ParseKey(one); err == nil && len(keys) < MostKeys {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("holds no public Ed25519 key")
	}
	return keys, nil
}
