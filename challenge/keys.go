package challenge

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// macLength is how much of an HMAC-SHA-256 is kept, in bytes: 128 bits, which RFC 2104 (section 5) and NIST SP 800-107 allow.
const macLength = 16

// nonceLength is the length of a one-time word, in bytes.
const nonceLength = 12

// nonce is a one-time word.
type nonce [nonceLength]byte

// keyring is what one installation key is used for; each use has a key of its own.
type keyring struct {
	sign []byte
	seal cipher.AEAD
	word []byte
}

func newKeyring(key []byte) (keyring, error) {
	block, err := aes.NewCipher(derive(key, "wrap"))
	if err != nil {
		return keyring{}, fmt.Errorf("sealing key: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return keyring{}, fmt.Errorf("sealing key: %w", err)
	}
	return keyring{sign: derive(key, "sign"), seal: seal, word: derive(key, "word")}, nil
}

// derive is a key for one purpose: 32 bytes.
func derive(key []byte, purpose string) []byte {
	return digest(key, []byte("check/1"), []byte(purpose))
}

// digest is HMAC-SHA-256 over parts, each with its length before it, so that no two lists of parts look the same.
func digest(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	var length [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// mac is what signs parts for a purpose.
func (k keyring) mac(purpose string, parts ...[]byte) []byte {
	return digest(k.sign, append([][]byte{[]byte(purpose)}, parts...)...)[:macLength]
}

// verifies says, in constant time, whether mac signs parts for a purpose.
func (k keyring) verifies(mac []byte, purpose string, parts ...[]byte) bool {
	return hmac.Equal(mac, k.mac(purpose, parts...))
}
