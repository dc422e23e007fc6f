package proxy

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"wayguard/event"
)

// shedReason says why something was not inspected.
type shedReason string

const (
	shedMemory   shedReason = "memory"             // the memory budget was spent: a body or an exchange was not copied
	shedQueue    shedReason = "queue_full"         // the queue was full
	shedVisitor  shedReason = "visitor_queue_full" // the visitor's share of the queue was full
	shedShutdown shedReason = "shutdown"           // the queue was closed, or not drained in time
)

// failureReason says what went wrong with judging.
type failureReason string

const (
	failureDeadline      failureReason = "deadline"       // no verdict within the budget
	failureBusy          failureReason = "busy"           // too many inline questions under way
	failureConsider      failureReason = "consider"       // the observer answered an inline question with an error
	failureObserve       failureReason = "observe"        // the observer refused a finished event
	failureObserverPanic failureReason = "observer_panic" // the observer panicked
	failureCapturePanic  failureReason = "capture_panic"  // matching or reading an exchange panicked
	failurePolicy        failureReason = "policy_panic"   // the policy panicked: nothing was done
	failureGone          failureReason = "gone"           // the visitor left while waiting; never counted
)

// upstreamReason says what went wrong with the origin.
type upstreamReason string

const (
	upstreamConnect  upstreamReason = "connect"  // no connection could be made
	upstreamTimeout  upstreamReason = "timeout"  // no answer in time
	upstreamProtocol upstreamReason = "protocol" // the connection broke, or what came was not HTTP
	// upstreamBrokenOff: the head came, but not the whole body
	upstreamBrokenOff upstreamReason = "broken_off"
)

// Counts are the data path's counters since the start, and the depth of its queue now.
type Counts struct {
	Requests uint64 `json:"requests"`
	// Matched requests were looked at, Inline ones were held. Blocked ones were answered by us because of a verdict, feigned
	// answers and checks included.
	Matched uint64 `json:"matched"`
	Inline  uint64 `json:"inline"`
	Tagged  uint64 `json:"tagged"`
	Blocked uint64 `json:"blocked"`
	// Refused requests were answered by us because their spec fails closed.
	Refused uint64 `json:"refused"`
	// Observed events were taken by the observer.
	Observed uint64 `json:"observed"`
	// BadRequests were broken by the visitor while they passed; Abandoned ones were left by the visitor.
	BadRequests uint64 `json:"bad_requests"`
	Abandoned   uint64 `json:"abandoned"`
	// Panics cost one connection each. TurnedAway connections found no place, Evicted ones were idle and made place;
	// Handshakes of TLS failed.
	Panics     uint64 `json:"panics"`
	TurnedAway uint64 `json:"turned_away"`
	Evicted    uint64 `json:"evicted"`
	Handshakes uint64 `json:"failed_handshakes"`
	// Refusals count bad requests by what is wrong with them.
	Refusals map[string]uint64 `json:"refusals"`
	// Shed, Failures and Upstream count by reason.
	// Acted counts what policies did with held requests, by kind and outcome of the action ("block done").
	Acted map[string]uint64 `json:"acted"`
	// Served requests were for the policy's own paths. Reshaped answers got another body, Unchanged counts by reason what
	// should have been changed and could not be. Unwaited requests did not wait, because too many did.
	Served    uint64            `json:"served"`
	Reshaped  uint64            `json:"reshaped"`
	Unchanged map[string]uint64 `json:"unchanged"`
	Unwaited  uint64            `json:"unwaited"`
	Shed      map[string]uint64 `json:"shed"`
	Failures  map[string]uint64 `json:"failures"`
	Upstream  map[string]uint64 `json:"upstream"`
	// QueueDepth is how many finished exchanges wait, Memory how many bytes copies hold.
	QueueDepth int   `json:"queue_depth"`
	Memory     int64 `json:"memory_bytes"`
}

// counts is the live form of Counts.
type counts struct {
	requests, matched, inline, tagged, blocked, refused, observed, badRequests, abandoned atomic.Uint64
	panics, turnedAway, evicted, handshakes, served, reshaped, unwaited                   atomic.Uint64

	mu       sync.Mutex
	acted    map[string]uint64
	skipped  map[string]uint64
	shedding map[string]uint64
	failures map[string]uint64
	upstream map[string]uint64
	refusals map[string]uint64
}

func newCounts() *counts {
	return &counts{shedding: map[string]uint64{}, failures: map[string]uint64{}, upstream: map[string]uint64{},
		refusals: map[string]uint64{}, acted: map[string]uint64{}, skipped: map[string]uint64{}}
}

func (c *counts) shed(reason shedReason)              { c.add(c.shedding, string(reason)) }
func (c *counts) fail(reason failureReason)           { c.add(c.failures, string(reason)) }
func (c *counts) upstreamError(reason upstreamReason) { c.add(c.upstream, string(reason)) }

// act counts an action; the outcome of one that is only recorded is "asked".
func (c *counts) act(kind event.ActionKind, outcome event.Outcome) {
	if outcome == "" {
		outcome = "asked"
	}
	c.add(c.acted, string(kind)+" "+string(outcome))
}

func (c *counts) skip(reason skipReason) { c.add(c.skipped, string(reason)) }

func (c *counts) refuse(reason string) { c.add(c.refusals, reason) }

func (c *counts) add(to map[string]uint64, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to[reason]++
}

func (c *counts) read() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Counts{
		Requests: c.requests.Load(), Matched: c.matched.Load(), Inline: c.inline.Load(), Tagged: c.tagged.Load(),
		Blocked: c.blocked.Load(), Refused: c.refused.Load(), Observed: c.observed.Load(),
		BadRequests: c.badRequests.Load(), Abandoned: c.abandoned.Load(),
		Panics: c.panics.Load(), TurnedAway: c.turnedAway.Load(), Evicted: c.evicted.Load(), Handshakes: c.handshakes.Load(),
		Served: c.served.Load(), Reshaped: c.reshaped.Load(), Unwaited: c.unwaited.Load(),
		Acted: maps.Clone(c.acted), Unchanged: maps.Clone(c.skipped), Refusals: maps.Clone(c.refusals),
		Shed: maps.Clone(c.shedding), Failures: maps.Clone(c.failures), Upstream: maps.Clone(c.upstream),
	}
}

// Counts reads the counters.
func (s *Server) Counts() Counts {
	read := s.counts.read()
	read.QueueDepth = s.inspection.queue.depth()
	read.Memory = s.inspection.memory.used.Load()
	return read
}

// Collectors are the counters for Prometheus.
func (s *Server) Collectors() []prometheus.Collector {
	total := func(name, help string, read func(Counts) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "wayguard_proxy_" + name, Help: help},
			func() float64 { return float64(read(s.counts.read())) })
	}
	return []prometheus.Collector{
		total("requests_total", "Requests received.", func(c Counts) uint64 { return c.Requests }),
		total("matched_total", "Requests that a spec matched.", func(c Counts) uint64 { return c.Matched }),
		total("inline_total", "Requests held for a verdict.", func(c Counts) uint64 { return c.Inline }),
		total("tagged_total", "Requests tagged for the origin.", func(c Counts) uint64 { return c.Tagged }),
		total("blocked_total", "Requests answered here because of a verdict.", func(c Counts) uint64 { return c.Blocked }),
		total("refused_total", "Requests refused for want of a verdict.", func(c Counts) uint64 { return c.Refused }),
		total("observed_total", "Events taken by the observer.", func(c Counts) uint64 { return c.Observed }),
		total("bad_requests_total", "Requests broken by the visitor.", func(c Counts) uint64 { return c.BadRequests }),
		total("abandoned_total", "Requests left by the visitor.", func(c Counts) uint64 { return c.Abandoned }),
		total("panics_total", "Connections lost to a mistake of ours.", func(c Counts) uint64 { return c.Panics }),
		total("turned_away_total", "Connections that found no place.", func(c Counts) uint64 { return c.TurnedAway }),
		total("evicted_total", "Idle connections that made place.", func(c Counts) uint64 { return c.Evicted }),
		total("failed_handshakes_total", "TLS handshakes that failed.", func(c Counts) uint64 { return c.Handshakes }),
		total("served_total", "Requests for pages of the policy's own.", func(c Counts) uint64 { return c.Served }),
		total("reshaped_total", "Answers whose body was changed.", func(c Counts) uint64 { return c.Reshaped }),
		total("unwaited_total", "Requests that did not wait, because too many did.", func(c Counts) uint64 { return c.Unwaited }),
		newReasons("unchanged_total", "Messages that could not be changed.", func() Counts { return s.counts.read() },
			func(c Counts) map[string]uint64 { return c.Unchanged }),
		&acts{prometheus.NewDesc("wayguard_proxy_acted_total", "Actions on held requests.", []string{"kind", "outcome"}, nil),
			func() Counts { return s.counts.read() }},
		newReasons("refusals_total", "Requests that cannot be read one way only.", func() Counts { return s.counts.read() },
			func(c Counts) map[string]uint64 { return c.Refusals }),
		newReasons("shed_total", "Exchanges or bodies not inspected.", func() Counts { return s.counts.read() },
			func(c Counts) map[string]uint64 { return c.Shed }),
		newReasons("failures_total", "Failures of judging.", func() Counts { return s.counts.read() },
			func(c Counts) map[string]uint64 { return c.Failures }),
		newReasons("upstream_errors_total", "Failures of the origin.", func() Counts { return s.counts.read() },
			func(c Counts) map[string]uint64 { return c.Upstream }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "wayguard_proxy_queue_depth", Help: "Exchanges waiting."},
			func() float64 { return float64(s.inspection.queue.depth()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "wayguard_proxy_copied_bytes", Help: "Bytes held by copies."},
			func() float64 { return float64(s.inspection.memory.used.Load()) }),
	}
}

// reasons is a counter by reason; the reasons are few and fixed.
type reasons struct {
	description *prometheus.Desc
	counts      func() Counts
	pick        func(Counts) map[string]uint64
}

func newReasons(name, help string, counts func() Counts, pick func(Counts) map[string]uint64) *reasons {
	description := prometheus.NewDesc("wayguard_proxy_"+name, help, []string{"reason"}, nil)
	return &reasons{description: description, counts: counts, pick: pick}
}

// Describe implements prometheus.Collector.
func (r *reasons) Describe(out chan<- *prometheus.Desc) { out <- r.description }

// Collect implements prometheus.Collector.
func (r *reasons) Collect(out chan<- prometheus.Metric) {
	for reason, count := range r.pick(r.counts()) {
		out <- prometheus.MustNewConstMetric(r.description, prometheus.CounterValue, float64(count), reason)
	}
}

// acts is the counter of actions by kind and outcome.
type acts struct {
	description *prometheus.Desc
	counts      func() Counts
}

// Describe implements prometheus.Collector.
func (a *acts) Describe(out chan<- *prometheus.Desc) { out <- a.description }

// Collect implements prometheus.Collector.
func (a *acts) Collect(out chan<- prometheus.Metric) {
	for act, count := range a.counts().Acted {
		kind, outcome, _ := strings.Cut(act, " ")
		out <- prometheus.MustNewConstMetric(a.description, prometheus.CounterValue, float64(count), kind, outcome)
	}
}
