package ruleset

import (
	"context"
	"slices"
	"sync"
	"time"

	"wayguard/payment"
)

// Options say what a ruleset may name.
type Options struct {
	// Backends and Lists tell whether there is such a backend ("slug/id") or named list; nil takes any name.
	Backends func(name string) bool
	Lists    func(name string) bool
}

// Program is a compiled ruleset. It is immutable and safe for concurrent use.
type Program struct {
	rules    []compiledRule
	index    map[string]int // of a rule by its id
	sources  []source
	counters []counter
	named    map[counterKey]int
	score    *Thresholds
	// points and shadows say that some rule has points or is in shadow.
	points, shadows bool
	blacklists      []string
	// truths are false and true for explanations, which point at them: nobody changes them.
	truths [2]bool
	// runs holds what evaluations work with, to be used again.
	runs sync.Pool
}

// compiledRule is a rule made ready: check is of condition and blacklist rules, group of the others.
type compiledRule struct {
	Rule
	enabled, live bool
	action        payment.Outcome
	told          payment.TriggeredRule
	check         check
	group         *group
}

// CounterKind is what a rolling window adds up.
type CounterKind string

// The kinds of counter.
const (
	CountOf    CounterKind = "count"
	SumOf      CounterKind = "sum"
	DistinctOf CounterKind = "distinct"
)

// Window is a counter that rules ask for.
type Window struct {
	Kind CounterKind
	// Path is what is counted by, in canonical form; Of what is summed up or told apart, empty for counts.
	Path, Of string
	Length   time.Duration
	// Scoped counters count within the request's context only, the others over all contexts.
	Scoped bool
}

// Windows lists the counters that rules ask for, each once.
func (p *Program) Windows() []Window {
	windows := make([]Window, len(p.counters))
	for i := range p.counters {
		windows[i] = p.counters[i].window
	}
	return windows
}

// BlacklistPaths lists the paths that blacklist rules look at, in canonical form.
func (p *Program) BlacklistPaths() []string { return slices.Clone(p.blacklists) }

// Paths lists all paths that rules read, in canonical form, without those to what backends said.
func (p *Program) Paths() []string {
	paths := make([]string, 0, len(p.sources))
	for i := range p.sources {
		if p.sources[i].backend == "" {
			paths = append(paths, p.sources[i].text)
		}
	}
	return paths
}

// course is how an evaluation stands: that of the live rules, and beside it the one there would be if shadow rules were live.
type course struct {
	blocked, allowed, reviewed, pending bool
	score                               int64
}

func (c *course) ended() bool { return c.blocked || c.allowed }

// take is what a rule that fired does.
func (c *course) take(r *compiledRule, action payment.Outcome) {
	if c.ended() {
		return
	}
	c.score += r.Score
	switch action {
	case payment.Block:
		c.blocked = true
	case payment.Review:
		c.reviewed = true
	case payment.Allow:
		c.allowed = r.Terminal
	}
}

// outcome is what it comes to after the last rule.
func (c *course) outcome(t *Thresholds) payment.Outcome {
	points := t.outcome(c.score)
	switch {
	case c.blocked:
		return payment.Block
	case c.allowed:
		return payment.Allow
	case points == payment.Block:
		return payment.Block
	case c.pending:
		return payment.Provisional
	case c.reviewed || points == payment.Review:
		return payment.Review
	}
	return payment.Allow
}

// outcome is what a number of points leads to; nothing leads to anything without thresholds.
func (t *Thresholds) outcome(score int64) payment.Outcome {
	switch {
	case t == nil:
	case t.BlockAt != 0 && score >= t.BlockAt:
		return payment.Block
	case t.ReviewAt != 0 && score >= t.ReviewAt:
		return payment.Review
	}
	return payment.Allow
}

// evaluation is an Evaluation in the making.
type evaluation struct {
	*run
	Evaluation
	ctx          context.Context
	live, shadow course
	// reviewer, blocker and waiting name what first led to each outcome; spoke says that a live backend gave an answer.
	reviewer, blocker, waiting string
	spoke                      bool
}

// Evaluate runs the rules in their order. A live BLOCK ends it; REVIEW does not; an ALLOW does where it is terminal. The same input and the
// same answers of counters, lists and backends give the same evaluation.
func (p *Program) Evaluate(ctx context.Context, in Input) Evaluation {
	r := p.begin(in)
	e := evaluation{run: r, ctx: ctx}
	if in.Trace {
		e.Trace = make([]payment.RuleTrace, 0, len(p.rules))
	}
	for i := range p.rules {
		rule := &p.rules[i]
		switch {
		case !rule.enabled:
			e.skip(rule, "disabled")
		case e.live.blocked:
			e.skip(rule, "after_block")
		case e.live.allowed:
			e.skip(rule, "after_allow")
		case rule.group != nil:
			e.askBackends(rule)
		default:
			e.look(rule)
		}
		if e.live.ended() && !in.Trace {
			break
		}
	}
	e.close(p)
	e.Results = r.results
	r.end()
	return e.Evaluation
}

func (e *evaluation) skip(r *compiledRule, why string) {
	if e.in.Trace {
		e.Trace = append(e.Trace, payment.RuleTrace{
			RuleID: r.ID, Name: r.Name, Type: string(r.Type), Live: r.live, Skipped: why, Action: r.action, Score: r.Score,
		})
	}
}

// look runs a condition or blacklist rule.
func (e *evaluation) look(r *compiledRule) {
	fired := false
	if !e.in.Trace {
		fired = r.check.holds(e.run)
	} else {
		because := r.check.explain(e.run, true)
		fired = *because.Result
		e.Trace = append(e.Trace, payment.RuleTrace{
			RuleID: r.ID, Name: r.Name, Type: string(r.Type), Live: r.live, Fired: fired, Action: r.action, Score: r.Score, Because: &because,
		})
	}
	if fired {
		e.fire(r, r.action, string(r.Type))
	}
}

// fire records a rule that fired, and lets it act where it is live.
func (e *evaluation) fire(r *compiledRule, action payment.Outcome, by string) {
	told := r.told
	told.Action = action
	e.shadow.take(r, action)
	if !r.live {
		e.ShadowTriggered = append(e.ShadowTriggered, told)
		return
	}
	e.Triggered = append(e.Triggered, told)
	e.live.take(r, action)
	switch {
	case r.ThreeDS == "require" || r.ThreeDS != "" && e.ThreeDS == "":
		e.ThreeDS = r.ThreeDS
	}
	switch {
	case action == payment.Review && e.reviewer == "":
		e.reviewer = by
	case action == payment.Block || r.Terminal && action == payment.Allow:
		e.blocker = by
	}
}

// close says what it all comes to.
func (e *evaluation) close(p *Program) {
	e.Outcome = e.live.outcome(p.score)
	if p.points {
		score := e.live.score
		e.Score = &score
	}
	if p.shadows {
		e.Shadow = e.shadow.outcome(p.score)
	}
	if e.Outcome != payment.Provisional {
		e.Deferred = slices.DeleteFunc(e.Deferred, func(d Deferred) bool { return d.Live })
	}
	e.Source = sourceOf(e.Triggered, e.spoke || e.Outcome == payment.Provisional)
	switch {
	case e.live.ended():
		e.Decisive = e.blocker
	case e.Outcome == payment.Provisional:
		e.Decisive = e.waiting
	case e.Outcome == payment.Review && e.reviewer != "":
		e.Decisive = e.reviewer
	case e.Outcome != payment.Allow:
		e.Decisive = "score"
	}
}

// sourceOf says which kinds of rule decided; spoke that a backend answered, be it ALLOW.
func sourceOf(triggered []payment.TriggeredRule, spoke bool) payment.Source {
	local := false
	for i := range triggered {
		backend := isBackend(Type(triggered[i].Type))
		local, spoke = local || !backend, spoke || backend
	}
	switch {
	case spoke && local:
		return payment.Combined
	case spoke:
		return payment.Backend
	}
	return payment.RuleEngine
}

func isBackend(t Type) bool { return t == BackendRule || t == BackendGroupRule }
