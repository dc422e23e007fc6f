//go:build e2e

package payments

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"wayguard/e2e"
	"wayguard/event"
)

// How long payments are sent in each way, and over how many connections.
const (
	warming     = 3 * time.Second
	flatOut     = 15 * time.Second
	steady      = 10 * time.Second
	connections = 48
	// again is how many of the decisions are asked for by their id afterwards.
	again = 500
)

// load is one instance with a hundred rules and a blacklist of ten thousand.
type load struct {
	*instance
	origin  *httptest.Server
	figures []e2e.Figure
	answers []answered
}

// CheckLoad measures decisions with a hundred rules, counters and a blacklist, the load generator beside them on the same cores.
func CheckLoad(ctx context.Context) ([]e2e.Figure, error) {
	l := &load{origin: httptest.NewServer(http.NotFoundHandler())}
	defer l.origin.Close()
	var err error
	if l.instance, err = start(ctx, l.origin.URL, "pci_level: SAQ_D\n", ""); err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.furnish(ctx); err != nil {
		return nil, err
	}
	if err := l.fire(ctx); err != nil {
		return l.figures, err
	}
	return l.figures, l.count(ctx)
}

// furnish fills the blacklist and puts the rules in force.
func (l *load) furnish(ctx context.Context) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, entry := range blacklisted() {
		group.Go(func() error {
			return l.admin.Payments(within, http.MethodPost, "admin/blacklist", nil, entry, nil)
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("fill the blacklist: %w", err)
	}
	rules := hundredRules()
	if _, err := l.rules(ctx, "default", rules, nil); err != nil {
		return err
	}
	l.figures = append(l.figures, e2e.Count("decisions under load: rules in force", len(rules), 100), e2e.Count("  values on the blacklist", listed, 10_000))
	return nil
}

// fire sends payments, first as fast as they are answered, then at steady rates.
func (l *load) fire(ctx context.Context) error {
	l.volley(ctx, 1, 0, warming)
	used, began := l.used(), time.Now()
	fast := l.volley(ctx, 2, 0, flatOut)
	if fast.first != nil {
		return fmt.Errorf("under full load: %w", fast.first)
	}
	spent, cores := l.used()-used, time.Since(began)
	l.figures = append(l.figures,
		e2e.AtLeast("  decisions a second, generator beside it", fast.perSecond(), 5_000),
		e2e.Holds("  the program's share of the machine meanwhile, and a decision's cost", fmt.Sprintf("%.2f cores, %d µs", spent.Seconds()/cores.Seconds(), spent.Microseconds()/int64(max(len(fast.answers), 1))), true, "told"))
	for n, rate := range []int{1_000, 3_000, 5_000} {
		v := l.volley(ctx, uint64(3+n), rate, steady)
		if v.first != nil {
			return fmt.Errorf("at %d a second: %w", rate, v.first)
		}
		l.steadily(rate, v)
	}
	return nil
}

func (l *load) volley(ctx context.Context, seed uint64, rate int, duration time.Duration) volley {
	g := generator{i: l.instance, connections: connections, rate: rate, duration: duration, seed: seed}
	v := g.fire(ctx)
	l.answers = append(l.answers, v.answers...)
	return v
}

// brink is the rate at which two cores have nothing left, as the ledger grows: what is answered of it is told, and is no goal of its own.
const brink = 5_000

// steadily tells how long decisions took at a rate that does not wait for them.
func (l *load) steadily(rate int, v volley) {
	own := v.decided()
	answered := e2e.AtLeast(fmt.Sprintf("at %d a second, told whether answered or not: answered a second", rate), v.perSecond(), rate*98/100)
	if rate >= brink {
		answered = e2e.Holds(answered.Name, answered.Value, true, "told")
	}
	l.figures = append(l.figures, answered,
		finely("  p95 of a decision (latency_us)", at(own, 0.95), time.Millisecond),
		told("  p50, p99 of a decision (latency_us)", at(own, 0.5), at(own, 0.99)),
		told("  p50, p95, p99 as the client sees it, kept and sent", at(v.waits, 0.5), at(v.waits, 0.95), at(v.waits, 0.99)))
}

// finely is a time that must not be longer than the limit, in microseconds.
func finely(name string, got, limit time.Duration) e2e.Figure {
	return e2e.Holds(name, got.Round(time.Microsecond).String(), got <= limit, "<= "+limit.String())
}

// told are times that have no goal.
func told(name string, times ...time.Duration) e2e.Figure {
	var texts []string
	for _, t := range times {
		texts = append(texts, t.Round(10*time.Microsecond).String())
	}
	return e2e.Holds(name, strings.Join(texts, ", "), true, "told")
}

// used is the processor time that the program has taken so far (proc_pid_stat(5), fields 14 and 15, in hundredths of a second).
func (i *instance) used() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", i.Pid()))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var user, system int64
	if len(fields) > 12 {
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// count looks for what was answered in the ledger.
func (l *load) count(ctx context.Context) error {
	var analytics struct {
		Outcomes []struct {
			Key   string `json:"key"`
			Total int    `json:"total"`
		} `json:"by_outcome"`
		Truncated bool `json:"truncated"`
	}
	span := url.Values{"from": {time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}
	if err := l.admin.Payments(ctx, http.MethodGet, "admin/analytics", span, nil, &analytics); err != nil {
		return err
	}
	kept, differ := 0, 0
	byOutcome, ids := map[string]int{}, map[event.ID]bool{}
	for _, a := range l.answers {
		byOutcome[a.outcome]++
		ids[a.id] = true
	}
	var mix []string
	for _, row := range analytics.Outcomes {
		kept += row.Total
		if byOutcome[row.Key] != row.Total {
			differ++
		}
		mix = append(mix, fmt.Sprintf("%s %d", row.Key, row.Total))
	}
	found, err := l.find(ctx)
	if err != nil {
		return err
	}
	l.figures = append(l.figures,
		e2e.Holds("all that was answered, by outcome", strings.Join(mix, ", "), len(mix) > 1 && differ == 0 && !analytics.Truncated, "as answered"),
		e2e.Count("  ids that were answered", len(ids), len(l.answers)),
		e2e.Count("  decisions in the ledger", kept, len(l.answers)),
		e2e.Count("  found by their id, a sample", found, again))
	return nil
}

// find asks for a sample of the decisions by their ids, and counts those that are as they were answered.
func (l *load) find(ctx context.Context) (found int, err error) {
	for n := range again {
		a := l.answers[n*(len(l.answers)-1)/(again-1)]
		var d struct {
			ID       event.ID `json:"id"`
			Decision string   `json:"decision"`
		}
		if err := l.get(ctx, "/api/decisions/"+string(a.id), &d); err != nil {
			return found, err
		}
		if d.ID == a.id && d.Decision == a.outcome {
			found++
		}
	}
	return found, nil
}
