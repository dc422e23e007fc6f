package engine

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

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
	encode   cbor.EncMode
	decode   cbor.DecMode
}

// New makes an engine. A zero IdleTimeout is session.IdleTimeout.
func New(rules *rule.Set, settings Settings) (*Engine, error) {
	if settings.IdleTimeout <= 0 {
		settings.IdleTimeout = session.IdleTimeout
	}
	encode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	decode, err := cbor.DecOptions{MaxArrayElements: 1 << 16, MaxMapPairs: 1 << 12}.DecMode()
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	return &Engine{rules: rules, settings: settings, encode: encode, decode: decode}, nil
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

// Observe judges the event in the light of what is held of its keys (as Keys named them, and what those refer to).
// An error means that held state could not be read; the event is then unjudged.
func (e *Engine) Observe(ev event.Event, held []Held) (Step, error) {
	f, err := e.fold(ev, held, nil)
	if err != nil {
		return Step{}, err
	}
	verdict := e.rules.Judge(f.facts())
	return e.finish(f, verdict)
}

// Restore folds a recorded event in with the session, journey and verdict it was given then: the state after it, without
// judging anew. So a state can be rebuilt from the log even when the rules or the idle timeout have changed since, and
// where records are missing.
func (e *Engine) Restore(record event.Record, held []Held) ([]Change, error) {
	f, err := e.fold(record.Event, held, &record.Session)
	if err != nil {
		return nil, err
	}
	step, err := e.finish(f, record.Verdict)
	return step.Changes, err
}

// Prepare adds to the event what is derived from it: the device fingerprint.
func (e *Engine) Prepare(ev *event.Event) {
	if ev.Find(identity.DeviceElement) != nil {
		return
	}
	device, ok := identity.Device(ev)
	if !ok {
		return
	}
	elements := make([]event.Element, 0, len(ev.Elements)+1)
	placed := false
	for _, el := range ev.Elements {
		if !placed && el.Name > device.Name {
			elements, placed = append(elements, device), true
		}
		elements = append(elements, el)
	}
	if !placed {
		elements = append(elements, device)
	}
	ev.Elements = elements
}

func (e *Engine) finish(f *fold, verdict event.Verdict) (Step, error) {
	f.session.Settle(&verdict)
	for _, l := range verdict.EntityLabels {
		if m := f.memoryOf(l.Element, l.Value); m != nil {
			m.Mark(l.Label, l.Rule, f.event.Time)
		}
	}
	changes, err := e.changes(f)
	if err != nil {
		return Step{}, err
	}
	record := event.Record{Event: *f.event, Verdict: verdict, Session: event.Session{
		ID: f.session.ID, Journey: f.session.Journey, Number: f.session.Events, Opened: f.session.OpenedAt(),
		Join: f.join, Labels: f.session.LabelNames(),
	}}
	return Step{Record: record, Changes: changes}, nil
}
