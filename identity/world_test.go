package identity_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"wayguard/event"
	"wayguard/identity"
	"wayguard/velocity"
)

// The world of the simulation: people with devices in households, networks that they share, and bots on the same addresses. The
// shares are those of the study that the thresholds were drafted in.

// population is one draw of the world.
type population struct {
	rng     *rand.Rand
	devices []*gadget
	homes   []*house
	days    float64
	offices []uint64
	relays  int
	cgnat   int
}

type house struct {
	leases   []lease
	language int
}

type lease struct {
	from    float64
	address uint64
}

type gadget struct {
	number   int
	home     *house
	person   int
	account  uint64
	family   string
	platform string
	model    int
	language int
	mobile   bool
	chromium bool
	lag      float64 // days behind each release
	cycle    float64
	base     int64
	// cookie habits
	clears   float64 // mean days, 0 never
	private  float64 // share of private sessions
	blocks   bool
	relay    bool
	office   int // -1 none
	hinted   bool
	cookie   int // serial of the cookie it holds, 0 none
	nextWipe float64
	visits   []visitAt
}

type visitAt struct {
	at     float64
	device *gadget
	bot    int // operator, 0 for people
	like   *gadget
}

func epoch() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

// zipf draws 0..n-1 with weights 1/(k+1)^s.
type zipf struct{ sums []float64 }

func newZipf(n int, s float64) zipf {
	z := zipf{make([]float64, n)}
	sum := 0.0
	for i := range n {
		sum += 1 / math.Pow(float64(i+1), s)
		z.sums[i] = sum
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	i, _ := slices.BinarySearch(z.sums, r.Float64()*z.sums[len(z.sums)-1])
	return min(i, len(z.sums)-1)
}

type make_ struct {
	share            float64
	family, platform string
	models           zipf
	mobile, chromium bool
	cycle            float64
	base             int64
}

func makes() []make_ {
	android, ios, windows, mac := newZipf(400, .9), newZipf(12, .9), newZipf(14, .9), newZipf(6, .9)
	one := newZipf(1, 1)
	return []make_{
		{.36, "chrome", "android", android, true, true, 28, 145},
		{.24, "safari", "ios", ios, true, false, 365, 26},
		{.18, "chrome", "windows", windows, false, true, 28, 145},
		{.05, "edge", "windows", windows, false, true, 28, 145},
		{.05, "safari", "macos", one, false, false, 365, 26},
		{.05, "samsung", "android", newZipf(60, .9), true, true, 60, 29},
		{.04, "firefox", "windows", newZipf(3, .9), false, false, 28, 146},
		{.03, "chrome", "macos", mac, false, true, 28, 145},
	}
}

func newPopulation(seed uint64, devices int) *population {
	r := rand.New(rand.NewPCG(seed, 77))
	p := &population{rng: r, days: 60, relays: max(20, devices/100), cgnat: max(5, devices/140)}
	for i := range max(3, devices/400) {
		p.offices = append(p.offices, 0x0ff1ce00+uint64(i))
	}
	languages, kinds := newZipf(25, 2.2), makes()
	person := 0
	for len(p.devices) < devices {
		h := &house{language: languages.draw(r)}
		h.lease(p)
		p.homes = append(p.homes, h)
		for i, n := 0, 1+r.IntN(4); i < n; i++ {
			if r.Float64() < .45 {
				person++
				p.settle(h, person, languages, kinds)
			}
		}
	}
	return p
}

func (h *house) lease(p *population) {
	mean := 45.0
	if p.rng.Float64() < .25 {
		mean = 4
	}
	for at := -p.rng.ExpFloat64() * mean; at < p.days; at += p.rng.ExpFloat64() * mean {
		h.leases = append(h.leases, lease{at, 0x1000000 + uint64(p.rng.IntN(1<<28))})
	}
}

func (h *house) address(at float64) uint64 {
	now := h.leases[0].address
	for _, l := range h.leases {
		if l.from <= at {
			now = l.address
		}
	}
	return now
}

// settle gives a household one more person, with devices.
func (p *population) settle(h *house, person int, languages zipf, kinds []make_) {
	r := p.rng
	account, office := uint64(0), -1
	if r.Float64() < .5 {
		account = velocity.HashOf("account " + strconv.Itoa(person))
	}
	if r.Float64() < .25 {
		office = r.IntN(len(p.offices))
	}
	n := 1
	if r.Float64() < .3 {
		n = 2
	}
	for range n {
		at, k := r.Float64(), 0
		for k < len(kinds)-1 && at > kinds[k].share {
			at -= kinds[k].share
			k++
		}
		m := kinds[k]
		d := &gadget{number: len(p.devices), home: h, person: person, account: account, family: m.family, platform: m.platform,
			model: m.models.draw(r), language: h.language, mobile: m.mobile, chromium: m.chromium, cycle: m.cycle, base: m.base,
			lag: r.ExpFloat64() * (4 + 11*r.Float64()), office: office}
		if r.Float64() < .15 {
			d.language = languages.draw(r)
		}
		p.habits(d)
		p.plan(d)
		p.devices = append(p.devices, d)
	}
}

func (p *population) habits(d *gadget) {
	r := p.rng
	if r.Float64() < .32 {
		d.clears = 14
		d.nextWipe = r.ExpFloat64() * d.clears
	}
	if r.Float64() < .2 {
		d.private = .35
	}
	d.blocks = r.Float64() < .01
	apple := d.platform == "ios" || d.platform == "macos"
	d.relay = apple && r.Float64() < .12 || !apple && r.Float64() < .03
}

// plan draws the visits of a device.
func (p *population) plan(d *gadget) {
	r := p.rng
	n := int(math.Round(6 * math.Exp(.9*r.NormFloat64())))
	for i := 0; i < n; i++ {
		at := math.Floor(r.Float64()*p.days) + hourOfDay(r)/24
		d.visits = append(d.visits, visitAt{at: at, device: d})
		if r.Float64() < .35 && i+1 < n {
			i++
			d.visits = append(d.visits, visitAt{at: at + (.6+5.4*r.Float64())/24, device: d})
		}
	}
}

func hourOfDay(r *rand.Rand) float64 {
	for {
		h := r.Float64() * 24
		if r.Float64() < .25+.75*math.Sin(math.Pi*math.Max(0, h-6)/18) {
			return h
		}
	}
}

// timeline is all visits in their order, with those of three bot operators among them.
func (p *population) timeline(bots int) []visitAt {
	var all []visitAt
	for _, d := range p.devices {
		all = append(all, d.visits...)
	}
	for operator := 1; operator <= 3; operator++ {
		for range bots {
			host, like := p.devices[p.rng.IntN(len(p.devices))], p.devices[p.rng.IntN(len(p.devices))]
			all = append(all, visitAt{at: p.rng.Float64() * p.days, device: host, bot: operator, like: like})
		}
	}
	slices.SortStableFunc(all, func(a, b visitAt) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	return all
}

// address is where a visit comes from, and whether lists know it as a relay.
func (p *population) address(d *gadget, at float64) (address uint64, kind string, roaming bool) {
	r := p.rng
	hour := math.Mod(at, 1) * 24
	weekday := int(at)%7 < 5
	switch {
	case d.relay && r.Float64() < .8:
		return 0xae1a0000 + uint64(r.IntN(p.relays)), "relay", true
	case d.mobile && r.Float64() < .45:
		return 0xc6a70000 + uint64(r.IntN(p.cgnat)), "cgnat", false
	case d.office >= 0 && weekday && hour > 9 && hour < 18 && r.Float64() < .2:
		return p.offices[d.office], "office", false
	}
	return d.home.address(at), "home", false
}

func (d *gadget) major(at float64) int64 {
	return d.base + int64(math.Floor((at-d.lag+d.cycle/2)/d.cycle))
}

// sight is what a visit shows; sharp says whether the client told its model.
func (d *gadget) sight(at float64, address uint64, sharp bool) identity.Sight {
	mobile, model := "desktop", strconv.Itoa(d.model)
	if d.mobile {
		mobile = "mobile"
	}
	if !sharp {
		model = ""
	}
	kind := d.family + d.platform + mobile
	language := "lang" + strconv.Itoa(d.language)
	network := address >> 16
	if address>>28 == 0 || address>>24 != 0xae && address>>24 != 0xc6 && address>>24 != 0x0f {
		network = 0x150 + address%5 // five access providers
	}
	return identity.Sight{
		Environment: event.DefaultEnvironment, At: epoch().Add(time.Duration(at * float64(24*time.Hour))).Truncate(time.Microsecond),
		Address: spread(address), Prefix: spread(address >> 8), Network: spread(network), Country: spread(99),
		Kind: velocity.HashOf(kind), Client: velocity.HashOf(kind + language), Language: velocity.HashOf(language),
		Fingerprint: velocity.HashOf(kind + "/" + model + "/" + language),
		Major:       max(1, d.major(at)), Cycle: int64(d.cycle), Sharp: sharp && d.chromium, Mobile: d.mobile, Headers: velocity.HashOf(kind),
	}
}

func spread(v uint64) uint64 { return velocity.HashOf(strconv.FormatUint(v, 16)) }

// shelf is a store in memory that forgets what has expired.
type shelf struct {
	pieces map[string]piece
	now    time.Time
	loads  int
	bytes  map[byte]int
}

type piece struct {
	value   []byte
	expires time.Time
}

func (s *shelf) get(key string) []byte {
	s.loads++
	if p := s.pieces[key]; !p.expires.IsZero() && !s.now.After(p.expires) {
		return p.value
	}
	return nil
}

func (s *shelf) put(key string, value []byte, life time.Duration) {
	s.bytes[key[0]] = max(s.bytes[key[0]], len(value))
	old := s.pieces[key]
	s.pieces[key] = piece{append(old.value[:0], value...), s.now.Add(life)}
}

// inquire goes through one inquiry.
func (s *shelf) inquire(q *identity.Inquiry, sight *identity.Sight, bond identity.Bond) (identity.Decision, identity.Bond, error) {
	s.now = sight.At
	q.Open(sight, bond)
	for round := 0; ; round++ {
		names, err := q.Follow(s.get)
		if err != nil {
			return identity.Decision{}, bond, err
		}
		if len(names) == 0 {
			break
		}
		if round > 4 {
			return identity.Decision{}, bond, fmt.Errorf("an inquiry does not end")
		}
	}
	d := q.Decide()
	return d, q.Changes(s.put), nil
}

// final is the device that an id leads to in the end.
func (s *shelf) final(id event.ID) event.ID {
	for range 64 {
		var d identity.Device
		if d.Load(s.pieces[identity.DeviceKey(event.DefaultEnvironment, identity.RefOf(id))].value) != nil || d.Into() == "" {
			return id
		}
		id = d.Into()
	}
	return id
}
