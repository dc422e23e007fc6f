package element

import (
	"strings"
	"unicode"
)

// splitLine takes an address of one or several lines apart, from its end: country, then region, postal code and city
// in the orders that are in use, then the street. What it cannot tell stays with the street.
func (a addressReader) splitLine(line string) map[string]string {
	segments := lineSegments(line)
	parts := map[string]string{}
	// pop takes the last segment off, and leaves the first to the street.
	pop := func() string {
		last := segments[len(segments)-1]
		segments = segments[:len(segments)-1]
		return last
	}
	if len(segments) > 1 && a.isCountry(segments) {
		parts[PartCountry] = pop()
	}
	if len(segments) > 1 {
		a.takePlace(pop(), parts)
	}
	if len(segments) > 2 && parts[PartCity] == "" && parts[PartRegion] == "" {
		if code := a.regionCode(segments[len(segments)-1]); code != "" {
			parts[PartRegion] = code
			pop()
		}
	}
	if len(segments) > 1 && parts[PartCity] == "" {
		parts[PartCity] = pop()
	}
	parts[PartStreet] = strings.Join(segments, ", ")
	return parts
}

// lineSegments splits at commas, semicolons and line ends.
func lineSegments(line string) []string {
	segments := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' })
	kept := segments[:0]
	for _, s := range segments {
		if s = strings.TrimSpace(s); s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// isCountry says whether the last segment is a country. "IL" and "Georgia" are states as well: they are countries only
// after a postal code or a region.
func (a addressReader) isCountry(segments []string) bool {
	last := segments[len(segments)-1]
	if countryCode(last) == "" || strings.ContainsFunc(last, unicode.IsDigit) {
		return false
	}
	if a.regionCode(last) == "" {
		return true
	}
	before := segments[len(segments)-2]
	return len(segments) > 2 && (strings.ContainsFunc(before, unicode.IsDigit) || a.regionCode(before) != "")
}

// takePlace reads "IL 62704", "Springfield IL 62704", "10115 Berlin", "London SW1A 1AA", "62704" or "Springfield".
func (a addressReader) takePlace(segment string, parts map[string]string) {
	postal, words := takePostal(strings.Fields(segment))
	parts[PartPostalCode] = postal
	rest := strings.Join(words, " ")
	if code := a.regionCode(rest); code != "" {
		parts[PartRegion] = code
		return
	}
	if last := len(words) - 1; last > 0 && postal != "" {
		if code := a.regionCode(words[last]); code != "" {
			parts[PartRegion] = code
			rest = strings.Join(words[:last], " ")
		}
	}
	parts[PartCity] = rest
}

// takePostal takes the postal code off the end or the beginning of the words.
func takePostal(words []string) (postal string, rest []string) {
	first := len(words)
	for first > 0 && len(words)-first < 2 && isPostalWord(words[first-1]) {
		first--
	}
	if first < len(words) {
		return strings.Join(words[first:], " "), words[:first]
	}
	if len(words) < 2 || !isPostalWord(words[0]) {
		return "", words
	}
	size := 1
	if len(words) > 2 && len(words[1]) == 2 && strings.ToUpper(words[1]) == words[1] {
		size = 2 // "1012 AB Amsterdam"
	}
	return strings.Join(words[:size], " "), words[size:]
}

func isPostalWord(w string) bool { return len(w) <= 10 && strings.ContainsFunc(w, unicode.IsDigit) }
