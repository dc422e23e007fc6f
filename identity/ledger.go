package identity

import (
	"encoding/binary"
	"time"
)

// LedgerSlots is how many devices an address remembers exactly; of the others only their number is kept.
const LedgerSlots = 30

// A packed ledger is a head of headSize bytes and up to LedgerSlots slots of slotSize bytes: 621 bytes at most.
const (
	ledgerVersion = 2
	headSize      = 21
	slotSize      = 20
)

// slot is one device with the fingerprint that it showed at the address.
type slot struct {
	fingerprint uint32
	device      Ref
	// visits are the sessions it had here, returns how many of the device's showed a key again (capped).
	visits, returns uint8
	// major is the version that it had, capped; account is of the one that it proved, 0 for none.
	major   uint8
	account uint16
	seen    tick
	// agent is of the User-Agent that it had.
	agent uint8
}

// tick is a time in quarters of a day since 2020, enough for 44 years.
type tick uint16

// ticksADay is how many ticks are a day, tickEpoch the first of them in minutes since 1970.
const (
	ticksADay = 4
	tickEpoch = 18262 * minutesADay
)

func tickOf(at stamp) tick {
	return tick(min(max(0, int64(at)-tickEpoch)*ticksADay/minutesADay, 1<<16-1))
}

func (t tick) since(at tick) int64 { return max(0, int64(at)-int64(t)) }

// confirmed says whether the device is one that keeps keys, or that an account was proven on.
func (s *slot) confirmed() bool { return s.returns > 0 || s.account != 0 }

// Ledger is what is kept of one address: which devices were seen at it with which fingerprint, and what it needs to estimate
// how many were not. The zero Ledger is of an address never seen.
type Ledger struct {
	first stamp
	// gone are the sessions of slots that made room, goneOnce and goneTwice the fingerprints among them that were seen once and
	// twice. They are halved every 15 days since halved.
	gone, goneOnce uint32
	goneTwice      uint16
	halved         tick
	slots          [LedgerSlots]slot
	size           int
	// rate and before count the sessions of this hour and the last: how fast visitors come.
	hour         uint16
	rate, before uint8
	// usual is the share of strangers that is usual in the address's network, 0 where that is not known. It is not packed.
	usual likelihood
}

// Load reads what Append packed; nothing is an address never seen.
func (l *Ledger) Load(b []byte) error {
	*l = Ledger{size: 0, slots: l.slots}
	if len(b) == 0 {
		return nil
	}
	if len(b) < headSize || b[0] != ledgerVersion || (len(b)-headSize)%slotSize != 0 || (len(b)-headSize)/slotSize > LedgerSlots {
		return errPacked
	}
	u := unpacker{rest: b[1:]}
	l.first, l.gone, l.goneOnce, l.halved = stamp(u.uint32()), u.uint32(), u.uint32(), tick(u.uint16())
	l.hour, l.rate, l.before = u.uint16(), u.uint8(), u.uint8()
	l.goneTwice = u.uint16()
	l.size = (len(b) - headSize) / slotSize
	for i := range l.size {
		s := &l.slots[i]
		s.fingerprint, s.device = u.uint32(), Ref(u.uint64())
		s.visits, s.returns, s.major = u.uint8(), u.uint8(), u.uint8()
		s.account, s.seen, s.agent = u.uint16(), tick(u.uint16()), u.uint8()
	}
	return u.end()
}

// Append packs the ledger behind b.
func (l *Ledger) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(append(b, ledgerVersion), uint32(l.first))
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, l.gone), l.goneOnce)
	b = binary.BigEndian.AppendUint16(b, uint16(l.halved))
	b = append(binary.BigEndian.AppendUint16(b, l.hour), l.rate, l.before)
	b = binary.BigEndian.AppendUint16(b, l.goneTwice)
	for i := range l.size {
		s := &l.slots[i]
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, s.fingerprint), uint64(s.device))
		b = append(b, s.visits, s.returns, s.major)
		b = append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, s.account), uint16(s.seen)), s.agent)
	}
	return b
}

// age brings the ledger to a time: slots not seen for a month go, what is only counted is halved every 15 days.
func (l *Ledger) age(now tick) {
	const month, half = 30 * ticksADay, 15 * ticksADay
	for l.halved != 0 && l.halved.since(now) >= half && l.gone > 0 {
		l.gone, l.goneOnce, l.goneTwice, l.halved = l.gone/2, l.goneOnce/2, l.goneTwice/2, l.halved+half
	}
	kept := 0
	for i := range l.size {
		if l.slots[i].seen.since(now) <= month {
			l.slots[kept] = l.slots[i]
			kept++
		}
	}
	l.size = kept
}

// census is what Good's and Turing's estimates need: how many sessions there were, and how many fingerprints were seen in
// exactly one, two and three of them.
type census struct {
	sessions uint64
	seen     [4]uint64
	// looks is how many different fingerprints there were.
	looks uint64
	// before is the share of strangers to be expected before anything was seen.
	before likelihood
}

func (l *Ledger) census() (c census) {
	c.sessions, c.before = uint64(l.gone), unit/2
	if l.usual != 0 {
		c.before = l.usual
	}
	c.seen[1], c.seen[2] = uint64(l.goneOnce), uint64(l.goneTwice)
	c.looks = c.seen[1] + c.seen[2]
	for i := range l.size {
		c.sessions += uint64(l.slots[i].visits)
		visits, first := l.visits(i)
		if first {
			c.looks++
		}
		if first && visits < len(c.seen) {
			c.seen[visits]++
		}
	}
	const limit = 1 << 20
	c.sessions = min(c.sessions, limit)
	for i := range c.seen {
		c.seen[i] = min(c.seen[i], limit)
	}
	return c
}

// visits is how many sessions showed the fingerprint of slot i, and whether i is the first slot that has it.
func (l *Ledger) visits(i int) (visits int, first bool) {
	first = true
	for j := range l.size {
		if l.slots[j].fingerprint == l.slots[i].fingerprint {
			visits += int(l.slots[j].visits)
			first = first && j >= i
		}
	}
	return visits, first
}

// guess is how many sessions' worth of evidence is what to expect of the network's addresses.
const guess = 2

// unseen is the share of the address's visitors that were never seen there before: of n sessions after the first, those that showed what
// was shown once, n1, by Good and Turing, and what is usual in the network. (n1·(n-1)/n + 2·usual)/(n-1+2).
func (c *census) unseen() likelihood {
	n := max(c.sessions, 1)
	once := likelihood(min(c.seen[1], n))*unit - ratio(min(c.seen[1], n), n)
	return (once + guess*c.before) / likelihood(n-1+guess)
}

// expect is the share of sessions that a visitor seen in so many of them may be expected to have: (m+1/2)/(n+2), but where
// visitors seen m times hardly ever become visitors seen m+1 times, as behind a gateway with a new address for everybody each time,
// no more than Good's (m+1)·n(m+1)/n(m) in the place of m.
func (c *census) expect(visits uint64) likelihood {
	usual := ratio(2*visits+1, 2*(c.sessions+2))
	if visits == 0 || visits+1 >= uint64(len(c.seen)) {
		return usual
	}
	seldom := ratio((visits+1)*(2*c.seen[visits+1]+2), 2*c.seen[visits]+1)
	return min(usual, seldom/likelihood(c.sessions+2))
}

// twins is how many more devices are to be expected behind a fingerprint that was seen at the address than the one: where x devices that
// look so are to be expected in all, and one is there, x/(1-e^-x) are, of which x(3+x)/(6+x) are the others, about. How many devices
// there are follows from how many looks there are: people have a phone beside a computer, which are no twins, but where looks are many,
// each has several devices behind it.
func (c *census) twins(share likelihood) likelihood {
	looks := min(max(c.looks, 1), 256)
	eighths := 8 + (looks-1)*(8/pairs) + looks*looks*8/crowding
	x := share * likelihood(eighths) / 8
	return x.times(ratioOf(3*unit+x, 6*unit+x))
}

// Unseen is that share in percent at a time: near 100 behind a mobile network's gateway, low in a home.
func (l *Ledger) Unseen(at time.Time) int64 {
	l.age(tickOf(stampOf(at)))
	c := l.census()
	return int64(100 * c.unseen() / unit)
}

// Visitors is how many devices share the address, about: those seen within a month, divided by the share of visits that
// come from devices seen before (Good's coverage). 1 is a visitor alone, or an address never seen.
func (l *Ledger) Visitors(at time.Time) int64 {
	l.age(tickOf(stampOf(at)))
	c := l.census()
	devices := uint64(l.goneOnce)
	for i := range l.size {
		if l.slots[i].confirmed() || l.pools(i) {
			devices++
		}
	}
	if devices < 2 {
		return 1
	}
	return int64(devices * (c.sessions + 2) / (c.sessions - min(c.seen[1], c.sessions) + 1))
}

// pools says whether slot i is the first of the nameless ones of its fingerprint, which count as one device.
func (l *Ledger) pools(i int) bool {
	for j := range i {
		if l.slots[j].fingerprint == l.slots[i].fingerprint && !l.slots[j].confirmed() {
			return false
		}
	}
	return true
}

// HourlyRate is how many sessions the address has opened within the last one to two hours, at most 510.
func (l *Ledger) HourlyRate(at time.Time) int64 {
	switch hour := hourOf(at); {
	case hour == l.hour:
		return int64(l.rate) + int64(l.before)
	case hour == l.hour+1:
		return int64(l.rate)
	}
	return 0
}

func hourOf(at time.Time) uint16 { return uint16(at.Unix() / 3600) }

// Collision is how many other visitors of the address are to be expected within a span who look the same as the sight, in
// hundredths: sessions an hour, times the share of visitors who are new there and look so. A session without any key is to be
// joined by address and headers only where that is at most 20.
func (l *Ledger) Collision(s *Sight, share Share, within time.Duration) int64 {
	perHour := uint64(l.HourlyRate(s.At))
	c := l.census()
	expected := c.unseen().times(likelihood(share)) * likelihood(perHour)
	return int64(uint64(expected) * uint64(max(0, within/time.Minute)) / 60 * 100 >> unitBits)
}

// find is the slot of a device, -1 when it has none.
func (l *Ledger) find(device Ref, fingerprint uint32) int {
	for i := range l.size {
		if l.slots[i].device == device && l.slots[i].fingerprint == fingerprint {
			return i
		}
	}
	return -1
}

// knows says whether somebody who looked so was seen at the address.
func (l *Ledger) knows(fingerprint uint32) bool {
	for i := range l.size {
		if l.slots[i].fingerprint == fingerprint {
			return true
		}
	}
	return false
}

// note puts down one more session of a device; again says that it was put down before, and lifted.
func (l *Ledger) note(s *Sight, device Ref, returns uint8, account uint16, again bool) {
	now := stampOf(s.At)
	l.age(tickOf(now))
	if l.first == 0 {
		l.first, l.halved = now, tickOf(now)
	}
	if !again {
		l.pace(hourOf(s.At))
	}
	i := l.find(device, short(s.Fingerprint))
	if i < 0 {
		i = l.room()
		l.slots[i] = slot{fingerprint: short(s.Fingerprint), device: device}
	}
	at := &l.slots[i]
	at.visits, at.seen = plus(at.visits, 1), max(at.seen, tickOf(now))
	l.describe(i, s, returns, account)
}

// describe brings up to date what a slot says of its device.
func (l *Ledger) describe(i int, s *Sight, returns uint8, account uint16) {
	at := &l.slots[i]
	at.returns = max(at.returns, returns)
	at.major, at.agent = uint8(min(max(0, s.Major), 255)), uint8(s.Agent)
	if account != 0 {
		at.account = account
	}
}

// pace counts a session in its hour.
func (l *Ledger) pace(hour uint16) {
	switch hour {
	case l.hour:
	case l.hour + 1:
		l.hour, l.before, l.rate = hour, l.rate, 0
	default:
		l.hour, l.before, l.rate = hour, 0, 0
	}
	l.rate = plus(l.rate, 1)
}

// room is a free slot, made by forgetting the device seen longest ago; of several, the nameless and least seen goes first.
func (l *Ledger) room() int {
	if l.size < LedgerSlots {
		l.size++
		return l.size - 1
	}
	worst := 0
	for i := 1; i < l.size; i++ {
		if l.worth(i) < l.worth(worst) {
			worst = i
		}
	}
	s := &l.slots[worst]
	l.gone += uint32(s.visits)
	switch visits, _ := l.visits(worst); {
	case visits > int(s.visits):
	case visits == 1:
		l.goneOnce++
	case visits == 2:
		l.goneTwice = plus16(l.goneTwice, 1)
	}
	return worst
}

// worth orders slots by what they are worth keeping: by time of the last visit, to which each doubling of visits adds two days.
func (l *Ledger) worth(i int) int64 {
	s := &l.slots[i]
	return int64(s.seen) + Log2(int64(s.visits))*2*ticksADay/100
}

// unite makes what one device did at the address another's: they turned out to be the same, and had a visit in common when
// shared says so.
func (l *Ledger) unite(from, into Ref) {
	for i := 0; i < l.size; i++ {
		if l.slots[i].device != from {
			continue
		}
		old := l.slots[i]
		j := l.find(into, old.fingerprint)
		if j < 0 {
			l.slots[i].device = into
			continue
		}
		kept := &l.slots[j]
		kept.visits, kept.returns = plus(kept.visits, int(old.visits)), max(kept.returns, old.returns)
		if kept.seen < old.seen {
			kept.seen, kept.major, kept.agent = old.seen, old.major, old.agent
		}
		if kept.account == 0 {
			kept.account = old.account
		}
		l.size--
		l.slots[i] = l.slots[l.size]
		i--
	}
}

// lift takes out one session of a device, and gives what was known of it: a session is no evidence of whose it is itself. The slot is
// the zero one where there was none.
func (l *Ledger) lift(device Ref, fingerprint uint32) (out slot) {
	i := l.find(device, fingerprint)
	if device == 0 || i < 0 {
		return slot{}
	}
	out = l.slots[i]
	if out.visits > 1 {
		l.slots[i].visits--
		return out
	}
	l.size--
	l.slots[i] = l.slots[l.size]
	return out
}
