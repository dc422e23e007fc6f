package rule

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// neverTrue says whether a condition cannot hold whatever the event: it is false by its constants alone. Settings are
// not constants here, for an operator may turn a rule off by one.
func (l *language) neverTrue(e ast.Expr, checked *expression) bool {
	value, known := l.fold(e, checked)
	return known && !value
}

// fold is the value of a boolean expression as far as constants decide it.
func (l *language) fold(e ast.Expr, checked *expression) (value, known bool) {
	if e.Kind() == ast.LiteralKind {
		constant, isBool := e.AsLiteral().(types.Bool)
		return bool(constant), isBool
	}
	if e.Kind() != ast.CallKind {
		return false, false
	}
	arguments := e.AsCall().Args()
	switch e.AsCall().FunctionName() {
	case operators.LogicalNot:
		value, known = l.fold(arguments[0], checked)
		return !value, known
	case operators.LogicalAnd, operators.LogicalOr:
		return l.foldLogic(e.AsCall(), checked)
	}
	if !constantsOnly(e) {
		return false, false
	}
	p, err := (&builder{tree: checked.ast, vocabulary: l.vocabulary}).build(e)
	if err != nil || p.boolean == nil {
		return false, false
	}
	value, wrong := p.boolean(&frame{})
	return value, wrong == sound
}

func (l *language) foldLogic(call ast.CallExpr, checked *expression) (value, known bool) {
	decisive := call.FunctionName() == operators.LogicalOr
	left, leftKnown := l.fold(call.Args()[0], checked)
	right, rightKnown := l.fold(call.Args()[1], checked)
	if leftKnown && left == decisive || rightKnown && right == decisive {
		return decisive, true
	}
	return !decisive, leftKnown && rightKnown
}

// constantsOnly says whether nothing in the expression is looked up.
func constantsOnly(e ast.Expr) bool {
	constant := true
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(part ast.Expr) {
		switch part.Kind() {
		case ast.LiteralKind, ast.ListKind:
		case ast.CallKind:
			for _, f := range functions() {
				if f.name == part.AsCall().FunctionName() {
					constant = false
				}
			}
		default:
			constant = false
		}
	}))
	return constant
}
