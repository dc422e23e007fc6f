package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"wayguard/config"
	"wayguard/policy"
	"wayguard/site"
)

// inert tells, in words, of policies that are configured and cannot be carried out: on sites and routes that only pass through or are
// only mirrored, and for requests that are not held. c is what a plan was made of.
func inert(c config.Config) []string {
	held, wanted := heldSpecs(c), synchronous(c)
	for _, r := range c.Decisions.Routes {
		wanted = append(wanted, asking{"the payment route of " + r.Spec, nil})
	}
	if len(wanted) == 0 {
		return nil
	}
	var told []string
	for _, p := range wanted {
		for _, spec := range p.specs {
			if !held[spec] {
				told = append(told, fmt.Sprintf("policy %s is for the spec %s, whose requests are not held (inline): nothing can be done to them", p.name, spec))
			}
		}
	}
	names := make([]string, len(wanted))
	for i, p := range wanted {
		names[i] = p.name
	}
	for i := range c.Sites {
		one := &c.Sites[i]
		said := func(where string, mode site.Mode) {
			told = append(told, fmt.Sprintf("%s is in %s mode: there these are only recorded, or not done at all: %s", where, mode, strings.Join(names, ", ")))
		}
		if passive(one.Mode) {
			said("site "+one.Name, one.Mode)
		}
		for k := range one.Routes {
			if r := &one.Routes[k]; passive(r.Mode) && !passive(one.Mode) {
				said(fmt.Sprintf("route %s of site %s", cmp.Or(r.Name, r.Path), one.Name), r.Mode)
			}
		}
	}
	return told
}

func passive(mode site.Mode) bool { return mode == site.PassThrough || mode == site.Mirror }

// asking is a policy, or an action with a condition of its own, that does something to requests.
type asking struct {
	name  string
	specs []string
}

// synchronous are the live ones, by name.
func synchronous(c config.Config) []asking {
	var list []asking
	for i := range c.Actions {
		a := &c.Actions[i]
		if a.Conditional() && !a.Kind.Asynchronous() && a.Mode != policy.Shadow {
			list = append(list, asking{a.Name, a.Specs})
		}
	}
	for i := range c.Policies {
		if p := &c.Policies[i]; p.Mode != policy.Shadow {
			list = append(list, asking{p.Name, p.Specs})
		}
	}
	slices.SortFunc(list, func(a, b asking) int { return strings.Compare(a.name, b.name) })
	return list
}

// heldSpecs are the specs whose requests wait for their verdict.
func heldSpecs(c config.Config) map[string]bool {
	held := map[string]bool{}
	for i := range c.Specs {
		held[c.Specs[i].Name] = c.Specs[i].Inline
	}
	return held
}
