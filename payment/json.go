package payment

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of a JSON text. They are far beyond what a cart of a thousand lines needs.
const (
	maxBody   = 1 << 20
	maxDepth  = 32
	maxValues = 50_000
)

// rootFields is how many members a request has with those that the engine adds; maps that grow cost more than large ones.
const rootFields = 16

// decode reads one JSON object, strictly: no name twice in an object, nothing after it. What is no UTF-8 and half surrogates become U+FFFD, as
// in encoding/json: a buyer who types one into a form must not escape the decision by it. Its problem never holds a value.
func decode(body []byte) (Tree, *Problem) {
	if len(body) > maxBody {
		return nil, &Problem{"", CodeTooLarge, "is larger than " + strconv.Itoa(maxBody) + " bytes"}
	}
	d := decoder{text: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	value, problem := d.value(0)
	if problem != nil {
		return nil, problem
	}
	if _, err := d.text.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, &Problem{"", CodeJSON, "goes on after its JSON value"}
	}
	tree, ok := value.(Tree)
	if !ok {
		return nil, &Problem{"", CodeType, "must be an object"}
	}
	return tree, nil
}

// decoder builds a tree. The names of problems are put together on the way back, so that what is right costs nothing.
type decoder struct {
	text   *jsontext.Decoder
	values int
}

func (d *decoder) value(depth int) (any, *Problem) {
	if d.values++; d.values > maxValues {
		return nil, &Problem{"", CodeTooLarge, "holds more than " + strconv.Itoa(maxValues) + " values"}
	}
	if depth > maxDepth {
		return nil, &Problem{"", CodeTooLarge, "is nested deeper than " + strconv.Itoa(maxDepth)}
	}
	switch d.text.PeekKind() {
	case '{':
		return d.object(depth)
	case '[':
		return d.array(depth)
	}
	raw, err := d.text.ReadValue()
	if err != nil {
		return nil, d.syntax()
	}
	switch raw.Kind() {
	case '"':
		return unquoted(raw), nil
	case '0':
		return json.Number(raw), nil
	case 't', 'f':
		return raw.Kind() == 't', nil
	}
	return nil, nil
}

func (d *decoder) object(depth int) (any, *Problem) {
	if _, err := d.text.ReadToken(); err != nil {
		return nil, d.syntax()
	}
	size := 0
	if depth == 0 {
		size = rootFields
	}
	tree := make(Tree, size)
	for d.text.PeekKind() != '}' {
		raw, err := d.text.ReadValue()
		if err != nil {
			return nil, d.syntax()
		}
		name := nameOf(raw)
		value, problem := d.value(depth + 1)
		if problem != nil {
			problem.Field = "." + shownName(name) + problem.Field
			return nil, problem
		}
		before := len(tree)
		if tree[name] = value; len(tree) == before {
			return nil, &Problem{"." + shownName(name), CodeDuplicate, "stands twice in one object"}
		}
	}
	if _, err := d.text.ReadToken(); err != nil {
		return nil, d.syntax()
	}
	return tree, nil
}

func (d *decoder) array(depth int) (any, *Problem) {
	if _, err := d.text.ReadToken(); err != nil {
		return nil, d.syntax()
	}
	list := []any{}
	for d.text.PeekKind() != ']' {
		value, problem := d.value(depth + 1)
		if problem != nil {
			problem.Field = "[" + strconv.Itoa(len(list)) + "]" + problem.Field
			return nil, problem
		}
		list = append(list, value)
	}
	if _, err := d.text.ReadToken(); err != nil {
		return nil, d.syntax()
	}
	return list, nil
}

// syntax says where the text stops being JSON. The decoder's own error would quote the text.
func (d *decoder) syntax() *Problem {
	return &Problem{"", CodeJSON, "is not valid JSON after byte " + strconv.FormatInt(d.text.InputOffset(), 10)}
}

// nameOf is the name of a member without an allocation where it is one of this package's own.
func nameOf(raw jsontext.Value) string {
	if name := wellKnown(raw[1 : len(raw)-1]); name != "" {
		return name
	}
	return unquoted(raw)
}

func unquoted(raw jsontext.Value) string {
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	// The error tells of what is no UTF-8 and was replaced.
	text, _ := jsontext.AppendUnquote(nil, raw)
	return strings.ToValidUTF8(string(text), "\ufffd")
}
