package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figures are what one repetition told of one peer; NaN-free: what was not measured is absent.
type figures map[string]float64

// result is a scenario's outcome: all repetitions of all peers.
type result struct {
	Name  string               `json:"name"`
	Peers map[string][]figures `json:"peers"`
	// Inspected is the share of the requests that became records in Wayguard's log, the least of all repetitions.
	Inspected float64 `json:"inspected"`
	// Errors are the runs that failed.
	Errors   []string  `json:"errors,omitempty"`
	Verdicts []verdict `json:"goals"`
	goals    []goal
}

// verdict is a goal and what was seen: the median of all repetitions, and their range.
type verdict struct {
	goal
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Worst  float64 `json:"worst"`
	Holds  bool    `json:"holds"`
	// Measured is false where a peer that the goal speaks of took no part.
	Measured bool `json:"measured"`
}

// report is the whole run.
type report struct {
	Started     time.Time         `json:"started"`
	Repetitions int               `json:"repetitions"`
	Versions    map[string]string `json:"versions"`
	Scenarios   []*result         `json:"scenarios"`
	Holds       bool              `json:"holds"`
}

// judge compares the figures with the goals. A load that was not inspected proves nothing.
func (r *report) judge() {
	r.Holds = true
	for _, s := range r.Scenarios {
		for _, g := range s.goals {
			v := s.verdict(g)
			s.Verdicts = append(s.Verdicts, v)
			r.Holds = r.Holds && v.Holds
		}
	}
}

func (s *result) verdict(g goal) verdict {
	var values []float64
	for i, mine := range s.Peers[wayguard] {
		if value, ok := s.figure(g.Figure, i, mine); ok {
			values = append(values, value)
		}
	}
	v := verdict{goal: g}
	if len(values) == 0 {
		return v
	}
	v.Measured = true
	slices.Sort(values)
	v.Median, v.Least, v.Worst = median(values), values[0], values[len(values)-1]
	v.Holds = v.Median <= g.Most && s.Inspected >= 0.999 && len(s.Errors) == 0
	return v
}

// figure is one repetition's value; ratios are taken within the repetition.
func (s *result) figure(name string, i int, mine figures) (float64, bool) {
	other, of, isRatio := "", "", true
	switch name {
	case cpuToNginx:
		other, of = nginx, cpuMicroseconds
	case cpuToCaddy:
		other, of = caddy, cpuMicroseconds
	case addedP50ToNginx:
		other, of = nginx, addedP50Microseconds
	case addedP95ToNginx:
		other, of = nginx, addedP95Microseconds
	case addedP95:
		value, ok := mine[addedP95Microseconds]
		return value / 1000, ok
	default:
		isRatio = false
	}
	if !isRatio {
		value, ok := mine[name]
		return value, ok
	}
	theirs := s.Peers[other]
	if i >= len(theirs) {
		return 0, false
	}
	a, ok := mine[of]
	b, okToo := theirs[i][of]
	if !ok || !okToo || b <= 0 {
		return 0, false
	}
	return a / b, true
}

func median(sorted []float64) float64 {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// print writes the tables, and says whether every goal holds.
func (r *report) print(out io.Writer) bool {
	for name, version := range r.Versions {
		fmt.Fprintf(out, "%s: %s\n", name, version)
	}
	fmt.Fprintf(out, "%d repetitions, medians with [least..most]; ratios within one repetition\n", r.Repetitions)
	for _, s := range r.Scenarios {
		fmt.Fprintf(out, "\n%s (inspected: %.2f %%)\n", s.Name, 100*s.Inspected)
		s.table(out)
		for _, text := range s.Errors {
			fmt.Fprintf(out, "  failed run: %s\n", text)
		}
		for _, v := range s.Verdicts {
			word := "holds"
			switch {
			case !v.Measured:
				fmt.Fprintf(out, "  goal: %s <= %g: NOT MEASURED\n", v.Figure, v.Most)
				continue
			case !v.Holds:
				word = "FALLS SHORT"
			}
			fmt.Fprintf(out, "  goal: %s <= %g: %.3f [%.3f..%.3f] %s\n", v.Figure, v.Most, v.Median, v.Least, v.Worst, word)
		}
	}
	return r.Holds
}

func (s *result) table(out io.Writer) {
	columns := map[string]bool{}
	for _, repetitions := range s.Peers {
		for _, f := range repetitions {
			for name := range f {
				columns[name] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  \t%s\n", strings.Join(names, "\t"))
	for _, peer := range slices.Sorted(maps.Keys(s.Peers)) {
		fmt.Fprintf(table, "  %s", peer)
		for _, name := range names {
			var values []float64
			for _, f := range s.Peers[peer] {
				if value, ok := f[name]; ok {
					values = append(values, value)
				}
			}
			if len(values) == 0 {
				fmt.Fprint(table, "\t-")
				continue
			}
			slices.Sort(values)
			fmt.Fprintf(table, "\t%.2f [%.2f..%.2f]", median(values), values[0], values[len(values)-1])
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush()
}
