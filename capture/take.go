package capture

import (
	"errors"
	"maps"
	"slices"
	"strings"

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
	// name and kind are the element's, prepared how its values are read.
	name     string
	kind     element.ValueType
	prepared *element.Prepared
	// slot is the element's place among all that the spec's events may have, in the order of their names.
	slot    uint16
	sources []source
	// parts are the places of an element's components, in the order of their names; known are the components' names.
	parts []partTake
	known []string
	// alone says that a value needs nothing that stands elsewhere, such as a part or a currency.
	alone bool
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
		g.found, g.raws = g.found[:0], g.raws[:0]
		if list[i].alone {
			g.each(m, &list[i])
		} else {
			g.one(m, &list[i])
		}
	}
}

// each is one for an element whose values need nothing that stands elsewhere.
func (g *gathering) each(m *message, t *take) {
	values, _, _ := g.texts(m, t.name, t.sources)
	for i := range values {
		raw := element.Raw{Text: values[i].text}
		if values[i].parts != nil {
			raw.Parts = g.knownParts(t, values[i].parts)
		}
		if raw.Text != "" || len(raw.Parts) > 0 {
			g.add(t, &raw)
		}
	}
}

func (g *gathering) one(m *message, t *take) {
	name := t.name
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
		g.add(t, &raws[i])
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
	values, from, clear := g.texts(m, t.name, t.sources)
	for i := range values {
		value := &values[i]
		raw := element.Raw{Text: value.text, Parts: g.knownParts(t, value.parts)}
		if raw.Text == "" && len(raw.Parts) == 0 {
			continue
		}
		if t.kind == element.Money {
			parts, ok := g.money(m, t, from, i, len(values))
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
	currencies, _, clear := g.texts(m, t.name, from.currency)
	if !clear {
		return nil, false
	}
	if len(currencies) == count {
		parts[element.PartCurrency] = currencies[i].text
		return parts, true
	}
	currency, clear := g.agreed(t.name, currencies)
	if currency != "" {
		parts[element.PartCurrency] = currency
	}
	return parts, clear
}

// single is the value of a place that may have one only, empty when it has none; false when it has several.
func (g *gathering) single(m *message, name string, sources []source) (string, bool) {
	values, _, clear := g.texts(m, name, sources)
	if !clear {
		return "", false
	}
	return g.agreed(name, values)
}

// agreed is the text that all values have, empty when there are none; false, and an issue, when they differ: which of
// them the application goes by cannot be told.
func (g *gathering) agreed(name string, values []found) (string, bool) {
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

// texts are the values of the first source that yields any, transforms applied, and that source; false when the place
// holds a contradiction, which an issue tells.
func (g *gathering) texts(m *message, name string, sources []source) ([]found, *source, bool) {
	start := len(g.found)
	for i := range sources {
		from := &sources[i]
		g.found = from.read(m, g.found[:start])
		if len(g.found) == start {
			continue
		}
		usable, clear := g.usable(name, from, g.found[start:])
		if !clear {
			return nil, nil, false
		}
		if len(usable) > 0 {
			if from.splits {
				g.found = append(g.found[:start], usable...)
			} else {
				g.found = g.found[:start+len(usable)]
			}
			return g.found[start:], from, true
		}
	}
	return nil, nil, true
}

// usable are those of a source's values that can be used, transforms applied, in the room of the list where they fit.
func (g *gathering) usable(name string, from *source, list []found) ([]found, bool) {
	usable := list[:0]
	if from.splits {
		usable = nil // there may be more of them
	}
	for i := range list {
		value := &list[i]
		switch {
		case value.conflicting:
			g.issues.add("duplicate_key", name, "the value stands twice where it may stand once")
			return nil, false
		case value.broken:
			g.issues.add("invalid_value", name, "the text is not validly encoded")
		case value.parts != nil:
			usable = append(usable, found{text: value.text, parts: value.parts})
		case len(value.text) > maxValueBytes:
			g.issues.add("value_too_long", name, "the value is longer than is read")
		case len(from.transforms) > 0:
			usable = applyTransforms(&g.arena, from.transforms, value.text, usable)
		case value.text != "":
			usable = append(usable, found{text: value.text})
		}
	}
	return usable, true
}

// add normalises a value and appends it.
func (g *gathering) add(t *take, raw *element.Raw) {
	definition := t.prepared.Definition()
	if !g.fits(definition, t.slot) {
		return
	}
	last := len(g.values)
	g.values = slices.Grow(g.values, 1)[:last+1]
	value := &g.values[last]
	if err := t.prepared.NormaliseIn(&g.arena, raw, value); err != nil {
		g.values = g.values[:last]
		if !errors.Is(err, element.ErrEmpty) {
			g.issues.add("invalid_value", t.name, err.Error())
		}
		return
	}
	g.put(definition, t.slot, value)
}

// fits says whether the event takes one more value of the element, which an issue tells when it does not.
func (g *gathering) fits(definition *element.Definition, slot uint16) bool {
	if g.counts[slot].count < maxValuesPerElement && len(g.gathered) < maxValuesPerEvent {
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
	// nth is how many values of the element were there before, last which of all gathered was the last of them.
	nth, last uint16
}

// slotCount is how many values of an element were gathered, and which of all was the last of them.
type slotCount struct{ count, last uint16 }

// put notes a normalised value, which nobody changes any more. Equal values are one.
func (g *gathering) put(definition *element.Definition, slot uint16, value *element.Value) {
	if value.Text == "" && len(value.Parts) == 0 {
		return
	}
	known := &g.counts[slot]
	for i, n := known.last, known.count; n > 0; n-- {
		same := &g.gathered[i]
		if same.value.Text == value.Text && slices.Equal(same.value.Parts, value.Parts) {
			return
		}
		i = same.last
	}
	g.gathered = append(g.gathered, gathered{definition, value, slot, known.count, known.last})
	known.last = uint16(len(g.gathered) - 1)
	known.count++
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
	for slot := range g.counts {
		count := g.counts[slot].count
		g.counts[slot].count = next
		next += count
	}
	for i := range g.gathered {
		one := &g.gathered[i]
		first := g.counts[one.slot].count
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
	order := strings.Compare(a.Text, b.Text)
	return order < 0 || order == 0 && a.Display < b.Display
}
