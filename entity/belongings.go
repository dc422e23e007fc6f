package entity

import (
	"encoding/binary"
	"time"

	"wayguard/event"
)

// homeHead is what stands before a home's journey.
const homeHead = 17

// Mark places a label; one already there is left with its first date.
func (m *Memory) Mark(text, rule string, at time.Time) {
	if m.Labelled(text) {
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
func (m *Memory) Labelled(text string) bool {
	if len(m.packed) == 0 {
		return false
	}
	r := reader{bytes: m.packed, at: m.sections[labelSection]}
	for range r.byte() {
		r.skip(8)
		if string(r.text()) == text {
			return true
		}
		r.text()
	}
	return false
}

// Home is the journey that proved from this device, given by its hash, to hold the account; empty when none did. The bytes
// are the memory's own.
func (m *Memory) Home(device uint64) []byte {
	if len(m.packed) == 0 {
		return nil
	}
	at := m.sections[homeSection] + 1
	for at < m.sections[labelSection] {
		size := int(m.packed[at+homeHead-1])
		if binary.BigEndian.Uint64(m.packed[at:]) == device {
			return m.packed[at+homeHead : at+homeHead+size]
		}
		at += homeHead + size
	}
	return nil
}

// Settle notes that the journey proved from this device, given by its hash, to hold the account. Other devices keep theirs:
// whoever logs in with a stolen password takes nothing away from the owner.
func (m *Memory) Settle(device uint64, journey event.ID, at time.Time) {
	if len(journey) > 255 {
		return // no id is so long
	}
	m.begin()
	m.spare = binary.BigEndian.AppendUint64(m.spare[:0], device)
	m.spare = binary.BigEndian.AppendUint64(m.spare, uint64(at.UnixMicro()))
	m.spare = append(append(m.spare, uint8(len(journey))), journey...)
	start := m.sections[homeSection]
	place, oldest, earliest := start+1, 0, int64(0)
	for place < m.sections[labelSection] {
		if binary.BigEndian.Uint64(m.packed[place:]) == device {
			m.exchange(place, homeHead+int(m.packed[place+homeHead-1]), m.spare)
			return
		}
		if seen := int64(binary.BigEndian.Uint64(m.packed[place+8:])); oldest == 0 || seen < earliest {
			oldest, earliest = place, seen
		}
		place += homeHead + int(m.packed[place+homeHead-1])
	}
	if m.packed[start] < HomeLimit {
		m.insert(m.sections[labelSection], m.spare)
		m.packed[start]++
		return
	}
	m.exchange(oldest, homeHead+int(m.packed[oldest+homeHead-1]), m.spare)
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
