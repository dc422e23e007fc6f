package rule

// questions numbers what a set's expressions look up, each different question once: "how many logins from this address
// within a minute" is asked by many rules, and answered once an event.
type questions struct{ numbers map[string]int }

// number is the question's number; the words make it up.
func (q *questions) number(words ...string) int {
	if q == nil {
		return -1 // a constant expression asks nothing
	}
	key := ""
	for _, word := range words {
		key += word + "\x00"
	}
	n, known := q.numbers[key]
	if !known {
		n = len(q.numbers)
		q.numbers[key] = n
	}
	return n
}

// count is the number of different questions.
func (q *questions) count() int { return len(q.numbers) }

// answer is what a question was answered with; known says whether there was an answer. It is of the evaluation of that number.
type answer struct {
	number     int64
	evaluation uint64
	known      bool
}

// ask gives the question's answer in this evaluation, and says whether it has one yet.
func (f *frame) ask(question int) (a *answer, answered bool) {
	for question >= len(f.answers) {
		f.answers = append(f.answers, answer{})
	}
	a = &f.answers[question]
	if a.evaluation == f.evaluation+1 {
		return a, true
	}
	a.evaluation = f.evaluation + 1
	return a, false
}

// askedNumber compiles a question whose answer is a number.
func askedNumber(question int, find func(*frame) int64) evaluate[int64] {
	return func(f *frame) (int64, fault) {
		a, answered := f.ask(question)
		if !answered {
			a.number = find(f)
		}
		return a.number, sound
	}
}

// askedTruth compiles a question whose answer is yes or no.
func askedTruth(question int, find func(*frame) bool) evaluate[bool] {
	return func(f *frame) (bool, fault) {
		a, answered := f.ask(question)
		if !answered {
			a.known = find(f)
		}
		return a.known, sound
	}
}
