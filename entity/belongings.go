package entity

import (
	"encoding/binary"
	"iter"
	"time"
)

// Mark places a label; one already there has been placed anew, so that it lasts from now on.
func (m *Memory) Mark(text, rule string, at time.Time) {
	if place := m.labelled(text); place >= 0 {
		binary.BigEndian.PutUint64(m.packed[place:], uint64(max(at.UnixMicro(), int64(binary.BigEndian.Uint64(m.packed[place:])))))
		return
	}
	m.begin()
	m.spare = binary.BigEndian.AppendUint64(m.spare[:0], uint64(at.UnixMicro()))
	m.spare = appendText(appendText(m.spare, text), rule)
	m.insert(m.sections[personaSection], m.spare)
	start := m.sections[labelSection]
	m.packed[start]++
	if m.packed[start] <= LabelLimit {
		return
	}
	r := reader{bytes: m.packed, at: start + 1}
	r.skip(8)
	r.text()
	r.text()
	m.splice(start+1, r.at-start-1, 0)
	m.packed[start]--
}

// Labelled says whether the entity carries the label.
func (m *Memory) Labelled(text string) bool { return m.labelled(text) >= 0 }

// LabelledAt is when the label was last placed, false when the entity does not carry it.
func (m *Memory) LabelledAt(text string) (time.Time, bool) {
	at := m.labelled(text)
	if at < 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(m.packed[at:]))), true
}

// Labels are those that the entity carries, each with the rule that placed it, the oldest first. The texts are good until the memory is
// changed.
func (m *Memory) Labels() iter.Seq2[string, string] {
	return func(yield func(label, rule string) bool) {
		if len(m.packed) == 0 {
			return
		}
		r := reader{bytes: m.packed, at: m.sections[labelSection]}
		for range r.byte() {
			r.skip(8)
			label := r.text()
			if !yield(string(label), string(r.text())) {
				return
			}
		}
	}
}

// labelled is where the label begins, -1 when it is not there.
func (m *Memory) labelled(text string) int {
	if len(m.packed) == 0 {
		return -1
	}
	r := reader{bytes: m.packed, at: m.sections[labelSection]}
	for range r.byte() {
		at := r.at
		r.skip(8)
		if string(r.text()) == text {
			return at
		}
		r.text()
	}
	return -1
}

// insert puts bytes at the end of a section, which is where the next one begins.
func (m *Memory) insert(at int, b []byte) { m.exchange(at, 0, b) }

// exchange puts bytes in the place of others.
func (m *Memory) exchange(at, old int, b []byte) {
	m.splice(at, old, len(b))
	copy(m.packed[at:], b)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
