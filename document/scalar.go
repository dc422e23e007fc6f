package document

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

func (d *decoder) text(n Node, target encoding.TextUnmarshaler) {
	if !d.hasScalar(n) {
		return
	}
	if err := target.UnmarshalText([]byte(n.Text())); err != nil {
		message := err.Error()
		if d.document.expanded[n.node] {
			message = "the variable's value does not fit here"
		}
		d.tell(n.Problem(message, ""))
	}
}

func (d *decoder) duration(n Node, into *time.Duration) {
	if !d.hasScalar(n) {
		return
	}
	parsed, err := ParseDuration(n.Text())
	if err != nil {
		d.tell(n.Problem(d.quote(n)+err.Error(), ""))
		return
	}
	*into = parsed
}

// hasScalar says whether there is a single value; a key without one is a mistake, unlike an empty map or list.
func (d *decoder) hasScalar(n Node) bool {
	switch n.Kind() {
	case Scalar:
		return true
	case Null:
		d.tell(n.Problem("has no value", `write "" for an empty one`))
	default:
		d.tell(n.Problem(fmt.Sprintf("must be %s, not %s", Scalar, n.Kind()), ""))
	}
	return false
}

func (d *decoder) scalar(n Node, into reflect.Value) {
	if !d.hasScalar(n) {
		return
	}
	ok, want := false, ""
	switch into.Kind() {
	case reflect.String:
		into.SetString(n.Text())
		return
	case reflect.Bool:
		ok, want = setBool(n, into), "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		ok, want = setInt(n, into), "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		ok, want = setUint(n, into), "a whole number, not negative"
	case reflect.Float32, reflect.Float64:
		ok, want = setFloat(n, into), "a number"
	default:
		want = "of a kind this program does not decode"
	}
	if !ok {
		d.tell(n.Problem(d.quote(n)+"must be "+want, ""))
	}
}

// quote repeats a value in a message, unless it came from a variable and may be a secret.
func (d *decoder) quote(n Node) string {
	if d.document.expanded[n.node] || len(n.Text()) > 64 {
		return ""
	}
	return strconv.Quote(n.Text()) + " "
}

// unquoted says whether the scalar is written plainly: a quoted number is text.
func unquoted(n Node) bool {
	return n.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 ||
		n.document.expanded[n.node]
}

func setBool(n Node, into reflect.Value) bool {
	text := n.Text()
	if !unquoted(n) || text != "true" && text != "false" {
		return false
	}
	into.SetBool(text == "true")
	return true
}

func setInt(n Node, into reflect.Value) bool {
	number, err := strconv.ParseInt(n.Text(), 10, 64)
	if err != nil || !unquoted(n) || into.OverflowInt(number) {
		return false
	}
	into.SetInt(number)
	return true
}

func setUint(n Node, into reflect.Value) bool {
	number, err := strconv.ParseUint(n.Text(), 10, 64)
	if err != nil || !unquoted(n) || into.OverflowUint(number) {
		return false
	}
	into.SetUint(number)
	return true
}

func setFloat(n Node, into reflect.Value) bool {
	number, err := strconv.ParseFloat(n.Text(), 64)
	if err != nil || !unquoted(n) || math.IsNaN(number) || math.IsInf(number, 0) {
		return false
	}
	into.SetFloat(number)
	return true
}

func sorted(words []string) []string {
	sort.Strings(words)
	return words
}
