package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	binary  string
	earlier string
	reps    int
	seconds time.Duration
	only    string
	json    string
	peers   string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "wayguard", "build/wayguard", "the binary to measure")
	flag.StringVar(&o.earlier, "earlier", "", "another binary, measured beside the first as the peer "+earlier)
	flag.IntVar(&o.reps, "reps", 7, "repetitions; goals ask for at least seven")
	flag.DurationVar(&o.seconds, "for", 2*time.Second, "time of one measurement of one peer")
	flag.StringVar(&o.only, "only", "", "measure only scenarios whose name contains this")
	flag.StringVar(&o.json, "json", "", "write the figures to this file")
	flag.StringVar(&o.peers, "peers", "nginx,haproxy,caddy,wayguard", "who is measured; nginx is always among them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if !report.print(os.Stdout) {
		os.Exit(1)
	}
}

// contestants are the names of the peers, and the binaries of those that are Wayguard.
func (o options) contestants() (names []string, binaries map[string]string, err error) {
	names, binaries = strings.Split(o.peers, ","), map[string]string{wayguard: o.binary}
	if o.earlier != "" {
		names, binaries[earlier] = append(names, earlier), o.earlier
	}
	for name, file := range binaries {
		if binaries[name], err = filepath.Abs(file); err != nil {
			return nil, nil, err
		}
	}
	return names, binaries, nil
}

// run measures everything and writes the JSON.
func run(ctx context.Context, o options) (*report, error) {
	dir, err := os.MkdirTemp("", "wayguard-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The peers' workers drop their privileges, and must still reach their files.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	names, binaries, err := o.contestants()
	if err != nil {
		return nil, err
	}
	field, err := startField(ctx, dir, binaries, names)
	if err != nil {
		return nil, err
	}
	defer field.stop()
	report := &report{Started: time.Now().UTC().Truncate(time.Second), Repetitions: o.reps, Versions: field.versions()}
	for _, s := range scenarios(o.seconds) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if o.only != "" && !strings.Contains(s.name, o.only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s ...\n", s.name)
		result, err := field.measure(ctx, s, o.reps)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		report.Scenarios = append(report.Scenarios, result)
	}
	if len(report.Scenarios) == 0 {
		return nil, errors.New("no scenario has that name")
	}
	report.judge()
	if o.json == "" {
		return report, nil
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, err
	}
	return report, os.WriteFile(o.json, append(text, '\n'), 0o644)
}
