package rule

import (
	"math"

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
	if value, known = l.outOfRange(e); known {
		return value, true
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

// outOfRange decides a comparison of a number with a constant that the number never reaches: a count below 0, more than 100
// percent. A comparison that holds as long as there is a value at all counts as true.
func (l *language) outOfRange(e ast.Expr) (value, known bool) {
	left, operator, right, ok := comparison(e)
	if !ok || right.Kind() != ast.LiteralKind {
		return false, false
	}
	limit, isInt := right.AsLiteral().(types.Int)
	least, most, bounded := rangeOf(left)
	if !isInt || !bounded {
		return false, false
	}
	n := int64(limit)
	switch operator {
	case "<":
		return most < n, most < n || least >= n
	case "<=":
		return most <= n, most <= n || least > n
	case ">":
		return least > n, least > n || most <= n
	case ">=":
		return least >= n, least >= n || most < n
	case "==":
		return false, n < least || n > most
	}
	return true, n < least || n > most
}

// rangeOf are the least and the greatest value that a number can have; bounded is false where nothing is known of it.
func rangeOf(e ast.Expr) (least, most int64, bounded bool) {
	if e.Kind() == ast.SelectKind && e.AsSelect().Operand().Kind() == ast.IdentKind {
		return fieldRange(e.AsSelect().Operand().AsIdent() + "." + e.AsSelect().FieldName())
	}
	if e.Kind() != ast.CallKind {
		return 0, 0, false
	}
	switch e.AsCall().FunctionName() {
	case "percent":
		return -1, 100, true
	case "distinct":
		return 0, mostDistinct, true
	case "count", "size":
		return 0, math.MaxInt64, true
	case "age_days":
		return 0, math.MaxInt64, true
	case "persona_distance":
		return -1, personaFields, true
	case "since", "seconds_to":
		return -1, math.MaxInt64, true
	}
	return 0, 0, false
}

// The bounds of what is counted: the engine tells at most mostDistinct values apart, and compares personaFields fields.
const (
	mostDistinct  = 64
	personaFields = 5
)

func fieldRange(name string) (least, most int64, bounded bool) {
	switch name {
	case "event.hour":
		return 0, 23, true
	case "event.status":
		return 0, 999, true
	case "device.confidence":
		return 0, 100, true
	case "session.regularity":
		return -1, math.MaxInt64, true
	case "session.events", "session.crowd":
		return 1, math.MaxInt64, true
	case "session.seconds", "session.pages", "session.assets", "session.backs", "session.median_gap_ms", "session.distinct_pages",
		"session.orderly", "session.clones", "device.age_days", "device.sessions", "device.accounts", "device.suspicion",
		"person.accounts", "person.devices", "person.age_days", "actor.devices", "actor.sessions", "wire.flaws", "client.major",
		"network.as":
		return 0, math.MaxInt64, true
	}
	return 0, 0, false
}
