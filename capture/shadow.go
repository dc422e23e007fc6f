package capture

import (
	"fmt"
	"slices"

	"wayguard/document"
)

// shadows tells of specs that can never match because an earlier one takes all their exchanges.
func (c *compiler) shadows(specs []*Spec, marks []document.Mark) {
	for i, spec := range specs {
		for j, earlier := range specs[:i] {
			if earlier.match.covers(&spec.match) {
				c.tell(marks[i].Problem("match", fmt.Sprintf("is never reached: the earlier spec %q at %s matches all of it",
					earlier.name, marks[j]), "put the narrower spec first"))
				break
			}
		}
	}
}

// covers says whether every exchange that fits other also fits m. A false may be wrong, a true never is.
func (m *matcher) covers(other *matcher) bool {
	if len(m.methods) > 0 && (len(other.methods) == 0 || !subset(other.methods, m.methods)) {
		return false
	}
	if len(m.graphql) > 0 && (len(other.graphql) == 0 || !subset(other.graphql, m.graphql)) {
		return false
	}
	return m.path.covers(&other.path) && globsCover(m.hosts, other.hosts) && globsCover(m.contentTypes, other.contentTypes) &&
		conditionsCover(m.query, other.query, false) && conditionsCover(m.header, other.header, true)
}

// overlaps says whether some exchange may fit both. A true may be wrong, a false never is.
func (m *matcher) overlaps(other *matcher) bool {
	if len(m.methods) > 0 && len(other.methods) > 0 &&
		!slices.ContainsFunc(m.methods, func(method string) bool { return slices.Contains(other.methods, method) }) {
		return false
	}
	return m.path.overlaps(&other.path)
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// globsCover says whether a list of alternatives covers another; an empty list stands for anything.
func globsCover(wide, narrow []glob) bool {
	if len(wide) == 0 {
		return true
	}
	for _, n := range narrow {
		if !slices.ContainsFunc(wide, func(w glob) bool { return w.covers(n) }) {
			return false
		}
	}
	return len(narrow) > 0
}

// conditionsCover says whether all conditions of wide hold wherever those of narrow hold.
func conditionsCover(wide, narrow []condition, folded bool) bool {
	for _, w := range wide {
		implied := slices.ContainsFunc(narrow, func(n condition) bool {
			same := n.name == w.name || folded && equalFold(n.name, w.name)
			return same && (w.absent || !n.absent) && (len(n.any) == 0 || globsCover(w.any, n.any) && len(w.any) > 0)
		})
		if !implied {
			return false
		}
	}
	return true
}
