package app

import (
	"fmt"
	"os"
	"strings"

	"wayguard/config"
	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
	"wayguard/integration"
)

// integrations tells what is wrong with the outside systems of a configuration.
func integrations(c config.Config, catalogue *element.Catalogue) document.Problems {
	var names []string
	for _, d := range catalogue.All() {
		names = append(names, d.Name)
	}
	problems := c.Integrations.Validate()
	problems = append(problems, c.Integrations.CheckElements(names)...)
	problems = append(problems, c.Integrations.CheckSpecs(specNames(c.Specs))...)
	return append(problems, c.Integrations.Within(c.Proxy.Inline.Budget)...)
}

// configureIntegrations puts a configuration's outside systems in place.
func (h *house) configureIntegrations(c config.Config) error {
	if h.notifiers == nil {
		host, err := os.Hostname()
		if err != nil {
			host = "" // syslog has a word for that
		}
		h.notifiers = integration.NewNotifiers(integration.NotifierDeps{AllowPrivate: c.Webhooks.AllowPrivate, Host: host, Now: h.world.Now})
	}
	if err := h.notifiers.Configure(c.Integrations); err != nil {
		return fmt.Errorf("integrations: %w", err)
	}
	if err := h.mitigator.enrich.Configure(c.Integrations); err != nil {
		return fmt.Errorf("integrations: %w", err)
	}
	return nil
}

// target tells the sender where an action's messages go.
func (h *house) target(action string) (integration.Target, bool) {
	a, ok := h.judge.plan.Load().rules.Action(action)
	switch {
	case ok && a.Kind == event.Webhook:
		return integration.Target{URL: a.URL, Secret: a.Secret}, true
	case ok && a.Kind == event.Notify:
		notifier, known := h.notifiers.Named(a.Integration)
		return integration.Target{Notifier: notifier}, known
	}
	return integration.Target{}, false
}

// sessionLink is a session's page in the Hub, empty where nobody has said at which address people open it.
func (h *house) sessionLink(session event.ID) string {
	base := strings.TrimSuffix(h.config.Hub.Address, "/")
	if base == "" {
		return ""
	}
	return base + "/sessions/" + string(session)
}

// PreviewIntegration prints the message that an integration would send.
func PreviewIntegration(world World, path, name string) error {
	c, problems := config.Load(path, world.Lookup)
	if err := append(problems, c.Integrations.Validate()...).Err(); err != nil {
		return err
	}
	one, known := c.Integrations.Named(name)
	if !known {
		return fmt.Errorf("no integration is named %q; %s", name, document.DidYouMean(name, c.Integrations.Notifying()))
	}
	shown, err := integration.Preview(one, integration.SampleAlert())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(world.Stdout, "to %s (%s)\nknown by %s\n\n%s\n", shown.Target, shown.Kind, shown.KnownBy, shown.Body)
	return err
}
