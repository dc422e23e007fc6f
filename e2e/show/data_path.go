//go:build e2e

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"wayguard/e2e"
	"wayguard/e2e/path"
)

func dataPath() []check {
	return []check{
		{"h2spec", path.CheckHTTP2},
		{"gRPC", path.CheckGRPC},
		{"smuggling", path.CheckSmuggling},
		{"bytes", path.CheckBytes},
		{"browser", path.CheckBrowser},
		{"drills", path.CheckDrills},
		{"reload", func(ctx context.Context) ([]e2e.Figure, error) { return path.CheckReload(ctx, 100) }},
		{"upgrade", func(ctx context.Context) ([]e2e.Figure, error) { return path.CheckUpgrade(ctx, 5) }},
		{"endurance", func(ctx context.Context) ([]e2e.Figure, error) { return path.CheckEndurance(ctx, 10*time.Second) }},
		{"inspection", inspection},
		{"bench", beside},
	}
}

// beside runs the measurement beside the peers and gives each goal as a figure.
func beside(ctx context.Context) ([]e2e.Figure, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(root, "build", "bench-proxy.json")
	command := exec.CommandContext(ctx, "go", "run", "./bench/proxy", "-wayguard", "build/wayguard", "-json", file)
	command.Dir, command.Stderr = root, os.Stderr
	text, err := command.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: a goal falls short, which the figures tell
		return nil, fmt.Errorf("bench/proxy: %w\n%s", err, text)
	}
	told, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var report struct {
		Scenarios []struct {
			Name  string `json:"name"`
			Goals []struct {
				Figure               string
				Most                 float64
				Median, Least, Worst float64
				Holds                bool
			} `json:"goals"`
		} `json:"scenarios"`
	}
	if err := json.Unmarshal(told, &report); err != nil {
		return nil, err
	}
	var figures []e2e.Figure
	for _, s := range report.Scenarios {
		for _, g := range s.Goals {
			figures = append(figures, e2e.Holds(s.Name+": "+g.Figure, fmt.Sprintf("%.2f [%.2f..%.2f]", g.Median, g.Least, g.Worst), g.Holds,
				fmt.Sprintf("<= %g", g.Most)))
		}
	}
	return figures, nil
}
