package event

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Part is a component of a complex value: its name, such as "domain", and its text.
type Part = struct{ Name, Text string }

// Parts are the components of one value, by name and each name once. As JSON they are an object. There are a few at
// most, so that looking through them is faster than any index.
type Parts []Part

// PartsOf makes Parts of a map, nil when it is empty.
func PartsOf(texts map[string]string) Parts {
	if len(texts) == 0 {
		return nil
	}
	list := make(Parts, 0, len(texts))
	for name, text := range texts {
		list = append(list, Part{Name: name, Text: text})
	}
	slices.SortFunc(list, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Find is the part of that name; false when there is none.
func (p Parts) Find(name string) (string, bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Text, true
		}
	}
	return "", false
}

// Of is the part of that name, empty when there is none.
func (p Parts) Of(name string) string {
	text, _ := p.Find(name)
	return text
}

// MarshalJSON writes an object, as a map would be written.
func (p Parts) MarshalJSON() ([]byte, error) { return appendParts(nil, p), nil }

// UnmarshalJSON reads an object of texts.
func (p *Parts) UnmarshalJSON(text []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(text, &texts); err != nil {
		return fmt.Errorf("parts: %w", err)
	}
	*p = PartsOf(texts)
	return nil
}
