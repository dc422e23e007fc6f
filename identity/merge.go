package identity

// namedBits is how many more it takes to make two devices one of which one keeps keys.
const namedBits = 200

// unify makes two devices one that a session is both of: by what it was linked by, and by another claim that is as sure as a link.
func (q *Inquiry) unify(c claim) {
	if c.place < 0 || q.at(q.devices[c.place].ref) == q.target {
		return
	}
	a, b := &q.devices[q.target], &q.devices[c.place]
	least := int64(UnifyBits)
	if a.device.returns > 0 || b.device.returns > 0 || q.keeps() {
		least += namedBits
	}
	if c.bits < least {
		return
	}
	if c.tier == ByAddress && (b.device.returns > 0 || b.device.ownedBy > 0) {
		return // it has a name of its own; that this one came to its address does not make them one
	}
	if !mergeable(&a.device, &b.device, q.now()) || q.pinned(q.target, c.place) || !a.device.holdsLike(&b.device) {
		return
	}
	q.merge(c.place)
}

// holdsLike says whether the accounts of two devices do not contradict that they are one: one of them has none, or they share one.
func (d *Device) holdsLike(o *Device) bool {
	for _, w := range o.owners[:o.ownedBy] {
		if d.owner(w.account) >= 0 {
			return true
		}
	}
	return d.ownedBy == 0 || o.ownedBy == 0
}

// absorb merges a nameless device of the address that looks like the one found, where it is unlikely that it was anybody else.
func (q *Inquiry) absorb() {
	if !q.ledger.enough(&q.sight, q.share) || q.sight.Address == 0 {
		return
	}
	own, other := q.pool(q.devices[q.target].ref)
	if own == 0 || other < 0 {
		return
	}
	known := q.ledger.census()
	stranger := known.unseen().times(q.share) + floorOf(&q.sight) + q.atAddress.rivals
	if own.odds(stranger) < MergeBits || !mergeable(&q.devices[q.target].device, &q.devices[other].device, q.now()) || q.pinned(q.target, other) {
		return
	}
	q.merge(other)
}

// pool is how likely the device is to show up at the address without a key, and the first nameless device there that is
// another and looks the same, -1 for none.
func (q *Inquiry) pool(target Ref) (own likelihood, other int) {
	l, now, known := &q.ledger, tickOf(q.now()), q.ledger.census()
	other = -1
	var mine, shadows uint64
	var seen tick
	returns := uint8(0)
	confirmed := false
	for i := range l.size {
		at := &l.slots[i]
		if at.fingerprint != short(q.sight.Fingerprint) {
			continue
		}
		place := q.at(at.device)
		switch {
		case at.device == target || place >= 0 && q.devices[place].ref == target:
			mine, seen, returns = mine+uint64(at.visits), max(seen, at.seen), max(returns, at.returns)
			confirmed = confirmed || at.returns > 0
		case at.confirmed():
			confirmed = confirmed || at.returns == 0 // another account looks the same: the nameless may be either
		default:
			if shadows += uint64(at.visits); other < 0 && place >= 0 && q.devices[place].device.ownedBy == 0 {
				other = place
			}
		}
	}
	if !confirmed {
		mine += shadows
	} else if shadows > mine {
		return 0, -1 // what is seen more often without a key than this one in all is rather somebody else
	}
	return known.expect(mine).times(fade(seen.since(now)/ticksADay, 30)).times(keylessRatio(returns)), other
}

// merge makes the device at a place one with the one found. The one with more proof, or else the older one, keeps its id, and the
// other's leads to it from now on.
func (q *Inquiry) merge(from int) {
	if q.devices[from].device.before(&q.devices[q.target].device) {
		from, q.target = q.target, from
	}
	old, into := &q.devices[from], &q.devices[q.target]
	q.decision.Merged = old.device.ID()
	q.ledger.unite(old.ref, into.ref)
	for i := range q.proven() {
		q.accounts[i].unite(old.ref, into.ref)
	}
	into.device.take(&old.device)
	old.device = Device{id: old.device.id, into: into.device.id, first: q.now()}
	old.touched, into.touched = true, true
}

// before says whether the device keeps its id when it turns out to be the same as another.
func (d *Device) before(o *Device) bool {
	switch {
	case d.returns != o.returns:
		return d.returns > o.returns
	case d.first != o.first:
		return d.first < o.first
	}
	return d.id.ref() < o.id.ref()
}
