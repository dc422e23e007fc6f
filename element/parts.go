package element

import (
	"slices"
	"strings"
)

// Part is a component of a value: its name, such as PartDomain, and its text.
type Part = struct{ Name, Text string }

// Parts are the components of one value, by name and each name once. There are a few at most, so that looking through
// them is faster than any index.
type Parts []Part

// partsOf makes Parts of a map.
func partsOf(texts map[string]string) Parts {
	list := make(Parts, 0, len(texts))
	for name, text := range texts {
		list.Set(name, text)
	}
	return list
}

// Of is the part of that name, empty when there is none.
func (p Parts) Of(name string) string {
	for i := range p {
		if p[i].Name == name {
			return p[i].Text
		}
	}
	return ""
}

// Set gives the part of that name another text, and adds it where there is none.
func (p *Parts) Set(name, text string) {
	at, known := slices.BinarySearchFunc(*p, name, func(part Part, name string) int { return strings.Compare(part.Name, name) })
	if known {
		(*p)[at].Text = text
		return
	}
	*p = slices.Insert(*p, at, Part{Name: name, Text: text})
}

// Map is the parts as a map, as Raw takes them.
func (p Parts) Map() map[string]string {
	if p == nil {
		return nil
	}
	texts := make(map[string]string, len(p))
	for i := range p {
		texts[p[i].Name] = p[i].Text
	}
	return texts
}
