package world

import (
	"math"
	"time"
)

// dice is a series of random numbers, splitmix64 (Steele, Lea and Flood, 2014): eight bytes of state, so that every device
// has one of its own and what one does never changes what another draws.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return scramble(uint64(*d))
}

func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// mix makes one number of many: equal parts, equal number.
func mix(parts ...uint64) uint64 {
	z := uint64(0x243f6a8885a308d3)
	for _, p := range parts {
		z = scramble(z ^ scramble(p+0x9e3779b97f4a7c15))
	}
	return z
}

// float is between 0 and 1, and never 1.
func (d *dice) float() float64 { return float64(d.next()>>11) / (1 << 53) }

// below is at least 0 and less than n; 0 where n is not positive.
func (d *dice) below(n int) int {
	if n <= 0 {
		return 0
	}
	return int(d.next() % uint64(n))
}

func (d *dice) chance(p float64) bool { return d.float() < p }

func (d *dice) exp(mean float64) float64 { return -mean * math.Log(1-d.float()) }

// normal is close to the standard normal distribution: the sum of four uniform ones, scaled; its tails end at 3.46.
func (d *dice) normal() float64 {
	z := d.next()
	sum := float64(z&0xffff) + float64(z>>16&0xffff) + float64(z>>32&0xffff) + float64(z>>48)
	return (sum/65536 - 2) * 1.7320508
}

func (d *dice) logNormal(median, sigma float64) float64 { return median * math.Exp(sigma*d.normal()) }

// span is a time between two, in microseconds.
func (d *dice) span(from, to time.Duration) int64 {
	return from.Microseconds() + int64(d.float()*float64((to-from).Microseconds()))
}

// zipf is a distribution over ranks, the first the most frequent, as cumulative shares.
type zipf []float64

func newZipf(n int, s float64) zipf {
	z, sum := make(zipf, n), 0.0
	for i := range z {
		sum += math.Pow(float64(i+1), -s)
		z[i] = sum
	}
	for i := range z {
		z[i] /= sum
	}
	return z
}

// newShares makes a distribution of weights.
func newShares(weights []float64) zipf {
	z, sum := make(zipf, len(weights)), 0.0
	for i, w := range weights {
		sum += w
		z[i] = sum
	}
	for i := range z {
		z[i] /= sum
	}
	return z
}

func (z zipf) draw(d *dice) int {
	at, low, high := d.float(), 0, len(z)-1
	for low < high {
		if middle := (low + high) / 2; at < z[middle] {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
