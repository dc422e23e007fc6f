package identity

// swapsToPart is how often an older key has to come back until a device is held to be two.
const swapsToPart = 2

// part makes a key's holder a device of its own where that key and another of the same place came in turn: a browser that lost a
// key never shows it again.
func (q *Inquiry) part() bool {
	place := q.holder()
	if place < 0 || q.bond.Tier() == ByKey {
		return false
	}
	d := &q.devices[place].device
	key := q.oldest()
	if key == nil || q.shows(d.jar) {
		return false
	}
	before := d.jar != 0 && key.Key.first < d.jarSince && key.Key.returns > 1
	d.jar, d.jarSince = short(key.hash)&^0xffff|uint32(key.hash&0xffff), q.now()
	if !before {
		return false
	}
	if d.swaps = plus(d.swaps, 1); d.swaps < swapsToPart {
		return false
	}
	d.swaps, d.jar, q.devices[place].touched = 0, 0, true
	q.open(-1)
	other, own := &q.devices[place], &q.devices[q.target]
	if other.ref == own.ref {
		return false
	}
	own.device.Pin(other.ref)
	other.device.Pin(own.ref)
	for i := range q.keys {
		if p := &q.keys[i]; !p.given {
			p.Key.device = own.device.id
		}
	}
	q.decision.Tier, q.decision.Bits, q.decision.Margin, q.decision.Confidence = ByKey, certain, certain, percent(certain)
	q.decision.Parted = other.device.ID()
	own.device.person = rawID{}
	q.explain()
	return true
}

// oldest is the presented key of a device that has been known longest, nil when there is none.
func (q *Inquiry) oldest() *keyPiece {
	var found *keyPiece
	for i := range q.keys {
		if p := &q.keys[i]; !p.given && p.good && p.Key.device != (rawID{}) && (found == nil || p.Key.first < found.Key.first) {
			found = p
		}
	}
	return found
}

// shows says whether the sight presents that jar's key, or none of its place.
func (q *Inquiry) shows(jar uint32) bool {
	same := false
	for i := range q.keys {
		p := &q.keys[i]
		if p.given || !p.good {
			continue
		}
		if short(p.hash)&^0xffff|uint32(p.hash&0xffff) == jar {
			return true
		}
		same = same || samePlace(p.hash, uint64(jar))
	}
	return jar != 0 && !same
}
