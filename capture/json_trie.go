package capture

import "github.com/ohler55/ojg/jp"

// jsonTrie is a set of JSON paths that name members, places of lists, and all children: $.a.b[0].c[*]. One pass over a
// text finds the values of all of them. The zero trie holds no path.
type jsonTrie struct {
	nodes []jsonNode
	paths int
}

// jsonNode is what may follow a prefix that paths have in common; 0 leads nowhere, as nothing leads back to the root.
type jsonNode struct {
	members []jsonMember
	places  []jsonPlace
	all     int32
	// ends are the paths that end here.
	ends []int32
}

type jsonMember struct {
	name string
	to   int32
}

type jsonPlace struct {
	at int
	to int32
}

// complex is the number of a path that a trie cannot hold.
const complexPath = -1

// add puts a path in and gives its number, complexPath when the trie cannot hold it.
func (t *jsonTrie) add(path jp.Expr) int {
	for _, fragment := range path {
		switch f := fragment.(type) {
		case jp.Root, jp.Bracket, jp.Child, jp.Wildcard:
		case jp.Nth:
			if f < 0 {
				return complexPath // counted from the end
			}
		default:
			return complexPath
		}
	}
	if len(t.nodes) == 0 {
		t.nodes = []jsonNode{{}}
	}
	node := int32(0)
	for _, fragment := range path {
		switch f := fragment.(type) {
		case jp.Child:
			node = t.member(node, string(f))
		case jp.Nth:
			node = t.place(node, int(f))
		case jp.Wildcard:
			if t.nodes[node].all == 0 {
				t.nodes[node].all = t.grow()
			}
			node = t.nodes[node].all
		}
	}
	number := t.paths
	t.paths++
	t.nodes[node].ends = append(t.nodes[node].ends, int32(number))
	return number
}

func (t *jsonTrie) grow() int32 {
	t.nodes = append(t.nodes, jsonNode{})
	return int32(len(t.nodes) - 1)
}

func (t *jsonTrie) member(node int32, name string) int32 {
	for _, m := range t.nodes[node].members {
		if m.name == name {
			return m.to
		}
	}
	to := t.grow()
	t.nodes[node].members = append(t.nodes[node].members, jsonMember{name, to})
	return to
}

func (t *jsonTrie) place(node int32, at int) int32 {
	for _, p := range t.nodes[node].places {
		if p.at == at {
			return p.to
		}
	}
	to := t.grow()
	t.nodes[node].places = append(t.nodes[node].places, jsonPlace{at, to})
	return to
}
