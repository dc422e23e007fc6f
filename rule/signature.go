package rule

import (
	"fmt"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/event"
)

// signature checks and compiles one signature.
func (c *compiler) signature(config SignatureConfig) {
	before := len(c.problems)
	c.identity(config.At, config.ID)
	c.named(config.At, "name", config.Name)
	c.mode(config.At, config.Mode)
	c.weight(config.At, config.Severity, config.Points)
	placed := map[string]bool{}
	for _, rule := range c.config.Rules {
		placed[rule.Label] = true
	}
	if placed[config.Name] {
		c.problem(config.At, "name", fmt.Sprintf("a rule places the label %q already", config.Name), "")
	}
	for _, name := range c.language.vocabulary.Labels {
		placed[name] = true
	}
	labels := config.Labels
	for path, names := range map[string][]string{"all": labels.All, "any": labels.Any, "none": labels.None} {
		for n, name := range names {
			if !placed[name] {
				c.problem(config.At, fmt.Sprintf("labels.%s[%d]", path, n), fmt.Sprintf("no rule places the label %q", name),
					document.DidYouMean(name, keys(placed)))
			}
		}
	}
	c.reachable(config)
	if len(c.problems) > before {
		slices.SortStableFunc(c.problems[before:], func(a, b document.Problem) int { return strings.Compare(a.Path, b.Path) })
		return
	}
	config.Mode = orLive(config.Mode)
	c.set.signatures = append(c.set.signatures, &compiledSignature{config: config, version: fingerprint(config)})
}

// reachable refuses conditions on labels that no session meets, or every one does.
func (c *compiler) reachable(config SignatureConfig) {
	labels := config.Labels
	if len(labels.All) == 0 && len(labels.Any) == 0 {
		c.problem(config.At, "labels", "a signature needs labels: all or any", "")
	}
	if labels.AtLeast < 0 || labels.AtLeast > len(labels.Any) {
		c.problem(config.At, "labels.at_least", fmt.Sprintf("at_least is %d, but any lists %d labels", labels.AtLeast, len(labels.Any)), "")
	}
	for n, name := range labels.None {
		if slices.Contains(labels.All, name) {
			c.problem(config.At, fmt.Sprintf("labels.none[%d]", n), fmt.Sprintf("%q is demanded and excluded", name), "")
		}
	}
}

// holds says whether the labels a session carries fulfil the signature. A shadow signature counts shadow labels too,
// so that a whole pattern can be tried out.
func (s *compiledSignature) holds(carried func(name string, shadows bool) bool) bool {
	labels, shadows := s.config.Labels, s.config.Mode == Shadow
	for _, name := range labels.All {
		if !carried(name, shadows) {
			return false
		}
	}
	for _, name := range labels.None {
		if carried(name, shadows) {
			return false
		}
	}
	if len(labels.Any) == 0 {
		return true
	}
	met := 0
	for _, name := range labels.Any {
		if carried(name, shadows) {
			met++
		}
	}
	return met >= max(1, labels.AtLeast)
}

// label is what the signature places, with the labels that fulfilled it.
func (s *compiledSignature) label(carried func(name string, shadows bool) bool) event.Label {
	var because []event.Reason
	for _, name := range slices.Concat(s.config.Labels.All, s.config.Labels.Any) {
		met := carried(name, s.config.Mode == Shadow)
		because = append(because, event.Reason{Expression: fmt.Sprintf("session.label(%q)", name), Value: boolText(met)})
	}
	return event.Label{
		Name: s.config.Name, Severity: s.config.Severity, Rule: s.config.ID, Version: s.version, Signature: true,
		Shadow: s.config.Mode == Shadow, Points: s.config.Points, Because: because, Sentence: s.config.Sentence,
	}
}
