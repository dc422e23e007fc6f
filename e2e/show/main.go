//go:build e2e

// Command show runs every check of one part of the house and prints each figure beside its goal, one a line. It exits with 1
// where one falls short.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"wayguard/e2e"
)

// check gives the figures of one matter.
type check struct {
	name string
	run  func(context.Context) ([]e2e.Figure, error)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	parts := map[string][]check{"backbone": backbone(), "data-path": dataPath(), "journeys": journeys(), "mitigation": mitigation(), "decisions": decisions()}
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: show backbone|data-path|journeys|mitigation|decisions [part of a check's name]")
		os.Exit(2)
	}
	missed := 0
	for _, c := range parts[os.Args[1]] {
		if len(os.Args) > 2 && !strings.Contains(c.name, os.Args[2]) {
			continue
		}
		figures, err := c.run(ctx)
		for _, f := range figures {
			fmt.Println(f.Line())
			if !f.Met {
				missed++
			}
		}
		if err != nil {
			fmt.Printf("FAIL  %s: %v\n", c.name, err)
			missed++
		}
	}
	if missed > 0 {
		fmt.Printf("%d figures miss their goal\n", missed)
		os.Exit(1)
	}
	fmt.Println("every figure meets its goal")
}
