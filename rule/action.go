package rule

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/event"
)

const maxBlockBody = 64 << 10

// action checks and compiles one action.
func (c *compiler) action(config ActionConfig) {
	before := len(c.problems)
	if !identifier.MatchString(config.Name) || len(config.Name) > maxNameLength {
		c.problem(config.At, "name", fmt.Sprintf("an action's name is lower-case words joined by dashes, not %q", config.Name), "")
	} else {
		c.unique(config.At, "name", config.Name)
	}
	c.mode(config.At, config.Mode)
	switch config.Kind {
	case event.Tag:
		c.foreign(config, true, true)
	case event.Block:
		c.foreign(config, false, true)
		c.answer(config)
	case event.Webhook:
		c.foreign(config, true, false)
		c.address(config)
	default:
		c.problem(config.At, "kind", fmt.Sprintf("there is no kind of action %q", string(config.Kind)), "write tag, block or webhook")
	}
	c.actionCondition(config)
	for n, name := range config.Specs {
		if specs := c.language.vocabulary.Specs; len(specs) > 0 && !slices.Contains(specs, name) {
			c.problem(config.At, fmt.Sprintf("specs[%d]", n), fmt.Sprintf("there is no spec %q", name), document.DidYouMean(name, specs))
		}
	}
	if len(c.problems) > before {
		return
	}
	config.Mode = orLive(config.Mode)
	if config.Kind == event.Block && config.Status == 0 {
		config.Status = DefaultBlockStatus
	}
	if config.Kind == event.Block && config.ContentType == "" {
		config.ContentType = "text/plain; charset=utf-8"
	}
	c.set.actions = append(c.set.actions, &compiledAction{config: config})
}

// foreign refuses fields that belong to another kind of action.
func (c *compiler) foreign(config ActionConfig, noAnswer, noAddress bool) {
	if noAnswer && (config.Status != 0 || config.Body != "" || config.ContentType != "") {
		c.problem(config.At, "", "status, body and content_type belong to actions of kind block", "")
	}
	if noAddress && (config.URL != "" || config.Secret != "") {
		c.problem(config.At, "", "url and secret belong to actions of kind webhook", "")
	}
}

func (c *compiler) answer(config ActionConfig) {
	if config.Status != 0 && (config.Status < 200 || config.Status > 599) {
		c.problem(config.At, "status", "a block's status lies between 200 and 599", "")
	}
	if len(config.Body) > maxBlockBody {
		c.problem(config.At, "body", fmt.Sprintf("the body is longer than %d bytes", maxBlockBody), "")
	}
	if strings.ContainsAny(config.ContentType, "\r\n") {
		c.problem(config.At, "content_type", "a content type is one line", "")
	}
}

func (c *compiler) address(config ActionConfig) {
	parsed, err := url.Parse(config.URL)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" {
		// The address itself may carry a secret, so it is not told.
		c.problem(config.At, "url", "a webhook needs an https address", "")
	}
}

func (c *compiler) actionCondition(config ActionConfig) {
	when := config.When
	if when.Rating == nil && when.Signature == "" && when.Label == "" {
		c.problem(config.At, "when", "the action needs a condition: rating, signature or label", "")
	}
	if config.Kind == event.Block && when.Rating != nil && *when.Rating == event.Normal && when.Signature == "" && when.Label == "" {
		c.problem(config.At, "when.rating", "this would block everybody", "")
	}
	if when.Signature != "" && !slices.ContainsFunc(c.config.Signatures, func(s SignatureConfig) bool { return s.Name == when.Signature }) {
		var names []string
		for _, s := range c.config.Signatures {
			names = append(names, s.Name)
		}
		c.problem(config.At, "when.signature", fmt.Sprintf("there is no signature %q", when.Signature), document.DidYouMean(when.Signature, names))
	}
	if labels := allLabels(c.config); when.Label != "" && !slices.Contains(labels, when.Label) {
		c.problem(config.At, "when.label", fmt.Sprintf("no rule places the label %q", when.Label), document.DidYouMean(when.Label, labels))
	}
}

// compareActions puts blocks first, then tags, then webhooks, each by name: the order in which they are asked for.
func compareActions(a, b ActionConfig) int {
	if order := actionRank(a.Kind) - actionRank(b.Kind); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

func actionRank(kind event.ActionKind) int {
	switch kind {
	case event.Block:
		return 0
	case event.Tag:
		return 1
	}
	return 2
}

// act adds the actions that the verdict asks for. A request that was not held has gone by: it can be tagged no more, which
// is no news, and a block that was wanted for it is told as unavailable. Blocks and tags last as long as their condition; a webhook is asked
// for once, on the event that made its condition true. Of several live blocks the first by name is asked for.
func (s *Set) act(f *frame, v *event.Verdict) {
	blocked := false
	for _, action := range s.actions {
		config := &action.config
		if len(config.Specs) > 0 && !slices.Contains(config.Specs, f.facts.Event.Spec) {
			continue
		}
		shadow := config.Mode == Shadow
		if config.Kind == event.Block && blocked && !shadow {
			continue
		}
		because, asked := config.When.met(f, v)
		if !asked || config.Kind == event.Webhook && config.When.metBefore(f, v) {
			continue
		}
		var outcome event.Outcome
		if !f.facts.Event.HTTP.Inline {
			if config.Kind == event.Tag {
				continue
			}
			if config.Kind == event.Block {
				outcome = event.Unavailable
			}
		}
		blocked = blocked || config.Kind == event.Block && !shadow
		v.Actions = append(v.Actions, event.Action{Name: config.Name, Kind: config.Kind, Because: because, Shadow: shadow, Outcome: outcome})
	}
}

// met says whether the condition holds after the event, and what of it says most.
func (c ConditionConfig) met(f *frame, v *event.Verdict) (because string, holds bool) {
	if c.Rating != nil {
		if v.Rating < *c.Rating {
			return "", false
		}
		because = ratingText(v.Rating)
	}
	if c.Label != "" {
		if !carries(f.facts.Session.Labels, c.Label, false) && !carries(v.Labels, c.Label, false) {
			return "", false
		}
		because = c.Label
	}
	if c.Signature != "" {
		if !carries(f.facts.Session.Labels, c.Signature, false) && !carries(v.Labels, c.Signature, false) {
			return "", false
		}
		because = c.Signature
	}
	return because, true
}

func ratingText(r event.Rating) string {
	switch r {
	case event.Suspicious:
		return "rating suspicious"
	case event.Malicious:
		return "rating malicious"
	}
	return "rating normal"
}

// metBefore says whether the condition held before the event already. A rating of normal holds from the first event on.
func (c ConditionConfig) metBefore(f *frame, v *event.Verdict) bool {
	if f.facts.Session.New {
		return false
	}
	return (c.Rating == nil || v.Before >= *c.Rating) &&
		(c.Label == "" || carries(f.facts.Session.Labels, c.Label, false)) &&
		(c.Signature == "" || carries(f.facts.Session.Labels, c.Signature, false))
}
