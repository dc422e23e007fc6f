package listen

import "github.com/prometheus/client_golang/prometheus"

// counters describes the doors' numbers for Prometheus.
type counters struct {
	doors                            *Doors
	accepted, failed, open, validity *prometheus.Desc
}

// Collectors are the counters for Prometheus: connections by door and how long each certificate is valid.
func (d *Doors) Collectors() []prometheus.Collector {
	describe := func(name, help, label string) *prometheus.Desc {
		return prometheus.NewDesc("wayguard_listen_"+name, help, []string{label}, nil)
	}
	return []prometheus.Collector{&counters{
		doors:    d,
		accepted: describe("accepted_total", "Connections accepted.", "address"),
		failed:   describe("accept_failures_total", "Failures of accepting a connection, such as too many open files.", "address"),
		open:     describe("connections", "Open connections, of doors that have a bound on them.", "address"),
		validity: describe("certificate_expiry_timestamp_seconds", "When the certificate in use expires; 0: there is none yet.", "source"),
	}}
}

// Describe implements prometheus.Collector.
func (c *counters) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.accepted, c.failed, c.open, c.validity} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *counters) Collect(out chan<- prometheus.Metric) {
	for _, door := range c.doors.doors {
		address := door.Listener.Addr().String()
		out <- prometheus.MustNewConstMetric(c.accepted, prometheus.CounterValue, float64(door.Accepted()), address)
		out <- prometheus.MustNewConstMetric(c.failed, prometheus.CounterValue, float64(door.Failed()), address)
		if door.slots != nil {
			out <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(door.Open()), address)
		}
	}
	told := map[string]bool{}
	for _, ring := range c.doors.keyrings {
		for _, e := range ring.entries {
			if told[e.source] {
				continue
			}
			told[e.source] = true
			until := 0.0
			if certificate := e.current.Load(); certificate != nil {
				until = float64(certificate.Leaf.NotAfter.Unix())
			}
			out <- prometheus.MustNewConstMetric(c.validity, prometheus.GaugeValue, until, e.source)
		}
	}
}
