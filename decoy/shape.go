package decoy

import (
	"strings"
	"unicode/utf8"
)

// The alphabets of what machines make up.
const (
	digitLetters = "0123456789"
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// alphabets are ordered from the narrowest: the first that holds all letters of a slot is its own.
func alphabets() []string {
	return []string{digitLetters, digitLetters + "abcdef", digitLetters + "ABCDEF", lowerLetters, upperLetters, lowerLetters + digitLetters,
		upperLetters + digitLetters, lowerLetters + upperLetters + digitLetters, lowerLetters + upperLetters + digitLetters + "-_",
		lowerLetters + upperLetters + digitLetters + "+/"}
}

// alphabetOf is the narrowest alphabet that holds all letters of all texts, padding aside; empty when none does.
func alphabetOf(texts []string) string {
	for _, alphabet := range alphabets() {
		fits := true
		for _, text := range texts {
			if strings.Trim(strings.TrimRight(text, "="), alphabet) != "" {
				fits = false
				break
			}
		}
		if fits {
			return alphabet
		}
	}
	return ""
}

// The numbers of samples from which the letters of one place say something about it.
const (
	enoughForLetter = 8
	enoughForFew    = 16
	fewLetters      = 4
)

// form is what the texts of a slot have in common: what is made up in their place has it too.
type form struct {
	// alphabet holds all of their letters; empty when they are no machine's.
	alphabet string
	// places are the letters seen at each place, where all texts are equally long; a nil entry is the whole alphabet.
	places []string
	// noZero says that numbers never begin with 0.
	noZero bool
}

func formOf(texts []string) form {
	f := form{alphabet: alphabetOf(withoutBreaks(texts))}
	if f.alphabet == digitLetters && len(texts) >= enoughForLetter {
		f.noZero = true
		for _, text := range texts {
			f.noZero = f.noZero && !strings.HasPrefix(text, "0")
		}
	}
	for _, text := range texts {
		if len(text) != len(texts[0]) {
			return f
		}
	}
	if f.alphabet == "" || len(texts) < enoughForLetter {
		return f
	}
	f.places = make([]string, len(texts[0]))
	for at := range f.places {
		seen := ""
		for _, text := range texts {
			if strings.IndexByte(seen, text[at]) < 0 {
				seen += text[at : at+1]
			}
		}
		if len(seen) == 1 || len(seen) <= fewLetters && len(texts) >= enoughForFew {
			f.places[at] = seen
		}
	}
	return f
}

// withoutBreaks leaves out what groups the letters, such as the hyphens of a UUID: what is neither letter nor digit and stands at
// the same places in all texts.
func withoutBreaks(texts []string) []string {
	breaks := ""
	for at := range texts[0] {
		if c := texts[0][at]; !isWord(c) || c == '-' || c == '_' {
			everywhere := true
			for _, text := range texts {
				everywhere = everywhere && len(text) == len(texts[0]) && text[at] == c && strings.Count(text, string(rune(c))) == strings.Count(texts[0], string(rune(c)))
			}
			if everywhere && strings.IndexByte(breaks, c) < 0 {
				breaks += string(rune(c))
			}
		}
	}
	if breaks == "" {
		return texts
	}
	bare := make([]string, len(texts))
	for i, text := range texts {
		bare[i] = strings.Map(func(r rune) rune {
			if strings.ContainsRune(breaks, r) {
				return -1
			}
			return r
		}, text)
	}
	return bare
}

// make writes another text of the same form and of the model's length. Only its form is the model's: no letter is taken over
// but those that all texts have in common, and what is neither letter nor digit.
func (f *form) make(model string, r *stream) string {
	out := make([]byte, 0, len(model))
	body := model
	if f.alphabet != "" {
		body = strings.TrimRight(model, "=")
	}
	for at := 0; at < len(body); {
		c := body[at]
		switch {
		case at < len(f.places) && len(f.places) == len(model) && f.places[at] != "":
			out = append(out, f.places[at][r.below(len(f.places[at]))])
		case f.alphabet != "" && strings.IndexByte(f.alphabet, c) >= 0:
			letters := f.alphabet
			if at == 0 && f.noZero && len(model) > 1 {
				letters = letters[1:]
			}
			out = append(out, letters[r.below(len(letters))])
		case c >= utf8.RuneSelf:
			_, size := utf8.DecodeRuneInString(body[at:])
			out = append(out, lowerLetters[r.below(26)])
			at += size - 1
		default:
			out = append(out, alike(c, r))
		}
		at++
	}
	return string(out) + model[len(body):]
}

// alike is another letter of the same class.
func alike(c byte, r *stream) byte {
	switch {
	case c >= '0' && c <= '9':
		return digitLetters[r.below(10)]
	case c >= 'A' && c <= 'Z':
		return upperLetters[r.below(26)]
	case strings.IndexByte("aeiou", c) >= 0:
		return "aeiou"[r.below(5)]
	case c >= 'a' && c <= 'z':
		return "bcdfghjklmnpqrstvwxyz"[r.below(21)]
	}
	return c
}

// isPlain says whether a text can be nobody's: a few bytes, or a number below a thousand.
func isPlain(text string) bool { return len(text) <= 3 && !strings.ContainsRune(text, '@') }
