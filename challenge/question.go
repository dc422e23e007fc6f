package challenge

import (
	"fmt"
	"strconv"
	"strings"
)

// question is what a visitor without scripts answers instead of computing: plain words, for every reader and screen reader. It stops
// who has not written a program for it; that is all it claims.
type question struct {
	text   string
	answer int
}

// numbers are the words for 0 to 24.
func numbers() []string {
	return []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
		"fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "twenty-one", "twenty-two", "twenty-three",
		"twenty-four"}
}

// ask is the question that belongs to a one-time word.
func (k keyring) ask(word nonce) question {
	seed := digest(k.word, []byte("question"), word[:])
	a, b, c := 2+int(seed[0])%11, 2+int(seed[1])%11, 2+int(seed[2])%11
	name := numbers()
	switch seed[3] % 4 {
	case 0:
		return question{fmt.Sprintf("What is %s plus %s?", name[a], name[b]), a + b}
	case 1:
		return question{fmt.Sprintf("What is %s minus %s?", name[max(a, b)+2], name[min(a, b)]), max(a, b) + 2 - min(a, b)}
	case 2:
		return question{fmt.Sprintf("Which of these numbers is the largest: %s, %s or %s?", name[a], name[b], name[c+1]), max(a, b, c+1)}
	default:
		return question{fmt.Sprintf("You have %s apples and get %s more. How many do you have now?", name[a], name[b]), a + b}
	}
}

// answered says whether a visitor's words answer the question, as a number or spelled.
func (q question) answered(text string) bool {
	if len(text) > 40 {
		return false
	}
	text = strings.Trim(strings.ToLower(strings.TrimSpace(text)), ".!")
	if n, err := strconv.Atoi(text); err == nil {
		return n == q.answer
	}
	plain := strings.NewReplacer("-", "", " ", "")
	return plain.Replace(text) == plain.Replace(numbers()[q.answer])
}
