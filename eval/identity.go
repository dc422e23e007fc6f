package eval

import (
	"wayguard/event"
	"wayguard/world"
)

// cluster names the predicted device of a visit.
type cluster func(*visit) uint32

// Device is what the engine says, the others what the baselines do.
func byJourney(v *visit) uint32 { return v.journey }
func byCookie(v *visit) uint32  { return v.cookie }
func byShape(v *visit) uint32   { return v.shape }

// personal says that a visit counts for the figures of identity: a person's, and not at a computer that a whole town uses.
func personal(v *visit) bool { return v.truth.Human() && v.truth.Twin != world.Kiosk }

// Linking says how well visits were linked to devices.
type Linking struct {
	// Precision and Recall are of pairs of visits, BPrecision, BRecall and BF1 are B-cubed: each visit counts once.
	Precision  Estimate `json:"pairwise_precision"`
	Recall     Estimate `json:"pairwise_recall"`
	BPrecision Estimate `json:"b3_precision"`
	BRecall    Estimate `json:"b3_recall"`
	BF1        Estimate `json:"b3_f1"`
	Visits     int      `json:"visits"`
}

// The places of an identity's sums.
const (
	truePairs = iota
	linkedPairs
	samePairs
	bPrecision
	bRecall
	items
)

// deviceOf and personOf are what clusters are compared with.
func deviceOf(v *visit) uint32 { return v.truth.Device }
func personOf(v *visit) uint32 { return v.truth.Person }

// linkUnits gives what each device adds to the figures of those visits that are wanted. Clusters are counted over all
// personal visits, so that a wrong link to another stratum counts in this one.
func linkUnits(s *Seen, by, whose cluster, wanted func(*visit) bool) []sums {
	type both struct{ device, cluster uint32 }
	predicted, truth, common := map[uint32]int{}, map[uint32]int{}, map[both]int{}
	for i := range s.visits {
		if v := &s.visits[i]; v.requests > 0 && personal(v) {
			predicted[by(v)]++
			truth[whose(v)]++
			common[both{whose(v), by(v)}]++
		}
	}
	var devices perDevice
	for i := range s.visits {
		v := &s.visits[i]
		if v.requests == 0 || !personal(v) || !wanted(v) {
			continue
		}
		c, g, both := float64(predicted[by(v)]), float64(truth[whose(v)]), float64(common[both{whose(v), by(v)}])
		devices.of(v.truth.Device).add(&sums{truePairs: both - 1, linkedPairs: c - 1, samePairs: g - 1, bPrecision: both / c, bRecall: both / g, items: 1})
	}
	return devices.units
}

// link measures over several worlds.
func link(all []*Seen, by cluster, wanted func(*visit) bool) Linking {
	return linkTo(all, by, deviceOf, wanted)
}

// linkTo is link to something else than devices.
func linkTo(all []*Seen, by, whose cluster, wanted func(*visit) bool) Linking {
	var units []sums
	for _, s := range all {
		units = append(units, linkUnits(s, by, whose, wanted)...)
	}
	seed := uint64(len(units))
	visits := 0.0
	for i := range units {
		visits += units[i][items]
	}
	e := estimates(units, seed, ratio(truePairs, linkedPairs), ratio(truePairs, samePairs), ratio(bPrecision, items), ratio(bRecall, items),
		func(s *sums) float64 { return harmonic(ratio(bPrecision, items)(s), ratio(bRecall, items)(s)) })
	return Linking{Precision: e[0], Recall: e[1], BPrecision: e[2], BRecall: e[3], BF1: e[4], Visits: int(visits)}
}

func everyVisit(*visit) bool { return true }

// Stratum is a part of the visits, by where they came from, what becomes of their cookies, and whether there is an account.
type Stratum struct {
	Place   string  `json:"place"`
	Habit   string  `json:"cookies"`
	Account bool    `json:"account"`
	Linking Linking `json:"linking"`
}

func strata(all []*Seen) []Stratum {
	var found []Stratum
	for place := world.Home; place <= world.Relay; place++ {
		for habit := world.Kept; habit <= world.Never; habit++ {
			for _, account := range []bool{true, false} {
				l := link(all, byJourney, func(v *visit) bool {
					return v.truth.Place == place && v.truth.Habit == habit && v.truth.Account == account
				})
				if l.Visits > 0 {
					found = append(found, Stratum{place.String(), habit.String(), account, l})
				}
			}
		}
	}
	return found
}

// Shape of the clusters as a whole.
type Shape struct {
	// Contamination is how many of a thousand attackers' visits stand in a journey that is mostly people's; Stolen is the same of those who came with somebody's
	// stolen cookie, who are not in the first.
	Contamination Estimate `json:"contamination_per_1000"`
	Stolen        Estimate `json:"contamination_stolen_per_1000"`
	// Largest is the number of visits in the largest journey of people, LargestTrue that of the largest device.
	Largest     int `json:"largest_journey"`
	LargestTrue int `json:"largest_device"`
	// PerDevice is how many journeys a device has.
	PerDevice Estimate `json:"journeys_per_device"`
}

func shapeOf(all []*Seen) Shape {
	var shape Shape
	var units, stolen, devices []sums
	for _, s := range all {
		people, attackers := map[uint32]int{}, map[uint32]int{}
		truth := map[uint32]int{}
		journeys := map[uint32]map[uint32]bool{}
		for i := range s.visits {
			switch v := &s.visits[i]; {
			case v.requests == 0:
			case v.truth.Attack != world.Honest:
				attackers[v.journey]++
			case personal(v):
				people[v.journey]++
				truth[v.truth.Device]++
				if journeys[v.truth.Device] == nil {
					journeys[v.truth.Device] = map[uint32]bool{}
				}
				journeys[v.truth.Device][v.journey] = true
			}
		}
		for i := range people {
			shape.Largest = max(shape.Largest, people[i])
		}
		for i := range truth {
			shape.LargestTrue = max(shape.LargestTrue, truth[i])
		}
		u, t := contaminations(s, people, attackers)
		units, stolen = append(units, u...), append(stolen, t...)
		for device := range uint32(len(s.visits)) { // by number, not in the map's order
			if found := journeys[device]; found != nil {
				devices = append(devices, sums{float64(len(found)), 1})
			}
		}
	}
	shape.Contamination, shape.Stolen = estimate(units, 1, thousandth), estimate(stolen, 1, thousandth)
	shape.PerDevice = estimate(devices, 1, ratio(0, 1))
	return shape
}

func thousandth(s *sums) float64 { return 1000 * rate(0, 1)(s) }

// contaminations gives each attacker's visits in people's journeys.
func contaminations(s *Seen, people, attackers map[uint32]int) (units, stolen []sums) {
	var others, thieves perDevice
	for i := range s.visits {
		v := &s.visits[i]
		if v.requests == 0 || v.truth.Attack == world.Honest {
			continue
		}
		kind := &others
		if v.truth.Attack == world.TokenForwarding {
			kind = &thieves
		}
		device := kind.of(v.truth.Device)
		device[1]++
		if people[v.journey] >= attackers[v.journey] {
			device[0]++
		}
	}
	return others.units, thieves.units
}

// grouping gives B-cubed F1 of requests to sessions over the visits that are wanted.
func grouping(all []*Seen, of func(*visit) []share, wanted func(*visit) bool) Estimate {
	var units []sums
	for _, s := range all {
		size := map[uint32]float64{}
		for i := range s.visits {
			for _, p := range of(&s.visits[i]) {
				size[p.cluster] += float64(p.count)
			}
		}
		var devices perDevice
		for i := range s.visits {
			v := &s.visits[i]
			if v.requests == 0 || !v.truth.Human() || !wanted(v) {
				continue
			}
			for _, p := range of(v) {
				n := float64(p.count)
				devices.of(v.truth.Device).add(&sums{n * n / size[p.cluster], n * n / float64(v.requests), n})
			}
		}
		units = append(units, devices.units...)
	}
	return estimate(units, uint64(len(units)), func(s *sums) float64 { return harmonic(ratio(0, 2)(s), ratio(1, 2)(s)) })
}

func bySession(v *visit) []share { return v.sessions }
func byTimeout(v *visit) []share { return v.timeouts }

// alarms is how many people's visits were rated at least so.
func alarms(all []*Seen, at event.Rating, wanted func(*visit) bool) Estimate {
	return personRate(all, wanted, func(v *visit) bool { return v.rating >= at })
}

// personRate is the share of people's visits of which something holds.
func personRate(all []*Seen, wanted, holds func(*visit) bool) Estimate {
	var units []sums
	for _, s := range all {
		var devices perDevice
		for i := range s.visits {
			v := &s.visits[i]
			if v.requests == 0 || !wanted(v) {
				continue
			}
			device := devices.of(v.truth.Device)
			device[1]++
			if holds(v) {
				device[0]++
			}
		}
		units = append(units, devices.units...)
	}
	return estimate(units, uint64(len(units)), rate(0, 1))
}

func human(v *visit) bool { return v.truth.Human() }
