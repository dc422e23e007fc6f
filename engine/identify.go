package engine

import (
	"time"

	"wayguard/event"
	"wayguard/identity"
	"wayguard/rule"
)

// identification is what the desk keeps of who the visitor is.
type identification struct {
	sight   identity.Sight
	bond    identity.Bond
	inquiry identity.Inquiry
	// asked says that an inquiry is under way for this event, told that it has all that it asked for.
	asked, told bool

	// The address and the crowd, for how many look alike; loaded when they are asked for.
	ledger                  identity.Ledger
	looks, speakers         identity.Crowd
	ledgerAt, looksAt, word int
	counted                 bool

	// device, person and actor are who it is, as far as known.
	device   identity.Device
	person   identity.Person
	deviceAt int
	personAt int
	login    login
	risk     func() int64
	ring     ring

	packed  []byte
	changes []Change
}

// layIdentity names what is to be known of the address before the event is joined to a session.
func (d *Desk) layIdentity() {
	w, env := &d.who, d.event.Environment
	w.asked, w.told, w.counted, w.deviceAt, w.personAt = false, false, false, -1, -1
	w.packed, w.changes = w.packed[:0], w.changes[:0]
	w.device, w.person = identity.Device{}, identity.Person{}
	w.sight = identity.SightOf(&d.event, "", &w.sight)
	w.ledgerAt, w.looksAt, w.word = -1, -1, -1
	if s := &w.sight; s.Address != 0 && s.Fingerprint != 0 {
		w.ledgerAt = d.made(identity.AppendLedgerKey(d.text, env, s.Address))
		w.looksAt = d.made(identity.AppendCrowdKey(d.text, env, s.Fingerprint))
		w.word = d.made(identity.AppendCrowdKey(d.text, env, identity.LanguageCrowd(s.Language)))
	}
	d.layRing()
}

// made is the place of the key that text was lengthened by.
func (d *Desk) made(text []byte) int {
	begin := len(d.text)
	d.text = text
	return d.key(textOf(text[begin:]))
}

// followIdentity opens an inquiry where the session shows something new of its device, and else names the device that it has.
func (d *Desk) followIdentity() {
	w := &d.who
	switch {
	case d.round == 1:
		d.ask()
	case w.asked && !w.told:
		d.hear()
	case !w.asked && w.deviceAt >= 0 && w.personAt < 0:
		d.greet()
	}
	d.followRing()
}

// ask opens the inquiry.
func (d *Desk) ask() {
	w, s := &d.who, d.session
	if d.wrong = w.bond.Load(s.Bond); d.wrong != nil {
		return
	}
	d.showKeys()
	w.sight.Opened = s.OpenedAt()
	w.sight.Fresh = s.Journey
	if d.recorded != nil {
		w.sight.Fresh = d.recorded.Journey
	}
	if w.sight.Fresh == "" {
		w.sight.Fresh = event.DeriveID(s.OpenedAt(), "journey", string(s.ID))
	}
	if w.asked = w.bond.Stale(&w.sight) || s.Journey == "" || d.fragment != nil; !w.asked {
		w.deviceAt = d.made(identity.AppendDeviceKey(d.text, d.event.Environment, w.bond.Ref()))
		return
	}
	d.nameAll(w.inquiry.Open(&w.sight, w.bond))
	if d.recorded != nil {
		d.nameAll(w.inquiry.Demand(d.recorded.Journey))
	}
	var fragment identity.Bond
	if d.fragment != nil && fragment.Load(d.fragment.Bond) == nil {
		d.nameAll(w.inquiry.Absorb(fragment))
	}
	d.layLogin()
}

// showKeys takes those tokens for keys of a device whose values tell visitors apart.
func (d *Desk) showKeys() {
	s := &d.who.sight
	s.Keys, s.Given, s.Contested = s.Keys[:0], s.Given[:0], s.Contested[:0]
	for i := range d.event.Evidence.Tokens {
		t := &d.event.Evidence.Tokens[i]
		switch {
		case !d.keyed(i):
		case t.Issued:
			s.Given = append(s.Given, identity.KeyOf(t.Name, t.Hash))
		default:
			key := identity.KeyOf(t.Name, t.Hash)
			s.Keys = append(s.Keys, key)
			if !d.tokens[i].known { // never shown before, or given to two visitors at once
				s.Contested = append(s.Contested, key)
			}
		}
	}
}

func (d *Desk) nameAll(keys []string) {
	for _, key := range keys {
		d.key(key)
	}
}

// lookup is what is held of a key of the event.
func (d *Desk) lookup(key string) []byte {
	if i := d.search(key, 0); i >= 0 && !d.expired(i) {
		return d.held[i].Value
	}
	return nil
}

// hear reads what was loaded, and names what that leads to.
func (d *Desk) hear() {
	w := &d.who
	keys, err := w.inquiry.Follow(d.lookup)
	if err != nil {
		d.wrong = err
		return
	}
	d.nameAll(keys)
	w.told = len(keys) == 0
	w.inquiry.Each(func(device *identity.Device) { d.wantActor(device.Actor()) })
}

// greet reads the device that the session has, and names its person and its actor.
func (d *Desk) greet() {
	w := &d.who
	if d.wrong = w.device.Load(d.value(w.deviceAt)); d.wrong != nil {
		return
	}
	w.personAt = d.made(identity.AppendPersonKey(d.text, d.event.Environment, w.device.PersonRef()))
	d.wantActor(w.device.Actor())
}

// identify says which device the session is of.
func (d *Desk) identify(recorded *event.Session) error {
	w, s := &d.who, d.session
	d.link = event.Link{}
	if !w.asked {
		return d.recognise(recorded)
	}
	for rounds := 0; !w.told && rounds < Rounds; rounds++ {
		if d.hear(); d.wrong != nil {
			return d.wrong
		}
	}
	decision := w.inquiry.Decide()
	d.weighLogin(identity.RefOf(decision.Device))
	bond := w.inquiry.Changes(d.keep)
	w.device = *w.inquiry.Target()
	if p := w.inquiry.PersonRecord(); p != nil {
		w.person = *p
	}
	s.Bond = bond.Append(make([]byte, 0, identity.BondSize))
	s.Journey, s.Person, s.Actor, s.Confidence = decision.Device, w.inquiry.Person(), w.device.Actor(), decision.Confidence
	d.link = event.Link{Tier: string(decision.Tier), Bits: decision.Bits, Margin: decision.Margin, Because: decision.Because}
	if recorded != nil {
		d.obey(recorded)
	}
	return nil
}

// recognise goes on with the device that the session has.
func (d *Desk) recognise(recorded *event.Session) error {
	w, s := &d.who, d.session
	if !w.device.Known() {
		if err := w.device.Load(d.value(w.deviceAt)); err != nil {
			return err
		}
	}
	if err := w.person.Load(d.value(w.personAt)); err != nil {
		return err
	}
	if into := w.device.Into(); into != "" { // it turned out to be another meanwhile
		s.Journey, w.device = into, identity.Device{}
		w.bond.Redirect(into)
		s.Bond = w.bond.Append(make([]byte, 0, identity.BondSize))
	}
	if w.device.Known() {
		if identity.RefOf(s.Person) != w.device.PersonRef() {
			s.Person = w.device.Person()
		}
		if identity.RefOf(s.Actor) != w.device.ActorRef() {
			s.Actor = w.device.Actor()
		}
	}
	if recorded != nil {
		d.obey(recorded)
	}
	return nil
}

// obey takes over what was recorded.
func (d *Desk) obey(recorded *event.Session) {
	s := d.session
	s.Journey, s.Person, s.Actor, s.Confidence, d.link = recorded.Journey, recorded.Person, recorded.Actor, recorded.Confidence, recorded.Link
}

// keep gathers a record to be stored; one of a key that was kept already takes the other's place.
func (d *Desk) keep(key string, value []byte, life time.Duration) {
	w := &d.who
	begin := len(w.packed)
	w.packed = append(w.packed, value...)
	change := Change{Key: key, Value: w.packed[begin:len(w.packed):len(w.packed)], Expires: d.event.Time.Add(life)}
	for i := range w.changes {
		if w.changes[i].Key == key {
			w.changes[i] = change
			return
		}
	}
	w.changes = append(w.changes, change)
}

// changeIdentity hands on what is to be stored.
func (d *Desk) changeIdentity() {
	d.changes = append(d.changes, d.who.changes...)
}

// settleIdentity notes on device, person and actor that the session's rating rose.
func (d *Desk) settleIdentity(rose event.Rating) {
	w, env, at := &d.who, d.event.Environment, d.event.Time
	if !w.device.Known() {
		return
	}
	w.device.Rate(rose, d.session.Score, at)
	d.enlist()
	d.keep(identity.DeviceKey(env, identity.RefOf(w.device.ID())), w.device.Append(nil), identity.Retention)
	if w.person.Known() {
		w.person.Rate(rose)
		d.keep(identity.PersonKey(env, identity.RefOf(w.person.ID())), w.person.Append(nil), identity.Retention)
	}
}

// collisions is how many other visitors of the address who look the same are to be expected within a gap, in thousandths, and how
// many visitors share the address, 0 when that is not known.
func (d *Desk) collisions(gap time.Duration) (milli, crowd int64) {
	w := &d.who
	if w.ledgerAt < 0 {
		return 0, 0
	}
	if !w.counted {
		// What cannot be read is as if it were not there; the inquiry that reads it again says what is wrong.
		if w.ledger.Load(d.value(w.ledgerAt)) != nil || w.looks.Load(d.value(w.looksAt)) != nil || w.speakers.Load(d.value(w.word)) != nil {
			return 0, 0
		}
		w.counted = true
	}
	share := identity.ShareOf(&w.looks, &w.speakers, &w.sight)
	return w.ledger.Collision(&w.sight, share, gap) * 10, w.ledger.Visitors(d.event.Time)
}

// people tells the rules who it is.
func (d *Desk) people(facts *rule.Facts) {
	w, at := &d.who, d.event.Time
	const day = 24 * time.Hour
	if w.device.Known() {
		facts.Device = rule.Device{
			ID: d.session.Journey, AgeDays: int64(w.device.Age(at) / day), Sessions: w.device.Sessions(), Confidence: d.session.Confidence,
			Accounts: w.device.Accounts(), Suspicion: w.device.Suspicion(at), New: w.device.Sessions() <= 1, KnownToAccount: d.knownToAccount(),
		}
	}
	if w.person.Known() {
		facts.Person = rule.Person{ID: d.session.Person, Accounts: w.person.Accounts(), Devices: w.person.Devices(), AgeDays: int64(w.person.Age(at) / day)}
	}
	if actor := d.actorOf(d.session.Actor); actor != nil {
		facts.Actor = rule.Actor{ID: actor.ID(), Devices: actor.Devices(), Sessions: actor.Sessions()}
	}
	if w.risk == nil {
		w.risk = d.loginRisk
	}
	facts.LoginRisk = w.risk
}

// knownToAccount says whether one of the event's accounts was proven on the device before this session, where the session is surely
// the device's: a stolen password links too, but not so surely.
func (d *Desk) knownToAccount() bool {
	w := &d.who
	var bond identity.Bond
	if bond.Load(d.session.Bond) != nil || !bond.Trusted() {
		return false
	}
	for _, account := range w.sight.Accounts {
		if w.device.Proved(account, d.session.OpenedAt()) {
			return true
		}
	}
	return false
}
