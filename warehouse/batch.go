package warehouse

import (
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"wayguard/event"
)

// Entry is a record with its position in the log, from 1, strictly rising.
type Entry struct {
	Position uint64
	Record   event.Record
}

// row is the values of one row, in the order of the table's columns.
type row []driver.Value

// batch is what a number of entries adds to each table.
type batch struct {
	events, elements, labels, actions []row
	sessions                          map[sessionKey]*sessionChange
	last                              uint64
}

type sessionKey struct {
	environment event.Environment
	id          event.ID
}

// sessionChange is what a batch knows of a session.
type sessionChange struct {
	key                    sessionKey
	journey                event.ID
	opened, lastSeen       time.Time
	rating                 event.Rating
	score, events          int64
	labelled, located      bool
	country, city, address string
}

// newBatch turns the entries beyond after into rows. It refuses positions that do not rise, since the highest one
// stands for all below it.
func newBatch(entries []Entry, after uint64) (*batch, error) {
	b := &batch{sessions: map[sessionKey]*sessionChange{}, last: after}
	var previous uint64
	for i := range entries {
		entry := &entries[i]
		if entry.Position <= previous {
			return nil, fmt.Errorf("position %d follows position %d", entry.Position, previous)
		}
		previous = entry.Position
		if entry.Position <= after {
			continue
		}
		if err := b.add(entry); err != nil {
			return nil, fmt.Errorf("record at position %d: %w", entry.Position, err)
		}
		b.last = entry.Position
	}
	return b, nil
}

func (b *batch) add(entry *Entry) error {
	r := &entry.Record
	e := &r.Event
	// The record holds keyed hashes and masks at most; whoever made it saw to that.
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	happened := e.Time.UTC()
	b.events = append(b.events, row{entry.Position, clean(string(e.Environment)), clean(string(e.ID)),
		clean(string(r.Session.ID)), clean(string(r.Session.Journey)), happened, r.Session.Number, clean(e.Name),
		clean(string(e.Type)), clean(string(e.Result)), clean(e.Spec), uint8(r.Verdict.Rating), r.Verdict.Score, string(text)})
	for i := range e.Elements {
		if element := &e.Elements[i]; element.Value != "" {
			b.elements = append(b.elements, row{entry.Position, clean(string(e.Environment)), clean(string(r.Session.ID)),
				happened, clean(element.Name), clean(string(element.Kind)), clean(element.Value), clean(element.Display)})
		}
	}
	if err := b.addLabels(entry); err != nil {
		return err
	}
	for _, action := range mergedActions(r) {
		b.actions = append(b.actions, row{entry.Position, clean(string(e.Environment)), clean(string(e.ID)),
			clean(string(r.Session.ID)), happened, clean(action.Name), clean(string(action.Kind)), clean(action.Because),
			action.Shadow, clean(string(action.Outcome)), clean(action.Policy), clean(action.Detail)})
	}
	b.session(r).take(r)
	return nil
}

func (b *batch) addLabels(entry *Entry) error {
	r := &entry.Record
	for i := range r.Verdict.Labels {
		label := &r.Verdict.Labels[i]
		text, err := json.Marshal(label)
		if err != nil {
			return fmt.Errorf("encode label: %w", err)
		}
		b.labels = append(b.labels, row{entry.Position, clean(string(r.Event.Environment)), clean(string(r.Event.ID)),
			clean(string(r.Session.ID)), r.Event.Time.UTC(), clean(label.Name), clean(string(label.Severity)),
			clean(label.Rule), label.Signature, label.Shadow, label.Points, clean(label.Family), string(text)})
	}
	return nil
}

func (b *batch) session(r *event.Record) *sessionChange {
	key := sessionKey{r.Event.Environment, r.Session.ID}
	change, ok := b.sessions[key]
	if !ok {
		opened := r.Session.Opened
		if opened.IsZero() || opened.After(r.Event.Time) {
			opened = r.Event.Time
		}
		change = &sessionChange{key: key, opened: opened, lastSeen: r.Event.Time}
		b.sessions[key] = change
	}
	return change
}

// take brings the change up to date with the next record of its session. The rating is that of the last record in the
// log's order, which is the order verdicts were given in; times may come in any order.
func (c *sessionChange) take(r *event.Record) {
	c.events++
	c.journey, c.rating, c.score = r.Session.Journey, r.Verdict.Rating, r.Verdict.Score
	if r.Event.Time.Before(c.opened) {
		c.opened = r.Event.Time
	}
	if r.Event.Time.After(c.lastSeen) {
		c.lastSeen = r.Event.Time
	}
	for i := range r.Verdict.Labels {
		c.labelled = c.labelled || !r.Verdict.Labels[i].Shadow
	}
	country, city, address := shown(r, "country"), shown(r, "city"), shown(r, "ip_address")
	if country != "" || city != "" || address != "" {
		// All three together: a city must not stay behind when the visitor moves on to where no city is known.
		c.located, c.country, c.city, c.address = true, country, city, address
	}
}

func (c *sessionChange) row() row {
	return row{clean(string(c.key.environment)), clean(string(c.key.id)), clean(string(c.journey)), c.opened.UTC(),
		c.lastSeen.UTC(), uint8(c.rating), c.score, c.events, c.labelled, c.located, clean(c.country), clean(c.city),
		clean(c.address), clean(addressOrder(c.address))}
}

func shown(r *event.Record, name string) string {
	if element := r.Event.Find(name); element != nil {
		return element.Shown()
	}
	return ""
}

// mergedActions are a record's actions, each once: what was done or withheld, then what the verdict asked for and nothing was
// heard of. A policy's verdict names its first step, while a later one may have been taken: whatever the event tells of the
// policy is the answer to what it asked.
func mergedActions(r *event.Record) []event.Action {
	var merged []event.Action
	for _, action := range r.Event.Actions {
		merged = mergeAction(merged, action, false)
	}
	for _, action := range r.Verdict.Actions {
		merged = mergeAction(merged, action, action.Policy != "")
	}
	return merged
}

func mergeAction(merged []event.Action, action event.Action, asked bool) []event.Action {
	known := slices.IndexFunc(merged, func(m event.Action) bool {
		return m.Name == action.Name && m.Kind == action.Kind && m.Policy == action.Policy || asked && m.Policy == action.Policy
	})
	if known < 0 {
		return append(merged, action)
	}
	m := &merged[known]
	if m.Outcome == "" {
		m.Outcome = action.Outcome
	}
	if m.Because == "" {
		m.Because = action.Because
	}
	return merged
}

// addressOrder is a text that sorts as addresses do, version 4 before version 6; the address itself where it is none.
func addressOrder(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	raw := parsed.Unmap().AsSlice()
	return fmt.Sprintf("%02d", len(raw)) + hex.EncodeToString(raw)
}

// clean makes a text one that DuckDB takes: a visitor's bytes must not be able to stop the warehouse.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
