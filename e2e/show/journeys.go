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

	"wayguard/e2e"
)

func journeys() []check {
	return []check{{"evaluation", evaluation}, {"demo", demo}}
}

// demo runs the demo's visitors through its specs, the packs and the engine: what is asserted there is that its attackers
// are found out, and its people left alone.
func demo(ctx context.Context) ([]e2e.Figure, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout", "300s", "./sim/traffic")
	command.Dir = root
	text, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("sim/traffic: %w", err)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s", text)
	}
	return []e2e.Figure{e2e.Holds("the demo's attackers are recognised, its people are not", fmt.Sprint(err == nil), err == nil, "= true")}, nil
}

// evaluation runs the evaluation on worlds that were not tuned on, and gives each goal as a figure.
func evaluation(ctx context.Context) ([]e2e.Figure, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(root, "build", "eval.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "go", "run", "./eval/run", "-json", file)
	command.Dir, command.Stderr = root, os.Stderr
	if text, err := command.Output(); err != nil {
		return nil, fmt.Errorf("eval/run: %w\n%s", err, text)
	}
	told, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var report struct {
		Figures []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
			Goal  string `json:"goal"`
			Met   bool   `json:"met"`
		} `json:"figures"`
	}
	if err := json.Unmarshal(told, &report); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	var figures []e2e.Figure
	for _, f := range report.Figures {
		figures = append(figures, e2e.Holds(f.Name, f.Value, f.Met, f.Goal))
	}
	return figures, nil
}
