package document

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// expansion copies a parsed tree with its aliases resolved and its variables replaced, within the document's limits.
type expansion struct {
	document *Document
	lookup   Lookup
	values   int
	problems Problems
	// overflow is the one problem that ends the copy: the tree is too deep or too large.
	overflow *Problem
}

func (x *expansion) copy(from *yaml.Node, path string, depth int) *yaml.Node {
	if x.values++; x.overflow == nil && x.values > maxValues {
		x.overflow = x.problem(from, path, fmt.Sprintf("holds more than %d values once its aliases are resolved", maxValues))
	}
	if x.overflow == nil && depth > maxDepth {
		x.overflow = x.problem(from, path, fmt.Sprintf("is nested deeper than %d levels", maxDepth))
	}
	if x.overflow != nil {
		return from
	}
	if from.Kind == yaml.AliasNode {
		return x.copy(from.Alias, path, depth+1)
	}
	to := *from
	to.Anchor, to.Alias, to.Content = "", nil, make([]*yaml.Node, 0, len(from.Content))
	switch from.Kind {
	case yaml.MappingNode:
		x.mapping(&to, from, path, depth)
	case yaml.SequenceNode:
		for i, item := range from.Content {
			to.Content = append(to.Content, x.copy(item, fmt.Sprintf("%s[%d]", path, i), depth+1))
		}
	case yaml.ScalarNode:
		x.scalar(&to, path)
	}
	return &to
}

// mapping copies pairs; what no key can be is told here, once, for every later step.
func (x *expansion) mapping(to, from *yaml.Node, path string, depth int) {
	seen := map[string]int{}
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			x.tell(x.problem(key, path, "a key must be plain text"))
			continue
		}
		here := join(path, key.Value)
		if key.ShortTag() == "!!merge" {
			problem := x.problem(key, path, "merge keys are not supported")
			problem.Suggestion = "write the keys out"
			x.tell(problem)
			continue
		}
		if line, twice := seen[key.Value]; twice {
			x.tell(x.problem(key, here, fmt.Sprintf("the key is already given in line %d", line)))
			continue
		}
		seen[key.Value] = key.Line
		to.Content = append(to.Content, x.copy(key, here, maxDepth-1), x.copy(value, here, depth+1))
	}
}

var variable = regexp.MustCompile(`\$?\$\{[A-Z_][A-Z0-9_]*\}`)

func (x *expansion) scalar(n *yaml.Node, path string) {
	if x.lookup == nil || !strings.Contains(n.Value, "${") {
		return
	}
	n.Value = variable.ReplaceAllStringFunc(n.Value, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		name := found[2 : len(found)-1]
		value, ok := x.lookup(name)
		if !ok {
			problem := x.problem(n, path, fmt.Sprintf("the environment variable %s is not set", name))
			problem.Suggestion = "set it, or write $${" + name + "} for the text itself"
			x.tell(problem)
		}
		x.document.expanded[n] = true
		return value
	})
}

func (x *expansion) tell(p *Problem) {
	if len(x.problems) < maxProblems {
		x.problems = append(x.problems, *p)
	}
}

func (x *expansion) problem(n *yaml.Node, path, message string) *Problem {
	return &Problem{File: x.document.file, Line: n.Line, Column: n.Column, Path: path, Message: message}
}
