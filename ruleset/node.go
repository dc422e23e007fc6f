package ruleset

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"wayguard/payment"
)

// The bounds of one condition.
const (
	maxDepth        = 32
	maxNodes        = 500
	maxValues       = 1000
	maxValueLength  = 1000
	maxPatternBytes = 500
	maxWindow       = 30 * 24 * 3600 // seconds
)

// contextScope makes a counter count within the request's context only.
const contextScope = "context"

// node is a condition as it is written, whichever form it was written in.
type node struct {
	op   string
	args []node // of and, or, not
	// field is the path looked at, other the path it is compared with or counted by.
	field, other string
	// value is a constant: string, json.Number or bool; values are those of in and cidr.
	value  any
	values []any
	list   string
	// text is the pattern of matches, or what starts_with, ends_with look for.
	text   string
	window int64 // seconds
	cmp    string
	scope  string // "" or "context"
}

// opWords lists what an op may be.
func opWords() []string {
	return []string{"and", "or", "not", "eq", "neq", "lt", "lte", "gt", "gte", "in", "exists", "matches", "starts_with", "ends_with",
		"contains", "cidr", "velocity", "velocity_sum", "velocity_distinct"}
}

// comparisons lists what a cmp may be.
func comparisons() []string { return []string{"eq", "neq", "lt", "lte", "gt", "gte"} }

func isVelocity(op string) bool { return strings.HasPrefix(op, "velocity") }

// nodeReader reads a tree, and bounds it.
type nodeReader struct {
	*complaints
	nodes int
}

// readCondition reads a condition: a tree, or a text form where it is a JSON string. The node means something only where no problem was
// added.
func readCondition(v any, at string, c *complaints) node {
	if s, ok := v.(string); ok {
		n, err := parseText(s)
		if err != nil {
			c.add(at, payment.CodeFormat, err.Error())
		}
		return n
	}
	r := nodeReader{complaints: c}
	return r.node(v, at, 1)
}

func (r *nodeReader) node(v any, at string, depth int) node {
	if r.nodes++; r.nodes == maxNodes+1 {
		r.add(at, payment.CodeTooLarge, "a condition has at most "+strconv.Itoa(maxNodes)+" nodes")
	}
	if r.nodes > maxNodes {
		return node{}
	}
	if depth > maxDepth {
		r.add(at, payment.CodeTooLarge, "a condition is at most "+strconv.Itoa(maxDepth)+" nodes deep")
		return node{}
	}
	f := newForm(v, at, r.complaints)
	if f == nil {
		return node{}
	}
	n := node{op: f.text("op")}
	switch {
	case n.op == "" && f.members["op"] == nil:
		r.add(below(at, "op"), payment.CodeRequired, "an operator is needed")
		return n
	case !slices.Contains(opWords(), n.op):
		if n.op != "" {
			r.unknown(below(at, "op"), "operator", n.op, opWords())
		}
		return n
	case n.op == "and" || n.op == "or" || n.op == "not":
		r.branches(&n, f, depth)
	default:
		r.leaf(&n, f)
	}
	f.rest(strconv.Quote(n.op))
	return n
}

func (r *nodeReader) branches(n *node, f *form, depth int) {
	if n.op == "not" {
		v, at, given := f.take("arg")
		if !given {
			r.add(at, payment.CodeRequired, "the condition that is turned round is needed")
			return
		}
		n.args = []node{r.node(v, at, depth+1)}
		return
	}
	items, at, given := f.list("args")
	if len(items) == 0 && (given || f.members["args"] == nil) {
		r.add(at, payment.CodeRequired, "at least one condition is needed")
	}
	for i, item := range items {
		n.args = append(n.args, r.node(item, at+"["+strconv.Itoa(i)+"]", depth+1))
	}
}

// leaf reads the keys that the operator has; checkLeaf says whether they make sense.
func (r *nodeReader) leaf(n *node, f *form) {
	n.field = f.text("field")
	switch {
	case isVelocity(n.op):
		r.velocity(n, f)
	case n.op == "in":
		n.values = r.values(f)
		n.list = f.text("list")
	case n.op == "cidr":
		n.values = r.values(f)
	case n.op == "matches":
		n.text = f.text("pattern")
	case n.op == "starts_with" || n.op == "ends_with":
		n.text = f.text("value")
	case n.op == "contains":
		n.value = r.constant(f, "value")
	case n.op != "exists":
		n.value = r.constant(f, "value")
		n.other = f.text("value_field")
	}
	r.check(n, f)
}

func (r *nodeReader) velocity(n *node, f *form) {
	if n.op == "velocity_distinct" || n.op == "velocity_sum" {
		n.other = f.text("of")
	}
	n.window = f.number("window_seconds")
	if n.cmp = f.text("cmp"); n.cmp != "" && !slices.Contains(comparisons(), n.cmp) {
		r.unknown(below(f.at, "cmp"), "comparison", n.cmp, comparisons())
	}
	if n.scope = f.text("scope"); n.scope != "" && n.scope != contextScope {
		r.unknown(below(f.at, "scope"), "scope", n.scope, []string{contextScope})
	}
	if v := r.constant(f, "value"); v != nil {
		digits, ok := v.(json.Number)
		if _, small := smallInteger(string(digits)); !ok || !small {
			r.add(below(f.at, "value"), payment.CodeType, "must be a whole number")
		}
		n.value = v
	}
}

// constant reads a scalar.
func (r *nodeReader) constant(f *form, name string) any {
	v, at, given := f.take(name)
	if !given {
		return nil
	}
	return r.scalar(v, at)
}

func (r *nodeReader) scalar(v any, at string) any {
	switch v := v.(type) {
	case string:
		if len(v) > maxValueLength {
			r.add(at, payment.CodeTooLong, "is longer than "+strconv.Itoa(maxValueLength)+" bytes")
		}
		return v
	case json.Number:
		if len(v) > maxValueLength {
			r.add(at, payment.CodeTooLong, "is longer than "+strconv.Itoa(maxValueLength)+" digits")
		}
		return v
	case bool:
		return v
	case nil:
		r.add(at, payment.CodeType, `must not be null; "exists" tells whether something is there`)
		return nil
	}
	r.add(at, payment.CodeType, "must be a text, a number, true or false")
	return nil
}

func (r *nodeReader) values(f *form) []any {
	items, at, given := f.list("values")
	if !given {
		return nil
	}
	if len(items) > maxValues {
		r.add(at, payment.CodeTooLong, "holds more than "+strconv.Itoa(maxValues)+" values; a named list holds any number")
		return nil
	}
	values := make([]any, 0, len(items))
	for i, item := range items {
		values = append(values, r.scalar(item, at+"["+strconv.Itoa(i)+"]"))
	}
	return values
}

// check says what is missing in a leaf or does not go together.
func (r *nodeReader) check(n *node, f *form) {
	needs := func(name string, has bool) {
		if !has && (f.members[name] == nil || f.members[name] == "") {
			r.add(below(f.at, name), payment.CodeRequired, strconv.Quote(n.op)+" needs it")
		}
	}
	needs("field", n.field != "")
	switch {
	case isVelocity(n.op):
		needs("window_seconds", n.window != 0)
		needs("cmp", n.cmp != "")
		needs("value", n.value != nil)
		if n.op != "velocity" {
			needs("of", n.other != "")
		}
	case n.op == "in":
		if needs("list", n.list != "" || f.members["list"] == nil); (f.members["values"] == nil) == (f.members["list"] == nil) {
			r.add(f.at, payment.CodeRequired, `"in" needs either "values" or "list"`)
		}
	case n.op == "cidr":
		needs("values", n.values != nil)
	case n.op == "matches":
		needs("pattern", n.text != "")
	case n.op == "starts_with" || n.op == "ends_with" || n.op == "contains":
		needs("value", n.text != "" || n.value != nil)
	case n.op != "exists":
		if needs("value_field", n.other != "" || f.members["value_field"] == nil); (f.members["value"] == nil) == (f.members["value_field"] == nil) {
			r.add(f.at, payment.CodeRequired, strconv.Quote(n.op)+` needs either "value" or "value_field"; "exists" tells whether something is there`)
		}
	}
}

// tree is the condition as JSON, with its keys in order.
func (n node) tree() any {
	t := map[string]any{"op": n.op}
	switch n.op {
	case "not":
		t["arg"] = n.args[0].tree()
		return t
	case "and", "or":
		args := make([]any, len(n.args))
		for i, a := range n.args {
			args[i] = a.tree()
		}
		t["args"] = args
		return t
	}
	t["field"] = n.field
	switch {
	case isVelocity(n.op):
		t["window_seconds"], t["cmp"], t["value"] = n.window, n.cmp, n.value
		if n.other != "" {
			t["of"] = n.other
		}
		if n.scope != "" {
			t["scope"] = n.scope
		}
	case n.list != "":
		t["list"] = n.list
	case n.values != nil:
		t["values"] = n.values
	case n.op == "matches":
		t["pattern"] = n.text
	case n.op == "starts_with" || n.op == "ends_with":
		t["value"] = n.text
	case n.other != "":
		t["value_field"] = n.other
	case n.value != nil:
		t["value"] = n.value
	}
	return t
}

// raw is the tree as JSON text.
func (n node) raw() (json.RawMessage, error) { return json.Marshal(n.tree()) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func contains(words []string, word string) bool { return slices.Contains(words, word) }
