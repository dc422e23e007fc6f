package app

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"wayguard/config"
	"wayguard/document"
	"wayguard/event"
	"wayguard/packs"
	"wayguard/policy"
	"wayguard/replay"
	"wayguard/rule"
)

// Active names the rules in force, as against those of a file.
const Active = "active"

// CompareOptions say which rules are compared, and over which recorded events.
type CompareOptions struct {
	// Config is the configuration whose rules are active, Demo the demo's; Data is where the events were recorded, where it is
	// not what Config says.
	Config, Data string
	Demo         bool
	// Rules is the candidate, a file or a folder; Against what it is compared with, Active or another one.
	Rules, Against string
	// Whole says that Rules and Against are whole configurations, and not changes of Config.
	Whole bool
	// Promote are shadow rules, signatures, actions and policies that the candidate takes live.
	Promote []string
	// From and To bound the events compared, the earlier ones are replayed all the same; the zero times are no bound.
	From, To time.Time
	// Good is a file of session and device ids that people have marked good, one a line.
	Good string
	// Examples told of each change; 0 is replay.DefaultExamples.
	Examples int
	// JSON prints the report for machines.
	JSON bool
}

// Compare replays the recorded events under two sets of rules, each from an empty state, and prints what differs.
func Compare(ctx context.Context, world World, o CompareOptions) error {
	base, err := replayConfig(world, o.Config, o.Data, o.Demo)
	if err != nil {
		return err
	}
	data := cmp.Or(o.Data, base.Data)
	good, err := readGood(o.Good)
	if err != nil {
		return err
	}
	active, err := o.plan(world, o.Against, nil)
	if err != nil {
		return fmt.Errorf("active rules: %w", err)
	}
	candidate, err := o.plan(world, o.Rules, o.Promote)
	if err != nil {
		return fmt.Errorf("candidate rules: %w", err)
	}
	log, err := glanceAt(data, quietly())
	if err != nil {
		return err
	}
	settings := replay.Settings{From: o.From, To: o.To, Findings: findings(active, candidate), Good: good, Examples: o.Examples}
	report, took, err := run(ctx, world, log, [2]*plan{active, candidate}, settings)
	if err = errors.Join(err, log.close()); err != nil {
		return err
	}
	report.Lost = log.lost
	if err := printReport(world, &report, o.JSON); err != nil {
		return err
	}
	_, err = fmt.Fprintf(world.Stderr, "replayed %d events under two sets of rules in %s\n", report.Events, took.Round(time.Millisecond))
	return err
}

func printReport(world World, report *replay.Report, machine bool) error {
	out := bufio.NewWriter(world.Stdout)
	var err error
	if machine {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = report.Write(out)
	}
	return errors.Join(err, out.Flush())
}

// plan compiles the rules that a path names.
func (o *CompareOptions) plan(world World, path string, promote []string) (*plan, error) {
	c, problems, err := o.configuration(world, path)
	if err != nil {
		return nil, err
	}
	problems = append(problems, promoted(&c, promote)...)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	c.Location.Files = nil // the events have been located
	keys, err := trialKeys()
	if err != nil {
		return nil, err
	}
	p, problems := compileForTrial(c, keys)
	return p, problems.Err()
}

// configuration is what a path means, with the packs in it.
func (o *CompareOptions) configuration(world World, path string) (c config.Config, problems document.Problems, err error) {
	var change config.Config
	switch {
	case path == "" || path == Active:
		c, err = replayConfig(world, o.Config, o.Data, o.Demo)
	case o.Whole:
		c, problems = config.Load(path, world.Lookup)
	default:
		if c, err = replayConfig(world, o.Config, o.Data, o.Demo); err == nil {
			change, problems, err = readChange(path, world.Lookup)
		}
	}
	if err != nil {
		return c, problems, err
	}
	c.Packs.Off = append(c.Packs.Off[:len(c.Packs.Off):len(c.Packs.Off)], change.Packs.Off...)
	problems = append(problems, withPacks(&c)...)
	// The packs are in by now, and are not to be added again.
	c.Packs.Off = packNames(append(packs.Starter(), packs.Default()...))
	overlay(&c, &change)
	return c, problems, nil
}

// readChange reads files that change a configuration's rules.
func readChange(path string, lookup document.Lookup) (change config.Config, problems document.Problems, err error) {
	files, err := yamlFiles(path)
	if err != nil {
		return change, nil, err
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return change, problems, fmt.Errorf("rules: %w", err)
		}
		problems = append(problems, change.Add(name, data, lookup)...)
	}
	if len(change.Specs)+len(change.Sites)+len(change.Origins)+len(change.Include) > 0 || change.Mitigation.At != (document.Mark{}) {
		problems = append(problems, document.Problem{File: path,
			Message: "only rules, signatures, actions, policies, ratings, settings, packs.off and sessions.idle_timeout are replayed: the events are recorded as they are",
			// A whole configuration has specs, of course.
			Suggestion: "is it a whole configuration? then say --whole"})
	}
	return change, problems, nil
}

// overlay puts a change over a configuration: what has the same id is replaced, anything else added.
func overlay(c, change *config.Config) {
	c.Rules = replaced(c.Rules, change.Rules, func(r rule.RuleConfig) string { return r.ID })
	c.Signatures = replaced(c.Signatures, change.Signatures, func(s rule.SignatureConfig) string { return s.ID })
	c.Actions = replaced(c.Actions, change.Actions, func(a policy.ActionConfig) string { return a.Name })
	c.Policies = replaced(c.Policies, change.Policies, func(p policy.Config) string { return p.Name })
	if change.Ratings != nil {
		c.Ratings = change.Ratings
	}
	if len(change.Settings) > 0 {
		settings := maps.Clone(c.Settings)
		if settings == nil {
			settings = map[string]int64{}
		}
		maps.Copy(settings, change.Settings)
		c.Settings = settings
	}
	c.Sessions.IdleTimeout = cmp.Or(change.Sessions.IdleTimeout, c.Sessions.IdleTimeout)
}

// replaced is all of was that change does not replace, and change. What stands twice in change stays, to be told.
func replaced[T any](was, change []T, id func(T) string) []T {
	out := make([]T, 0, len(was)+len(change))
	for _, item := range was {
		if !slices.ContainsFunc(change, func(other T) bool { return id(other) == id(item) }) {
			out = append(out, item)
		}
	}
	return append(out, change...)
}

// promoted takes shadow rules, signatures, actions and policies live.
func promoted(c *config.Config, ids []string) document.Problems {
	var problems document.Problems
	for _, id := range ids {
		var mode *rule.Mode
		for i := range c.Rules {
			if c.Rules[i].ID == id {
				mode = &c.Rules[i].Mode
			}
		}
		for i := range c.Signatures {
			if c.Signatures[i].ID == id {
				mode = &c.Signatures[i].Mode
			}
		}
		for i := range c.Actions {
			if c.Actions[i].Name == id && c.Actions[i].Conditional() {
				mode = &c.Actions[i].Mode
			}
		}
		for i := range c.Policies {
			if c.Policies[i].Name == id {
				mode = &c.Policies[i].Mode
			}
		}
		if mode == nil {
			problems = append(problems, document.Problem{Message: fmt.Sprintf("no rule, signature, policy or action with a condition is called %q, so it cannot be promoted", id)})
			continue
		}
		*mode = rule.Live
	}
	return problems
}

// findings are all rules, signatures, actions and policies that either plan knows. An action that only policies name hits nobody
// by itself.
func findings(active, candidate *plan) []replay.Finding {
	type key struct {
		kind replay.Kind
		id   string
	}
	known := map[key]*replay.Finding{}
	note := func(side int, kind replay.Kind, id, name string, mode rule.Mode) {
		f := known[key{kind, id}]
		if f == nil {
			f = &replay.Finding{Kind: kind, ID: id, Active: replay.Absent, Candidate: replay.Absent}
			known[key{kind, id}] = f
		}
		f.Name = name
		place := &f.Active
		if side == 1 {
			place = &f.Candidate
		}
		*place = replay.Live
		if mode == rule.Shadow {
			*place = replay.Shadow
		}
	}
	for side, p := range []*plan{active, candidate} {
		for i := range p.config.Rules {
			note(side, replay.Rule, p.config.Rules[i].ID, p.config.Rules[i].Label, p.config.Rules[i].Mode)
		}
		for i := range p.config.Signatures {
			note(side, replay.Signature, p.config.Signatures[i].ID, p.config.Signatures[i].Name, p.config.Signatures[i].Mode)
		}
		for i := range p.config.Actions {
			if p.config.Actions[i].Conditional() {
				note(side, replay.Action, p.config.Actions[i].Name, string(p.config.Actions[i].Kind), p.config.Actions[i].Mode)
			}
		}
		for i := range p.config.Policies {
			first, _ := p.rules.Action(p.config.Policies[i].Steps[0].Action)
			note(side, replay.Policy, p.config.Policies[i].Name, string(first.Kind), p.config.Policies[i].Mode)
		}
	}
	all := make([]replay.Finding, 0, len(known))
	for _, f := range known {
		all = append(all, *f)
	}
	return all
}

// readGood reads ids, one a line; what stands behind # is a remark.
func readGood(path string) (map[event.ID]bool, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("good sessions: %w", err)
	}
	good := map[event.ID]bool{}
	for line := range strings.Lines(string(data)) {
		id, _, _ := strings.Cut(line, "#")
		if id = strings.ToLower(strings.TrimSpace(id)); id != "" {
			good[event.ID(id)] = true
		}
	}
	return good, nil
}
