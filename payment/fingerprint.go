package payment

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"sync"
)

// Fingerprinter makes the name of a payment instrument. The zero value makes none. It may be used from many goroutines at once.
type Fingerprinter struct{ key *printKey }

// printKey keeps keyed hashes for reuse: setting up a key costs as much as hashing a card number.
type printKey struct{ printers sync.Pool }

// printer is a keyed hash with room for what it hashes.
type printer struct {
	hash   hash.Hash
	text   []byte
	digest [sha256.Size]byte
}

// NewFingerprinter makes one with the installation's secret key of 16 bytes or more; an empty key gives one that makes no fingerprints.
func NewFingerprinter(key []byte) Fingerprinter {
	if len(key) == 0 {
		return Fingerprinter{}
	}
	key = append([]byte(nil), key...)
	k := &printKey{}
	k.printers.New = func() any { return &printer{hash: hmac.New(sha256.New, key)} }
	return Fingerprinter{k}
}

// The labels keep apart what is hashed: the same text as an IBAN and as a card number has nothing in common. The number is the recipe's
// version.
const (
	labelPAN    = "wayguard/fingerprint/1/pan\x00"
	labelMasked = "wayguard/fingerprint/1/masked_pan\x00"
	labelSEPA   = "wayguard/fingerprint/1/sepa\x00"
	labelTag    = "wayguard/fingerprint/1/tag\x00"
)

// Of is "crd_" and 32 hexadecimal digits of an HMAC-SHA256, the same for the same instrument: of a card's number whatever its expiry, of
// an IBAN, and of what is known of a masked card (first six, last four, expiry, the caller's token). It is empty where the credential
// identifies no instrument: a masked card needs a token, or its first six and last four digits.
func (f Fingerprinter) Of(c Credential) string {
	if f.key == nil {
		return ""
	}
	switch {
	case c.Type == PAN && c.Number != "":
		return f.sum("crd_", 16, labelPAN, string(c.Number))
	case c.Type == SEPA && c.IBAN != "":
		return f.sum("crd_", 16, labelSEPA, string(c.IBAN))
	case c.Type == MaskedPAN && (c.Token != "" || c.FirstSix != "" && c.LastFour != ""):
		return f.sum("crd_", 16, labelMasked, c.FirstSix, "\x00", c.LastFour, "\x00", strconv.Itoa(c.ExpiryYear), "\x00", strconv.Itoa(c.ExpiryMonth), "\x00", c.Token)
	}
	return ""
}

// tag tells two texts apart that look the same once masked; empty without a key.
func (f Fingerprinter) tag(text string) string {
	if f.key == nil {
		return ""
	}
	return f.sum("#", 4, labelTag, text)
}

func (f Fingerprinter) sum(prefix string, bytes int, parts ...string) string {
	p := f.key.printers.Get().(*printer)
	p.text = p.text[:0]
	for _, part := range parts {
		p.text = append(p.text, part...)
	}
	p.hash.Reset()
	p.hash.Write(p.text)
	sum := p.hash.Sum(p.digest[:0])[:bytes]
	var out [40]byte
	print := string(hex.AppendEncode(append(out[:0], prefix...), sum))
	// What was hashed must not wait in the pool.
	clear(p.text)
	p.hash.Reset()
	f.key.printers.Put(p)
	return print
}
