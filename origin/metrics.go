package origin

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// EndpointStatus is how an endpoint is, for people to read.
type EndpointStatus struct {
	URL     string `json:"url"`
	Address string `json:"address"`
	Weight  int    `json:"weight"`
	// Healthy is what the health checks say, true without any.
	Healthy bool `json:"healthy"`
	// EjectedUntil is zero when it is not ejected.
	EjectedUntil time.Time `json:"ejected_until,omitzero"`
	// Requests are under way; Idle, Open and Waiting are connections, and requests that wait for one.
	Requests int64 `json:"requests"`
	Idle     int   `json:"idle"`
	Open     int   `json:"open"`
	Waiting  int   `json:"waiting"`
}

// GroupStatus is how a group is.
type GroupStatus struct {
	Name string `json:"name"`
	// Panic says that too few endpoints are good, so that all get requests.
	Panic     bool             `json:"panic"`
	Endpoints []EndpointStatus `json:"endpoints"`
}

// Status tells how every group is, in the order of the configuration.
func (s *Set) Status() []GroupStatus {
	all := make([]GroupStatus, 0, len(s.groups))
	for _, g := range s.groups {
		status := GroupStatus{Name: g.label(), Panic: g.view.Load().panicking}
		endpoints, conditions := g.snapshot()
		for i, e := range endpoints {
			pool := e.pool.state()
			status.Endpoints = append(status.Endpoints, EndpointStatus{URL: e.URL(), Address: e.address, Weight: e.weight,
				Healthy: !conditions[i].unhealthy, EjectedUntil: conditions[i].ejected, Requests: e.busy.Load(),
				Idle: pool.idle, Open: pool.open, Waiting: pool.waiting})
		}
		all = append(all, status)
	}
	return all
}

// collector reads the Set that is in use for Prometheus.
type collector struct {
	current func() *Set
	metrics []metric
}

// metric is one family: its values of a group by the last label.
type metric struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	read        func(g *reading) map[string]float64
}

// reading is a group at a moment.
type reading struct {
	group      *Group
	tally      *tally
	endpoints  []*Endpoint
	conditions []condition
	pools      poolState
	requests   int64
}

// NewCollector is the counters of the Set in use, which current tells; it may answer nil. They go on over changes of the
// configuration, if Inherit is used.
func NewCollector(current func() *Set) prometheus.Collector {
	return &collector{current: current, metrics: metrics()}
}

// metrics is the table of what is exported.
func metrics() []metric {
	return []metric{
		family("connections_total", "Connections to origins taken for a request, by kind: new, reused, or stale (kept, but closed by the origin).",
			prometheus.CounterValue, "kind", func(r *reading) map[string]float64 {
				return map[string]float64{"new": float64(r.pools.made + r.tally.made.Load()),
					"reused": float64(r.pools.reused + r.tally.reused.Load()), "stale": float64(r.pools.stale + r.tally.stale.Load())}
			}),
		family("errors_total", "Requests that failed at an origin, by reason.", prometheus.CounterValue, "reason", errorCounts),
		family("events_total", "What was done because endpoints failed: retry, fallback, panic (a request sent although no endpoint is good), ejection, spared (not ejected, too many were).",
			prometheus.CounterValue, "event", func(r *reading) map[string]float64 {
				t := r.tally
				return map[string]float64{"retry": float64(t.retries.Load()), "fallback": float64(t.fallbacks.Load()),
					"panic": float64(t.panics.Load()), "ejection": float64(t.ejections.Load()), "spared": float64(t.spared.Load())}
			}),
		family("health_checks_total", "Health checks, by result.", prometheus.CounterValue, "result", func(r *reading) map[string]float64 {
			return goodAndBad(r.tally.checks.Load(), r.tally.badChecks.Load())
		}),
		family("lookups_total", "Lookups of host names, by result.", prometheus.CounterValue, "result", func(r *reading) map[string]float64 {
			return goodAndBad(r.tally.lookups.Load(), r.tally.badLookups.Load())
		}),
		family("endpoints", "Endpoints, by state.", prometheus.GaugeValue, "state", endpointStates),
		family("connections", "Connections that are open or waited for, by state; HTTP/1.1 only.", prometheus.GaugeValue, "state",
			func(r *reading) map[string]float64 {
				return map[string]float64{"idle": float64(r.pools.idle), "used": float64(r.pools.open - r.pools.idle), "waiting": float64(r.pools.waiting)}
			}),
		family("requests", "Requests under way.", prometheus.GaugeValue, "", func(r *reading) map[string]float64 {
			return map[string]float64{"": float64(r.requests)}
		}),
	}
}

func family(name, help string, kind prometheus.ValueType, label string, read func(*reading) map[string]float64) metric {
	labels := []string{"origin"}
	if label != "" {
		labels = append(labels, label)
	}
	return metric{prometheus.NewDesc("wayguard_origin_"+name, help, labels, nil), kind, read}
}

func goodAndBad(all, bad uint64) map[string]float64 {
	return map[string]float64{"good": float64(all) - float64(bad), "bad": float64(bad)}
}

func errorCounts(r *reading) map[string]float64 {
	counts := map[string]float64{}
	for result := ResultOK + 1; result < results; result++ {
		counts[result.String()] = float64(r.tally.errors[result].Load())
	}
	return counts
}

func endpointStates(r *reading) map[string]float64 {
	states := map[string]float64{"good": 0, "unhealthy": 0, "ejected": 0}
	for _, c := range r.conditions {
		switch {
		case c.unhealthy:
			states["unhealthy"]++
		case !c.ejected.IsZero():
			states["ejected"]++
		default:
			states["good"]++
		}
	}
	return states
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		to <- m.description
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	set := c.current()
	if set == nil {
		return
	}
	for _, g := range set.groups {
		r := &reading{group: g, tally: g.count()}
		r.endpoints, r.conditions = g.snapshot()
		for _, e := range r.endpoints {
			r.add(e.pool.state())
			r.requests += e.busy.Load()
		}
		for _, m := range c.metrics {
			for label, value := range m.read(r) {
				labels := []string{g.label()}
				if label != "" {
					labels = append(labels, label)
				}
				to <- prometheus.MustNewConstMetric(m.description, m.kind, value, labels...)
			}
		}
	}
}

func (r *reading) add(p poolState) {
	r.pools.made += p.made
	r.pools.reused += p.reused
	r.pools.stale += p.stale
	r.pools.idle += p.idle
	r.pools.open += p.open
	r.pools.waiting += p.waiting
}
