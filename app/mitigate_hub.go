package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"wayguard/event"
	"wayguard/hub"
	"wayguard/integration"
	"wayguard/mitigation"
)

// operator is the Hub's side of mitigation.
func (h *house) operator(env event.Environment) hub.Mitigation {
	if env != h.config.Environment {
		return nil
	}
	return hub.MitigationOf(hub.ControlParts{
		Control: h.mitigator.control,
		Kind: func(name string) event.ActionKind {
			action, _ := h.judge.plan.Load().rules.Action(name)
			return action.Kind
		},
		Integrations: h.integrationStatus,
		Keep:         func(context.Context) error { return h.saveMitigation() },
	})
}

// integrationStatus is how outside systems fare, those that are told before those that are asked.
func (h *house) integrationStatus() []hub.IntegrationStatus {
	var list []hub.IntegrationStatus
	for _, s := range append(h.notifiers.Status(), h.mitigator.enrich.Status()...) {
		one := hub.IntegrationStatus{Name: s.Name, Kind: string(s.Kind), Sent: s.Counts.Sent, Failed: s.Counts.Dead, Waiting: int64(s.Waiting),
			LastError: s.LastError, LastSent: s.LastSent}
		if s.Asked != nil {
			one.Sent, one.Failed, one.Open = s.Asked.Calls, s.Asked.Failures, s.Asked.Breaker == integration.BreakerOpen
		}
		list = append(list, one)
	}
	return list
}

// collectMitigation registers what Prometheus may read of mitigation.
func (h *house) collectMitigation() {
	h.metrics.MustRegister(&mitigationCollector{h.mitigator.control,
		prometheus.NewDesc("wayguard_mitigation_actions_total", "What policies did, and what was withheld and why.", []string{"policy", "action", "outcome", "reason"}, nil),
		prometheus.NewDesc("wayguard_mitigation_breaker_open", "1 while a policy's circuit breaker is open.", []string{"policy"}, nil),
		prometheus.NewDesc("wayguard_mitigation_stopped", "1 while an operator has stopped all mitigation.", nil, nil),
		prometheus.NewDesc("wayguard_mitigation_loops_total", "Requests let through because a check was offered again and again.", nil, nil),
	})
	h.counter("mitigation_unnoted_total", "Records that mitigation failed to note.", func() float64 { return float64(h.judge.unnoted.Load()) })
}

// mitigationCollector implements prometheus.Collector.
type mitigationCollector struct {
	control                         *mitigation.Control
	actions, breaker, stopped, loop *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *mitigationCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.actions, c.breaker, c.stopped, c.loop} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *mitigationCollector) Collect(to chan<- prometheus.Metric) {
	s := c.control.Status()
	one := func(holds bool) float64 {
		if holds {
			return 1
		}
		return 0
	}
	to <- prometheus.MustNewConstMetric(c.stopped, prometheus.GaugeValue, one(s.Stop != nil))
	to <- prometheus.MustNewConstMetric(c.loop, prometheus.CounterValue, float64(s.LoopsBroken))
	for i := range s.Policies {
		p := &s.Policies[i]
		if p.Breaker != nil {
			to <- prometheus.MustNewConstMetric(c.breaker, prometheus.GaugeValue, one(p.Breaker.State == mitigation.BreakerOpen), p.Name)
		}
		for _, n := range p.Counts {
			to <- prometheus.MustNewConstMetric(c.actions, prometheus.CounterValue, float64(n.Count), p.Name, n.Action, string(n.Outcome), string(n.Reason))
		}
	}
}
