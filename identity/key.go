package identity

import (
	"encoding/binary"
	"time"

	"wayguard/event"
)

// The limits of a key that one visitor holds. One shown from more networks or with more header shapes within a day is being
// handed round (AWS blocks a token that more than five addresses present).
const (
	keyNetworks = 5
	keyShapes   = 8
)

const keyVersion = 1

// mark is a value that a key was seen with, and when last.
type mark struct {
	hash uint32
	seen stamp
}

// Key is what is remembered of a cookie or token: whose it is, and where it was shown. The zero Key was never seen.
type Key struct {
	device      rawID
	kind        uint32
	first, last stamp
	returns     uint16
	replayed    stamp
	// shown says that a visitor presented it; until then it was only handed out.
	shown            bool
	networks         [keyNetworks + 1]mark
	shapes           [keyShapes + 1]mark
	networked, shape uint8
}

// Device is the id of the device that holds it, empty for a key never seen.
func (k *Key) Device() event.ID { return k.device.id() }

// Replayed says whether the key was handed round within a day before the time; then it proves nothing.
func (k *Key) Replayed(at time.Time) bool {
	return k.replayed != 0 && k.replayed.since(stampOf(at)) < 7*minutesADay
}

// Load reads what Append packed; nothing is a key never seen.
func (k *Key) Load(b []byte) error {
	*k = Key{}
	if len(b) == 0 {
		return nil
	}
	if b[0]&^0x80 != keyVersion {
		return errPacked
	}
	u := unpacker{rest: b[1:]}
	k.shown = b[0]&0x80 != 0
	k.device, k.kind, k.first, k.last = u.id(), u.uint32(), stamp(u.uint32()), stamp(u.uint32())
	k.returns, k.replayed = u.uint16(), stamp(u.uint32())
	k.networked = loadMarks(&u, k.networks[:])
	k.shape = loadMarks(&u, k.shapes[:])
	return u.end()
}

func loadMarks(u *unpacker, into []mark) uint8 {
	n := u.count(len(into))
	for i := range into[:n] {
		into[i] = mark{u.uint32(), stamp(u.uint32())}
	}
	return uint8(n)
}

// Append packs the key behind b.
func (k *Key) Append(b []byte) []byte {
	version := byte(keyVersion)
	if k.shown {
		version |= 0x80
	}
	b = append(append(b, version), k.device[:]...)
	for _, n := range [...]uint32{k.kind, uint32(k.first), uint32(k.last)} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, k.returns), uint32(k.replayed))
	return appendMarks(appendMarks(b, k.networks[:k.networked]), k.shapes[:k.shape])
}

func appendMarks(b []byte, marks []mark) []byte {
	b = append(b, uint8(len(marks)))
	for _, m := range marks {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, m.hash), uint32(m.seen))
	}
	return b
}

// show notes that the sight presented the key, and says whether it still proves whose it is.
func (k *Key) show(s *Sight) bool {
	now := stampOf(s.At)
	if k.first == 0 {
		k.first, k.kind = now, short(s.Kind)
	}
	spread := meet(k.networks[:], &k.networked, short(s.Network), now)
	spread = meet(k.shapes[:], &k.shape, short(s.Headers), now) || spread
	if spread {
		k.replayed = now
	}
	k.returns, k.shown, k.last = plus16(k.returns, 1), true, max(k.last, now)
	return !k.Replayed(s.At) && k.kind == short(s.Kind)
}

// meet puts a value down and says whether more than all but one of the places are taken by values of the last day.
func meet(marks []mark, size *uint8, hash uint32, now stamp) bool {
	if hash == 0 {
		return false
	}
	known, kept := false, 0
	for _, m := range marks[:*size] {
		if m.hash == hash {
			m.seen, known = max(m.seen, now), true
		}
		if m.seen.since(now) < minutesADay {
			marks[kept] = m
			kept++
		}
	}
	if !known {
		if kept == len(marks) {
			copy(marks, marks[1:])
			kept--
		}
		marks[kept] = mark{hash, now}
		kept++
	}
	*size = uint8(kept)
	return kept == len(marks)
}
