package identity

import (
	"time"

	"wayguard/event"
)

// The guards of a merge (science 1.5.6).
const (
	mergeSessionsADay = 64
	mergeAccounts     = 6
	mergeNetworks     = 4
)

// mergeable says whether two devices may be made one: not where that would be more sessions a day, accounts or networks at once
// than one device has.
func mergeable(a, b *Device, now stamp) bool {
	if a.id == b.id || !a.Known() || !b.Known() || a.forbids(b.id.ref()) || b.forbids(a.id.ref()) {
		return false
	}
	if a.keyFirst != 0 && b.keyFirst != 0 && a.keyFirst <= b.keyLast && b.keyFirst <= a.keyLast {
		return false // both kept showing keys of their own within the same days
	}
	days := int64(min(a.first, b.first).since(max(a.last, b.last)))/minutesADay + 1
	if int64(a.sessions)+int64(b.sessions) > mergeSessionsADay*days || int(a.owned)+int(b.owned) > mergeAccounts {
		return false
	}
	live := 0
	for _, d := range [...]*Device{a, b} {
		for _, n := range d.networks[:d.networked] {
			if n.seen.since(now) < 60 {
				live++
			}
		}
	}
	return live <= mergeNetworks
}

// take adds what another device was to this one.
func (d *Device) take(o *Device) {
	d.first, d.last = min(d.first, o.first), max(d.last, o.last)
	if d.first == 0 {
		d.first = o.first
	}
	d.sessions += o.sessions
	d.keyLast = max(d.keyLast, o.keyLast)
	if d.keyFirst == 0 || o.keyFirst != 0 && o.keyFirst < d.keyFirst {
		d.keyFirst = o.keyFirst
	}
	d.returns, d.lapses = plus16(d.returns, int(o.returns)), plus16(d.lapses, int(o.lapses))
	d.counted = max(d.counted, o.counted)
	d.suspicious, d.malicious = plus(d.suspicious, int(o.suspicious)), plus(d.malicious, int(o.malicious))
	if o.suspicion > d.suspicion {
		d.suspicion, d.worried = o.suspicion, o.worried
	}
	if d.person == (rawID{}) {
		d.person = o.person
	}
	if d.actor == (rawID{}) {
		d.actor = o.actor
	}
	d.bits = min(d.bits, o.bits)
	for _, l := range o.looks[:o.looked] {
		d.look(l)
	}
	for _, p := range o.addresses[:o.addressed] {
		d.addressed = visit(d.addresses[:], d.addressed, p)
	}
	for _, p := range o.networks[:o.networked] {
		d.networked = visit(d.networks[:], d.networked, p)
	}
	for _, w := range o.owners[:o.ownedBy] {
		d.own(w)
	}
	for _, p := range o.pins[:o.pinned] {
		d.Pin(p)
	}
}

// look notes a fingerprint; the one shown longest ago goes first.
func (d *Device) look(l look) {
	at := -1
	for i := range d.looks[:d.looked] {
		if d.looks[i].fingerprint == l.fingerprint {
			at = i
		}
	}
	switch {
	case at >= 0:
		d.looks[at].major, d.looks[at].seen = max(d.looks[at].major, l.major), max(d.looks[at].seen, l.seen)
		d.looks[at].counted = max(d.looks[at].counted, l.counted)
		return
	case d.looked < DeviceLooks:
		at = int(d.looked)
		d.looked++
	default:
		at = 0
		for i := range d.looks {
			if d.looks[i].seen < d.looks[at].seen {
				at = i
			}
		}
	}
	d.looks[at] = l
}

// visit notes an address or network; the one seen longest ago goes first.
func visit(places []place, size uint8, p place) uint8 {
	at := -1
	for i := range places[:size] {
		if places[i].hash == p.hash {
			places[i].visits, places[i].seen = plus(places[i].visits, int(p.visits)), max(places[i].seen, p.seen)
			return size
		}
		if at < 0 || places[i].seen < places[at].seen {
			at = i
		}
	}
	if int(size) < len(places) {
		at = int(size)
		size++
	}
	places[at] = p
	return size
}

// own notes an account that was proven on the device; the one proved longest ago goes first.
func (d *Device) own(w owner) {
	at := d.owner(w.account)
	switch {
	case at >= 0:
		o := &d.owners[at]
		o.first, o.last, o.logins = min(o.first, w.first), max(o.last, w.last), plus(o.logins, int(w.logins))
		return
	case d.ownedBy < DeviceAccounts:
		at = int(d.ownedBy)
		d.ownedBy++
	default:
		at = 0
		for i := range d.owners {
			if d.owners[i].last < d.owners[at].last {
				at = i
			}
		}
	}
	d.owned = plus(d.owned, 1)
	d.owners[at] = w
}

// Put is what Changes calls for each record to be stored, and for how long. The bytes are good until the next call.
type Put func(key string, value []byte, life time.Duration)

// Changes notes the sight on the device decided on, hands on all records that changed, and gives the bond that the session
// keeps. It is called once, after Decide.
func (q *Inquiry) Changes(put Put) Bond {
	p := &q.devices[q.target]
	p.touched = true
	again := q.bond.tier != 0 && q.bond.device == p.device.id
	q.noteDevice(&p.device, again)
	q.noteAccounts(&p.device)
	q.notePerson(&p.device)
	q.noteLedger(&p.device)
	q.noteKeys(&p.device, put)
	q.noteCrowds(&p.device, put)
	q.noteChorus(&p.device, again, put)
	if q.ledgerKey != "" {
		q.packed = q.ledger.Append(q.packed[:0])
		put(q.ledgerKey, q.packed, Month)
	}
	if q.turned {
		q.packed = q.turnover.Append(q.packed[:0])
		put(q.turnoverKey, q.packed, CrowdReach)
	}
	for i := range q.proven() {
		q.packed = q.accounts[i].Append(q.packed[:0])
		put(q.accountKeys[i], q.packed, Retention)
	}
	for i := range q.devices[:q.deviceCount] {
		if d := &q.devices[i]; d.touched {
			q.packed = d.device.Append(q.packed[:0])
			put(d.key, q.packed, Retention)
		}
	}
	for i := range q.persons[:q.personCount] {
		if p := &q.persons[i]; p.touched {
			q.packed = p.person.Append(q.packed[:0])
			put(p.key, q.packed, Retention)
		}
	}
	return q.tie(&p.device)
}

// Person is the id of the person of the device decided on, empty when none is known. It is right after Changes.
func (q *Inquiry) Person() event.ID { return q.devices[q.target].device.Person() }

// PersonRecord is the person of the sight, as Changes noted it; nil when the sight proved no account.
func (q *Inquiry) PersonRecord() *Person {
	if p := q.personAt(q.devices[q.target].device.person); p != nil {
		return &p.person
	}
	return nil
}

// Each calls visit with each device that was loaded.
func (q *Inquiry) Each(visit func(*Device)) {
	for i := range q.devices[:q.deviceCount] {
		if p := &q.devices[i]; p.loaded && p.device.Known() {
			visit(&p.device)
		}
	}
}

// Target is the device decided on, as Changes noted it. It is good until the next Open.
func (q *Inquiry) Target() *Device { return &q.devices[q.target].device }

// Ledger is the ledger of the sight's address. It is good until the next Open, and is of an address never seen before the first
// Follow.
func (q *Inquiry) Ledger() *Ledger { return &q.ledger }

// Share is how many others are expected to look the same, as the crowds tell. It is right after the first Follow.
func (q *Inquiry) Share() Share { return Share(q.share) }

// Accounts are the records of the accounts that the sight proved; the risk of the login is asked of them before Changes.
func (q *Inquiry) Accounts() []Account { return q.accounts[:len(q.proven())] }

// noteDevice notes the sight on its device; again says that it has counted the session already.
func (q *Inquiry) noteDevice(d *Device, again bool) {
	s, now := &q.sight, q.now()
	if d.first == 0 {
		d.first = now
	}
	d.last = max(d.last, now)
	if !again {
		d.sessions++
		if q.decision.Tier == ByKey {
			d.returns, d.keyLast = plus16(d.returns, 1), max(d.keyLast, now)
			if d.keyFirst == 0 {
				d.keyFirst = now
			}
		} else if d.returns > 0 {
			d.lapses = plus16(d.lapses, 1)
		}
		if !q.decision.New && q.decision.Tier != ByKey {
			d.bits = int16(min(int64(d.bits), q.decision.Bits))
		}
	}
	if again && d.returns == 0 && q.returned(d) {
		d.returns = 1 // it sends keys back, so it will hardly come without
	}
	if s.Fingerprint != 0 {
		d.look(look{fingerprint: s.Fingerprint, major: uint16(min(max(0, s.Major), 1<<16-1)), seen: now})
	}
	if s.Address != 0 {
		d.addressed = visit(d.addresses[:], d.addressed, place{short(s.Address), 1, now})
		d.networked = visit(d.networks[:], d.networked, place{short(s.Network), 1, now})
	}
}

// returned says whether the session sent back a key of the device.
func (q *Inquiry) returned(d *Device) bool {
	for i := range q.keys {
		if p := &q.keys[i]; !p.given && p.good && p.Key.device == d.id {
			return true
		}
	}
	return false
}

// noteAccounts notes what the sight proved, once a session.
func (q *Inquiry) noteAccounts(d *Device) {
	for i, account := range q.proven() {
		if i == 0 && q.bond.tier != 0 && q.bond.account == short(account) && q.bond.device == d.id {
			return
		}
		d.own(owner{account, q.now(), q.now(), 1})
		q.accounts[i].prove(&q.sight, d.id.ref())
		q.accounts[i].history.remember(&q.sight, d.id.ref())
	}
}

// noteLedger notes the session in the ledger of its address, once for each address that it came from.
func (q *Inquiry) noteLedger(d *Device) {
	s := &q.sight
	if s.Address == 0 || s.Fingerprint == 0 {
		return
	}
	again, account := q.own.visits > 0, uint16(q.account()>>48)
	if again && account == 0 && q.at(q.own.device) == q.target {
		account = q.own.account
	}
	q.noteTurnover()
	q.ledger.note(s, d.id.ref(), uint8(min(d.returns, 255)), account, again)
}

// noteTurnover counts whether the visitor looks like somebody seen at the address before, the last word on it.
func (q *Inquiry) noteTurnover() {
	l, b := &q.ledger, &q.bond
	again := b.tier != 0 && b.address == short(q.sight.Address)
	q.counted, q.strange = again && b.counted, !l.knows(short(q.sight.Fingerprint))
	switch {
	case q.counted && b.strange != q.strange:
		q.turnover.amend(q.strange)
	case again || l.size == 0 || !q.turnover.counts(RefOf(q.sight.Fresh)):
		return
	default:
		q.counted = true
		q.turnover.note(q.strange)
	}
	q.turned = true
}

// noteKeys binds the keys of the sight to the device.
func (q *Inquiry) noteKeys(d *Device, put Put) {
	for i := range q.keys {
		p := &q.keys[i]
		life := keyLife
		switch {
		case p.given && p.Key.device != (rawID{}):
			continue // handed out again
		case p.given:
			if life = givenLife; q.ledger.HourlyRate(q.sight.At) > givenRate {
				life = strangerLife
			}
			p.Key = Key{device: d.id, kind: short(q.sight.Kind), first: q.now(), last: q.now()}
		case p.Key.device == (rawID{}):
			p.Key.device, life = d.id, strangerLife
		case !p.good:
		case q.search(p.Key.device.ref()) >= 0 && q.at(p.Key.device.ref()) == q.target:
			p.Key.device = d.id
		}
		q.packed = p.Key.Append(q.packed[:0])
		put(p.key, q.packed, life)
	}
}

// givenRate is how many sessions an hour an address may open before the keys given to it are kept only briefly: a tool that
// throws every cookie away would fill the memory with them.
const givenRate = 60

// noteCrowds counts the device where it was not counted yet in this epoch: at once among all, but among those who look so only when it
// came back. A program that shows up a thousand times as somebody new would make everybody else look rare.
func (q *Inquiry) noteCrowds(d *Device, put Put) {
	epoch := epochOf(q.now()) + 1
	q.count(&q.crowd, q.crowdKey, d.counted < epoch, put)
	if q.recounted && d.counted == epoch {
		q.packed = q.crowd.Append(q.packed[:0])
		put(q.crowdKey, q.packed, CrowdReach)
	}
	d.counted = max(d.counted, epoch)
	if d.sessions < 2 {
		return
	}
	spoken := uint16(0)
	for _, l := range d.looks[:d.looked] {
		spoken = max(spoken, l.counted)
	}
	for i := range d.looks[:d.looked] {
		if l := &d.looks[i]; l.fingerprint == q.sight.Fingerprint {
			q.count(&q.speakers, q.speakKey, spoken < epoch, put)
			q.count(&q.looks, q.looksKey, l.counted < epoch, put)
			l.counted = max(l.counted, epoch)
		}
	}
}

// count puts one more into a crowd.
func (q *Inquiry) count(c *Crowd, key string, counts bool, put Put) {
	if key == "" || !counts {
		return
	}
	c.Note(q.sight.At)
	q.packed = c.Append(q.packed[:0])
	put(key, q.packed, CrowdReach)
}

// noteChorus compares the User-Agent with that of the device before.
func (q *Inquiry) noteChorus(d *Device, again bool, put Put) {
	if again || d.sessions < 2 || q.chorusKey == "" || q.chorus.pairs >= turnoverFew && RefOf(q.sight.Fresh)%turnoverSample != 0 {
		return
	}
	q.chorus.note(&q.sight, d.id.ref())
	q.packed = q.chorus.Append(q.packed[:0])
	put(q.chorusKey, q.packed, CrowdReach)
}

// tie is the bond that the session keeps.
func (q *Inquiry) tie(d *Device) Bond {
	s := &q.sight
	b := Bond{device: d.id, tier: q.decision.Tier.number(), bits: int16(min(q.decision.Bits, 1<<14)), made: q.decision.New,
		sure: uint8(q.decision.Confidence), near: q.decision.Near, counted: q.counted, strange: q.strange}
	if q.bond.device == d.id {
		b.made = q.bond.made
		b.account, b.key = q.bond.account, q.bond.key
	}
	if b.kind, b.model = mark16(s.Client), mark16(s.Model); b.model == 0 && b.device == q.bond.device {
		b.model = q.bond.model
	}
	b.shown = len(s.Keys) > 0 || b.device == q.bond.device && q.bond.shown
	b.fingerprint, b.address = short(s.Fingerprint), short(s.Address)
	if account := q.account(); account != 0 {
		b.account = short(account)
	}
	for _, keys := range [...][]uint64{s.Given, s.Keys} {
		if len(keys) > 0 {
			b.key = short(keys[0])
		}
	}
	return b
}
