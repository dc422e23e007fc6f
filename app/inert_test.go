package app

import (
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/event"
	"wayguard/policy"
	"wayguard/site"
)

func TestInertPoliciesAreTold(t *testing.T) {
	rating := event.Malicious
	c := config.Default()
	c.Specs = []capture.SpecConfig{{Name: "login", Inline: true}, {Name: "pages"}}
	c.Actions = []policy.ActionConfig{
		{Name: "stop", Kind: event.Block, When: policy.ConditionConfig{Rating: &rating}, Specs: []string{"login", "pages"}},
		{Name: "page-soc", Kind: event.Webhook, When: policy.ConditionConfig{Rating: &rating}, Specs: []string{"pages"}},
		{Name: "later", Kind: event.Block, When: policy.ConditionConfig{Rating: &rating}, Specs: []string{"pages"}, Mode: policy.Shadow},
		{Name: "ask", Kind: event.Challenge},
	}
	c.Policies = []policy.Config{{Name: "stuffing", Specs: []string{"login"}, Steps: []policy.StepConfig{{Action: "ask"}}}}
	c.Sites = []site.Config{{Name: "shop", Mode: site.Active, Routes: []site.RouteConfig{{Path: "/static/{rest...}", Mode: site.PassThrough}}},
		{Name: "old-shop", Mode: site.PassThrough}, {Name: "copy", Mode: site.Mirror}}
	want := []string{
		"policy stop is for the spec pages, whose requests are not held (inline): nothing can be done to them",
		"route /static/{rest...} of site shop is in pass-through mode: there these are only recorded, or not done at all: stop, stuffing",
		"site old-shop is in pass-through mode: there these are only recorded, or not done at all: stop, stuffing",
		"site copy is in mirror mode: there these are only recorded, or not done at all: stop, stuffing",
	}
	if got := inert(c); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("told is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c.Actions, c.Policies = nil, nil
	if got := inert(c); got != nil {
		t.Errorf("without policies %v is told", got)
	}
}
