package app

import (
	"io"
	"log/slog"
	"time"
)

// World is what the program may touch, so that a test can run all of it in process.
type World struct {
	Stdout, Stderr io.Writer
	// Lookup reads the environment.
	Lookup func(name string) (string, bool)
	Now    func() time.Time
	Logger *slog.Logger
	// Version is the program's.
	Version string
}
