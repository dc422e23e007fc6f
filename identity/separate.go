package identity

import (
	"slices"
	"time"

	"wayguard/event"
)

// Separate takes apart what was held to be one device: from now on the keys and accounts given belong to the other part, and nothing
// joins the two again, whatever speaks for it. part is the record that an id led on from, which is a device again under its old id,
// or an empty one, which becomes a new device of the id fresh. The whole keeps its id; who has more proof was decided when they were
// made one. All records are changed in place and are to be stored.
func Separate(whole, part *Device, keys []*Key, accounts []*Account, fresh event.ID, at time.Time) error {
	raw := part.id
	if !part.Known() {
		var ok bool
		if raw, ok = rawOf(fresh); !ok {
			return errID
		}
	}
	now := stampOf(at)
	*part = Device{id: raw, first: now, last: now, bits: certain}
	whole.Pin(raw.ref())
	part.Pin(whole.id.ref())
	for _, k := range keys {
		k.device = raw
		if part.keyFirst == 0 || k.first < part.keyFirst {
			part.keyFirst, part.first = k.first, k.first
		}
		part.keyLast, part.last = max(part.keyLast, k.last), max(part.last, k.last)
		part.returns = plus16(part.returns, int(k.returns))
	}
	for _, a := range accounts {
		a.unite(whole.id.ref(), raw.ref())
	}
	return nil
}

// Edge is what speaks for two sessions or devices being of one device, in centibits; below 0 it speaks against.
type Edge struct {
	A, B int
	Bits int64
}

// ComponentLimit is how many nodes Partition takes; a larger component is left as it is, and a person has to look at it.
const ComponentLimit = 512

// Partition groups n nodes so that what speaks for the groups outweighs what speaks against them: beginning with every node alone, the
// two groups with the strongest evidence between them come together as long as it is above least; then single nodes move to where
// they fit better. It is correlation clustering, done greedily (Gruenheid and others, 2014), and gives each node's group, named by its
// first node; nil for more nodes than ComponentLimit. Ties go to the lower numbers, so that the answer does not depend on the edges' order.
func Partition(n int, edges []Edge, least int64) []int {
	if n > ComponentLimit {
		return nil
	}
	sums := make([]int64, n*n)
	for _, e := range edges {
		if e.A != e.B && e.A >= 0 && e.B >= 0 && e.A < n && e.B < n {
			sums[e.A*n+e.B] += e.Bits
			sums[e.B*n+e.A] += e.Bits
		}
	}
	between := slices.Clone(sums)
	group := make([]int, n)
	for i := range group {
		group[i] = i
	}
	for {
		a, b := strongestPair(n, group, between)
		if a < 0 || between[a*n+b] < least {
			break
		}
		for i := range n {
			if group[i] == b {
				group[i] = a
			}
			between[a*n+i] += between[b*n+i]
			between[i*n+a] = between[a*n+i]
		}
	}
	move(n, group, sums)
	return group
}

// strongestPair is the two groups, named by their first nodes, with the strongest evidence between them; -1 when there is one group.
func strongestPair(n int, group []int, between []int64) (a, b int) {
	a, b = -1, -1
	for i := range n {
		for j := i + 1; group[i] == i && j < n; j++ {
			if group[j] == j && (a < 0 || between[i*n+j] > between[a*n+b]) {
				a, b = i, j
			}
		}
	}
	return a, b
}

// move puts nodes where they fit better, once each; a node that would leave its group nameless stays.
func move(n int, group []int, sums []int64) {
	for i := range n {
		if group[i] == i {
			continue
		}
		fit := make(map[int]int64, n)
		best := group[i]
		for j := range n {
			if j != i {
				fit[group[j]] += sums[i*n+j]
			}
		}
		for j := range n {
			if fit[group[j]] > fit[best] {
				best = group[j]
			}
		}
		group[i] = best
	}
}
