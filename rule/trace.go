package rule

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"

	"wayguard/event"
)

// maxReasonLength is the most characters of a value that an explanation shows.
const maxReasonLength = 200

// observed wraps an operand so that it records the value it had.
func (b *builder) observed(e ast.Expr, p program, order int) (program, error) {
	text, err := b.unparse(e)
	if err != nil {
		return program{}, err
	}
	w := watch{order: order, expression: text, element: selectedElement(e)}
	switch {
	case p.boolean != nil:
		return program{boolean: watched(w, p.boolean, boolText)}, nil
	case p.integer != nil:
		return program{integer: watched(w, p.integer, intText)}, nil
	case p.double != nil:
		return program{double: watched(w, p.double, doubleText)}, nil
	}
	return program{text: watched(w, p.text, func(text string) string { return text })}, nil
}

// watch is what there is to say of an operand beside its value.
type watch struct {
	order      int
	expression string
	// element is the element whose shown form stands for the value, "" where the operand is none.
	element string
}

func watched[T any](w watch, operand evaluate[T], show func(T) string) evaluate[T] {
	return func(f *frame) (T, fault) {
		value, wrong := operand(f)
		text := "absent"
		switch {
		case wrong > missing:
			text = wrong.String()
		case wrong == sound:
			text = show(value)
			if w.element != "" {
				text = f.element(w.element).Shown()
			}
		}
		f.trace = append(f.trace, observation{w.order, event.Reason{Expression: w.expression, Value: shorten(text, maxReasonLength)}})
		return value, wrong
	}
}

// reasons are the operands evaluated, in source order, each once.
func (f *frame) reasons() []event.Reason {
	slices.SortStableFunc(f.trace, func(a, b observation) int { return cmp.Compare(a.order, b.order) })
	var reasons []event.Reason
	for _, seen := range f.trace {
		if !slices.ContainsFunc(reasons, func(r event.Reason) bool { return r.Expression == seen.Expression }) {
			reasons = append(reasons, seen.Reason)
		}
	}
	f.trace = f.trace[:0]
	return reasons
}

// shorten cuts text to so many characters.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
