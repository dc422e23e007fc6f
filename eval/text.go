package eval

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Write prints the report for people.
func (r *Report) Write(out io.Writer) error {
	t := &table{Writer: tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)}
	t.line("%d devices, %d days a world; reported on seeds %v, tuned on %v; %d events in all", r.Scope.Devices, r.Scope.Days, r.Scope.Seeds, r.Scope.Tuned, r.Scope.Events)
	t.line("In brackets: 95 %% confidence by bootstrap over devices or attackers.")
	for _, name := range []string{FullWorld, CookielessWorld, NullWorld, DriftWorld} {
		w := r.Worlds[name]
		if w.Events == 0 {
			continue
		}
		t.heading("%s world: %d events", name, w.Events)
		t.identity(w, name == FullWorld || name == CookielessWorld)
		t.people(w.People)
		if len(w.Attacks) > 0 {
			t.attacks(w.Attacks)
			t.labels(w.Labels)
		}
	}
	if r.Replay.Events > 0 {
		t.beside(r)
	}
	t.heading("goals")
	for _, f := range r.Figures {
		verdict := "ok"
		if !f.Met {
			verdict = "SHORT"
		}
		t.line("%s\t%s\t%s\t%s", verdict, f.Name, f.Value, f.Goal)
	}
	if t.failed != nil {
		return t.failed
	}
	return t.Flush()
}

// beside is what is measured beside the worlds.
func (t *table) beside(r *Report) {
	t.heading("bots from an access log alone")
	t.line("score at least %d\trecall %s\tfalse positives %s", r.Log.Score, interval(r.Log.Recall, 3), interval(r.Log.FalseRate, 4))
	for level, e := range r.Log.Levels {
		t.line("level %d\trecall %s", level, interval(e, 3))
	}
	t.heading("what is kept, in bytes of value")
	t.line("kind\tcount\tmean\tp99\tmost")
	for _, k := range r.Kept {
		t.line("%s\t%d\t%d\t%d\t%d", k.Kind, k.Count, k.Mean, k.P99, k.Most)
	}
	t.heading("determinism: %d events", r.Replay.Events)
	for _, name := range slices.Sorted(maps.Keys(r.Replay.Digests)) {
		t.line("%s\t%s", name, r.Replay.Digests[name])
	}
	t.heading("reasons that tipped a session to Malicious")
	for _, n := range slices.Sorted(maps.Keys(r.Reasons)) {
		t.line("%d reasons\t%d", n, r.Reasons[n])
	}
}

// table writes lines of cells, and keeps the first error.
type table struct {
	*tabwriter.Writer
	failed error
}

func (t *table) line(format string, args ...any) {
	if _, err := fmt.Fprintf(t.Writer, format+"\n", args...); err != nil && t.failed == nil {
		t.failed = err
	}
}

func (t *table) heading(format string, args ...any) {
	title := fmt.Sprintf(format, args...)
	t.line("\n%s\n%s", title, strings.Repeat("-", len(title)))
}

func (t *table) identity(w World, stratified bool) {
	t.line("devices\tpairwise P\tpairwise R\tB3 P\tB3 R\tB3 F1\tvisits")
	for _, name := range []string{"wayguard", "cookie only", "address and user agent"} {
		t.linking(name, w.Linking[name])
	}
	if stratified {
		for _, s := range w.Strata {
			account := "no account"
			if s.Account {
				account = "account"
			}
			t.linking(s.Place+", "+s.Habit+", "+account, s.Linking)
		}
	}
	t.line("journeys a device\t%s", interval(w.Shape.PerDevice, 2))
	t.line("largest journey\t%d visits; the largest device has %d", w.Shape.Largest, w.Shape.LargestTrue)
	t.line("attackers' visits in people's journeys\t%s of 1,000; with stolen cookies %s", interval(w.Shape.Contamination, 1), interval(w.Shape.Stolen, 0))
	t.linking("persons", w.Layers.Persons)
	t.line("attackers' visits in an actor\t%s; in their campaign's main one %s; people's visits in one, of 10,000: %s", interval(w.Layers.InActors, 3),
		interval(w.Layers.OneActor, 3), interval(w.Layers.People, 1))
	t.line("confidence: error over ten bins\t%s", interval(w.Layers.Calibration, 3))
	for _, b := range w.Layers.Bins {
		if b.Visits > 0 {
			t.line("  from %d %%\tsaid %.3f\tright %.3f\t\t\t\t%d", b.From, b.Confidence, b.Right, b.Visits)
		}
	}
	for _, tier := range slices.Sorted(maps.Keys(w.Layers.Tiers)) {
		n, name := w.Layers.Tiers[tier], tier
		if name == "" {
			name = "nothing said"
		}
		t.line("decided by %s: %d\tjoined %d\trightly %d", name, n.Decisions, n.Joined, n.Right)
	}
	t.line("\nrequests to sessions\tB3 F1")
	for _, name := range slices.Sorted(maps.Keys(w.Grouping)) {
		t.line("%s\t%s", name, interval(w.Grouping[name], 4))
	}
}

func (t *table) linking(name string, l Linking) {
	t.line("%s\t%s\t%s\t%.4f\t%.4f\t%s\t%d", name, interval(l.Precision, 4), interval(l.Recall, 3), l.BPrecision.Value, l.BRecall.Value, interval(l.BF1, 3), l.Visits)
}

func (t *table) people(p People) {
	t.line("\npeople\tvisits\tSuspicious\tMalicious")
	t.line("all\t%d\t%s\t%s", p.Visits, interval(p.Suspicious, 5), interval(p.Malicious, 5))
	for _, twin := range p.Twins {
		t.line("%s\t%d\t%s\t%s", twin.Twin, twin.Visits, interval(twin.Suspicious, 4), interval(twin.Malicious, 4))
	}
	t.line("thresholds per address\t\t%s", interval(p.Thresholds, 5))
	t.line("payments of people blocked\t%d of %d", p.Blocked, p.Payments)
}

func (t *table) attacks(all []*Detection) {
	t.line("\nattack\tattempts\tSuspicious\tMalicious\tthresholds\tfirst alarm\tfirst Malicious\tlosses\tflagged before\tmost paid")
	for _, d := range all {
		t.line("%s\t%d\t%s\t%s\t%.2f\t%s\t%s\t%d\t%.2f\t%d", d.Name, d.Attempts, interval(d.Suspicious, 3), interval(d.Malicious, 3), d.Thresholds.Value,
			span(d.Alarm), span(d.Condemned), d.Losses, d.BeforeLoss.Value, d.MostPaid)
	}
}

func (t *table) labels(all []Label) {
	t.line("\nlabel\tfamily\tpoints\tworth\tpeople\talarmed\tattackers\tL0\tL1\tL2\tL3\tL4\tmostly")
	for _, l := range all {
		name := l.Name
		if l.Shadow {
			name += " (shadow)"
		}
		t.line("%s\t%s\t%d\t%+d\t%.5f\t%d\t%.4f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%s", name, l.Family, l.Points, l.Worth, l.People, l.Alarmed, l.Attackers,
			l.Levels[0], l.Levels[1], l.Levels[2], l.Levels[3], l.Levels[4], l.Most)
	}
}

func span(d time.Duration) string {
	if d == never {
		return "never"
	}
	return d.Round(time.Second).String()
}
