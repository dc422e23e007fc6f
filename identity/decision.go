package identity

import (
	"encoding/binary"
	"strconv"

	"wayguard/event"
)

// Tier is what links a session to its device.
type Tier string

// The tiers, from the surest to none.
const (
	// ByKey: a cookie or token that this device holds.
	ByKey Tier = "key"
	// ByAccount: an account was proven, and this browser proved it before.
	ByAccount Tier = "account"
	// ByAddress: it looks like this device, at an address where somebody else would hardly look so.
	ByAddress Tier = "address"
	// Ambiguous: several devices, or too little that speaks for one; a new device that is related to the likeliest.
	Ambiguous Tier = "ambiguous"
	// New: nothing speaks for any device known.
	New Tier = "new"
)

func tiers() [6]Tier { return [...]Tier{"", ByKey, ByAccount, ByAddress, Ambiguous, New} }

func (t Tier) number() uint8 {
	for i, known := range tiers() {
		if t == known {
			return uint8(i)
		}
	}
	return 0
}

// The thresholds of odds, in centibits (science 1.5.3).
const (
	// RelatedBits is from where on a device is told as related.
	RelatedBits = 200
	// LinkBits is from where on a session is linked to a device.
	LinkBits = 300
	// TrustBits is from where on the device's good name counts for the session.
	TrustBits = 600
	// UnifyBits is from where on two devices are held to be one when one session is of both.
	UnifyBits = 400
	// MergeBits is from where on two devices are held to be one.
	MergeBits = 800
)

// Decision says which device a session is of, and why.
type Decision struct {
	Device event.ID
	// New says that the device was never seen before.
	New  bool
	Tier Tier
	// Bits are the odds for it against everything else, Margin those against the next likeliest device, in centibits.
	Bits, Margin int64
	// Because are what the odds were made of.
	Because []event.Reason
	// Related is a device that it may be the same as, when that could not be told.
	Related event.ID
	// Merged is a device that turned out to be this one: its id now leads here. Left is the one that the session was taken
	// from, because better evidence came. Forked says that a key was shown by another browser than the one that holds it.
	Merged, Left event.ID
	// Parted is the device that a key was taken from, because two keys in turn turned out to be two browsers.
	Parted event.ID
	Forked bool
	// Near says that the network is one of the device's.
	Near bool
	// Confidence is how sure the link is, in percent.
	Confidence int64
	Person     event.ID
	Actor      event.ID
}

// Trusted says whether the device's good name may count for the session: where there are enough bits, and where not an account alone
// links from a network that the device was never seen at, which a stolen password does too.
func (d *Decision) Trusted() bool { return trusted(d.Tier, d.Bits, d.Near) }

func trusted(t Tier, bits int64, near bool) bool {
	return t == ByKey || t == ByAddress && bits >= TrustBits || t == ByAccount && bits >= TrustBits && near
}

// BondSize is how many bytes a packed bond has.
const BondSize = 42

// Bond is what a session remembers of how it was linked. The zero Bond is of a session not linked yet.
type Bond struct {
	device rawID
	tier   uint8
	bits   int16
	// sure is the confidence in percent.
	sure uint8
	// near says that the network was one of the device's when it was linked.
	near bool
	// made says that the session made its device, so that the device goes when the session turns out to be another's.
	made bool
	// shown says that the visitor sent back the key that the session gave it.
	shown bool
	// counted says that it is counted in its network's turnover, strange that it is so as one that looked like nobody before.
	counted, strange bool
	// What the decision was made on, so that a new one is made only for new evidence.
	fingerprint, address, account, key uint32
	// kind and model are of the machine that was seen; 0 is not known.
	kind, model uint16
}

// Device is the id of the session's device, empty when it is not linked.
func (b *Bond) Device() event.ID { return b.device.id() }

// Ref is the short name of the session's device, 0 when it is not linked.
func (b *Bond) Ref() Ref { return b.device.ref() }

// Redirect makes the bond lead to the device that its own turned out to be.
func (b *Bond) Redirect(into event.ID) {
	if raw, ok := rawOf(into); ok {
		b.device, b.made = raw, false
	}
}

// Tier is what linked it.
func (b *Bond) Tier() Tier {
	known := tiers()
	return known[min(int(b.tier), len(known)-1)]
}

// Bits are the odds of the link in centibits.
func (b *Bond) Bits() int64 { return int64(b.bits) }

// Trusted is Decision.Trusted of the decision that made the bond.
func (b *Bond) Trusted() bool { return trusted(b.Tier(), b.Bits(), b.near) }

// Stale says whether the sight shows what the bond was not made on, so that it is worth to inquire again.
func (b *Bond) Stale(s *Sight) bool {
	return b.tier == 0 || s.Fingerprint != 0 && b.fingerprint != short(s.Fingerprint) || s.Address != 0 && b.address != short(s.Address) ||
		s.Proven && len(s.Accounts) > 0 && b.account != short(s.Accounts[0]) || b.unheard(s) != 0 || !b.shown && len(s.Keys) > 0
}

// alien says whether the sight is of another machine than the session was: it is two visitors', or it was stolen.
func (b *Bond) alien(s *Sight) bool {
	kind, model := mark16(s.Client), mark16(s.Model)
	return b.tier != 0 && (kind != 0 && b.kind != 0 && kind != b.kind || model != 0 && b.model != 0 && model != b.model)
}

// mark16 is a short name of a hash, 0 only for 0.
func mark16(hash uint64) uint16 {
	if hash == 0 {
		return 0
	}
	return uint16(max(1, hash>>48))
}

// unheard is a key in the sight that is not the bond's.
func (b *Bond) unheard(s *Sight) uint64 {
	for _, keys := range [...][]uint64{s.Keys, s.Given} {
		if len(keys) > 0 && short(keys[0]) != b.key {
			return keys[0]
		}
	}
	return 0
}

// Load reads what Append packed; nothing is a session not linked yet.
func (b *Bond) Load(packed []byte) error {
	*b = Bond{}
	if len(packed) == 0 {
		return nil
	}
	u := unpacker{rest: packed}
	version := u.uint8()
	b.device, b.tier, b.bits = u.id(), u.uint8(), int16(u.uint16())
	b.fingerprint, b.address, b.account, b.key = u.uint32(), u.uint32(), u.uint32(), u.uint32()
	flags := u.uint8()
	b.made, b.shown, b.near = flags&1 != 0, flags&2 != 0, flags&4 != 0
	b.counted, b.strange = flags&8 != 0, flags&16 != 0
	b.sure = u.uint8()
	b.kind, b.model = u.uint16(), u.uint16()
	if version != 2 {
		return errPacked
	}
	return u.end()
}

// Append packs the bond behind b.
func (b *Bond) Append(packed []byte) []byte {
	packed = append(append(append(packed, 2), b.device[:]...), b.tier)
	packed = binary.BigEndian.AppendUint16(packed, uint16(b.bits))
	for _, n := range [...]uint32{b.fingerprint, b.address, b.account, b.key} {
		packed = binary.BigEndian.AppendUint32(packed, n)
	}
	flags := byte(0)
	for i, set := range [...]bool{b.made, b.shown, b.near, b.counted, b.strange} {
		if set {
			flags |= 1 << i
		}
	}
	packed = append(packed, flags, b.sure)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(packed, b.kind), b.model)
}

// reason is one number behind a decision.
func reason(name string, value int64) event.Reason {
	return event.Reason{Expression: name, Value: strconv.FormatInt(value, 10)}
}
