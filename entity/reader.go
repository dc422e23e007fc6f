package entity

import (
	"encoding/binary"

	"wayguard/velocity"
)

// reader goes through a packed memory and says whether it is one.
type reader struct {
	bytes []byte
	at    int
	bad   bool
}

func (r *reader) fail() { r.bad, r.at = true, len(r.bytes) }

func (r *reader) byte() int {
	if r.at >= len(r.bytes) {
		r.fail()
		return 0
	}
	r.at++
	return int(r.bytes[r.at-1])
}

func (r *reader) skip(n int) {
	if n > len(r.bytes)-r.at {
		r.fail()
		return
	}
	r.at += n
}

func (r *reader) text() []byte {
	n, size := binary.Uvarint(r.bytes[r.at:])
	if size <= 0 || n > uint64(len(r.bytes)-r.at-size) {
		r.fail()
		return nil
	}
	begin := r.at + size
	r.at = begin + int(n)
	return r.bytes[begin:r.at]
}

// counters reads the section of counters.
func (r *reader) counters(into []part) []part {
	count, b, at := r.byte(), r.bytes, r.at
	for range count {
		if at >= len(b) {
			r.fail()
			return into
		}
		start, data := at, at+1+int(b[at])+2
		if data > len(b) {
			r.fail()
			return into
		}
		size := int(binary.BigEndian.Uint16(b[data-2:]))
		at = data + size
		if at > len(b) || !velocity.Counter(b[data:at]).Valid() {
			r.fail()
			return into
		}
		into = append(into, part{start: int32(start), data: int32(data), size: uint16(size), nameSize: b[start]})
	}
	r.proceed(at)
	return into
}

// circles reads the section of circles, and where each stands.
func (r *reader) circles(into []part, places *[circleCount]uint8) []part {
	*places = [circleCount]uint8{}
	count, b, at := r.byte(), r.bytes, r.at
	for range count {
		data := at + circleHead
		if data > len(b) {
			r.fail()
			return into
		}
		c, size := circle(b[at]), int(binary.BigEndian.Uint16(b[at+1:]))
		at = data + size
		if at > len(b) || !c.known() || places[c] != 0 || !velocity.Set(b[data:at]).Valid() {
			r.fail()
			return into
		}
		into = append(into, part{start: int32(data - circleHead), data: int32(data), size: uint16(size)})
		places[c] = uint8(len(into))
	}
	r.proceed(at)
	return into
}

// proceed goes on at a place, where nothing went wrong.
func (r *reader) proceed(at int) {
	if !r.bad {
		r.at = at
	}
}

func (c circle) known() bool { return c&^proven > noCircle && c&^proven < circleEnd }
