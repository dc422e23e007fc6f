package eval

import (
	"math/rand/v2"
	"slices"
)

// sums are what one device or one attacker adds to a figure; figures are made of their totals.
type sums [8]float64

func (s *sums) add(o *sums) {
	for i := range s {
		s[i] += o[i]
	}
}

// perDevice are the sums of each device. Numbers of devices are a world's own: each world has its own perDevice.
type perDevice struct {
	places map[uint32]int
	units  []sums
}

// of is what a device adds; it is good until the next call.
func (p *perDevice) of(device uint32) *sums {
	place, known := p.places[device]
	if !known {
		if p.places == nil {
			p.places = map[uint32]int{}
		}
		place = len(p.units)
		p.places[device] = place
		p.units = append(p.units, sums{})
	}
	return &p.units[place]
}

// Estimate is a figure with the interval in which it lies with 95 % confidence.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	// Units is how many devices or attackers it rests on.
	Units int `json:"units"`
}

// resamples is how often the bootstrap draws.
const resamples = 400

// estimate gives a statistic of the units' totals, and its interval by bootstrap over the units: whole devices are drawn, for
// the requests of one are no independent observations.
func estimate(units []sums, seed uint64, statistic func(*sums) float64) Estimate {
	return estimates(units, seed, statistic)[0]
}

// estimates is estimate of several statistics, by the same drawings.
func estimates(units []sums, seed uint64, statistics ...func(*sums) float64) []Estimate {
	var total sums
	for i := range units {
		total.add(&units[i])
	}
	list, values := make([]Estimate, len(statistics)), make([][]float64, len(statistics))
	for i, statistic := range statistics {
		x := statistic(&total)
		list[i] = Estimate{Value: x, Low: x, High: x, Units: len(units)}
	}
	if len(units) < 2 {
		return list
	}
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	for range resamples {
		var drawn sums
		for range units {
			drawn.add(&units[r.IntN(len(units))])
		}
		for i, statistic := range statistics {
			values[i] = append(values[i], statistic(&drawn))
		}
	}
	for i, drawn := range values {
		slices.Sort(drawn)
		list[i].Low, list[i].High = drawn[resamples*25/1000], drawn[resamples*975/1000]
	}
	return list
}

// ratio is one total over another; 1 where there is nothing to divide, for nothing was wrong.
func ratio(num, den int) func(*sums) float64 {
	return func(s *sums) float64 {
		if s[den] == 0 {
			return 1
		}
		return s[num] / s[den]
	}
}

// rate is ratio, but 0 where there is nothing to divide.
func rate(num, den int) func(*sums) float64 {
	return func(s *sums) float64 {
		if s[den] == 0 {
			return 0
		}
		return s[num] / s[den]
	}
}

func harmonic(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}
