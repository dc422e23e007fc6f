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
	// members is a table by the names' marks, at least half of it empty; known is how many there are.
	members []jsonMember
	known   int
	places  []jsonPlace
	all     int32
	// end is the number after that of the first path that ends here, 0 when none does; more are the others.
	end  int32
	more []int32
}

// jsonMember is a member's name and the node it leads to, 0 where the table is empty.
type jsonMember struct {
	name string
	mark uint64
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
	if last := &t.nodes[node]; last.end == 0 {
		last.end = int32(number) + 1
	} else {
		last.more = append(last.more, int32(number))
	}
	return number
}

func (t *jsonTrie) grow() int32 {
	t.nodes = append(t.nodes, jsonNode{})
	return int32(len(t.nodes) - 1)
}

func (t *jsonTrie) member(node int32, name string) int32 {
	mark := markOf(name)
	if to := t.nodes[node].follow([]byte(name), mark); to != 0 {
		return to
	}
	to := t.grow()
	n := &t.nodes[node]
	members := append(n.members, jsonMember{name, mark, to})
	if n.known++; 2*n.known > len(n.members) {
		n.members = make([]jsonMember, max(4, 2*len(n.members)))
	} else {
		members = members[len(n.members):]
	}
	for _, m := range members {
		if m.to != 0 {
			n.put(m)
		}
	}
	return to
}

// put puts a member into the table, which has room.
func (n *jsonNode) put(m jsonMember) {
	at := tablePlace(m.mark)
	for n.members[at&(len(n.members)-1)].to != 0 {
		at++
	}
	n.members[at&(len(n.members)-1)] = m
}

// follow is the node that a member leads to, 0 when it leads nowhere.
func (n *jsonNode) follow(name []byte, mark uint64) int32 {
	if len(n.members) == 0 {
		return 0
	}
	for at := tablePlace(mark); ; at++ {
		m := &n.members[at&(len(n.members)-1)]
		if m.to == 0 || m.mark == mark && m.name == string(name) {
			return m.to
		}
	}
}

// markSpread is an odd number without a pattern.
const markSpread = 0x9e3779b97f4a7c15

// tablePlace is where a table is first looked at for a name; its size is a power of two.
func tablePlace(mark uint64) int { return int(mark * markSpread >> 40) }

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
