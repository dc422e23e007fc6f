package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// ID is a UUID, version 7 (RFC 9562, section 5.7), in its usual text form: ids sort by time.
type ID string

// DeriveID makes the same id from the same time and parts on every machine: the 48 time bits of version 7 from at,
// the 74 random ones from SHA-256 of the parts. Sessions get their ids so, which is why a replay gives the same ones.
func DeriveID(at time.Time, parts ...string) ID {
	digest := sha256.New()
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		digest.Write(size[:])
		digest.Write([]byte(part))
	}
	var raw [16]byte
	copy(raw[6:], digest.Sum(nil))
	return formatID(raw, at)
}

// RandomID makes a version 7 id from at and ten bytes of the caller's randomness.
func RandomID(at time.Time, random [10]byte) ID {
	var raw [16]byte
	copy(raw[6:], random[:])
	return formatID(raw, at)
}

func formatID(raw [16]byte, at time.Time) ID {
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli()))
	copy(raw[:6], millis[2:])
	raw[6] = raw[6]&0x0f | 0x70
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], raw[0:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:36], raw[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return ID(text[:])
}
