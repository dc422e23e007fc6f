package ruleset

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Text is a condition in its text form, such as and(gte($.transaction.amount, 50000), in($.billing.country, ["X", "Y"])). It takes a
// tree or, as a JSON string, a text, which it puts into the usual form.
func Text(condition json.RawMessage) (string, error) {
	c := &complaints{}
	n := node{}
	if v, ok := parseJSON(condition, "$", c); ok {
		n = readCondition(v, "$", c)
	}
	if len(c.problems) > 0 {
		return "", fmt.Errorf("%s %s", c.problems[0].Field, c.problems[0].Message)
	}
	return n.write()
}

// ParseText reads the text form into a tree. The error says where the text is wrong.
func ParseText(text string) (json.RawMessage, error) {
	n, err := parseText(text)
	if err != nil {
		return nil, err
	}
	return n.raw()
}

// write is the text form; only paths that cannot be written that way make an error.
func (n node) write() (string, error) {
	w := &textWriter{}
	w.node(n)
	return w.String(), w.err
}

type textWriter struct {
	strings.Builder
	err error
}

func (w *textWriter) node(n node) {
	if isVelocity(n.op) {
		w.WriteString(n.cmp + "(" + n.op + "(")
		w.path(n.field)
		if n.other != "" {
			w.WriteString(", ")
			w.path(n.other)
		}
		w.WriteString(", " + strconv.FormatInt(n.window, 10))
		if n.scope != "" {
			w.WriteString(", ")
			w.scalar(n.scope)
		}
		w.WriteString("), ")
		w.scalar(n.value)
		w.WriteByte(')')
		return
	}
	w.WriteString(n.op + "(")
	for i, a := range n.args {
		if i > 0 {
			w.WriteString(", ")
		}
		w.node(a)
	}
	if len(n.args) == 0 {
		w.path(n.field)
		w.argument(n)
	}
	w.WriteByte(')')
}

// argument is what follows the path.
func (w *textWriter) argument(n node) {
	if n.op == "exists" {
		return
	}
	w.WriteString(", ")
	switch {
	case n.list != "":
		w.WriteString("list(")
		w.scalar(n.list)
		w.WriteByte(')')
	case n.op == "in" || n.op == "cidr":
		w.WriteByte('[')
		for i, v := range n.values {
			if i > 0 {
				w.WriteString(", ")
			}
			w.scalar(v)
		}
		w.WriteByte(']')
	case n.other != "":
		w.path(n.other)
	case n.value != nil:
		w.scalar(n.value)
	default:
		w.scalar(n.text)
	}
}

func (w *textWriter) path(p string) {
	if p == "" || pathLength(p) != len(p) {
		w.err = errors.New("a path has signs in it that no text form can hold")
	}
	w.WriteString(p)
}

func (w *textWriter) scalar(v any) {
	switch v := v.(type) {
	case string:
		quoted, err := jsontext.AppendQuote(nil, v)
		if err != nil {
			w.err = errors.New("a text is not valid UTF-8")
		}
		w.Write(quoted)
	case json.Number:
		w.WriteString(string(v))
	case bool:
		w.WriteString(strconv.FormatBool(v))
	}
}
