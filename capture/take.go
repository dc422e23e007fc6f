package capture

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"wayguard/element"
	"wayguard/event"
)

// The bounds of what an event may carry.
const (
	maxValuesPerElement = 32
	maxValuesPerEvent   = 256
	maxParts            = 32
	// maxValueBytes bounds a raw value before it is normalised.
	maxValueBytes = 16 << 10
)

// take is one element that a spec takes, with the places it may be found in.
type take struct {
	definition element.Definition
	// slot is the element's place among all that the spec's events may have, in the order of their names.
	slot    uint16
	sources []source
	// parts are the places of an element's components, in the order of their names; known are the components' names.
	parts []partTake
	known []string
}

type partTake struct {
	name    string
	sources []source
}

// gathering collects the elements of one event.
type gathering struct {
	*Scratch
	tools  *tools
	issues *issueList
}

// take gathers the elements of a list from one message.
func (g *gathering) take(m *message, list []take) {
	for i := range list {
		g.found, g.taken, g.raws = g.found[:0], g.taken[:0], g.raws[:0]
		g.one(m, &list[i])
	}
}

func (g *gathering) one(m *message, t *take) {
	name := t.definition.Name
	raws, clear := g.rawValues(m, t)
	var parts map[string]string
	for i := range t.parts {
		text, ok := g.single(m, name, t.parts[i].sources)
		clear = clear && ok
		if text != "" {
			if parts == nil {
				parts = g.arena.Parts()
			}
			parts[t.parts[i].name] = text
		}
	}
	if !clear {
		return // exact or absent: a value that stands there twice is not taken
	}
	if len(parts) > 0 {
		if len(raws) == 0 {
			g.raws = append(g.raws, element.Raw{})
			raws = g.raws[len(g.raws)-1:]
		}
		for i := range raws {
			raws[i].Parts = g.merged(raws[i].Parts, parts)
		}
	}
	for i := range raws {
		g.add(&t.definition, t.slot, raws[i], true)
	}
}

// merged is a map of what both hold; over counts where both hold the same.
func (g *gathering) merged(under, over map[string]string) map[string]string {
	if len(under) == 0 {
		return over
	}
	all := g.arena.Parts()
	maps.Copy(all, under)
	maps.Copy(all, over)
	return all
}

// rawValues are the element's values as they were sent; false when they contradict each other.
func (g *gathering) rawValues(m *message, t *take) ([]element.Raw, bool) {
	values, clear := g.texts(m, t.definition.Name, t.sources)
	for i := range values {
		value := &values[i]
		raw := element.Raw{Text: value.text, Parts: g.knownParts(t, value.parts)}
		if raw.Text == "" && len(raw.Parts) == 0 {
			continue
		}
		if t.definition.Type == element.Money {
			parts, ok := g.money(m, t, value.from, i, len(values))
			if !ok {
				return nil, false
			}
			raw.Parts = g.merged(raw.Parts, parts)
		}
		g.raws = append(g.raws, raw)
	}
	return g.raws, clear
}

// knownParts keeps the members of an object that are components of the type.
func (g *gathering) knownParts(t *take, parts map[string]string) map[string]string {
	if len(parts) == 0 {
		return nil
	}
	var known map[string]string
	for _, name := range t.known {
		if text := parts[name]; text != "" {
			if known == nil {
				known = g.arena.Parts()
			}
			known[name] = text
		}
	}
	return known
}

// money tells the unit and the currency of an amount. Where there are as many currencies as amounts they belong together
// one by one, else one must count for all; false when that cannot be told.
func (g *gathering) money(m *message, t *take, from *source, i, count int) (map[string]string, bool) {
	parts := g.arena.Parts()
	parts[element.PartUnit] = from.unit
	currencies, clear := g.texts(m, t.definition.Name, from.currency)
	if !clear {
		return nil, false
	}
	if len(currencies) == count {
		parts[element.PartCurrency] = currencies[i].text
		return parts, true
	}
	currency, clear := g.agreed(t.definition.Name, currencies)
	if currency != "" {
		parts[element.PartCurrency] = currency
	}
	return parts, clear
}

// single is the value of a place that may have one only, empty when it has none; false when it has several.
func (g *gathering) single(m *message, name string, sources []source) (string, bool) {
	values, clear := g.texts(m, name, sources)
	if !clear {
		return "", false
	}
	return g.agreed(name, values)
}

// agreed is the text that all values have, empty when there are none; false, and an issue, when they differ: which of
// them the application goes by cannot be told.
func (g *gathering) agreed(name string, values []taken) (string, bool) {
	for i := range values {
		if values[i].text != values[0].text {
			g.issues.add("duplicate_key", name, "a part stands there several times and differs")
			return "", false
		}
	}
	if len(values) == 0 {
		return "", true
	}
	return values[0].text, true
}

// taken is a value with the source that it came from.
type taken struct {
	found
	from *source
}

// texts are the values of the first source that yields any, transforms applied; false when the place holds a
// contradiction, which an issue tells.
func (g *gathering) texts(m *message, name string, sources []source) ([]taken, bool) {
	start := len(g.taken)
	for i := range sources {
		from := &sources[i]
		g.found = from.read(m, g.found[:0])
		for j := range g.found {
			value := &g.found[j]
			switch {
			case value.conflicting:
				g.issues.add("duplicate_key", name, "the value stands twice where it may stand once")
				return nil, false
			case value.broken:
				g.issues.add("invalid_value", name, "the text is not validly encoded")
			case value.parts != nil:
				g.taken = append(g.taken, taken{*value, from})
			case len(value.text) > maxValueBytes:
				g.issues.add("value_too_long", name, "the value is longer than is read")
			default:
				g.taken = applyTransforms(&g.arena, from.transforms, value.text, g.taken, from)
			}
		}
		if len(g.taken) > start {
			return g.taken[start:], true
		}
	}
	return nil, true
}

// add normalises a value and appends it.
func (g *gathering) add(definition *element.Definition, slot uint16, raw element.Raw, tell bool) {
	if !g.fits(definition, slot) {
		return
	}
	value, err := g.tools.normaliser.NormaliseIn(&g.arena, definition, raw)
	if err != nil {
		if tell && !errors.Is(err, element.ErrEmpty) {
			g.issues.add("invalid_value", definition.Name, err.Error())
		}
		return
	}
	g.values = append(g.values, value)
	g.put(definition, slot, &g.values[len(g.values)-1])
}

// fits says whether the event takes one more value of the element, which an issue tells when it does not.
func (g *gathering) fits(definition *element.Definition, slot uint16) bool {
	if g.counts[slot] < maxValuesPerElement && len(g.gathered) < maxValuesPerEvent {
		return true
	}
	g.issues.add("too_many_values", definition.Name, "there are more values than are kept")
	return false
}

// gathered is a value that the event will have. The element is made of it once its place is known.
type gathered struct {
	definition *element.Definition
	value      *element.Value
	slot       uint16
	// nth is how many values of the element were there before.
	nth uint16
}

// put notes a normalised value, which nobody changes any more. Equal values are one.
func (g *gathering) put(definition *element.Definition, slot uint16, value *element.Value) {
	if value.Text == "" && len(value.Parts) == 0 {
		return
	}
	if g.counts[slot] > 0 {
		for i := range g.gathered {
			if same := &g.gathered[i]; same.slot == slot && same.value.Text == value.Text && slices.Equal(same.value.Parts, value.Parts) {
				return
			}
		}
	}
	g.gathered = append(g.gathered, gathered{definition, value, slot, g.counts[slot]})
	g.counts[slot]++
}

// sorted are the elements by name, then value, then display, nil when there are none.
func (g *gathering) sorted() []event.Element {
	if len(g.gathered) == 0 {
		return nil
	}
	order := g.places()
	start := len(g.elements)
	g.elements = slices.Grow(g.elements, len(order)+spareElements)[:start+len(order)+spareElements]
	list := g.elements[start : start+len(order) : len(g.elements)]
	for place, i := range order {
		from := &g.gathered[i]
		e := &list[place]
		e.Name, e.Kind, e.Type = from.definition.Name, event.Kind(from.definition.Kind), string(from.definition.Type)
		e.Value, e.Display, e.Parts = from.value.Text, from.value.Display, event.Parts(from.value.Parts)
	}
	return list
}

// places tells for each place among the elements which of those gathered stands there.
func (g *gathering) places() []uint16 {
	g.order = slices.Grow(g.order[:0], len(g.gathered))[:len(g.gathered)]
	// Slots are in the order of names, and how many values each has is known: so each element's place is, too.
	next := uint16(0)
	for slot, count := range g.counts {
		g.counts[slot] = next
		next += count
	}
	for i := range g.gathered {
		one := &g.gathered[i]
		first := g.counts[one.slot]
		place := first + one.nth
		for ; place > first && less(one.value, g.gathered[g.order[place-1]].value); place-- {
			g.order[place] = g.order[place-1]
		}
		g.order[place] = uint16(i)
	}
	return g.order
}

// less compares values of one element.
func less(a, b *element.Value) bool {
	return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Display, b.Display)) < 0
}
