package session

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"wayguard/event"
)

// packVersion opens every packed session; another one is not read.
const packVersion = 1

// errPacked means that the bytes are not what Pack made.
var errPacked = errors.New("session: not a packed session")

// What the flags of a label mean.
const (
	ofSignature = 1 << iota
	inShadow
)

// Pack adds the session in bytes to b: the version, numbers as varints, a text or list as its length and its members.
func (s *Session) Pack(b []byte) []byte {
	b = append(b, packVersion, flag(s.Presented, 1), byte(s.Rating))
	b = binary.LittleEndian.AppendUint64(b, s.Hash)
	b = appendText(b, string(s.ID))
	b = appendText(b, string(s.Environment))
	b = appendText(b, string(s.Journey))
	for _, n := range [...]int64{s.Opened, s.Last, s.Events, s.Score} {
		b = binary.AppendVarint(b, n)
	}
	b = binary.AppendUvarint(b, uint64(len(s.tallies)))
	for i := range s.tallies {
		b = binary.AppendVarint(appendText(b, s.tallies[i].name), s.tallies[i].sum)
	}
	b = binary.AppendUvarint(b, uint64(len(s.circles)))
	for i := range s.circles {
		c := &s.circles[i]
		b = binary.AppendUvarint(appendText(b, c.element), uint64(len(c.hashes)))
		for _, hash := range c.hashes {
			b = binary.LittleEndian.AppendUint64(b, hash)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(s.Labels)))
	for i := range s.Labels {
		b = packLabel(b, &s.Labels[i])
	}
	return b
}

func packLabel(b []byte, l *event.Label) []byte {
	b = append(b, flag(l.Signature, ofSignature)|flag(l.Shadow, inShadow))
	b = appendText(b, l.Name)
	b = appendText(b, string(l.Severity))
	b = appendText(b, l.Rule)
	b = appendText(b, l.Version)
	b = appendText(b, l.Family)
	return binary.AppendVarint(b, l.Points)
}

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// Unpack makes the session that which Pack made the bytes of. Its texts are parts of the bytes, which must not change as long
// as the session is used: to copy some thirty texts of every event's session would take longer than all the rest of it.
func (s *Session) Unpack(packed []byte) error {
	r := &unpacker{rest: packed}
	s.reset()
	version, presented, rating := r.byte(), r.byte(), r.byte()
	if version != packVersion {
		return errPacked
	}
	s.Presented, s.Rating, s.Hash = presented == 1, event.Rating(rating), r.hash()
	s.ID, s.Environment, s.Journey = event.ID(r.text()), event.Environment(r.text()), event.ID(r.text())
	s.Opened, s.Last, s.Events, s.Score = r.number(), r.number(), r.number(), r.number()
	for range r.count(2) {
		s.tallies = append(s.tallies, tally{r.text(), r.number()})
	}
	for range r.count(2) {
		c := s.nextCircle(r.text())
		for range r.count(8) {
			c.hashes = append(c.hashes, r.hash())
		}
	}
	for range r.count(7) {
		flags := r.byte()
		s.Labels = append(s.Labels, event.Label{
			Signature: flags&ofSignature != 0, Shadow: flags&inShadow != 0,
			Name: r.text(), Severity: event.Severity(r.text()), Rule: r.text(), Version: r.text(), Family: r.text(), Points: r.number(),
		})
	}
	if r.bad || len(r.rest) > 0 || s.Rating > event.Malicious {
		s.reset()
		return errPacked
	}
	return nil
}

// unpacker reads a packed session.
type unpacker struct {
	rest []byte
	bad  bool
}

func (r *unpacker) fail() { r.bad, r.rest = true, nil }

func (r *unpacker) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *unpacker) number() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *unpacker) hash() uint64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return n
}

// count is the length of a list whose members take so many bytes at least: no length can ask for more than is there.
func (r *unpacker) count(least uint64) uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest))/least {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *unpacker) text() string {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)-size) {
		r.fail()
		return ""
	}
	part := r.rest[size : size+int(n)]
	r.rest = r.rest[size+int(n):]
	return unsafe.String(unsafe.SliceData(part), len(part))
}
