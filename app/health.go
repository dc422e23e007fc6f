package app

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"wayguard/event"
	"wayguard/hub"
	"wayguard/integration"
	"wayguard/origin"
)

// behindRecords is the lag from which the warehouse counts as behind.
const behindRecords = 5000

// health tells the Hub how the parts fare.
func (h *house) health(context.Context, event.Environment) hub.Health {
	return hub.Health{Warehouse: h.warehouseHealth(), Log: h.logHealth(), Traffic: h.trafficHealth(), Location: h.locationHealth()}
}

func (h *house) warehouseHealth() hub.WarehouseHealth {
	lag := int64(0)
	if durable, at := h.log.Durable(), h.shelving.at(); durable > at {
		lag = int64(durable - at)
	}
	out := hub.WarehouseHealth{State: hub.StateOK, LagRecords: lag}
	if trouble := h.shelving.trouble(); trouble != "" {
		out.State, out.Detail = hub.StateUnavailable, trouble
	} else if lag > behindRecords {
		out.State, out.Detail = hub.StateBehind, fmt.Sprintf("%d records are not searchable yet", lag)
	}
	return out
}

func (h *house) logHealth() hub.LogHealth {
	out := hub.LogHealth{Acknowledged: uint64(h.log.Durable()), State: hub.StateOK}
	stats := h.log.Stats()
	if stats.Failure != nil {
		out.State, out.Detail = hub.StateUnavailable, stats.Failure.Error()
	}
	if !h.judge.opened() {
		out.State, out.Detail = hub.StateBehind, "the state is being restored"
	}
	return out
}

func (h *house) trafficHealth() hub.TrafficHealth {
	counts := h.proxy.Counts()
	out := hub.TrafficHealth{Requests: int64(counts.Requests), Matched: int64(counts.Matched), Blocked: int64(counts.Blocked),
		Shed: signed(counts.Shed), Failures: signed(counts.Failures)}
	for reason, n := range signed(counts.Upstream) {
		out.Failures["origin_"+reason] = n
	}
	if shed := h.judge.shed.Load(); shed > 0 {
		out.Shed["log"] = int64(shed)
	}
	return out
}

func signed(counts map[string]uint64) map[string]int64 {
	out := make(map[string]int64, len(counts))
	for name, n := range counts {
		out[name] = int64(n)
	}
	return out
}

func (h *house) locationHealth() hub.LocationHealth {
	c := h.judge.plan.Load().config.Location
	if len(c.Files) == 0 {
		return hub.LocationHealth{State: hub.StateUnavailable, Detail: "no location file is configured: countries and cities stay empty"}
	}
	return hub.LocationHealth{State: hub.StateOK, Attribution: c.Attribution}
}

func (h *house) labels(event.Environment) (labels, signatures []string) {
	c := h.judge.plan.Load().config
	for _, r := range c.Rules {
		labels = append(labels, r.Label)
	}
	for _, s := range c.Signatures {
		signatures = append(signatures, s.Name)
	}
	return labels, signatures
}

// collectTraffic registers what Prometheus may read from the start.
func (h *house) collectTraffic() {
	h.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	h.metrics.MustRegister(h.proxy.Collectors()...)
	h.metrics.MustRegister(h.proxy.Doors().Collectors()...)
	h.metrics.MustRegister(origin.NewCollector(h.origins.Load))
	h.counter("engine_judged_total", "Events judged and logged.", func() float64 { return float64(h.judge.judged.Load()) })
	h.counter("engine_shed_total", "Events given up because the log could not take them.", func() float64 { return float64(h.judge.shed.Load()) })
	h.counter("engine_failed_total", "Events that could not be judged.", func() float64 { return float64(h.judge.failed.Load()) })
	h.collectMitigation()
	h.counter("payment_routes_undecided_total", "Payments on their way to the site for which no decision was made.", func() float64 { return float64(h.mitigator.unpaid.Load()) })
	h.gauge("engine_open", "1 once storage is open and the state is back.", func() float64 {
		if h.judge.opened() {
			return 1
		}
		return 0
	})
}

// collectStorage registers the rest, once storage is open.
func (h *house) collectStorage() {
	h.counter("log_acknowledged_position", "Position up to which the log is durable.", func() float64 { return float64(h.log.Durable()) })
	h.gauge("state_entries", "Sessions, keys and entities remembered.", func() float64 { return float64(h.memory.Stats().Entries) })
	h.gauge("state_bytes", "Bytes of what is remembered.", func() float64 { return float64(h.memory.Stats().Bytes) })
	h.counter("state_evicted_total", "Entries forgotten early because the memory was full.", func() float64 { return float64(h.memory.Stats().Evicted) })
}

// collectBackOffice registers what the log's consumers tell.
func (h *house) collectBackOffice() {
	h.gauge("warehouse_lag_records", "Durable records not in the warehouse yet.", func() float64 { return float64(h.warehouseHealth().LagRecords) })
	webhooks := func(read func(integration.Metrics) int64) func() float64 {
		return func() float64 { return float64(read(h.webhooks.Metrics())) }
	}
	h.counter("webhooks_delivered_total", "Webhooks delivered.", webhooks(func(m integration.Metrics) int64 { return m.Delivered }))
	h.counter("webhooks_dead_total", "Webhooks given up.", webhooks(func(m integration.Metrics) int64 { return m.Dead }))
}

func (h *house) gauge(name, help string, read func() float64) {
	h.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "wayguard_" + name, Help: help}, read))
}

func (h *house) counter(name, help string, read func() float64) {
	h.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "wayguard_" + name, Help: help}, read))
}
