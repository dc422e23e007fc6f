package mitigation

import (
	"slices"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// Status is what mitigation is doing, for people and metrics.
type Status struct {
	// Stop is the operator's stop while it holds.
	Stop     *Halt          `json:"stop,omitempty"`
	Policies []PolicyStatus `json:"policies"`
	// Spared is how many are left alone, by hand or by an undo; SparesForgotten how many were not any more for want of room.
	Spared          int   `json:"spared"`
	SparesForgotten int64 `json:"spares_forgotten"`
	// Addresses is how many addresses are watched for being shared.
	Addresses int `json:"addresses"`
	// LoopsBroken is how many requests were let through because a check was offered again and again.
	LoopsBroken int64 `json:"loops_broken"`
	// Checks is how visitors do with checks, by cohort, the largest first.
	Checks []CheckRate `json:"checks"`
	// Feigns says of which answers enough was seen to feign them.
	Feigns []FeignStatus `json:"feigns"`
}

// FeignStatus says whether an answer can be feigned.
type FeignStatus struct {
	Policy string `json:"policy"`
	Spec   string `json:"spec"`
	// As is "failure" or "success".
	As    string `json:"as"`
	Ready bool   `json:"ready"`
}

// PolicyStatus is what one policy is doing.
type PolicyStatus struct {
	Name  string       `json:"name"`
	Mode  policy.Mode  `json:"mode"`
	Scope policy.Scope `json:"scope"`
	Specs []string     `json:"specs,omitempty"`
	// Steps are the names of the ladder's actions.
	Steps []string `json:"steps"`
	// Percent and Control are the shares of the roll-out.
	Percent int `json:"percent"`
	Control int `json:"control"`
	// Quiet says that it is quiet hours now.
	Quiet bool `json:"quiet,omitempty"`
	// Breaker is nil for a policy that cannot stand in anybody's way.
	Breaker *BreakerStatus `json:"breaker,omitempty"`
	// Granted is how many are being dealt with for a time, Remembered how many the policy knows of, Evicted how many were forgotten for
	// want of room.
	Granted    int           `json:"granted"`
	Remembered int           `json:"remembered"`
	Evicted    int64         `json:"evicted"`
	Counts     []Count       `json:"counts"`
	Effect     Effectiveness `json:"effect"`
}

// Effectiveness is what came of a policy's deeds, over all whom it remembers.
type Effectiveness struct {
	// Subjects is how many were dealt with, Deeds how often.
	Subjects int   `json:"subjects"`
	Deeds    int64 `json:"deeds"`
	// Before are the events of their sessions before the first deed, After their attempts since then, on the policy's specs.
	Before int64 `json:"before"`
	After  int64 `json:"after"`
	// Stopped is how many were not seen again after the first deed.
	Stopped int `json:"stopped"`
	// Dwell is the median time from the first deed to the last that was seen of a subject: how long an attacker was kept busy.
	Dwell time.Duration `json:"dwell_ns"`
	// Honest is how many seem to be honest people after all, HonestBy why.
	Honest   int            `json:"honest"`
	HonestBy map[string]int `json:"honest_by,omitempty"`
	// ControlSubjects and ControlAfter are the same of the control arm, to whom nothing was done.
	ControlSubjects int   `json:"control_subjects"`
	ControlAfter    int64 `json:"control_after"`
}

// Status says what is being done, of the policies of the configuration that was compiled last.
func (c *Control) Status() Status {
	now := c.deps.Now()
	s := Status{Stop: c.Halted(now), Policies: []PolicyStatus{}, Checks: c.cohorts.list(), Feigns: []FeignStatus{}}
	c.spared.counted(&s)
	c.people.counted(&s)
	c.loops.counted(&s)
	p := c.plan()
	if p == nil {
		return s
	}
	for _, one := range p.policies {
		s.Policies = append(s.Policies, one.status(now))
		s.Feigns = append(s.Feigns, p.feigns(one)...)
	}
	return s
}

// plan is the one compiled last, nil before the first.
func (c *Control) plan() *Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

func (s *spared) counted(to *Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to.Spared, to.SparesForgotten = s.ends.Len(), s.ends.Forgotten
}

func (p *people) counted(to *Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to.Addresses = p.seen.Len()
}

func (l *loops) counted(to *Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	to.LoopsBroken = l.broken
}

func (p *Plan) feigns(c *compiled) []FeignStatus {
	var list []FeignStatus
	for _, step := range c.steps {
		if step.action.Kind != event.Feign || step.action.Template.Always {
			continue
		}
		for _, spec := range c.config.Specs {
			list = append(list, FeignStatus{Policy: c.config.Name, Spec: spec, As: step.action.As, Ready: p.decoys.Ready(spec, step.action.As)})
		}
	}
	return list
}

func (c *compiled) status(now time.Time) PolicyStatus {
	s := PolicyStatus{
		Name: c.config.Name, Mode: c.config.Mode, Scope: c.config.Scope, Specs: c.config.Specs, Percent: *c.config.Rollout.Percent,
		Control: c.config.Rollout.Control, Breaker: c.ledger.breaker.status(now), Counts: c.ledger.counts.list(),
	}
	for _, step := range c.steps {
		s.Steps = append(s.Steps, step.action.Name)
	}
	for _, q := range c.quiet {
		s.Quiet = s.Quiet || q.Holds(now)
	}
	c.ledger.measure(&s, now)
	return s
}

// measure works out what came of the policy's deeds.
func (l *ledger) measure(s *PolicyStatus, now time.Time) {
	dwells := l.tally(s, now)
	if len(dwells) > 0 {
		slices.Sort(dwells)
		s.Effect.Dwell = dwells[len(dwells)/2]
	}
}

// tally sums up what the ledger holds, and gives how long each subject stayed.
func (l *ledger) tally(s *PolicyStatus, now time.Time) []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Remembered, s.Evicted = len(l.dealings), l.evicted
	var dwells []time.Duration
	for at := l.recent.Front(); at != nil; at = at.Next() {
		d := at.Value.(*dealing)
		if now.Before(d.until) {
			s.Granted++
		}
		switch {
		case d.control:
			s.Effect.ControlSubjects++
			s.Effect.ControlAfter += d.after
		case d.times > 0:
			s.Effect.add(d)
			dwells = append(dwells, d.dwell())
		}
	}
	return dwells
}

func (e *Effectiveness) add(d *dealing) {
	e.Subjects++
	e.Deeds += d.times
	e.Before += d.before
	e.After += d.after
	if d.after == 0 {
		e.Stopped++
	}
	if d.honest != "" {
		if e.HonestBy == nil {
			e.HonestBy = map[string]int{}
		}
		e.Honest++
		e.HonestBy[d.honest]++
	}
}
