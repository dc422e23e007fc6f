package world

import (
	"time"

	"wayguard/event"
)

// campaign is an attack under way.
type campaign struct {
	Campaign
	number  uint32 // from 1
	dice    dice
	workers []worker
	// visits were made, primed of them to make devices ready; made counts attempts.
	visits, primed, made int
	// rotation counts how often the attacker changed devices because of a block.
	rotation int
	sequence uint64
	bin      uint16
}

// worker is a device of an attacker.
type worker struct {
	seed     uint64
	profile  uint8
	language uint8
	model    uint16
	number   uint32
	account  uint32
	jar      jar
	hinted   bool
	fresh    bool // made on the first visit
}

func (w *World) newCampaign(i int) campaign {
	c := campaign{Campaign: w.options.Campaigns[i], number: uint32(i) + 1, dice: dice(mix(w.options.Seed, uint64(i), 41))}
	c.Devices, c.Addresses = max(c.Devices, 1), max(c.Addresses, 1)
	c.workers = make([]worker, c.Devices)
	c.sequence, c.bin = c.dice.next()%100000, uint16(c.dice.below(binCount))
	return c
}

// primings is how many visits each device makes before the attack.
const primings = 3

// priming is how long before the attack devices are made ready.
const primingTime = 7 * 24 * time.Hour

func (c *Campaign) primes() bool {
	return c.Level == 4 || c.Attack == Takeover && c.Level >= 2
}

// next is when the campaign's next visit begins, after the end of all worlds when there is none.
func (c *campaign) next(w *World) int64 {
	from, length := c.From.Microseconds(), c.Length.Microseconds()
	if n := c.primed; c.primes() && n < primings*c.Devices {
		whole := primingTime.Microseconds() / int64(primings*c.Devices)
		return max(from-primingTime.Microseconds()+whole*int64(n), 0) + int64(c.dice.float()*0.9*float64(whole))
	}
	total := (c.Attempts + c.perVisit() - 1) / c.perVisit()
	n := c.visits - c.primed
	if n >= total || c.made >= c.Attempts {
		return never
	}
	whole := length / int64(total)
	return from + whole*int64(n) + int64(c.dice.float()*0.9*float64(whole))
}

// never is after the end of every world.
const never = int64(1<<63 - 1)

// perVisit is how many attempts are made in one go: all at first, ever fewer later.
func (c *Campaign) perVisit() int {
	counts := [LevelCount]int{100, 1, 3, 2, 1}
	switch c.Attack {
	case CardTesting:
		counts = [LevelCount]int{60, 3, 4, 4, 3}
	case GiftCards:
		counts = [LevelCount]int{200, 3, 5, 4, 3}
	case Scraping, Noise:
		counts = [LevelCount]int{600, 5, 15, 30, 25}
	case Enumeration:
		counts = [LevelCount]int{400, 10, 10, 15, 10}
	case Hoarding:
		counts = [LevelCount]int{20, 3, 2, 1, 1}
	case ReferralRing, RefundAbuse, TokenForwarding, Takeover, AgentAbuse, FakeAccounts:
		counts = [LevelCount]int{1, 1, 1, 1, 1}
	}
	return counts[c.Level]
}

// strike begins a visit of the campaign and gives its place.
func (w *World) strike(c *campaign) uint32 {
	slot, v := w.slot()
	*v = visit{dice: dice(c.dice.next()), home: -1, campaign: int32(c.number) - 1}
	v.priming = c.primes() && c.primed < primings*c.Devices
	v.worker = int32(c.visits % c.Devices)
	if v.priming {
		v.worker = int32(c.primed % c.Devices)
		c.primed++
	}
	c.visits++
	k := &c.workers[v.worker]
	if !k.fresh || c.rotation > 0 && !v.priming {
		w.equip(c, k, &v.dice)
		c.rotation = max(c.rotation-1, 0)
	}
	v.truth = Truth{Device: k.number, Person: uint32(len(w.persons)) + k.number, Actor: c.number, Attack: c.Attack, Level: c.Level, Habit: Never}
	v.from = w.exit(c, w.exitOf(c, v))
	v.truth.Place = v.from.place
	v.jar, v.hinted, v.account = k.jar, k.hinted, k.account
	v.keeps, v.persists, v.opens = c.Level >= 2, c.Level >= 3, c.Level >= 3
	if v.persists {
		v.truth.Habit = Kept
	}
	v.pace = c.pace()
	v.face = w.disguise(c, k)
	w.begin(v)
	if v.priming {
		w.land(v)
		w.browse(v, 2+v.dice.below(6))
		return slot
	}
	if c.Attack == TokenForwarding {
		w.steal(v)
	}
	v.again = c.perVisit()
	w.prepare(v, c)
	w.resume(v)
	return slot
}

// exitOf is which of the campaign's addresses a visit uses: a device that is being made ready has one for a while.
func (w *World) exitOf(c *campaign, v *visit) int {
	if c.Level >= 3 {
		return int(mix(uint64(v.worker), uint64(w.now/(3*dayMicros))) % uint64(c.Addresses))
	}
	return c.visits % c.Addresses
}

func (c *campaign) pace() pace {
	return [LevelCount]pace{{low: 0.15, high: 0.3}, {low: 0.8, high: 2}, {low: 1.5, high: 7}, {median: 6, sigma: 0.8}, human()}[c.Level]
}

// equip makes a device for an attacker.
func (w *World) equip(c *campaign, k *worker, d *dice) {
	w.lastNumber++
	*k = worker{seed: d.next(), number: w.lastNumber, fresh: true, language: uint8(w.languageShares.draw(d))}
	switch c.Level {
	case 0:
	case 1, 2:
		k.profile = [5]uint8{0, 1, 2, 3, 7}[d.below(5)]
	case 3:
		k.profile = [3]uint8{2, 2, 7}[d.below(3)]
	default:
		k.profile = [5]uint8{0, 2, 3, 2, 7}[d.below(5)]
	}
	k.model = uint16(w.models[k.profile].draw(d))
	if c.Level == 3 {
		k.model %= 3 // one image of a machine, copied
	}
}

// disguise is what the attacker's device shows.
func (w *World) disguise(c *campaign, k *worker) face {
	if c.Level == 0 {
		return w.tool(c)
	}
	p := &w.profiles[k.profile]
	day := float64(w.now) / float64(dayMicros)
	f := w.faceOf(p, p.release(day, k.seed), k.model, int(k.language), k.seed)
	switch c.Level {
	case 1:
		f.wire.JA4, f.wire.HTTP2, f.headers, f.resumed = toolJA4, "", mix(uint64(c.number), 51), ""
		f.shape = w.arena.hex(mix(uint64(c.number), 52), 16)
		f.wire.Flaws = []event.Flaw{event.FlawFetch}
		if p.engine == chromium { // what copies Safari lacks less, and offers as many ciphers
			f.wire.Flaws = []event.Flaw{event.FlawTLS, event.FlawHeaders, event.FlawFetch}
		}
		f.hints = false
	case 2:
		f.hints = false
		d := dice(mix(uint64(c.number), uint64(k.profile), 53))
		if d.chance(0.5) {
			f.headers = mix(uint64(c.number), uint64(k.profile), 54)
		}
		if p.engine == chromium && d.chance(0.3) {
			f.wire.Flaws = []event.Flaw{event.FlawBrands}
		}
	}
	return f
}

const toolJA4 = "t13d1812h1_85036bcba153_b26ce05bbdd6"

// tool is a program that does not pretend to be anything else.
func (w *World) tool(c *campaign) face {
	name := [3]string{"python-requests", "go-http-client", "curl"}[c.number%3]
	kind := textNumber(name)
	return face{shape: w.arena.hex(mix(kind, 1), 16), agent: w.arena.hash(mix(kind, 2)),
		wire: event.Wire{JA4: toolJA4}, headers: mix(kind, 3), client: event.Client{Family: name, Major: 2}}
}

// steal takes the cookies of somebody who is known to the shop.
func (w *World) steal(v *visit) {
	for range 200 {
		g := &w.devices[v.dice.below(len(w.devices))]
		p := &w.persons[g.person]
		if p.account == 0 || g.jar.session == 0 && g.jar.remember == 0 {
			continue
		}
		v.jar, v.account, v.loggedIn, v.keeps, v.persists = g.jar, p.account, true, true, false
		v.jar.sessionAt = w.now
		return
	}
}

// put keeps what the attacker's browser keeps.
func (c *campaign) put(v *visit) {
	k := &c.workers[v.worker]
	if v.persists {
		k.jar, k.hinted = v.jar, v.hinted
	}
	if c.owns() && v.account > 0 {
		k.account = v.account
	}
}

// owns says that the attack is made with accounts of one's own.
func (c *Campaign) owns() bool {
	switch c.Attack {
	case RefundAbuse, Enumeration, Hoarding, AgentAbuse:
		return true
	}
	return false
}

// primes says that the visit only makes a device ready.
func (v *visit) primes() bool { return v.priming }
