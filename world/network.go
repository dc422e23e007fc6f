package world

import (
	"strings"

	"wayguard/event"
)

// The address spaces, as the first octet or so of what is drawn from them.
const (
	homeBase    = uint32(24) << 24
	carrierBase = uint32(109) << 24
	officeBase  = uint32(193) << 24
	relayBase   = uint32(172)<<24 | uint32(224)<<16
	vpnBase     = uint32(185) << 24
	hostingBase = uint32(159) << 24
	proxyBase   = uint32(45) << 24
	hotelBase   = uint32(213) << 24
)

// usersPerCarrierAddress is how many phones share one address of a carrier's NAT; carriers is how many carriers there are.
const (
	usersPerCarrierAddress = 80
	carriers               = 3
	relayAddresses         = 300
	// homesApart is the distance between the addresses that a provider gives to two of the shop's visitors.
	homesApart = 7
)

// address is where a visit comes from.
type address struct {
	text, prefix string
	v6           bool
	network      event.Network
	place        Place
}

func (w *World) v4(n uint32, place Place, network event.Network) address {
	a := address{place: place, network: network}
	begin := w.arena.begin()
	w.addOctets(n, 4)
	a.text = w.arena.end(begin)
	begin = w.arena.begin()
	w.addOctets(n, 3)
	w.arena.text = append(w.arena.text, ".0/24"...)
	a.prefix = w.arena.end(begin)
	return a
}

func (w *World) addOctets(n uint32, count int) {
	for i := range count {
		if i > 0 {
			w.arena.text = append(w.arena.text, '.')
		}
		w.arena.addNumber(uint64(n >> (24 - 8*i) & 0xff))
	}
}

// v6 is an address of a home's /56, as RFC 5952 writes it: all groups are drawn so that none is zero.
func (w *World) v6(home uint64, provider uint32, suffix uint64, network event.Network) address {
	a := address{place: Home, network: network, v6: true}
	begin := w.arena.begin()
	w.arena.text = append(w.arena.text, "2a02:"...)
	w.addGroup(uint64(provider) + 0x100)
	w.arena.text = append(w.arena.text, ':')
	w.addGroup(home>>16&0xffff | 0x1000)
	w.arena.text = append(w.arena.text, ':')
	w.addGroup(home&0xff00 | 0x1000)
	middle := len(w.arena.text)
	for shift := 48; shift >= 0; shift -= 16 {
		w.arena.text = append(w.arena.text, ':')
		w.addGroup(suffix>>shift&0xffff | 0x1000)
	}
	a.text = w.arena.end(begin)
	head := middle - begin
	begin = w.arena.begin()
	w.arena.text = append(append(w.arena.text, a.text[:head]...), "::/56"...)
	a.prefix = w.arena.end(begin)
	return a
}

func (w *World) addGroup(v uint64) {
	digits := 4
	for digits > 1 && v>>(4*(digits-1))&15 == 0 {
		digits--
	}
	w.arena.addHex(v<<(64-4*digits), digits)
}

// countryOf is the country that a language speaks of.
func countryOf(language string) string {
	first, _, _ := strings.Cut(language, ",")
	if _, country, ok := strings.Cut(first, "-"); ok {
		return strings.ToUpper(country)
	}
	return "AE"
}

// home is a household's address now: a lease that ends by and by.
func (w *World) home(h *household, device uint64, now int64) address {
	w.renew(h, now)
	provider := uint32(h.language)*2 + uint32(h.seed&1)
	network := event.Network{AS: int64(3200 + provider), Country: w.countries[h.language]}
	// The address goes back to the provider, and in time to others.
	slot := mix(uint64(provider), h.seed, uint64(h.lease), 11) % uint64(3*len(w.households)+64)
	if h.v6 {
		return w.v6(slot<<8, provider, mix(device, uint64(now/dayMicros), 12), network)
	}
	return w.v4(homeBase+provider<<24+uint32(slot)*homesApart, Home, network)
}

func (w *World) renew(h *household, now int64) {
	for now >= h.leaseEnds {
		h.lease++
		d := dice(mix(h.seed, uint64(h.lease), 13))
		mean := 45.0
		if h.mayfly {
			mean = 4
		}
		h.leaseEnds += int64(d.exp(mean)*float64(dayMicros)) + hourMicros
	}
}

// carrier is an address of a carrier's NAT: another one each visit.
func (w *World) carrier(h *household, d *dice) address {
	n := uint32(h.language)*carriers + uint32(h.seed>>8%carriers)
	slot := uint32(d.below(w.carrierSizes[h.language]))
	return w.v4(carrierBase+n<<12+slot, CGNAT, event.Network{AS: int64(3100 + n), Country: w.countries[h.language]})
}

// office is a company's address; all who work there live in one country.
func (w *World) office(n int, language uint8) address {
	return w.v4(officeBase+uint32(n)<<8+uint32(mix(uint64(n))%200)+2, Office, event.Network{AS: int64(20000 + n), Country: w.countries[language]})
}

// relay is an exit of a privacy relay or of a VPN, another one each visit.
func (w *World) relay(apple bool, language uint8, d *dice) address {
	// An exit serves one country, so that its visitors see the pages of theirs.
	slot := uint32(language)<<12 + uint32(d.below(max(w.speakers[language]*relayAddresses/len(w.devices), 4)))*3
	if apple {
		return w.v4(relayBase+slot, Relay, event.Network{Kind: event.Relay, AS: 36183, Country: w.countries[language]})
	}
	return w.v4(vpnBase+slot, Relay, event.Network{Kind: event.VPN, AS: 9009, Country: w.countries[language]})
}

// hotel is an address abroad.
func (w *World) hotel(d *dice) address {
	n := d.below(4000)
	return w.v4(hotelBase+uint32(n)*5, CGNAT, event.Network{AS: int64(50000 + n%40), Country: w.countries[4+n%20]})
}

// exit is where an attacker comes out: data centres at first, open proxies, then people's homes, some of them those of the
// shop's own visitors.
func (w *World) exit(c *campaign, n int) address {
	d := dice(mix(w.options.Seed, uint64(c.number), uint64(n), 14))
	switch {
	case c.Level == 0:
		return w.v4(hostingBase+uint32(c.number)<<8+uint32(n), Elsewhere, event.Network{Kind: event.Hosting, AS: 16276, Country: "FR"})
	case c.Level == 1:
		network := event.Network{AS: int64(60000 + n%90), Country: w.countries[d.below(len(w.countries))]}
		if d.chance(0.5) {
			network.Kind = event.Hosting
		}
		return w.v4(proxyBase+uint32(c.number)<<17+uint32(n)*17, Elsewhere, network)
	case d.chance(0.4):
		a := w.home(&w.households[d.below(len(w.households))], d.next(), w.now)
		a.place = Home
		return a
	}
	language := uint8(w.languageShares.draw(&d))
	provider := uint32(language)*2 + uint32(d.below(2))
	slot := uint32(3*len(w.households)+64) + uint32(d.below(200000))
	return w.v4(homeBase+provider<<24+slot*homesApart, Home, event.Network{AS: int64(3200 + provider), Country: w.countries[language]})
}
