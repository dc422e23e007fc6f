package interceptor

import (
	"net/url"
	"strconv"
	"strings"

	"wayguard/payment"
)

// formNode is a field of a form while it is read: values where the key ends here, children where brackets go on.
type formNode struct {
	values   []string
	children map[string]*formNode
	// free is where the search for the next index of "key[]" begins.
	free int
}

// readForm reads an application/x-www-form-urlencoded body. Every value is text. Keys with brackets become nested: a[b][c] is $.a.b.c, a[0]
// and a[] are elements of a list. A key that stands more than once is a list, because destinations differ in which one they take; a key
// that is both a value and nested is a problem.
func readForm(body []byte) (any, *payment.Problem) {
	root := &formNode{}
	nodes := 0
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err != nil {
			return nil, flawed("$", "format", "a key is not validly escaped")
		}
		steps := formSteps(strings.ToValidUTF8(key, "\ufffd"))
		if nodes += len(steps); nodes > maxNodes {
			return nil, flawed("$", "size", "more than 100,000 fields")
		}
		if len(steps) > maxDepth {
			return nil, flawed("$", "depth", "more than 64 levels")
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, flawed(formPath(steps), "format", "its value is not validly escaped")
		}
		node := root.at(steps)
		node.values = append(node.values, strings.ToValidUTF8(value, "\ufffd"))
	}
	return root.tree("$")
}

// formSteps takes a[b][] apart; a key whose brackets do not pair is one name.
func formSteps(key string) []string {
	open := strings.IndexByte(key, '[')
	if open <= 0 || !strings.HasSuffix(key, "]") {
		return []string{key}
	}
	inner := strings.Split(key[open+1:len(key)-1], "][")
	for _, name := range inner {
		if strings.ContainsAny(name, "[]") {
			return []string{key}
		}
	}
	return append([]string{key[:open]}, inner...)
}

func formPath(steps []string) string {
	path := "$"
	for _, name := range steps {
		path = below(path, name)
	}
	return path
}

// at finds or makes the node of a key.
func (n *formNode) at(steps []string) *formNode {
	for i, name := range steps {
		if name == "" && i > 0 {
			name = n.append()
		}
		if n.children == nil {
			n.children = map[string]*formNode{}
		}
		child := n.children[name]
		if child == nil {
			child = &formNode{}
			n.children[name] = child
		}
		n = child
	}
	return n
}

// append is the first index that is free.
func (n *formNode) append() string {
	for ; ; n.free++ {
		name := strconv.Itoa(n.free)
		if n.children[name] == nil {
			return name
		}
	}
}

func (n *formNode) tree(path string) (any, *payment.Problem) {
	if n.children == nil {
		return listOrOne(n.values), nil
	}
	if n.values != nil {
		return nil, flawed(path, "conflict", "is a value and has fields below it")
	}
	object := make(map[string]any, len(n.children))
	for name, child := range n.children {
		value, flaw := child.tree(below(path, name))
		if flaw != nil {
			return nil, flaw
		}
		object[name] = value
	}
	if path == "$" {
		return object, nil
	}
	return listed(object), nil
}

func listOrOne(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = value
	}
	return list
}

// listed makes a list of an object whose names are 0 to n-1.
func listed(object map[string]any) any {
	list := make([]any, 0, len(object))
	for i := range len(object) {
		value, ok := object[strconv.Itoa(i)]
		if !ok {
			return object
		}
		list = append(list, value)
	}
	return list
}
