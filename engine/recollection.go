package engine

import (
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/rule"
	"wayguard/velocity"
)

// judge asks the rules.
func (d *Desk) judge(rules *rule.Set) {
	d.fill()
	d.step.Record.Verdict = *rules.JudgeOn(&d.sheet, &d.facts)
}

// fill fills in what the rules ask for.
func (d *Desk) fill() {
	if d.count == nil {
		d.count = func(name string) int64 { return d.session.Count(name) }
		d.distinct = func(element string) int64 { return d.session.Distinct(element) }
		d.first = func(t event.Type) (time.Time, bool) { return d.session.First(t) }
		d.before = func(t event.Type) (time.Time, bool) { return d.session.Before(t) }
	}
	s, shape := d.session, d.session.Shape()
	d.facts = rule.Facts{
		Event: &d.event,
		Session: rule.Session{
			ID: s.ID, Opened: s.OpenedAt(), Events: s.Events, Score: d.score, Rating: d.rating,
			Labels: s.Labels, Count: d.count, Distinct: d.distinct, New: d.fresh,
			Shape: rule.Shape{Pages: shape.Pages(), Assets: shape.Assets(), Backs: shape.Backs(), DistinctPages: shape.DistinctPages(),
				Gaps: shape.Gaps(), Variation: shape.Variation(), MedianGap: shape.MedianGap(), Orderly: shape.Orderly(),
				Crowd: max(1, s.Crowd), Clones: shape.Clones()},
			First: d.first, Last: d.before, Progress: s.Progress,
		},
		Memory: (*recollection)(d), Clusters: (*groups)(d),
	}
	d.people(&d.facts)
}

// recollection answers the rules' questions about the event's own entities. Where an event carries an element more
// than once, the answer is the highest of its values'.
type recollection Desk

// Count implements rule.Memory.
func (r *recollection) Count(element, counter string, span time.Duration) int64 {
	w, ok := velocity.WindowOf(span)
	if !ok {
		return 0 // the rule compiler admits only known windows
	}
	var most int64
	for i, m := range r.memories {
		if r.entities[i].name == element {
			most = max(most, m.Count(counter, r.occasion.Moment(), w))
		}
	}
	return most
}

// Distinct implements rule.Memory.
func (r *recollection) Distinct(element, of string, span time.Duration) int64 {
	var most int64
	for i, m := range r.memories {
		if r.entities[i].name == element {
			most = max(most, m.Distinct(of, r.event.Time, span))
		}
	}
	return most
}

// SeenBefore implements rule.Memory. With an account only what was seen at a login or sign-up that succeeded counts: an
// attacker who tries and fails must not make himself known.
func (r *recollection) SeenBefore(element, other string) bool {
	companion := r.event.Find(other)
	if companion == nil || companion.Value == "" {
		return false
	}
	hash, opened := r.digests.Of(companion.Value), r.session.OpenedAt()
	for i, m := range r.memories {
		if r.entities[i].name != element {
			continue
		}
		if entity.Account(element) && m.Proven(other, hash, opened) || !entity.Account(element) && m.Met(other, hash, opened) {
			return true
		}
	}
	return false
}

// Age implements rule.Memory.
func (r *recollection) Age(element string) (time.Duration, bool) {
	age, known := time.Duration(0), false
	for i, m := range r.memories {
		if r.entities[i].name == element {
			age, known = max(age, m.Age(r.event.Time)), true
		}
	}
	return age, known
}

// Labelled implements rule.Memory.
func (r *recollection) Labelled(element, label string) bool {
	for i, m := range r.memories {
		if r.entities[i].name == element && m.Labelled(label) {
			return true
		}
	}
	return false
}

// LabelAge implements rule.Aging.
func (r *recollection) LabelAge(element, label string) (time.Duration, bool) {
	youngest, there := time.Duration(0), false
	for i, m := range r.memories {
		if r.entities[i].name != element {
			continue
		}
		if at, carried := m.LabelledAt(label); carried {
			if age := max(0, r.event.Time.Sub(at)); !there || age < youngest {
				youngest, there = age, true
			}
		}
	}
	return youngest, there
}

// PersonaDistance implements rule.Memory.
func (r *recollection) PersonaDistance(element string) int64 {
	distance := int64(-1)
	who := entity.Who(&r.event)
	for i, m := range r.memories {
		if r.entities[i].name == element {
			distance = max(distance, m.PersonaDistance(&who))
		}
	}
	return distance
}
