package sidechain

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Algorithm is how a key signs, by the name that RFC 9421 section 6.2 registers.
type Algorithm string

const (
	// Ed25519 signs with a private key and is checked with a public one, so that whoever checks cannot sign.
	Ed25519 Algorithm = "ed25519"
	// HMACSHA256 signs and is checked with the same secret; it costs a twentieth.
	HMACSHA256 Algorithm = "hmac-sha256"
)

// Algorithms are the known ones.
func Algorithms() []string { return []string{string(Ed25519), string(HMACSHA256)} }

// The bounds of a key.
const (
	// leastSecret is an HMAC secret's length in bytes at least: that of the hash (RFC 2104 section 3).
	leastSecret = 32
	mostSecret  = 1024
	longestID   = 64
)

// The fixed beginnings of an Ed25519 key in DER: PKCS #8 version 1 and SubjectPublicKeyInfo (RFC 8410).
const (
	privatePrefix = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"
	publicPrefix  = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
)

// Key is one key with the name that signatures give it. Printing it shows the name only.
type Key struct {
	id        string
	algorithm Algorithm
	private   ed25519.PrivateKey
	public    ed25519.PublicKey
	secret    []byte
}

// NewKey reads a key that signs. The secret is base64, of 32 bytes or of a PKCS #8 key for Ed25519, of at least 32
// bytes for HMAC; an Ed25519 key may also be PEM. No error holds any of it.
func NewKey(id string, algorithm Algorithm, secret string) (Key, error) {
	key := Key{id: id, algorithm: algorithm}
	if err := checkID(id); err != nil {
		return Key{}, err
	}
	raw, err := decodeKey(secret)
	if err != nil {
		return Key{}, err
	}
	switch algorithm {
	case Ed25519:
		seed := bytes.TrimPrefix(raw, []byte(privatePrefix))
		if len(seed) != ed25519.SeedSize {
			return Key{}, errors.New("is no Ed25519 private key: 32 bytes or PKCS #8, in base64 or PEM")
		}
		key.private = ed25519.NewKeyFromSeed(seed)
		key.public = key.private.Public().(ed25519.PublicKey)
	case HMACSHA256:
		if len(raw) < leastSecret || len(raw) > mostSecret {
			return Key{}, fmt.Errorf("must be %d to %d bytes before they are written as base64", leastSecret, mostSecret)
		}
		key.secret = raw
	default:
		return Key{}, fmt.Errorf("no such algorithm %q", algorithm)
	}
	return key, nil
}

// NewPublicKey reads an Ed25519 key that checks only: 32 bytes or a SubjectPublicKeyInfo, in base64 or PEM.
func NewPublicKey(id, public string) (Key, error) {
	if err := checkID(id); err != nil {
		return Key{}, err
	}
	raw, err := decodeKey(public)
	if err != nil {
		return Key{}, err
	}
	raw = bytes.TrimPrefix(raw, []byte(publicPrefix))
	if len(raw) != ed25519.PublicKeySize {
		return Key{}, errors.New("is no Ed25519 public key: 32 bytes or SubjectPublicKeyInfo, in base64 or PEM")
	}
	return Key{id: id, algorithm: Ed25519, public: raw}, nil
}

// ID is the name that signatures give the key.
func (k Key) ID() string { return k.id }

// Algorithm is how the key signs.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// Public is an Ed25519 key's public half as SubjectPublicKeyInfo in base64, which WebCrypto imports as "spki"; empty for
// a shared secret.
func (k Key) Public() string {
	if k.public == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(append([]byte(publicPrefix), k.public...))
}

// String is the key's name and nothing of its secret.
func (k Key) String() string { return k.id }

// GoString is String, so that no way of printing shows a secret.
func (k Key) GoString() string { return "sidechain.Key(" + k.id + ")" }

func (k Key) signs() bool { return k.private != nil || k.secret != nil }

func (k Key) sign(text []byte) []byte {
	if k.algorithm == Ed25519 {
		return ed25519.Sign(k.private, text)
	}
	mac := hmac.New(sha256.New, k.secret)
	mac.Write(text)
	return mac.Sum(nil)
}

func (k Key) verify(text, signature []byte) bool {
	if k.algorithm == Ed25519 {
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(k.public, text, signature)
	}
	return hmac.Equal(k.sign(text), signature)
}

// checkID keeps a key's name a word that stands between quotes as it is.
func checkID(id string) error {
	if id == "" || len(id) > longestID {
		return fmt.Errorf("the key's id must be 1 to %d characters", longestID)
	}
	for i := range len(id) {
		if c := id[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("._:-", c) < 0 {
			return errors.New("the key's id must consist of letters, digits and . _ : -")
		}
	}
	return nil
}

func decodeKey(text string) ([]byte, error) {
	if strings.Contains(text, "-----BEGIN") {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("is no PEM")
		}
		return block.Bytes, nil
	}
	plain := strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "").Replace(strings.TrimSpace(text))
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
	if err != nil || len(raw) == 0 {
		// The decoder's own error would quote a byte of the secret.
		return nil, errors.New("is no base64")
	}
	return raw, nil
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
