package app

import (
	"cmp"
	"slices"

	"wayguard/event"
	"wayguard/hub"
	"wayguard/rule"
	"wayguard/search"
)

// The bounds of what is kept of one session.
const (
	// chronicleLabels is how many labels are told apart, chronicleMoments how many lines a timeline has.
	chronicleLabels  = 1000
	chronicleMoments = 5000
)

// chronicle gathers the events of one session, in their order, into what there is to explain.
type chronicle struct {
	explained hub.Explanation
	// labels are those placed so far, each once.
	labels []placedLabel
	// last is the record taken last.
	last event.Record
}

// placedLabel is a label as it was recorded, and what is told of it.
type placedLabel struct {
	label event.Label
	told  hub.ExplainedLabel
}

// take folds the session's next event in.
func (c *chronicle) take(r *event.Record) {
	e, x := &r.Event, &c.explained
	if x.Events == 0 {
		x.Join, x.Opened = r.Session.Join, r.Session.Opened
		x.Partial = x.Partial || r.Session.Number > 1
	}
	x.Events++
	if x.Events < r.Session.Number {
		x.Events = r.Session.Number // the earlier ones are not kept any more
	}
	x.Rating, x.Score, x.Next, x.Rules = r.Verdict.Rating, r.Verdict.Score, r.Verdict.Next, r.Verdict.Rules
	linked := r.Session.Link.Tier != "" && (r.Session.Link.Tier != x.Link.Tier || r.Session.Journey != x.Device)
	if r.Session.Link.Tier != "" {
		x.Link = r.Session.Link
	}
	// A later event tells more of who it is, and a moved session a new device.
	x.Session, x.Device, x.Person, x.Actor, x.At = r.Session.ID, r.Session.Journey, r.Session.Person, r.Session.Actor, e.Time
	if r.Session.Confidence > 0 {
		x.Confidence = r.Session.Confidence
	}
	if r.Verdict.Rating != r.Verdict.Before {
		x.Turned, x.TurnedAt = r.Verdict.Tipped, e.Time
	}
	for i := range r.Verdict.Labels {
		c.place(&r.Verdict.Labels[i], e)
	}
	c.mark(r, linked)
	c.last = *r
}

// place keeps a label that the session did not carry yet.
func (c *chronicle) place(l *event.Label, e *event.Event) {
	same := func(p placedLabel) bool {
		return p.label.Name == l.Name && p.label.Shadow == l.Shadow && p.label.Signature == l.Signature
	}
	if len(c.labels) >= chronicleLabels || slices.ContainsFunc(c.labels, same) {
		return
	}
	c.labels = append(c.labels, placedLabel{*l, hub.ExplainedLabel{
		Name: l.Name, Severity: l.Severity, Rule: l.Rule, Version: l.Version, Signature: l.Signature, Shadow: l.Shadow,
		Points: l.Points, Family: l.Family, Event: e.ID, At: e.Time, Sentence: asSentence(l.Sentence),
	}})
}

// mark adds the event to the timeline: a line of its own when it brought something new, else one with those like it.
func (c *chronicle) mark(r *event.Record, linked bool) {
	e, notes, line := &r.Event, notesOf(r, linked), c.explained.Timeline
	m := hub.Moment{At: e.Time, Event: e.ID, Name: cmp.Or(e.Name, string(e.Type)), Type: e.Type, What: e.Result,
		Rating: r.Verdict.Rating, Score: r.Verdict.Score, Notes: notes}
	if len(notes) == 0 {
		m.Quiet = 1
		if n := len(line); n > 0 && line[n-1].Quiet > 0 && line[n-1].Type == m.Type && line[n-1].What == m.What {
			line[n-1].Quiet++
			return
		}
	}
	if len(line) >= chronicleMoments {
		c.explained.Partial = true
		return
	}
	c.explained.Timeline = append(line, m)
}

// tell explains what was gathered by the rules, for the event at or, when that is empty, for the session.
func (c *chronicle) tell(rules *rule.Set, at event.ID) hub.Explanation {
	x := c.explained
	x.Event = at
	if at != "" {
		x.Join, x.Timeline = c.last.Session.Join, nil
	}
	x.Current = x.Rules == "" || x.Rules == rules.Version()
	live := make([]event.Label, 0, len(c.labels))
	for i := range c.labels {
		if !c.labels[i].label.Shadow {
			live = append(live, c.labels[i].label)
		}
	}
	tipped, weight := rules.Reasons(live)
	x.Tipped, x.Exact, x.Without = tipped, weight.Exact, x.Rating
	if weight.Rating != x.Rating {
		x.Tipped, x.Exact = x.Turned, true // other rules, or time, made the rating
	}
	if len(x.Tipped) > 0 {
		x.Without = without(rules, live, x.Tipped...)
		x.Enough = enough(rules, live, weight.Rating)
	}
	x.NextRating = x.Rating
	if x.Rating < event.Malicious {
		x.NextRating++
		if x.Next <= 0 {
			x.Next = weight.Next // recorded before the verdict told it
		}
	}
	for i := range c.labels {
		p := &c.labels[i]
		l := p.told
		l.Tipped, l.Without = !l.Shadow && slices.Contains(x.Tipped, l.Name), x.Rating
		if !l.Shadow && weight.Rating == x.Rating {
			l.Without = without(rules, live, l.Name)
		}
		for _, o := range rules.Explain(p.label) {
			l.Operands = append(l.Operands, hub.Operand(o))
		}
		x.Labels = append(x.Labels, l)
	}
	x.Sentences = sentencesOf(&x, weight.Rating)
	return x
}

// without is the rating of the labels without those of some names.
func without(rules *rule.Set, labels []event.Label, names ...string) event.Rating {
	_, weight := rules.Reasons(slices.DeleteFunc(slices.Clone(labels), func(l event.Label) bool { return slices.Contains(names, l.Name) }))
	return weight.Rating
}

// fewEnough is the greatest number of labels of which it is tried out whether they are enough.
const fewEnough = 3

// enough names a smallest set of labels that alone come to the rating, if it is of fewEnough at most; else one from which none
// can be left out.
func enough(rules *rule.Set, labels []event.Label, rating event.Rating) []string {
	labels = slices.DeleteFunc(slices.Clone(labels), func(l event.Label) bool {
		return l.Points <= 0 && !(l.Signature && l.Severity == event.MaliciousLabel)
	})
	slices.SortStableFunc(labels, func(a, b event.Label) int { return cmp.Compare(b.Points, a.Points) })
	suffices := func(some []event.Label) bool {
		_, weight := rules.Reasons(some)
		return weight.Rating >= rating
	}
	some := make([]event.Label, 0, fewEnough)
	var search func(from, size int) bool
	search = func(from, size int) bool {
		if size == 0 {
			return suffices(some)
		}
		for i := from; i <= len(labels)-size; i++ {
			some = append(some, labels[i])
			if search(i+1, size-1) {
				return true
			}
			some = some[:len(some)-1]
		}
		return false
	}
	labels = labels[:min(len(labels), 24)] // the strongest; more would take too long to try out
	for size := 1; size <= fewEnough; size++ {
		if search(0, size) {
			return namesOf(some)
		}
	}
	some = labels
	for i := len(some) - 1; i >= 0; i-- {
		if fewer := slices.Delete(slices.Clone(some), i, i+1); suffices(fewer) {
			some = fewer
		}
	}
	if !suffices(some) {
		return nil
	}
	return namesOf(some)
}

// namesOf are the labels' names, sorted.
func namesOf(labels []event.Label) []string {
	names := make([]string, len(labels))
	for i := range labels {
		names[i] = labels[i].Name
	}
	slices.Sort(names)
	return names
}

// explain implements hub.Explainer by the rules in force.
func (h *house) explain(_ event.Environment, story *search.Story, at event.ID) (hub.Explanation, bool) {
	return explainStory(h.judge.plan.Load().rules, story, at)
}

// explainStory explains a session as the warehouse has it, whose events are newest first.
func explainStory(rules *rule.Set, story *search.Story, at event.ID) (hub.Explanation, bool) {
	c := &chronicle{}
	c.explained.Partial = story.Truncated
	if story.Truncated && at == "" {
		// Labels of events that are beyond the story are in it all the same.
		for i := range story.Labels {
			l := &story.Labels[i]
			c.place(&l.Label, &event.Event{ID: l.Event, Time: l.At})
		}
	}
	found := at == ""
	for i := len(story.Events) - 1; i >= 0; i-- {
		c.take(&story.Events[i])
		if at != "" && story.Events[i].Event.ID == at {
			found = true
			break
		}
	}
	if !found || len(story.Events) == 0 {
		return hub.Explanation{}, false
	}
	return c.tell(rules, at), true
}
