package document

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Decode reads the document into a pointer to a struct, strictly, and tells every problem it finds.
func (d *Document) Decode(into any) Problems {
	if d == nil || d.root == nil {
		return nil
	}
	return d.Root().Decode(into)
}

// decoder collects the problems of one decoding.
type decoder struct {
	document *Document
	problems Problems
}

func (d *decoder) tell(p Problem) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, p)
	}
}

func (d *decoder) value(n Node, into reflect.Value) {
	switch target := into.Addr().Interface().(type) {
	case Unmarshaler:
		for _, p := range target.UnmarshalDocument(n) {
			d.tell(p)
		}
		return
	case encoding.TextUnmarshaler:
		d.text(n, target)
		return
	case *time.Duration:
		d.duration(n, target)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		d.pointer(n, into)
	case reflect.Struct:
		d.structure(n, into)
	case reflect.Map:
		d.mapping(n, into)
	case reflect.Slice:
		d.list(n, into)
	case reflect.Interface:
		d.anything(n, into)
	default:
		d.scalar(n, into)
	}
}

// expect says whether the value has the kind; nothing at all is an absent value for what can be absent.
func (d *decoder) expect(n Node, kind Kind) bool {
	got := n.Kind()
	if got != kind && got != Null {
		d.tell(n.Problem(fmt.Sprintf("must be %s, not %s", kind, got), ""))
	}
	return got == kind
}

func (d *decoder) pointer(n Node, into reflect.Value) {
	if n.Kind() == Null {
		return
	}
	if into.IsNil() {
		into.Set(reflect.New(into.Type().Elem()))
	}
	d.value(n, into.Elem())
}

func (d *decoder) structure(n Node, into reflect.Value) {
	fields := map[string]reflect.Value{}
	collectFields(into, n.Mark(), fields)
	if !d.expect(n, Map) {
		return
	}
	for _, entry := range n.Entries() {
		field, known := fields[entry.Key]
		if !known {
			line, column := d.document.Locate(entry.Value.path)
			d.tell(Problem{File: d.document.file, Line: line, Column: column, Path: entry.Value.path,
				Message: "no such key", Suggestion: suggestKey(entry.Key, fields)})
			continue
		}
		d.value(entry.Value, field)
	}
}

func suggestKey(key string, fields map[string]reflect.Value) string {
	known := make([]string, 0, len(fields))
	for name := range fields {
		known = append(known, name)
	}
	if near := DidYouMean(key, known); near != "" || len(known) > 16 {
		return near
	}
	return "known here: " + strings.Join(sorted(known), ", ")
}

// collectFields gathers a struct's fields by their written names, those of embedded and inline structs included, and
// fills its marks.
func collectFields(into reflect.Value, mark Mark, fields map[string]reflect.Value) {
	for i := range into.NumField() {
		field, value := into.Type().Field(i), into.Field(i)
		if value.Type() == reflect.TypeFor[Mark]() && field.IsExported() {
			value.Set(reflect.ValueOf(mark))
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		inline := options == "inline" || field.Anonymous && name == ""
		switch {
		case name == "-":
		case inline && value.Kind() == reflect.Struct:
			collectFields(value, mark, fields)
		case !field.IsExported():
		case name == "":
			fields[strings.ToLower(field.Name)] = value
		default:
			fields[name] = value
		}
	}
}

func (d *decoder) mapping(n Node, into reflect.Value) {
	if !d.expect(n, Map) {
		return
	}
	if into.Type().Key().Kind() != reflect.String {
		d.tell(n.Problem("cannot be decoded: the program's map has keys that are no text", ""))
		return
	}
	if into.IsNil() {
		into.Set(reflect.MakeMap(into.Type()))
	}
	for _, entry := range n.Entries() {
		item := reflect.New(into.Type().Elem()).Elem()
		d.value(entry.Value, item)
		into.SetMapIndex(reflect.ValueOf(entry.Key).Convert(into.Type().Key()), item)
	}
}

func (d *decoder) list(n Node, into reflect.Value) {
	if !d.expect(n, List) {
		return
	}
	items := n.Items()
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		d.value(item, list.Index(i))
	}
	into.Set(list)
}

// anything reads into an empty interface: string, int64, float64, bool, nil, []any or map[string]any.
func (d *decoder) anything(n Node, into reflect.Value) {
	if into.NumMethod() > 0 {
		d.tell(n.Problem("cannot be decoded into an interface with methods", ""))
		return
	}
	if value := d.plain(n); value != nil {
		into.Set(reflect.ValueOf(value))
	}
}

func (d *decoder) plain(n Node) any {
	switch n.Kind() {
	case Map:
		out := map[string]any{}
		for _, entry := range n.Entries() {
			out[entry.Key] = d.plain(entry.Value)
		}
		return out
	case List:
		out := []any{}
		for _, item := range n.Items() {
			out = append(out, d.plain(item))
		}
		return out
	case Scalar:
		return plainScalar(n)
	}
	return nil
}

func plainScalar(n Node) any {
	switch n.node.ShortTag() {
	case "!!bool":
		return strings.EqualFold(n.node.Value, "true")
	case "!!int":
		if number, err := strconv.ParseInt(n.node.Value, 10, 64); err == nil {
			return number
		}
	case "!!float":
		if number, err := strconv.ParseFloat(n.node.Value, 64); err == nil {
			return number
		}
	}
	return n.node.Value
}
