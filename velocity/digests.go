package velocity

import "hash/maphash"

// The size of Digests: values longer than digestText are worked out every time.
const (
	digestSlots = 1 << 10
	digestText  = 55
)

// Digests remembers the hashes of values seen lately, because a visitor's values come again with each event and SHA-256
// takes longer than to compare. The zero value remembers nothing. It is for one goroutine at a time.
type Digests struct {
	seed  maphash.Seed
	slots []digest
}

// digest is one cache line: a value, whole, with its hash. Two values never look like one.
type digest struct {
	hash uint64
	size uint8
	text [digestText]byte
}

// NewDigests makes one that remembers, in 64 KiB.
func NewDigests() Digests {
	return Digests{seed: maphash.MakeSeed(), slots: make([]digest, digestSlots)}
}

// Of is HashOf(value).
func (d *Digests) Of(value string) uint64 {
	if len(d.slots) == 0 || len(value) == 0 || len(value) > digestText {
		return HashOf(value)
	}
	slot := &d.slots[maphash.String(d.seed, value)%digestSlots]
	if string(slot.text[:slot.size]) == value {
		return slot.hash
	}
	slot.hash, slot.size = HashOf(value), uint8(copy(slot.text[:], value))
	return slot.hash
}
