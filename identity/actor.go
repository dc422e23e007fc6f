package identity

import (
	"encoding/binary"
	"time"

	"wayguard/event"
)

// The bounds of an actor (science 1.5.7).
const (
	// EdgeBits is the least that a shared value must say for two devices to belong to one operator, in centibits.
	EdgeBits = 800
	// edgeLimit is the most that one value can say.
	edgeLimit = 1200
	// ActorDevices is how many devices one operator can have; more is a mistake, and nothing joins any more.
	ActorDevices = 10000
	// recentDevices is how many are remembered by name.
	recentDevices = 16
)

const (
	actorVersion = 1
	traitVersion = 1
)

// Actor is an operator behind several devices that were rated Suspicious or worse. Only suspicion flows along it. The zero Actor
// was never seen.
type Actor struct {
	id, into    rawID
	first, last stamp
	devices     uint16
	sessions    uint32
	recent      [recentDevices]Ref
	known       uint8
}

// ID is the public id.
func (a *Actor) ID() event.ID { return a.id.id() }

// Into is the id of the actor that this one turned out to be, empty for one of its own.
func (a *Actor) Into() event.ID { return a.into.id() }

// Known says whether there is such an actor.
func (a *Actor) Known() bool { return a.id != rawID{} }

// Devices is how many devices belong to it.
func (a *Actor) Devices() int64 { return int64(a.devices) }

// Sessions is how many of their sessions were suspicious.
func (a *Actor) Sessions() int64 { return int64(a.sessions) }

// Age is the time since it was first seen.
func (a *Actor) Age(at time.Time) time.Duration {
	return time.Duration(a.first.since(stampOf(at))) * time.Minute
}

// Load reads what Append packed; nothing is an actor never seen.
func (a *Actor) Load(b []byte) error {
	*a = Actor{}
	if len(b) == 0 {
		return nil
	}
	u := unpacker{rest: b}
	version := u.uint8()
	a.id, a.into, a.first, a.last = u.id(), u.id(), stamp(u.uint32()), stamp(u.uint32())
	a.devices, a.sessions = u.uint16(), u.uint32()
	a.known = uint8(u.count(recentDevices))
	for i := range a.recent[:a.known] {
		a.recent[i] = Ref(u.uint64())
	}
	if version != actorVersion {
		return errPacked
	}
	return u.end()
}

// Append packs the actor behind b.
func (a *Actor) Append(b []byte) []byte {
	b = append(append(append(b, actorVersion), a.id[:]...), a.into[:]...)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, uint32(a.first)), uint32(a.last))
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, a.devices), a.sessions)
	b = append(b, a.known)
	for _, r := range a.recent[:a.known] {
		b = binary.BigEndian.AppendUint64(b, uint64(r))
	}
	return b
}

// Trait is a value that a suspicious device showed, such as a payment token or a delivery address, with the number of devices
// that ever showed it. What many share says nothing.
type Trait struct {
	// Hash is TraitOf element and value.
	Hash uint64
	// Devices is how many devices showed it, suspicious or not.
	Devices int64
}

// bits is what it says that two of so many devices share the trait: log2(N/deg), at most 12 bits.
func (t *Trait) bits(population int64) int64 {
	return min(edgeLimit, Log2(population)-Log2(max(1, t.Devices)))
}

// TraitOf is the hash of an element's value, as Trait has it.
func TraitOf(element, value string) uint64 { return hashAll(element, value) }

// Mark is what is kept of a trait: the suspicious devices that showed it and the actor that they make.
type Mark struct {
	actor   rawID
	seen    stamp
	recent  [4]Ref
	known   uint8
	devices uint16
}

// Load reads what Append packed; nothing is a trait never seen.
func (m *Mark) Load(b []byte) error {
	*m = Mark{}
	if len(b) == 0 {
		return nil
	}
	u := unpacker{rest: b}
	version := u.uint8()
	m.actor, m.seen, m.devices = u.id(), stamp(u.uint32()), u.uint16()
	m.known = uint8(u.count(len(m.recent)))
	for i := range m.recent[:m.known] {
		m.recent[i] = Ref(u.uint64())
	}
	if version != traitVersion {
		return errPacked
	}
	return u.end()
}

// Append packs the mark behind b.
func (m *Mark) Append(b []byte) []byte {
	b = append(append(b, traitVersion), m.actor[:]...)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, uint32(m.seen)), m.devices)
	b = append(b, m.known)
	for _, r := range m.recent[:m.known] {
		b = binary.BigEndian.AppendUint64(b, uint64(r))
	}
	return b
}

// Actor is the id of the actor that the trait leads to, empty when it leads to none.
func (m *Mark) Actor() event.ID { return m.actor.id() }

// Devices is how many suspicious devices showed the trait.
func (m *Mark) Devices() int64 { return int64(m.devices) }

func (m *Mark) saw(device Ref) bool { return seen(m.recent[:m.known], device) }

func seen(list []Ref, ref Ref) bool {
	for _, r := range list {
		if r == ref {
			return true
		}
	}
	return false
}

// note puts a device down; the one noted longest ago makes room.
func (m *Mark) note(device Ref, at stamp) {
	m.seen = max(m.seen, at)
	if m.saw(device) {
		return
	}
	m.devices = plus16(m.devices, 1)
	if int(m.known) == len(m.recent) {
		copy(m.recent[:], m.recent[1:])
		m.known--
	}
	m.recent[m.known] = device
	m.known++
}

// Ring is the traits of a suspicious session with what is kept of them and the actors that they lead to.
type Ring struct {
	At time.Time
	// Population is how many devices there are.
	Population int64
	Traits     []Trait
	// Marks are those of the traits, in their order.
	Marks []Mark
	// Actors are the device's own and those that marks lead to, as far as they are known, each once.
	Actors []*Actor
}

// Enlist finds the operator of a device that was rated Suspicious or worse: the one whose devices share values with it that say at
// least EdgeBits, alone or together. A device that shares such values with devices of no actor makes one. Two actors that
// the device belongs to become one: the other's id leads to the one with more devices. fresh is the id of a new actor. It gives the
// actor, nil when the device has none, and the one that became it, nil when none did; marks and actors are changed in place.
func Enlist(d *Device, r *Ring, fresh event.ID) (actor, merged *Actor) {
	at, ref := stampOf(r.At), d.id.ref()
	actor = r.find(d.actor)
	var unclaimed int64
	for i := range r.Traits {
		m, bits := &r.Marks[i], r.Traits[i].bits(r.Population)
		if m.devices == 0 || m.devices == 1 && m.saw(ref) || bits <= 0 {
			continue
		}
		switch other := r.find(m.actor); {
		case other == nil:
			unclaimed += bits
		case other == actor:
		case bits >= EdgeBits || r.towards(m.actor, ref) >= EdgeBits:
			actor, merged = join(actor, other, at)
		}
	}
	if actor == nil && unclaimed >= EdgeBits {
		raw, ok := rawOf(fresh)
		if !ok {
			return nil, nil
		}
		actor = &Actor{id: raw, first: at}
		r.Actors = append(r.Actors, actor)
		r.enlistOthers(actor, ref)
	}
	r.mark(d, actor, at)
	return actor, merged
}

// towards is what all traits together say for one actor.
func (r *Ring) towards(actor rawID, device Ref) int64 {
	var sum int64
	for i := range r.Traits {
		if m := &r.Marks[i]; m.actor == actor && (m.devices > 1 || !m.saw(device)) {
			sum += max(0, r.Traits[i].bits(r.Population))
		}
	}
	return sum
}

func (r *Ring) find(id rawID) *Actor {
	if id == (rawID{}) {
		return nil
	}
	for _, a := range r.Actors {
		if a.id != id {
			continue
		}
		if a.into != (rawID{}) {
			id = a.into
			continue
		}
		return a
	}
	for _, a := range r.Actors { // what it became may stand before it
		if a.id == id && a.into == (rawID{}) {
			return a
		}
	}
	return nil
}

// join makes two actors one, unless that would be more devices than an operator can have.
func join(a, b *Actor, at stamp) (actor, merged *Actor) {
	if a == nil {
		return b, nil
	}
	if int(a.devices)+int(b.devices) > ActorDevices {
		return a, nil
	}
	if b.devices > a.devices || b.devices == a.devices && b.id.ref() < a.id.ref() {
		a, b = b, a
	}
	a.devices, a.sessions, a.first = a.devices+b.devices, a.sessions+b.sessions, min(a.first, b.first)
	for _, r := range b.recent[:b.known] {
		a.remember(r)
	}
	*b = Actor{id: b.id, into: a.id, first: at, last: at}
	return a, b
}

// enlistOthers counts the devices that showed the traits before there was an actor.
func (r *Ring) enlistOthers(a *Actor, but Ref) {
	for i := range r.Marks {
		for _, ref := range r.Marks[i].recent[:r.Marks[i].known] {
			if ref != but && !seen(a.recent[:a.known], ref) {
				a.devices++
				a.remember(ref)
			}
		}
	}
}

func (a *Actor) remember(ref Ref) {
	if a.known == recentDevices {
		copy(a.recent[:], a.recent[1:])
		a.known--
	}
	a.recent[a.known] = ref
	a.known++
}

// mark puts the device down with its traits and its actor. A trait that many share leads to no actor.
func (r *Ring) mark(d *Device, actor *Actor, at stamp) {
	ref := d.id.ref()
	if actor != nil && (actor.devices < ActorDevices || d.actor == actor.id) {
		if d.actor != actor.id && !seen(actor.recent[:actor.known], ref) {
			actor.devices++
			actor.remember(ref)
		}
		d.actor = actor.id
		actor.sessions, actor.last = actor.sessions+1, max(actor.last, at)
	}
	for i := range r.Marks {
		m := &r.Marks[i]
		m.note(ref, at)
		if actor != nil && r.Traits[i].bits(r.Population) >= EdgeBits/2 {
			m.actor = actor.id
		}
	}
}
