package eval

import (
	"cmp"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/world"
)

// Detection is what became of one attack at one level.
type Detection struct {
	Name     string `json:"name"`
	Attack   string `json:"attack"`
	Level    int    `json:"level"`
	Slow     bool   `json:"slow,omitempty"`
	Attempts int    `json:"attempts"`
	// Suspicious and Malicious are the shares of attempts with at least that rating, Thresholds those that the firewall's thresholds stop.
	Suspicious Estimate `json:"suspicious"`
	Malicious  Estimate `json:"malicious"`
	Thresholds Estimate `json:"thresholds"`
	// Losses are moments of damage, BeforeLoss the share of them at which the session was rated Suspicious at least.
	Losses     int      `json:"losses"`
	BeforeLoss Estimate `json:"before_loss"`
	// Alarm is the time from the first attempt to the first Suspicious rating; negative when there was none. Condemned is the
	// same of Malicious. Where several worlds were seen it is the longest of them.
	Alarm     time.Duration `json:"alarm_ns"`
	Condemned time.Duration `json:"malicious_ns"`
	// MostPaid is the most payments of one attacker's device that reached the shop.
	MostPaid int `json:"most_paid"`
	units    []sums
}

// The places of a detection's sums.
const (
	attempted = iota
	suspected
	condemnedSum
	thresholdSum
	lost
	flaggedSum
)

func detections(all []*Seen) []*Detection {
	found := map[string]*Detection{}
	var list []*Detection
	for _, s := range all {
		for _, group := range byCampaign(s) {
			c := s.world.Campaign(group[0].truth.Actor)
			d := found[c.Name()]
			if d == nil {
				d = &Detection{Name: c.Name(), Attack: c.Attack.String(), Level: c.Level, Slow: c.Slow}
				found[d.Name] = d
				list = append(list, d)
			}
			d.take(group)
		}
	}
	for _, d := range list {
		d.measure()
	}
	slices.SortStableFunc(list, func(a, b *Detection) int { return cmp.Compare(attackOf(a), attackOf(b)) })
	return list
}

// measure makes the shares of what the attackers add up to.
func (d *Detection) measure() {
	e := estimates(d.units, uint64(len(d.units)), rate(suspected, attempted), rate(condemnedSum, attempted), rate(thresholdSum, attempted),
		ratio(flaggedSum, lost))
	d.Suspicious, d.Malicious, d.Thresholds, d.BeforeLoss = e[0], e[1], e[2], e[3]
}

func attackOf(d *Detection) int {
	at := slices.IndexFunc(world.Attacks(), func(a world.Attack) bool { return a.String() == d.Attack })
	slow := 0
	if d.Slow {
		slow = 1
	}
	return (at*world.LevelCount+d.Level)*2 + slow
}

// byCampaign groups attackers by who sent them, in the order of their numbers.
func byCampaign(s *Seen) [][]*attacker {
	var devices []uint32
	for device := range s.attackers {
		devices = append(devices, device)
	}
	slices.Sort(devices)
	groups := map[uint32][]*attacker{}
	var actors []uint32
	for _, device := range devices {
		a := s.attackers[device]
		if groups[a.truth.Actor] == nil {
			actors = append(actors, a.truth.Actor)
		}
		groups[a.truth.Actor] = append(groups[a.truth.Actor], a)
	}
	slices.Sort(actors)
	var list [][]*attacker
	for _, actor := range actors {
		list = append(list, groups[actor])
	}
	return list
}

// take adds the attackers of one campaign.
func (d *Detection) take(group []*attacker) {
	var began, alarmed, condemned time.Time
	for _, a := range group {
		d.units = append(d.units, sums{attempted: float64(a.attempts), suspected: float64(a.suspicious), condemnedSum: float64(a.malicious),
			thresholdSum: float64(a.thresholded), lost: float64(a.losses), flaggedSum: float64(a.flagged)})
		d.Attempts += a.attempts
		d.Losses += a.losses
		d.MostPaid = max(d.MostPaid, a.paid)
		began, alarmed, condemned = earliest(began, a.began), earliest(alarmed, a.alarmed), earliest(condemned, a.condemned)
	}
	d.Alarm, d.Condemned = longer(d.Alarm, began, alarmed), longer(d.Condemned, began, condemned)
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// never is the time to an alarm that did not come.
const never = time.Duration(-1)

func longer(so time.Duration, began, alarm time.Time) time.Duration {
	if so == never || began.IsZero() || alarm.IsZero() {
		return never
	}
	return max(so, alarm.Sub(began))
}

// together measures several attacks as one.
func together(list []*Detection, wanted func(*Detection) bool) Detection {
	sum := Detection{}
	for _, d := range list {
		if !wanted(d) {
			continue
		}
		sum.units = append(sum.units, d.units...)
		sum.Attempts, sum.Losses, sum.MostPaid = sum.Attempts+d.Attempts, sum.Losses+d.Losses, max(sum.MostPaid, d.MostPaid)
		if d.Alarm == never || sum.Alarm == never {
			sum.Alarm = never
		} else {
			sum.Alarm = max(sum.Alarm, d.Alarm)
		}
	}
	sum.measure()
	return sum
}

// automated are the attacks that are done by programs: those that a detector of bots must find.
func automated(v *visit) bool {
	switch v.truth.Attack {
	case world.Honest, world.RefundAbuse, world.ReferralRing, world.TokenForwarding, world.Takeover:
		return false
	}
	return true
}

// scoreAt is the lowest score that at most so large a share of people's visits reaches.
func scoreAt(all []*Seen, share float64) int64 {
	var scores []int64
	for _, s := range all {
		for i := range s.visits {
			if v := &s.visits[i]; v.requests > 0 && human(v) {
				scores = append(scores, v.score)
			}
		}
	}
	if len(scores) == 0 {
		return 0
	}
	slices.Sort(scores)
	allowed := int(share * float64(len(scores)))
	return max(scores[len(scores)-1-allowed]+1, 1)
}

// botTraffic is the share of programs' requests, of the levels wanted, in visits whose score reaches the threshold.
func botTraffic(all []*Seen, score int64, wanted func(level int) bool) Estimate {
	var units []sums
	for _, s := range all {
		var devices perDevice
		for i := range s.visits {
			v := &s.visits[i]
			if v.requests == 0 || !automated(v) || !wanted(v.truth.Level) {
				continue
			}
			device := devices.of(v.truth.Device)
			device[1] += float64(v.requests)
			if v.score >= score {
				device[0] += float64(v.requests)
			}
		}
		units = append(units, devices.units...)
	}
	return estimate(units, 1, rate(0, 1))
}

// People is how the honest fare.
type People struct {
	Visits     int      `json:"visits"`
	Suspicious Estimate `json:"suspicious"`
	Malicious  Estimate `json:"malicious"`
	Thresholds Estimate `json:"thresholds"`
	// Payments are those of people, Blocked those that the ladder stopped.
	Payments int `json:"payments"`
	Blocked  int `json:"blocked"`
	// Twins are those who look like an attacker, by what they look like.
	Twins []TwinRates `json:"twins"`
}

// TwinRates are the false alarms among one kind of visitor who looks like an attacker.
type TwinRates struct {
	Twin       string   `json:"twin"`
	Visits     int      `json:"visits"`
	Suspicious Estimate `json:"suspicious"`
	Malicious  Estimate `json:"malicious"`
}

func people(all []*Seen) People {
	p := People{Suspicious: alarms(all, event.Suspicious, human), Malicious: alarms(all, event.Malicious, human),
		Thresholds: personRate(all, human, func(v *visit) bool { return v.threshold })}
	counts := map[world.Twin]int{}
	for _, s := range all {
		p.Payments += s.payments
		p.Blocked += s.blocked
		for i := range s.visits {
			if v := &s.visits[i]; v.requests > 0 && v.truth.Attack == world.Honest {
				counts[v.truth.Twin]++
				if human(v) {
					p.Visits++
				}
			}
		}
	}
	for _, twin := range world.Twins() {
		wanted := func(v *visit) bool { return v.truth.Attack == world.Honest && v.truth.Twin == twin }
		p.Twins = append(p.Twins, TwinRates{twin.String(), counts[twin], alarms(all, event.Suspicious, wanted), alarms(all, event.Malicious, wanted)})
	}
	return p
}
