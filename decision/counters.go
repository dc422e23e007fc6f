package decision

import (
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"wayguard/payment"
	"wayguard/ruleset"
	"wayguard/velocity"
)

// plan is what is counted, and what is kept of a payment: every counter that an active ruleset asks for, and no other. One that is asked for
// later is filled from the ledger.
type plan struct {
	counters []*counter
	byID     map[counterID]*counter
	// values are the paths whose values are kept with a decision; others are looked at only to compare.
	values []valuePath
	paths  map[string]payment.Path
}

type valuePath struct {
	text string
	path payment.Path
}

type counterID struct {
	kind     ruleset.CounterKind
	path, of string
	scoped   bool
}

// counter is one kind of counting.
type counter struct {
	counterID
	// name is of this counter in memory. One that was given up and is asked for again has another name, so that nothing is counted twice.
	name string
	// since is when counting began; need the longest window that is asked for.
	since time.Time
	need  time.Duration
	// whole is the Unix time in milliseconds since which everything is counted: since, until older decisions are counted too.
	whole *atomic.Int64
}

// alwaysKept are the paths of every decision that blacklists may be filled from.
func alwaysKept() []string {
	return []string{"$.credential_fingerprint", "$.device.ip", "$.device.fingerprint", "$.customer.id", "$.customer.email", "$.device.session"}
}

// newPlan makes the plan of some programs, whose counters have neither name nor beginning yet.
func newPlan(programs ...*ruleset.Program) *plan {
	p := &plan{byID: make(map[counterID]*counter), paths: make(map[string]payment.Path)}
	for _, path := range alwaysKept() {
		p.keep(path)
	}
	for _, program := range programs {
		p.readBy(program)
	}
	return p
}

// planFor makes the plan of the rulesets in force. Counters that stay keep what they have.
func (s *Service) planFor(before *plan, rulesets map[string]*activeRuleset) *plan {
	var programs []*ruleset.Program
	for _, name := range slices.Sorted(maps.Keys(rulesets)) {
		if program := rulesets[name].program; program != nil {
			programs = append(programs, program)
		}
	}
	p, now := newPlan(programs...), s.deps.Now()
	for _, c := range p.counters {
		if before != nil {
			if old := before.byID[c.counterID]; old != nil {
				c.name, c.since, c.whole = old.name, old.since, old.whole
				continue
			}
		}
		c.begin(strconv.FormatUint(s.serial.Add(1), 36), now, now.UnixMilli())
	}
	return p
}

// begin makes a counter that counts from since; whole is the Unix time in milliseconds from which it has everything.
func (c *counter) begin(name string, since time.Time, whole int64) {
	c.name, c.since, c.whole = name, since, new(atomic.Int64)
	c.whole.Store(whole)
}

// readBy adds what a program asks for.
func (p *plan) readBy(program *ruleset.Program) {
	for _, w := range program.Windows() {
		p.keep(w.Path)
		if w.Kind == ruleset.DistinctOf {
			p.keep(w.Of)
		}
		p.count(idOf(w), w.Length)
	}
	for _, path := range program.BlacklistPaths() {
		p.keep(path)
	}
}

func idOf(w ruleset.Window) counterID {
	id := counterID{kind: w.Kind, path: w.Path, scoped: w.Scoped}
	if w.Kind == ruleset.DistinctOf {
		id.of = w.Of
	}
	return id
}

func (p *plan) count(id counterID, need time.Duration) {
	c := p.byID[id]
	if c == nil {
		c = &counter{counterID: id}
		p.byID[id] = c
		p.counters = append(p.counters, c)
	}
	c.need = max(c.need, min(need, velocity.RollingReach))
}

func (p *plan) keep(text string) {
	if _, known := p.paths[text]; known {
		return
	}
	path, err := payment.ParsePath(text)
	if err != nil {
		return
	}
	p.paths[text] = path
	if !path.Many() {
		p.values = append(p.values, valuePath{text, path})
	}
}

// longestValue is what is kept and counted of a value, in bytes; longer ones are no identity of anything.
const longestValue = 512

// valuesOf are the values of a payment at the plan's paths.
func (p *plan) valuesOf(tree payment.Tree) map[string]string {
	values := make(map[string]string, len(p.values))
	for _, v := range p.values {
		if text, ok := valueAt(tree, v.path); ok {
			values[v.text] = text
		}
	}
	return values
}

func valueAt(tree payment.Tree, path payment.Path) (string, bool) {
	found, ok := payment.Lookup(tree, path)
	if !ok {
		return "", false
	}
	text, ok := ruleset.Scalar(found)
	if !ok || text == "" || len(text) > longestValue {
		return "", false
	}
	return path.Normal(text), true
}

// attempt is a payment as counters see it.
type attempt struct {
	values            map[string]string
	context, currency string
	amount            int64
	at                time.Time
}

// key names the counter of an attempt; false where the attempt has no value there, and nothing is counted.
func (c *counter) key(r *velocity.Rolling, a *attempt) (velocity.RollingKey, bool) {
	value, there := a.values[c.path]
	if !there {
		return velocity.RollingKey{}, false
	}
	scope, currency := "", ""
	if c.scoped {
		scope = a.context
	}
	if c.kind == ruleset.SumOf {
		currency = a.currency
	}
	return r.Key(c.name, value, scope, currency), true
}

// count counts an attempt once in every counter.
func (p *plan) countIn(r *velocity.Rolling, a *attempt) {
	for _, c := range p.counters {
		c.countIn(r, a)
	}
}

func (c *counter) countIn(r *velocity.Rolling, a *attempt) {
	key, p, ok := c.event(r, a)
	switch {
	case !ok:
	case p.Noted:
		r.Note(key, p.At, p.Value)
	default:
		r.Add(key, p.At, p.Amount)
	}
}

// takeBackFrom undoes countIn.
func (p *plan) takeBackFrom(r *velocity.Rolling, a *attempt) {
	for _, c := range p.counters {
		key, e, ok := c.event(r, a)
		switch {
		case !ok:
		case e.Noted:
			r.TakeBackNote(key, e.At, e.Value)
		default:
			r.TakeBack(key, e.At, e.Amount)
		}
	}
}

// event is what an attempt is to a counter; false where it is nothing.
func (c *counter) event(r *velocity.Rolling, a *attempt) (velocity.RollingKey, velocity.Past, bool) {
	key, ok := c.key(r, a)
	p := velocity.Past{At: a.at, Amount: a.amount}
	if ok && c.kind == ruleset.DistinctOf {
		p.Noted = true
		p.Value, ok = a.values[c.of]
	}
	return key, p, ok
}

// counts answers rules. The values that rules ask with are in their normal form already, as are those that were counted.
type counts struct {
	plan    *plan
	rolling *velocity.Rolling
	at      time.Time
	// uncounted is the attempt itself where it was not counted, as in a trial: it is added to what is answered.
	uncounted *attempt
	// refill puts back what was let go of a counter; nil where nothing can, as in a backtest.
	refill *refill
}

// find gives the counter's key, and false where it cannot answer for the window: where the past is not counted yet, or a part of it was let
// go for want of room and cannot be put back.
func (q *counts) find(id counterID, value, scope, currency string, window time.Duration) (velocity.RollingKey, bool) {
	c := q.plan.byID[id]
	if c == nil || window > velocity.RollingReach || q.at.Add(-window).UnixMilli() < c.whole.Load() {
		return velocity.RollingKey{}, false
	}
	key, start := q.rolling.Key(c.name, value, scope, currency), q.at.Add(-window).UnixMilli()
	if q.rolling.Since(key) <= start {
		return key, true
	}
	return key, q.refill.reach(gap{counter: c, key: key, value: value, scope: scope, start: start, at: q.at})
}

// own says whether the attempt that was not counted belongs to what is asked.
func (q *counts) own(path, value string) bool {
	return q.uncounted != nil && q.uncounted.values[path] == value
}

// Count implements ruleset.Counters.
func (q *counts) Count(path, value, scope string, window time.Duration) (int64, bool) {
	key, known := q.find(counterID{kind: ruleset.CountOf, path: path, scoped: scope != ""}, value, scope, "", window)
	if !known {
		return 0, false
	}
	n := q.rolling.Count(key, q.at, window)
	if q.own(path, value) {
		n++
	}
	return n, true
}

// Sum implements ruleset.Counters.
func (q *counts) Sum(path, value, scope, currency string, window time.Duration) (int64, bool) {
	key, known := q.find(counterID{kind: ruleset.SumOf, path: path, scoped: scope != ""}, value, scope, currency, window)
	if !known {
		return 0, false
	}
	n := q.rolling.Sum(key, q.at, window)
	if q.own(path, value) && q.uncounted.currency == currency {
		n = velocity.Plus(n, q.uncounted.amount)
	}
	return n, true
}

// Distinct implements ruleset.Counters.
func (q *counts) Distinct(path, value, scope, of string, window time.Duration) (int64, bool) {
	key, known := q.find(counterID{kind: ruleset.DistinctOf, path: path, of: of, scoped: scope != ""}, value, scope, "", window)
	if !known {
		return 0, false
	}
	n := q.rolling.Distinct(key, q.at, window)
	if q.own(path, value) {
		if mine, there := q.uncounted.values[of]; there && !q.rolling.Noted(key, q.at, window, mine) {
			n++
		}
	}
	return n, true
}
