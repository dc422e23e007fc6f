package ruleset

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"wayguard/payment"
)

// random conditions over a few paths and values; the naive evaluator reads the tree as the documentation describes it.
type randomConditions struct{ *rand.Rand }

func (r randomConditions) pick(words ...string) string { return words[r.IntN(len(words))] }

func (r randomConditions) path() string {
	return r.pick("$.a", "$.b", "$.c", "$.list", "$.object", "$.gone", "$.null", "$.object.x", "$.items[*].p")
}

func (r randomConditions) scalar() any {
	switch r.IntN(4) {
	case 0:
		return r.pick("x", "y", "5", "")
	case 1:
		return r.IntN(2) == 0
	}
	return json.Number(r.pick("5", "5.0", "0.5e1", "-1", "5.00001", "1e3", "0"))
}

func (r randomConditions) node(depth int) map[string]any {
	op := r.pick("and", "or", "not", "eq", "neq", "lt", "lte", "gt", "gte", "in", "exists", "contains")
	if depth == 0 && (op == "and" || op == "or" || op == "not") {
		op = "exists"
	}
	n := map[string]any{"op": op}
	switch op {
	case "not":
		n["arg"] = r.node(depth - 1)
		return n
	case "and", "or":
		args := []any{}
		for range 1 + r.IntN(3) {
			args = append(args, r.node(depth-1))
		}
		n["args"] = args
		return n
	case "in":
		n["values"] = []any{r.scalar(), r.scalar()}
	case "contains":
		n["value"] = r.scalar()
	case "exists":
	default:
		n["value"] = r.scalar()
		if _, truth := n["value"].(bool); truth && op != "eq" && op != "neq" {
			n["value"] = "x"
		}
		if r.IntN(4) == 0 {
			delete(n, "value")
			n["value_field"] = "$.d"
		}
	}
	n["field"] = r.path()
	return n
}

// naiveLookup finds all values at a path; many says that they are those of a list.
func naiveLookup(t payment.Tree, path string) (found []any, many bool) {
	if path == "$.items[*].p" {
		for _, item := range t["items"].([]any) {
			found = append(found, item.(payment.Tree)["p"])
		}
		return found, true
	}
	var v any = t
	for _, name := range strings.Split(path, ".")[1:] {
		object, _ := v.(payment.Tree)
		v = object[name]
	}
	if list, ok := v.([]any); ok {
		return list, true
	}
	if v == nil {
		return nil, false
	}
	return []any{v}, false
}

// naiveOrder compares two scalars of one type.
func naiveOrder(a, b any) (order int, ordered, same bool) {
	switch a := a.(type) {
	case json.Number:
		if b, ok := b.(json.Number); ok {
			x, _ := new(big.Rat).SetString(string(a))
			y, _ := new(big.Rat).SetString(string(b))
			return x.Cmp(y), true, x.Cmp(y) == 0
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true, a == b
		}
	case bool:
		return 0, false, a == b
	}
	return 0, false, false
}

func naive(n map[string]any, t payment.Tree) bool {
	switch n["op"] {
	case "not":
		return !naive(n["arg"].(map[string]any), t)
	case "and", "or":
		and := n["op"] == "and"
		held := and
		for _, arg := range n["args"].([]any) {
			if holds := naive(arg.(map[string]any), t); and {
				held = held && holds
			} else {
				held = held || holds
			}
		}
		return held
	}
	values, many := naiveLookup(t, n["field"].(string))
	if n["op"] == "exists" {
		return len(values) > 0 || many && n["field"] == "$.list"
	}
	for _, v := range values {
		if _, object := v.(payment.Tree); v != nil && !object && naiveLeaf(n, v, many, t) {
			return true
		}
	}
	return false
}

func naiveLeaf(n map[string]any, v any, many bool, t payment.Tree) bool {
	switch n["op"] {
	case "in":
		for _, want := range n["values"].([]any) {
			if _, _, same := naiveOrder(v, want); same {
				return true
			}
		}
		return false
	case "contains":
		text, isText := v.(string)
		want, wantsText := n["value"].(string)
		if !many {
			return isText && wantsText && strings.Contains(text, want)
		}
		_, _, same := naiveOrder(v, n["value"])
		return same
	}
	other := n["value"]
	if path, related := n["value_field"].(string); related {
		found, list := naiveLookup(t, path)
		if list || len(found) == 0 {
			return false
		}
		other = found[0]
	}
	order, ordered, same := naiveOrder(v, other)
	switch n["op"] {
	case "eq":
		return same
	case "neq":
		return !same
	case "lt":
		return ordered && order < 0
	case "lte":
		return ordered && order <= 0
	case "gt":
		return ordered && order > 0
	}
	return ordered && order >= 0
}

// Compiled conditions hold exactly where the naive evaluator says so, on values of all kinds.
func TestConditionsLikeTheNaiveEvaluator(t *testing.T) {
	random := randomConditions{rand.New(rand.NewPCG(3, 4))}
	held := 0
	for range 4000 {
		condition := random.node(3)
		value := func() any {
			if random.IntN(5) == 0 {
				return nil
			}
			return random.scalar()
		}
		in := Input{Request: &payment.Request{Tree: payment.Tree{
			"a": value(), "b": value(), "c": value(), "d": value(), "null": nil, "list": []any{value(), value()}[:random.IntN(3)],
			"object": payment.Tree{"x": value()}, "items": []any{payment.Tree{"p": value()}, payment.Tree{"p": value()}},
		}}}
		raw, err := json.Marshal(condition)
		if err != nil {
			t.Fatal(err)
		}
		want := naive(condition, in.Request.Tree)
		if got := fires(t, in, Rule{ID: "r", Type: ConditionRule, Action: payment.Block, Condition: raw}); got != want {
			t.Fatalf("%s on %v: %v, want %v", raw, in.Request.Tree, got, want)
		}
		if want {
			held++
		}
	}
	if held < 400 || held > 3600 {
		t.Errorf("%d of 4000 hold: the test says little", held)
	}
}
