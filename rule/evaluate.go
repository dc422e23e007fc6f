package rule

import (
	"wayguard/event"
)

// frame is what one evaluation reads.
type frame struct {
	facts  *Facts
	memory Memory
	// trace gathers operands in traced evaluations.
	trace []observation
	// answers are those of this evaluation, by the questions' numbers; older ones are overwritten.
	answers    []answer
	evaluation uint64
	// march is how far the session has come in sequences, weight how its labels add up.
	march  march
	weight Weight
}

// observation is an operand with the value it had; order is its place in the source.
type observation struct {
	order int
	event.Reason
}

// fault is why an expression has no value. It is a number, not an error, so that the way of a missing element, which
// most rules go on most events, costs nothing.
type fault uint8

const (
	sound fault = iota
	// missing means that the event has no such element: the rule does not fire, and nothing is wrong.
	missing
	overflow
	divisionByZero
	notANumber
	unreadable
)

// String says the fault in words.
func (f fault) String() string {
	switch f {
	case sound:
		return "no fault"
	case missing:
		return "an element is missing"
	case overflow:
		return "integer overflow"
	case divisionByZero:
		return "division by zero"
	case notANumber:
		return "a value that is not a number cannot be ordered"
	}
	return "a text cannot be read as a number"
}

// evaluate is a compiled expression of one type.
type evaluate[T any] func(*frame) (T, fault)

// program is a compiled expression; exactly one of its functions is set.
type program struct {
	boolean evaluate[bool]
	integer evaluate[int64]
	double  evaluate[float64]
	text    evaluate[string]
	// number and word are the value where it is a constant.
	number *int64
	word   *string
}

func constantNumber(value int64) program { return program{integer: constant(value), number: &value} }

func constantText(value string) program { return program{text: constant(value), word: &value} }

func constant[T any](value T) evaluate[T] {
	return func(*frame) (T, fault) { return value, sound }
}

// and is CEL's: false wins over a fault on either side.
func and(a, b evaluate[bool]) evaluate[bool] {
	return func(f *frame) (bool, fault) {
		left, wrong := a(f)
		if wrong == sound && !left {
			return false, sound
		}
		right, alsoWrong := b(f)
		if alsoWrong == sound && !right {
			return false, sound
		}
		return wrong == sound && alsoWrong == sound, worse(wrong, alsoWrong)
	}
}

// or is CEL's: true wins over a fault on either side.
func or(a, b evaluate[bool]) evaluate[bool] {
	return func(f *frame) (bool, fault) {
		left, wrong := a(f)
		if wrong == sound && left {
			return true, sound
		}
		right, alsoWrong := b(f)
		if alsoWrong == sound && right {
			return true, sound
		}
		return false, worse(wrong, alsoWrong)
	}
}

// worse is the fault to report of two: a real one before a missing element, the left one before the right one.
func worse(a, b fault) fault {
	if a > missing || b == sound {
		return a
	}
	return b
}

func not(a evaluate[bool]) evaluate[bool] {
	return func(f *frame) (bool, fault) {
		value, wrong := a(f)
		return !value && wrong == sound, wrong
	}
}

func conditional[T any](condition evaluate[bool], yes, no evaluate[T]) evaluate[T] {
	return func(f *frame) (T, fault) {
		value, wrong := condition(f)
		if wrong != sound {
			var zero T
			return zero, wrong
		}
		if value {
			return yes(f)
		}
		return no(f)
	}
}

// combine evaluates both sides and joins them; the left fault is told first.
func combine[A, B, T any](a evaluate[A], b evaluate[B], join func(A, B) (T, fault)) evaluate[T] {
	return func(f *frame) (T, fault) {
		left, wrong := a(f)
		if wrong == sound {
			var right B
			if right, wrong = b(f); wrong == sound {
				return join(left, right)
			}
		}
		var zero T
		return zero, wrong
	}
}

// transform evaluates one side and changes it.
func transform[A, T any](a evaluate[A], change func(A) (T, fault)) evaluate[T] {
	return func(f *frame) (T, fault) {
		value, wrong := a(f)
		if wrong != sound {
			var zero T
			return zero, wrong
		}
		return change(value)
	}
}

// run evaluates a program of any type to the text a person is shown.
func (p program) run(f *frame) (string, fault) {
	switch {
	case p.boolean != nil:
		value, wrong := p.boolean(f)
		return boolText(value), wrong
	case p.integer != nil:
		value, wrong := p.integer(f)
		return intText(value), wrong
	case p.double != nil:
		value, wrong := p.double(f)
		return doubleText(value), wrong
	}
	return p.text(f)
}
