package ruleset

import (
	"errors"
	"reflect"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"

	"wayguard/payment"
)

// handle hands the evaluation through CEL.
type handle struct{ *run }

var errOpaque = errors.New("the evaluation is no value")

// ConvertToNative refuses: no expression gets hold of it.
func (handle) ConvertToNative(reflect.Type) (any, error) { return nil, errOpaque }

// ConvertToType refuses likewise.
func (handle) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errOpaque) }

// Equal refuses likewise.
func (handle) Equal(ref.Val) ref.Val { return types.False }

// Type is an opaque one.
func (handle) Type() ref.Type { return types.NewOpaqueType("wayguard.run") }

// Value is the evaluation.
func (h handle) Value() any { return h.run }

// ResolveName is the value of a variable. Objects and lists that the request has not are empty, so that has() can be asked of them.
func (r *run) ResolveName(name string) (any, bool) {
	switch name {
	case runName:
		return handle{r}, true
	case "backends":
		return r.backends(), true
	}
	if v, found := r.in.Request.Tree[name]; found && v != nil {
		return v, true
	}
	if name == "items" {
		return []any{}, true
	}
	if contains(objects(), name) {
		return map[string]any{}, true
	}
	return nil, false
}

// Parent is none.
func (r *run) Parent() interpreter.Activation { return nil }

// errUnknown ends an expression whose counter or list cannot tell.
var errUnknown = errors.New("cannot be told")

// countBinding is count(path, window), sum(path, window) and distinct(path, of, window).
func countBinding(arguments ...ref.Val) ref.Val {
	h, ok := arguments[0].(handle)
	if !ok {
		return types.WrapErr(errOpaque)
	}
	texts := make([]string, 0, 3)
	for _, argument := range arguments[1:] {
		text, _ := argument.(types.String)
		texts = append(texts, string(text))
	}
	for _, name := range []string{"count", "sum", "distinct"} {
		key := counterKey{name: name, path: texts[0], length: texts[len(texts)-1]}
		if len(texts) == 3 {
			key.of = texts[1]
		}
		if i, declared := h.program.named[key]; declared {
			if n, known := h.count(i); known {
				return types.Int(n)
			}
			break
		}
	}
	return types.WrapErr(errUnknown)
}

// normal is a value in the form that is usual at a path.
func (p *Program) normal(path, value string) string {
	for i := range p.sources {
		if p.sources[i].text == path {
			return p.sources[i].path.Normal(value)
		}
	}
	return value
}

// listedBinding is listed(list, value), with the value's path or "".
func listedBinding(arguments ...ref.Val) ref.Val {
	h, ok := arguments[0].(handle)
	name, isText := arguments[1].(types.String)
	if !ok || !isText || h.in.Lists == nil {
		return types.WrapErr(errUnknown)
	}
	key, ok := Scalar(arguments[2].Value())
	if !ok {
		return types.False
	}
	if path, _ := arguments[3].(types.String); path != "" {
		key = h.program.normal(string(path), key)
	}
	on, known := h.in.Lists.Listed(string(name), key)
	if !known {
		return types.WrapErr(errUnknown)
	}
	return types.Bool(on)
}

// holds is false for an expression that cannot be worked out, as when something it reads is missing.
func (c *expression) holds(r *run) bool {
	out, _, err := c.plain.Eval(r)
	return err == nil && out == types.True
}

func (c *expression) explain(r *run, looked bool) payment.Condition {
	told := payment.Condition{Op: "expression", Text: c.text}
	if !looked {
		return told
	}
	out, details, err := c.watched.Eval(r)
	w := watch{tree: c.tree}
	if details != nil {
		w.state = details.State()
	}
	told = w.explain(c.tree.Expr())
	told.Result = r.told(err == nil && out == types.True)
	if told.Op == "expression" {
		told.Text = c.text
	}
	if err != nil {
		told.Args = append(told.Args, missing(err))
	}
	return told
}

// missing says why an expression could not be worked out, without a value: only names of keys are taken from CEL's message.
func missing(err error) payment.Condition {
	_, key, noKey := strings.Cut(err.Error(), "no such key: ")
	if !noKey {
		_, key, noKey = strings.Cut(err.Error(), "no such attribute(s): ")
	}
	switch {
	case noKey:
		return payment.Condition{Op: "missing", Text: bounded(key) + " is not there", Missing: true}
	case errors.Is(err, errUnknown) || strings.Contains(err.Error(), errUnknown.Error()):
		return payment.Condition{Op: "missing", Text: "a counter or a list cannot tell", Missing: true}
	case strings.Contains(err.Error(), "no such overload"):
		return payment.Condition{Op: "error", Text: "values of these types do not go together"}
	case strings.Contains(err.Error(), "cost limit"):
		return payment.Condition{Op: "error", Text: "the expression took too many steps"}
	}
	return payment.Condition{Op: "error", Text: "the expression could not be worked out"}
}

// watch explains a checked tree by the values that its parts had.
type watch struct {
	tree  *ast.AST
	state interpreter.EvalState
}

func (w watch) explain(e ast.Expr) payment.Condition {
	told := payment.Condition{Op: "expression", Text: w.text(e)}
	if out, ok := w.value(e); ok {
		if held, isTruth := out.(types.Bool); isTruth {
			result := bool(held)
			told.Result = &result
		}
	}
	if e.Kind() != ast.CallKind {
		w.operands(e, &told)
		return told
	}
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd:
		told.Op = "and"
	case operators.LogicalOr:
		told.Op = "or"
	case operators.LogicalNot:
		told.Op = "not"
	default:
		w.operands(e, &told)
		return told
	}
	told.Text = told.Op
	for _, argument := range e.AsCall().Args() {
		told.Args = append(told.Args, w.explain(argument))
	}
	return told
}

// maxOperands bounds how many operands of one comparison are shown.
const maxOperands = 8

// operands adds what a part read: fields, and the language's own functions.
func (w watch) operands(e ast.Expr, told *payment.Condition) {
	if len(told.Args) >= maxOperands {
		return
	}
	_, path := chain(e)
	own := false
	if e.Kind() == ast.CallKind {
		_, own = ownFunctions()[e.AsCall().FunctionName()]
	}
	if path || own {
		operand := payment.Condition{Op: "value", Text: w.text(e)}
		if out, ok := w.value(e); ok {
			operand.Value = shown(native(out))
		} else {
			operand.Missing = true
		}
		told.Args = append(told.Args, operand)
		return
	}
	switch e.Kind() {
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			w.operands(e.AsCall().Target(), told)
		}
		for _, argument := range e.AsCall().Args() {
			w.operands(argument, told)
		}
	case ast.ComprehensionKind:
		w.operands(e.AsComprehension().IterRange(), told)
	}
}

// native is a value of CEL as explanations show it.
func native(v ref.Val) any {
	switch v := v.Value().(type) {
	case string, bool, int64, float64, []any, map[string]any:
		return v
	}
	return "(" + v.Type().TypeName() + ")"
}

func (w watch) value(e ast.Expr) (ref.Val, bool) {
	if w.state == nil {
		return nil, false
	}
	v, ok := w.state.Value(e.ID())
	if !ok || v == nil || types.IsUnknownOrError(v) {
		return nil, false
	}
	return v, true
}

// text is a part of the expression as it was written.
func (w watch) text(e ast.Expr) string {
	text, err := parser.Unparse(e, w.tree.SourceInfo())
	if err != nil {
		return "expression"
	}
	return bounded(masked(text))
}
