package document

import (
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Locate is the position, counted from 1, of the value at a path such as "specs[2].take.email", or of its nearest
// ancestor that exists. Keys may hold dots and brackets themselves: the longest key that fits is taken. For a map's
// entry it is the key's position, for a list's item the item's.
func (d *Document) Locate(path string) (line, column int) {
	at, _ := d.find(path)
	if at == nil {
		return 1, 1
	}
	return at.Line, at.Column
}

// Place fills in the file, line and column of problems that have a path only.
func (d *Document) Place(problems Problems) Problems {
	placed := make(Problems, len(problems))
	for i, problem := range problems {
		if problem.File == "" && problem.Line == 0 {
			problem.File = d.file
			problem.Line, problem.Column = d.Locate(problem.Path)
		}
		placed[i] = problem
	}
	return placed
}

// find walks a path down as far as it goes: the node to point at (a key where there is one), and the value itself, nil
// when the path ended early.
func (d *Document) find(path string) (at, value *yaml.Node) {
	at, value = d.root, d.root
	for path != "" && value != nil {
		var next, nextAt *yaml.Node
		switch value.Kind {
		case yaml.MappingNode:
			nextAt, next, path = stepIntoMap(value, path)
		case yaml.SequenceNode:
			next, path = stepIntoList(value, path)
			nextAt = next
		}
		if next == nil {
			return at, nil
		}
		at, value = nextAt, next
	}
	return at, value
}

func stepIntoMap(n *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	type pair struct{ key, value *yaml.Node }
	var fits []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Value == "" || !strings.HasPrefix(path, k.Value) {
			continue
		}
		if after := path[len(k.Value):]; after == "" || after[0] == '.' || after[0] == '[' {
			fits = append(fits, pair{k, n.Content[i+1]})
		}
	}
	if len(fits) == 0 {
		return nil, nil, path
	}
	sort.Slice(fits, func(i, j int) bool { return len(fits[i].key.Value) > len(fits[j].key.Value) })
	return fits[0].key, fits[0].value, strings.TrimPrefix(path[len(fits[0].key.Value):], ".")
}

func stepIntoList(n *yaml.Node, path string) (item *yaml.Node, rest string) {
	end := strings.IndexByte(path, ']')
	if path[0] != '[' || end < 0 {
		return nil, path
	}
	index, err := strconv.Atoi(path[1:end])
	if err != nil || index < 0 || index >= len(n.Content) {
		return nil, path
	}
	return n.Content[index], strings.TrimPrefix(path[end+1:], ".")
}

// locateInside is the position of a place inside the text value at a path. Plain, quoted and literal block texts keep
// their lines, so that the place can be told exactly; of others only the start can.
func (d *Document) locateInside(path string, inside Offset) (line, column int) {
	if inside == (Offset{}) {
		return d.Locate(path)
	}
	_, value := d.find(path)
	if value == nil || value.Kind != yaml.ScalarNode || d.expanded[value] {
		return d.Locate(path)
	}
	switch {
	case value.Style&yaml.LiteralStyle != 0:
		return d.insideBlock(value, inside)
	case value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		if d.holdsVerbatim(value, 1) && inside.Line == 0 {
			return value.Line, value.Column + 1 + inside.Column
		}
	case value.Style&yaml.FoldedStyle == 0:
		if d.holdsVerbatim(value, 0) && inside.Line == 0 {
			return value.Line, value.Column + inside.Column
		}
	}
	return value.Line, value.Column
}

// holdsVerbatim says whether the file's line holds the value just as it reads, skip bytes after its start.
func (d *Document) holdsVerbatim(value *yaml.Node, skip int) bool {
	start := value.Column - 1 + skip
	if value.Line < 1 || value.Line > len(d.lines) || start > len(d.lines[value.Line-1]) {
		return false
	}
	return strings.HasPrefix(d.lines[value.Line-1][start:], value.Value)
}

func (d *Document) insideBlock(value *yaml.Node, inside Offset) (line, column int) {
	line = value.Line + 1 + inside.Line
	if line > len(d.lines) {
		return value.Line, value.Column
	}
	text := d.lines[value.Line] // the block's first line gives the indentation
	indent := len(text) - len(strings.TrimLeft(text, " "))
	return line, indent + 1 + inside.Column
}
