package world

// The lengths of time in microseconds.
const (
	secondMicros = int64(1e6)
	minuteMicros = 60 * secondMicros
	hourMicros   = 60 * minuteMicros
	dayMicros    = 24 * hourMicros
)

// household is an address shared by people who live together.
type household struct {
	seed      uint64
	leaseEnds int64
	lease     uint32
	language  uint8
	v6        bool
	mayfly    bool
	// kin are several people with accounts of their own, and a tablet for all.
	kin bool
}

// person is a visitor with a household, perhaps an account and an office.
type person struct {
	seed      uint64
	household uint32
	account   uint32 // counted from 1, 0 is none
	office    int32  // -1 is none
	twin      Twin
}

// account is what a shop knows of a customer.
type account struct {
	seed  uint64
	owner uint32
	// orders counts what was bought; last is when.
	orders uint32
	last   int64
	order  uint64 // the number of the last one
	// named is the number that the name is made of, domain the mailbox's.
	named  uint32
	domain uint8
	// card says that a card is stored.
	card bool
	// born is when it was made; accounts from before the world have 0.
	born int64
}

// device is a browser on a machine, with its cookies.
type device struct {
	person   uint32
	profile  uint8
	language uint8
	model    uint16
	habit    Habit
	private  bool // uses private windows now and then
	relayed  bool
	hints    bool // was asked for client hints and remembers it
	twin     Twin
	dice     dice
	seed     uint64
	// perDay is how many visits it makes a day, between its bursts.
	perDay float32
	// next is when the next visit begins, clears when its cookies are cleared.
	next, clears int64
	jar          jar
	// back counts down how soon it returns.
	visits uint32
}

// jar holds the cookies of a device: numbers from which their hashes follow, 0 where there is none.
type jar struct {
	session, visitor, remember uint64
	sessionAt, visitorAt       int64
}

// settle fills the world with people, until there are as many devices as wished for.
func (w *World) settle() {
	d := dice(mix(w.options.Seed, 1))
	for len(w.devices) < max(w.options.Devices, 1) {
		w.household(&d)
	}
	w.speakers, w.carrierSizes = make([]int, len(w.languages)), make([]int, len(w.languages))
	for i := range w.devices {
		w.speakers[w.households[w.persons[w.devices[i].person].household].language]++
	}
	for i, n := range w.speakers {
		w.carrierSizes[i] = max(n*2/3/usersPerCarrierAddress/carriers, 2)
	}
	w.employ(&d)
	w.twins(&d)
}

func (w *World) household(d *dice) {
	h := household{seed: d.next(), language: uint8(w.languageShares.draw(d)), v6: d.chance(0.35), mayfly: d.chance(0.25)}
	// Leases were running when the world began.
	h.leaseEnds = -int64(d.float() * 20 * float64(dayMicros))
	h.kin = !w.options.Still && d.chance(0.02)
	at := uint32(len(w.households))
	w.households = append(w.households, h)
	people := 1
	if h.kin {
		people = 4 + d.below(2)
	}
	for range 3 {
		if !h.kin && d.chance(0.2) {
			people++
		}
	}
	for range people {
		w.person(d, at)
	}
}

func (w *World) person(d *dice, at uint32) {
	h := &w.households[at]
	p := person{seed: d.next(), household: at, office: -1}
	number := uint32(len(w.persons))
	switch {
	case h.kin:
		p.twin = Family
		p.account = w.open(d, number, 0)
	case d.chance(0.03) && number > 0 && w.persons[number-1].household == at:
		p.account = w.persons[number-1].account // a couple shares one
	case d.chance(0.5):
		p.account = w.open(d, number, 0)
	}
	w.persons = append(w.persons, p)
	first := w.device(d, number, h.language)
	if d.chance(0.3) {
		// The second one is of the other kind: a phone beside a desktop.
		for range 20 {
			second := w.newDevice(d, number, h.language)
			if w.profiles[second.profile].mobile != w.profiles[first.profile].mobile {
				w.devices = append(w.devices, second)
				break
			}
		}
	}
}

// open opens an account. Its number counts from 1.
func (w *World) open(d *dice, owner uint32, born int64) uint32 {
	seed := d.next()
	w.accounts = append(w.accounts, account{seed: seed, owner: owner, named: uint32(len(w.accounts)), domain: uint8(w.domainShares.draw(d)),
		card: d.chance(0.5), born: born})
	return uint32(len(w.accounts))
}

func (w *World) device(d *dice, owner uint32, language uint8) device {
	w.devices = append(w.devices, w.newDevice(d, owner, language))
	return w.devices[len(w.devices)-1]
}

func (w *World) newDevice(d *dice, owner uint32, language uint8) device {
	n := uint8(w.profileShares.draw(d))
	if n == appProfile && w.persons[owner].account == 0 {
		n = 0 // the application is for customers
	}
	p := &w.profiles[n]
	g := device{person: owner, profile: n, language: language, dice: dice(d.next()), seed: d.next()}
	if d.chance(0.15) {
		g.language = uint8(w.languageShares.draw(d))
	}
	g.model = uint16(w.models[n].draw(d))
	relay := 0.03
	if p.apple {
		relay = 0.12
	}
	if w.options.Drift {
		relay *= 1.6
	}
	g.relayed = n != appProfile && d.chance(relay)
	switch at := d.float(); {
	case n == appProfile:
	case at < 0.01:
		g.habit = Never
	case at < 0.33:
		g.habit = Cleared
		g.clears = int64(d.exp(14) * float64(dayMicros))
	}
	g.private = n != appProfile && d.chance(0.2)
	g.perDay = float32(d.logNormal(4, 0.9) / 60 * 0.65)
	g.next = int64(d.exp(1/float64(g.perDay)) * float64(dayMicros))
	return g
}

// employ gives a quarter of the people an office.
func (w *World) employ(d *dice) {
	share := 0.25
	if w.options.Drift {
		share = 0.15
	}
	last := int32(-1)
	offices, left := make([]int32, len(w.languages)), make([]int, len(w.languages))
	for i := range w.persons {
		if !d.chance(share) {
			continue
		}
		language := w.households[w.persons[i].household].language
		if left[language] == 0 {
			last++
			offices[language] = last
			left[language] = int(exp2(d.float() * 8.97)) // 10 to 5,000 people, evenly over the scale; a tenth of them visit the shop
			w.proxied = append(w.proxied, !w.options.Still && last%6 == 1)
		}
		left[language]--
		w.persons[i].office = offices[language]
	}
}

// twins makes some people look like attackers.
func (w *World) twins(d *dice) {
	if w.options.Still {
		return
	}
	for i := range w.devices {
		g := &w.devices[i]
		p := &w.persons[g.person]
		if p.twin != NoTwin {
			g.twin = p.twin
			continue
		}
		switch at := d.float(); {
		case at < 0.01:
			g.twin = Accessible
		case at < 0.02 && p.account > 0:
			g.twin = Traveller
		case at < 0.03 && p.account > 0:
			g.twin = Returner
		case at < 0.037 && p.account > 0:
			g.twin = AgentShopper
		case at < 0.06 && p.account > 0:
			g.twin = NewPhone
		case at > 0.06 && at < 0.062:
			g.twin, g.perDay, g.next = Kiosk, 6, int64(d.float()*float64(dayMicros))
		}
	}
	for range max(len(w.devices)/3000, 1) {
		g := w.newDevice(d, 0, 0)
		g.twin, g.perDay, g.habit, g.profile, g.next = PriceBot, 4, Never, 2, int64(d.float()*float64(dayMicros))
		w.devices = append(w.devices, g)
	}
}
