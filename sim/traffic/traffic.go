// Package traffic is a placeholder until the real one lands.
package traffic

import (
	"context"
	"log/slog"
)

// Config says.
type Config struct {
	Target string
	Seed   uint64
	People int
	Logger *slog.Logger
}

// Report tells.
type Report struct{}

// Run runs.
func Run(ctx context.Context, c Config) (Report, error) { <-ctx.Done(); return Report{}, nil }
