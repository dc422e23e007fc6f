// Package oracle is an attacker's classifier. From everything that a client sees of an answer (status, headers and their order,
// lengths, words of the body, time) it learns to tell the origin's answers from feigned ones, with boosted trees, and says how
// well it does on answers that it was not trained with. Decoys are good where it guesses.
package oracle

import (
	"math"
	"slices"
	"time"

	"wayguard/capture"
)

// Observation is what a client sees of one answer.
type Observation struct {
	Status int
	// Header is in the order in which it came.
	Header []capture.Field
	// Body is without its content coding.
	Body []byte
	// Duration is from the request's sending to the answer's head.
	Duration time.Duration
}

// Report says how well the two can be told apart.
type Report struct {
	// AUC is the area under the ROC curve on the half that was not trained with: 0.5 is guessing, 1 is always right.
	AUC float64
	// Low and High are its 95 % confidence interval (Hanley and McNeil, 1982).
	Low, High float64
	// Pairs is the number of pairs that were given, half of which the classifier learned from.
	Pairs int
	// Telling are the features that served most, the best first.
	Telling []string
}

// AUC is the area under the classifier's ROC curve on answers that it was not trained with: 0.5 is guessing.
func AUC(real, feigned []Observation) float64 { return Measure(real, feigned).AUC }

// Measure trains on every second pair and tests on the others. It is deterministic. Lists of different lengths are cut to the
// shorter one; below four pairs nothing can be said, and the AUC is 0.5.
func Measure(real, feigned []Observation) Report {
	pairs := min(len(real), len(feigned))
	if pairs < 4 {
		return Report{AUC: 0.5, Low: 0, High: 1, Pairs: pairs}
	}
	table := newTable()
	var train, test []row
	for i := range pairs {
		for _, r := range []row{{table.features(&real[i]), 0}, {table.features(&feigned[i]), 1}} {
			if i%2 == 0 {
				train = append(train, r)
			} else {
				test = append(test, r)
			}
		}
	}
	model := learn(train)
	scores, truth := make([]float64, len(test)), make([]float64, len(test))
	for i := range test {
		scores[i], truth[i] = model.score(test[i].x), test[i].y
	}
	area := area(scores, truth)
	spread := 1.96 * deviation(area, len(test)/2, len(test)/2)
	return Report{AUC: area, Low: max(0, area-spread), High: min(1, area+spread), Pairs: pairs, Telling: table.names(model.gains())}
}

// area is that under the ROC curve, by ranks; equal scores share their ranks.
func area(scores, truth []float64) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return 0
	})
	ranks, positive := 0.0, 0.0
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			if truth[order[k]] == 1 {
				ranks += float64(i+j+1) / 2
				positive++
			}
		}
		i = j
	}
	negative := float64(len(order)) - positive
	if positive == 0 || negative == 0 {
		return 0.5
	}
	return (ranks - positive*(positive+1)/2) / (positive * negative)
}

// deviation is the standard deviation of an AUC.
func deviation(a float64, positive, negative int) float64 {
	q1, q2 := a/(2-a), 2*a*a/(1+a)
	m, n := float64(positive), float64(negative)
	return math.Sqrt((a*(1-a) + (m-1)*(q1-a*a) + (n-1)*(q2-a*a)) / (m * n))
}
