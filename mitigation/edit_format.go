package mitigation

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"wayguard/element"
)

// maxFormatted is the longest value that a format is tried on, in bytes.
const maxFormatted = 4 << 10

// change makes a new value of a field's.
type change struct {
	// fixed: every value becomes value. Else it goes through format.
	fixed  bool
	value  string
	format func(string) string
}

// apply gives the new value. Applying it to its own result changes nothing.
func (c *change) apply(text string) string {
	if c.fixed {
		return c.value
	}
	if len(text) > maxFormatted || !utf8.ValidString(text) {
		return text
	}
	changed := c.format(text)
	if c.format(changed) != changed {
		return text // a spelling that the format does not bring to rest is left as it was, which is at rest as well
	}
	return changed
}

// formats bring values to one spelling.
type formats struct {
	normaliser *element.Normaliser
}

func newFormats() *formats {
	return &formats{element.NewNormaliser(element.Default(), element.Keys{}, element.Options{CacheSize: 256})}
}

// of is the format of that name (policy.Formats), nil when there is none.
func (f *formats) of(name string) func(string) string {
	switch name {
	case "trim":
		return strings.TrimSpace
	case "lower":
		return strings.ToLower
	case "upper":
		return strings.ToUpper
	case "digits":
		return onlyDigits
	case "email":
		return f.email
	case "phone":
		return f.phone
	case "postal_address":
		return f.postalAddress
	}
	return nil
}

// onlyDigits keeps the digits, those of East Asian width as plain ones. A text without any stays.
func onlyDigits(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	if digits == "" {
		return text
	}
	return digits
}

// read normalises a text as a value of that type. What cannot be read, or would be masked, is not ok.
func (f *formats) read(kind element.ValueType, raw element.Raw) (element.Value, bool) {
	if _, masked := element.Scrub(raw.Text); masked {
		return element.Value{}, false
	}
	value, err := f.normaliser.Normalise(element.Definition{Name: string(kind), Kind: element.Attribute, Type: kind, Sensitivity: element.Public}, raw)
	return value, err == nil
}

func (f *formats) email(text string) string {
	if value, ok := f.read(element.Email, element.Raw{Text: text}); ok {
		return value.Text
	}
	return text
}

// phone is E.164 where the number says its country, else its digits. One with an extension stays: E.164 has no place for it.
func (f *formats) phone(text string) string {
	value, ok := f.read(element.Phone, element.Raw{Text: text})
	if !ok || value.Parts.Of(element.PartExtension) != "" {
		return text
	}
	return value.Text
}

// postalAddress brings an address, or a street line, or a postal code, to the form that postal services print: capital
// letters, no punctuation but commas between the parts, the usual abbreviations, the unit as #4B:
// "12 N MAIN ST #4, SPRINGFIELD, IL 62704, US". Addresses in other scripts than Latin stay as they are.
func (f *formats) postalAddress(text string) string {
	if strings.TrimSpace(text) == "" || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }) {
		return text
	}
	if code, ok := f.postalCode(text); ok {
		return code
	}
	value, ok := f.read(element.Address, element.Raw{Text: text})
	if !ok {
		return text
	}
	if value.Text == "" || unitNotCity(value) {
		return f.street(text)
	}
	// The canonical text is "street[, city], postal code or region[, country]"; none of them has a comma in it.
	fields := strings.Split(value.Text, ", ")
	place := len(fields) - 1
	if value.Parts.Of(element.PartCountry) != "" {
		place--
	}
	if place < 1 || place > 2 {
		return text
	}
	if region := value.Parts.Of(element.PartRegion); region != "" && value.Parts.Of(element.PartPostalCode) != "" {
		fields[place] = region + " " + fields[place]
	}
	return strings.ToUpper(strings.Join(fields, ", "))
}

// unitNotCity says that what was read as city and postal code is the unit of a street line: "12 Main Street, Apartment 4".
func unitNotCity(value element.Value) bool {
	word, _, _ := strings.Cut(strings.ToLower(value.Parts.Of(element.PartCity)), " ")
	switch strings.Trim(word, ".#") {
	case "apartment", "apt", "unit", "suite", "ste", "flat", "floor", "fl", "room", "rm", "box", "po", "building", "bldg":
		return true
	}
	code := value.Parts.Of(element.PartPostalCode)
	return code != "" && len(code) < 3 // no country has such short codes
}

// postalCode reads a text that is a postal code and nothing else: one or two short words with a digit in each.
func (f *formats) postalCode(text string) (string, bool) {
	words := strings.Fields(text)
	for _, word := range words {
		if len(words) > 2 || len(word) > 10 || !strings.ContainsAny(word, "0123456789") {
			return "", false
		}
	}
	value, ok := f.read(element.Address, element.Raw{Parts: map[string]string{element.PartPostalCode: text}})
	if !ok || value.Parts.Of(element.PartPostalCode) == "" {
		return "", false
	}
	return value.Parts.Of(element.PartPostalCode), true
}

// street is the canonical form of a street line. The normaliser gives it only for an address that can be placed, so it is
// given a postal code for the while.
func (f *formats) street(text string) string {
	const placed = "00000"
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	value, ok := f.read(element.Address, element.Raw{Parts: map[string]string{element.PartStreet: line, element.PartPostalCode: placed}})
	street, cut := strings.CutSuffix(value.Text, ", "+placed)
	if !ok || !cut || street == "" {
		return text
	}
	return strings.ToUpper(street)
}
