// Command run evaluates the engine with the default packs and prints the report. It exits with 1 where a figure falls short
// of its goal and -goals is given, and with 2 where it could not be run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"wayguard/eval"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		code = 2
	}
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	devices := flags.Int("devices", 6000, "devices of people in each world")
	days := flags.Int("days", 60, "days that each world lasts")
	force := flags.Float64("force", 1, "scale of the attacks")
	seeds := flags.String("seeds", "101,102", "worlds that are reported on")
	tuned := flags.String("tuned", "1,2,3,4,5", "worlds that thresholds are chosen on: of 1 to 5")
	workers := flags.Int("workers", 2, "worlds at a time")
	file := flags.String("json", "", "file that the report is written to as JSON")
	only := flags.String("worlds", "", "worlds to be driven, of full, cookieless, null and drift, without the rest: for work on rules; empty is everything")
	plain := flags.Bool("plain", false, "worlds without cookies that identify nobody (consent, csrf)")
	builds := flags.Bool("builds", false, "desktops tell the version of their system when they are asked for hints")
	goals := flags.Bool("goals", false, "exit with 1 where a figure falls short")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	scope := eval.Scope{Devices: *devices, Days: *days, Force: *force, Plain: *plain, Builds: *builds, Workers: *workers, Progress: func(name string, events int, took time.Duration) {
		fmt.Fprintf(os.Stderr, "%s world: %d events in %s\n", name, events, took.Round(time.Second))
	}}
	var err error
	if scope.Seeds, err = numbers(*seeds); err == nil {
		scope.Tuned, err = numbers(*tuned)
	}
	if err != nil {
		return 2, err
	}
	if *only != "" {
		scope.Only = strings.Split(*only, ",")
	}
	if scope.Devices < 100 || scope.Days < 10 {
		return 2, errors.New("a world has 100 devices and 10 days at least")
	}
	report, err := eval.Evaluate(ctx, scope)
	if err != nil {
		return 2, err
	}
	if err := report.Write(os.Stdout); err != nil {
		return 2, fmt.Errorf("write report: %w", err)
	}
	if *file != "" {
		if err := save(*file, report); err != nil {
			return 2, err
		}
	}
	for _, f := range report.Figures {
		if !f.Met && *goals {
			return 1, nil
		}
	}
	return 0, nil
}

func numbers(text string) ([]uint64, error) {
	var all []uint64
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("seed %q is no number", part)
		}
		all = append(all, n)
	}
	return all, nil
}

func save(file string, report *eval.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
