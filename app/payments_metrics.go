package app

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// paymentsCollector tells Prometheus what decides about payments has counted.
type paymentsCollector struct {
	house                                         *house
	decisions, work, api, journeys, ledger, state *prometheus.Desc
}

func newPaymentsCollector(h *house) paymentsCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("wayguard_"+name, help, labels, nil)
	}
	return paymentsCollector{house: h,
		decisions: describe("decisions_total", "Payment decisions by outcome.", "outcome"),
		work:      describe("decisions_work_total", "What happened around payment decisions, by kind.", "kind"),
		api:       describe("decisions_api_total", "What the decision API did, by kind.", "kind"),
		journeys:  describe("decisions_journeys_total", "Searches for the journey of a payment, and decisions that became events, by result.", "result"),
		ledger:    describe("decisions_ledger_total", "Writes of the ledger of decisions, by kind.", "kind"),
		state:     describe("decisions_state", "What is held or waits now, by kind.", "kind")}
}

// Describe implements prometheus.Collector.
func (c paymentsCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.decisions, c.work, c.api, c.journeys, c.ledger, c.state} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c paymentsCollector) Collect(to chan<- prometheus.Metric) {
	p := c.house.payments.Load()
	if p == nil {
		return
	}
	count := func(d *prometheus.Desc, value float64, label string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, label)
	}
	hold := func(value float64, label string) {
		to <- prometheus.MustNewConstMetric(c.state, prometheus.GaugeValue, value, label)
	}
	m := p.service.Metrics()
	for outcome, n := range m.Outcomes {
		count(c.decisions, float64(n), strings.ToLower(string(outcome)))
	}
	for kind, n := range map[string]uint64{"replayed": m.Replays, "unavailable": m.Unavailable, "panics": m.Panics, "shadow_asked": m.Shadow,
		"shadow_dropped": m.ShadowDropped, "finished": m.Finished, "expired": m.Expired, "backend_errors": m.BackendErrors, "lifecycle_events": m.Events,
		"list_entries_made": m.Populated, "messages": m.Messages, "resolutions": m.Resolutions, "reload_failures": m.ReloadFailures,
		"counters_dropped": m.CountersDropped, "counters_refilled": m.CountersRefilled, "counters_unknown": m.CountersUnknown, "abandoned": m.Abandoned} {
		count(c.work, float64(n), kind)
	}
	sent := p.sender.Metrics()
	count(c.work, float64(sent.Delivered), "messages_delivered")
	count(c.work, float64(sent.Dead), "messages_dead")
	for kind, n := range p.api.Metrics() {
		if kind == "body_bytes_held" {
			hold(float64(n), kind)
			continue
		}
		count(c.api, float64(n), kind)
	}
	j := p.journeys
	for result, n := range map[string]int64{"found": j.found.Load(), "none": j.missed.Load(), "failed": j.failed.Load(),
		"events_shed": j.shed.Load(), "events_session_gone": j.gone.Load(), "events_not_sure": j.weak.Load()} {
		count(c.journeys, float64(n), result)
	}
	l := p.ledger.Metrics()
	for kind, n := range map[string]int64{"writes": l.Writes, "commits": l.Commits, "redone": l.Redone, "sync_failures": l.SyncFailures} {
		count(c.ledger, float64(n), kind)
	}
	for kind, n := range map[string]int64{"decisions_waiting": m.Waiting, "counters": int64(m.CounterKeys), "list_values": m.ListValues,
		"ledger_writes_waiting": l.Waiting} {
		hold(float64(n), kind)
	}
}
