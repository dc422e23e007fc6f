package velocity

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"
)

// SetLimit is the number of distinct values a Set remembers; a full set forgets the value seen longest ago.
const SetLimit = 64

// memberSize is a value's hash (8 bytes) and the Unix seconds it was first and last seen (4 bytes each), big endian.
const memberSize = 16

// Set remembers distinct values with the times they were first and last seen, packed in bytes. The zero value is empty
// and ready.
type Set []byte

// HashOf is the 64-bit name under which a Set keeps a value. SHA-256 rather than a fast hash: the values are chosen
// by visitors, who could otherwise make many look like one.
func HashOf(value string) uint64 {
	digest := sha256.Sum256([]byte(value))
	return binary.BigEndian.Uint64(digest[:8])
}

// Add notes that the value was seen at the given time.
func (s *Set) Add(at time.Time, value string) {
	hash, now := HashOf(value), uint32(min(max(at.Unix(), 0), math.MaxUint32))
	oldest := 0
	for m := 0; m < len(*s); m += memberSize {
		if s.hash(m) == hash {
			binary.BigEndian.PutUint32((*s)[m+8:], min(s.first(m), now))
			binary.BigEndian.PutUint32((*s)[m+12:], max(s.last(m), now))
			return
		}
		if s.last(m) < s.last(oldest) {
			oldest = m
		}
	}
	if len(*s) < SetLimit*memberSize {
		oldest = len(*s)
		*s = append(*s, make([]byte, memberSize)...)
	}
	binary.BigEndian.PutUint64((*s)[oldest:], hash)
	binary.BigEndian.PutUint32((*s)[oldest+8:], now)
	binary.BigEndian.PutUint32((*s)[oldest+12:], now)
}

func (s Set) hash(m int) uint64  { return binary.BigEndian.Uint64(s[m:]) }
func (s Set) first(m int) uint32 { return binary.BigEndian.Uint32(s[m+8:]) }
func (s Set) last(m int) uint32  { return binary.BigEndian.Uint32(s[m+12:]) }

// Count is the number of distinct values seen within span before at; at most SetLimit.
func (s Set) Count(at time.Time, span time.Duration) int64 {
	from, to := at.Add(-span).Unix(), at.Unix()
	var n int64
	for m := 0; m < len(s); m += memberSize {
		if int64(s.last(m)) > from && int64(s.first(m)) <= to {
			n++
		}
	}
	return n
}

// SeenBefore says whether the value was first seen before the given time.
func (s Set) SeenBefore(value string, before time.Time) bool {
	hash := HashOf(value)
	for m := 0; m < len(s); m += memberSize {
		if s.hash(m) == hash {
			return int64(s.first(m)) < before.Unix()
		}
	}
	return false
}

// Valid says whether the bytes can be a Set; others must not be used.
func (s Set) Valid() bool { return len(s)%memberSize == 0 && len(s) <= SetLimit*memberSize }
