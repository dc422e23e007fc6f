package ruleset

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"wayguard/document"
	"wayguard/payment"
)

// The bounds of one expression.
const (
	maxExpressionBytes = 4000
	maxExpressionNodes = 250
	maxExpressionDepth = 60
	// maxExpressionCost bounds the steps of an expression that goes through a list: about a millisecond.
	maxExpressionCost = 20_000
)

// runName is the hidden variable that hands the evaluation to the language's own functions; no expression can name it.
const runName = "@run"

// objects are the variables that are objects, which are empty where the request has none; lists likewise; scalars are the others.
func objects() []string {
	return []string{"transaction", "customer", "device", "billing", "shipping", "airline", "credential", "metadata", "journey", "backends"}
}

func scalars() []string {
	return []string{"context", "credential_fingerprint", "credential_type", "masked_credential", "evaluated_at"}
}

// variables are all names that an expression starts from.
func variables() []string { return append(append(objects(), scalars()...), "items") }

// ownFunctions are the language's functions beside CEL's, with how many arguments they take.
func ownFunctions() map[string]int {
	return map[string]int{"count": 2, "sum": 2, "distinct": 3, "listed": 2}
}

// newEnvironment builds the expression language.
func newEnvironment() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.ParserRecursionLimit(maxExpressionDepth), cel.ParserExpressionSizeLimit(maxExpressionBytes),
		cel.CrossTypeNumericComparisons(true), cel.EnableMacroCallTracking(), cel.Variable(runName, cel.DynType),
	}
	for _, name := range variables() {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	bindings := map[string]cel.OverloadOpt{
		"count": cel.FunctionBinding(countBinding), "sum": cel.FunctionBinding(countBinding), "distinct": cel.FunctionBinding(countBinding),
		"listed": cel.FunctionBinding(listedBinding),
	}
	for name, arguments := range ownFunctions() {
		takes, gives := make([]*cel.Type, 1+arguments), cel.IntType
		if name == "listed" {
			takes, gives = append(takes, nil), cel.BoolType
		}
		for i := range takes {
			takes[i] = cel.DynType
		}
		options = append(options, cel.Function(name, cel.Overload("wayguard_"+name, takes, gives, bindings[name])),
			cel.Macros(cel.GlobalMacro(name, arguments, handRun(name))))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("build the expression language: %w", err)
	}
	return env, nil
}

// handRun puts the hidden variable before the arguments of a call. After those of listed() comes the path of the value, if it has one: lists
// know values in the form that is usual at their path.
func handRun(function string) cel.MacroFactory {
	return func(factory cel.MacroExprFactory, _ ast.Expr, arguments []ast.Expr) (ast.Expr, *common.Error) {
		given := append([]ast.Expr{factory.NewIdent(runName)}, arguments...)
		if function == "listed" {
			path, ok := chain(arguments[1])
			if !ok {
				path = ""
			}
			given = append(given, factory.NewLiteral(types.String(path)))
		}
		return factory.NewCall(function, given...), nil
	}
}

// expression is a condition in CEL.
type expression struct {
	text           string
	plain, watched cel.Program
	tree           *ast.AST
}

// inspection goes through a checked tree for what the type checker cannot know.
type inspection struct {
	*builder
	tree  *ast.AST
	at    string
	nodes int
	loops bool
}

// expression makes an expression ready; nil where there was a problem.
func (b *builder) expression(text, at string) check {
	if len(text) > maxExpressionBytes {
		b.add(at, payment.CodeTooLong, "an expression has at most "+strconv.Itoa(maxExpressionBytes)+" bytes")
		return nil
	}
	if b.environment == nil {
		env, err := newEnvironment()
		if err != nil {
			b.add(at, payment.CodeFormat, err.Error())
			return nil
		}
		b.environment = env
	}
	checked, issues := b.environment.Compile(text)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			b.add(at, payment.CodeFormat, explainIssue(e.Message)+place(e.Location))
		}
		return nil
	}
	if kind := checked.OutputType(); !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		b.add(at, payment.CodeType, "an expression must be true or false, this one is "+kind.String())
		return nil
	}
	before := len(b.problems)
	i := &inspection{builder: b, tree: checked.NativeRep(), at: at}
	if i.visit(i.tree.Expr()); i.nodes > maxExpressionNodes {
		b.add(at, payment.CodeTooLarge, "an expression has at most "+strconv.Itoa(maxExpressionNodes)+" parts")
	}
	if len(b.problems) > before {
		return nil
	}
	return b.programs(checked, i)
}

// programs makes the expression ready twice: plain, and watched for explanations.
func (b *builder) programs(checked *cel.Ast, i *inspection) check {
	limit := []cel.ProgramOption{}
	if i.loops {
		limit = append(limit, cel.CostLimit(maxExpressionCost))
	}
	plain, err := b.environment.Program(checked, append(limit, cel.EvalOptions(cel.OptOptimize))...)
	if err == nil {
		var watched cel.Program
		if watched, err = b.environment.Program(checked, append(limit, cel.EvalOptions(cel.OptTrackState))...); err == nil {
			return &expression{text: bounded(masked(checked.Source().Content())), plain: plain, watched: watched, tree: i.tree}
		}
	}
	b.add(i.at, payment.CodeFormat, explainIssue(err.Error()))
	return nil
}

var undeclaredName = regexp.MustCompile(`undeclared reference to '([^']*)'`)

// explainIssue makes a message of CEL readable: one line, with a suggestion for a wrong name.
func explainIssue(message string) string {
	if match := undeclaredName.FindStringSubmatch(message); match != nil {
		near := document.DidYouMean(match[1], append(variables(), sortedKeys(ownFunctions())...))
		return strings.TrimSuffix("there is no "+quoted(match[1])+" in the expression language, "+near, ", ")
	}
	line, _, _ := strings.Cut(message, "\n")
	return bounded(masked(line))
}

func place(l common.Location) string {
	if l == nil || l == common.NoLocation {
		return ""
	}
	return fmt.Sprintf(" (at %d:%d)", l.Line(), l.Column()+1)
}

func (i *inspection) fail(e ast.Expr, code, message string) {
	i.add(i.at, code, message+place(i.tree.SourceInfo().GetStartLocation(e.ID())))
}

func (i *inspection) visit(e ast.Expr) {
	i.nodes++
	switch e.Kind() {
	case ast.SelectKind:
		if path, ok := chain(e); ok {
			i.path(path, e)
			return
		}
		i.visit(e.AsSelect().Operand())
	case ast.IdentKind:
		if name := e.AsIdent(); contains(variables(), name) {
			i.path("$."+name, e)
		}
	case ast.CallKind:
		i.call(e)
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			i.visit(element)
		}
	case ast.MapKind, ast.StructKind:
		i.fail(e, payment.CodeFormat, "objects cannot be made in an expression")
	case ast.ComprehensionKind:
		i.loops = true
		c := e.AsComprehension()
		for _, part := range []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			i.visit(part)
		}
	}
}

// path registers what an expression reads, and tells of a name that looks wrong.
func (i *inspection) path(path string, e ast.Expr) {
	if path == "$.backends" || strings.HasPrefix(path, backendsPath) {
		return
	}
	s, code, wrong := readSource(path, i.words)
	if wrong != "" {
		i.fail(e, code, wrong)
		return
	}
	if !slices.ContainsFunc(i.sources, func(known source) bool { return known.text == s.text }) {
		i.sources = append(i.sources, s)
	}
}

// chain is a path such as $.device.ip where an expression says device.ip.
func chain(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return "$." + e.AsIdent(), contains(variables(), e.AsIdent())
	case ast.SelectKind:
		parent, ok := chain(e.AsSelect().Operand())
		return parent + "." + e.AsSelect().FieldName(), ok
	}
	return "", false
}

func (i *inspection) call(e ast.Expr) {
	call := e.AsCall()
	name, arguments := call.FunctionName(), call.Args()
	if _, own := ownFunctions()[name]; own && !call.IsMemberFunction() {
		i.own(name, arguments[1:], e)
		return
	}
	if call.IsMemberFunction() {
		i.visit(call.Target())
	}
	for _, argument := range arguments {
		i.visit(argument)
	}
	if name == "matches" {
		i.regexp(arguments[len(arguments)-1])
	}
}

// regexp refuses patterns that are not in the rule itself: they would be compiled for each payment, and might be the buyer's.
func (i *inspection) regexp(e ast.Expr) {
	text, literal := literalText(e)
	if !literal {
		i.fail(e, payment.CodeFormat, "a pattern must be written in the rule itself")
		return
	}
	i.pattern(text, i.at)
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().(types.String)
	return string(text), ok
}

// own checks a call of the language's own functions, whose paths, windows and list names stand in the rule.
func (i *inspection) own(name string, arguments []ast.Expr, e ast.Expr) {
	first, literal := literalText(arguments[0])
	if !literal {
		i.fail(e, payment.CodeFormat, "the first argument of "+name+"() must be a text in quotes")
		return
	}
	if name == "listed" {
		i.knownList(first, i.at)
		i.visit(arguments[1])
		return
	}
	last, literal := literalText(arguments[len(arguments)-1])
	length, ok := parseWindow(last)
	if !literal || !ok {
		i.fail(e, payment.CodeFormat, `a window is needed as the last argument, such as "30m", "1h" or "7d"`)
		return
	}
	n := node{op: "velocity", field: first, window: int64(length / time.Second), cmp: "gte"}
	key := counterKey{name: name, path: first, length: last}
	switch name {
	case "sum":
		n.op, n.other = "velocity_sum", amountPath
	case "distinct":
		n.op = "velocity_distinct"
		if n.other, literal = literalText(arguments[1]); !literal {
			i.fail(e, payment.CodeFormat, "the second argument of distinct() must be a path in quotes")
			return
		}
		key.of = n.other
	}
	if field := i.source(first, i.at); field >= 0 {
		if window, ok := i.window(n, field, i.at); ok {
			i.named[key] = i.counter(window, field)
		}
	}
}

// counterKey is a counter as an expression names it.
type counterKey struct{ name, path, of, length string }
