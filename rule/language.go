package rule

import (
	"fmt"
	"slices"
	"strings"

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

// The object types of the four variables.
const (
	eventObject    = "wayguard.Event"
	elementsObject = "wayguard.Elements"
	sessionObject  = "wayguard.Session"
	settingsObject = "wayguard.Settings"
)

// language parses and type-checks expressions over one vocabulary.
type language struct {
	env        *cel.Env
	vocabulary Vocabulary
	// labels are all names that rules and signatures place.
	labels []string
	// questions are those of all expressions compiled.
	questions *questions
}

// newLanguage builds the CEL environment. settings are the names of all rules' thresholds together.
func newLanguage(v Vocabulary, settings []string, labels []string) (*language, error) {
	options := []cel.EnvOption{
		cel.ClearMacros(), cel.Macros(cel.HasMacro), cel.HomogeneousAggregateLiterals(),
		cel.ParserRecursionLimit(maxExpressionDepth), cel.ParserExpressionSizeLimit(maxExpressionLength),
	}
	options = append(options, cel.CustomTypeProvider(&objects{Registry: types.NewEmptyRegistry(), vocabulary: v, settings: settings}))
	for name, object := range variables() {
		options = append(options, cel.Variable(name, cel.ObjectType(object)))
	}
	for _, f := range functions() {
		options = append(options, f.declaration())
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("build the expression language: %w", err)
	}
	return &language{env: env, vocabulary: v, labels: labels, questions: &questions{numbers: map[string]int{}}}, nil
}

// variables are the names an expression starts from and their object types.
func variables() map[string]string {
	return map[string]string{"event": eventObject, "el": elementsObject, "session": sessionObject, "settings": settingsObject}
}

// objects tells the type checker which fields the variables have.
type objects struct {
	*types.Registry
	vocabulary Vocabulary
	settings   []string
}

// FindStructType knows the four object types beside the built-in ones.
func (o *objects) FindStructType(name string) (*types.Type, bool) {
	for _, object := range variables() {
		if object == name {
			return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
		}
	}
	return o.Registry.FindStructType(name)
}

// FindStructFieldType is the type of a field of the four objects.
func (o *objects) FindStructFieldType(object, field string) (*types.FieldType, bool) {
	var found *types.Type
	switch object {
	case eventObject:
		found = eventFields()[field]
	case sessionObject:
		found = sessionFields()[field]
	case settingsObject:
		if slices.Contains(o.settings, field) {
			found = types.IntType
		}
	case elementsObject:
		if definition, known := o.vocabulary.Elements.Find(field); known {
			found = elementType(definition)
		}
	default:
		return o.Registry.FindStructFieldType(object, field)
	}
	if found == nil {
		return nil, false
	}
	return &types.FieldType{Type: found}, true
}

// eventFields are the facts of the exchange.
func eventFields() map[string]*types.Type {
	return map[string]*types.Type{
		"name": types.StringType, "type": types.StringType, "result": types.StringType, "spec": types.StringType,
		"method": types.StringType, "host": types.StringType, "route": types.StringType, "status": types.IntType,
		"hour": types.IntType, "inline": types.BoolType,
	}
}

// sessionFields are the facts of the session; score and rating are those before the event.
func sessionFields() map[string]*types.Type {
	return map[string]*types.Type{
		"events": types.IntType, "seconds": types.IntType, "score": types.IntType, "rating": types.StringType,
		"new": types.BoolType,
	}
}

// function is one function of the language beside CEL's own.
type function struct {
	name string
	// member functions are called on session.
	member bool
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
	freeText
)

// functions lists the language's own functions.
func functions() []function {
	return []function{
		{"count", false, []argument{anyEntity, counterName, windowName}, types.IntType},
		{"distinct", false, []argument{anyEntity, distinctName, windowName}, types.IntType},
		{"seen_before", false, []argument{anyEntity, distinctName}, types.BoolType},
		{"age_days", false, []argument{anyEntity}, types.IntType},
		{"entity_label", false, []argument{anyEntity, freeText}, types.BoolType},
		{"persona_distance", false, []argument{anyEntity}, types.IntType},
		{"part", false, []argument{anyElement, freeText}, types.StringType},
		{"has_value", false, []argument{anyElement, freeText}, types.BoolType},
		{"count", true, []argument{counterName}, types.IntType},
		{"distinct", true, []argument{distinctName}, types.IntType},
		{"label", true, []argument{labelName}, types.BoolType},
	}
}

// overload is the function's unique name in the checked tree.
func (f function) overload() string {
	if f.member {
		return "session_" + f.name
	}
	return "wayguard_" + f.name
}

func (f function) declaration() cel.EnvOption {
	types := make([]*cel.Type, 0, len(f.arguments)+1)
	if f.member {
		types = append(types, cel.ObjectType(sessionObject))
	}
	for range f.arguments {
		types = append(types, cel.StringType)
	}
	if f.member {
		return cel.Function(f.name, cel.MemberOverload(f.overload(), types, f.result))
	}
	return cel.Function(f.name, cel.Overload(f.overload(), types, f.result))
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
