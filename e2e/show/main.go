//go:build e2e

// Command show runs every check of the backbone and prints each figure beside its goal, one a line. It exits with 1 where
// one falls short.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"wayguard/e2e"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	missed := 0
	for _, check := range []struct {
		name string
		run  func(context.Context) ([]e2e.Figure, error)
	}{
		{"demo", func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckDemo(ctx, os.Getenv("IMAGES")) }},
		{"offline", e2e.CheckOffline},
		{"WordPress", e2e.CheckWordPress},
		{"kill -9", func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckKill(ctx, 20) }},
		{"trouble", e2e.CheckTrouble},
		{"secrets", e2e.CheckSecrets},
		{"make test", everydayTests},
	} {
		figures, err := check.run(ctx)
		for _, f := range figures {
			fmt.Println(f.Line())
			if !f.Met {
				missed++
			}
		}
		if err != nil {
			fmt.Printf("FAIL  %s: %v\n", check.name, err)
			missed++
		}
	}
	if missed > 0 {
		fmt.Printf("%d figures miss their goal\n", missed)
		os.Exit(1)
	}
	fmt.Println("every figure meets its goal")
}

// everydayTests times `make test` without the test cache.
func everydayTests(ctx context.Context) ([]e2e.Figure, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "make", "test")
	command.Dir = root
	command.Env = append(os.Environ(), "GOFLAGS=-count=1")
	started := time.Now()
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, output)
	}
	return []e2e.Figure{e2e.Within("make test, uncached", time.Since(started), 5*time.Minute)}, nil
}
