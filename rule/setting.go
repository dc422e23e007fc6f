package rule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"wayguard/document"
)

// Setting is a named threshold of a rule: written as its default alone, or with where it is from.
type Setting struct {
	// Default is the threshold where the operator sets no other.
	Default int64 `yaml:"default"`
	// Source says where the default is from: a study, a vendor's documentation, a measurement.
	Source string `yaml:"source"`
	// Quantile is the percentage of the unsuspicious that should lie below the threshold: what it is to be fitted to with one's
	// own traffic, if that gives more than the default. 0 is none.
	Quantile float64 `yaml:"quantile"`
}

// The bounds of a Quantile: a threshold that most people are over finds nobody.
const (
	leastQuantile   = 50
	maxSourceLength = 200
)

// UnmarshalDocument reads a whole number or a map.
func (s *Setting) UnmarshalDocument(n document.Node) document.Problems {
	if n.Kind() != document.Map {
		return n.Decode(&s.Default)
	}
	type plain Setting
	if problems := n.Decode((*plain)(s)); len(problems) > 0 {
		return problems
	}
	var problems document.Problems
	if !n.Has("default") {
		problems = append(problems, n.Problem("a setting needs a default", ""))
	}
	if s.Quantile != 0 && !(s.Quantile >= leastQuantile && s.Quantile < 100) {
		problems = append(problems, n.Problem(fmt.Sprintf("a quantile lies between %d and 100 percent, not at %s", leastQuantile,
			doubleText(s.Quantile)), ""))
	}
	if len(s.Source) > maxSourceLength {
		problems = append(problems, n.Problem("a source is at most "+strconv.Itoa(maxSourceLength)+" bytes long", ""))
	}
	return problems
}

// Threshold is a setting of a compiled rule with the value in force.
type Threshold struct {
	// Rule and Name make up the key under which the operator sets it: "rule.name".
	Rule, Name string
	Setting
	// Value is the number in force.
	Value int64
}

// Thresholds lists the settings of all rules in the order of their rules' ids and their names.
func (s *Set) Thresholds() []Threshold {
	var all []Threshold
	for _, r := range s.rules {
		for _, name := range slices.Sorted(maps.Keys(r.config.Settings)) {
			all = append(all, Threshold{r.config.ID, name, r.config.Settings[name], r.settings[name]})
		}
	}
	return all
}

// allSettings are the names of all rules' thresholds.
func allSettings(rules []RuleConfig) []string {
	names := map[string]bool{}
	for _, rule := range rules {
		for name := range rule.Settings {
			names[name] = true
		}
	}
	return keys(names)
}

// overrides refuses settings of rules that are not there.
func (c *compiler) overrides() {
	known := map[string]bool{}
	for _, rule := range c.config.Rules {
		for name := range rule.Settings {
			known[rule.ID+"."+name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.config.Settings)) {
		if !known[name] {
			c.problem(c.config.At, "settings", fmt.Sprintf("no rule has the setting %q", name), document.DidYouMean(name, keys(known)))
		}
	}
}

// effective are the rule's thresholds with the operator's overrides.
func (c *compiler) effective(config RuleConfig) map[string]int64 {
	settings := map[string]int64{}
	for name, setting := range config.Settings {
		settings[name] = setting.Default
		if value, overridden := c.config.Settings[config.ID+"."+name]; overridden {
			settings[name] = value
		}
	}
	return settings
}

func (c *compiler) settingNames(config RuleConfig) {
	for _, name := range slices.Sorted(maps.Keys(config.Settings)) {
		if !settingName.MatchString(name) {
			c.problem(config.At, "settings."+name, fmt.Sprintf("a setting's name is lower-case words joined by underscores, not %q", name), "")
		}
	}
}
