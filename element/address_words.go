package element

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// canonicalStreet folds a street line: words by streetWord, the house number first, the unit last after a #.
func (a addressReader) canonicalStreet(s string) string {
	words, unit := takeUnit(a.words(s, a.streetWord))
	if len(words) == 0 {
		return ""
	}
	// "Hauptstrasse 5" and "5 Hauptstrasse" are one house.
	last := len(words) - 1
	if last > 0 && !startsWithDigit(words[0]) && isHouseNumber(words[last]) && words[last-1] != "box" {
		words = append([]string{words[last]}, words[:last]...)
	}
	return strings.Join(append(words, unit...), " ")
}

// takeUnit takes the unit, "# 4b", out of the words as "#4b". A # before the first word is a unit only when a house
// number follows it: "flat 3, 12 high street", but not "no 12 high street".
func takeUnit(words []string) (rest, unit []string) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == "ste" {
			w = "st"
			if i+1 < len(words) && i > 0 && (startsWithDigit(words[i+1]) || len(words[i+1]) == 1) {
				w = "#" // suite, not Sainte
			}
		}
		if w != "#" {
			rest = append(rest, w)
			continue
		}
		leading := len(rest) == 0 && (i+2 >= len(words) || !startsWithDigit(words[i+2]))
		if i+1 < len(words) && words[i+1] != "#" && !leading && len(unit) == 0 {
			unit = append(unit, "#"+words[i+1])
			i++
		}
	}
	return rest, unit
}

// canonicalWords folds a name of several words.
func (a addressReader) canonicalWords(s string, word func(string) string) string {
	return strings.Join(a.words(s, word), " ")
}

// words splits folded text without accents at everything that is neither letter nor digit.
func (a addressReader) words(s string, word func(string) string) []string {
	s = stripMarks(foldText(asciiDigits(s)))
	s = a.marks.Replace(s)
	fields := strings.FieldsFunc(s, func(r rune) bool { return r != '#' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	words := make([]string, 0, len(fields))
	for _, f := range fields {
		if word != nil {
			f = word(f)
		}
		if f != "" && (f != "#" || len(words) == 0 || words[len(words)-1] != "#") {
			words = append(words, f)
		}
	}
	return words
}

// stripMarks removes accents.
func stripMarks(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

func startsWithDigit(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// isHouseNumber accepts "5", "12a" and "221b".
func isHouseNumber(s string) bool {
	if !startsWithDigit(s) || len(s) > 6 {
		return false
	}
	return !strings.HasSuffix(s, "th") && !strings.HasSuffix(s, "st") && !strings.HasSuffix(s, "nd") && !strings.HasSuffix(s, "rd")
}
