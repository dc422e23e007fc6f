package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.yaml.in/yaml/v3"

	"wayguard/config"
	"wayguard/origin"
	"wayguard/proxy"
	"wayguard/stream"
)

// tidyEvery is how often what is too old is let go.
const tidyEvery = time.Minute

// followers makes the three consumers of the log: the warehouse, the outbox and the Hub's live view.
func (h *house) followers() {
	logger := h.world.Logger
	h.shelving = &follower{name: "warehouse", log: h.log, logger: logger, start: h.shelf.position, take: h.shelf.insert}
	a := &alerts{store: h.store, env: h.config.Environment, now: h.world.Now, link: h.sessionLink, wake: h.webhooks.Wake}
	h.alerting = &follower{name: "webhooks", log: h.log, logger: logger, start: a.position, take: a.take}
	h.showing = &follower{name: "live view", log: h.log, logger: logger,
		// What was logged before the start is in the warehouse already: the live view begins now.
		start: func(context.Context) (stream.Position, error) { return h.log.Durable(), nil },
		take: func(_ context.Context, entries []stream.Entry) error {
			for i := range entries {
				h.hub.Publish(entries[i].Record)
			}
			return nil
		},
	}
}

// housekeeping lets go of what nobody needs any more.
func (h *house) housekeeping(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		taken := h.keeper.standing()
		if h.role != OnlyEngine {
			taken = min(taken, h.shelving.at(), h.alerting.at())
			h.forget(ctx)
		}
		if err := h.log.TrimBefore(taken + 1); err != nil {
			h.world.Logger.Error("the log could not be trimmed", "error", err)
		}
	}
}

func (h *house) forget(ctx context.Context) {
	now := h.world.Now()
	if duck, err := h.shelf.open(); err == nil && h.config.Retention.Warehouse > 0 {
		if _, err := duck.Forget(ctx, h.config.Environment, now.Add(-h.config.Retention.Warehouse)); err != nil && ctx.Err() == nil {
			h.world.Logger.Error("old sessions could not be removed from the warehouse", "error", err)
		}
	}
	outboxes := []interface {
		ForgetDeliveries(ctx context.Context, before time.Time) (int64, error)
	}{h.store}
	if p := h.payments.Load(); p != nil {
		outboxes = append(outboxes, p.ledger)
	}
	for _, outbox := range outboxes {
		if _, err := outbox.ForgetDeliveries(ctx, now.Add(-30*24*time.Hour)); err != nil && ctx.Err() == nil {
			h.world.Logger.Error("old deliveries could not be removed", "error", err)
		}
	}
}

// reloads reads the configuration again whenever asked. A configuration that is wrong changes nothing.
func (h *house) reloads(ctx context.Context, reload <-chan os.Signal, read func() (config.Config, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-reload:
		}
		c, err := read()
		if err == nil {
			err = h.swap(c)
		}
		if err != nil {
			h.world.Logger.Error("the configuration is wrong; the one before stays in force", "error", err)
			continue
		}
		h.world.Logger.Info("configuration reloaded", "rules", h.judge.plan.Load().engine.Rules())
		h.tellInert()
		if changed := needRestart(h.config, c); len(changed) > 0 {
			h.world.Logger.Warn("these sections changed too, and come into force at a restart", "sections", strings.Join(changed, ", "))
		}
	}
}

// tellInert says which policies of the configuration in force cannot be carried out.
func (h *house) tellInert() {
	c := h.judge.plan.Load().config
	for _, note := range inert(c) {
		h.world.Logger.Warn(note)
	}
	if h.role == OnlyEngine && len(c.Decisions.Routes) > 0 {
		h.world.Logger.Warn("payment routes are not decided about by a process that is only an engine")
	}
}

// needRestart names the sections that differ and that a reload does not put in force.
func needRestart(running, read config.Config) []string {
	var changed []string
	// Where requests go changes with a reload.
	running.Proxy.Origin, read.Proxy.Origin = proxy.OriginConfig{}, proxy.OriginConfig{}
	for _, section := range []struct {
		name      string
		was, will any
	}{
		{"environment", running.Environment, read.Environment}, {"data", running.Data, read.Data}, {"proxy", running.Proxy, read.Proxy},
		{"hub", running.Hub, read.Hub}, {"decisions", decisionsAtStart(running), decisionsAtStart(read)}, {"metrics", running.Metrics, read.Metrics}, {"webhooks", running.Webhooks, read.Webhooks},
		{"retention", running.Retention, read.Retention}, {"limits", running.Limits, read.Limits},
	} {
		if !sameSection(section.was, section.will) {
			changed = append(changed, section.name)
		}
	}
	return changed
}

// decisionsAtStart is the part of the section that counts from the start: which requests to the site are payments changes with a reload.
func decisionsAtStart(c config.Config) config.DecisionsConfig {
	c.Decisions.Routes, c.Decisions.RouteTimeout = nil, 0
	return c.Decisions
}

// sameSection compares by what would be written in a file: where in the file it stood makes no difference.
func sameSection(was, will any) bool {
	then, err := yaml.Marshal(was)
	now, more := yaml.Marshal(will)
	return err == nil && more == nil && bytes.Equal(then, now)
}

// swap builds a whole plan beside the running one and puts it in force. Sessions and counters stay. What concerns
// addresses, storage and limits needs a restart.
func (h *house) swap(c config.Config) error {
	p, problems := compile(c, h.keys, h.mitigator)
	if err := problems.Err(); err != nil {
		return err
	}
	origins, err := h.newOrigins(c)
	if err != nil {
		return err
	}
	if err := h.configureIntegrations(c); err != nil {
		return err
	}
	origins.Inherit(h.origins.Load())
	p.prover.inherit(h.judge.plan.Load().prover)
	h.judge.plan.Store(p)
	select {
	case h.swapped <- struct{}{}:
	default:
	}
	h.origins.Store(origins)
	h.proxy.Swap(proxy.Snapshot{Specs: p.specs, Policy: p.measures, Sites: p.sites, Origins: origins})
	return nil
}

// newOrigins makes the groups that requests go to: the one of the section proxy, and the named ones.
func (h *house) newOrigins(c config.Config) (*origin.Set, error) {
	groups := append([]origin.Config{c.Proxy.DefaultOrigin()}, c.Origins...)
	set, err := origin.New(groups, origin.Deps{Log: h.world.Logger, Now: h.world.Now})
	if err != nil {
		return nil, fmt.Errorf("origins: %w", err)
	}
	return set, nil
}

func (h *house) serveMetrics(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.metrics, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(h.metricsListener); ctx.Err() == nil {
		return err
	}
	return nil
}
