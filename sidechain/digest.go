package sidechain

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"

	"github.com/dunglas/httpsfv"
)

// ContentDigest is the value of Content-Digest for a body (RFC 9530), by SHA-256.
func ContentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// CheckDigest says whether the lines of Content-Digest fit the body: at least one digest is by SHA-256 or SHA-512, and
// all of these are right. Others are not regarded (RFC 9530 section 5 calls them insecure).
func CheckDigest(lines []string, body []byte) error {
	digests, err := dictionary(lines)
	if err != nil {
		return err
	}
	checked := false
	for _, name := range digests.Names() {
		var sum []byte
		switch name {
		case "sha-256":
			full := sha256.Sum256(body)
			sum = full[:]
		case "sha-512":
			full := sha512.Sum512(body)
			sum = full[:]
		default:
			continue
		}
		member, _ := digests.Get(name)
		item, _ := member.(httpsfv.Item)
		given, isBytes := item.Value.([]byte)
		if !isBytes {
			return ErrMalformed
		}
		if subtle.ConstantTimeCompare(given, sum) != 1 {
			return ErrForged
		}
		checked = true
	}
	if !checked {
		return ErrAbsent
	}
	return nil
}
