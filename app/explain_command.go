package app

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"wayguard/event"
	"wayguard/hub"
	"wayguard/stream"
)

// ExplainOptions say what is explained.
type ExplainOptions struct {
	// Config is the configuration whose rules explain, Demo the demo's; Data is where the events were recorded, where it is not
	// what Config says.
	Config, Data string
	Demo         bool
	// ID is an event's or a session's.
	ID   string
	JSON bool
}

// Explain prints why a session, or a session after one of its events, is rated as it is. It reads the log and leaves it alone,
// so that it works beside the process that writes it.
func Explain(ctx context.Context, world World, o ExplainOptions) error {
	c, err := replayConfig(world, o.Config, o.Data, o.Demo)
	if err != nil {
		return err
	}
	keys, err := trialKeys()
	if err != nil {
		return err
	}
	data := cmp.Or(o.Data, c.Data)
	c.Location.Files = nil // the events have been located
	p, problems := compileForTrial(c, keys)
	if err := problems.Err(); err != nil {
		return err
	}
	log, err := glanceAt(data, quietly())
	if err != nil {
		return err
	}
	gathered, at, err := log.chronicleOf(ctx, event.ID(strings.ToLower(strings.TrimSpace(o.ID))))
	if err = errors.Join(err, log.close()); err != nil {
		return err
	}
	noteLost(world, log.lost)
	explained := gathered.tell(p.rules, at)
	out := bufio.NewWriter(world.Stdout)
	if o.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(explained)
	} else {
		err = writeExplanation(out, &explained)
	}
	return errors.Join(err, out.Flush())
}

// chronicleOf gathers the session of that id, or that of the event of that id up to the event, which is at then. Records are few
// kinds of session apart in the log, so it is read once more where the id is an event's, or the session took an earlier one in.
func (g *glance) chronicleOf(ctx context.Context, id event.ID) (_ *chronicle, at event.ID, err error) {
	if id == "" {
		return nil, "", errors.New("give the id of an event or a session")
	}
	wanted := map[event.ID]bool{id: true}
	for {
		known := maps.Clone(wanted)
		c, found := &chronicle{}, false
		done := errors.New("the event was found")
		g.lost = 0
		err := g.each(ctx, func(e stream.Entry) error {
			r := &e.Record
			isEvent := r.Event.ID == id
			if !isEvent && !wanted[r.Session.ID] {
				return nil
			}
			found = true
			if isEvent {
				at, wanted[r.Session.ID] = id, true
			}
			if r.Session.Absorbed != "" {
				wanted[r.Session.Absorbed] = true
			}
			c.take(r)
			if isEvent {
				return done
			}
			return nil
		})
		if err != nil && !errors.Is(err, done) {
			return nil, "", err
		}
		if !found {
			return nil, "", fmt.Errorf("the log has no event and no session %q; what is older may have left it, see retention in the configuration", id)
		}
		if len(wanted) == len(known) || len(wanted) > chronicleLabels {
			return c, at, nil
		}
	}
}

// writeExplanation tells an explanation to a person.
func writeExplanation(w io.Writer, x *hub.Explanation) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, values ...any) { _, _ = fmt.Fprintf(t, format+"\n", values...) } // told by Flush
	line("session\t%s", x.Session)
	if x.Event != "" {
		line("event\t%s at %s", x.Event, x.At.Format(time.RFC3339Nano))
	}
	line("opened\t%s", x.Opened.Format(time.RFC3339))
	for _, who := range []struct {
		name string
		id   event.ID
	}{{"device", x.Device}, {"person", x.Person}, {"actor", x.Actor}} {
		if who.id != "" {
			line("%s\t%s", who.name, who.id)
		}
	}
	line("rules\t%s", cmp.Or(x.Rules, "unknown"))
	line("")
	for _, sentence := range x.Sentences {
		line("%s", sentence)
	}
	for _, reason := range x.Link.Because {
		line("  device: %s = %s", reason.Expression, reason.Value)
	}
	for _, shadow := range []bool{false, true} {
		labels := slices.DeleteFunc(slices.Clone(x.Labels), func(l hub.ExplainedLabel) bool { return l.Shadow != shadow })
		if len(labels) > 0 {
			line("\n%s", map[bool]string{false: "LABELS", true: "SHADOW LABELS, without effect"}[shadow])
		}
		for i := range labels {
			labelLines(line, &labels[i], x.Rating)
		}
	}
	if len(x.Timeline) > 0 {
		line("\nTIMELINE")
	}
	for i := range x.Timeline {
		momentLines(line, &x.Timeline[i])
	}
	return t.Flush()
}

func labelLines(line func(string, ...any), l *hub.ExplainedLabel, rating event.Rating) {
	kind := "rule"
	if l.Signature {
		kind = "signature"
	}
	mark := ""
	if l.Tipped {
		mark = "  [decisive]"
	}
	line("%+d  %s%s", l.Points, l.Name, mark)
	if l.Sentence != "" {
		line("    %s", l.Sentence)
	}
	line("    %s, %s %s, version %s%s, at %s", l.Severity, kind, l.Rule, cmp.Or(l.Version, "unknown"), ofFamily(l.Family), l.At.Format(time.TimeOnly))
	if !l.Shadow && l.Without != rating {
		line("    without it alone the session would be %s", l.Without)
	}
	for _, o := range l.Operands {
		compared, window := "", ""
		if o.Threshold != "" {
			compared = fmt.Sprintf("  (%s %s)", o.Operator, o.Threshold)
		}
		if o.Window != "" {
			window = ", within " + o.Window
		}
		line("      %s = %s%s%s", o.Expression, o.Value, compared, window)
	}
}

func ofFamily(family string) string {
	if family == "" {
		return ""
	}
	return ", family " + family
}

func momentLines(line func(string, ...any), m *hub.Moment) {
	what := m.Name
	if m.What != "" {
		what += ": " + string(m.What)
	}
	if m.Quiet > 1 {
		what += fmt.Sprintf(" (and %d more like it)", m.Quiet-1)
	}
	line("%s  %s %d  %s", m.At.Format("15:04:05.000"), m.Rating, m.Score, what)
	for _, note := range m.Notes {
		line("              %s", note)
	}
}
