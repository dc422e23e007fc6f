package decoy

import (
	"math"
	"slices"
	"time"
)

// maxLatencies bounds the durations that are remembered of one spec and result.
const maxLatencies = 1024

// The recent ones are those of the last minutes, where there are enough of them: an origin is slower at noon than at night.
const (
	recently     = 10 * time.Minute
	enoughRecent = 100
)

// latencies are how long the origin took lately: a ring.
type latencies struct {
	ring []lasted
	next int
}

type lasted struct {
	at time.Time
	d  time.Duration
}

func (l *latencies) add(at time.Time, d time.Duration) {
	if d <= 0 {
		return
	}
	if len(l.ring) < maxLatencies {
		l.ring = append(l.ring, lasted{at, d})
		return
	}
	l.ring[l.next] = lasted{at, d}
	l.next = (l.next + 1) % maxLatencies
}

// law is the distribution of durations, sorted.
type law []time.Duration

// law is that of the recent durations, or of all where the recent ones are few.
func (l *latencies) law() law {
	var newest time.Time
	for i := range l.ring {
		if l.ring[i].at.After(newest) {
			newest = l.ring[i].at
		}
	}
	recent, all := law{}, make(law, len(l.ring))
	for i := range l.ring {
		all[i] = l.ring[i].d
		if newest.Sub(l.ring[i].at) <= recently {
			recent = append(recent, l.ring[i].d)
		}
	}
	if len(recent) >= enoughRecent {
		all = recent
	}
	slices.Sort(all)
	return all
}

// draw is a duration of that distribution, by its inverse, between two that were seen: none is repeated to the nanosecond.
func (l law) draw(r *stream) (time.Duration, bool) {
	switch len(l) {
	case 0:
		return 0, false
	case 1:
		return time.Duration(float64(l[0]) * (0.95 + 0.1*r.unit())), true
	}
	// Each of the durations seen has the same share; its neighbours bound what is drawn for it.
	place := r.unit()*float64(len(l)) - 0.5
	at := min(max(int(place), 0), len(l)-2)
	inside := min(max(place-float64(at), -0.5), 1.5)
	d := float64(l[at]) + inside*float64(l[at+1]-l[at])
	return time.Duration(max(d, float64(l[0])*0.98)), true
}

// differs says whether two distributions are surely not one: their greatest distance is above what the Kolmogorov-Smirnov test
// allows in one of a thousand cases (asymptotic critical value 1.949, Smirnov 1948).
func (l law) differs(other law) bool {
	n, m := len(l), len(other)
	if n == 0 || m == 0 {
		return false
	}
	greatest, i, k := 0.0, 0, 0
	for i < n && k < m {
		at := min(l[i], other[k])
		for i < n && l[i] <= at {
			i++
		}
		for k < m && other[k] <= at {
			k++
		}
		greatest = max(greatest, math.Abs(float64(i)/float64(n)-float64(k)/float64(m)))
	}
	return greatest > 1.949*math.Sqrt(float64(n+m)/float64(n*m))
}
