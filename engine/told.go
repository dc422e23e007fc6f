package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"wayguard/entity"
	"wayguard/event"
	"wayguard/session"
	"wayguard/velocity"
)

// ErrUntold means that the session which an event's maker named cannot take it: it is not known, has come to its end, or was taken in by
// another one. Such an event belongs to no session: one opened for it would be nobody's visit.
var ErrUntold = errors.New("the session that the event names is not there any more")

// setAsideTold takes the token that names the event's session away from those that the visitor showed.
func (d *Desk) setAsideTold() {
	d.shown = d.event.Evidence.Tokens
	if last := len(d.shown) - 1; last >= 0 && strings.HasPrefix(d.shown[last].Name, session.Told) {
		d.event.Evidence.Tokens = d.shown[:last:last]
	}
}

// layTold names the session that the event's maker named.
func (d *Desk) layTold(env string) {
	if d.told = -1; len(d.shown) > len(d.event.Evidence.Tokens) {
		d.told = d.key(d.join3("s\x00", env, "\x00", d.shown[len(d.shown)-1].Hash))
	}
}

// toldCandidate reads that session. It may have come to its end, or have been taken in by another one, since.
func (d *Desk) toldCandidate() error {
	if d.told < 0 {
		return nil
	}
	value := d.value(d.told)
	if len(value) == 0 {
		return nil
	}
	s := d.nextSession(d.keys[d.told])
	if err := s.Unpack(value); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	d.candidates = append(d.candidates, session.Candidate{Session: s, Way: session.ByKey, Token: d.shown[len(d.shown)-1].Name})
	return nil
}

// SeenInMalicious is the mark of what was seen in a malicious session within 90 days; no rule places it.
const SeenInMalicious = "seen in a malicious session"

// Marks appends the labels that the event's entities carry, in their order. Of what people share (an address, a tool) a malicious session
// says nothing.
func (d *Desk) Marks(to []event.EntityLabel) []event.EntityLabel {
	quarter, _ := velocity.WindowOf(90 * 24 * time.Hour)
	for i, m := range d.memories {
		if personal(d.entities[i].name) && m.Count("malicious_sessions", d.occasion.Moment(), quarter) > 0 {
			to = append(to, event.EntityLabel{Element: d.entities[i].name, Value: d.entities[i].value, Label: SeenInMalicious})
		}
		for label, rule := range m.Labels() {
			to = append(to, event.EntityLabel{Element: d.entities[i].name, Value: d.entities[i].value, Label: label, Rule: rule})
		}
	}
	return to
}

// personal says whether an entity is one person's, as a rule.
func personal(element string) bool {
	switch element {
	case "payment_from", "credential_fingerprint", "phone", "shipping_address":
		return true
	}
	return entity.Account(element)
}
