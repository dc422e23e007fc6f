package rule

import (
	"cmp"
	"slices"
	"strings"

	"wayguard/event"
)

// rate fills in score and rating, and what tipped it.
func (s *Set) rate(facts *Facts, v *event.Verdict) {
	v.Score, v.Rating = s.weigh(facts, v.Labels)
	if v.Rating != v.Before {
		v.Tipped = s.tipped(facts, v)
	}
}

// weigh is the score and rating of the session's labels together with fresh ones.
func (s *Set) weigh(facts *Facts, fresh []event.Label) (score int64, rating event.Rating) {
	var families [16]int64
	var trust, distinct int64
	conclusive := false
	for i := range len(facts.Session.Labels) + len(fresh) {
		label := labelAt(facts.Session.Labels, fresh, i)
		if label.Shadow || repeated(facts.Session.Labels, fresh, i) {
			continue
		}
		if label.Signature && label.Severity == event.MaliciousLabel {
			conclusive = true
		}
		if label.Points < 0 {
			trust -= label.Points
			continue
		}
		// Signatures and labels of families that this version does not know share the place behind the last.
		families[familyPlace(label.Family)] += label.Points
	}
	for i, points := range families {
		score += min(points, s.ratings.FamilyCap)
		if points > 0 && i < familyCount {
			distinct++
		}
	}
	score -= min(trust, s.ratings.TrustCap)
	switch {
	case conclusive, facts.Session.Rating == event.Malicious,
		score >= s.ratings.Malicious && distinct >= s.ratings.Families:
		return score, event.Malicious
	case score >= s.ratings.Suspicious:
		return score, event.Suspicious
	}
	return score, event.Normal
}

// familyCount is the number of Families.
const familyCount = 7

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
		return 5
	case "deception":
		return 6
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

// tipped names a smallest set of this event's labels without which the rating would not have become what it is: they
// are taken away strongest first until it would not, then each that was not needed is given back.
func (s *Set) tipped(facts *Facts, v *event.Verdict) []string {
	candidates := slices.DeleteFunc(slices.Clone(v.Labels), func(l event.Label) bool { return l.Shadow })
	slices.SortStableFunc(candidates, func(a, b event.Label) int {
		return cmp.Or(cmp.Compare(strength(b), strength(a)), strings.Compare(a.Name, b.Name))
	})
	without := func(removed []string) event.Rating {
		_, rating := s.weigh(facts, slices.DeleteFunc(slices.Clone(v.Labels), func(l event.Label) bool {
			return slices.Contains(removed, l.Name)
		}))
		return rating
	}
	var removed []string
	for _, label := range candidates {
		if without(removed) != v.Rating {
			break
		}
		removed = append(removed, label.Name)
	}
	if without(removed) == v.Rating {
		return nil // No label of this event did it: the rating scale itself has changed.
	}
	for _, name := range slices.Clone(removed) {
		fewer := slices.DeleteFunc(slices.Clone(removed), func(n string) bool { return n == name })
		if without(fewer) != v.Rating {
			removed = fewer
		}
	}
	slices.Sort(removed)
	return removed
}

// strength orders labels by how much they move: conclusive signatures first.
func strength(l event.Label) int64 {
	if l.Signature && l.Severity == event.MaliciousLabel {
		return maxPoints + 1
	}
	return max(l.Points, -l.Points)
}
