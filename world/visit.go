package world

import (
	"time"

	"wayguard/event"
)

// planLimit is how many steps are planned at a time.
const planLimit = 96

// visit is somebody on the site: what is shown of them, and what they are going to do.
type visit struct {
	truth  Truth
	dice   dice
	face   face
	from   address
	jar    jar
	home   int32 // the device's place among the world's, -1 for an attacker's
	stance stance
	// campaign is the place among the campaigns, -1 for everybody else; worker is the attacker's device.
	campaign int32
	worker   int32

	plan   [planLimit]Step
	length uint8
	place  uint8
	// again is how many attempts are to be planned when the plan is done.
	again int

	// keeps says that cookies are sent back, persists that they outlive the visit, opens that pages load their assets.
	keeps, persists, opens bool
	// app is the shop's own application: its token stands in a header.
	app      bool
	loggedIn bool
	// right says that the password will be right, stranger that the name will be unknown.
	right, stranger bool
	won             bool
	hinted          bool
	assets          uint8
	loaded          uint8
	requests, csrf  uint32
	account         uint32
	product         uint32
	card            uint64
	bin             uint16
	object          uint64
	order           uint64
	tries           uint8
	page, previous  uint64
	trail           [4]uint64
	connection      uint64
	lastAt          int64
	// loading says that the last request was an asset's, booty that an account was just entered, priming that the device
	// is only being made ready.
	loading, booty, priming bool
	resumes                 bool
	// pace is the rhythm.
	pace pace
}

// stance is what is special about a visit, beside its plan.
type stance uint8

const (
	ordinary stance = iota
	rushed
	filledIn // by a password manager
	stripped // by a company's proxy
)

// pace is how long a visitor stays on a page: log-normal around a median for people, between two times for programs.
type pace struct {
	median, sigma float64 // seconds
	low, high     float64 // seconds; a program's
}

func human() pace { return pace{median: 12, sigma: 1.1} }

func (v *visit) add(steps ...Step) {
	for _, s := range steps {
		if v.app && (s == StepLoginPage || s == StepSignupPage || s == StepCheckout) {
			continue // an application draws its own forms
		}
		if v.length < planLimit {
			v.plan[v.length] = s
			v.length++
		}
	}
}

// insert puts steps next.
func (v *visit) insert(steps ...Step) {
	n := uint8(len(steps))
	if v.length+n > planLimit {
		return
	}
	next := min(v.place+1, v.length)
	copy(v.plan[next+n:v.length+n], v.plan[next:v.length])
	copy(v.plan[next:], steps)
	v.length += n
}

// turnedAway ends the visit. People try again in half of cases, simple programs always: they do not look at the answer.
func (v *visit) turnedAway() {
	if v.campaign < 0 && v.dice.chance(0.5) || v.campaign >= 0 && v.truth.Level < 3 {
		return
	}
	v.length, v.again = v.place, 0
}

// set begins a visit of a device and gives its place.
func (w *World) set(at uint32) uint32 {
	g := &w.devices[at]
	d := dice(g.dice.next())
	p := &w.persons[g.person]
	slot, v := w.slot()
	*v = visit{dice: d, home: int32(at), campaign: -1, pace: human(), keeps: true, persists: true, opens: true}
	v.truth = Truth{Person: g.person + 1, Habit: g.habit, Twin: g.twin, Account: p.account > 0, Mobile: w.profiles[g.profile].mobile}
	v.account = p.account
	g.visits++
	if w.now >= g.clears && g.habit == Cleared {
		g.jar, g.hints = jar{}, false
		g.clears = w.now + int64(v.dice.exp(14)*float64(dayMicros))
	}
	if g.twin == NewPhone {
		w.renewPhone(v, g, at)
	}
	profile := &w.profiles[g.profile]
	v.app = g.profile == appProfile
	if v.app {
		v.opens = false
	}
	v.face = w.faceOf(profile, profile.release(float64(w.now)/float64(dayMicros), g.seed), g.model, int(g.language), g.seed)
	v.jar, v.hinted = g.jar, g.hints
	v.truth.Device = w.numbers[at]
	v.from = w.whence(v, g, p)
	v.truth.Place = v.from.place
	w.behave(v, g)
	if w.options.Cookieless {
		v.truth.Habit = Never
	}
	w.begin(v)
	w.planHonest(v, g, p)
	return slot
}

func (w *World) slot() (uint32, *visit) {
	if n := len(w.free); n > 0 {
		slot := w.free[n-1]
		w.free = w.free[:n-1]
		return slot, &w.visits[slot]
	}
	w.visits = append(w.visits, visit{})
	return uint32(len(w.visits) - 1), &w.visits[len(w.visits)-1]
}

// begin gives the visit its number, and forgets cookies that have run out.
func (w *World) begin(v *visit) {
	w.serial++
	v.truth.Visit = w.serial
	v.lastAt = -dayMicros
	// A session's cookie lasts until the browser is closed: soon on a desktop, late on a phone.
	life := 2 * hourMicros
	if v.truth.Mobile {
		life = dayMicros
	}
	if v.jar.session != 0 && w.now-v.jar.sessionAt > life {
		v.jar.session = 0
	}
	// Safari forgets what scripts have set after seven days.
	if v.face.client.Family == "safari" && w.now-v.jar.visitorAt > 7*dayMicros {
		v.jar.visitor = 0
	}
	v.loggedIn = v.jar.remember != 0
}

// whence is where the visit comes from.
func (w *World) whence(v *visit, g *device, p *person) address {
	h := &w.households[p.household]
	at := w.time(w.now)
	mobile, office := 0.45, 0.6
	if w.options.Drift {
		mobile = 0.6
	}
	working := p.office >= 0 && at.Weekday() != time.Sunday && at.Weekday() != time.Saturday && at.Hour() >= 9 && at.Hour() < 18
	switch {
	case g.twin == PriceBot:
		return w.v4(hostingBase+uint32(200)<<16+uint32(g.person), Elsewhere, event.Network{Kind: event.Crawler, AS: 15169, Country: "US"})
	case g.twin == Family:
		return w.home(h, g.seed, w.now)
	case g.twin == Traveller && w.now > 20*dayMicros && w.now < 30*dayMicros:
		v.right = true
		return w.hotel(&v.dice)
	case g.relayed && v.dice.chance(0.9):
		return w.relay(w.profiles[g.profile].apple, h.language, &v.dice)
	case working && v.dice.chance(office):
		if w.proxied[p.office] && !w.profiles[g.profile].mobile {
			v.stance, v.truth.Twin = stripped, CorporateProxy
		}
		return w.office(int(p.office), h.language)
	case w.profiles[g.profile].mobile && v.dice.chance(mobile) || v.stance == filledIn:
		return w.carrier(h, &v.dice)
	}
	return w.home(h, g.seed, w.now)
}

// behave settles what is particular about the visit's cookies and headers.
func (w *World) behave(v *visit, g *device) {
	if g.private && v.dice.chance(0.35) {
		v.truth.Habit = Never
		v.jar, v.hinted, v.persists = jar{}, false, false
	}
	switch {
	case g.habit == Never:
		v.keeps, v.persists = false, false
	case g.twin == Kiosk:
		v.truth.Habit = Never
		v.jar, v.hinted, v.persists = jar{}, false, false
	}
	if g.twin == Accessible {
		v.pace = pace{median: 5, sigma: 0.5}
	}
	if g.twin == PriceBot {
		w.crawler(v, g)
	}
	if g.twin == AgentShopper {
		v.pace = pace{median: 8, sigma: 0.5}
	}
	if v.stance == stripped {
		v.face.shape = w.arena.hex(mix(textNumber(v.face.shape), 99), 16)
		v.face.wire.JA4, v.face.wire.HTTP2, v.face.resumed = "t12d180600_4b22cbed5bed_2dae41c691ec", "", ""
		v.face.headers = textNumber(v.face.shape)
		v.face.wire.Flaws = []event.Flaw{event.FlawTLS, event.FlawFetch}
		v.face.hints = false
	}
}

func (w *World) crawler(v *visit, g *device) {
	v.keeps, v.persists, v.opens, v.truth.Habit = false, false, false, Never
	v.pace = pace{low: 2, high: 4}
	v.face = face{shape: w.arena.hex(mix(g.seed, 1), 16), agent: w.arena.hash(mix(g.seed, 2)), wire: event.Wire{JA4: "t13d1312h2_f57a46bbacb6_e7c285222651"},
		headers: mix(g.seed, 3), client: event.Client{Family: "other", Major: 2, Agent: "pricebot"}}
	if g.seed&1 == 0 {
		v.face.client.Proof = event.Verified
	}
}

// renewPhone gives the device's owner a new phone once: another machine, which the password manager has filled already.
func (w *World) renewPhone(v *visit, g *device, at uint32) {
	due := int64(10+g.seed%45) * dayMicros
	v.truth.Twin = NoTwin
	if w.now < due || w.numbers[at] != at+1 {
		return
	}
	w.lastNumber++
	w.numbers[at] = w.lastNumber
	g.seed, g.jar, g.hints = v.dice.next(), jar{}, false
	g.model = uint16(w.models[g.profile].draw(&v.dice))
	v.truth.Twin, v.stance, v.right = NewPhone, filledIn, true
}

// leave ends a visit: what the browser keeps goes back into its jar, and the device makes up its mind when to return.
func (w *World) leave(v *visit) {
	if v.campaign >= 0 {
		w.campaigns[v.campaign].put(v)
		return
	}
	g := &w.devices[v.home]
	if v.persists {
		g.jar, g.hints = v.jar, v.hinted
	}
	g.next = w.returning(g, &v.dice)
}

// returning is when a device comes back: soon in a third of cases, else in its own time, and rather by day.
func (w *World) returning(g *device, d *dice) int64 {
	at := w.now + 35*minuteMicros
	if g.twin != PriceBot && d.chance(0.35) {
		at += d.span(35*time.Minute, 6*time.Hour)
	} else {
		at += int64(d.exp(1/float64(g.perDay)) * float64(dayMicros))
		for range 8 {
			if d.chance(awake(at / hourMicros % 24)) {
				break
			}
			at += d.span(30*time.Minute, 4*time.Hour)
		}
	}
	for _, drop := range w.drops {
		if !w.options.Still && drop > w.now+hourMicros && drop < at && d.chance(0.015) {
			return drop + int64((d.exp(90)-20)*float64(secondMicros))
		}
	}
	return at
}

// awake is how many of those who would come at that hour do.
func awake(hour int64) float64 {
	return [24]float64{.35, .2, .12, .08, .08, .12, .25, .45, .6, .7, .75, .8, .85, .8, .75, .75, .8, .85, .95, 1, 1, .95, .8, .55}[hour]
}
