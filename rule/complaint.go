package rule

import (
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"wayguard/document"
)

var (
	undefinedField = regexp.MustCompile(`^undefined field '([^']*)'`)
	undeclared     = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noOverload     = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`)
)

// report turns the checker's errors into problems in the words of the rule language.
func (l *language) report(issues *cel.Issues, parsed *ast.AST, c complaints) {
	for _, e := range issues.Errors() {
		message, suggestion := l.explain(e.Message, parsed, e.ExprID)
		c.add(e.Location, message, suggestion)
	}
}

func (l *language) explain(message string, parsed *ast.AST, id int64) (text, suggestion string) {
	if match := undefinedField.FindStringSubmatch(message); match != nil {
		return l.explainField(match[1], operandOf(parsed, id))
	}
	if match := undeclared.FindStringSubmatch(message); match != nil {
		name := match[1]
		if slices.Contains(comprehensions(), name) {
			return "comprehensions such as " + name + "() are not part of the rule language", ""
		}
		if slices.Contains(l.names(), name) {
			return quote(name) + " is a function: give it something in parentheses", ""
		}
		return "there is no " + quote(name) + " in the rule language", document.DidYouMean(name, l.names())
	}
	if match := noOverload.FindStringSubmatch(message); match != nil {
		return explainOverload(match[1], match[2])
	}
	if message == "expected type 'bool' but found 'string'" {
		return "a text is neither true nor false", `compare it, such as part("email", "disposable") == "true"`
	}
	if line, _, found := strings.Cut(message, "\n"); found {
		message = line
	}
	return message, ""
}

func (l *language) explainField(field, object string) (text, suggestion string) {
	switch object {
	case "el":
		return "there is no element " + quote(field), l.vocabulary.suggestElement(field)
	case "settings":
		return "the rule has no setting " + quote(field), ""
	}
	if known := fieldsOf(object); known != nil {
		return object + " has no field " + quote(field), document.DidYouMean(field, keys(known))
	}
	return "there is no field " + quote(field), ""
}

// explainOverload says in words which types an operator or function was given.
func explainOverload(name, operands string) (text, suggestion string) {
	text = quote(displayName(name)) + " cannot be applied to " + operands
	if strings.Contains(operands, "double") && strings.Contains(operands, "int") {
		suggestion = "write the number with a decimal point, such as 3.0, or convert with double()"
	}
	return text, suggestion
}

// displayName is an operator as it is written; CEL's own name for it says where its operands stand.
func displayName(name string) string {
	if shown, found := operators.FindReverse(name); found && shown != "" {
		return shown
	}
	return name
}

// operandOf is the variable that the select expression with this id stands on, "" when it is something else.
func operandOf(parsed *ast.AST, id int64) string {
	if parsed == nil {
		return ""
	}
	name := ""
	ast.PreOrderVisit(parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id && e.Kind() == ast.SelectKind && e.AsSelect().Operand().Kind() == ast.IdentKind {
			name = e.AsSelect().Operand().AsIdent()
		}
	}))
	return name
}

// comprehensions are CEL's macros that the rule language leaves out: their cost has no bound that a reader could see.
func comprehensions() []string {
	return []string{"all", "exists", "exists_one", "map", "filter"}
}

// names are everything an expression may start with.
func (l *language) names() []string {
	names := append(variables(), "has", "size", "int", "double", "string", "contains", "startsWith", "endsWith", "matches")
	for _, f := range functions() {
		names = append(names, f.name)
	}
	return names
}

func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func quote(text string) string { return `"` + text + `"` }
