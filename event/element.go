package event

// Kind tells elements that link sessions from those that describe.
type Kind string

// The two kinds of element.
const (
	Entity    Kind = "entity"
	Attribute Kind = "attribute"
)

// Element is a named, typed, normalised value. Sensitive values never get here in clear: Value is then a keyed hash
// and Display a mask.
type Element struct {
	// Name is the catalogue's name, such as "email".
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Type is the value type's name in the catalogue, such as "email", "money", "ip_address".
	Type string `json:"type"`
	// Value is the canonical text: equal values are equal strings. Numbers are decimal, booleans "true" or "false".
	// It is empty when a complex value could not be built; its Parts are then still here.
	Value string `json:"value,omitempty"`
	// Display is what a person is shown when it differs from Value.
	Display string `json:"display,omitempty"`
	// Parts are the components of a complex value, such as "domain" of an email.
	Parts Parts `json:"parts,omitempty"`
}

// Shown is the text for a person: Display where there is one, else Value.
func (e Element) Shown() string {
	if e.Display != "" {
		return e.Display
	}
	return e.Value
}
