package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/event"
)

// The bounds of one configuration.
const (
	mostActions   = 1000
	mostPolicies  = 500
	longestName   = 100
	longestText   = 64 << 10
	longestAnswer = 4 << 10 // of a header's value or an address
)

var identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Names are what the rest of a configuration defines and policies may name.
type Names struct {
	// Specs are the names of all specs; empty means that they are not known and not checked.
	Specs []string
	// Labels are what rules place, Signatures the signatures' names.
	Labels     []string
	Signatures []string
	// Elements are the catalogue's names; empty means that they are not known and not checked.
	Elements []string
}

// Reference is a name that a part of the configuration uses and another one defines.
type Reference struct {
	// At and Path are where it stands.
	At   document.Mark
	Path string
	Name string
}

// Problem is a problem of the reference.
func (r Reference) Problem(message, suggestion string) document.Problem {
	return r.At.Problem(r.Path, message, suggestion)
}

// Unknown tells which references are to nothing that is known; what says in words what they are to, such as "group of origins".
func Unknown(references []Reference, known []string, what string) document.Problems {
	var problems document.Problems
	for _, r := range references {
		if !slices.Contains(known, r.Name) {
			problems = append(problems, r.Problem(fmt.Sprintf("there is no %s %.100q", what, r.Name), document.DidYouMean(r.Name, known)))
		}
	}
	return problems
}

// Origins are the groups of origins that actions name, for those who know which there are.
func Origins(actions []ActionConfig) []Reference {
	return references(actions, "origin", func(a *ActionConfig) string { return a.Origin })
}

// Integrations are those that actions name.
func Integrations(actions []ActionConfig) []Reference {
	return references(actions, "integration", func(a *ActionConfig) string { return a.Integration })
}

func references(actions []ActionConfig, path string, name func(*ActionConfig) string) []Reference {
	var found []Reference
	for i := range actions {
		if named := name(&actions[i]); named != "" {
			found = append(found, Reference{At: actions[i].At, Path: path, Name: named})
		}
	}
	return found
}

// checker gathers everything wrong with actions and policies.
type checker struct {
	actions  []ActionConfig
	policies []Config
	names    Names
	problems document.Problems
}

// Check tells every problem of actions and policies. Names that others define are checked against n, except those that Origins
// and Integrations list. No value that may be secret is told.
func Check(actions []ActionConfig, policies []Config, n Names) document.Problems {
	c := &checker{actions: actions, policies: policies, names: n}
	if len(actions) > mostActions || len(policies) > mostPolicies {
		c.problem(document.Mark{}, "", fmt.Sprintf("there are more than %d actions or %d policies", mostActions, mostPolicies), "")
		return c.problems
	}
	taken := map[string]document.Mark{}
	for i := range actions {
		a := &actions[i]
		c.name(a.At, "an action", a.Name, taken)
		c.action(a)
	}
	// An action with a condition of its own is a policy of its name.
	own := map[string]document.Mark{}
	for i := range actions {
		if actions[i].Conditional() {
			own[actions[i].Name] = actions[i].At
		}
	}
	for i := range policies {
		p := &policies[i]
		c.name(p.At, "a policy", p.Name, own)
		c.policy(p)
	}
	c.reachable()
	c.repeated()
	return c.problems
}

func (c *checker) problem(at document.Mark, path, message, suggestion string) {
	c.problems = append(c.problems, at.Problem(path, message, suggestion))
}

func (c *checker) name(at document.Mark, what, name string, taken map[string]document.Mark) {
	if !identifier.MatchString(name) || len(name) > longestName {
		c.problem(at, "name", fmt.Sprintf("%s's name is lower-case words joined by dashes, not %.100q", what, name), "")
		return
	}
	if first, known := taken[name]; known {
		c.problem(at, "name", fmt.Sprintf("%q is already the name of %s", name, first), "")
		return
	}
	taken[name] = at
}

func (c *checker) mode(at document.Mark, mode Mode) {
	if mode != "" && mode != Live && mode != Shadow {
		c.problem(at, "mode", fmt.Sprintf("there is no mode %.100q", string(mode)), "write live or shadow")
	}
}

func (c *checker) specs(at document.Mark, specs []string) {
	for n, name := range specs {
		if len(c.names.Specs) > 0 && !slices.Contains(c.names.Specs, name) {
			c.problem(at, fmt.Sprintf("specs[%d]", n), fmt.Sprintf("there is no spec %q", name), document.DidYouMean(name, c.names.Specs))
		}
	}
}

// condition checks what a condition names. A condition on the rating normal alone holds for everybody; kinds are those that
// would then be done to them.
func (c *checker) condition(at document.Mark, when ConditionConfig, kinds ...event.ActionKind) {
	if name := when.Signature; name != "" && !slices.Contains(c.names.Signatures, name) {
		c.problem(at, "when.signature", fmt.Sprintf("there is no signature %q", name), document.DidYouMean(name, c.names.Signatures))
	}
	// A signature's name is a label of the session, too.
	labels := slices.Concat(c.names.Labels, c.names.Signatures)
	if name := when.Label; name != "" && !slices.Contains(labels, name) {
		c.problem(at, "when.label", fmt.Sprintf("no rule places the label %q", name), document.DidYouMean(name, labels))
	}
	if when.Rating == nil || *when.Rating != event.Normal || when.Signature != "" || when.Label != "" {
		return
	}
	for _, kind := range kinds {
		if does := harm(kind); does != "" {
			c.problem(at, "when.rating", "this would "+does+" everybody", "ask for suspicious or malicious, or for a label")
			return
		}
	}
}

// harm says in a word what a kind does to a person who has done nothing; "" is for what everybody may well get.
func harm(kind event.ActionKind) string {
	switch kind {
	case event.Drop, event.Block, event.Redirect, event.Challenge, event.Delay:
		return string(kind)
	case event.Maintenance:
		return "shut out"
	case event.Feign, event.Decoy:
		return "deceive"
	case event.SecondFactor:
		return "ask a second factor of"
	}
	return ""
}

// reachable refuses actions that nothing could ever ask for.
func (c *checker) reachable() {
	named := map[string]bool{}
	for i := range c.policies {
		for _, step := range c.policies[i].Steps {
			named[step.Action] = true
		}
	}
	for i := range c.actions {
		a := &c.actions[i]
		if a.Conditional() {
			continue
		}
		if !named[a.Name] {
			c.problem(a.At, "when", "the action needs a condition, or a policy that names it", "rating, signature or label")
			continue
		}
		if len(a.Specs) > 0 {
			c.problem(a.At, "specs", "an action without a condition is only what policies do; where they do it is theirs to say", "move it to the policy")
		}
		if a.Mode != "" {
			c.problem(a.At, "mode", "an action without a condition is only what policies do; their mode counts", "move it to the policy")
		}
	}
}

// repeated refuses policies that an earlier one makes idle, as it says the same of the same people.
func (c *checker) repeated() {
	first := map[string]string{}
	for i := range c.policies {
		p := c.policies[i].Complete()
		name := p.Name
		p.Name, p.Specs = "", sorted(p.Specs)
		text, err := json.Marshal(p)
		if err != nil {
			continue // a policy has nothing that cannot be written
		}
		if earlier, known := first[string(text)]; known {
			c.problem(c.policies[i].At, "", fmt.Sprintf("the policy %q says the same as %q, and would never be asked", name, earlier), "remove one of them")
			continue
		}
		first[string(text)] = name
	}
}

func sorted(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}

// oneOf suggests a near word, else the whole list.
func oneOf(word string, known []string) string {
	if near := document.DidYouMean(word, known); near != "" {
		return near
	}
	return "one of " + strings.Join(known, ", ")
}
