package element

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxAddressPart is the longest part of an address, in bytes.
const maxAddressPart = 160

// read reads a postal address from its parts, or from one line. The text is built when there is a street and
// enough to place it (a postal code, or a city with a region or country); else it stays empty and the parts remain.
//
// In the text, spellings of one address are equal as far as rules can tell: case, accents, punctuation, common
// abbreviations, the place of the house number, the form of the unit. With a postal code the region says nothing more
// and is left out, as half of the world's forms do not ask for it.
func (a addressReader) read(raw Raw) (Value, error) {
	given := a.parts(raw)
	parts := map[string]string{}
	for _, name := range []string{PartStreet, PartCity, PartRegion} {
		part := settle(given[name], func(s string) string { return strings.TrimSpace(cut(cleanText(s), maxAddressPart)) })
		parts[name], _ = Scrub(strings.Trim(part, " ,;"))
	}
	parts[PartCountry] = countryCode(given[PartCountry])
	parts[PartPostalCode] = postalCode(given[PartPostalCode])
	parts[PartRegion] = a.regionName(parts[PartRegion], parts[PartCountry])
	parts[PartLatitude] = coordinate(given[PartLatitude], 90)
	parts[PartLongitude] = coordinate(given[PartLongitude], 180)
	if parts[PartLatitude] == "" || parts[PartLongitude] == "" {
		parts[PartLatitude], parts[PartLongitude] = "", ""
	}
	for name, part := range parts {
		if part == "" {
			delete(parts, name)
		}
	}
	if len(parts) == 0 {
		return Value{}, reason("no part of it can be read")
	}
	v := Value{Text: a.text(parts), Parts: partsOf(parts)}
	if v.Text != "" {
		v.Display = addressDisplay(parts)
	}
	return v, nil
}

// parts are the given parts, or what one line can be split into.
func (a addressReader) parts(raw Raw) map[string]string {
	for _, name := range Address.InputParts() {
		if strings.TrimSpace(raw.Parts[name]) != "" {
			bounded := make(map[string]string, len(raw.Parts))
			for _, name := range Address.InputParts() {
				bounded[name] = precut(raw.Parts[name])
			}
			return bounded
		}
	}
	return a.splitLine(cut(raw.Text, maxText))
}

// text is the canonical text, "" when too much is missing.
func (a addressReader) text(parts map[string]string) string {
	street := a.canonicalStreet(parts[PartStreet])
	city := a.canonicalWords(parts[PartCity], a.cityWord)
	region := a.canonicalWords(parts[PartRegion], nil)
	country := strings.ToLower(parts[PartCountry])
	postal := canonicalPostal(parts[PartPostalCode], parts[PartCountry])
	placed := postal != "" || (city != "" && (region != "" || country != ""))
	if street == "" || !placed {
		return ""
	}
	fields := []string{street}
	if city != "" {
		fields = append(fields, city)
	}
	if postal != "" {
		fields = append(fields, postal)
	} else if region != "" {
		fields = append(fields, region)
	}
	if country != "" {
		fields = append(fields, country)
	}
	return strings.Join(fields, ", ")
}

// addressDisplay is one line for people: "12 Main St, Springfield, IL 62704, US".
func addressDisplay(parts map[string]string) string {
	var fields []string
	place := strings.TrimSpace(parts[PartRegion] + " " + parts[PartPostalCode])
	for _, field := range []string{parts[PartStreet], parts[PartCity], place, parts[PartCountry]} {
		if field != "" {
			fields = append(fields, field)
		}
	}
	return strings.Join(fields, ", ")
}

// postalCode keeps letters and digits in upper case, and the one separator people expect.
func postalCode(s string) string {
	s = strings.ToUpper(asciiDigits(norm.NFKC.String(cut(s, 64))))
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
	s = strings.Trim(s, "- ")
	if len(s) > 16 {
		return ""
	}
	return s
}

// canonicalPostal is the code without separators; a US code without the four digits that name a side of a street.
func canonicalPostal(s, country string) string {
	head, tail, dashed := strings.Cut(s, "-")
	if country == "US" || country == "" {
		if dashed && len(head) == 5 && len(tail) == 4 && allDigits(head) && allDigits(tail) {
			return head
		}
		if country == "US" && len(s) == 9 && allDigits(s) {
			return s[:5]
		}
	}
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, s))
}

// coordinate is a number of degrees with at most six decimals (a hand's breadth), "" when it is none.
func coordinate(s string, limit float64) string {
	f, err := strconv.ParseFloat(strings.TrimSpace(cut(s, 64)), 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > limit {
		return ""
	}
	text := strconv.FormatFloat(f, 'f', 6, 64)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}
