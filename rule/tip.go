package rule

import (
	"cmp"
	"slices"
	"strings"

	"wayguard/event"
)

// The bounds of the search for the reasons of a rating.
const (
	// fewReasons is the greatest number of labels that are searched for exactly.
	fewReasons = 5
	// maxTrials is how many sets of labels are tried at most.
	maxTrials = 5000
)

// Reasons names a smallest set of the labels without which they would not add up to the rating that they do, whatever the session
// was rated before, and the weight of all of them. nil means that they add up to Normal and nothing is to be explained.
func (s *Set) Reasons(labels []event.Label) ([]string, Weight) {
	var b balance
	for i := range labels {
		if !labels[i].Shadow && !repeated(labels, nil, i) {
			b.add(s, &labels[i])
		}
	}
	w := b.weigh(&s.ratings)
	w.Exact = true
	if w.Rating == event.Normal {
		return nil, w
	}
	var names []string
	names, w.Exact = s.tipped(labels, nil, w.Rating)
	return names, w
}

// tipped names a smallest set of the session's labels without which the rating would be another: all sets are tried, the smaller
// and the stronger ones first. Where that takes too long, labels are taken away strongest first until the rating is another, and
// then given back one by one as long as it stays so; exact is false then.
func (s *Set) tipped(carried, fresh []event.Label, rating event.Rating) (names []string, exact bool) {
	t := trial{set: s, rating: rating, relieved: slices.ContainsFunc(fresh, func(l event.Label) bool { return s.relieving[l.Rule] })}
	for i := range len(carried) + len(fresh) {
		label := labelAt(carried, fresh, i)
		if label.Shadow || label.Points == 0 && !conclusive(label) || repeated(carried, fresh, i) {
			continue
		}
		t.labels = append(t.labels, label)
	}
	slices.SortFunc(t.labels, func(a, b *event.Label) int {
		return cmp.Or(cmp.Compare(strength(b), strength(a)), strings.Compare(a.Name, b.Name))
	})
	t.removed = make([]bool, len(t.labels))
	exact = true
	for size := 1; size <= min(fewReasons, len(t.labels)); size++ {
		if t.search(0, size) {
			return t.names(), true
		}
		if t.tried >= maxTrials {
			exact = false
			break
		}
	}
	if exact && len(t.labels) <= fewReasons {
		return nil, true // no label did it: the rating scale itself has changed, or time has
	}
	return t.greedy(), false
}

// trial is the search for what tipped a rating.
type trial struct {
	set    *Set
	rating event.Rating
	// relieved says that the rating fell by a label that relieves, without which nothing falls.
	relieved bool
	labels   []*event.Label
	removed  []bool
	tried    int
}

// another says whether the rating would be another without the labels removed.
func (t *trial) another() bool {
	t.tried++
	var b balance
	stays := t.relieved
	for i, label := range t.labels {
		if !t.removed[i] {
			b.add(t.set, label)
			stays = stays && !t.set.relieving[label.Rule]
		}
	}
	// A rating that fell would not have fallen without what relieved it.
	return stays || b.weigh(&t.set.ratings).Rating != t.rating
}

// search removes size more labels, from place on, until the rating is another.
func (t *trial) search(place, size int) bool {
	if size == 0 {
		return t.tried < maxTrials && t.another()
	}
	for i := place; i <= len(t.labels)-size; i++ {
		t.removed[i] = true
		if t.search(i+1, size-1) {
			return true
		}
		t.removed[i] = false
		if t.tried >= maxTrials {
			return false
		}
	}
	return false
}

func (t *trial) greedy() []string {
	clear(t.removed)
	i := 0
	for ; i < len(t.labels) && !t.another(); i++ {
		t.removed[i] = true
	}
	if !t.another() {
		return nil
	}
	for i--; i >= 0; i-- {
		if t.removed[i] = false; !t.another() {
			t.removed[i] = true
		}
	}
	return t.names()
}

// names are those of the labels removed, sorted.
func (t *trial) names() []string {
	var names []string
	for i, label := range t.labels {
		if t.removed[i] {
			names = append(names, label.Name)
		}
	}
	slices.Sort(names)
	return names
}

// strength orders labels by how much they move: conclusive signatures first.
func strength(l *event.Label) int64 {
	if conclusive(l) {
		return maxPoints + 1
	}
	return max(l.Points, -l.Points)
}
