package identity

import (
	"fmt"
	"slices"
	"time"

	"wayguard/event"
)

// Lookup is what is held of a key; nothing when there is none, or it has expired.
type Lookup func(key string) []byte

// deviceLimit is how many devices one inquiry looks at.
const deviceLimit = 8

// contenders is how many candidates of one place are looked at closely.
const contenders = 3

// Inquiry finds out which device a sight is of. It is working space, used again for the next: Open names what has to be loaded,
// Follow what that leads to, until nothing more does; Decide answers, and Changes says what is to be stored. It does nothing
// itself, so that it runs the same over any store. It is for one goroutine at a time; the zero Inquiry is ready.
type Inquiry struct {
	sight Sight
	bond  Bond
	names []string
	round int
	held  Lookup

	ledger                        Ledger
	looks, speakers, crowd        Crowd
	share                         likelihood
	turnover                      Turnover
	chorus                        Chorus
	turnoverKey, chorusKey        string
	keys                          []keyPiece
	accounts                      [accountLimit]Account
	devices                       [deviceLimit]devicePiece
	deviceCount                   int
	persons                       [personLimit]personPiece
	personCount                   int
	atAddress, byAccount          contest
	ledgerKey, looksKey, speakKey string
	crowdKey                      string
	accountKeys                   [accountLimit]string

	// demanded is the device that it has to be, whatever the evidence says.
	demanded rawID
	// fragment is the bond of an earlier session that this one took in.
	fragment Bond
	decision Decision
	// counted says that the session is in the turnover, strange as what; turned that the turnover is to be stored.
	counted, strange, turned bool
	// recounted says that the crowd of all lost a device that never was one.
	recounted bool
	// own is what the ledger knew of the session itself, which was lifted from it.
	own slot
	// target is the place of the decided device among the devices.
	target int
	packed []byte
}

// keyPiece is a key that the sight presents, or that is given to it.
type keyPiece struct {
	hash  uint64
	key   string
	given bool
	// good says that it proves whose it is.
	good bool
	Key  Key
}

// devicePiece is a device that may be the one, or one that the decision changes.
type devicePiece struct {
	ref    Ref
	key    string
	loaded bool
	// touched says that it is to be stored.
	touched bool
	device  Device
}

// Open begins an inquiry into a sight, of a session with that bond, and names the first keys to be loaded. They are good until
// the next Open.
func (q *Inquiry) Open(s *Sight, bond Bond) []string {
	q.sight, q.bond, q.names, q.round, q.deviceCount, q.personCount, q.target, q.demanded = *s, bond, q.names[:0], 0, 0, 0, -1, rawID{}
	q.fragment = Bond{}
	q.decision = Decision{}
	q.counted, q.strange, q.turned, q.recounted = false, false, false, false
	q.ledger.size, q.byAccount.size, q.atAddress.size = 0, 0, 0
	env := s.Environment
	q.ledgerKey, q.looksKey, q.speakKey, q.crowdKey, q.turnoverKey, q.chorusKey = "", "", "", "", "", ""
	if s.Address != 0 {
		q.ledgerKey = q.name(LedgerKey(env, s.Address))
		q.turnoverKey = q.name(TurnoverKey(env, s.Network))
	}
	if s.Agent != 0 && s.Kind != 0 {
		q.chorusKey = q.name(ChorusKey(env, s.Kind))
	}
	if s.Fingerprint != 0 {
		q.looksKey = q.name(CrowdKey(env, s.Fingerprint))
		q.speakKey = q.name(CrowdKey(env, s.Language^speakers))
	}
	q.crowdKey = q.name(CrowdKey(env, 0))
	q.keys = q.keys[:0]
	for _, hash := range s.Keys[:min(len(s.Keys), keyLimit)] {
		q.keys = append(q.keys, keyPiece{hash: hash, key: q.name(KeyKey(env, hash))})
	}
	for _, hash := range s.Given[:min(len(s.Given), keyLimit)] {
		q.keys = append(q.keys, keyPiece{hash: hash, key: q.name(KeyKey(env, hash)), given: true})
	}
	for i, account := range q.proven() {
		q.accountKeys[i] = q.name(AccountKey(env, account))
	}
	q.want(bond.device.ref())
	// What may be made is loaded too, for it may be there already: an event can come twice.
	q.want(RefOf(s.Fresh))
	if account := q.account(); account != 0 {
		q.name(PersonKey(env, RefOf(q.freshPerson())))
	}
	return q.names
}

// Demand makes the device the answer, whatever the evidence says: so a log is folded in again as it was recorded. It is called
// between Open and Follow, and names the key that it needs.
func (q *Inquiry) Demand(device event.ID) []string {
	raw, ok := rawOf(device)
	if !ok {
		return nil
	}
	before := len(q.names)
	q.demanded, q.sight.Fresh = raw, device
	q.want(raw.ref())
	return q.names[before:]
}

// Absorb says that the session took in an earlier one with that bond: if that had made a device, it was never another. It is called
// between Open and Follow, and names the key that it needs.
func (q *Inquiry) Absorb(fragment Bond) []string {
	before := len(q.names)
	q.fragment = fragment
	q.want(fragment.device.ref())
	return q.names[before:]
}

// speakers keeps the crowd of a language apart from that of a fingerprint.
const speakers = 0x5bd1e9955bd1e995

// proven are the accounts that the sight proved to hold.
func (q *Inquiry) proven() []uint64 {
	if !q.sight.Proven {
		return nil
	}
	return q.sight.Accounts[:min(len(q.sight.Accounts), accountLimit)]
}

func (q *Inquiry) account() uint64 {
	if proven := q.proven(); len(proven) > 0 {
		return proven[0]
	}
	return 0
}

func (q *Inquiry) name(key string) string {
	q.names = append(q.names, key)
	return key
}

// want makes room for a device that is to be loaded, and names its key.
func (q *Inquiry) want(ref Ref) int {
	for i := range q.devices[:q.deviceCount] {
		if q.devices[i].ref == ref {
			return i
		}
	}
	if ref == 0 || q.deviceCount == deviceLimit {
		return -1
	}
	p := &q.devices[q.deviceCount]
	p.ref, p.key, p.loaded, p.touched, p.device = ref, q.name(DeviceKey(q.sight.Environment, ref)), false, false, Device{}
	q.deviceCount++
	return q.deviceCount - 1
}

// Follow reads what was loaded and names more keys that it leads to. It is called until it names none, which it does after
// four rounds at most. An error means that a record could not be read.
func (q *Inquiry) Follow(held Lookup) ([]string, error) {
	q.names, q.held = q.names[:0], held
	q.round++
	if q.round == 1 {
		if err := q.read(held); err != nil {
			return nil, err
		}
		q.shortlist()
	}
	if err := q.meetDevices(held); err != nil {
		return nil, err
	}
	if err := q.meetPersons(held); err != nil {
		return nil, err
	}
	if q.round > 4 {
		return nil, nil
	}
	return q.names, nil
}

func (q *Inquiry) read(held Lookup) error {
	if err := load(&q.ledger, held, q.ledgerKey); err != nil {
		return fmt.Errorf("ledger of an address: %w", err)
	}
	if err := load(&q.turnover, held, q.turnoverKey); err != nil {
		return fmt.Errorf("turnover of a network: %w", err)
	}
	if err := load(&q.chorus, held, q.chorusKey); err != nil {
		return fmt.Errorf("agents of a browser: %w", err)
	}
	q.ledger.usual = q.turnover.rate()
	q.lift()
	for _, c := range [...]struct {
		crowd *Crowd
		key   string
	}{{&q.looks, q.looksKey}, {&q.speakers, q.speakKey}, {&q.crowd, q.crowdKey}} {
		if err := load(c.crowd, held, c.key); err != nil {
			return fmt.Errorf("crowd: %w", err)
		}
	}
	for i := range q.keys {
		if err := load(&q.keys[i].Key, held, q.keys[i].key); err != nil {
			return fmt.Errorf("key of a device: %w", err)
		}
	}
	for i := range q.proven() {
		if err := load(&q.accounts[i], held, q.accountKeys[i]); err != nil {
			return fmt.Errorf("account: %w", err)
		}
	}
	at := q.sight.At
	q.share = share(q.looks.Count(at), q.speakers.Count(at), q.sight.Sharp)
	return nil
}

// lift takes the session itself, and an earlier one that it took in, out of the ledger.
func (q *Inquiry) lift() {
	q.own = slot{}
	for _, b := range [...]*Bond{&q.fragment, &q.bond} {
		if b.tier != 0 && b.address == short(q.sight.Address) {
			q.own = q.ledger.lift(b.device.ref(), b.fingerprint)
		}
	}
}

// record is a packed record.
type record interface{ Load(packed []byte) error }

// load reads the record of a key; the record of no key is one of nothing.
func load(r record, held Lookup, key string) error {
	if key == "" {
		return r.Load(nil)
	}
	return r.Load(held(key))
}

// shortlist asks keys, accounts and address for devices that the sight might be of.
func (q *Inquiry) shortlist() {
	s := &q.sight
	for i := range q.keys {
		p := &q.keys[i]
		if !p.given {
			if slices.Contains(s.Contested, p.hash) {
				p.Key = Key{}
			}
			p.good = p.Key.show(s)
		}
		if !p.given && p.Key.device != (rawID{}) {
			q.want(p.Key.device.ref())
		}
	}
	q.byAccount.size, q.atAddress.size = 0, 0
	if s.Fingerprint == 0 {
		return
	}
	if q.account() != 0 {
		q.byAccount.proof(&q.accounts[0], s, q.share)
		q.wantAll(&q.byAccount)
	}
	if s.Address != 0 {
		q.atAddress.weigh(&q.ledger, s, q.share, q.chorus.rate(), q.account())
		q.wantAll(&q.atAddress)
	}
}

func (q *Inquiry) wantAll(c *contest) {
	for i := range min(c.size, contenders) {
		q.want(c.list[i].device)
	}
}

// meetDevices reads devices that were loaded since. One that turned out to be another leads to that one.
func (q *Inquiry) meetDevices(held Lookup) error {
	for i := 0; i < q.deviceCount; i++ {
		p := &q.devices[i]
		if p.loaded || q.fresh(p.key) {
			continue
		}
		if err := load(&p.device, held, p.key); err != nil {
			return fmt.Errorf("device: %w", err)
		}
		p.loaded = true
		if p.device.into != (rawID{}) && q.round < 4 {
			q.want(p.device.into.ref())
		}
	}
	return nil
}

// fresh says whether the key was named in this very round.
func (q *Inquiry) fresh(key string) bool {
	for _, name := range q.names {
		if name == key {
			return true
		}
	}
	return false
}

// at is the place of the device that a name leads to, through those that turned out to be another; -1 when it is not held.
func (q *Inquiry) at(ref Ref) int {
	for range aliasLimit {
		i := q.search(ref)
		if i < 0 {
			return -1
		}
		next := q.devices[i].device.into.ref()
		if next == 0 {
			return i
		}
		ref = next
	}
	return -1
}

// aliasLimit is how many merges in a row are followed.
const aliasLimit = 3

// search is the place of a device that was loaded and is known, -1 when there is none.
func (q *Inquiry) search(ref Ref) int {
	for i := range q.devices[:q.deviceCount] {
		if p := &q.devices[i]; p.ref == ref && p.loaded && p.device.Known() {
			return i
		}
	}
	return -1
}

// now is the sight's time in minutes.
func (q *Inquiry) now() stamp { return stampOf(q.sight.At) }

// keyLife is how long a key is kept that a visitor has shown twice; strangerLife one that anybody may have made up.
const (
	keyLife      = 180 * 24 * time.Hour
	givenLife    = 14 * 24 * time.Hour
	strangerLife = 2 * 24 * time.Hour
)
