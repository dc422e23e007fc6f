package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/payment"
)

// object is a JSON object that was sent. Its fields are taken one by one; what is wrong is gathered, with paths and without values.
type object struct {
	fields   map[string]json.RawMessage
	names    []string
	problems []payment.Problem
}

// plainName is a name that may be repeated in an answer.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

func readObject(body []byte) (*object, error) {
	o := &object{}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, invalidField("$", "required", "a JSON object is needed")
	}
	if err := json.Unmarshal(body, &o.fields); err != nil || o.fields == nil {
		return nil, invalidField("$", "json", "must be a JSON object")
	}
	return o, nil
}

func (o *object) add(field, code, message string) {
	o.problems = append(o.problems, payment.Problem{Field: field, Code: code, Message: message})
}

// has says whether the field was sent.
func (o *object) has(name string) bool {
	_, there := o.fields[name]
	return there
}

// take reads a field if it was sent and is not null.
func (o *object) take(name string, into any) bool {
	o.names = append(o.names, name)
	raw, there := o.fields[name]
	if !there || string(raw) == "null" {
		return false
	}
	if problem := strict(raw, "$."+name, into); problem != nil {
		o.problems = append(o.problems, *problem)
		return false
	}
	return true
}

// need is take for a field that must be there.
func (o *object) need(name string, into any) bool {
	raw, there := o.fields[name]
	if !there || string(raw) == "null" {
		o.names = append(o.names, name)
		o.add("$."+name, "required", "is needed")
		return false
	}
	return o.take(name, into)
}

// raw gives a field as it was sent, nil where it is absent or null.
func (o *object) raw(name string) json.RawMessage {
	o.names = append(o.names, name)
	if raw := o.fields[name]; string(raw) != "null" {
		return raw
	}
	return nil
}

// finish tells what was wrong. Fields that nobody took are, apart from those that answers have and that may come back with them.
func (o *object) finish(ignored ...string) error {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if slices.Contains(o.names, name) || slices.Contains(ignored, name) {
			continue
		}
		path := "$"
		message := "there is no such field"
		if plainName.MatchString(name) {
			path += "." + name
			if near := document.DidYouMean(name, o.names); near != "" {
				message += "; " + near
			}
		}
		o.add(path, "unknown", message)
	}
	if len(o.problems) > 0 {
		return invalid(o.problems)
	}
	return nil
}

// strict reads JSON into a value. Its problem names a field and never what stood there.
func strict(raw []byte, path string, into any) *payment.Problem {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errToken
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field != "" {
			path += "." + kind.Field
		}
		return &payment.Problem{Field: path, Code: "type", Message: "must be " + spoken(kind.Type.Kind().String())}
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		if name = strings.Trim(name, `"`); plainName.MatchString(name) {
			path += "." + name
		}
		return &payment.Problem{Field: path, Code: "unknown", Message: "there is no such field"}
	}
	return &payment.Problem{Field: path, Code: "format", Message: "cannot be understood"}
}

// spoken is a kind of Go value as people who write JSON know it.
func spoken(kind string) string {
	switch {
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	case kind == "slice" || kind == "array":
		return "an array"
	case kind == "map" || kind == "struct":
		return "an object"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	}
	return "of another type"
}

// each reads an array field item by item, so that problems name the item.
func each[T any](o *object, name string, most int) ([]T, bool) {
	var raws []json.RawMessage
	if !o.take(name, &raws) {
		return nil, false
	}
	if len(raws) > most {
		o.add("$."+name, "range", "has too many items")
		return nil, false
	}
	items := make([]T, len(raws))
	for i, raw := range raws {
		if problem := strict(raw, index("$."+name, i), &items[i]); problem != nil {
			o.problems = append(o.problems, *problem)
		}
	}
	return items, true
}
