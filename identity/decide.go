package identity

import "wayguard/event"

// certain are the odds of a link by a key that nobody else shows: those of no copy, as far as can be told.
const certain = 2000

// agreement is what it adds that account and address name the same device, in centibits.
const agreement = 100

// nearness is how much likelier a device of the account is in a network that it was seen in before than any other that looks the
// same: 3 bits, in places.
const nearness = 3

// keepsBits is how many more it takes to link a session that keeps a key from now on: where that is wrong, it stays wrong for as long
// as the key lives.
const keepsBits = 150

// claim is a device that something speaks for.
type claim struct {
	place        int // among the devices, -1 for none
	tier         Tier
	bits, margin int64
}

// Decide says which device the sight is of. It is called once, after Follow has named nothing more.
func (q *Inquiry) Decide() Decision {
	d := q.decide()
	if q.demanded != (rawID{}) && d.Device != q.demanded.id() && q.again() == nil {
		d = q.obey()
	}
	return d
}

// again makes all records what they were before they were decided on.
func (q *Inquiry) again() error {
	q.decision, q.recounted = Decision{}, false
	if err := q.read(q.held); err != nil {
		return err
	}
	for i := range q.keys {
		if p := &q.keys[i]; !p.given {
			p.good = p.Key.show(&q.sight)
		}
	}
	for i := range q.devices[:q.deviceCount] {
		p := &q.devices[i]
		if p.touched = false; load(&p.device, q.held, p.key) != nil {
			p.device = Device{}
		}
	}
	return nil
}

func (q *Inquiry) decide() Decision {
	q.verify(&q.byAccount)
	q.verify(&q.atAddress)
	if q.part() {
		return q.decision
	}
	key, account, address := q.claims()
	least := int64(LinkBits)
	if q.keeps() {
		least += keepsBits
	}
	found, related := strongest(least, key, account, address)
	current := q.at(q.bond.device.ref())
	chosen := q.hold(current, found)
	d := &q.decision
	if chosen.place >= 0 {
		d.Device, d.Tier, d.Bits, d.Margin = q.devices[chosen.place].device.ID(), chosen.tier, chosen.bits, chosen.margin
		q.target = chosen.place
		if chosen.place != found.place && found.place >= 0 {
			related = found.place
		}
	} else {
		q.open(related)
	}
	q.leave(current)
	q.takeIn()
	if !d.New {
		q.unify(account)
		q.unify(address)
		q.absorb()
	}
	if related >= 0 && q.at(q.devices[related].ref) != q.target {
		d.Related = q.devices[related].device.ID()
	}
	d.Device = q.devices[q.target].device.ID()
	d.Near = q.near(&q.devices[q.target].device)
	switch {
	case d.New:
		d.Confidence = percent(q.strangeness())
	case d.Tier == New || d.Tier == Ambiguous:
		d.Confidence = int64(q.bond.sure)
	default:
		d.Confidence = percent(d.Bits)
	}
	q.explain()
	return *d
}

// obey answers with the device that was demanded.
func (q *Inquiry) obey() Decision {
	d := &q.decision
	if q.target = q.at(q.demanded.ref()); q.target < 0 {
		q.bond = Bond{}
		q.open(-1)
		return *d
	}
	d.Device, d.Tier, d.Bits, d.Margin = q.devices[q.target].device.ID(), ByKey, certain, certain
	d.Confidence = percent(certain)
	return *d
}

// open makes a new device, which a session that had one already keeps the id of.
func (q *Inquiry) open(related int) {
	d := &q.decision
	d.Device, d.New, d.Tier = q.sight.Fresh, true, New
	if q.bond.device != (rawID{}) {
		d.Device = q.bond.device.id()
	}
	if related >= 0 {
		d.Tier = Ambiguous
	}
	raw, _ := rawOf(d.Device)
	if q.target = q.want(raw.ref()); q.target < 0 { // the last candidate makes room: it was not chosen
		q.target = deviceLimit - 1
	}
	p := &q.devices[q.target]
	if p.ref == raw.ref() && p.loaded && p.device.Known() && p.device.into == (rawID{}) {
		return // it is there already: the event came before
	}
	*p = devicePiece{ref: raw.ref(), key: DeviceKey(q.sight.Environment, raw.ref()), loaded: true}
	p.device.id, p.device.bits = raw, certain
}

// placed weighs where a device of the account is. One that looks like half the world counts only in a network that it was seen in: a
// password can be stolen.
func (q *Inquiry) placed(o *candidate, d *Device) bool {
	if q.near(d) {
		o.weight <<= nearness
		return true
	}
	return Share(q.share).Bits() >= plainFloor
}

// near says whether the device was seen at the sight's address or network before.
func (q *Inquiry) near(d *Device) bool {
	for _, p := range d.addresses[:d.addressed] {
		if p.hash == short(q.sight.Address) && q.sight.Address != 0 {
			return true
		}
	}
	for _, p := range d.networks[:d.networked] {
		if p.hash == short(q.sight.Network) && q.sight.Network != 0 {
			return true
		}
	}
	return false
}

// strangeness are the odds that nobody known is the visitor, in centibits.
func (q *Inquiry) strangeness() int64 {
	odds := int64(-certain)
	for _, c := range [...]*contest{&q.byAccount, &q.atAddress} {
		if c.size > 0 {
			o, _ := c.odds()
			odds = max(odds, o)
		}
	}
	return -odds
}

// verify looks at the candidates' own records: those that turned out to be another count for that one, those that cannot be
// the one go.
func (q *Inquiry) verify(c *contest) {
	for i := 0; i < min(c.size, contenders); i++ {
		o := &c.list[i]
		place := q.at(o.device)
		if place < 0 || q.denied(&q.devices[place].device) {
			c.drop(i)
			i--
			continue
		}
		if c == &q.byAccount && !q.placed(o, &q.devices[place].device) {
			c.drop(i)
			i--
			continue
		}
		o.device = q.devices[place].device.id.ref()
		q.judgeOwner(o, &q.devices[place].device)
		for j := range i {
			if c.list[j].device == o.device {
				c.list[j].weight += o.weight
				c.drop(i)
				i--
				break
			}
		}
	}
	c.sort()
	c.compete()
}

// denied says whether the device cannot be the one, whatever speaks for it.
func (q *Inquiry) denied(d *Device) bool {
	s := &q.sight
	if q.bond.device != (rawID{}) && d.forbids(q.bond.device.ref()) {
		return true
	}
	for _, l := range d.looks[:d.looked] {
		if l.fingerprint == s.Fingerprint && s.Major > 0 && int64(l.major) > s.Major {
			return true // a browser does not go back
		}
	}
	for i := range q.keys {
		if p := &q.keys[i]; p.good && p.Key.device != (rawID{}) && d.forbids(p.Key.device.ref()) {
			return true
		}
	}
	return false
}

// judgeOwner corrects a candidate of an address by the accounts that its record knows of.
func (q *Inquiry) judgeOwner(o *candidate, d *Device) {
	account := q.account()
	if account == 0 || o.slot < 0 {
		return
	}
	mine, barredThere := d.owner(account) >= 0, o.account != 0 && o.account != uint16(account>>48)
	switch {
	case mine && barredThere:
		o.weight <<= 6
	case !mine && !barredThere && d.ownedBy > 0 && o.account == 0:
		o.weight = o.weight.times(barred)
	}
	if !mine && d.owned > 1 { // families share devices
		o.weight <<= 3
	}
}

// claims are what keys, accounts and the address speak for. Account and address that agree count once, for more.
func (q *Inquiry) claims() (key, account, address claim) {
	key = claim{q.holder(), ByKey, certain, certain}
	account, address = q.claimOf(&q.byAccount, ByAccount), q.claimOf(&q.atAddress, ByAddress)
	if address.place >= 0 && !q.ledger.enough(&q.sight, q.share) {
		address = claim{place: -1}
	}
	if account.place >= 0 && account.place == address.place {
		account.bits = max(account.bits, address.bits) + agreement
		account.margin = max(account.margin, address.margin)
		address = claim{place: -1}
	}
	return key, account, address
}

// keeps says whether the visitor keeps a key from now on.
func (q *Inquiry) keeps() bool { return len(q.sight.Given) > 0 || len(q.sight.Keys) > 0 }

// strongest is the claim that links, of place -1 when none does, and the place of a device that is merely related.
func strongest(least int64, claims ...claim) (found claim, related int) {
	found, related = claim{place: -1}, -1
	for _, c := range claims {
		switch {
		case c.place < 0:
		case c.bits >= least && found.place < 0:
			found = c
		case c.bits >= RelatedBits && related < 0 && c.place != found.place:
			related = c.place
		}
	}
	return found, related
}

func (q *Inquiry) claimOf(c *contest, tier Tier) claim {
	best := c.best()
	if best == nil {
		return claim{place: -1}
	}
	bits, margin := c.odds()
	return claim{q.at(best.device), tier, bits, margin}
}

// holder is the device of the key that was returned most, -1 when none proves anything.
func (q *Inquiry) holder() int {
	best, returns := -1, uint16(0)
	for i := range q.keys {
		p := &q.keys[i]
		if p.given || p.Key.device == (rawID{}) || q.homemade(&p.Key) {
			continue
		}
		if !p.good {
			q.decision.Forked = true
			continue
		}
		if place := q.at(p.Key.device.ref()); place >= 0 && (best < 0 || p.Key.returns > returns) {
			best, returns = place, p.Key.returns
		}
	}
	return best
}

// homemade says whether the session was given the key itself, or showed it first: that says nothing more than that it is this session.
func (q *Inquiry) homemade(k *Key) bool {
	return q.bond.tier != 0 && !q.bond.alien(&q.sight) && !q.sight.Opened.IsZero() && k.first >= stampOf(q.sight.Opened)
}

// hold decides between the device that the session is linked to and what the evidence says now. A key is not outweighed, and
// else it takes clearly better odds to leave, unless the session made its device itself.
func (q *Inquiry) hold(current int, found claim) claim {
	if current < 0 {
		return found
	}
	kept := claim{current, q.bond.Tier(), q.bond.Bits(), q.bond.Bits()}
	const clearly = 200
	switch {
	case found.place < 0:
		return kept
	case found.place == current:
		if found.bits < kept.bits {
			found.bits, found.tier = kept.bits, kept.tier
		}
		return found
	case found.tier == ByKey && q.bond.alien(&q.sight):
		return found
	case kept.tier == ByKey, q.pinned(current, found.place):
		return kept
	case q.bond.made, found.tier == ByKey, found.bits >= kept.bits+clearly:
		return found
	}
	return kept
}

func (q *Inquiry) pinned(a, b int) bool {
	x, y := &q.devices[a], &q.devices[b]
	return x.device.forbids(y.ref) || y.device.forbids(x.ref)
}

// leave takes the session from the device that it was linked to before. A device that the session had made itself was never
// another: it becomes the one found.
func (q *Inquiry) leave(current int) {
	if current < 0 || current == q.target {
		return
	}
	old := &q.devices[current]
	if q.bond.made && old.device.sessions <= 1 && !q.bond.alien(&q.sight) {
		q.unmake(&old.device)
		q.merge(current)
		return
	}
	q.decision.Left = old.device.ID()
	if old.device.sessions > 0 {
		old.device.sessions--
	}
	old.touched = true
}

// takeIn makes the device that a fragment of this session had made one with the session's.
func (q *Inquiry) takeIn() {
	place := q.at(q.fragment.device.ref())
	if place < 0 || place == q.target || !q.fragment.made || q.pinned(q.target, place) {
		return
	}
	if old := &q.devices[place]; old.device.sessions <= 1 {
		q.unmake(&old.device)
		q.merge(place)
	}
}

// unmake takes a device that this session had made out of the counts: it never was one, and the session is counted where it belongs.
func (q *Inquiry) unmake(d *Device) {
	d.sessions = 0
	if epoch := epochOf(q.now()) + 1; d.counted == epoch && q.devices[q.target].device.counted == epoch {
		q.crowd.leave()
		q.recounted = true
	}
}

// explain says what the odds were made of.
func (q *Inquiry) explain() {
	d := &q.decision
	because := make([]event.Reason, 0, 5)
	if q.sight.Fingerprint != 0 {
		because = append(because, reason("fingerprint.centibits", Share(q.share).Bits()))
	}
	switch {
	case d.Tier == ByKey:
		because = append(because, reason("key.returns", q.returns()))
	case d.Tier == ByAccount && len(q.proven()) > 0:
		because = append(because, reason("account.logins", q.accounts[0].Logins()), reason("account.devices", q.accounts[0].Devices()))
	}
	if q.sight.Address != 0 && d.Tier != ByKey {
		known := q.ledger.census()
		because = append(because, reason("address.sessions", int64(known.sessions)), reason("address.unseen_percent", int64(100*known.unseen()/unit)))
	}
	d.Because = because
}

func (q *Inquiry) returns() int64 {
	most := uint16(0)
	for i := range q.keys {
		if q.keys[i].good {
			most = max(most, q.keys[i].Key.returns)
		}
	}
	return int64(most)
}
