package decoy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// stream is an endless row of bits that follows from a key and what it is for, and from nothing else: the same question gets
// the same answer on every machine, and nobody without the key can tell it from chance.
type stream struct {
	seed  [sha256.Size]byte
	block [sha256.Size]byte
	left  int
	count uint64
}

// draw begins the stream of a purpose. Parts are told apart by their lengths, so that no two lists of parts meet.
func (s *Set) draw(parts ...string) *stream {
	mac := hmac.New(sha256.New, s.key)
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	r := &stream{}
	mac.Sum(r.seed[:0])
	return r
}

// branch begins another stream that follows from this one's seed, not from how much of it was read.
func (r *stream) branch(name string) *stream {
	mac := hmac.New(sha256.New, r.seed[:])
	mac.Write([]byte(name))
	b := &stream{}
	mac.Sum(b.seed[:0])
	return b
}

func (r *stream) uint64() uint64 {
	if r.left < 8 {
		var input [sha256.Size + 8]byte
		copy(input[:], r.seed[:])
		binary.BigEndian.PutUint64(input[sha256.Size:], r.count)
		r.block, r.left = sha256.Sum256(input[:]), sha256.Size
		r.count++
	}
	at := sha256.Size - r.left
	r.left -= 8
	return binary.BigEndian.Uint64(r.block[at : at+8])
}

// below draws from 0 to n-1; n is at least 1. The bias of the remainder is below 2^-40 for every n used here.
func (r *stream) below(n int) int { return int(r.uint64() % uint64(n)) }

// unit draws from [0, 1).
func (r *stream) unit() float64 { return float64(r.uint64()>>11) / (1 << 53) }

// text draws n letters of an alphabet.
func (r *stream) text(alphabet string, n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.below(len(alphabet))]
	}
	return string(out)
}
