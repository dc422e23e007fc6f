package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The limits of a document.
const (
	maxSize     = 1 << 20
	maxDepth    = 64
	maxValues   = 100_000
	maxProblems = 100
)

// Document is a parsed YAML document, ready to be decoded.
type Document struct {
	file  string
	lines []string
	root  *yaml.Node
	// expanded holds the values that came from outside the file: they may be secrets, so that no message quotes them.
	expanded map[*yaml.Node]bool
}

// Lookup gives the value of a variable such as NAME in ${NAME}; false when there is none.
type Lookup func(name string) (string, bool)

// Parse reads one document. ${NAME} stays as it is written.
func Parse(file string, data []byte) (*Document, Problems) { return ParseWith(file, data, nil) }

// ParseWith reads one document and replaces ${NAME} in its values by what lookup tells; $${NAME} stands for a literal
// ${NAME}. Only upper-case names are variables. The Document is nil when there are problems that leave nothing to
// decode.
func ParseWith(file string, data []byte, lookup Lookup) (*Document, Problems) {
	d := &Document{file: file, expanded: map[*yaml.Node]bool{}}
	if len(data) > maxSize {
		return nil, Problems{{File: file, Message: fmt.Sprintf("is greater than %s", Bytes(maxSize))}}
	}
	if !utf8.Valid(data) {
		return nil, Problems{{File: file, Message: "is not UTF-8"}}
	}
	d.lines = strings.Split(string(data), "\n")
	root, problem := d.read(data)
	if problem != nil {
		return nil, Problems{*problem}
	}
	x := expansion{document: d, lookup: lookup}
	d.root = x.copy(root, "", 0)
	if x.overflow != nil {
		return nil, Problems{*x.overflow}
	}
	return d, x.problems
}

// read gives the single root value of the data.
func (d *Document) read(data []byte) (*yaml.Node, *Problem) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var node, more yaml.Node
	switch err := decoder.Decode(&node); {
	case errors.Is(err, io.EOF):
		return nil, &Problem{File: d.file, Line: 1, Column: 1, Message: "the document is empty"}
	case err != nil:
		return nil, d.syntax(err)
	}
	if node.Kind != yaml.DocumentNode || len(node.Content) != 1 || isNull(node.Content[0]) {
		return nil, &Problem{File: d.file, Line: 1, Column: 1, Message: "the document is empty"}
	}
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
		return node.Content[0], nil
	case err != nil:
		return nil, d.syntax(err)
	}
	return nil, &Problem{File: d.file, Line: more.Line, Column: more.Column, Message: "a second document in one file",
		Suggestion: "put it into a file of its own"}
}

var syntaxPosition = regexp.MustCompile(`^yaml: (?:line (\d+):(?: column (\d+):)? )?`)

// syntax turns the library's error into a problem; its texts name places and tokens, not values.
func (d *Document) syntax(err error) *Problem {
	text := err.Error()
	problem := &Problem{File: d.file, Message: text}
	found := syntaxPosition.FindStringSubmatch(text)
	if found == nil {
		return problem
	}
	problem.Message = "is not YAML: " + text[len(found[0]):]
	problem.Line, _ = strconv.Atoi(found[1])
	problem.Column, _ = strconv.Atoi(found[2])
	if problem.Line > 0 && problem.Column == 0 {
		problem.Column = 1
	}
	return problem
}

// File is the name the document was parsed under.
func (d *Document) File() string { return d.file }

// Root is the document's outermost value.
func (d *Document) Root() Node { return Node{document: d, node: d.root} }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
