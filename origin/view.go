package origin

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// view is a moment's candidates; it is never changed, so that choosing needs no lock.
type view struct {
	fit []*Endpoint
	// turns are positions in fit, each as often as its share, as evenly spread as can be.
	turns []uint16
	equal bool // all weights are the same
	// down says that none is good, panicking that too few are, so that all are in fit.
	down, panicking bool
}

// maxTurns bounds the turns of a view: shares are rounded when they are finer.
const maxTurns = 1 << 13

func newView(all []*Endpoint, panicPercent int, share func(*Endpoint) int) *view {
	v := &view{equal: true}
	for _, e := range all {
		if !e.condition.out() {
			v.fit = append(v.fit, e)
		}
	}
	v.down = len(v.fit) == 0
	v.panicking = len(v.fit) < len(all) && (v.down || len(v.fit)*100 < panicPercent*len(all))
	if v.panicking {
		v.fit = slices.Clone(all)
	}
	shares := make([]int, len(v.fit))
	for i, e := range v.fit {
		shares[i] = share(e)
		v.equal = v.equal && e.weight == v.fit[0].weight
	}
	v.turns = spread(shares)
	return v
}

// spread gives each position as many turns as its share, at even distances: position i takes turns at (k+½)/share of the
// whole. Shares are made as small as they can be.
func spread(shares []int) []uint16 {
	divisor, sum := 0, 0
	for _, s := range shares {
		divisor, sum = gcd(divisor, s), sum+s
	}
	if divisor == 0 {
		return nil
	}
	type turn struct {
		at  float64
		who uint16
	}
	scale := min(1/float64(divisor), maxTurns/float64(sum))
	var turns []turn
	for i, s := range shares {
		n := max(1, int(math.Round(float64(s)*scale)))
		for k := range n {
			turns = append(turns, turn{(float64(k) + 0.5) / float64(n), uint16(i)})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	order := make([]uint16, len(turns))
	for i, t := range turns {
		order[i] = t.who
	}
	return order
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// hopeless says that nobody good is left beside the one to avoid.
func (v *view) hopeless(avoid *Endpoint) bool {
	return v.down || len(v.fit) == 1 && v.fit[0] == avoid
}

// after is the endpoint whose turn it is, or the next other one.
func (v *view) after(turn int, avoid *Endpoint) *Endpoint {
	e := v.fit[v.turns[turn]]
	if e != avoid {
		return e
	}
	for i := 1; i < len(v.turns) && e == avoid; i++ {
		e = v.fit[v.turns[(turn+i)%len(v.turns)]]
	}
	return e
}

// even goes round.
func (v *view) even(turn *atomic.Uint64, avoid *Endpoint) *Endpoint {
	return v.after(int((turn.Add(1)-1)%uint64(len(v.turns))), avoid)
}

// leastBusy draws two and takes the one with less to do for its weight.
func (v *view) leastBusy(avoid *Endpoint) *Endpoint {
	i := rand.IntN(len(v.fit))
	j := rand.IntN(len(v.fit) - 1)
	if j >= i {
		j++
	}
	a, b := v.fit[i], v.fit[j]
	switch {
	case a == avoid:
		return b
	case b == avoid:
		return a
	}
	if b.busy.Load()*int64(a.weight) < a.busy.Load()*int64(b.weight) {
		return b
	}
	return a
}

// sticky is rendezvous hashing: of all candidates the one with the highest score for this key, which is drawn from key and
// address alone. With weights it is Schindelhauer and Schomaker's -weight/ln(u).
func (v *view) sticky(key uint64, avoid *Endpoint) *Endpoint {
	var best *Endpoint
	if v.equal {
		highest := uint64(0)
		for _, e := range v.fit {
			if score := mix(key ^ e.hash); e != avoid && (best == nil || score > highest) {
				best, highest = e, score
			}
		}
		return best
	}
	highest := 0.0
	for _, e := range v.fit {
		u := (float64(mix(key^e.hash)>>11) + 0.5) / (1 << 53)
		if score := -float64(e.weight) / math.Log(u); e != avoid && (best == nil || score > highest) {
			best, highest = e, score
		}
	}
	return best
}

// keyHash is FNV-1a, mixed. It is the same in every process, so that all instances choose alike.
func keyHash(key string) uint64 {
	hash := uint64(14695981039346656037)
	for i := range len(key) {
		hash = (hash ^ uint64(key[i])) * 1099511628211
	}
	return mix(hash)
}

// mix is the finaliser of splitmix64: every bit of the input changes half of the output's.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
