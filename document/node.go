package document

import (
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Kind tells the shapes of a value apart.
type Kind int

// The kinds of value.
const (
	Null Kind = iota
	Scalar
	List
	Map
)

// String names the kind for a message.
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "a single value"
	case List:
		return "a list"
	case Map:
		return "a map"
	}
	return "nothing"
}

// Unmarshaler is a type that reads itself, where one value may be written in several ways.
type Unmarshaler interface {
	UnmarshalDocument(n Node) Problems
}

// Node is one value of a document, for Unmarshalers.
type Node struct {
	document *Document
	node     *yaml.Node
	path     string
}

// Entry is one pair of a map, in written order.
type Entry struct {
	Key   string
	Value Node
}

// Kind is the value's shape.
func (n Node) Kind() Kind {
	switch {
	case n.node == nil || isNull(n.node):
		return Null
	case n.node.Kind == yaml.MappingNode:
		return Map
	case n.node.Kind == yaml.SequenceNode:
		return List
	}
	return Scalar
}

// Text is a scalar as written, without its quotes.
func (n Node) Text() string {
	if n.Kind() != Scalar {
		return ""
	}
	return n.node.Value
}

// Items are the values of a list.
func (n Node) Items() []Node {
	if n.Kind() != List {
		return nil
	}
	items := make([]Node, len(n.node.Content))
	for i, item := range n.node.Content {
		items[i] = Node{document: n.document, node: item, path: n.path + "[" + strconv.Itoa(i) + "]"}
	}
	return items
}

// Entries are the pairs of a map, in written order.
func (n Node) Entries() []Entry {
	if n.Kind() != Map {
		return nil
	}
	entries := make([]Entry, 0, len(n.node.Content)/2)
	for i := 0; i+1 < len(n.node.Content); i += 2 {
		key := n.node.Content[i].Value
		entries = append(entries, Entry{Key: key,
			Value: Node{document: n.document, node: n.node.Content[i+1], path: join(n.path, key)}})
	}
	return entries
}

// Has says whether a map holds the key.
func (n Node) Has(key string) bool {
	for _, entry := range n.Entries() {
		if entry.Key == key {
			return true
		}
	}
	return false
}

// Path is where in the document the value stands.
func (n Node) Path() string { return n.path }

// Mark is the value's place, for problems found later.
func (n Node) Mark() Mark { return Mark{document: n.document, path: n.path} }

// Problem is a problem with this very value.
func (n Node) Problem(message, suggestion string) Problem {
	return Problem{File: n.document.file, Line: n.node.Line, Column: n.node.Column, Path: n.path, Message: message,
		Suggestion: suggestion}
}

// Decode reads the value into a pointer, strictly. An Unmarshaler that decodes into its own type is not asked again, so
// that it may fall back to the usual reading by way of a type definition without methods.
func (n Node) Decode(into any) Problems {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return Problems{n.Problem("is decoded into no pointer", "")}
	}
	d := decoder{document: n.document}
	d.value(n, target.Elem())
	return d.problems
}
