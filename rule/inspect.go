package rule

import (
	"fmt"
	"regexp"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"wayguard/document"
	"wayguard/event"
)

// inspection is everything wrong with a checked tree that the type checker cannot know: names in string literals, and
// the parts of CEL that the rule language leaves out.
type inspection struct {
	language   *language
	tree       *ast.AST
	settings   map[string]int64
	complaints complaints
	nodes      int
}

func (i *inspection) run() {
	i.visit(i.tree.Expr())
	if i.nodes > maxExpressionNodes {
		i.complaints.add(nil, fmt.Sprintf("the expression has more than %d parts: split the rule", maxExpressionNodes), "")
	}
}

func (i *inspection) fail(e ast.Expr, message, suggestion string) {
	i.complaints.add(i.tree.SourceInfo().GetStartLocation(e.ID()), message, suggestion)
}

func (i *inspection) visit(e ast.Expr) {
	i.nodes++
	switch e.Kind() {
	case ast.LiteralKind:
		i.scalar(e)
	case ast.IdentKind:
		i.fail(e, fmt.Sprintf("%q stands alone: name one of its fields", e.AsIdent()), "")
	case ast.SelectKind:
		i.selection(e)
	case ast.CallKind:
		i.call(e)
	case ast.ListKind:
		i.fail(e, "a list may only stand to the right of \"in\"", "")
	default:
		i.fail(e, "this part of CEL is not in the rule language", "")
	}
}

// scalar refuses values of types that rules do not work with, such as bytes and durations.
func (i *inspection) scalar(e ast.Expr) {
	switch i.tree.GetType(e.ID()).Kind() {
	case types.BoolKind, types.IntKind, types.DoubleKind, types.StringKind:
	default:
		i.fail(e, fmt.Sprintf("values of type %s are not in the rule language", i.tree.GetType(e.ID())), "")
	}
}

func (i *inspection) selection(e ast.Expr) {
	selected := e.AsSelect()
	if selected.Operand().Kind() != ast.IdentKind {
		i.fail(e, "only "+listed(variables(), "and")+" have fields", "")
		return
	}
	object, field := selected.Operand().AsIdent(), selected.FieldName()
	if selected.IsTestOnly() && object != "el" {
		i.fail(e, "has() asks for elements only, such as has(el.email)", "")
	}
	if _, declared := i.settings[field]; object == "settings" && !declared {
		i.fail(e, fmt.Sprintf("the rule has no setting %q", field), document.DidYouMean(field, keys(i.settings)))
	}
}

func (i *inspection) call(e ast.Expr) {
	call := e.AsCall()
	if overloads := i.tree.GetOverloadIDs(e.ID()); len(overloads) == 1 {
		if f, own := findFunction(overloads[0]); own {
			i.arguments(f, call.Args())
			return
		}
	}
	if !slices.Contains(operatorsKept(), call.FunctionName()) {
		i.fail(e, fmt.Sprintf("%q is not in the rule language", call.FunctionName()), "")
		return
	}
	i.scalar(e)
	i.words(call)
	i.order(e)
	if call.IsMemberFunction() {
		i.visit(call.Target())
	}
	if call.FunctionName() == "matches" {
		i.pattern(call.Args()[len(call.Args())-1])
	}
	for n, argument := range call.Args() {
		if call.FunctionName() == operators.In && n == 1 {
			i.list(argument)
			continue
		}
		i.visit(argument)
	}
}

// order refuses to say which of true and false is less.
func (i *inspection) order(e ast.Expr) {
	switch name := e.AsCall().FunctionName(); name {
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if i.tree.GetType(e.AsCall().Args()[0].ID()).Kind() == types.BoolKind {
			i.fail(e, fmt.Sprintf("%q cannot be applied to true and false", displayName(name)), "")
		}
	}
}

// operatorsKept are CEL's own functions that the rule language keeps.
func operatorsKept() []string {
	return []string{operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional,
		operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater,
		operators.GreaterEquals, operators.In, operators.Add, operators.Subtract, operators.Multiply, operators.Divide,
		operators.Modulo, operators.Negate, "size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string"}
}

func (i *inspection) list(e ast.Expr) {
	if e.Kind() != ast.ListKind {
		i.fail(e, "to the right of \"in\" stands a list of constants", "")
		return
	}
	for _, item := range e.AsList().Elements() {
		if item.Kind() != ast.LiteralKind {
			i.fail(item, "a list holds constants only", "")
			continue
		}
		i.visit(item)
	}
}

func (i *inspection) pattern(e ast.Expr) {
	text, literal := stringLiteral(e)
	if !literal || len(text) > maxPatternLength {
		i.fail(e, fmt.Sprintf("a pattern is a constant of at most %d bytes", maxPatternLength), "")
		return
	}
	if _, err := regexp.Compile(text); err != nil {
		i.fail(e, err.Error(), "")
	}
}

// words checks constants that are compared with a field of few known values.
func (i *inspection) words(call ast.CallExpr) {
	if name := call.FunctionName(); len(call.Args()) != 2 ||
		name != operators.Equals && name != operators.NotEquals && name != operators.In {
		return
	}
	left, right := call.Args()[0], call.Args()[1]
	if left.Kind() == ast.LiteralKind {
		left, right = right, left
	}
	known := i.knownWords(left)
	if known == nil {
		return
	}
	literals := []ast.Expr{right}
	if right.Kind() == ast.ListKind {
		literals = right.AsList().Elements()
	}
	for _, literal := range literals {
		if text, ok := stringLiteral(literal); ok && !slices.Contains(known, text) {
			i.fail(literal, fmt.Sprintf("%q is never the value there", text), document.DidYouMean(text, known))
		}
	}
}

// knownWords are the values a field may have, nil when there is no list of them.
func (i *inspection) knownWords(e ast.Expr) []string {
	if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
		return nil
	}
	variable, name := e.AsSelect().Operand().AsIdent(), e.AsSelect().FieldName()
	if variable == "event" && name == "spec" && len(i.language.vocabulary.Specs) > 0 {
		return i.language.vocabulary.Specs
	}
	return fieldsOf(variable)[name].words
}

func eventTypes() []string {
	var names []string
	for _, info := range event.Types() {
		names = append(names, string(info.Type))
	}
	return names
}

func (i *inspection) arguments(f function, arguments []ast.Expr) {
	for n, e := range arguments {
		i.nodes++
		text, literal := stringLiteral(e)
		if !literal {
			i.fail(e, fmt.Sprintf("%s takes constants only", f.name), "")
			continue
		}
		known, what := i.argument(f.arguments[n])
		if what != "" && !slices.Contains(known, text) {
			i.fail(e, fmt.Sprintf("there is no %s %q", what, text), document.DidYouMean(text, known))
		}
	}
}

// argument gives the names that an argument may hold and what they are called; "" when anything goes.
func (i *inspection) argument(a argument) (known []string, what string) {
	v := i.language.vocabulary
	switch a {
	case anyElement:
		for _, definition := range v.Elements.All() {
			known = append(known, definition.Name)
		}
		return known, "element"
	case anyEntity:
		return v.entityNames(), "entity"
	case counterName:
		return v.Counters, "counter"
	case distinctName:
		return v.Distincts, "counted element"
	case windowName:
		return v.windowNames(), "window"
	case labelName:
		return i.language.labels, "label"
	case typeName:
		return eventTypes(), "event type"
	case clusterName:
		return ClusterKinds(), "cluster"
	case flawName:
		return flaws(), "flaw"
	}
	return nil, ""
}

func stringLiteral(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}
