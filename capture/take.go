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
	sources    []source
	// parts are the places of an element's components, in the order of their names.
	parts []partTake
}

type partTake struct {
	name    string
	sources []source
}

// gathering collects the elements of one event.
type gathering struct {
	tools    *tools
	issues   *issueList
	elements []event.Element
	counts   map[string]int
}

// take gathers the elements of a list from one message.
func (g *gathering) take(m *message, list []take) {
	for i := range list {
		g.one(m, &list[i])
	}
}

func (g *gathering) one(m *message, t *take) {
	name := t.definition.Name
	raws, clear := g.raws(m, t)
	parts := map[string]string{}
	for _, part := range t.parts {
		text, ok := g.single(m, name, part.sources)
		clear = clear && ok
		if text != "" {
			parts[part.name] = text
		}
	}
	if !clear {
		return // exact or absent: a value that stands there twice is not taken
	}
	if len(parts) > 0 {
		if len(raws) == 0 {
			raws = []element.Raw{{}}
		}
		for i := range raws {
			raws[i].Parts = merged(raws[i].Parts, parts)
		}
	}
	for _, raw := range raws {
		g.add(t.definition, raw, true)
	}
}

func merged(under, over map[string]string) map[string]string {
	all := maps.Clone(under)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, over)
	return all
}

// raws are the element's values as they were sent; false when they contradict each other.
func (g *gathering) raws(m *message, t *take) ([]element.Raw, bool) {
	values, clear := g.texts(m, t.definition.Name, t.sources)
	var raws []element.Raw
	for i, value := range values {
		raw := element.Raw{Text: value.text, Parts: knownParts(t.definition.Type, value.parts)}
		if raw.Text == "" && len(raw.Parts) == 0 {
			continue
		}
		if t.definition.Type == element.Money {
			parts, ok := g.money(m, t, value.from, i, len(values))
			if !ok {
				return nil, false
			}
			raw.Parts = merged(raw.Parts, parts)
		}
		raws = append(raws, raw)
	}
	return raws, clear
}

// knownParts keeps the members of an object that are components of the type.
func knownParts(t element.ValueType, parts map[string]string) map[string]string {
	var known map[string]string
	for _, name := range t.InputParts() {
		if text := parts[name]; text != "" {
			known = merged(known, map[string]string{name: text})
		}
	}
	return known
}

// money tells the unit and the currency of an amount. Where there are as many currencies as amounts they belong together
// one by one, else one must count for all; false when that cannot be told.
func (g *gathering) money(m *message, t *take, from *source, i, count int) (map[string]string, bool) {
	parts := map[string]string{element.PartUnit: from.unit}
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
	for i := range sources {
		from := &sources[i]
		var values []taken
		for _, value := range from.read(m) {
			switch {
			case value.conflicting:
				g.issues.add("duplicate_key", name, "the value stands twice where it may stand once")
				return nil, false
			case value.broken:
				g.issues.add("invalid_value", name, "the text is not validly encoded")
			case value.parts != nil:
				values = append(values, taken{value, from})
			case len(value.text) > maxValueBytes:
				g.issues.add("value_too_long", name, "the value is longer than is read")
			default:
				for _, text := range applyTransforms(from.transforms, value.text) {
					if text != "" {
						values = append(values, taken{found{text: text}, from})
					}
				}
			}
		}
		if len(values) > 0 {
			return values, true
		}
	}
	return nil, true
}

// automatic adds an element that no spec has to ask for. It gives way to the spec's own, and keeps silent about what
// cannot be read: every bot sends odd headers.
func (g *gathering) automatic(name, text string) {
	definition, known := g.tools.catalogue.Find(name)
	if text == "" || !known || g.counts[name] > 0 || len(text) > maxValueBytes {
		return
	}
	g.add(definition, element.Raw{Text: text}, false)
}

// add normalises a value and appends it. Equal values are one.
func (g *gathering) add(definition element.Definition, raw element.Raw, tell bool) {
	if g.counts[definition.Name] >= maxValuesPerElement || len(g.elements) >= maxValuesPerEvent {
		g.issues.add("too_many_values", definition.Name, "there are more values than are kept")
		return
	}
	value, err := g.tools.normaliser.Normalise(definition, raw)
	if err != nil {
		if tell && !errors.Is(err, element.ErrEmpty) {
			g.issues.add("invalid_value", definition.Name, err.Error())
		}
		return
	}
	if value.Text == "" && len(value.Parts) == 0 {
		return
	}
	e := event.Element{Name: definition.Name, Kind: event.Kind(definition.Kind), Type: string(definition.Type),
		Value: value.Text, Display: value.Display, Parts: value.Parts}
	for i := range g.elements {
		if same := &g.elements[i]; same.Name == e.Name && same.Value == e.Value && maps.Equal(same.Parts, e.Parts) {
			return
		}
	}
	g.counts[e.Name]++
	g.elements = append(g.elements, e)
}

// sorted are the elements by name, then value, then display.
func (g *gathering) sorted() []event.Element {
	slices.SortStableFunc(g.elements, func(a, b event.Element) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Display, b.Display))
	})
	return g.elements
}
