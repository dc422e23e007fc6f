package eval

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"wayguard/event"
	"wayguard/world"
)

// Label is how often a label was placed on whom: what it is worth, and what it costs.
type Label struct {
	Name   string `json:"name"`
	Family string `json:"family"`
	Points int64  `json:"points"`
	Shadow bool   `json:"shadow,omitempty"`
	// People and Attackers are the visits that carry it, as shares; Alarmed is how many of the people's were Suspicious at least.
	People    float64 `json:"people"`
	Attackers float64 `json:"attackers"`
	Alarmed   int     `json:"people_alarmed"`
	// Levels are the shares among attackers of each level.
	Levels [world.LevelCount]float64 `json:"levels"`
	// Most is the attack of which most visits carry it.
	Most string `json:"most,omitempty"`
	// Worth is what it says by itself: 100 times the logarithm to the base 2 of how much more often attackers carry it.
	Worth int64 `json:"worth_centibits"`
}

// labelled is what a label is.
type labelled struct {
	name, family string
	points       int64
	shadow       bool
}

// tallied counts visits with one label.
type tallied struct {
	labelled
	crowd
	alarmed int
}

// crowd is how many visits there were at all.
type crowd struct {
	people, attackers int
	levels            [world.LevelCount]int
	attacks           map[world.Attack]int
}

// labelsOf counts over several worlds, those that cost most false alarms first.
func labelsOf(all []*Seen) []Label {
	counts, whole := map[string]*tallied{}, crowd{attacks: map[world.Attack]int{}}
	for _, s := range all {
		for i := range s.visits {
			v := &s.visits[i]
			if v.requests == 0 {
				continue
			}
			whole.add(v)
			for _, n := range v.labels {
				tally(counts, s.labelled[n-1]).add(v)
			}
		}
	}
	var list []Label
	for _, c := range counts {
		list = append(list, c.label(&whole))
	}
	slices.SortFunc(list, func(a, b Label) int {
		return cmp.Or(cmp.Compare(b.Alarmed, a.Alarmed), cmp.Compare(b.People, a.People), strings.Compare(a.Name, b.Name))
	})
	return list
}

func (c *crowd) add(v *visit) {
	switch {
	case v.truth.Attack != world.Honest:
		c.attackers++
		c.levels[v.truth.Level]++
		c.attacks[v.truth.Attack]++
	case human(v):
		c.people++
	}
}

func tally(counts map[string]*tallied, l labelled) *tallied {
	c := counts[l.name]
	if c == nil {
		c = &tallied{labelled: l, crowd: crowd{attacks: map[world.Attack]int{}}}
		counts[l.name] = c
	}
	return c
}

func (c *tallied) add(v *visit) {
	c.crowd.add(v)
	if v.truth.Attack == world.Honest && human(v) && v.rating >= event.Suspicious {
		c.alarmed++
	}
}

func (c *tallied) label(whole *crowd) Label {
	l := Label{Name: c.name, Family: c.family, Points: c.points, Shadow: c.shadow, People: part(c.people, whole.people),
		Attackers: part(c.attackers, whole.attackers), Alarmed: c.alarmed}
	for level := range whole.levels {
		l.Levels[level] = part(c.levels[level], whole.levels[level])
	}
	highest := 0.0
	for _, a := range world.Attacks() {
		if share := part(c.attacks[a], whole.attacks[a]); share > highest {
			highest, l.Most = share, a.String()
		}
	}
	// Half a visit more on each side: nothing is impossible because it was not seen.
	attackers, people := (float64(c.attackers)+0.5)/(float64(whole.attackers)+1), (float64(c.people)+0.5)/(float64(whole.people)+1)
	l.Worth = int64(math.Round(math.Log2(attackers/people) * 100))
	return l
}

func part(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}
