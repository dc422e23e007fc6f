package velocity

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
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
	var room [256]byte // most values fit, and need no memory of their own
	digest := sha256.Sum256(append(room[:0], value...))
	return binary.BigEndian.Uint64(digest[:8])
}

// Add notes that the value was seen at the given time.
func (s *Set) Add(at time.Time, value string) { s.AddHash(MomentOf(at), HashOf(value)) }

// AddHash is Add with value and time worked out already.
func (s *Set) AddHash(at Moment, hash uint64) {
	if s.AddInPlace(at, hash) {
		return
	}
	*s = AppendMember(*s, at, hash)
}

// AddInPlace is AddHash where the set does not grow: the value is known, or the set is full. False means that nothing was
// added, and that AppendMember has to add it at the end.
func (s Set) AddInPlace(at Moment, hash uint64) bool {
	if m := s.find(hash); m >= 0 {
		times := s[m+8 : m+memberSize]
		binary.BigEndian.PutUint32(times, min(binary.BigEndian.Uint32(times), at.seconds))
		binary.BigEndian.PutUint32(times[4:], max(binary.BigEndian.Uint32(times[4:]), at.seconds))
		return true
	}
	if len(s) < SetLimit*memberSize {
		return false
	}
	oldest := (*fullSet)(s).oldest()
	binary.BigEndian.PutUint64(s[oldest:], hash)
	binary.BigEndian.PutUint32(s[oldest+8:], at.seconds)
	binary.BigEndian.PutUint32(s[oldest+12:], at.seconds)
	return true
}

// AppendMember adds a set's next member to b.
func AppendMember(b []byte, at Moment, hash uint64) []byte {
	b = binary.BigEndian.AppendUint64(b, hash)
	b = binary.BigEndian.AppendUint32(b, at.seconds)
	return binary.BigEndian.AppendUint32(b, at.seconds)
}

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
	return s.HashSeenBefore(HashOf(value), before)
}

// HashSeenBefore is SeenBefore with the value's hash worked out already.
func (s Set) HashSeenBefore(hash uint64, before time.Time) bool {
	m := s.find(hash)
	return m >= 0 && int64(s.first(m)) < before.Unix()
}

// find is where the member of that hash begins, -1 when it is none. It looks at four members at a time, as most sets that are
// looked through long are full.
func (s Set) find(hash uint64) int {
	const four = 4 * memberSize
	stored := bits.ReverseBytes64(hash) // a member's bytes read as they lie on most machines need no turning round then
	m := 0
	for ; m+four <= len(s); m += four {
		members := (*[four]byte)(s[m:])
		switch stored {
		case binary.LittleEndian.Uint64(members[0*memberSize:]):
			return m
		case binary.LittleEndian.Uint64(members[1*memberSize:]):
			return m + memberSize
		case binary.LittleEndian.Uint64(members[2*memberSize:]):
			return m + 2*memberSize
		case binary.LittleEndian.Uint64(members[3*memberSize:]):
			return m + 3*memberSize
		}
	}
	for ; m+memberSize <= len(s); m += memberSize {
		if binary.BigEndian.Uint64(s[m:]) == hash {
			return m
		}
	}
	return -1
}

// fullSet is a Set with as many members as it can have.
type fullSet [SetLimit * memberSize]byte

// oldest is where the member begins that was seen last the longest ago, the first of several. The times and places are compared
// as one number each, without a branch that depends on what visitors did.
func (s *fullSet) oldest() int {
	even, odd := uint64(math.MaxUint64), uint64(math.MaxUint64)
	for m := 0; m < len(s); m += 2 * memberSize {
		pair := (*[2 * memberSize]byte)(s[m:])
		even = min(even, uint64(binary.BigEndian.Uint32(pair[12:]))<<32|uint64(m))
		odd = min(odd, uint64(binary.BigEndian.Uint32(pair[memberSize+12:]))<<32|uint64(m+memberSize))
	}
	return int(uint32(min(even, odd)))
}

// Valid says whether the bytes can be a Set; others must not be used.
func (s Set) Valid() bool { return len(s)%memberSize == 0 && len(s) <= SetLimit*memberSize }
