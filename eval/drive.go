package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"wayguard/document"
	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/packs"
	"wayguard/rule"
	"wayguard/state"
	"wayguard/world"
)

// Plan says which world is to happen, and how it is looked at.
type Plan struct {
	Name  string
	World world.Options
	// Ladder has payments of Malicious sessions blocked, as the default actions do; else nothing is ever done.
	Ladder bool
	// LogOnly hides all that is not in an access log.
	LogOnly bool
	// Store is where the state is kept; nil is a state.Memory of its own.
	Store state.Store
	// Watch sees each record with the truth about it; nil is nobody. The record is good until Watch returns.
	Watch func(record *event.Record, truth *world.Truth)
}

// NewEngine compiles the default packs.
func NewEngine() (*engine.Engine, error) {
	var config rule.Config
	for _, f := range packs.Default() {
		doc, problems := document.ParseWith(f.Name, f.Data, nil)
		if len(problems) == 0 {
			var part rule.Config
			if problems = doc.Decode(&part); len(problems) == 0 {
				config.Rules, config.Signatures = append(config.Rules, part.Rules...), append(config.Signatures, part.Signatures...)
			}
		}
		if len(problems) > 0 {
			return nil, fmt.Errorf("read pack: %w", problems.Err())
		}
	}
	set, problems := rule.Compile(config, rule.StandardVocabulary(element.Default(), nil))
	if len(problems) > 0 {
		return nil, fmt.Errorf("compile packs: %w", problems.Err())
	}
	return engine.New(set, engine.Settings{})
}

// driver takes the events of one world through the engine.
type driver struct {
	plan   Plan
	world  *world.World
	engine *engine.Engine
	store  state.Store
	turn   *state.Turn
	seen   *Seen
	count  int
}

// sampleEvery is how many events lie between two whose time is taken.
const sampleEvery = 8

// expireEvery is how many events lie between two times at which the store forgets what has expired.
const expireEvery = 1 << 16

// expirer is a store that forgets.
type expirer interface{ Expire(time.Time) int }

// Drive lets the plan's world happen, and gives what was seen of it.
func Drive(ctx context.Context, plan Plan) (*Seen, error) {
	e, err := NewEngine()
	if err != nil {
		return nil, err
	}
	d := driver{plan: plan, world: world.New(plan.World), engine: e, store: plan.Store, turn: state.NewTurn()}
	if d.store == nil {
		d.store = state.NewMemory(0)
	}
	d.seen = newSeen(d.world, plan)
	var item world.Item
	for d.world.Next(&item) {
		if err := d.one(ctx, &item); err != nil {
			return nil, fmt.Errorf("%s: event %d: %w", plan.Name, d.count, err)
		}
		if d.count++; d.count%expireEvery == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if s, ok := d.store.(expirer); ok {
				s.Expire(item.Event.Time)
			}
		}
	}
	d.seen.finish()
	return d.seen, nil
}

// one takes one event through the engine, and asks first where the request would be held.
func (d *driver) one(ctx context.Context, item *world.Item) error {
	ev := &item.Event
	if d.plan.LogOnly {
		strip(ev)
	}
	if d.plan.Ladder && ev.Type == event.Transaction {
		stopped, err := d.hold(ctx, ev)
		if err != nil {
			return err
		}
		if stopped {
			block(ev)
			item.Truth.Loss = false
			d.world.Blocked()
		}
	}
	timed := d.count%sampleEvery == 0
	var began time.Time
	if timed {
		began = time.Now()
	}
	step, err := d.turn.Observe(ctx, d.store, d.engine, ev)
	if err != nil {
		return err
	}
	if timed {
		d.seen.times = append(d.seen.times, int32(min(time.Since(began).Nanoseconds(), 1<<30)))
	}
	d.seen.note(&step.Record, &item.Truth)
	if d.plan.Watch != nil {
		d.plan.Watch(&step.Record, &item.Truth)
	}
	return nil
}

// hold says whether the request would be answered instead of being let through: what is known before the shop has answered
// makes the session Malicious.
func (d *driver) hold(ctx context.Context, ev *event.Event) (bool, error) {
	asked := *ev
	asked.Result, asked.HTTP.Status, asked.HTTP.Duration = "", 0, 0
	asked.Elements = slices.DeleteFunc(slices.Clone(ev.Elements), answered)
	asked.Evidence.Tokens = slices.DeleteFunc(slices.Clone(ev.Evidence.Tokens), func(t event.Token) bool { return t.Issued })
	step, err := d.turn.Consider(ctx, d.store, d.engine, &asked)
	if err != nil {
		return false, err
	}
	return step.Record.Verdict.Rating == event.Malicious, nil
}

// answered are the elements that stand in the shop's answer.
func answered(el event.Element) bool { return el.Name == "order_id" || el.Name == "decline_code" }

// block makes the event what it would be if Wayguard had answered.
func block(ev *event.Event) {
	ev.Result, ev.HTTP.Status, ev.HTTP.Duration = event.Blocked, 403, 0
	ev.Elements = slices.DeleteFunc(slices.Clone(ev.Elements), answered)
	ev.Evidence.Tokens = slices.DeleteFunc(slices.Clone(ev.Evidence.Tokens), func(t event.Token) bool { return t.Issued })
}

// strip leaves of the evidence what an access log has: address, browser, path and referring page.
func strip(ev *event.Event) {
	wire := &ev.Evidence.Wire
	*wire = event.Wire{Kind: wire.Kind, Page: wire.Page, From: wire.From}
	ev.Evidence.HeaderShape, ev.Evidence.Client.Model, ev.Evidence.Client.Language = "", "", ""
	ev.Evidence.Tokens = nil
}
