package app

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"wayguard/config"
	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
	"wayguard/packs"
	"wayguard/rule"
	"wayguard/sim/demo"
	"wayguard/state"
	"wayguard/stream"
)

// trialKeys hash values where nothing is kept: in tests and checks.
func trialKeys() (element.Keys, error) {
	return element.NewKeys([]byte("a key for trials, of no worth at all"))
}

// Check reads a configuration and tells every problem as the error; it touches nothing else.
func Check(world World, path string) error {
	c, problems := config.Load(path, world.Lookup)
	keys, err := trialKeys()
	if err != nil {
		return err
	}
	p, more := compileForTrial(c, keys)
	problems = append(problems, more...)
	problems = append(problems, c.Proxy.Validate()...)
	if err := problems.Err(); err != nil {
		return err
	}
	for _, note := range inert(p.config) {
		fmt.Fprintf(world.Stdout, "note: %s\n", note)
	}
	_, err = fmt.Fprintf(world.Stdout, "%s is right: %d specs, %d rules, version %s\n", path, len(p.config.Specs), len(p.rules.Rules()), p.engine.Rules())
	return err
}

// Test runs the packs' test journeys and those of the files given, and tells rules and signatures that no journey tests, and
// which settings none depends on.
func Test(world World, path string, files []string) error { return test(world, path, files, false) }

// TestStrictly is Test, and a setting that no journey depends on fails it.
func TestStrictly(world World, path string, files []string) error {
	return test(world, path, files, true)
}

func test(world World, path string, files []string, strict bool) error {
	c := config.Default()
	if path != "" {
		loaded, problems := config.Load(path, world.Lookup)
		if err := problems.Err(); err != nil {
			return err
		}
		c = loaded
	}
	keys, err := trialKeys()
	if err != nil {
		return err
	}
	p, problems := compileForTrial(c, keys)
	if err := problems.Err(); err != nil {
		return err
	}
	tests, err := readTests(p, files)
	if err != nil {
		return err
	}
	return runTests(world, p, tests, strict)
}

func readTests(p *plan, files []string) ([]rule.Test, error) {
	var tests []rule.Test
	var problems document.Problems
	read := func(name string, data []byte) {
		parsed, more := rule.ParseTests(name, data, p.normaliser.Catalogue())
		tests, problems = append(tests, parsed...), append(problems, more...)
	}
	for _, file := range packs.Tests() {
		if !slices.Contains(p.config.Packs.Off, file.Pack()) {
			read(file.Name, file.Data)
		}
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("test file: %w", err)
		}
		read(name, data)
	}
	return tests, problems.Err()
}

func runTests(world World, p *plan, tests []rule.Test, strict bool) error {
	failed := 0
	for _, test := range tests {
		failures, err := runTest(p, test)
		if err != nil {
			failures = append(failures, err.Error())
		}
		if len(failures) == 0 {
			fmt.Fprintf(world.Stdout, "ok    %s: %s\n", test.Rule, test.Name)
			continue
		}
		failed++
		fmt.Fprintf(world.Stdout, "FAIL  %s: %s (%s)\n", test.Rule, test.Name, test.At)
		for _, failure := range failures {
			fmt.Fprintf(world.Stdout, "      %s\n", failure)
		}
	}
	covered, err := cover(p, tests)
	if err != nil {
		return err
	}
	if err := covered.write(world.Stdout); err != nil {
		return err
	}
	uncovered := rule.Uncovered(p.rules, tests)
	if strict {
		uncovered = append(uncovered, covered.gaps()...)
	}
	for _, gap := range uncovered {
		fmt.Fprintf(world.Stdout, "GAP   %s\n", gap)
	}
	fmt.Fprintf(world.Stdout, "%d passed, %d failed, %d gaps\n", len(tests)-failed, failed, len(uncovered))
	if failed > 0 || len(uncovered) > 0 {
		return errors.New("the rules do not hold what their tests promise")
	}
	return nil
}

func runTest(p *plan, test rule.Test) ([]string, error) {
	events, err := test.Events(p.normaliser)
	if err != nil {
		return nil, err
	}
	records, err := p.engine.Play(events)
	if err != nil {
		return nil, err
	}
	return test.Failures(records), nil
}

// verdictLine is what a replay prints of one record.
type verdictLine struct {
	Position stream.Position `json:"position"`
	Event    event.ID        `json:"event_id"`
	Session  event.Session   `json:"session"`
	Verdict  event.Verdict   `json:"verdict"`
}

// Replay judges the log's events again, from an empty state, and prints a verdict a line. Its summary on the error
// output says how many verdicts differ from those recorded.
func Replay(ctx context.Context, world World, path, data string, useDemo bool) error {
	c, err := replayConfig(world, path, data, useDemo)
	if err != nil {
		return err
	}
	keys, err := trialKeys()
	if err != nil {
		return err
	}
	p, problems := compileForTrial(c, keys)
	if err := problems.Err(); err != nil {
		return err
	}
	out := bufio.NewWriter(world.Stdout)
	memory := state.NewMemory(c.Limits.StateEntries)
	j := newJudge(p)
	j.open(memory, nil, 0)
	count, differ, started := 0, 0, time.Now()
	lost, err := eachRecord(ctx, cmp.Or(data, c.Data), func(e stream.Entry) error {
		step, err := j.commit(ctx, &e.Record.Event)
		if err != nil {
			return fmt.Errorf("record %d: %w", e.Position, err)
		}
		line := verdictLine{e.Position, step.Record.Event.ID, step.Record.Session, step.Record.Verdict}
		same, err := writeLine(out, line, verdictLine{e.Position, e.Record.Event.ID, e.Record.Session, e.Record.Verdict})
		if !same {
			differ++
		}
		count++
		return err
	})
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	noteLost(world, lost)
	_, err = fmt.Fprintf(world.Stderr, "replayed %d events in %s; %d verdicts differ from those recorded\n", count, time.Since(started).Round(time.Millisecond), differ)
	return err
}

func replayConfig(world World, path, data string, useDemo bool) (config.Config, error) {
	c := config.Default()
	if useDemo {
		return demoConfig(c, demo.Files())
	}
	if path == "" {
		return c, nil
	}
	loaded, problems := config.Load(path, world.Lookup)
	return loaded, problems.Err()
}

// writeLine writes the verdict and says whether the recorded one is the same to the byte.
func writeLine(out *bufio.Writer, line, recorded verdictLine) (same bool, err error) {
	now, err := json.Marshal(line)
	if err != nil {
		return false, err
	}
	then, err := json.Marshal(recorded)
	if err != nil {
		return false, err
	}
	_, err = out.Write(append(now, '\n'))
	return string(now) == string(then), err
}

// exportLine is what an export prints of one record.
type exportLine struct {
	Position stream.Position `json:"position"`
	event.Record
}

// Export prints the log's records, one JSON a line with its position.
func Export(ctx context.Context, world World, data string) error {
	out := bufio.NewWriter(world.Stdout)
	encoder := json.NewEncoder(out)
	lost, err := eachRecord(ctx, data, func(e stream.Entry) error { return encoder.Encode(exportLine{e.Position, e.Record}) })
	noteLost(world, lost)
	return errors.Join(err, out.Flush())
}
