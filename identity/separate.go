package identity

import (
	"time"

	"wayguard/event"
)

// Separate takes apart what was held to be one device: from now on the keys and accounts given belong to the other part, and nothing
// joins the two again, whatever speaks for it. part is the record that an id led on from, which is a device again under its old id,
// or an empty one, which becomes a new device of the id fresh. The whole keeps its id; who has more proof was decided when they were
// made one. All records are changed in place and are to be stored.
func Separate(whole, part *Device, keys []*Key, accounts []*Account, fresh event.ID, at time.Time) error {
	raw := part.id
	if !part.Known() {
		var ok bool
		if raw, ok = rawOf(fresh); !ok {
			return errID
		}
	}
	now := stampOf(at)
	*part = Device{id: raw, first: now, last: now, bits: certain}
	whole.Pin(raw.ref())
	part.Pin(whole.id.ref())
	for _, k := range keys {
		k.device = raw
		if part.keyFirst == 0 || k.first < part.keyFirst {
			part.keyFirst, part.first = k.first, k.first
		}
		part.keyLast, part.last = max(part.keyLast, k.last), max(part.last, k.last)
		part.returns = plus16(part.returns, int(k.returns))
	}
	for _, a := range accounts {
		a.unite(whole.id.ref(), raw.ref())
	}
	return nil
}
