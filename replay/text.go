package replay

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Write tells the report to a person. The same report is the same text.
func (r *Report) Write(w io.Writer) error {
	p := &page{w: w}
	p.head(r)
	p.ratings(r)
	p.findings(r)
	p.shadows(r)
	p.failures(r)
	return p.err
}

// page writes until something fails.
type page struct {
	w   io.Writer
	err error
}

func (p *page) say(format string, values ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, values...)
	}
}

// table writes rows of cells divided by tabs, in columns.
func (p *page) table(rows []string) {
	if p.err != nil {
		return
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(t, row) // it is told by Flush
	}
	p.err = t.Flush()
}

func (p *page) head(r *Report) {
	p.say("%d events replayed, %d compared, in %d sessions", r.Events, r.Counted, r.Sessions)
	if r.From != nil {
		p.say(", from %s to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	p.say("\nactive rules %s, candidate rules %s\n", r.Active, r.Candidate)
	for _, note := range []struct {
		count int64
		text  string
	}{
		{r.Lost, "records could not be read and are missing"},
		{r.Split, "events belong to different sessions under the two sets"},
		{r.Crowded, "events were left out, because too many sessions were under way at once"},
		{r.Differ, "verdicts of the active rules differ from those recorded: other rules, or a state that reached further back"},
	} {
		if note.count > 0 {
			p.say("note: %d %s\n", note.count, note.text)
		}
	}
}

func (p *page) ratings(r *Report) {
	p.say("\nRATINGS of sessions (under the active rules -> under the candidate)\n")
	var rows []string
	for i := range r.Ratings {
		c := &r.Ratings[i]
		row := fmt.Sprintf("  %s -> %s\t%d sessions\t%s people\t%s", c.Active, c.Candidate, c.Sessions, c.people(), c.money())
		if c.Active != c.Candidate {
			row += fmt.Sprintf("\tlater logged in %d, paid %d, marked good %d", c.LoggedIn, c.Paid, c.MarkedGood)
		}
		rows = append(rows, row)
	}
	p.table(rows)
	for i := range r.Ratings {
		if c := &r.Ratings[i]; c.Active != c.Candidate {
			p.examples(fmt.Sprintf("%s -> %s", c.Active, c.Candidate), &c.Touch)
		}
	}
}

func (p *page) findings(r *Report) {
	p.say("\nRULES, SIGNATURES AND ACTIONS that hit other sessions than before\n")
	same := 0
	for i := range r.Findings {
		c := &r.Findings[i]
		if !c.Changed() {
			same++
			continue
		}
		p.say("  %s %s%s: %d sessions before, %d after\n", c.Kind, c.ID, c.title(), c.Before, c.After)
		p.touch("newly hit", &c.Newly)
		p.touch("no longer hit", &c.Gone)
	}
	p.say("  %d others hit the same sessions\n", same)
}

// title is the name and, where they are worth it, the modes.
func (c *Change) title() string {
	title := ""
	if c.Name != "" {
		title = fmt.Sprintf(" %q", c.Name)
	}
	if c.Active != c.Candidate {
		return fmt.Sprintf("%s (%s -> %s)", title, c.Active, c.Candidate)
	}
	if c.Candidate == Shadow {
		return title + " (shadow)"
	}
	return title
}

func (p *page) touch(what string, t *Touch) {
	if t.Sessions == 0 {
		return
	}
	p.say("    %s: %d sessions, %s people, %s; later logged in %d, paid %d, trusted %d, marked good %d\n", what, t.Sessions,
		t.people(), t.money(), t.LoggedIn, t.Paid, t.Trusted, t.MarkedGood)
	p.examples("", t)
}

func (p *page) examples(what string, t *Touch) {
	if what != "" && len(t.Examples) > 0 {
		p.say("    %s\n", what)
	}
	for _, e := range t.Examples {
		p.say("      session %s  event %s  %s  %s -> %s%s\n", e.Session, e.Event, e.At.Format(time.RFC3339), e.Active, e.Candidate, because(e.Because))
	}
}

func because(text string) string {
	if text == "" {
		return ""
	}
	return "  " + text
}

func (p *page) shadows(r *Report) {
	if len(r.Shadows) == 0 {
		return
	}
	p.say("\nSHADOW: of the sessions that would have been hit, how many went on well\n")
	rows := []string{"  what\tsessions\tpeople\tmoney\tlater logged in\tlater paid\ttrusted\tmarked good\tgood (95 %)"}
	for i := range r.Shadows {
		s := &r.Shadows[i]
		rows = append(rows, fmt.Sprintf("  %s %s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%s", s.Kind, s.ID, s.Sessions, s.people(), s.money(),
			s.LoggedIn, s.Paid, s.Trusted, s.MarkedGood, s.Good))
	}
	p.table(rows)
}

func (p *page) failures(r *Report) {
	if len(r.Errors) == 0 {
		return
	}
	p.say("\nERRORS: events on which a rule could not be evaluated\n")
	for _, e := range r.Errors {
		p.say("  %s: %d before, %d after: %s\n", e.Rule, e.Active, e.Candidate, e.Message)
	}
}

// String is the share in percent.
func (s Share) String() string {
	return fmt.Sprintf("%s %% (%s to %s)", tenths(s.Permille), tenths(s.Low), tenths(s.High))
}

func tenths(permille int64) string { return fmt.Sprintf("%d.%d", permille/10, permille%10) }

func (t *Touch) people() string {
	if t.PeopleAtLeast {
		return fmt.Sprintf("at least %d", t.People)
	}
	return fmt.Sprint(t.People)
}

// money lists the sums in minor units.
func (t *Touch) money() string {
	if len(t.Money) == 0 {
		return "no money"
	}
	sums := make([]string, len(t.Money))
	for i, m := range t.Money {
		sums[i] = fmt.Sprintf("%d", m.Minor)
		if m.Currency != "" {
			sums[i] += " " + m.Currency
		}
	}
	return strings.Join(sums, " + ") + " (minor units)"
}
