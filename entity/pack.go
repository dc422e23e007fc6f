package entity

import (
	"encoding/binary"
	"errors"
	"slices"
)

// packVersion opens every packed memory; another one is not read.
const packVersion = 4

// A packed memory is, big endian: the version, the times first and last seen in Unix microseconds (8 bytes each), the hash of
// the entity's own value (8 bytes, 0 when it is not known), and four sections, each of which begins with the number of its members (1 byte):
//
//	counters  length of the name (1), name, length of the ring (2), velocity.Counter
//	circles   which one (1), length of the set (2), velocity.Set
//	labels    time (8), text, rule; a text is its length (uvarint) and its bytes
//	persona   five texts
const (
	firstAt    = 1
	lastAt     = 9
	selfAt     = 17
	countersAt = 25
)

// The sections behind the counters.
const (
	circleSection = iota
	labelSection
	personaSection
	sectionCount
)

// counterLimit is how many counters a memory can have; there are fewer names than that.
const counterLimit = 255

// errPacked means that the bytes are not what Pack made.
var errPacked = errors.New("entity: not a packed memory")

// part is a named part of a memory.
type part struct {
	// start and data are where the part and its data begin.
	start, data int32
	size        uint16
	// nameSize is the length of a counter's name, which stands behind its first byte.
	nameSize uint8
}

// Pack is the memory in bytes. They are the memory's own, and change with it.
func (m *Memory) Pack() []byte {
	m.begin()
	return m.packed
}

// Unpack reads what Pack made. The bytes are not kept.
func Unpack(packed []byte) (*Memory, error) {
	m := &Memory{}
	if err := m.Load(packed); err != nil {
		return nil, err
	}
	return m, nil
}

// Forget makes the memory one of an entity never seen; its room is used again.
func (m *Memory) Forget() { m.packed = m.packed[:0] }

// begin gives a memory of an entity never seen its empty form.
func (m *Memory) begin() {
	if len(m.packed) > 0 {
		return
	}
	m.packed = append(m.packed, packVersion)
	m.packed = append(m.packed, make([]byte, countersAt-1+1+sectionCount)...)
	m.counters, m.circles, m.places = m.counters[:0], m.circles[:0], [circleCount]uint8{}
	for i := range m.sections {
		m.sections[i] = countersAt + 1 + i
	}
}

// Load makes the memory that which Pack made the bytes of. The bytes are not kept. After an error it is one of an entity
// never seen.
func (m *Memory) Load(packed []byte) error {
	m.packed = append(m.packed[:0], packed...)
	r := reader{bytes: m.packed, at: countersAt}
	if len(packed) <= countersAt || packed[0] != packVersion {
		m.Forget()
		return errPacked
	}
	m.counters = r.counters(m.counters[:0])
	m.sections[circleSection] = r.at
	m.circles = r.circles(m.circles[:0], &m.places)
	m.sections[labelSection] = r.at
	for range r.byte() {
		r.skip(8)
		r.text()
		r.text()
	}
	m.sections[personaSection] = r.at
	if r.byte() != 0 {
		for range personaFields {
			r.text()
		}
	}
	if r.bad || r.at != len(m.packed) || m.packed[m.sections[personaSection]] > 1 ||
		m.packed[m.sections[labelSection]] > LabelLimit {
		m.Forget()
		return errPacked
	}
	return nil
}

// Self is velocity.HashOf the entity's own value, where the memory knows it: to work it out takes longer than all the rest
// that is done for the entity.
func (m *Memory) Self() (hash uint64, known bool) {
	if len(m.packed) == 0 {
		return 0, false
	}
	hash = binary.BigEndian.Uint64(m.packed[selfAt:])
	return hash, hash != 0
}

// Name notes the hash of the entity's own value.
func (m *Memory) Name(hash uint64) {
	m.begin()
	binary.BigEndian.PutUint64(m.packed[selfAt:], hash)
}

func (m *Memory) first() int64     { return m.time(firstAt) }
func (m *Memory) last() int64      { return m.time(lastAt) }
func (m *Memory) setFirst(t int64) { binary.BigEndian.PutUint64(m.packed[firstAt:], uint64(t)) }
func (m *Memory) setLast(t int64)  { binary.BigEndian.PutUint64(m.packed[lastAt:], uint64(t)) }

func (m *Memory) time(at int) int64 {
	if len(m.packed) == 0 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(m.packed[at:]))
}

// find is the place of the part of that name, -1 where there is none. It looks from place next on first.
func (m *Memory) find(parts []part, next int, name string) int {
	if len(m.packed) == 0 {
		return -1
	}
	for i := next; i < len(parts); i++ {
		if m.called(&parts[i], name) {
			return i
		}
	}
	for i := range min(next, len(parts)) {
		if m.called(&parts[i], name) {
			return i
		}
	}
	return -1
}

func (m *Memory) called(p *part, name string) bool {
	return int(p.nameSize) == len(name) && string(m.packed[p.start+1:int(p.start)+1+len(name)]) == name
}

// data are the part's own bytes; they end where it ends. Parts are pointed to, here and elsewhere: to copy one that was just
// written field by field makes the processor wait until all of it has arrived.
func (m *Memory) data(p *part) []byte {
	end := int(p.data) + int(p.size)
	return m.packed[p.data:end:end]
}

// addCounter puts a counter at the end of its section.
func (m *Memory) addCounter(name string, ring []byte) {
	if len(m.counters) >= counterLimit || len(name) > 255 {
		return
	}
	at := m.sections[circleSection]
	head := 1 + len(name) + 2
	m.splice(at, 0, head+len(ring))
	b := m.packed[at:]
	b[0] = uint8(len(name))
	copy(b[1:], name)
	binary.BigEndian.PutUint16(b[head-2:], uint16(len(ring)))
	copy(b[head:], ring)
	m.packed[countersAt]++
	m.counters = append(m.counters, part{start: int32(at), data: int32(at + head), size: uint16(len(ring)), nameSize: uint8(len(name))})
}

// circleHead is what stands before a circle's set.
const circleHead = 3

// addCircle puts a circle at the end of their section.
func (m *Memory) addCircle(c circle, set []byte) {
	at := m.sections[labelSection]
	m.splice(at, 0, circleHead+len(set))
	b := m.packed[at:]
	b[0] = uint8(c)
	binary.BigEndian.PutUint16(b[1:], uint16(len(set)))
	copy(b[circleHead:], set)
	m.packed[m.sections[circleSection]]++
	m.circles = append(m.circles, part{start: int32(at), data: int32(at + circleHead), size: uint16(len(set))})
	m.places[c] = uint8(len(m.circles))
}

// replace gives a part other data.
func (m *Memory) replace(p *part, data []byte) {
	at, old := int(p.data), int(p.size)
	m.splice(at, old, len(data))
	p.size = uint16(len(data))
	binary.BigEndian.PutUint16(m.packed[at-2:], p.size)
	copy(m.packed[at:], data)
}

// splice makes the old bytes at a place as many as wanted. What they are then is the caller's business.
func (m *Memory) splice(at, old, wanted int) {
	shift := wanted - old
	switch {
	case shift > 0:
		m.packed = slices.Grow(m.packed, shift)
		end := len(m.packed)
		m.packed = m.packed[:end+shift]
		copy(m.packed[at+wanted:], m.packed[at+old:end])
	case shift < 0:
		copy(m.packed[at+wanted:], m.packed[at+old:])
		m.packed = m.packed[:len(m.packed)+shift]
	default:
		return
	}
	moveParts(m.counters, at, shift)
	moveParts(m.circles, at, shift)
	for i := range m.sections {
		if m.sections[i] >= at {
			m.sections[i] += shift
		}
	}
}

// moveParts moves the parts that begin at a place or behind it.
func moveParts(parts []part, place, shift int) {
	for i := range parts {
		if int(parts[i].start) >= place {
			parts[i].start += int32(shift)
			parts[i].data += int32(shift)
		}
	}
}
