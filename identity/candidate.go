package identity

// The weights of the address model (science 1.5.3), as likelihoods.
const (
	// stray is the rate of errors that the model does not know of: 10^-4, ten times that behind a relay.
	stray        = unit / 10000
	strayRoaming = unit / 1000
	// barred is what is left of a candidate against which something speaks that happens, but seldom: 2^-6.
	barred = unit / 64
)

// The floors of what a fingerprint must say before an address may link by it, in centibits: 3 bits, or half of that in a home, where at
// most a fifth of the visits are somebody new.
const (
	plainFloor = 300
	homeFloor  = 150
	homeUnseen = unit / 5
	// crowding is how many looks there are where each is that of two devices, for devices are much alike.
	crowding = 16
	// pairs is how many of the looks at an address count as one of those that could have a twin.
	pairs = 2
	// A hub is an address where, of a dozen sessions, more than half were somebody new: there it says nothing.
	hubSessions = 12
	hubUnseen   = unit / 2
)

// candidate is a device that the sight might be of.
type candidate struct {
	device Ref
	// named says that it keeps keys or has an account of its own; nameless ones of one fingerprint pool their visits.
	named   bool
	keyed   bool
	account uint16
	// weight is how likely the device is to be seen here and now, up to a factor that all candidates have in common.
	weight likelihood
	seen   tick
	visits uint64
	// own is what version, keys and accounts make of it, shared what the account adds.
	own, shared likelihood
	// agrees says that the User-Agent is the same, of the same version, differs that it is another, of the same version.
	agrees, differs bool
	// slot is where it stands in the ledger, home where among those of the account; -1 where it does not.
	slot int
}

// candidateLimit is how many candidates are weighed at most: all that a ledger has room for.
const candidateLimit = LedgerSlots

// contest is the candidates of one place, best first, and what somebody never seen there weighs.
type contest struct {
	list     [candidateLimit]candidate
	size     int
	stranger likelihood
	// rivals is what all of those weigh that cannot be the best one, twins how many devices may hide behind a nameless one beside it.
	rivals, twins likelihood
}

// best is the likeliest candidate, nil when there is none.
func (c *contest) best() *candidate {
	if c.size == 0 {
		return nil
	}
	return &c.list[0]
}

// odds are those of the best candidate against somebody new and everybody else; margin those against the others alone.
func (c *contest) odds() (odds, margin int64) {
	best := c.best()
	if best == nil || best.weight == 0 {
		return -marginLimit, -marginLimit
	}
	return min(marginLimit, best.weight.odds(c.stranger+c.rivals)), min(marginLimit, best.weight.odds(max(c.rivals, stray/16)))
}

// marginLimit is the most centibits that odds are ever told as.
const marginLimit = 3000

// versionRatio compares versions by the browser's clock: how much likelier the one device shows this version after so many days
// than any device does. A browser does not go back.
func versionRatio(was uint8, s *Sight, days int64) likelihood {
	if was == 0 || s.Major <= 0 || s.Major > 254 {
		return unit
	}
	step := s.Major - int64(was)
	if step < 0 {
		return 0
	}
	// expected is ten times the versions that came out meanwhile.
	expected := days * 10 / max(1, s.Cycle)
	switch off := step*10 - expected; {
	case step == 0 && expected < 12:
		return unit * 13 / 8
	case off >= -16 && off <= 16:
		return unit
	}
	return unit / 16
}

// keylessRatio is how likely a device is to show up without its key: seldom one that always shows it, often one that never had one.
func keylessRatio(returns uint8) likelihood {
	if returns == 0 {
		return unit * 19 / 20
	}
	return unit / 5 * 20 / likelihood(20+uint64(returns))
}

// weigh asks the ledger of the address. account is the one that the sight proved, 0 for none.
func (c *contest) weigh(l *Ledger, s *Sight, share, agree likelihood, account uint64) {
	c.size, c.rivals = 0, 0
	now := tickOf(stampOf(s.At))
	l.age(now)
	known := l.census()
	for i := range l.size {
		if l.slots[i].fingerprint == short(s.Fingerprint) {
			c.enter(l, i, s, now, account)
		}
	}
	c.adopt()
	for i := range c.size {
		o := &c.list[i]
		days := o.seen.since(now) / ticksADay
		o.weight = known.expect(o.visits).times(fade(days, 30)).times(o.own) + o.shared
	}
	c.sort()
	if best := c.best(); best != nil && best.agrees {
		share = share.times(agree)
	}
	c.stranger = known.unseen().times(share) + floorOf(s)
	if best := c.best(); best != nil && account != 0 && best.account == uint16(account>>48) {
		c.stranger = c.stranger * 3 / 10
	}
	c.twins = known.twins(share)
	c.compete()
}

func floorOf(s *Sight) likelihood {
	if s.Roaming {
		return strayRoaming
	}
	return stray
}

// enter adds the device of a slot, or its visits to the nameless candidate that is there already.
func (c *contest) enter(l *Ledger, i int, s *Sight, now tick, account uint64) {
	at := &l.slots[i]
	o := candidate{device: at.device, named: at.confirmed(), keyed: at.returns > 0, account: at.account, seen: at.seen, slot: i, visits: uint64(at.visits)}
	o.own = versionRatio(at.major, s, at.seen.since(now)/ticksADay).times(keylessRatio(at.returns))
	if o.agrees = s.Agent != 0 && int64(at.major) == s.Major; o.agrees && at.agent != uint8(s.Agent) {
		o.agrees, o.differs, o.own = false, true, o.own/16
	}
	switch mark := uint16(account >> 48); {
	case account == 0:
	case at.account == mark:
		o.shared = o.own / 2
	case at.account != 0:
		o.own = o.own.times(barred)
	default: // whoever has an account logs in every other time
		o.own >>= min(at.visits, 4)
	}
	if !o.named && c.pool(&o) {
		return
	}
	if c.size < candidateLimit {
		c.list[c.size] = o
		c.size++
	}
}

// pool adds the visits of a nameless device to those of the nameless candidate, where there is one: else a device would compete
// with its own shadows, and once in pieces would never be whole again. The one seen last stands for all.
func (c *contest) pool(o *candidate) bool {
	for j := range c.size {
		p := &c.list[j]
		if p.named || p.differs != o.differs {
			continue
		}
		visits := p.visits + o.visits
		if o.seen > p.seen {
			*p = *o
		}
		p.visits = visits
		return true
	}
	return false
}

// adopt gives the visits of the nameless candidate to one that has an account and never showed a key, where there is only one such:
// who logs in every other time is nameless the other times.
func (c *contest) adopt() {
	nameless, owner := -1, -1
	for i := range c.size {
		switch o := &c.list[i]; {
		case !o.named:
			nameless = i
		case o.keyed:
		case owner >= 0 && c.list[owner].account != o.account:
			return
		case owner < 0:
			owner = i
		}
	}
	if nameless < 0 || owner < 0 {
		return
	}
	c.list[owner].visits += c.list[nameless].visits
	c.list[owner].seen = max(c.list[owner].seen, c.list[nameless].seen)
	c.drop(nameless)
}

// sort puts the best first; of equals, the one seen last, then the one of the lower name.
func (c *contest) sort() {
	for i := 1; i < c.size; i++ {
		for j := i; j > 0 && c.list[j].before(&c.list[j-1]); j-- {
			c.list[j], c.list[j-1] = c.list[j-1], c.list[j]
		}
	}
}

func (c *candidate) before(o *candidate) bool {
	switch {
	case c.weight != o.weight:
		return c.weight > o.weight
	case c.seen != o.seen:
		return c.seen > o.seen
	}
	return c.device < o.device
}

// compete sums up those who cannot be the best: two named ones. A nameless candidate may be the best one's own shadow.
func (c *contest) compete() {
	c.rivals = 0
	if c.size > 0 && !c.list[0].keyed {
		c.rivals = c.list[0].weight.times(c.twins)
	}
	for i := 1; i < c.size; i++ {
		if c.list[0].named && c.list[i].named {
			c.rivals += c.list[i].weight
		}
	}
}

// drop takes a candidate out that turned out to be impossible.
func (c *contest) drop(i int) {
	copy(c.list[i:], c.list[i+1:c.size])
	c.size--
	c.compete()
}

// enough says whether the fingerprint says enough for the address to link by it, and the address enough itself.
func (l *Ledger) enough(s *Sight, share likelihood) bool {
	says, known := -share.centibits(), l.census()
	if known.sessions >= hubSessions && known.unseen() > hubUnseen {
		return false
	}
	return says >= plainFloor || says >= homeFloor && known.unseen() <= homeUnseen
}

// alike is how much likelier another device of the same person looks the same than another of the crowd: people buy the same
// makes again.
const alike = 2

// proof asks the account which of its devices this is.
func (c *contest) proof(a *Account, s *Sight, share likelihood) {
	c.size, c.rivals, c.twins = 0, 0, 0
	unseen, logins := a.unseen()
	c.stranger = unseen.times(min(share*alike, unit/2)) + floorOf(s)
	today := dayOf(s.At)
	for i := range a.homes[:a.size] {
		h := &a.homes[i]
		if h.fingerprint != short(s.Fingerprint) {
			continue
		}
		days := max(0, int64(today)-int64(h.last))
		weight := ratio(2*uint64(h.logins)+1, 2*(logins+2)).times(fade(days, 180)).times(versionRatio(h.major, s, days))
		c.list[c.size] = candidate{device: h.device, named: true, weight: weight, seen: tick(h.last), slot: -1}
		c.size++
	}
	c.sort()
	c.compete()
}
