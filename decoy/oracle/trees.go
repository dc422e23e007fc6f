package oracle

import (
	"math"
	"slices"
)

// The shape of the model. Trees of depth three see what only the combination of three features tells.
const (
	rounds   = 80
	depth    = 3
	pace     = 0.15
	bins     = 32
	smallest = 20 // rows in a leaf
	shrink   = 1.0
	// oneIn is the share of the features that a tree looks at.
	oneIn = 3
)

type row struct {
	x []float32
	y float64
}

// node is one question of a tree: feature at most bound goes left. Leaves have feature -1.
type node struct {
	feature int
	bound   float32
	value   float64
	gain    float64
	left    int
	right   int
}

type model struct {
	trees [][]node
}

// learner fits trees to the gradient of the logistic loss.
type learner struct {
	rows   []row
	binned [][]uint8 // by feature, then row
	bounds [][]float32
	score  []float64
	grad   []float64
	hess   []float64
	chance uint64
}

func learn(rows []row) *model {
	l := &learner{rows: rows, score: make([]float64, len(rows)), grad: make([]float64, len(rows)), hess: make([]float64, len(rows)), chance: 1}
	l.bin()
	m := &model{}
	all := make([]int32, len(rows))
	for i := range all {
		all[i] = int32(i)
	}
	for range rounds {
		for i := range rows {
			p := 1 / (1 + math.Exp(-l.score[i]))
			l.grad[i], l.hess[i] = rows[i].y-p, p*(1-p)
		}
		var tree []node
		l.grow(&tree, all, depth, l.choose())
		for i := range rows {
			l.score[i] += pace * walk(tree, rows[i].x)
		}
		m.trees = append(m.trees, tree)
	}
	return m
}

// bin sorts each feature's values into bins of about equal numbers of rows.
func (l *learner) bin() {
	features := len(l.rows[0].x)
	l.binned, l.bounds = make([][]uint8, features), make([][]float32, features)
	values := make([]float32, len(l.rows))
	for f := range features {
		for i := range l.rows {
			values[i] = l.rows[i].x[f]
		}
		slices.Sort(values)
		var bounds []float32
		for b := 1; b < bins; b++ {
			bound := values[b*len(values)/bins]
			if bound < values[len(values)-1] && (len(bounds) == 0 || bound > bounds[len(bounds)-1]) {
				bounds = append(bounds, bound)
			}
		}
		// A value that hardly any row lacks, or has, is between the quantiles.
		if len(bounds) == 0 && values[0] < values[len(values)-1] {
			bounds = append(bounds, values[0])
		}
		l.bounds[f] = bounds
		if len(bounds) == 0 {
			continue
		}
		column := make([]uint8, len(l.rows))
		for i := range l.rows {
			at, _ := slices.BinarySearch(bounds, l.rows[i].x[f]) // a bound belongs to the bin below it
			column[i] = uint8(at)
		}
		l.binned[f] = column
	}
}

// choose draws the features that a tree looks at; those with names of their own are always among them.
func (l *learner) choose() []int {
	var chosen []int
	for f := range l.bounds {
		l.chance = l.chance*6364136223846793005 + 1442695040888963407
		if len(l.bounds[f]) > 0 && (f < headerSlots || (l.chance>>33)%oneIn == 0) {
			chosen = append(chosen, f)
		}
	}
	return chosen
}

// grow adds a node for the rows, and those below it; it returns its place.
func (l *learner) grow(tree *[]node, rows []int32, levels int, features []int) int {
	g, h := 0.0, 0.0
	for _, i := range rows {
		g += l.grad[i]
		h += l.hess[i]
	}
	at := len(*tree)
	*tree = append(*tree, node{feature: -1, value: g / (h + shrink)})
	if levels == 0 || len(rows) < 2*smallest {
		return at
	}
	feature, bin, gain := l.best(rows, features, g, h)
	if gain <= 1e-9 {
		return at
	}
	var left, right []int32
	for _, i := range rows {
		if l.binned[feature][i] <= bin {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	below := node{feature: feature, bound: l.bounds[feature][bin], gain: gain}
	below.left = l.grow(tree, left, levels-1, features)
	below.right = l.grow(tree, right, levels-1, features)
	(*tree)[at] = below
	return at
}

// best is the question that divides the rows best.
func (l *learner) best(rows []int32, features []int, g, h float64) (feature int, bin uint8, gain float64) {
	whole := g * g / (h + shrink)
	for _, f := range features {
		var grads, hesses [bins]float64
		var counts [bins]int
		column := l.binned[f]
		for _, i := range rows {
			b := column[i] % bins
			grads[b] += l.grad[i]
			hesses[b] += l.hess[i]
			counts[b]++
		}
		gl, hl, n := 0.0, 0.0, 0
		for b := range l.bounds[f] {
			gl, hl, n = gl+grads[b], hl+hesses[b], n+counts[b]
			if n < smallest || len(rows)-n < smallest {
				continue
			}
			if is := gl*gl/(hl+shrink) + (g-gl)*(g-gl)/(h-hl+shrink) - whole; is > gain {
				feature, bin, gain = f, uint8(b), is
			}
		}
	}
	return feature, bin, gain
}

func walk(tree []node, x []float32) float64 {
	at := 0
	for tree[at].feature >= 0 {
		if x[tree[at].feature] <= tree[at].bound {
			at = tree[at].left
		} else {
			at = tree[at].right
		}
	}
	return tree[at].value
}

// score is the logarithm of the odds that an answer is feigned.
func (m *model) score(x []float32) float64 {
	sum := 0.0
	for _, tree := range m.trees {
		sum += pace * walk(tree, x)
	}
	return sum
}

// gains are how much each feature served.
func (m *model) gains() map[int]float64 {
	gains := map[int]float64{}
	for _, tree := range m.trees {
		for i := range tree {
			if tree[i].feature >= 0 {
				gains[tree[i].feature] += tree[i].gain
			}
		}
	}
	return gains
}
