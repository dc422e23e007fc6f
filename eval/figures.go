package eval

import (
	"fmt"
	"time"

	"wayguard/world"
)

// Figure is one thing measured beside its goal.
type Figure struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Goal  string `json:"goal"`
	Met   bool   `json:"met"`
}

// A figure that rests on nothing is not met.

func atLeast(name string, e Estimate, goal float64) Figure {
	return Figure{name, interval(e, 4), fmt.Sprintf(">= %g", goal), e.Value >= goal && e.Units > 0}
}

func atMost(name string, e Estimate, goal float64) Figure {
	return Figure{name, interval(e, 4), fmt.Sprintf("<= %g", goal), e.Value <= goal && e.Units > 0}
}

func interval(e Estimate, digits int) string {
	if e.Units == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f [%.*f..%.*f]", digits, e.Value, digits, e.Low, digits, e.High)
}

func quick(name string, took, goal time.Duration) Figure {
	if took == never {
		return Figure{name, "never", "<= " + goal.String(), false}
	}
	return Figure{name, took.Round(time.Second).String(), "<= " + goal.String(), took <= goal}
}

func number(name string, n, goal int) Figure {
	return Figure{name, fmt.Sprint(n), fmt.Sprintf("<= %d", goal), n <= goal}
}

func holds(name string, met bool) Figure { return Figure{name, fmt.Sprint(met), "= true", met} }

// figures are those that issue 4 has goals for.
func figures(r *Report) []Figure {
	full, bare, null, drift := r.Worlds[FullWorld], r.Worlds[CookielessWorld], r.Worlds[NullWorld], r.Worlds[DriftWorld]
	list := identityFigures("", full, bare)
	list = append(list, stuffingFigures("", full)...)
	list = append(list, peopleFigures("people", full.People)...)
	cards := together(full.Attacks, attackIs(world.CardTesting))
	if r.Replay.Events == 0 { // only some of the worlds were driven
		return append(append(list, peopleFigures("world without attacks", null.People)...), peopleFigures("world of other shares", drift.People)...)
	}
	list = append(list, number("card testing: most authorisations of one attacker's device that reached the shop", cards.MostPaid, 5),
		atLeast("bots that write requests, from an access log alone: recall at 0.5 % false positives", r.Log.Recall, 0.85),
		atMost("bots from an access log alone: false positives on seeds not tuned on", r.Log.FalseRate, 0.0075))
	most := 0
	for n := range r.Reasons {
		most = max(most, n)
	}
	list = append(list, number("Malicious: most reasons whose removal changes it", most, 5),
		number("Malicious: verdicts without any reason", r.Reasons[0], 0))
	list = append(list, peopleFigures("world without attacks", null.People)...)
	list = append(list, peopleFigures("world of other shares", drift.People)...)
	list = append(list, overlaps("world of other shares: pairwise precision as before", drift.Linking["wayguard"].Precision, full.Linking["wayguard"].Precision),
		overlaps("world of other shares: pairwise recall as before", drift.Linking["wayguard"].Recall, full.Linking["wayguard"].Recall))
	list = append(list, stuffingFigures("world of other shares: ", drift)...)
	list = append(list, memoryFigures(r)...)
	return append(list, holds("verdicts the same live, replayed, and over 1, 4 and 16 shards", r.Replay.Same))
}

func identityFigures(prefix string, full, bare World) []Figure {
	whole, none := full.Linking["wayguard"], bare.Linking["wayguard"]
	return []Figure{
		atLeast(prefix+"devices: pairwise precision", whole.Precision, 0.997),
		atLeast(prefix+"devices: pairwise recall", whole.Recall, 0.80),
		atLeast(prefix+"devices without cookies: pairwise precision", none.Precision, 0.98),
		atLeast(prefix+"devices without cookies: pairwise recall", none.Recall, 0.45),
		atLeast(prefix+"requests to sessions, with a key: B-cubed F1", full.Grouping["wayguard, with a key"], 0.995),
		atLeast(prefix+"requests to sessions, without, unshared addresses: B-cubed F1", bare.Grouping["wayguard, without a key, home"], 0.97),
		atMost(prefix+"attackers' visits in people's journeys, per 1,000", full.Shape.Contamination, 1),
		number(prefix+"largest journey beside three times the largest device, in visits", full.Shape.Largest, 3*full.Shape.LargestTrue),
	}
}

func attackIs(a world.Attack) func(*Detection) bool {
	return func(d *Detection) bool { return d.Attack == a.String() }
}

// stuffingFigures are of stuffing from 2,000 addresses, copied headers and imitated handshakes, and of the slow kind.
func stuffingFigures(prefix string, w World) []Figure {
	fast := together(w.Attacks, func(d *Detection) bool {
		return attackIs(world.Stuffing)(d) && (d.Level == 1 || d.Level == 2) && !d.Slow
	})
	slow := together(w.Attacks, func(d *Detection) bool { return attackIs(world.Stuffing)(d) && d.Slow })
	return []Figure{
		atLeast(prefix+"stuffing from 2,000 addresses: attempts Suspicious", fast.Suspicious, 0.98),
		atLeast(prefix+"stuffing from 2,000 addresses: attempts Malicious", fast.Malicious, 0.95),
		quick(prefix+"stuffing from 2,000 addresses: first alarm", fast.Alarm, 15*time.Second),
		atLeast(prefix+"low and slow stuffing: attempts Suspicious", slow.Suspicious, 0.95),
		quick(prefix+"low and slow stuffing: first alarm", slow.Alarm, 30*time.Minute),
	}
}

func peopleFigures(name string, p People) []Figure {
	return []Figure{
		atMost(name+": sessions Suspicious", p.Suspicious, 0.005), atMost(name+": sessions Malicious", p.Malicious, 0.001),
	}
}

// overlaps is whether a figure lies within the interval of another, as both are known.
func overlaps(name string, e, of Estimate) Figure {
	return Figure{name, interval(e, 4), fmt.Sprintf("overlaps [%.4f..%.4f]", of.Low, of.High), e.High >= of.Low}
}

// The bounds on what is kept and how long an event takes.
const (
	sessionBytes = 4096
	deviceBytes  = 400
	medianNanos  = 20_000
	p99Nanos     = 200_000
)

func memoryFigures(r *Report) []Figure {
	var list []Figure
	devices := false
	for _, k := range r.Kept {
		switch k.Kind {
		case "s":
			list = append(list, number("bytes kept of a live session, mean", k.Mean, sessionBytes), number("bytes kept of a live session, 99th percentile", k.P99, sessionBytes))
		case "d":
			devices = true
			list = append(list, number("bytes kept of a device, mean", k.Mean, deviceBytes), number("bytes kept of a device, most", k.Most, deviceBytes))
		}
	}
	if !devices {
		list = append(list, Figure{"bytes kept of a device, mean", "not kept", fmt.Sprintf("<= %d", deviceBytes), false})
	}
	return append(list, number("observing an event, median nanoseconds", int(r.Median), medianNanos),
		number("observing an event, 99th percentile nanoseconds", int(r.P99), p99Nanos),
		quick("a million events judged, on one core", r.Million, time.Minute))
}
