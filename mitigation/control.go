package mitigation

import (
	"sync"
	"sync/atomic"
	"time"

	"wayguard/challenge"
	"wayguard/decoy"
	"wayguard/document"
	"wayguard/policy"
)

// Rules are what one configuration says of mitigation. They are checked by policy before they come here.
type Rules struct {
	Actions    []policy.ActionConfig
	Policies   []policy.Config
	Mitigation policy.MitigationConfig
}

// Deps are what a Control works with.
type Deps struct {
	// Key is the installation's secret of 32 bytes; what Earlier keys signed stays good until it expires.
	Key     []byte
	Earlier [][]byte
	// Verify asks captcha providers; nil when none but the built-in one is used.
	Verify challenge.Verifier
	// Decoys is what was learned of the origin's answers; nil makes an empty one.
	Decoys *decoy.Set
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Element gives the form in which events have a value of an element (a keyed hash, where it is sensitive); nil leaves values
	// as they are written.
	Element func(element, value string) string
}

// Control keeps who is being dealt with and counts what was done. It lives as long as the process, whatever the configuration.
// It is safe for concurrent use.
type Control struct {
	deps Deps
	// halted is the operator's stop, nil when there is none.
	halted  atomic.Pointer[Halt]
	spared  *spared
	people  *people
	loops   *loops
	cohorts *cohorts
	trusted *words // names of trusting labels
	// kept is what carrying out actions must remember between requests.
	kept *kept

	mu      sync.Mutex
	ledgers map[string]*ledger // by policy
	current *Plan              // the one compiled last without a problem
}

// New makes a Control that deals with nobody yet.
func New(deps Deps) *Control {
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Element == nil {
		deps.Element = func(_, value string) string { return value }
	}
	if deps.Decoys == nil {
		deps.Decoys = decoy.New(deps.Key, decoy.Settings{})
	}
	return &Control{
		deps: deps, spared: newSpared(), people: newPeople(), loops: newLoops(), cohorts: newCohorts(), trusted: newWords(),
		kept: newKept(deps.Key), ledgers: map[string]*ledger{},
	}
}

// Compile makes the Plan of one configuration. It is nil when there are problems. A Plan is meant to come into force at once: Status is
// of the last one, and policies' breakers take its budgets. To see only whether a configuration is right, use a Control of its own.
func (c *Control) Compile(rules Rules) (*Plan, document.Problems) {
	p := &Plan{control: c, decoys: c.deps.Decoys, mitigation: rules.Mitigation.Complete()}
	var problems, more document.Problems
	p.checks, more = c.checks(p.mitigation)
	problems = append(problems, more...)
	p.traps, more = c.deps.Decoys.Traps(rules.Mitigation.Decoys)
	problems = append(problems, more...)
	p.allow, more = compileAllow(rules.Mitigation.Allow, c.deps.Element)
	problems = append(problems, more...)
	problems = append(problems, p.compile(rules)...)
	if len(problems) > 0 {
		return nil, problems
	}
	c.adopt(p)
	return p, nil
}

// checks are those of a configuration. They share what those before them remember, so that no solution counts twice.
func (c *Control) checks(m policy.MitigationConfig) (*challenge.Set, document.Problems) {
	if last := c.plan(); last != nil {
		return last.checks.With(m)
	}
	return challenge.New(c.deps.Key, m, c.deps.Verify, c.deps.Earlier...)
}

// mostLedgers bounds the policies that are remembered, those that a reload took away included.
const mostLedgers = 2000

// adopt gives each policy of a plan the ledger of its name, so that who is dealt with survives a reload.
func (c *Control) adopt(p *Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range p.policies {
		kept := c.ledgers[one.config.Name]
		if kept == nil {
			kept = newLedger(one.config.Name)
			c.ledgers[one.config.Name] = kept
		}
		kept.breaker.settle(one.budget)
		one.ledger = kept
	}
	for name := range c.ledgers {
		if len(c.ledgers) <= mostLedgers {
			break
		}
		if p.named[name] == nil {
			delete(c.ledgers, name)
		}
	}
	c.current = p
}

// ledger is the one of a policy, nil when there is none.
func (c *Control) ledger(name string) *ledger {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ledgers[name]
}
