package backend

import (
	"cmp"
	"slices"
	"strings"
)

// view is what calls go by: the integrations and their backends at one moment. It is never changed.
type view struct {
	sites []*site
	// lines are backends by "slug/id", short by their id alone; nil where several integrations have one.
	lines, short map[string]*line
	// bySlug finds an integration whose backends are not told yet.
	bySlug map[string]*site
	// broken are integrations that cannot be used as they are, by slug.
	broken map[string]failed
}

func newView(sites []*site, broken map[string]failed) *view {
	v := &view{sites: sites, broken: broken, lines: map[string]*line{}, short: map[string]*line{}, bySlug: map[string]*site{}}
	for _, s := range sites {
		v.bySlug[s.of.Slug] = s
		for id, l := range *s.lines.Load() {
			v.lines[l.name] = l
			if _, taken := v.short[id]; taken {
				v.short[id] = nil
			} else {
				v.short[id] = l
			}
		}
	}
	return v
}

// find is the backend of a name, nil for none. While an integration has not told its backends yet, as right after a start with the
// integration down, a backend that rules name is asked all the same: it alone knows.
func (v *view) find(name string) *line {
	if l := v.lines[name]; l != nil {
		return l
	}
	slug, id, whole := strings.Cut(name, "/")
	if !whole {
		return v.short[name]
	}
	if s := v.bySlug[slug]; s != nil && s.untold.Load() {
		return s.provisional(id)
	}
	return nil
}

// all are the backends by name.
func (v *view) all() []*line {
	all := make([]*line, 0, len(v.lines))
	for _, l := range v.lines {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *line) int { return cmp.Compare(a.name, b.name) })
	return all
}
