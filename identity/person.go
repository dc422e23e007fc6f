package identity

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"wayguard/event"
)

// The most that a person remembers of each.
const (
	PersonAccounts = 8
	PersonDevices  = 16
)

const personVersion = 1

// What it counts, in centibits, that two accounts were proven on one device: for a phone, which is nobody else's, more than for
// a computer. From sameHolder on they are held to be one person's; a device with more than hubAccounts counts for nothing.
const (
	onPhone     = 400
	onComputer  = 250
	sameHolder  = 800
	hubAccounts = 3
)

// Person is the accounts that one human being holds and the devices that they were proven on. A person is made by the first
// proof of an account; accounts come together only when they share devices that hardly anybody else uses. The zero Person was
// never seen.
type Person struct {
	id          rawID
	into        rawID
	first, last stamp
	accounts    [PersonAccounts]uint64
	devices     [PersonDevices]tenancy
	holds, uses uint8
	// suspicious and malicious count sessions of all devices that were rated so.
	suspicious, malicious uint16
}

// tenancy is a device of a person.
type tenancy struct {
	device Ref
	proofs uint8
	seen   stamp
}

// ID is the public id.
func (p *Person) ID() event.ID { return p.id.id() }

// Into is the id of the person that this one turned out to be, empty for one of its own.
func (p *Person) Into() event.ID { return p.into.id() }

// Known says whether the person was ever seen.
func (p *Person) Known() bool { return p.id != rawID{} }

// Accounts is how many accounts the person holds, at most PersonAccounts.
func (p *Person) Accounts() int64 { return int64(p.holds) }

// Devices is how many devices those were proven on, at most PersonDevices.
func (p *Person) Devices() int64 { return int64(p.uses) }

// Age is the time since the first proof.
func (p *Person) Age(at time.Time) time.Duration {
	return time.Duration(p.first.since(stampOf(at))) * time.Minute
}

// BadSessions are how many sessions of the person's devices were rated Suspicious, and Malicious.
func (p *Person) BadSessions() (suspicious, malicious int64) {
	return int64(p.suspicious), int64(p.malicious)
}

// Rate notes that a session of one of the person's devices was rated so.
func (p *Person) Rate(rating event.Rating) {
	switch rating {
	case event.Suspicious:
		p.suspicious = plus16(p.suspicious, 1)
	case event.Malicious:
		p.malicious = plus16(p.malicious, 1)
	}
}

// Load reads what Append packed; nothing is a person never seen.
func (p *Person) Load(b []byte) error {
	*p = Person{}
	if len(b) == 0 {
		return nil
	}
	u := unpacker{rest: b}
	version := u.uint8()
	p.id, p.into, p.first, p.last = u.id(), u.id(), stamp(u.uint32()), stamp(u.uint32())
	p.suspicious, p.malicious = u.uint16(), u.uint16()
	p.holds = uint8(u.count(PersonAccounts))
	for i := range p.accounts[:p.holds] {
		p.accounts[i] = u.uint64()
	}
	p.uses = uint8(u.count(PersonDevices))
	for i := range p.devices[:p.uses] {
		p.devices[i] = tenancy{Ref(u.uint64()), u.uint8(), stamp(u.uint32())}
	}
	if version != personVersion {
		return errPacked
	}
	return u.end()
}

// Append packs the person behind b.
func (p *Person) Append(b []byte) []byte {
	b = append(append(append(b, personVersion), p.id[:]...), p.into[:]...)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, uint32(p.first)), uint32(p.last))
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, p.suspicious), p.malicious)
	b = append(b, p.holds)
	for _, a := range p.accounts[:p.holds] {
		b = binary.BigEndian.AppendUint64(b, a)
	}
	b = append(b, p.uses)
	for _, d := range p.devices[:p.uses] {
		b = append(binary.BigEndian.AppendUint64(b, uint64(d.device)), d.proofs)
		b = binary.BigEndian.AppendUint32(b, uint32(d.seen))
	}
	return b
}

// hold notes an account; false when there is no room, which no human being fills.
func (p *Person) hold(account uint64) bool {
	for _, a := range p.accounts[:p.holds] {
		if a == account {
			return true
		}
	}
	if p.holds == PersonAccounts {
		return false
	}
	p.accounts[p.holds] = account
	p.holds++
	return true
}

// use notes a device; of too many the one proved longest ago goes.
func (p *Person) use(device Ref, proofs uint8, at stamp) {
	oldest := 0
	for i := range p.devices[:p.uses] {
		if d := &p.devices[i]; d.device == device {
			d.proofs, d.seen = plus(d.proofs, int(proofs)), max(d.seen, at)
			return
		}
		if p.devices[i].seen < p.devices[oldest].seen {
			oldest = i
		}
	}
	if p.uses < PersonDevices {
		oldest = int(p.uses)
		p.uses++
	}
	p.devices[oldest] = tenancy{device, proofs, at}
}

// common is how much it counts for two persons being one that they proved accounts on the same devices, in centibits; device is
// the one at hand.
func (p *Person) common(o *Person, at *Device, mobile bool) int64 {
	var sum int64
	for _, d := range p.devices[:p.uses] {
		for _, e := range o.devices[:o.uses] {
			if d.device != e.device || min(d.proofs, e.proofs) < 2 {
				continue
			}
			if sum += onComputer; d.device == at.id.ref() && mobile {
				sum += onPhone - onComputer
			}
		}
	}
	if at.owned > hubAccounts {
		return 0
	}
	return sum
}

// take adds what another person was to this one.
func (p *Person) take(o *Person) {
	p.first, p.last = min(p.first, o.first), max(p.last, o.last)
	for _, a := range o.accounts[:o.holds] {
		p.hold(a)
	}
	for _, d := range o.devices[:o.uses] {
		p.use(d.device, d.proofs, d.seen)
	}
	p.suspicious, p.malicious = plus16(p.suspicious, int(o.suspicious)), plus16(p.malicious, int(o.malicious))
}

// personLimit is how many persons one inquiry looks at: the accounts' and the devices'.
const personLimit = 4

// personPiece is a person that the sight may be of.
type personPiece struct {
	ref             Ref
	key             string
	loaded, touched bool
	person          Person
}

// wantPerson makes room for a person that is to be loaded, and names its key.
func (q *Inquiry) wantPerson(id rawID) {
	if id == (rawID{}) || q.personCount == personLimit {
		return
	}
	for i := range q.persons[:q.personCount] {
		if q.persons[i].ref == id.ref() {
			return
		}
	}
	q.persons[q.personCount] = personPiece{ref: id.ref(), key: q.name(PersonKey(q.sight.Environment, id.ref()))}
	q.personCount++
}

// meetPersons reads persons that were loaded since, and names those that accounts and devices lead to.
func (q *Inquiry) meetPersons(held Lookup) error {
	if q.account() == 0 {
		return nil
	}
	for i := 0; i < q.personCount; i++ {
		p := &q.persons[i]
		if p.loaded || q.fresh(p.key) {
			continue
		}
		if err := load(&p.person, held, p.key); err != nil {
			return fmt.Errorf("person: %w", err)
		}
		p.loaded = true
	}
	if q.round >= 3 {
		return nil
	}
	for i := range q.proven() {
		q.wantPerson(q.accounts[i].person)
	}
	for i := range q.devices[:q.deviceCount] {
		q.wantPerson(q.devices[i].device.person)
	}
	return nil
}

// personAt is a person that was loaded, through one that turned out to be another; nil when there is none.
func (q *Inquiry) personAt(id rawID) *personPiece {
	for range aliasLimit {
		var found *personPiece
		for i := range q.persons[:q.personCount] {
			if p := &q.persons[i]; p.loaded && p.person.id == id && id != (rawID{}) {
				found = p
			}
		}
		if found == nil || found.person.into == (rawID{}) {
			return found
		}
		id = found.person.into
	}
	return nil
}

// notePerson finds the person who proved to hold the account on the device. Whoever proves an account first on a device without
// a person becomes its person; two accounts on one device stay two persons until they share so much that they cannot be.
func (q *Inquiry) notePerson(d *Device) {
	if q.account() == 0 {
		return
	}
	holder, user := q.personAt(q.accounts[0].person), q.personAt(d.person)
	if holder == nil && user != nil && d.ownedBy <= 1 {
		holder = user
	}
	if holder == nil {
		if holder = q.newPerson(); holder == nil {
			return
		}
	}
	now := q.now()
	for i, account := range q.proven() {
		if holder.person.hold(account) && (i == 0 || q.accounts[i].person == (rawID{})) {
			q.accounts[i].person = holder.person.id
		}
	}
	holder.person.use(d.id.ref(), 1, now)
	holder.person.last, holder.touched = max(holder.person.last, now), true
	if user != nil && user != holder && user.person.common(&holder.person, d, q.sight.Mobile) >= sameHolder &&
		int(user.person.holds)+int(holder.person.holds) <= mergeAccounts {
		older, younger := user, holder
		if younger.person.first < older.person.first {
			older, younger = younger, older
		}
		older.person.take(&younger.person)
		younger.person = Person{id: younger.person.id, into: older.person.id, first: now}
		older.touched, younger.touched, holder = true, true, older
		user = nil
	}
	if user == nil || d.ownedBy <= 1 {
		d.person = holder.person.id
	}
	q.decision.Person = holder.person.ID()
}

// newPerson makes the person of an account that was proven for the first time.
func (q *Inquiry) newPerson() *personPiece {
	raw, ok := rawOf(q.freshPerson())
	if !ok || q.personCount == personLimit {
		return nil
	}
	p := &q.persons[q.personCount]
	*p = personPiece{ref: raw.ref(), key: PersonKey(q.sight.Environment, raw.ref()), loaded: true}
	p.person.id, p.person.first = raw, q.now()
	q.personCount++
	return p
}

// freshPerson is the id of the person of the sight's account, if it turns out to be a new one.
func (q *Inquiry) freshPerson() event.ID {
	return event.DeriveID(q.sight.At, "person", string(q.sight.Environment), strconv.FormatUint(q.account(), 16))
}
