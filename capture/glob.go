package capture

import "strings"

// present and absent are the two words of a condition that are no text to compare with.
const (
	present = "*"
	absent  = "!"
)

// glob is a text in which "*" stands for any text, also none. It is matched without backtracking more than one star, in
// time proportional to the product of the lengths at worst.
type glob struct {
	text   string
	folded bool
}

// newGlob makes a glob; a folded one does not regard case.
func newGlob(text string, folded bool) glob {
	if folded {
		text = strings.ToLower(text)
	}
	return glob{text: text, folded: folded}
}

// matches says whether the whole text fits.
func (g glob) matches(text string) bool { return g.mayMatch(text) && matchGlob(g.text, text, g.folded) }

// mayMatch looks at the two ends, by which most texts already differ.
func (g glob) mayMatch(text string) bool {
	if g.text == "" || text == "" {
		return true
	}
	first, last := g.text[0], g.text[len(g.text)-1]
	return (first == '*' || sameByte(first, text[0], g.folded)) && (last == '*' || sameByte(last, text[len(text)-1], g.folded))
}

func matchGlob[T string | []byte](pattern string, text T, folded bool) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && sameByte(pattern[p], text[t], folded):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func sameByte(pattern, text byte, folded bool) bool {
	if folded && 'A' <= text && text <= 'Z' {
		text += 'a' - 'A'
	}
	return pattern == text
}

// covers says whether every text that other fits also fits g. A false may be wrong, a true never is.
func (g glob) covers(other glob) bool {
	if g.text == present || g == other {
		return true
	}
	return g.folded == other.folded && !strings.Contains(other.text, "*") && g.matches(other.text)
}
