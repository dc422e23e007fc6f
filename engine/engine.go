package engine

import (
	"time"

	"wayguard/event"
	"wayguard/rule"
	"wayguard/session"
	"wayguard/velocity"
)

// tokenLife is how long a token leads to a journey after it was last seen.
const tokenLife = 30 * 24 * time.Hour

// successionLife is how long a token leads to its session after another took its place.
const successionLife = 5 * time.Minute

// strangerLimit is how many tokens that nobody has seen before one event may add to what is remembered.
const strangerLimit = 4

// Settings are what the engine works by besides the rules.
type Settings struct {
	// IdleTimeout ends a session.
	IdleTimeout time.Duration
}

// Engine observes events under one set of rules. It is immutable; a reload makes another.
type Engine struct {
	rules    *rule.Set
	settings Settings
}

// New makes an engine. A zero IdleTimeout is session.IdleTimeout.
func New(rules *rule.Set, settings Settings) (*Engine, error) {
	if settings.IdleTimeout <= 0 {
		settings.IdleTimeout = session.IdleTimeout
	}
	return &Engine{rules: rules, settings: settings}, nil
}

// Rules is the version of the rule set.
func (e *Engine) Rules() string { return e.rules.Version() }

// Held is a piece of state as it was loaded.
type Held struct {
	Key   string
	Value []byte
	// Ref is the key that this one leads to.
	Ref string
	// Expires is the Change's. What has expired by the time of the event is as if it were not there, whether the store has
	// forgotten it already or not: else a replay would see what the live engine no longer saw. Zero is never.
	Expires time.Time
}

// Change is a piece of state to be stored.
type Change struct {
	Key     string
	Value   []byte
	Ref     string
	Expires time.Time
}

// Step is the outcome of observing one event.
type Step struct {
	Record  event.Record
	Changes []Change
}

// ObserveOn judges the event that lies on the desk in the light of what is held of its keys (as Lay named them, and what
// those refer to). The Step is the desk's, and good until its next Lay. An error means that held state could not be read;
// the event is then unjudged.
func (e *Engine) ObserveOn(d *Desk, held []Held) (*Step, error) {
	if err := e.fold(d, held); err != nil {
		return nil, err
	}
	d.judge(e.rules)
	e.finish(d)
	return &d.step, nil
}

// RestoreOn is Restore for the event that lies on the desk (see LayRecord), with the session and the verdict that it was
// recorded with.
func (e *Engine) RestoreOn(d *Desk, recorded *event.Record, held []Held) ([]Change, error) {
	if err := e.fold(d, held); err != nil {
		return nil, err
	}
	d.fill()
	e.rules.Advance(&d.sheet, &d.facts)
	d.step.Record.Verdict = recorded.Verdict
	e.finish(d)
	return d.step.Changes, nil
}

// finish settles the verdict and gathers what is to be stored and to be logged.
func (e *Engine) finish(d *Desk) {
	verdict := &d.step.Record.Verdict
	d.session.Settle(verdict)
	d.session.Progress = d.sheet.Progress()
	d.rise(verdict)
	for i := range verdict.EntityLabels {
		l := &verdict.EntityLabels[i]
		if place := d.place(l.Element, l.Value); place >= 0 {
			d.memories[place].Mark(l.Label, l.Rule, d.event.Time)
		}
	}
	e.change(d)
	d.step.Changes = d.changes
	d.step.Record.Event = d.event
	d.step.Record.Event.Evidence.Tokens = d.shown
	s := d.session
	d.step.Record.Session = event.Session{
		ID: s.ID, Journey: s.Journey, Person: s.Person, Actor: s.Actor, Link: d.link, Confidence: s.Confidence,
		Number: s.Events, Opened: s.OpenedAt(), Join: d.join, Labels: s.LabelNames(),
	}
	if d.fragment != nil {
		d.step.Record.Session.Absorbed = d.fragment.ID
	}
}

// rise counts on every entity of the event that the session's rating rose, and what a malicious one got away with.
func (d *Desk) rise(v *event.Verdict) {
	late := d.late[:0]
	if v.Rating > d.rating {
		if v.Rating >= event.Suspicious && d.rating < event.Suspicious {
			late = one(late, "suspicious_sessions")
		}
		if v.Rating == event.Malicious {
			late = one(late, "malicious_sessions")
		}
		d.settleIdentity(v.Rating)
	}
	if loss := d.loss(v.Rating); loss > 0 {
		late = append(late, velocity.Contribution{Counter: "loss", Amount: loss})
	}
	d.late = late
	for _, c := range late {
		d.session.Add(c)
		for _, m := range d.memories {
			m.Add(c, d.occasion.Moment())
		}
	}
}

// loss is what the malicious session got away with that was not counted yet: logins, payments and redemptions.
func (d *Desk) loss(now event.Rating) int64 {
	if now != event.Malicious {
		return 0
	}
	s := d.session
	gained := int64(0)
	for _, counter := range [...]string{"login_successes", "payment_successes", "gift_card_successes", "refund_successes", "signup_successes"} {
		gained = velocity.Plus(gained, s.Count(counter))
	}
	return gained - s.Count("loss")
}
