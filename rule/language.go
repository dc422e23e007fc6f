package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"wayguard/document"
)

// The bounds of one expression.
const (
	maxExpressionLength = 4000
	maxExpressionNodes  = 250
	maxExpressionDepth  = 60
	maxPatternLength    = 256
)

// objectPrefix stands before a variable's name in the name of its object type.
const objectPrefix = "wayguard."

// language parses and type-checks expressions over one vocabulary.
type language struct {
	env        *cel.Env
	vocabulary Vocabulary
	// labels are all names that rules and signatures place.
	labels []string
	// questions are those of all expressions compiled.
	questions *questions
	// lives say how long entity labels last.
	lives map[string]time.Duration
}

// newLanguage builds the CEL environment. settings are the names of all rules' thresholds together.
func newLanguage(v Vocabulary, settings []string, labels []string) (*language, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(), cel.Macros(cel.HasMacro), cel.HomogeneousAggregateLiterals(),
		cel.ParserRecursionLimit(maxExpressionDepth), cel.ParserExpressionSizeLimit(maxExpressionLength),
	}
	fields := map[string]map[string]field{}
	for _, name := range variables() {
		fields[name] = fieldsOf(name)
	}
	options = append(options, cel.CustomTypeProvider(&objects{types.NewEmptyRegistry(), v, settings, fields}))
	for _, name := range variables() {
		options = append(options, cel.Variable(name, cel.ObjectType(objectPrefix+name)))
	}
	for _, f := range functions() {
		options = append(options, f.declare())
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("build the expression language: %w", err)
	}
	return &language{env: env, vocabulary: v, labels: labels, questions: &questions{numbers: map[string]int{}}}, nil
}

// variables are the names an expression starts from.
func variables() []string {
	return []string{"actor", "client", "device", "el", "event", "network", "person", "session", "settings", "wire"}
}

// objects tells the type checker which fields the variables have.
type objects struct {
	*types.Registry
	vocabulary Vocabulary
	settings   []string
	// fields are those of each variable.
	fields map[string]map[string]field
}

// FindStructType knows the variables' object types beside the built-in ones.
func (o *objects) FindStructType(name string) (*types.Type, bool) {
	if variable, own := strings.CutPrefix(name, objectPrefix); own && slices.Contains(variables(), variable) {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return o.Registry.FindStructType(name)
}

// FindStructFieldType is the type of a variable's field.
func (o *objects) FindStructFieldType(object, field string) (*types.FieldType, bool) {
	variable, own := strings.CutPrefix(object, objectPrefix)
	if !own {
		return o.Registry.FindStructFieldType(object, field)
	}
	var found *types.Type
	switch variable {
	case "settings":
		if slices.Contains(o.settings, field) {
			found = types.IntType
		}
	case "el":
		if definition, known := o.vocabulary.Elements.Find(field); known {
			found = elementType(definition)
		}
	default:
		if known, has := o.fields[variable][field]; has {
			found = known.kind()
		}
	}
	if found == nil {
		return nil, false
	}
	return &types.FieldType{Type: found}, true
}

// function is one function of the language beside CEL's own.
type function struct {
	name string
	// on is the variable that the function is called on, "" for none.
	on string
	// arguments say what each string literal must name.
	arguments []argument
	result    *types.Type
}

// argument is what a string literal must name.
type argument int

const (
	anyElement argument = iota
	anyEntity
	counterName
	distinctName
	windowName
	labelName
	typeName
	clusterName
	flawName
	freeText
)

// functions lists the language's own functions.
func functions() []function {
	return []function{
		{"count", "", []argument{anyEntity, counterName, windowName}, types.IntType},
		{"percent", "", []argument{anyEntity, counterName, counterName, windowName}, types.IntType},
		{"distinct", "", []argument{anyEntity, distinctName, windowName}, types.IntType},
		{"seen_before", "", []argument{anyEntity, distinctName}, types.BoolType},
		{"age_days", "", []argument{anyEntity}, types.IntType},
		{"entity_label", "", []argument{anyEntity, freeText}, types.BoolType},
		{"persona_distance", "", []argument{anyEntity}, types.IntType},
		{"part", "", []argument{anyElement, freeText}, types.StringType},
		{"has_value", "", []argument{anyElement, freeText}, types.BoolType},
		{"cluster", "", []argument{clusterName}, types.IntType},
		{"alarmed", "", []argument{clusterName}, types.BoolType},
		{"login_risk", "", nil, types.IntType},
		{"count", "session", []argument{counterName}, types.IntType},
		{"percent", "session", []argument{counterName, counterName}, types.IntType},
		{"distinct", "session", []argument{distinctName}, types.IntType},
		{"label", "session", []argument{labelName}, types.BoolType},
		{"seen", "session", []argument{typeName}, types.BoolType},
		{"since", "session", []argument{typeName}, types.IntType},
		{"seconds_to", "session", []argument{typeName}, types.IntType},
		{"flaw", "wire", []argument{flawName}, types.BoolType},
	}
}

// overload is the function's unique name in the checked tree.
func (f function) overload() string {
	if f.on != "" {
		return f.on + "_" + f.name
	}
	return "wayguard_" + f.name
}

// declare declares the function with what it is bound to, if anything.
func (f function) declare(bindings ...cel.OverloadOpt) cel.EnvOption {
	types := make([]*cel.Type, 0, len(f.arguments)+1)
	if f.on != "" {
		types = append(types, cel.ObjectType(objectPrefix+f.on))
	}
	for range f.arguments {
		types = append(types, cel.StringType)
	}
	if f.on != "" {
		return cel.Function(f.name, cel.MemberOverload(f.overload(), types, f.result, bindings...))
	}
	return cel.Function(f.name, cel.Overload(f.overload(), types, f.result, bindings...))
}

// findFunction finds one of the language's own functions by its overload.
func findFunction(overload string) (function, bool) {
	for _, f := range functions() {
		if f.overload() == overload {
			return f, true
		}
	}
	return function{}, false
}

// expression is a checked one.
type expression struct {
	ast  *ast.AST
	text string
}

// complaints tells where in a configuration an expression stands, and gathers what is wrong with it.
type complaints struct {
	at       document.Mark
	path     string
	problems *document.Problems
}

// add adds a problem at a place in the expression; line from 1, column from 0, as CEL counts them.
func (c complaints) add(location common.Location, message, suggestion string) {
	offset := document.Offset{}
	if location != nil && location != common.NoLocation {
		offset = document.Offset{Line: location.Line() - 1, Column: location.Column()}
		message = fmt.Sprintf("%s (at %d:%d of the expression)", message, location.Line(), location.Column()+1)
	}
	*c.problems = append(*c.problems, c.at.ProblemAt(c.path, offset, message, suggestion))
}

// check parses and type-checks text; the expression is nil when there was a problem. settings are the names the rule
// itself declares.
func (l *language) check(text string, settings map[string]int64, c complaints) *expression {
	if strings.TrimSpace(text) == "" {
		c.add(nil, "the expression is empty", "")
		return nil
	}
	if len(text) > maxExpressionLength {
		c.add(nil, fmt.Sprintf("the expression is longer than %d bytes", maxExpressionLength), "")
		return nil
	}
	parsed, issues := l.env.Parse(text)
	if issues.Err() != nil {
		l.report(issues, nil, c)
		return nil
	}
	checked, issues := l.env.Check(parsed)
	if issues.Err() != nil {
		l.report(issues, parsed.NativeRep(), c)
		return nil
	}
	tree := checked.NativeRep()
	before := len(*c.problems)
	inspection := inspection{language: l, tree: tree, settings: settings, complaints: c}
	inspection.run()
	if len(*c.problems) > before {
		return nil
	}
	return &expression{ast: tree, text: text}
}
