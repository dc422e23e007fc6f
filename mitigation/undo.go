package mitigation

import (
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

// undoneFor is how long those are spared whom an undo concerns: long enough to mend the policy.
const undoneFor = 7 * 24 * time.Hour

// Affected is somebody whom a policy has dealt with.
type Affected struct {
	Policy string       `json:"policy"`
	Scope  policy.Scope `json:"scope"`
	// Key is the subject's, in the form that Spare takes.
	Key string `json:"key"`
	// Session and Device are those with whom it began.
	Session event.ID `json:"session,omitempty"`
	Device  event.ID `json:"device,omitempty"`
	Because string   `json:"because"`
	// Action and Kind are what was done first, First and Last when, Times how often in all.
	Action string           `json:"action"`
	Kind   event.ActionKind `json:"kind"`
	First  time.Time        `json:"first"`
	Last   time.Time        `json:"last"`
	Times  int64            `json:"times"`
	// Until is when the policy will let go of the subject; zero when it already has.
	Until time.Time `json:"until,omitzero"`
	// Before are the session's events until the first deed, After those of the subject since then.
	Before int64 `json:"before"`
	After  int64 `json:"after"`
	// Dwell is the time from the first deed to the last that was seen of the subject.
	Dwell time.Duration `json:"dwell_ns"`
	// Honest says why it seems to be an honest person after all; empty when nothing says so.
	Honest string `json:"honest,omitempty"`
}

// affected lists those with a deed since a moment, the latest first. The control arm is not among them.
func (l *ledger) affected(since, now time.Time) []Affected {
	list := l.dealtWith(since, now)
	slices.SortFunc(list, func(a, b Affected) int {
		if order := b.Last.Compare(a.Last); order != 0 {
			return order
		}
		return strings.Compare(a.Key, b.Key)
	})
	return list
}

func (l *ledger) dealtWith(since, now time.Time) []Affected {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Affected
	for at := l.recent.Front(); at != nil; at = at.Next() {
		if d := at.Value.(*dealing); d.times > 0 && !d.last.Before(since) {
			list = append(list, d.affected(l.name, now))
		}
	}
	return list
}

func (d *dealing) affected(policyName string, now time.Time) Affected {
	a := Affected{
		Policy: policyName, Scope: d.who.scope, Key: d.who.text(), Session: d.session, Device: d.device, Because: d.because, Action: d.action,
		Kind: d.kind, First: d.first, Last: d.last, Times: d.times, Before: d.before, After: d.after, Dwell: d.dwell(), Honest: d.honest,
	}
	if now.Before(d.until) {
		a.Until = d.until
	}
	return a
}

func (d *dealing) dwell() time.Duration { return max(d.seen.Sub(d.first), 0) }

// Affected lists those whom a policy has dealt with since a moment, the latest first.
func (c *Control) Affected(policyName string, since time.Time) []Affected {
	l := c.ledger(policyName)
	if l == nil {
		return nil
	}
	return l.affected(since, c.deps.Now())
}

// Undo takes back what a policy does to those whom it has dealt with since a moment: they are let go, and the policy leaves them alone
// for a week, with the device that they came with. It lists them, the latest first.
func (c *Control) Undo(policyName string, since time.Time) []Affected {
	l := c.ledger(policyName)
	if l == nil {
		return nil
	}
	now := c.deps.Now()
	list := l.affected(since, now)
	until := now.Add(undoneFor)
	for i := range list {
		one := &list[i]
		who, ok := parseSubject(one.Scope, one.Key)
		if !ok {
			continue
		}
		c.spared.add(spareKey{policyName, who}, until)
		if one.Device != "" && (one.Scope == policy.ScopeSession || one.Scope == policy.ScopePerson) {
			c.spared.add(spareKey{policyName, subject{scope: policy.ScopeDevice, key: string(one.Device)}}, until)
		}
		l.release(who)
		one.Until = time.Time{}
	}
	return list
}

// release ends a subject's grant and puts it at the foot of the ladder.
func (l *ledger) release(who subject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.find(who); d != nil {
		d.until, d.climbed, d.step, d.taken = time.Time{}, time.Time{}, 0, 0
	}
}

// CloseBreaker closes a policy's circuit breaker at once and forgets what it counted, for an operator who has mended the policy. It is
// false when there is no such policy.
func (c *Control) CloseBreaker(policyName string) bool {
	l := c.ledger(policyName)
	if l == nil {
		return false
	}
	l.breaker.reset(c.deps.Now())
	return true
}
