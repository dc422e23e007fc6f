package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// placeholder is {name}, or {{name}} for the text {name} itself. Braces around anything else, as in JSON and style sheets,
// are just braces.
var placeholder = regexp.MustCompile(`\{\{[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?\}\}|\{[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?\}`)

var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// Placeholder is a place in a text that something else is put into.
type Placeholder struct {
	// Offset is where in the text it begins, in bytes.
	Offset int
	// Name is what stands between the braces, such as "reference" or "el.username".
	Name string
}

// PlaceholderNames are the placeholders every text may have, beside {el.<element>}: the reference people can quote to the
// operator, the time (RFC 3339, UTC), and the label or signature that asked for the action.
func PlaceholderNames() []string { return []string{"reference", "time", "label", "signature"} }

// Placeholders lists those of a text in order.
func Placeholders(text string) []Placeholder {
	var found []Placeholder
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		if whole := text[at[0]:at[1]]; !strings.HasPrefix(whole, "{{") {
			found = append(found, Placeholder{Offset: at[0], Name: whole[1 : len(whole)-1]})
		}
	}
	return found
}

// Fill puts values in the placeholders of a text. Each value is put in as it is: who fills knows how the text is to be
// escaped. Placeholders that value does not know are left empty; what is filled in is not looked at again.
func Fill(text string, value func(name string) (string, bool)) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return placeholder.ReplaceAllStringFunc(text, func(whole string) string {
		if strings.HasPrefix(whole, "{{") {
			return whole[1 : len(whole)-1]
		}
		filled, known := value(whole[1 : len(whole)-1])
		if !known {
			return ""
		}
		return filled
	})
}

// The bounds of a made-up value: what is shorter could be met by chance.
const (
	shortestShape = 6
	longestShape  = 128
)

// CheckShape says what is wrong with how a made-up value is to look: "digits:8", "hex:32", "upper:10", "lower:10", "alnum:12",
// "uuid", "card" (a number that passes the check of its digits), "email" or "email:shop.example".
func CheckShape(text string) error {
	kind, argument, given := strings.Cut(text, ":")
	switch kind {
	case "uuid", "card":
		if given {
			return fmt.Errorf("the shape %s has no length", kind)
		}
		return nil
	case "email":
		if given && !hostForm.MatchString(argument) {
			return errors.New("the shape email takes a host")
		}
		return nil
	case "digits", "hex", "upper", "lower", "alnum":
		length, err := strconv.Atoi(argument)
		if err != nil || length < shortestShape || length > longestShape || strconv.Itoa(length) != argument {
			return fmt.Errorf("the shape %s has %d to %d characters", kind, shortestShape, longestShape)
		}
		return nil
	}
	return fmt.Errorf("there is no shape %.40q", text)
}
