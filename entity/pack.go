package entity

import (
	"encoding/binary"
	"errors"
	"slices"

	"wayguard/event"
	"wayguard/velocity"
)

// packVersion opens every packed memory; another one is not read.
const packVersion = 2

// errPacked means that the bytes are not what Pack made.
var errPacked = errors.New("entity: not a packed memory")

// Pack is the memory in bytes. A general encoder took two thirds of the time of judging an event, because an event
// touches some eight memories of up to thirty named parts; here loading one is a copy.
func (m *Memory) Pack() []byte {
	b := make([]byte, 0, m.packedSize())
	b = append(b, packVersion)
	b = binary.AppendVarint(b, m.First)
	b = binary.AppendVarint(b, m.Last)
	b = binary.AppendUvarint(b, uint64(len(m.Homes)))
	for _, h := range m.Homes {
		b = binary.BigEndian.AppendUint64(b, h.Device)
		b = appendText(b, string(h.Journey))
		b = binary.AppendVarint(b, h.At)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Counters)))
	for _, c := range m.Counters {
		b = appendText(b, c.Name)
		b = appendText(b, c.Counter)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Companions)))
	for _, c := range m.Companions {
		b = appendText(b, c.Element)
		b = appendText(b, c.Values)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Labels)))
	for _, l := range m.Labels {
		b = appendText(b, l.Text)
		b = appendText(b, l.Rule)
		b = binary.AppendVarint(b, l.At)
	}
	if m.Persona == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	for _, field := range m.Persona.fields() {
		b = appendText(b, *field)
	}
	return b
}

// packedSize is at least what Pack needs.
func (m *Memory) packedSize() int {
	size := 128
	for _, h := range m.Homes {
		size += 20 + len(h.Journey)
	}
	for _, c := range m.Counters {
		size += 4 + len(c.Name) + len(c.Counter)
	}
	for _, c := range m.Companions {
		size += 4 + len(c.Element) + len(c.Values)
	}
	for _, l := range m.Labels {
		size += 14 + len(l.Text) + len(l.Rule)
	}
	if m.Persona != nil {
		for _, field := range m.Persona.fields() {
			size += 2 + len(*field)
		}
	}
	return size
}

func appendText[T ~string | ~[]byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// Unpack reads what Pack made. The bytes are not kept.
func Unpack(packed []byte) (*Memory, error) {
	r := &unpacker{rest: slices.Clone(packed)}
	if r.byte() != packVersion {
		return nil, errPacked
	}
	m := &Memory{First: r.number(), Last: r.number()}
	for range r.count() {
		m.Homes = append(m.Homes, Home{Device: r.wide(), Journey: event.ID(r.text()), At: r.number()})
	}
	for range r.count() {
		m.Counters = append(m.Counters, Tally{Name: string(r.text()), Counter: velocity.Counter(r.text())})
	}
	for range r.count() {
		m.Companions = append(m.Companions, Circle{Element: string(r.text()), Values: velocity.Set(r.text())})
	}
	for range r.count() {
		m.Labels = append(m.Labels, Label{Text: string(r.text()), Rule: string(r.text()), At: r.number()})
	}
	if r.byte() == 1 {
		m.Persona = &Persona{}
		for _, field := range m.Persona.fields() {
			*field = string(r.text())
		}
	}
	if r.bad || len(r.rest) > 0 || !m.valid() {
		return nil, errPacked
	}
	return m, nil
}

// valid says whether counters and sets are what they should be.
func (m *Memory) valid() bool {
	for _, c := range m.Counters {
		if !c.Counter.Valid() {
			return false
		}
	}
	for _, c := range m.Companions {
		if !c.Values.Valid() {
			return false
		}
	}
	return true
}

// unpacker reads a packed memory from its own copy of the bytes; what it gives out are parts of that copy, each with no
// room behind it, so that a part that grows moves away from its neighbours.
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

// wide is a number of eight bytes.
func (r *unpacker) wide() uint64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	n := binary.BigEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return n
}

// count is the length of a list; each member takes a byte at least, so no length can ask for more than is there.
func (r *unpacker) count() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *unpacker) text() []byte {
	n := r.count()
	if r.bad || n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	part := r.rest[:n:n]
	r.rest = r.rest[n:]
	return part
}
