package document

import (
	"fmt"
	"sort"
	"strings"
)

// Suggest is the known word nearest to the one written, by optimal string alignment distance without regard to case,
// or "" when none is near enough to be meant. Among equally near ones the first in alphabetical order is taken.
func Suggest(word string, known []string) string {
	if word == "" || len(word) > 128 {
		return ""
	}
	folded := strings.ToLower(word)
	sorted := append([]string(nil), known...)
	sort.Strings(sorted)
	best, distance := "", max(1, len(word)/3)+1
	for _, candidate := range sorted {
		if len(candidate) > 128 {
			continue
		}
		if d := editDistance(folded, strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// DidYouMean is Suggest as the text of a Problem's Suggestion, "" when nothing is near.
func DidYouMean(word string, known []string) string {
	if near := Suggest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// editDistance counts insertions, deletions, substitutions and swaps of neighbours.
func editDistance(a, b string) int {
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(last[j]+1, next[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}
