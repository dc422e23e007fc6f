package eval

import (
	"wayguard/world"
)

// Layers is what is known above the device: persons, actors, and how well confidence keeps its word.
type Layers struct {
	// Persons says how well visits were linked to persons.
	Persons Linking `json:"persons"`
	// InActors is the share of attackers' visits that belong to an actor, OneActor how many of those are in the actor that most
	// of their campaign is in, and People how many of 10,000 of people's visits are in any.
	InActors Estimate `json:"attackers_in_actors"`
	OneActor Estimate `json:"attackers_in_their_actor"`
	People   Estimate `json:"people_in_actors_per_10000"`
	// Calibration is the mean distance of confidence from how often it was right, over ten bins; 0 is perfect.
	Calibration Estimate `json:"calibration_error"`
	Bins        []Bin    `json:"calibration"`
	// Tiers are the decisions about devices by the kind of evidence.
	Tiers map[string]Tier `json:"tiers"`
}

// Tier is a kind of evidence that decides about devices.
type Tier struct {
	Decisions int `json:"decisions"`
	// Joined counts people's visits that it put into a journey that was there before, Right those where that was right.
	Joined int `json:"joined"`
	Right  int `json:"right"`
}

// Bin is visits of about the same confidence.
type Bin struct {
	From   int `json:"from_percent"`
	Visits int `json:"visits"`
	// Confidence is their mean, Right how many were right, both as shares.
	Confidence float64 `json:"confidence"`
	Right      float64 `json:"right"`
}

func layersOf(all []*Seen) Layers {
	l := Layers{Tiers: map[string]Tier{}}
	l.Persons = linkTo(all, func(v *visit) uint32 { return v.person }, personOf, everyVisit)
	inActor := func(v *visit) bool { return v.actor != 0 }
	l.InActors = personRate(all, func(v *visit) bool { return v.truth.Attack != world.Honest }, inActor)
	l.People = personRate(all, human, inActor)
	for _, f := range []*float64{&l.People.Value, &l.People.Low, &l.People.High} {
		*f *= 10000
	}
	var units []sums
	for _, s := range all {
		units = append(units, actorUnits(s)...)
		for tier, n := range s.tiers {
			t := l.Tiers[tier]
			t.Decisions += n
			l.Tiers[tier] = t
		}
	}
	l.OneActor = estimate(units, 1, rate(0, 1))
	l.Bins, l.Calibration = calibration(all, l.Tiers)
	return l
}

// actorUnits gives, of each campaign, how many of its visits that are in an actor are in the one most of them are in.
func actorUnits(s *Seen) []sums {
	counts := map[uint32]map[uint32]int{}
	for i := range s.visits {
		if v := &s.visits[i]; v.requests > 0 && v.truth.Attack != world.Honest && v.actor != 0 {
			if counts[v.truth.Actor] == nil {
				counts[v.truth.Actor] = map[uint32]int{}
			}
			counts[v.truth.Actor][v.actor]++
		}
	}
	var units []sums
	for actor := range uint32(len(s.world.Campaigns())) {
		most, whole := 0, 0
		for _, n := range counts[actor+1] {
			most, whole = max(most, n), whole+n
		}
		if whole > 0 {
			units = append(units, sums{float64(most), float64(whole)})
		}
	}
	return units
}

// calibration compares confidence with the truth, for people's visits in a journey that was there before: the visit is right
// when most of the journey's earlier visits are of its device.
func calibration(all []*Seen, tiers map[string]Tier) ([]Bin, Estimate) {
	bins := make([]Bin, 10)
	for _, s := range all {
		earlier := map[uint32]map[uint32]int{}
		for i := range s.visits {
			v := &s.visits[i]
			if v.requests == 0 || !personal(v) {
				continue
			}
			before := earlier[v.journey]
			if before == nil {
				before = map[uint32]int{}
				earlier[v.journey] = before
			} else {
				right := rightly(v, before)
				if v.confidence > 0 {
					bins[min(v.confidence/10, 9)].take(v.confidence, right)
				}
				t := tiers[v.tier]
				t.Joined++
				if right {
					t.Right++
				}
				tiers[v.tier] = t
			}
			before[v.truth.Device]++
		}
	}
	visits, off := 0, 0.0
	for i := range bins {
		b := &bins[i]
		if b.From = i * 10; b.Visits == 0 {
			continue
		}
		b.Confidence, b.Right = b.Confidence/float64(b.Visits), b.Right/float64(b.Visits)
		visits += b.Visits
		off += float64(b.Visits) * max(b.Confidence-b.Right, b.Right-b.Confidence)
	}
	e := Estimate{Units: visits}
	if visits > 0 {
		e.Value = off / float64(visits)
		e.Low, e.High = e.Value, e.Value
	}
	return bins, e
}

// rightly says that most of a journey's earlier visits are of the visit's device.
func rightly(v *visit, before map[uint32]int) bool {
	own, whole := before[v.truth.Device], 0
	for _, n := range before {
		whole += n
	}
	return own*2 > whole
}

func (b *Bin) take(confidence int64, right bool) {
	b.Visits++
	b.Confidence += float64(confidence) / 100
	if right {
		b.Right++
	}
}
