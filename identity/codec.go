package identity

import (
	"encoding/binary"
	"errors"
	"time"
)

// errPacked means that the bytes are not what this package packed.
var errPacked = errors.New("identity: not a packed record")

// errID means that a text is no id.
var errID = errors.New("identity: not an id")

// unpacker goes through a packed record and says whether it is one.
type unpacker struct {
	rest []byte
	bad  bool
}

func (u *unpacker) take(n int) []byte {
	if n > len(u.rest) {
		u.bad, u.rest = true, nil
		return nil
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b
}

func (u *unpacker) uint8() uint8 {
	if b := u.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (u *unpacker) uint16() uint16 {
	if b := u.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (u *unpacker) uint32() uint32 {
	if b := u.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (u *unpacker) uint64() uint64 {
	if b := u.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (u *unpacker) id() (id rawID) {
	copy(id[:], u.take(len(id)))
	return id
}

// count reads how many members a section has, of at most limit.
func (u *unpacker) count(limit int) int {
	n := int(u.uint8())
	if n > limit {
		u.bad, u.rest = true, nil
		return 0
	}
	return n
}

// end says whether all of it was read, and was right.
func (u *unpacker) end() error {
	if u.bad || len(u.rest) != 0 {
		return errPacked
	}
	return nil
}

// stamp is a time in minutes since 1970; 0 is none.
type stamp uint32

func stampOf(t time.Time) stamp { return stamp(max(1, min(t.Unix()/60, 1<<32-1))) }

// since is the minutes from s to at, never below 0: clocks go back.
func (s stamp) since(at stamp) int64 { return max(0, int64(at)-int64(s)) }

const (
	minutesADay   = 24 * 60
	minutesAMonth = 30 * minutesADay
)

// short is the half of a hash that records keep where they have no room for all of it.
func short(hash uint64) uint32 { return uint32(hash >> 32) }

// plus adds without running over.
func plus(a uint8, b int) uint8 { return uint8(min(255, int(a)+b)) }

func plus16(a uint16, b int) uint16 { return uint16(min(1<<16-1, int(a)+b)) }
