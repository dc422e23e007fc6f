package identity

import (
	"encoding/binary"
	"time"

	"wayguard/event"
)

// AccountDevices is how many devices an account remembers; the one proved least and longest ago goes first.
const AccountDevices = 8

const accountVersion = 1

// home is a device on which an account was proven.
type home struct {
	device      Ref
	fingerprint uint32
	major       uint8
	logins      uint8
	// first and last are days since 1970.
	first, last uint16
}

// Account is what is remembered of one account: on which devices it was proven, and from where it is used. The zero Account was
// never seen.
type Account struct {
	person  rawID
	first   stamp
	logins  uint16
	gone    uint16
	once    uint16
	homes   [AccountDevices]home
	size    uint8
	history history
}

// Person is the id of the person who holds the account, empty while nobody proved to.
func (a *Account) Person() event.ID { return a.person.id() }

// Logins is how many times the account was proven.
func (a *Account) Logins() int64 { return int64(a.logins) }

// Devices is how many devices it was proven on, at most AccountDevices.
func (a *Account) Devices() int64 { return int64(a.size) }

// Proved says whether the account was proven on the device on an earlier day or session.
func (a *Account) Proved(device event.ID) bool { return a.find(RefOf(device)) >= 0 }

// Trusted says whether the account was proven on the device at least three times, over at least seven days.
func (a *Account) Trusted(device event.ID) bool {
	i := a.find(RefOf(device))
	return i >= 0 && a.homes[i].logins >= 3 && a.homes[i].last >= a.homes[i].first+7
}

func (a *Account) find(device Ref) int {
	for i := range a.homes[:a.size] {
		if a.homes[i].device == device {
			return i
		}
	}
	return -1
}

// Load reads what Append packed; nothing is an account never seen.
func (a *Account) Load(b []byte) error {
	*a = Account{}
	if len(b) == 0 {
		return nil
	}
	if b[0] != accountVersion {
		return errPacked
	}
	u := unpacker{rest: b[1:]}
	a.person, a.first, a.logins, a.gone, a.once = u.id(), stamp(u.uint32()), u.uint16(), u.uint16(), u.uint16()
	a.size = uint8(u.count(AccountDevices))
	for i := range a.homes[:a.size] {
		a.homes[i] = home{Ref(u.uint64()), u.uint32(), u.uint8(), u.uint8(), u.uint16(), u.uint16()}
	}
	a.history.load(&u)
	return u.end()
}

// Append packs the account behind b.
func (a *Account) Append(b []byte) []byte {
	b = append(append(b, accountVersion), a.person[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(a.first))
	for _, n := range [...]uint16{a.logins, a.gone, a.once} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	b = append(b, a.size)
	for i := range a.homes[:a.size] {
		h := &a.homes[i]
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, uint64(h.device)), h.fingerprint)
		b = append(b, h.major, h.logins)
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, h.first), h.last)
	}
	return a.history.append(b)
}

func dayOf(at time.Time) uint16 { return uint16(max(0, min(at.Unix()/86400, 1<<16-1))) }

// prove notes that the account was proven on the device.
func (a *Account) prove(s *Sight, device Ref) {
	if a.first == 0 {
		a.first = stampOf(s.At)
	}
	a.logins = plus16(a.logins, 1)
	i, today := a.find(device), dayOf(s.At)
	if i < 0 {
		i = a.room()
		a.homes[i] = home{device: device, first: today}
	}
	h := &a.homes[i]
	h.fingerprint, h.major = short(s.Fingerprint), uint8(min(max(0, s.Major), 255))
	h.logins, h.last = plus(h.logins, 1), max(h.last, today)
}

// room is a free place for a device.
func (a *Account) room() int {
	if a.size < AccountDevices {
		a.size++
		return int(a.size) - 1
	}
	worst := 0
	for i := range a.homes {
		if a.homes[i].worth() < a.homes[worst].worth() {
			worst = i
		}
	}
	h := &a.homes[worst]
	a.gone = plus16(a.gone, int(h.logins))
	if h.logins == 1 {
		a.once = plus16(a.once, 1)
	}
	return worst
}

// worth orders devices by what they are worth keeping: by the day of the last login, to which each doubling adds a month.
func (h *home) worth() int64 { return int64(h.last) + Log2(int64(h.logins))*30/100 }

// unseen is the share of logins that come from a device never seen with the account, as for an address.
func (a *Account) unseen() (share likelihood, logins uint64) {
	logins, once := uint64(a.gone), uint64(a.once)
	for i := range a.homes[:a.size] {
		logins += uint64(a.homes[i].logins)
		if a.homes[i].logins == 1 {
			once++
		}
	}
	return ratio(2*once+1, 2*logins+4), logins
}

// unite makes what was proven on one device proven on another: they turned out to be the same.
func (a *Account) unite(from, into Ref) {
	i := a.find(from)
	if i < 0 {
		return
	}
	j := a.find(into)
	if j < 0 {
		a.homes[i].device = into
		return
	}
	old, kept := a.homes[i], &a.homes[j]
	kept.logins, kept.first = plus(kept.logins, int(old.logins)), min(kept.first, old.first)
	if kept.last < old.last {
		kept.last, kept.major, kept.fingerprint = old.last, old.major, old.fingerprint
	}
	a.size--
	a.homes[i] = a.homes[a.size]
}
