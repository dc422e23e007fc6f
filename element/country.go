package element

import (
	"strconv"
	"strings"

	"github.com/biter777/countries"
)

// maxCountry is the longest name of a country, in bytes; the library's search takes quadratic time.
const maxCountry = 96

// readCountry reads a country by code (two letters, three letters, three digits), by name in several languages, or by
// its flag.
func readCountry(raw Raw) (Value, error) {
	s := strings.TrimSpace(raw.Text)
	if s == "" {
		return Value{}, ErrEmpty
	}
	code := countryCode(s)
	if code == "" {
		return Value{}, reason("no country is called so")
	}
	return Value{Text: code, Parts: partsOf(map[string]string{PartName: countries.ByName(code).String()})}, nil
}

// countryCode is the ISO alpha-2 code for any spelling, "" when there is none.
func countryCode(s string) string {
	s = strings.TrimSpace(asciiDigits(s))
	if s == "" || len(s) > maxCountry {
		return ""
	}
	if code := flagCode(s); code != "" {
		s = code
	}
	found := countries.Unknown
	if allDigits(s) {
		if number, err := strconv.Atoi(s); err == nil && len(s) == 3 {
			found = countries.ByNumeric(number)
		}
	} else {
		found = countries.ByName(strings.ToValidUTF8(s, ""))
	}
	if !found.IsValid() {
		return ""
	}
	code := found.Alpha2()
	if len(code) != 2 || !isUpper(code[0]) || !isUpper(code[1]) {
		return ""
	}
	return code
}

// flagCode reads the two regional indicator symbols that make a flag.
func flagCode(s string) string {
	runes := []rune(s)
	if len(runes) != 2 {
		return ""
	}
	code := make([]byte, 2)
	for i, r := range runes {
		if r < 0x1F1E6 || r > 0x1F1FF {
			return ""
		}
		code[i] = byte('A' + r - 0x1F1E6)
	}
	return string(code)
}
