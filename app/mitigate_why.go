package app

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"wayguard/config"
	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/stream"
)

// Why tells what was done to an event, or to the last held one of a session, and for each policy what the order of precedence says
// of it now. It reads the log and what mitigation keeps, and leaves both alone, so that it works beside the process that writes them.
func Why(ctx context.Context, world World, o ExplainOptions) error {
	c, err := replayConfig(world, o.Config, o.Data, o.Demo)
	if err != nil {
		return err
	}
	data := cmp.Or(o.Data, c.Data)
	p, err := planBeside(world, c, data)
	if err != nil {
		return err
	}
	log, err := glanceAt(data, quietly())
	if err != nil {
		return err
	}
	record, err := log.heldOf(ctx, event.ID(strings.ToLower(strings.TrimSpace(o.ID))))
	if err = errors.Join(err, log.close()); err != nil {
		return err
	}
	noteLost(world, log.lost)
	told := Whys{Event: record.Event.ID, Session: record.Session.ID, Time: record.Event.Time, Rating: record.Verdict.Rating,
		Held: record.Event.HTTP.Inline, Done: record.Event.Actions, Asked: record.Verdict.Actions,
		Policies: p.measures.Trail(&record.Event, &mitigation.Judgement{Session: record.Session, Verdict: record.Verdict})}
	out := bufio.NewWriter(world.Stdout)
	if o.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(told)
	} else {
		err = told.write(out)
	}
	return errors.Join(err, out.Flush())
}

// Whys is why a request was let through or not.
type Whys struct {
	Event   event.ID     `json:"event"`
	Session event.ID     `json:"session"`
	Time    time.Time    `json:"time"`
	Rating  event.Rating `json:"rating"`
	// Held says that the request waited for its verdict; only then can anything be done to it.
	Held bool `json:"held"`
	// Done are facts: what was done then, and what was withheld. Asked is what the verdict called for after the event.
	Done  []event.Action `json:"done"`
	Asked []event.Action `json:"asked"`
	// Policies are what each policy would come to now.
	Policies []mitigation.Trail `json:"policies"`
}

// planBeside makes a plan as the process that uses the data directory has it.
func planBeside(world World, c config.Config, data string) (*plan, error) {
	secret, err := os.ReadFile(filepath.Join(data, tenantFile))
	if err != nil {
		return nil, fmt.Errorf("%s is no data directory of a Wayguard: %w", data, err)
	}
	keys, err := tenantKeys(data, secret)
	if err != nil {
		return nil, err
	}
	m, err := newMitigator(secret, c, world.Now)
	if err != nil {
		return nil, err
	}
	c.Location.Files = nil // the events have been located
	p, problems := compile(c, keys, m)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	kept, err := os.ReadFile(filepath.Join(data, mitigationFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return p, nil
	case err != nil:
		return nil, err
	}
	return p, m.control.Load(kept)
}

// heldOf finds an event by its id, or a session's last event, the last held one if there is any.
func (g *glance) heldOf(ctx context.Context, id event.ID) (found event.Record, err error) {
	if id == "" {
		return found, errors.New("give the id of an event or a session")
	}
	done := errors.New("the event was found")
	err = g.each(ctx, func(e stream.Entry) error {
		r := &e.Record
		switch {
		case r.Event.ID == id:
			found = *r
			return done
		case r.Session.ID == id && (r.Event.HTTP.Inline || !found.Event.HTTP.Inline):
			found = *r
		}
		return nil
	})
	if err != nil && !errors.Is(err, done) {
		return found, err
	}
	if found.Event.ID == "" {
		return found, fmt.Errorf("the log has no event and no session %q; what is older may have left it, see retention in the configuration", id)
	}
	return found, nil
}

// write tells it to a person.
func (y *Whys) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, values ...any) { _, _ = fmt.Fprintf(t, format+"\n", values...) } // told by Flush
	line("event\t%s at %s", y.Event, y.Time.Format(time.RFC3339Nano))
	line("session\t%s, %s", y.Session, y.Rating)
	line("held\t%s", map[bool]string{true: "yes: something could be done to it", false: "no: it went through before its verdict"}[y.Held])
	line("\nTHEN")
	if len(y.Done) == 0 {
		line("  nothing was done, and nothing withheld")
	}
	for _, a := range y.Done {
		line("  %s\t%s\t%s\t%s", a.Outcome, cmp.Or(a.Policy, a.Name), a.Kind, strings.TrimSuffix(cmp.Or(a.Because, "-")+"; "+a.Detail, "; "))
	}
	line("\nNOW, by policy")
	if len(y.Policies) == 0 {
		line("  no policy is for such requests")
	}
	for i := range y.Policies {
		trailLines(line, &y.Policies[i])
	}
	return t.Flush()
}

// trailLines tells one policy's way through the order of precedence.
func trailLines(line func(string, ...any), p *mitigation.Trail) {
	if !p.Asked {
		line("  %s\tis not asked: its condition does not hold", p.Policy)
		return
	}
	line("  %s\twould %s (step %d, %s), because of %s: %s", p.Policy, p.Kind, p.Step, p.Action, p.Because, p.Outcome)
	for _, s := range p.Order {
		mark := " "
		if s.Decides {
			mark = ">"
		}
		line("  %s %2d\t%s\t%s", mark, s.Rank, s.Name, s.Detail)
	}
}
