package capture

import (
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// The bounds of a GraphQL request.
const (
	maxGraphQLTokens  = 10_000
	maxGraphQLBatch   = 500
	maxGraphQLCalls   = 10_000
	maxGraphQLNesting = 64
	maxGraphQLDepth   = 32
	// maxGraphQLReads bounds the calls that a source looks into; all are looked at to find a spec.
	maxGraphQLReads = 64
)

// graphqlBody is what a request asks of a GraphQL server: one entry for every root field of every operation that runs.
type graphqlBody struct{ calls []graphqlCall }

// graphqlCall is one root field with its arguments, variables filled in.
type graphqlCall struct {
	operation string
	field     string
	arguments *jsonObject
	variables *jsonObject
}

// readGraphQL parses the request at the first call: JSON bodies single and batched, application/graphql, and GET.
func (m *message) readGraphQL() *graphqlBody {
	if m.requests != nil {
		return m.requests
	}
	m.requests = &graphqlBody{}
	if values := formValues(m.arena(), nil, m.query, "query"); len(values) > 0 && len(m.body.Bytes) == 0 {
		m.addGraphQL(values[0].text, firstText(formValues(m.arena(), nil, m.query, "operationName")),
			parseVariables(firstText(formValues(m.arena(), nil, m.query, "variables"))))
		return m.requests
	}
	if c := m.read(); c.media == "application/graphql" && !c.unreadable && !c.truncated {
		m.addGraphQL(string(c.data), firstText(formValues(m.arena(), nil, m.query, "operationName")), nil)
		return m.requests
	}
	body := m.readJSON()
	if list, batched := body.root.([]any); batched {
		if len(list) > maxGraphQLBatch {
			m.issues.add("too_many_operations", "", "the batch has more operations than are read")
			list = list[:maxGraphQLBatch]
		}
		for _, item := range list {
			m.addGraphQLObject(item)
		}
		return m.requests
	}
	m.addGraphQLObject(body.root)
	return m.requests
}

func firstText(values []found) string {
	if len(values) == 0 {
		return ""
	}
	return values[0].text
}

func parseVariables(text string) *jsonObject {
	if text == "" {
		return nil
	}
	root, _, err := parseJSON([]byte(text))
	if err != nil {
		return nil
	}
	variables, _ := root.(*jsonObject)
	return variables
}

func (m *message) addGraphQLObject(value any) {
	object, ok := value.(*jsonObject)
	if !ok {
		return
	}
	query, _ := object.values["query"].(string)
	operation, _ := object.values["operationName"].(string)
	variables, _ := object.values["variables"].(*jsonObject)
	if query == "" && operation != "" {
		// A persisted query has no text: its operation's name and variables are all that can be known.
		m.requests.calls = append(m.requests.calls, graphqlCall{operation: operation, variables: variables})
		return
	}
	if query != "" {
		m.addGraphQL(query, operation, variables)
	}
}

// addGraphQL adds the root fields of the operation that a server would run.
func (m *message) addGraphQL(query, name string, variables *jsonObject) {
	if len(query) > m.limit*expansionFactor {
		return
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxGraphQLTokens)
	if err != nil {
		m.issues.add("invalid_graphql", "", "the request has no valid GraphQL document")
		return
	}
	operation := document.Operations.ForName(name)
	if operation == nil {
		if len(document.Operations) == 0 {
			return
		}
		operation = document.Operations[0]
	}
	scope := graphqlScope{document: document, operation: operation, variables: variables,
		followed: map[string]bool{}}
	scope.fields(operation.SelectionSet, 0, func(field *ast.Field) {
		if len(m.requests.calls) >= maxGraphQLCalls {
			m.issues.add("too_many_operations", "", "the request has more root fields than are read")
			return
		}
		m.requests.calls = append(m.requests.calls, graphqlCall{operation: operation.Name, field: field.Name,
			arguments: scope.arguments(field), variables: variables})
	})
}

// graphqlScope fills variables into the arguments of one operation.
type graphqlScope struct {
	document  *ast.QueryDocument
	operation *ast.OperationDefinition
	variables *jsonObject
	followed  map[string]bool
}

// fields visits the root fields, those of fragments included.
func (g *graphqlScope) fields(set ast.SelectionSet, depth int, visit func(*ast.Field)) {
	if depth > maxGraphQLNesting {
		return
	}
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			visit(s)
		case *ast.InlineFragment:
			g.fields(s.SelectionSet, depth+1, visit)
		case *ast.FragmentSpread:
			// Each fragment is followed once: a second time it would merge into the same fields.
			fragment := g.document.Fragments.ForName(s.Name)
			if fragment != nil && !g.followed[s.Name] {
				g.followed[s.Name] = true
				g.fields(fragment.SelectionSet, depth+1, visit)
			}
		}
	}
}

func (g *graphqlScope) arguments(field *ast.Field) *jsonObject {
	object := &jsonObject{values: map[string]any{}}
	for _, argument := range field.Arguments {
		object.put(argument.Name, g.value(argument.Value, 0))
	}
	return object
}

// put adds a member; a second one of the same name is a conflict.
func (o *jsonObject) put(key string, value any) {
	if _, twice := o.values[key]; twice {
		o.values[key] = jsonConflict{}
		return
	}
	o.keys = append(o.keys, key)
	o.values[key] = value
}

func (g *graphqlScope) value(v *ast.Value, depth int) any {
	if v == nil || depth > maxGraphQLDepth {
		return nil
	}
	switch v.Kind {
	case ast.Variable:
		return g.variable(v.Raw, depth)
	case ast.IntValue, ast.FloatValue:
		return exactNumber(v.Raw)
	case ast.BooleanValue:
		return v.Raw == "true"
	case ast.NullValue:
		return nil
	case ast.ListValue:
		list := []any{}
		for _, child := range v.Children {
			list = append(list, g.value(child.Value, depth+1))
		}
		return list
	case ast.ObjectValue:
		object := &jsonObject{values: map[string]any{}}
		for _, child := range v.Children {
			object.put(child.Name, g.value(child.Value, depth+1))
		}
		return object
	}
	return v.Raw
}

func (g *graphqlScope) variable(name string, depth int) any {
	if g.variables != nil {
		if value, given := g.variables.values[name]; given {
			return value
		}
	}
	if definition := g.operation.VariableDefinitions.ForName(name); definition != nil {
		// A default holds no variables; a parser that let them through would let a document grow without bound.
		constant := graphqlScope{operation: &ast.OperationDefinition{}}
		return constant.value(definition.DefaultValue, depth+1)
	}
	return nil
}

// isGraphQL says whether the call has one of the names, as its operation's name or as its root field.
func (c *graphqlCall) isGraphQL(names []string) bool {
	return slices.Contains(names, c.field) && c.field != "" || slices.Contains(names, c.operation) && c.operation != ""
}

// graphqlPath is where in a call a value is: below the arguments, or below the variables when it begins with "$".
type graphqlPath struct {
	path      jp.Expr
	variables bool
}

func (c *graphqlCall) get(path graphqlPath) []found {
	if !path.variables && c.arguments != nil {
		if values := selectJSON(c.arguments, path.path); len(values) > 0 {
			return values
		}
	}
	if c.variables == nil || c.field != "" && !path.variables && c.holds(path) {
		return nil
	}
	return selectJSON(c.variables, path.path)
}

// holds says whether the arguments have the path's first name: a variable of the same name is then another thing.
func (c *graphqlCall) holds(path graphqlPath) bool {
	if c.arguments == nil || len(path.path) < 2 {
		return false
	}
	name, ok := path.path[1].(jp.Child)
	_, holds := c.arguments.values[string(name)]
	return ok && holds
}

// parseGraphQLPath reads "input.amount", "items[*].sku" or, of the variables only, "$input.amount".
func parseGraphQLPath(source string) (graphqlPath, error) {
	text, variables := strings.CutPrefix(source, "$")
	if text == "" || text[0] == '.' {
		return graphqlPath{}, &pathError{0, "a GraphQL path begins with the name of an argument, or with $ and that of a variable"}
	}
	path, err := parseJSONPath("$." + text)
	return graphqlPath{path: path, variables: variables}, err
}
