package world

import (
	"container/heap"
	"math"
	"time"

	"wayguard/event"
)

// World is a stream of events. It is for one goroutine at a time.
type World struct {
	options Options
	arena   arena
	// now and end are microseconds since the start.
	now, end int64
	start    time.Time

	profiles       []profile
	profileShares  zipf
	models         []zipf
	languages      []string
	countries      []string
	languageShares zipf
	domains        []string
	domainShares   zipf
	catalogue      zipf
	bins           zipf
	deeds          []deed
	drops          []int64

	households []household
	persons    []person
	accounts   []account
	devices    []device
	numbers    []uint32 // of the devices: a new phone is another one
	lastNumber uint32
	// proxied says of each office whether its proxy breaks up TLS.
	proxied []bool
	// speakers counts devices by their household's language, carrierSizes are the addresses of each of its carriers.
	speakers, carrierSizes []int
	campaigns              []campaign

	visits  []visit
	free    []uint32
	agenda  agenda
	serial  uint32
	counter uint64
	orders  uint64
	// natural is how many accounts there were at the start: those that attackers have on their lists.
	natural int
	// last is the visit of the last Item, and whether it is over.
	last     uint32
	lastLive bool
}

// New makes a world and settles its people.
func New(o Options) *World {
	w := &World{options: o, start: o.Start.UTC(), end: int64(o.Days) * dayMicros, profiles: profiles(), languages: languages(), deeds: deeds()}
	w.languageShares = newZipf(len(w.languages), 2.2)
	if o.Drift {
		w.languageShares = newZipf(len(w.languages), 1.8)
	}
	for _, l := range w.languages {
		w.countries = append(w.countries, countryOf(l))
	}
	var shares []float64
	for i := range w.profiles {
		p := &w.profiles[i]
		shares = append(shares, p.share)
		if o.Drift {
			shares[i], p.major, p.lag = p.drifted, p.major+2, p.lag*0.7
		}
		w.models = append(w.models, newZipf(p.models, p.skew))
	}
	w.profileShares = newShares(shares)
	w.domains = mailDomains()
	w.domainShares = newZipf(ordinaryDomains, 1.1)
	w.catalogue, w.bins = newZipf(productCount, 0.8), newZipf(binCount, 0.8)
	for day := 5; day < o.Days; day += 7 {
		w.drops = append(w.drops, int64(day)*dayMicros+18*hourMicros)
	}
	w.settle()
	w.lastNumber, w.natural, w.orders = uint32(len(w.devices)), len(w.accounts), firstOrder
	for i := range w.devices {
		w.numbers = append(w.numbers, uint32(i)+1)
		w.agenda = append(w.agenda, entry{w.devices[i].next, uint32(i)})
	}
	for i := range o.Campaigns {
		w.campaigns = append(w.campaigns, w.newCampaign(i))
		w.agenda = append(w.agenda, entry{w.campaigns[i].next(w), campaignMark | uint32(i)})
	}
	heap.Init(&w.agenda)
	return w
}

// entry is when something is to happen, and to whom.
type entry struct {
	at  int64
	who uint32
}

// The highest bits of who tell visits and campaigns from devices.
const (
	visitMark    = uint32(1) << 31
	campaignMark = uint32(1) << 30
)

// agenda is a heap of entries, the earliest first.
type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].who < a[j].who
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push is for container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop is for container/heap.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	*a = (*a)[:last]
	return e
}

// move puts off the first entry.
func (a agenda) move(at int64, who uint32) {
	a[0] = entry{at, who}
	i := 0
	for {
		child := 2*i + 1
		if child >= len(a) {
			return
		}
		if child+1 < len(a) && a.Less(child+1, child) {
			child++
		}
		if !a.Less(child, i) {
			return
		}
		a.Swap(i, child)
		i = child
	}
}

// Next fills item with the next event and its truth; false when the world is over. The event is the caller's for good.
func (w *World) Next(item *Item) bool {
	for {
		first := w.agenda[0] // there is one as long as there are people: devices always come again
		if first.at >= w.end {
			return false
		}
		w.now = first.at
		switch {
		case first.who&visitMark != 0:
			w.attend(first.who&^visitMark, item)
			return true
		case first.who&campaignMark != 0:
			c := &w.campaigns[first.who&^campaignMark]
			slot := w.strike(c)
			if at := c.next(w); at < w.end {
				w.agenda.move(at, first.who)
			} else {
				heap.Pop(&w.agenda)
			}
			heap.Push(&w.agenda, entry{w.now, visitMark | slot})
		default:
			w.agenda.move(w.now, visitMark|w.set(first.who))
		}
	}
}

// firstOrder is the number before that of the first order.
const firstOrder = 10000

// attend lets the visit that stands first do its next step.
func (w *World) attend(at uint32, item *Item) {
	v := &w.visits[at]
	w.act(v, item)
	w.last, w.lastLive = at, true
	if gap, more := w.pause(v); more {
		w.agenda.move(w.now+max(gap, 1000), visitMark|at)
		return
	}
	w.lastLive = false
	w.leave(v)
	w.free = append(w.free, at)
	if v.campaign < 0 && v.home >= 0 {
		w.agenda.move(w.devices[v.home].next, uint32(v.home))
		return
	}
	heap.Pop(&w.agenda)
}

// Blocked tells the world that the last event's request was answered by Wayguard and not by the shop. Attackers of the highest
// level then go on with another device.
func (w *World) Blocked() {
	if !w.lastLive {
		return
	}
	v := &w.visits[w.last]
	v.won = false
	v.turnedAway()
	if v.campaign >= 0 {
		if c := &w.campaigns[v.campaign]; c.Level == 4 {
			c.rotation++
		}
	}
}

// time is a moment of the world.
func (w *World) time(at int64) time.Time { return w.start.Add(time.Duration(at) * time.Microsecond) }

// Start is when the campaign of that number (Truth.Actor) makes its first attempt at the earliest.
func (w *World) Start(actor uint32) time.Time {
	return w.time(w.campaigns[actor-1].From.Microseconds())
}

// Campaigns are all of them, in the order of their numbers.
func (w *World) Campaigns() []Campaign {
	all := make([]Campaign, 0, len(w.campaigns))
	for i := range w.campaigns {
		all = append(all, w.campaigns[i].Campaign)
	}
	return all
}

// Campaign is the campaign of that number (Truth.Actor).
func (w *World) Campaign(actor uint32) Campaign { return w.campaigns[actor-1].Campaign }

// id makes an event's id of the world's seed and the event's place in it.
func (w *World) id() event.ID {
	w.counter++
	return event.RandomID(w.time(w.now), w.idBytes())
}

func (w *World) idBytes() (b [10]byte) {
	one, two := mix(w.options.Seed, w.counter), w.counter
	for i := range 8 {
		b[i] = byte(one >> (8 * i))
	}
	b[8], b[9] = byte(two>>8), byte(two)
	return b
}

func exp2(x float64) float64 { return math.Exp2(x) }
