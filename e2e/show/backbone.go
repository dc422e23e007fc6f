//go:build e2e

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"wayguard/e2e"
)

func backbone() []check {
	return []check{
		{"demo", func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckDemo(ctx, os.Getenv("IMAGES")) }},
		{"offline", e2e.CheckOffline},
		{"WordPress", e2e.CheckWordPress},
		{"kill -9", func(ctx context.Context) ([]e2e.Figure, error) { return e2e.CheckKill(ctx, 20) }},
		{"trouble", e2e.CheckTrouble},
		{"secrets", e2e.CheckSecrets},
		{"make test", everydayTests},
	}
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
