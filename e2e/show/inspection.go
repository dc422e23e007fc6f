//go:build e2e

package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"

	"wayguard/e2e"
)

// inspection runs the benchmarks of inspection and of the store, seven times, and gives their medians as figures.
func inspection(ctx context.Context) ([]e2e.Figure, error) {
	whole, err := benchmark(ctx, "./bench", "Inspection/hot/whole", "20000x", `BenchmarkInspection/hot/whole\S*\s`, "cpu-ns/op", "allocs/op")
	if err != nil {
		return nil, err
	}
	collect, err := benchmark(ctx, "./state", "CollectMillion", "3x", `BenchmarkCollectMillion\S*\s`, "ms-cpu/gc")
	if err != nil {
		return nil, err
	}
	return []e2e.Figure{
		most("inspection, hot, us of CPU an event", whole["cpu-ns/op"]/1000, 10),
		most("inspection, hot, allocations an event", whole["allocs/op"], 0),
		most("a garbage collection beside a million live sessions, ms of CPU", collect["ms-cpu/gc"], 10),
	}, nil
}

func most(name string, got, limit float64) e2e.Figure {
	return e2e.Holds(name, fmt.Sprintf("%.2f", got), got <= limit, fmt.Sprintf("<= %g", limit))
}

// benchmark gives the median of each unit that a benchmark reports; the units named must be among them.
func benchmark(ctx context.Context, room, name, times, line string, units ...string) (map[string]float64, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", name, "-benchtime", times, "-count", "7", "-benchmem", room)
	command.Dir = root
	text, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, text)
	}
	values := map[string][]float64{}
	for _, found := range regexp.MustCompile(`(?m)^`+line+`.*$`).FindAll(text, -1) {
		for _, pair := range regexp.MustCompile(`([0-9.e+-]+) ([A-Za-z][A-Za-z/-]*)`).FindAllSubmatch(found, -1) {
			if value, err := strconv.ParseFloat(string(pair[1]), 64); err == nil {
				values[string(pair[2])] = append(values[string(pair[2])], value)
			}
		}
	}
	for _, unit := range units {
		if len(values[unit]) != 7 {
			return nil, fmt.Errorf("%s told no %s:\n%s", name, unit, text)
		}
	}
	medians := map[string]float64{}
	for unit, all := range values {
		slices.Sort(all)
		medians[unit] = all[len(all)/2]
	}
	return medians, nil
}
