package rule

import (
	"fmt"
	"regexp"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// builder compiles a checked and inspected tree into closures. It trusts both: what they let through, it can compile,
// and what it cannot compile is told as unsupported.
type builder struct {
	tree       *ast.AST
	settings   map[string]int64
	vocabulary Vocabulary
	questions  *questions
	// lives say how long entity labels last, by entity, a zero byte and the label; those that are not in it last for good.
	lives map[string]time.Duration
	// traced programs record their operands.
	traced bool
	order  int
}

// unsupported is an expression that the inspection should have refused.
type unsupported struct{ what string }

func (u unsupported) Error() string { return u.what + " is not in the rule language" }

func (b *builder) build(e ast.Expr) (program, error) {
	b.order++
	order := b.order
	p, err := b.bare(e)
	if err != nil || !b.traced || !isOperand(e) {
		return p, err
	}
	return b.observed(e, p, order)
}

func (b *builder) bare(e ast.Expr) (program, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		return literal(e)
	case ast.SelectKind:
		return b.selection(e.AsSelect())
	case ast.CallKind:
		call := e.AsCall()
		if overloads := b.tree.GetOverloadIDs(e.ID()); len(overloads) == 1 {
			if f, own := findFunction(overloads[0]); own {
				return b.ownFunction(f, call.Args())
			}
		}
		return b.call(call)
	}
	return program{}, unsupported{fmt.Sprintf("expression kind %d", e.Kind())}
}

func literal(e ast.Expr) (program, error) {
	switch value := e.AsLiteral().(type) {
	case types.Bool:
		return program{boolean: constant(bool(value))}, nil
	case types.Int:
		return constantNumber(int64(value)), nil
	case types.Double:
		return program{double: constant(float64(value))}, nil
	case types.String:
		return constantText(string(value)), nil
	}
	return program{}, unsupported{"the constant"}
}

func (b *builder) call(call ast.CallExpr) (program, error) {
	if call.FunctionName() == operators.In {
		return b.membership(call.Args())
	}
	operands := call.Args()
	if call.IsMemberFunction() {
		operands = append([]ast.Expr{call.Target()}, operands...)
	}
	if call.FunctionName() == "matches" {
		return b.matching(operands)
	}
	programs := make([]program, len(operands))
	for n, operand := range operands {
		p, err := b.build(operand)
		if err != nil {
			return program{}, err
		}
		programs[n] = p
	}
	p, ok := apply(call.FunctionName(), programs)
	if !ok {
		return program{}, unsupported{fmt.Sprintf("%q on these types", displayName(call.FunctionName()))}
	}
	return p, nil
}

func apply(name string, p []program) (program, bool) {
	switch len(p) {
	case 1:
		return applyUnary(name, p[0])
	case 2:
		return applyBinary(name, p[0], p[1])
	case 3:
		return applyConditional(p[0], p[1], p[2])
	}
	return program{}, false
}

func applyUnary(name string, a program) (program, bool) {
	switch {
	case name == operators.LogicalNot && a.boolean != nil:
		return program{boolean: not(a.boolean)}, true
	case name == operators.Negate && a.integer != nil:
		return program{integer: negateInteger(a.integer)}, true
	case name == operators.Negate && a.double != nil:
		return program{double: transform(a.double, func(x float64) (float64, fault) { return -x, sound })}, true
	case name == "size" && a.text != nil:
		return program{integer: size(a.text)}, true
	case name == "int" && a.boolean == nil:
		return program{integer: toInteger(a)}, true
	case name == "double" && a.boolean == nil:
		return program{double: toDouble(a)}, true
	case name == "string":
		return program{text: toText(a)}, true
	}
	return program{}, false
}

func applyBinary(name string, a, b program) (program, bool) {
	switch name {
	case operators.LogicalAnd:
		return program{boolean: and(a.boolean, b.boolean)}, true
	case operators.LogicalOr:
		return program{boolean: or(a.boolean, b.boolean)}, true
	case operators.Equals, operators.NotEquals:
		return applyEquality(name, a, b), true
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return applyOrdering(name, a, b)
	case "contains", "startsWith", "endsWith":
		return program{boolean: textPredicate(name, a.text, b.text)}, true
	}
	return applyArithmetic(name, a, b)
}

func applyEquality(name string, a, b program) program {
	switch {
	case a.boolean != nil:
		return program{boolean: equality(name, a.boolean, b.boolean)}
	case a.integer != nil && b.number != nil:
		return program{boolean: equalTo(name, a.integer, *b.number)}
	case a.integer != nil:
		return program{boolean: equality(name, a.integer, b.integer)}
	case a.double != nil:
		return program{boolean: equality(name, a.double, b.double)}
	}
	if b.word != nil {
		return program{boolean: equalTo(name, a.text, *b.word)}
	}
	return program{boolean: equality(name, a.text, b.text)}
}

func applyOrdering(name string, a, b program) (program, bool) {
	switch {
	case a.integer != nil && b.number != nil:
		return program{boolean: orderedTo(name, a.integer, *b.number)}, true
	case a.integer != nil:
		return program{boolean: ordering(name, a.integer, b.integer)}, true
	case a.double != nil:
		return program{boolean: doubleOrdering(name, a.double, b.double)}, true
	case a.text != nil:
		return program{boolean: ordering(name, a.text, b.text)}, true
	}
	return program{}, false
}

func applyArithmetic(name string, a, b program) (program, bool) {
	switch {
	case a.integer != nil:
		p := integerArithmetic(name, a.integer, b.integer)
		return program{integer: p}, p != nil
	case a.double != nil:
		p := doubleArithmetic(name, a.double, b.double)
		return program{double: p}, p != nil
	case a.text != nil && name == operators.Add:
		return program{text: join(a.text, b.text)}, true
	}
	return program{}, false
}

func applyConditional(condition, yes, no program) (program, bool) {
	switch {
	case yes.boolean != nil:
		return program{boolean: conditional(condition.boolean, yes.boolean, no.boolean)}, true
	case yes.integer != nil:
		return program{integer: conditional(condition.boolean, yes.integer, no.integer)}, true
	case yes.double != nil:
		return program{double: conditional(condition.boolean, yes.double, no.double)}, true
	}
	return program{text: conditional(condition.boolean, yes.text, no.text)}, true
}

func (b *builder) matching(operands []ast.Expr) (program, error) {
	text, err := b.build(operands[0])
	if err != nil {
		return program{}, err
	}
	source, _ := stringLiteral(operands[1])
	pattern, err := regexp.Compile(source)
	if err != nil {
		return program{}, fmt.Errorf("compile a pattern: %w", err)
	}
	return program{boolean: matches(text.text, pattern)}, nil
}

func (b *builder) membership(operands []ast.Expr) (program, error) {
	value, err := b.build(operands[0])
	if err != nil {
		return program{}, err
	}
	items := operands[1].AsList().Elements()
	switch {
	case value.boolean != nil:
		return program{boolean: member(value.boolean, literals[bool](items))}, nil
	case value.integer != nil:
		return program{boolean: member(value.integer, literals[int64](items))}, nil
	case value.double != nil:
		return program{boolean: member(value.double, literals[float64](items))}, nil
	}
	return program{boolean: member(value.text, literals[string](items))}, nil
}

// literals are the native values of constants; the checker made sure of their type.
func literals[T any](items []ast.Expr) []T {
	values := make([]T, 0, len(items))
	for _, item := range items {
		if value, ok := item.AsLiteral().Value().(T); ok {
			values = append(values, value)
		}
	}
	return values
}

// isOperand says whether an expression is one whose value explains a condition: what is looked up, and what is computed
// from it; not constants, comparisons and logic.
func isOperand(e ast.Expr) bool {
	if e.Kind() == ast.SelectKind {
		return true
	}
	if e.Kind() != ast.CallKind {
		return false
	}
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional, operators.Equals,
		operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In,
		"contains", "startsWith", "endsWith", "matches":
		return false
	case operators.Negate:
		return e.AsCall().Args()[0].Kind() != ast.LiteralKind
	}
	return true
}

// unparse is the expression as the rule writes it, but for white space.
func (b *builder) unparse(e ast.Expr) (string, error) {
	text, err := parser.Unparse(e, b.tree.SourceInfo())
	if err != nil {
		return "", fmt.Errorf("write an expression: %w", err)
	}
	return text, nil
}
