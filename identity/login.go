package identity

import (
	"encoding/binary"
	"time"
)

// HistorySize is how many different ways of logging in an account remembers.
const HistorySize = 16

// use is one way in which an account was logged in to.
type use struct {
	address, prefix, network, country, client, device uint32
	count                                             uint8
	// day is that of the last login, since 1970.
	day uint16
}

// history is the ways in which an account is logged in to. A login counts only once it has stood for a day: pending are those
// of the last day, which a reversal takes away again.
type history struct {
	uses    [HistorySize]use
	pending [4]use
	size    uint8
	waiting uint8
}

func (h *history) load(u *unpacker) {
	h.size = uint8(u.count(HistorySize))
	for i := range h.uses[:h.size] {
		h.uses[i] = loadUse(u)
	}
	h.waiting = uint8(u.count(len(h.pending)))
	for i := range h.pending[:h.waiting] {
		h.pending[i] = loadUse(u)
	}
}

func loadUse(u *unpacker) use {
	return use{u.uint32(), u.uint32(), u.uint32(), u.uint32(), u.uint32(), u.uint32(), u.uint8(), u.uint16()}
}

func (h *history) append(b []byte) []byte {
	b = append(b, h.size)
	for i := range h.uses[:h.size] {
		b = h.uses[i].append(b)
	}
	b = append(b, h.waiting)
	for i := range h.pending[:h.waiting] {
		b = h.pending[i].append(b)
	}
	return b
}

func (u *use) append(b []byte) []byte {
	for _, n := range [...]uint32{u.address, u.prefix, u.network, u.country, u.client, u.device} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return binary.BigEndian.AppendUint16(append(b, u.count), u.day)
}

func useOf(s *Sight, device Ref) use {
	return use{short(s.Address), short(s.Prefix), short(s.Network), short(s.Country), short(s.Client), short(uint64(device)), 1, dayOf(s.At)}
}

func (u *use) same(o *use) bool {
	return u.address == o.address && u.client == o.client && u.device == o.device
}

// remember puts a login down. It counts from the next day on.
func (h *history) remember(s *Sight, device Ref) {
	now := useOf(s, device)
	h.ripen(now.day)
	for i := range h.pending[:h.waiting] {
		if h.pending[i].same(&now) && h.pending[i].day == now.day {
			h.pending[i].count = plus(h.pending[i].count, 1)
			return
		}
	}
	if int(h.waiting) == len(h.pending) {
		h.settle(h.pending[0])
		copy(h.pending[:], h.pending[1:])
		h.waiting--
	}
	h.pending[h.waiting] = now
	h.waiting++
}

// ripen makes the logins of earlier days count.
func (h *history) ripen(day uint16) {
	kept := 0
	for i := range h.pending[:h.waiting] {
		if p := h.pending[i]; p.day < day {
			h.settle(p)
		} else {
			h.pending[kept] = p
			kept++
		}
	}
	h.waiting = uint8(kept)
}

// settle adds a login to those that count.
func (h *history) settle(p use) {
	worst := 0
	for i := range h.uses[:h.size] {
		u := &h.uses[i]
		if u.same(&p) {
			u.count, u.day = plus(u.count, int(p.count)), max(u.day, p.day)
			u.prefix, u.network, u.country = p.prefix, p.network, p.country
			return
		}
		if u.worth() < h.uses[worst].worth() {
			worst = i
		}
	}
	if h.size < HistorySize {
		worst = int(h.size)
		h.size++
	}
	h.uses[worst] = p
}

// worth orders ways by what they are worth keeping: by the last day, to which each doubling adds a month.
func (u *use) worth() int64 { return int64(u.day) + Log2(int64(u.count))*30/100 }

// Reverse forgets the logins from a device that have not stood for a day: the account's holder took them back, or the session
// turned out to be an attacker's.
func (a *Account) Reverse(device Ref) {
	h, kept := &a.history, 0
	for i := range h.pending[:h.waiting] {
		if p := h.pending[i]; p.device != short(uint64(device)) {
			h.pending[kept] = p
			kept++
		}
	}
	h.waiting = uint8(kept)
}

// Population is how common the values of a login are among all logins of the environment, each as so many in Logins. They come
// from crowds.
type Population struct {
	Logins, Address, Prefix, Network, Country, Client int64
}

// The weights of the population in a user's own shares (Freeman and others: κ), in tenths.
const (
	addressWeight = 15
	clientWeight  = 10
)

// trustOfDevice is what a device counts that the account was proven on at least three times over at least seven days, in centibits.
const trustOfDevice = 600

// riskLimit is the most that one part of the risk can count either way, in centibits.
const riskLimit = 1000

// LoginRisk is how much likelier the sight is for somebody who knows the password than for the account's holder, in centibits:
// below 300 is usual, from 700 on is somebody else, most often (Freeman and others, NDSS 2016; Wiefling and others, 2022). It is
// Σ log2(p(x)/p(x|u)) over address, client and device. p(x|u) backs off from the address to its prefix, network and country; the
// account's own shares fade with 180 days, and count less as long as there are few: as n/(n+3) below five logins. The device is
// the one that the session is linked to. An account without logins has no risk that could be told: 0.
func (a *Account) LoginRisk(s *Sight, device Ref, p *Population) int64 {
	h := a.history
	h.ripen(dayOf(s.At))
	total := h.total(s.At)
	if total == 0 {
		return 0
	}
	now := useOf(s, device)
	risk := h.addressRisk(&now, s.At, total, p) + h.clientRisk(&now, s.At, total, p) + h.deviceRisk(&now, s.At, total)
	if logins := int64(total / tenth); logins < 5 {
		risk = risk * logins / (logins + 3)
	}
	if i := a.find(device); device != 0 && i >= 0 && a.homes[i].logins >= 3 && a.homes[i].last >= a.homes[i].first+7 {
		risk -= trustOfDevice
	}
	return risk
}

// tenth is what one login counts when it was today, so that fading ones can count less: logins are counted in thousandths.
const tenth = 1000

// weight is what a way counts at a time.
func (u *use) weight(at time.Time) uint64 {
	age := int64(dayOf(at)) - int64(u.day)
	return uint64(fade(age, 180)) * tenth >> unitBits * uint64(u.count)
}

func (h *history) total(at time.Time) uint64 { return h.sum(at, func(*use) bool { return true }) }

func (h *history) sum(at time.Time, counts func(*use) bool) uint64 {
	var sum uint64
	for i := range h.uses[:h.size] {
		if u := &h.uses[i]; counts(u) {
			sum += u.weight(at)
		}
	}
	return min(sum, 1<<22)
}

// addressRisk compares the share of the address among all logins with its share among the account's, which backs off.
func (h *history) addressRisk(now *use, at time.Time, total uint64, p *Population) int64 {
	// The probability of the country for this user, then of the network within what is known, and so on.
	levels := [...]struct {
		own   uint64
		whole int64
	}{
		{h.sum(at, func(u *use) bool { return now.country != 0 && u.country == now.country }), p.Country},
		{h.sum(at, func(u *use) bool { return u.network == now.network }), p.Network},
		{h.sum(at, func(u *use) bool { return u.prefix == now.prefix }), p.Prefix},
		{h.sum(at, func(u *use) bool { return u.address == now.address }), p.Address},
	}
	common := among(p.Address, p.Logins)
	mine := unit / 16
	if now.country == 0 {
		levels[0].own, levels[0].whole = total, p.Logins // not known: it says nothing
	}
	parent := p.Logins
	for _, l := range levels {
		within := among(l.whole, parent)
		parent = l.whole
		// p(v|u) = (n_uv + κ·p(v|parent)) / (n_u + κ), where p(v|parent) is what the level above leaves for v.
		prior := within.times(mine)
		if mine == unit/16 {
			prior = within
		}
		mine = blend(l.own, total, prior, addressWeight)
	}
	return bounded(common.odds(mine))
}

func (h *history) clientRisk(now *use, at time.Time, total uint64, p *Population) int64 {
	own := h.sum(at, func(u *use) bool { return u.client == now.client })
	common := among(p.Client, p.Logins)
	return bounded(common.odds(blend(own, total, common, clientWeight)))
}

// deviceRisk is for a device known to the account at most its share; one never seen counts as one way more than there were.
func (h *history) deviceRisk(now *use, at time.Time, total uint64) int64 {
	own := uint64(0)
	if now.device != 0 {
		own = h.sum(at, func(u *use) bool { return u.device == now.device })
	}
	if own > 0 {
		return bounded(-200 - max(0, ratio(own, total).centibits()/2+100))
	}
	return bounded(Log2(int64(total/tenth)+1) * 2 / 3)
}

// among is how common a value is: as if it had been seen half a time more.
func among(count, whole int64) likelihood {
	c, w := uint64(max(0, min(count, whole))), uint64(max(0, whole))
	for w >= 1<<20 {
		c, w = c/2, w/2
	}
	return ratio(2*c+1, 2*w+2)
}

// blend is (own + κ·prior)/(total + κ), where own and total are in thousandths and κ in tenths.
func blend(own, total uint64, prior likelihood, weight uint64) likelihood {
	whole := total + weight*tenth/10
	return ratio(own, whole) + prior.times(ratio(weight*tenth/10, whole))
}

func bounded(centibits int64) int64 { return max(-riskLimit, min(riskLimit, centibits)) }
