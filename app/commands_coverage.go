package app

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"wayguard/engine"
	"wayguard/rule"
)

// The values that a threshold is moved to: beyond what any journey reaches, either way. Nothing counted is negative.
const (
	farAbove = 1_000_000_000
	farBelow = -1
)

// coverage says which rules, signatures and settings the test journeys try.
type coverage struct {
	rows []coverageRow
	// settings are those of live rules.
	settings []settingCoverage
}

// coverageRow counts the journeys of one rule or signature.
type coverageRow struct {
	id, kind string
	mode     rule.Mode
	fires    int
	holds    int
}

// settingCoverage says whether a journey's outcome changes when a threshold is moved far up or far down.
type settingCoverage struct {
	rule.Threshold
	raised, lowered bool
}

func (s settingCoverage) name() string { return s.Rule + "." + s.Name }

// cover counts journeys, and finds out on which thresholds their outcomes depend.
func cover(p *plan, tests []rule.Test) (*coverage, error) {
	c := &coverage{}
	byRule := map[string][]rule.Test{}
	for _, t := range tests {
		t.Expect = nil // the rule's own answer is in question, not the session's end
		byRule[t.Rule] = append(byRule[t.Rule], t)
	}
	row := func(id, kind string, mode rule.Mode) {
		r := coverageRow{id: id, kind: kind, mode: mode}
		for _, t := range byRule[id] {
			if t.Fires {
				r.fires++
			} else {
				r.holds++
			}
		}
		c.rows = append(c.rows, r)
	}
	live := map[string]bool{}
	for i := range p.config.Rules {
		r := &p.config.Rules[i]
		live[r.ID] = r.Mode != rule.Shadow
		row(r.ID, "rule", r.Mode)
	}
	for i := range p.config.Signatures {
		row(p.config.Signatures[i].ID, "signature", p.config.Signatures[i].Mode)
	}
	slices.SortFunc(c.rows, func(a, b coverageRow) int { return strings.Compare(a.kind+a.id, b.kind+b.id) })
	for _, t := range p.rules.Thresholds() {
		if live[t.Rule] {
			c.settings = append(c.settings, settingCoverage{Threshold: t})
		}
	}
	return c, c.move(p, byRule)
}

// move moves the thresholds. One of each rule is moved at a time, because most rules do not ask what others found; where one
// does, it is moved alone.
func (c *coverage) move(p *plan, byRule map[string][]rule.Test) error {
	group := errgroup.Group{}
	group.SetLimit(runtime.GOMAXPROCS(0))
	try := func(places []int, value int64) {
		group.Go(func() error { return c.try(p, byRule, places, value) })
	}
	rounds := [][]int{}
	seen := map[string]int{}
	for i, s := range c.settings {
		if asksOthers(p, s.Rule) {
			try([]int{i}, farAbove)
			try([]int{i}, farBelow)
			continue
		}
		round := seen[s.Rule]
		seen[s.Rule]++
		if round == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], i)
	}
	for _, places := range rounds {
		try(places, farAbove)
		try(places, farBelow)
	}
	return group.Wait()
}

// asksOthers says whether the rule's answer may depend on what other rules find.
func asksOthers(p *plan, id string) bool {
	for i := range p.config.Rules {
		r := &p.config.Rules[i]
		if r.ID != id {
			continue
		}
		text := r.When
		for n := range r.Sequence {
			text += fmt.Sprintf(" %+v", r.Sequence[n])
		}
		return slices.ContainsFunc([]string{"label(", "session.score", "session.rating", "suspicious_sessions", "malicious_sessions",
			"loss", "suspicion", "cluster(", "alarmed("}, func(word string) bool { return strings.Contains(text, word) })
	}
	return false
}

// try moves the thresholds at some places to a value and notes whose rules answer a journey otherwise.
func (c *coverage) try(p *plan, byRule map[string][]rule.Test, places []int, value int64) error {
	moved := p.config.Config
	moved.Settings = maps.Clone(moved.Settings)
	if moved.Settings == nil {
		moved.Settings = map[string]int64{}
	}
	for _, place := range places {
		moved.Settings[c.settings[place].name()] = value
	}
	vocabulary, _ := vocabularyOf(p.config, p.normaliser.Catalogue())
	set, problems := rule.Compile(moved, vocabulary)
	if err := problems.Err(); err != nil {
		return err
	}
	judge, err := engine.New(set, engine.Settings{IdleTimeout: p.config.Sessions.IdleTimeout})
	if err != nil {
		return err
	}
	other := &plan{config: p.config, normaliser: p.normaliser, rules: set, engine: judge}
	for _, place := range places {
		changed, err := answersOtherwise(other, byRule[c.settings[place].Rule])
		if err != nil {
			return err
		}
		if value == farAbove {
			c.settings[place].raised = changed
		} else {
			c.settings[place].lowered = changed
		}
	}
	return nil
}

// answersOtherwise says whether any journey that the rule answered as it should is answered otherwise.
func answersOtherwise(p *plan, tests []rule.Test) (bool, error) {
	for _, t := range tests {
		failures, err := runTest(p, t)
		if err != nil {
			return false, err
		}
		if len(failures) > 0 && (failures[0] == t.Rule+" did not fire" || strings.HasPrefix(failures[0], t.Rule+" fired on event")) {
			return true, nil
		}
	}
	return false, nil
}

// gaps are the settings of live rules that no journey depends on.
func (c *coverage) gaps() []string {
	var gaps []string
	for _, s := range c.settings {
		if !s.raised && !s.lowered {
			gaps = append(gaps, fmt.Sprintf("%s: no test journey of %s depends on this setting", s.name(), s.Rule))
		}
	}
	return gaps
}

// write prints the coverage as a table.
func (c *coverage) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, values ...any) { _, _ = fmt.Fprintf(t, format+"\n", values...) } // told by Flush
	line("\nCOVERAGE\tmode\tmust fire\tmust not\t")
	both := 0
	for _, r := range c.rows {
		mode, mark := "live", ""
		if r.mode == rule.Shadow {
			mode = "shadow"
		}
		if r.fires == 0 || r.holds == 0 {
			mark = "incomplete"
		} else {
			both++
		}
		line("%s %s\t%s\t%d\t%d\t%s", r.kind, r.id, mode, r.fires, r.holds, mark)
	}
	line("\nSETTING\tvalue\tmatters if raised\tif lowered\t")
	tried := 0
	for _, s := range c.settings {
		mark := ""
		switch {
		case !s.raised && !s.lowered:
			mark = "untested"
		case s.raised != s.lowered:
			mark = "one side"
		}
		if s.raised && s.lowered {
			tried++
		}
		line("%s\t%d\t%s\t%s\t%s", s.name(), s.Value, yesNo(s.raised), yesNo(s.lowered), mark)
	}
	line("\n%d of %d rules and signatures have a journey either way; %d of %d settings are held from both sides", both, len(c.rows), tried, len(c.settings))
	return t.Flush()
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
