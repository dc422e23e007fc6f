package ruleset

import (
	"encoding/json"
	"strconv"
	"strings"

	"wayguard/payment"
)

// kind is what stands at a path.
type kind uint8

const (
	absent kind = iota
	text
	integer
	fraction // a number that is no small whole one
	truth
	list
	object
)

// value is what stands at a path, read once for each payment.
type value struct {
	kind kind
	// text is a text, or the digits of a number that was written as text.
	text   string
	number int64
	exact  decimal
	truth  bool
	many   []any
}

// readValue reads a value of a Tree. null counts as absent.
func readValue(v any) value {
	switch v := v.(type) {
	case string:
		return value{kind: text, text: v}
	case json.Number:
		return readNumber(string(v))
	case bool:
		return value{kind: truth, truth: v}
	case int64:
		return value{kind: integer, number: v}
	case int:
		return value{kind: integer, number: int64(v)}
	case float64:
		return readNumber(strconv.FormatFloat(v, 'g', -1, 64))
	case []any:
		return value{kind: list, many: v}
	case map[string]any:
		return value{kind: object}
	}
	return value{}
}

func readNumber(digits string) value {
	if n, small := smallInteger(digits); small {
		return value{kind: integer, number: n, text: digits}
	}
	exact, ok := readDecimal(digits)
	if !ok {
		return value{} // not a number: a Tree never has it
	}
	return value{kind: fraction, exact: exact, text: digits}
}

// decimal is a number exactly.
func (v value) decimal() decimal {
	if v.kind == fraction {
		return v.exact
	}
	digits := v.text
	if digits == "" {
		digits = strconv.FormatInt(v.number, 10)
	}
	d, _ := readDecimal(digits)
	return d
}

func (v value) isNumber() bool { return v.kind == integer || v.kind == fraction }

// compare orders two numbers or two texts (by their bytes, so that dates of one form order in time); ok is false for all else.
func (v value) compare(other value) (order int, ok bool) {
	switch {
	case v.kind == integer && other.kind == integer:
		switch {
		case v.number < other.number:
			return -1, true
		case v.number > other.number:
			return 1, true
		}
		return 0, true
	case v.isNumber() && other.isNumber():
		return v.decimal().compare(other.decimal()), true
	case v.kind == text && other.kind == text:
		return strings.Compare(v.text, other.text), true
	}
	return 0, false
}

// equals holds for two values of one type that are the same. A text is never a number.
func (v value) equals(other value) bool {
	if v.kind == truth && other.kind == truth {
		return v.truth == other.truth
	}
	order, ok := v.compare(other)
	return ok && order == 0
}

// scalar says that a value can be compared at all.
func (v value) scalar() bool { return v.kind >= text && v.kind <= truth }

// key is the value as counters and lists know it.
func (v value) key() (string, bool) {
	switch v.kind {
	case text:
		return v.text, v.text != ""
	case integer, fraction:
		if v.text != "" {
			return v.text, true
		}
		return strconv.FormatInt(v.number, 10), true
	case truth:
		return strconv.FormatBool(v.truth), true
	}
	return "", false
}

// Scalar is a value of a Tree as counters and lists know it: texts as they are, numbers in their digits, true and false. ok is false
// for what cannot be counted: nothing, an empty text, a list, an object.
func Scalar(v any) (text string, ok bool) { return readValue(v).key() }

// The bounds of what an explanation shows.
const (
	shownLength = 200
	shownItems  = 10
)

// shown is a value for an explanation: bounded, and masked where it looks like a card number, for a merchant may put anything into
// metadata.
func shown(v any) any {
	switch v := v.(type) {
	case string:
		return bounded(masked(v))
	case []any:
		items := make([]any, 0, min(len(v), shownItems)+1)
		for i, item := range v {
			if i == shownItems {
				items = append(items, "…")
				break
			}
			items = append(items, shown(item))
		}
		return items
	case map[string]any:
		return "(object)"
	case json.Number:
		return payment.MaskPayload(v)
	}
	return v
}
