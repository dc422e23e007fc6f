package identity

import (
	"encoding/binary"
	"time"

	"wayguard/event"
)

// The most that a device remembers of each.
const (
	DeviceLooks     = 4
	DeviceAddresses = 6
	DeviceNetworks  = 4
	DeviceAccounts  = 4
	DevicePins      = 4
)

// DeviceSize is the most bytes that a packed device has.
const DeviceSize = 400

const (
	deviceVersion = 3
	aliasVersion  = 2
)

// suspicionLife is how many minutes suspicion of a device takes to fade to 1/e (half in 30 days).
const suspicionLife = 43 * minutesADay

// look is a stable fingerprint with the version that came with it.
type look struct {
	fingerprint uint64
	major       uint16
	seen        stamp
	// counted is the epoch in which its crowd last counted it, plus 1.
	counted uint16
}

// place is an address or a network that a device was seen at.
type place struct {
	hash   uint32
	visits uint8
	seen   stamp
}

// owner is an account that was proven on a device.
type owner struct {
	account uint64
	first   stamp
	last    stamp
	logins  uint8
}

// Device is what is remembered of one browser or program. The zero Device is one never seen.
type Device struct {
	id, person, actor rawID
	// into is the device that this one turned out to be; then nothing else is kept.
	into        rawID
	first, last stamp
	sessions    uint32
	// returns are sessions in which it showed a key again, lapses those in which it was known without.
	returns, lapses uint16
	// keyFirst and keyLast are when it first and last showed a key again: two devices that both did within the same days are two.
	keyFirst, keyLast stamp
	// jar is the key that it showed last, jarSince when it showed that one first, swaps how often an older key came back since: a
	// browser that lost a key never shows it again, so that two keys in turn are two browsers.
	jar      uint32
	jarSince stamp
	swaps    uint8
	// counted is the epoch in which its crowds last counted it, plus 1.
	counted uint16
	// suspicion is how bad its sessions were, in centibits, at the time worried.
	suspicion uint16
	worried   stamp
	// bad and malicious count sessions that were rated so; owned how many accounts it ever proved.
	suspicious, malicious, owned uint8
	// bits is how sure the weakest link that made it was, in centibits.
	bits      int16
	looks     [DeviceLooks]look
	addresses [DeviceAddresses]place
	networks  [DeviceNetworks]place
	owners    [DeviceAccounts]owner
	pins      [DevicePins]Ref

	looked, addressed, networked, ownedBy, pinned uint8
}

// ID is the public id.
func (d *Device) ID() event.ID { return d.id.id() }

// Into is the id of the device that this one turned out to be, empty for one of its own.
func (d *Device) Into() event.ID { return d.into.id() }

// Person is the id of the person whose device it is, empty when none is known.
func (d *Device) Person() event.ID { return d.person.id() }

// Actor is the id of the operator that it belongs to, empty when it belongs to none.
func (d *Device) Actor() event.ID { return d.actor.id() }

// PersonRef is the short name of the person, 0 where there is none.
func (d *Device) PersonRef() Ref { return d.person.ref() }

// ActorRef is the short name of the operator, 0 where there is none.
func (d *Device) ActorRef() Ref { return d.actor.ref() }

// Known says whether the device was ever seen.
func (d *Device) Known() bool { return d.id != rawID{} }

// Age is the time since it was first seen.
func (d *Device) Age(at time.Time) time.Duration {
	return time.Duration(d.first.since(stampOf(at))) * time.Minute
}

// Sessions is how many it had.
func (d *Device) Sessions() int64 { return int64(d.sessions) }

// Accounts is how many accounts were proven on it, at most 255.
func (d *Device) Accounts() int64 { return int64(d.owned) }

// BadSessions are how many of its sessions were rated Suspicious, or worse, and Malicious.
func (d *Device) BadSessions() (suspicious, malicious int64) {
	return int64(d.suspicious), int64(d.malicious)
}

// Suspicion is what is left of how bad its sessions were, in centibits; it halves in 30 days.
func (d *Device) Suspicion(at time.Time) int64 {
	left := fade(d.worried.since(stampOf(at)), suspicionLife)
	return int64(left * likelihood(d.suspicion) >> unitBits)
}

// Confidence is how sure it is that all of its sessions are of one device, in percent.
func (d *Device) Confidence() int64 { return percent(int64(d.bits)) }

// Proved says whether the account was proven on it before the given time.
func (d *Device) Proved(account uint64, before time.Time) bool {
	i := d.owner(account)
	return i >= 0 && d.owners[i].first < stampOf(before)
}

// Rate notes that a session of the device was rated so, with so many centibits. It is called once when a session's rating
// first rises to each.
func (d *Device) Rate(rating event.Rating, centibits int64, at time.Time) {
	if rating == event.Normal {
		return
	}
	now := stampOf(at)
	level := max(d.Suspicion(at), min(max(0, centibits), 1<<15))
	d.suspicion, d.worried = uint16(level), now
	if rating == event.Malicious {
		d.malicious = plus(d.malicious, 1)
		return
	}
	d.suspicious = plus(d.suspicious, 1)
}

// Pin says that the device is not the other one, whatever speaks for it: an analyst took them apart.
func (d *Device) Pin(other Ref) {
	if other == 0 || d.forbids(other) {
		return
	}
	if d.pinned == DevicePins {
		copy(d.pins[:], d.pins[1:])
		d.pinned--
	}
	d.pins[d.pinned] = other
	d.pinned++
}

func (d *Device) forbids(other Ref) bool {
	for _, p := range d.pins[:d.pinned] {
		if p == other {
			return true
		}
	}
	return false
}

func (d *Device) owner(account uint64) int {
	for i := range d.owners[:d.ownedBy] {
		if d.owners[i].account == account {
			return i
		}
	}
	return -1
}

// Load reads what Append packed; nothing is a device never seen.
func (d *Device) Load(b []byte) error {
	*d = Device{}
	if len(b) == 0 {
		return nil
	}
	u := unpacker{rest: b[1:]}
	d.id = u.id()
	switch b[0] {
	case aliasVersion:
		d.into, d.first = u.id(), stamp(u.uint32())
		return u.end()
	case deviceVersion:
	default:
		return errPacked
	}
	d.person, d.actor = u.id(), u.id()
	d.first, d.last, d.sessions = stamp(u.uint32()), stamp(u.uint32()), u.uint32()
	d.keyFirst, d.keyLast = stamp(u.uint32()), stamp(u.uint32())
	d.jar, d.jarSince, d.swaps = u.uint32(), stamp(u.uint32()), u.uint8()
	d.returns, d.lapses, d.counted = u.uint16(), u.uint16(), u.uint16()
	d.suspicion, d.worried = u.uint16(), stamp(u.uint32())
	d.suspicious, d.malicious, d.owned, d.bits = u.uint8(), u.uint8(), u.uint8(), int16(u.uint16())
	d.looked = uint8(u.count(DeviceLooks))
	for i := range d.looks[:d.looked] {
		d.looks[i] = look{u.uint64(), u.uint16(), stamp(u.uint32()), u.uint16()}
	}
	d.addressed = loadPlaces(&u, d.addresses[:])
	d.networked = loadPlaces(&u, d.networks[:])
	d.ownedBy = uint8(u.count(DeviceAccounts))
	for i := range d.owners[:d.ownedBy] {
		d.owners[i] = owner{u.uint64(), stamp(u.uint32()), stamp(u.uint32()), u.uint8()}
	}
	d.pinned = uint8(u.count(DevicePins))
	for i := range d.pins[:d.pinned] {
		d.pins[i] = Ref(u.uint64())
	}
	return u.end()
}

func loadPlaces(u *unpacker, into []place) uint8 {
	n := u.count(len(into))
	for i := range into[:n] {
		into[i] = place{u.uint32(), u.uint8(), stamp(u.uint32())}
	}
	return uint8(n)
}

// Append packs the device behind b.
func (d *Device) Append(b []byte) []byte {
	if d.into != (rawID{}) {
		b = append(append(append(b, aliasVersion), d.id[:]...), d.into[:]...)
		return binary.BigEndian.AppendUint32(b, uint32(d.first))
	}
	b = append(append(append(append(b, deviceVersion), d.id[:]...), d.person[:]...), d.actor[:]...)
	for _, n := range [...]uint32{uint32(d.first), uint32(d.last), d.sessions, uint32(d.keyFirst), uint32(d.keyLast), d.jar, uint32(d.jarSince)} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = append(b, d.swaps)
	for _, n := range [...]uint16{d.returns, d.lapses, d.counted, d.suspicion} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(d.worried))
	b = append(b, d.suspicious, d.malicious, d.owned)
	b = binary.BigEndian.AppendUint16(b, uint16(d.bits))
	b = append(b, d.looked)
	for _, l := range d.looks[:d.looked] {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(b, l.fingerprint), l.major)
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, uint32(l.seen)), l.counted)
	}
	b = appendPlaces(b, d.addresses[:d.addressed])
	b = appendPlaces(b, d.networks[:d.networked])
	b = append(b, d.ownedBy)
	for _, o := range d.owners[:d.ownedBy] {
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, o.account), uint32(o.first))
		b = append(binary.BigEndian.AppendUint32(b, uint32(o.last)), o.logins)
	}
	b = append(b, d.pinned)
	for _, p := range d.pins[:d.pinned] {
		b = binary.BigEndian.AppendUint64(b, uint64(p))
	}
	return b
}

func appendPlaces(b []byte, places []place) []byte {
	b = append(b, uint8(len(places)))
	for _, p := range places {
		b = append(binary.BigEndian.AppendUint32(b, p.hash), p.visits)
		b = binary.BigEndian.AppendUint32(b, uint32(p.seen))
	}
	return b
}
