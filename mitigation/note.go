package mitigation

import (
	"time"

	"wayguard/event"
)

// Why a subject that was dealt with seems to be an honest person after all.
const (
	HonestCheck  = "passed a check"
	HonestRating = "rated normal again"
	HonestLabel  = "trusted"
)

// Note is called for every judged record, in the log's order. It extends the grants of those for whom a policy's condition holds,
// and follows what those do that were dealt with.
func (p *Plan) Note(r *event.Record) {
	c := p.control
	now := p.moment(&r.Event)
	trusting := false
	for i := range r.Verdict.Labels {
		if label := &r.Verdict.Labels[i]; label.Severity == event.Trusting && !label.Shadow {
			c.trusted.add(label.Name)
			trusting = true
		}
	}
	if r.Verdict.Rating == event.Normal {
		c.people.see(addressKey(r.Event.Evidence.Address), r.Session.ID, now)
	}
	if !trusting {
		_, trusting = c.trusted.first(r.Session.Labels)
	}
	said := evidenceOf(r, trusting)
	for _, one := range p.policies {
		p.noteFor(one, r, said, now)
	}
}

// honesty is what a record shows of its visitor's good faith.
type honesty struct{ check, label bool }

func evidenceOf(r *event.Record, trusting bool) honesty {
	h := honesty{label: trusting, check: r.Event.Find(checkElement) != nil}
	for i := range r.Event.Actions {
		h.check = h.check || r.Event.Actions[i].Outcome == event.Passed
	}
	return h
}

func (p *Plan) noteFor(one *compiled, r *event.Record, said honesty, now time.Time) {
	because, asked := "", false
	if one.config.For > 0 && one.of(r.Event.Spec) {
		because, asked = one.asks(&r.Verdict)
	}
	if !asked && one.ledger.empty() {
		return
	}
	those := subjectsOf(one.config.Scope, &r.Session, &r.Event)
	for _, who := range those.all() {
		if asked {
			one.ledger.grant(who, &r.Session, because, one.config.For, now)
		}
		one.ledger.follow(who, r, one.of(r.Event.Spec), said, now)
	}
}

// follow counts what somebody does after having been dealt with. counts says that the event is one of the policy's specs.
func (l *ledger) follow(who subject, r *event.Record, counts bool, said honesty, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.find(who)
	if d == nil || d.first.IsZero() || !now.After(d.first) {
		return
	}
	if counts {
		d.after++
	}
	d.seen = later(d.seen, now)
	if d.honest != "" || d.control {
		return
	}
	switch {
	case said.check:
		d.honest = HonestCheck
	case said.label:
		d.honest = HonestLabel
	case d.rating > event.Normal && r.Verdict.Rating == event.Normal:
		d.honest = HonestRating
	}
}
