package rule

import (
	"math"
	"strconv"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"wayguard/event"
)

const day = 24 * time.Hour

// selection compiles a field of one of the four variables.
func (b *builder) selection(selected ast.SelectExpr) (program, error) {
	field := selected.FieldName()
	switch selected.Operand().AsIdent() {
	case "el":
		return b.elementValue(field, selected.IsTestOnly()), nil
	case "settings":
		return constantNumber(b.settings[field]), nil
	}
	if known, has := fieldsOf(selected.Operand().AsIdent())[field]; has {
		return known.program(), nil
	}
	return program{}, unsupported{"the variable " + strconv.Quote(selected.Operand().AsIdent())}
}

// elementValue reads the event's first value of the element in the element's own type.
func (b *builder) elementValue(name string, testOnly bool) program {
	question := b.questions.number("el", name)
	if testOnly {
		return program{boolean: func(f *frame) (bool, fault) { return f.asked(question, name) != nil, sound }}
	}
	definition, _ := b.vocabulary.Elements.Find(name)
	switch elementType(definition) {
	case types.IntType:
		return program{integer: readElement(question, name, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })}
	case types.DoubleType:
		return program{double: readElement(question, name, finite)}
	case types.BoolType:
		return program{boolean: readElement(question, name, strconv.ParseBool)}
	}
	return program{text: readElement(question, name, func(text string) (string, error) { return text, nil })}
}

func finite(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(value) || math.IsInf(value, 0)) {
		return 0, strconv.ErrRange
	}
	return value, err
}

// readElement has no value where the element is absent, and none where a value does not fit the type: both are missing.
func readElement[T any](question int, name string, parse func(string) (T, error)) evaluate[T] {
	return func(f *frame) (T, fault) {
		var zero T
		found := f.asked(question, name)
		if found == nil {
			return zero, missing
		}
		value, err := parse(found.Value)
		if err != nil {
			return zero, missing
		}
		return value, sound
	}
}

// element is the event's first element of that name that has a value.
func (f *frame) element(name string) *event.Element {
	elements := f.facts.Event.Elements
	for i := range elements {
		if elements[i].Name == name && elements[i].Value != "" {
			return &elements[i]
		}
	}
	return nil
}

// asked is element with its answer kept.
func (f *frame) asked(question int, name string) *event.Element {
	elements := f.facts.Event.Elements
	a, answered := f.ask(question)
	if !answered {
		a.known = false
		for i := range elements {
			if elements[i].Name == name && elements[i].Value != "" {
				a.number, a.known = int64(i), true
				break
			}
		}
	}
	if !a.known {
		return nil
	}
	return &elements[a.number]
}

// part is a component of the event's first value of the element that has it, even where the whole value is empty.
func part(element, name string) evaluate[string] {
	return func(f *frame) (string, fault) {
		for i := range f.facts.Event.Elements {
			found := &f.facts.Event.Elements[i]
			if found.Name != element {
				continue
			}
			if value, ok := found.Parts.Find(name); ok {
				return value, sound
			}
		}
		return "", missing
	}
}

// hasValue asks all values of the element, where el.<element> asks the first only.
func hasValue(element, value string) evaluate[bool] {
	return func(f *frame) (bool, fault) {
		for i := range f.facts.Event.Elements {
			if found := &f.facts.Event.Elements[i]; found.Name == element && found.Value == value {
				return true, sound
			}
		}
		return false, sound
	}
}

// carries says whether a label of that name is among labels: a live one, or where shadows count, any.
func carries(labels []event.Label, name string, shadows bool) bool {
	for i := range labels {
		if labels[i].Name == name && (shadows || !labels[i].Shadow) {
			return true
		}
	}
	return false
}
