package rule

import (
	"fmt"
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
	case "event":
		return eventField(field)
	case "session":
		return sessionField(field)
	case "settings":
		return constantNumber(b.settings[field]), nil
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

func eventField(field string) (program, error) {
	text := func(read func(*event.Event) string) (program, error) {
		return program{text: func(f *frame) (string, fault) { return read(f.facts.Event), sound }}, nil
	}
	integer := func(read func(*event.Event) int64) (program, error) {
		return program{integer: func(f *frame) (int64, fault) { return read(f.facts.Event), sound }}, nil
	}
	switch field {
	case "name":
		return text(func(e *event.Event) string { return e.Name })
	case "type":
		return text(func(e *event.Event) string { return string(e.Type) })
	case "result":
		return text(func(e *event.Event) string { return string(e.Result) })
	case "spec":
		return text(func(e *event.Event) string { return e.Spec })
	case "method":
		return text(func(e *event.Event) string { return e.HTTP.Method })
	case "host":
		return text(func(e *event.Event) string { return e.HTTP.Host })
	case "route":
		return text(func(e *event.Event) string { return e.HTTP.Route })
	case "status":
		return integer(func(e *event.Event) int64 { return int64(e.HTTP.Status) })
	case "hour":
		return integer(func(e *event.Event) int64 { return int64(e.Time.UTC().Hour()) })
	case "inline":
		return program{boolean: func(f *frame) (bool, fault) { return f.facts.Event.HTTP.Inline, sound }}, nil
	}
	return program{}, unsupported{"event." + field}
}

func sessionField(field string) (program, error) {
	integer := func(read func(*Facts) int64) (program, error) {
		return program{integer: func(f *frame) (int64, fault) { return read(f.facts), sound }}, nil
	}
	switch field {
	case "events":
		return integer(func(f *Facts) int64 { return f.Session.Events })
	case "seconds":
		return integer(func(f *Facts) int64 { return int64(f.Event.Time.Sub(f.Session.Opened) / time.Second) })
	case "score":
		return integer(func(f *Facts) int64 { return f.Session.Score })
	case "rating":
		return program{text: func(f *frame) (string, fault) { return f.facts.Session.Rating.String(), sound }}, nil
	case "new":
		return program{boolean: func(f *frame) (bool, fault) { return f.facts.Session.New, sound }}, nil
	}
	return program{}, unsupported{"session." + field}
}

// ownFunction compiles a call of one of the language's own functions; all arguments are constants.
func (b *builder) ownFunction(f function, arguments []ast.Expr) (program, error) {
	words := make([]string, 3)
	for n, e := range arguments {
		words[n], _ = stringLiteral(e)
	}
	if f.member {
		return b.sessionFunction(f.name, words[0])
	}
	question := b.questions.number(f.name, words[0], words[1], words[2])
	window, _ := b.vocabulary.window(words[2])
	entity, second := words[0], words[1]
	switch f.name {
	case "count":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.memory.Count(entity, second, window) })}, nil
	case "distinct":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.memory.Distinct(entity, second, window) })}, nil
	case "seen_before":
		return program{boolean: askedTruth(question, func(f *frame) bool { return f.memory.SeenBefore(entity, second) })}, nil
	case "age_days":
		return program{integer: func(f *frame) (int64, fault) {
			a, answered := f.ask(question)
			if !answered {
				var age time.Duration
				age, a.known = f.memory.Age(entity)
				a.number = int64(age / day)
			}
			if !a.known {
				return 0, missing
			}
			return a.number, sound
		}}, nil
	case "entity_label":
		return program{boolean: askedTruth(question, func(f *frame) bool { return f.memory.Labelled(entity, second) })}, nil
	case "persona_distance":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.memory.PersonaDistance(entity) })}, nil
	case "part":
		return program{text: part(entity, second)}, nil
	case "has_value":
		return program{boolean: hasValue(entity, second)}, nil
	}
	return program{}, unsupported{fmt.Sprintf("%s()", f.name)}
}

func (b *builder) sessionFunction(name, word string) (program, error) {
	question := b.questions.number("session", name, word)
	switch name {
	case "count":
		return program{integer: askedNumber(question, func(f *frame) int64 {
			if f.facts.Session.Count != nil {
				return f.facts.Session.Count(word)
			}
			return f.facts.Session.Counts[word]
		})}, nil
	case "distinct":
		return program{integer: askedNumber(question, func(f *frame) int64 {
			if f.facts.Session.Distinct == nil {
				return 0
			}
			return f.facts.Session.Distinct(word)
		})}, nil
	case "label":
		return program{boolean: askedTruth(question, func(f *frame) bool { return carries(f.facts.Session.Labels, word, false) })}, nil
	}
	return program{}, unsupported{fmt.Sprintf("session.%s()", name)}
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
