package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"

	"wayguard/event"
	"wayguard/identity"
)

// The size of the visitors that a Desk remembers; evidence longer than visitorText is worked out every time.
const (
	visitorSlots = 1 << 12
	visitorText  = 192
)

// sight is what is derived from what the wire showed of a visitor; empty is what it showed too little for.
type sight struct{ device, fallback string }

// visitors remembers what was derived for visitors seen lately: to work it out again takes two hashes and to read an address.
type visitors struct {
	seed  maphash.Seed
	slots []visitor
}

// visitor is one of them: the evidence, whole, and what follows from it. Two visitors never look like one.
type visitor struct {
	text                           [visitorText]byte
	device                         [20]byte
	fallback                       [32]byte
	size, deviceSize, fallbackSize uint8
	// ends are where the parts of the text end.
	ends [len(shown{}) - 1]uint8
}

// shown are the parts of the evidence that something is derived from.
type shown [5]string

func shownBy(v *event.Evidence) shown {
	return shown{v.Address, v.HeaderShape, v.UserAgent, v.Client.Language, v.Wire.HTTP2}
}

// see derives the device's fingerprint and what the fallback key ends with.
func (d *Desk) see(v *event.Evidence) sight {
	parts, size := shownBy(v), 0
	for _, part := range parts {
		size += len(part)
	}
	if len(d.visitors.slots) == 0 || size > visitorText {
		var alone visitor
		alone.derive(v)
		return d.sight(&alone)
	}
	begin := len(d.text)
	var ends [len(parts) - 1]uint8
	for i, part := range parts {
		d.text = append(d.text, part...)
		if i < len(ends) {
			ends[i] = uint8(len(d.text) - begin)
		}
	}
	text := d.text[begin:]
	slot := &d.visitors.slots[maphash.Bytes(d.visitors.seed, text)%visitorSlots]
	if string(slot.text[:slot.size]) != string(text) || slot.ends != ends {
		slot.size, slot.ends = uint8(copy(slot.text[:], text)), ends
		slot.derive(v)
	}
	return d.sight(slot)
}

// sight copies what was derived, for the slot may be another visitor's soon.
func (d *Desk) sight(v *visitor) sight {
	begin := len(d.text)
	d.text = append(append(d.text, v.device[:v.deviceSize]...), v.fallback[:v.fallbackSize]...)
	both := textOf(d.text[begin:])
	return sight{device: both[:v.deviceSize], fallback: both[v.deviceSize:]}
}

func (v *visitor) derive(e *event.Evidence) {
	v.deviceSize, v.fallbackSize = uint8(len(identity.AppendDevice(v.device[:0], e))), 0
	if e.Address == "" {
		return
	}
	var room [256]byte // most evidence fits, and needs no memory of its own
	text := append(append(room[:0], e.Address...), 0)
	if e.Client.Language == "" && e.Wire.HTTP2 == "" {
		text = append(append(append(text, e.HeaderShape...), 0), e.UserAgent...)
	} else {
		// The shape of the headers differs between a page and what belongs to it; these do not.
		text = append(append(append(text, "client\x00"...), e.UserAgent...), 0)
		text = append(append(append(text, e.Client.Language...), 0), e.Wire.HTTP2...)
	}
	sum := sha256.Sum256(text)
	v.fallbackSize = uint8(len(hex.AppendEncode(v.fallback[:0], sum[:16])))
}
