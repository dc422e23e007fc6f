package rule

import (
	"wayguard/event"
)

// Weight is how labels add up.
type Weight struct {
	Score  int64
	Rating event.Rating
	// Next is how many points are lacking to the next worse rating; 0 when there is none worse. Where the score would do but too
	// few families say enough, it is what is lacking to those.
	Next int64
	// Exact is false where too many labels were in question to be sure that Verdict.Tipped is the smallest set: it is one from
	// which none can be left out.
	Exact bool
	// Held says that the session is held to be human-like for a time, whatever its labels add up to.
	Held bool
}

// kindest is the number of labels of one family that are told apart: each further one counts half of the one before, and
// halving maxPoints so often leaves nothing.
const kindest = 12

// placeCount is the number of families and one place for signatures and for labels of families that this version does not know.
const placeCount = familyCount + 1

// balance gathers what labels say.
type balance struct {
	// families are the points of each place, the greatest first.
	families [placeCount][kindest]int64
	trust    int64
	relief   int64
	// conclusive says that a signature of malicious severity is among the labels.
	conclusive bool
}

// add puts a label on the balance.
func (b *balance) add(s *Set, l *event.Label) {
	b.conclusive = b.conclusive || conclusive(l)
	switch {
	case l.Points > 0:
		b.insert(familyPlace(l.Family), l.Points)
	case l.Points < 0 && s.relieving[l.Rule]:
		b.relief = max(b.relief, -l.Points)
	default:
		b.trust -= l.Points
	}
}

func (b *balance) insert(place int, points int64) {
	row := &b.families[place]
	for i := range row {
		if points > row[i] {
			row[i], points = points, row[i]
		}
		if points == 0 {
			return
		}
	}
}

// conclusive says whether a label is enough for Malicious on its own.
func conclusive(l *event.Label) bool { return l.Signature && l.Severity == event.MaliciousLabel }

// family is what one place adds to the score: its labels, the strongest whole, the second half, the third a quarter and so on,
// because findings of one kind say much the same; at most the cap.
func (b *balance) family(place int, r *RatingsConfig) int64 {
	var sum int64
	for i, points := range b.families[place] {
		if points == 0 {
			break
		}
		sum += points >> i
	}
	if place == deceptionPlace {
		return min(sum, r.DeceptionCap)
	}
	return min(sum, r.FamilyCap)
}

// weigh is the score of what is on the balance and the rating that it gives on its own.
func (b *balance) weigh(r *RatingsConfig) (w Weight) {
	var each [familyCount]int64
	var saying int64
	for place := range placeCount {
		sum := b.family(place, r)
		w.Score += sum
		if place < familyCount {
			each[place] = sum
			if sum >= r.FamilyPoints && sum > 0 {
				saying++
			}
		}
	}
	w.Score -= min(b.trust, r.TrustCap) + b.relief
	switch {
	case b.conclusive, w.Score >= r.Malicious && saying >= r.Families:
		w.Rating = event.Malicious
	case w.Score >= r.Suspicious:
		w.Rating = event.Suspicious
	}
	w.Next = w.lacking(r, each)
	return w
}

// lacking is the distance to the next rating.
func (w *Weight) lacking(r *RatingsConfig, each [familyCount]int64) int64 {
	switch w.Rating {
	case event.Malicious:
		return 0
	case event.Normal:
		return r.Suspicious - w.Score
	}
	var missing int64
	for range r.Families {
		best := 0
		for place, sum := range each {
			if sum > each[best] {
				best = place
			}
		}
		missing += max(0, max(1, r.FamilyPoints)-each[best])
		each[best] = -1
	}
	return max(r.Malicious-w.Score, missing)
}

// rate fills in score and rating, and what tipped it.
func (s *Set) rate(f *frame, v *event.Verdict) {
	facts := f.facts
	b := balance{}
	before, relieved := int64(0), false
	for i := range len(facts.Session.Labels) + len(v.Labels) {
		label := labelAt(facts.Session.Labels, v.Labels, i)
		if label.Shadow || repeated(facts.Session.Labels, v.Labels, i) {
			continue
		}
		b.add(s, label)
		if label.Points < 0 && s.relieving[label.Rule] && -label.Points > before {
			// Only what proves more than all before it gives anything back.
			before, relieved = -label.Points, relieved || i >= len(facts.Session.Labels)
		}
	}
	w := b.weigh(&s.ratings)
	if f.march.held && !s.breaks(v.Labels) && w.Score > s.ratings.Trusted {
		w = Weight{Score: s.ratings.Trusted, Next: s.ratings.Suspicious - s.ratings.Trusted, Held: true}
	}
	if w.Rating < facts.Session.Rating && !relieved {
		w.Rating = facts.Session.Rating
		if w.Rating == event.Malicious {
			w.Next = 0
		}
	}
	w.Exact = true
	v.Score, v.Rating, v.Next = w.Score, w.Rating, w.Next
	if v.Rating != v.Before {
		v.Tipped, w.Exact = s.tipped(facts.Session.Labels, v.Labels, v.Rating)
	}
	f.weight = w
}

// breaks says whether a fresh label ends the time for which a session is held to be human-like: what came out badly, what an
// honest visitor cannot stumble upon, and what is conclusive.
func (s *Set) breaks(fresh []event.Label) bool {
	for i := range fresh {
		l := &fresh[i]
		if place := familyPlace(l.Family); !l.Shadow && (conclusive(l) || l.Points > 0 && (place == deceptionPlace || place == outcomePlace)) {
			return true
		}
	}
	return false
}

// keepCalm finds out whether the session is held to be human-like: since the event before this one had a score of
// ratings.trusted or less, for ratings.trust_for. It follows from the score that the session had, so that a state that is rebuilt
// from recorded verdicts comes out the same.
func (m *march) keepCalm(s *Set, score, now int64) {
	long := s.ratings.TrustFor.Milliseconds()
	if m.held = false; score > s.ratings.Trusted {
		m.calm = 0
		return
	}
	if m.calm == 0 || m.last-m.calm > long {
		m.calm = now
	}
	m.held = now-m.calm <= long
}

// familyCount is the number of Families.
const familyCount = 7

// The places of the families that are treated otherwise.
const (
	outcomePlace   = 5
	deceptionPlace = 6
)

// familyPlace is where a family stands among the Families, the place behind the last when it is none.
func familyPlace(family string) int {
	switch family {
	case "network":
		return 0
	case "protocol":
		return 1
	case "identity":
		return 2
	case "velocity":
		return 3
	case "sequence":
		return 4
	case "outcome":
		return outcomePlace
	case "deception":
		return deceptionPlace
	}
	return familyCount
}

// labelAt reads two lists as one.
func labelAt(carried, fresh []event.Label, i int) *event.Label {
	if i < len(carried) {
		return &carried[i]
	}
	return &fresh[i-len(carried)]
}

// repeated says whether an earlier live label has the name of the one at i.
func repeated(carried, fresh []event.Label, i int) bool {
	name := labelAt(carried, fresh, i).Name
	for j := range i {
		if earlier := labelAt(carried, fresh, j); earlier.Name == name && !earlier.Shadow {
			return true
		}
	}
	return false
}
