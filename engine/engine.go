package engine

import (
	"time"

	"wayguard/event"
	"wayguard/identity"
	"wayguard/rule"
	"wayguard/session"
)

// tokenLife is how long a token leads to a journey after it was last seen.
const tokenLife = 30 * 24 * time.Hour

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
	if err := e.fold(d, held, nil); err != nil {
		return nil, err
	}
	d.judge(e.rules)
	e.finish(d)
	return &d.step, nil
}

// RestoreOn is Restore for the event that lies on the desk, with the session and the verdict that it was recorded with.
func (e *Engine) RestoreOn(d *Desk, recorded *event.Record, held []Held) ([]Change, error) {
	if err := e.fold(d, held, &recorded.Session); err != nil {
		return nil, err
	}
	d.step.Record.Verdict = recorded.Verdict
	e.finish(d)
	return d.step.Changes, nil
}

// Observe is ObserveOn a desk of its own: the Step is the caller's for good.
func (e *Engine) Observe(ev event.Event, held []Held) (Step, error) {
	d := &Desk{}
	d.Lay(&ev)
	step, err := e.ObserveOn(d, held)
	if err != nil {
		return Step{}, err
	}
	return *step, nil
}

// Restore folds a recorded event in with the session, journey and verdict it was given then: the state after it, without
// judging anew. So a state can be rebuilt from the log even when the rules or the idle timeout have changed since, and
// where records are missing.
func (e *Engine) Restore(record event.Record, held []Held) ([]Change, error) {
	d := &Desk{}
	d.Lay(&record.Event)
	return e.RestoreOn(d, &record, held)
}

// Keys names the pieces of state that the event touches. The event must have been prepared (Prepare).
func (e *Engine) Keys(ev *event.Event) []string { return (&Desk{}).Lay(ev) }

// Prepare adds to the event what is derived from it: the device fingerprint.
func (e *Engine) Prepare(ev *event.Event) {
	if ev.Find(identity.DeviceElement) != nil {
		return
	}
	d := &Desk{}
	d.Lay(ev)
	ev.Elements = d.event.Elements
}

// finish settles the verdict and gathers what is to be stored and to be logged.
func (e *Engine) finish(d *Desk) {
	verdict := &d.step.Record.Verdict
	d.session.Settle(verdict)
	for i := range verdict.EntityLabels {
		l := &verdict.EntityLabels[i]
		if place := d.place(l.Element, l.Value); place >= 0 {
			d.memories[place].Mark(l.Label, l.Rule, d.event.Time)
		}
	}
	e.change(d)
	d.step.Changes = d.changes
	d.step.Record.Event = d.event
	d.step.Record.Session = event.Session{
		ID: d.session.ID, Journey: d.session.Journey, Number: d.session.Events, Opened: d.session.OpenedAt(),
		Join: d.join, Labels: d.session.LabelNames(),
	}
}
