package rule

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wayguard/element"
	"wayguard/event"
)

// journeyStart is when every journey begins: a Monday morning, so that rules about hours have a fixed ground.
func journeyStart() time.Time { return time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC) }

// Events unrolls the journey into events in order of time. The same test gives the same events, ids included.
func (t Test) Events(normaliser *element.Normaliser) ([]event.Event, error) {
	var events []event.Event
	for number, step := range t.Journey {
		for n := range max(1, step.Repeat) {
			e, err := step.event(normaliser, n+1)
			if err != nil {
				return nil, fmt.Errorf("test %q, step %d: %w", t.Name, number+1, err)
			}
			e.ID = t.id(number, n+1)
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	return events, nil
}

// id is that of the n-th repetition of a step of the journey.
func (t Test) id(step, n int) event.ID {
	return event.DeriveID(t.Journey[step].when(n), "journey", t.Name, strconv.Itoa(step), strconv.Itoa(n))
}

// when is the time of the n-th repetition of the step.
func (s Step) when(n int) time.Time { return journeyStart().Add(s.Time + time.Duration(n-1)*s.Every) }

// fill puts the number of the repetition into a text.
func fill(text string, n int) string { return strings.ReplaceAll(text, "{n}", strconv.Itoa(n)) }

// visitor is who the n-th repetition of the step is by.
func (s Step) visitor(n int) string { return cmp.Or(fill(s.Visitor, n), "visitor") }

// event is the n-th repetition of the step, counted from 1.
func (s Step) event(normaliser *element.Normaliser, n int) (event.Event, error) {
	visitor := s.visitor(n)
	tool := cmp.Or(fill(s.Tool, n), visitor)
	e := event.Event{
		Environment: event.DefaultEnvironment,
		Time:        s.when(n),
		Name:        cmp.Or(s.Name, s.Type.Human()), Type: s.Type, Result: s.Result, Spec: cmp.Or(s.Spec, "test"),
		HTTP: event.HTTP{
			Method: cmp.Or(s.Method, "POST"), Host: cmp.Or(s.Host, "shop.example"), Route: cmp.Or(s.Route, "/test"),
			Status: s.Status, Inline: s.Inline,
		},
		Evidence: event.Evidence{HeaderShape: digest("headers", tool), UserAgent: digest("user agent", tool)},
	}
	if !s.Cookieless {
		e.Evidence.Tokens = []event.Token{{Name: "cookie:test", Hash: digest("cookie", visitor)}}
	}
	s.show(&e.Evidence, n)
	if err := s.fillElements(&e, normaliser, n); err != nil {
		return event.Event{}, err
	}
	if address := e.Find("ip_address"); address != nil {
		e.Evidence.Address = address.Value
	}
	return e, nil
}

func (s Step) fillElements(e *event.Event, normaliser *element.Normaliser, n int) error {
	for _, name := range keys(s.Elements) {
		definition, known := normaliser.Catalogue().Find(name)
		if !known {
			continue // Switched off by the operator: a real event would not have it either.
		}
		for _, raw := range s.Elements[name] {
			value, err := normaliser.Normalise(definition, filled(definition, raw, n))
			if err != nil {
				return fmt.Errorf("element %s: %w", name, err)
			}
			e.Elements = append(e.Elements, event.Element{
				Name: name, Kind: event.Kind(definition.Kind), Type: string(definition.Type), Value: value.Text,
				Display: value.Display, Parts: event.Parts(value.Parts),
			})
		}
	}
	slices.SortStableFunc(e.Elements, func(a, b event.Element) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return nil
}

// filled is the raw value of one repetition; money is told to be in minor units.
func filled(definition element.Definition, raw element.Raw, n int) element.Raw {
	parts := map[string]string{}
	for key, value := range raw.Parts {
		parts[key] = fill(value, n)
	}
	text := fill(raw.Text, n)
	if definition.Type == element.Money {
		parts[element.PartUnit] = "minor"
		if value, given := parts["text"]; given {
			text = value
			delete(parts, "text")
		}
	}
	return element.Raw{Text: text, Parts: parts}
}

// digest stands for the hashes that capture makes of real requests.
func digest(kind, text string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + text))
	return hex.EncodeToString(sum[:8])
}

// Failures compares what was expected with the records that the journey's events became, in order; empty means passed.
func (t Test) Failures(records []event.Record) []string {
	if len(records) == 0 {
		return []string{"the journey made no records"}
	}
	var failures []string
	fired := t.firedAt(records)
	switch {
	case t.Rule == "":
	case t.Fires && fired < 0:
		failures = append(failures, t.Rule+" did not fire")
	case !t.Fires && fired >= 0:
		failures = append(failures, fmt.Sprintf("%s fired on event %d", t.Rule, fired+1))
	}
	for i, record := range records {
		for _, broken := range record.Verdict.Errors {
			failures = append(failures, fmt.Sprintf("%s failed on event %d: %s", broken.Rule, i+1, broken.Error))
		}
	}
	if t.Expect != nil {
		failures = append(failures, t.Expect.failures(records[len(records)-1])...)
		failures = append(failures, t.joins(records)...)
	}
	return failures
}

// firedAt is the first record on which the rule under test placed its label, -1 when none. Where the test is of one
// visitor, only that visitor's records count.
func (t Test) firedAt(records []event.Record) int {
	others := t.others()
	return slices.IndexFunc(records, func(r event.Record) bool {
		return !others[r.Event.ID] && slices.ContainsFunc(r.Verdict.Labels, func(l event.Label) bool { return l.Rule == t.Rule })
	})
}

// others are the events of visitors whom the test is not of.
func (t Test) others() map[event.ID]bool {
	others := map[event.ID]bool{}
	if t.Visitor == "" {
		return others
	}
	for number, step := range t.Journey {
		for n := 1; n <= max(1, step.Repeat); n++ {
			if step.visitor(n) != t.Visitor {
				others[t.id(number, n)] = true
			}
		}
	}
	return others
}

func (e Expectation) failures(last event.Record) []string {
	var failures []string
	if e.Rating != nil && last.Verdict.Rating != *e.Rating {
		failures = append(failures, fmt.Sprintf("the rating is %s with a score of %d and labels [%s], not %s", last.Verdict.Rating,
			last.Verdict.Score, strings.Join(last.Session.Labels, ", "), *e.Rating))
	}
	for _, name := range e.Labels {
		if !slices.Contains(last.Session.Labels, name) {
			failures = append(failures, fmt.Sprintf("the session lacks the label %q", name))
		}
	}
	for _, name := range e.NotLabels {
		if slices.Contains(last.Session.Labels, name) {
			failures = append(failures, fmt.Sprintf("the session carries the label %q", name))
		}
	}
	return failures
}
