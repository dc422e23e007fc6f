package ruleset

import (
	"strconv"
	"time"

	"wayguard/payment"
)

// The strategies of groups, and how the answers of parallel members become one.
const (
	fallback = "fallback"
	parallel = "parallel"
	split    = "split"

	strictest = "strictest"
	lenient   = "lenient"
	majority  = "majority"
	first     = "first"
	weighted  = "weighted"
)

func strategies() []string { return []string{fallback, parallel, split} }

func merges() []string { return []string{strictest, lenient, majority, first, weighted} }

// group is the backends of one rule; that of a backend rule has one member.
type group struct {
	rule            string
	strategy, merge string
	members         []member
	async           bool
	onError         payment.Outcome
	timeout         time.Duration
	thresholds      *Thresholds
	// sticky is the path that keeps a customer in one arm of a split, -1 for none.
	sticky int
}

type member struct {
	name   string
	live   bool
	weight int64
}

// group checks and compiles what a backend rule asks.
func (c *compiler) group(at string, r Rule) *group {
	g := &group{rule: r.ID, strategy: fallback, async: r.Async, thresholds: r.ScoreThresholds, sticky: -1}
	g.timeout = time.Duration(r.TimeoutMillis) * time.Millisecond
	c.thresholds(r.ScoreThresholds, at+".score_thresholds")
	if r.TimeoutMillis < 0 || r.TimeoutMillis > maxTimeout {
		c.add(at+".timeout_ms", payment.CodeRange, "must lie between 1 and "+strconv.Itoa(maxTimeout))
	}
	switch r.OnError {
	case "", "allow":
		g.onError = payment.Allow
	case "review":
		g.onError = payment.Review
	case "block":
		g.onError = payment.Block
	default:
		c.unknown(at+".on_error", "way", r.OnError, []string{"allow", "review", "block"})
	}
	if r.Type == BackendRule {
		c.known(r.Backend, at+".backend")
		g.members = []member{{name: r.Backend, live: true}}
		return g
	}
	c.grouped(at, r, g)
	return g
}

func (c *compiler) known(backend, at string) {
	switch {
	case backend == "":
		c.add(at, payment.CodeRequired, `the backend's name is needed, such as "link-prod/vdm"`)
	case len(backend) > maxNameLength:
		c.add(at, payment.CodeTooLong, "is longer than "+strconv.Itoa(maxNameLength)+" bytes")
	case c.options.Backends != nil && !c.options.Backends(backend):
		c.add(at, payment.CodeUnknown, "there is no backend "+quoted(backend))
	}
}

// grouped checks and compiles what only groups have.
func (c *compiler) grouped(at string, r Rule, g *group) {
	switch {
	case r.Strategy == "":
		c.add(at+".strategy", payment.CodeRequired, "a group needs a strategy: fallback, parallel or split")
	case !contains(strategies(), r.Strategy):
		c.unknown(at+".strategy", "strategy", r.Strategy, strategies())
	}
	g.strategy, g.merge = r.Strategy, r.Merge
	if g.merge == "" {
		g.merge = strictest
	} else if !contains(merges(), r.Merge) {
		c.unknown(at+".merge", "way to merge", r.Merge, merges())
	}
	if r.StickyOn != "" {
		if g.sticky = c.source(r.StickyOn, at+".sticky_on"); g.sticky >= 0 {
			c.countable(g.sticky, at+".sticky_on")
		}
	}
	if len(r.Members) == 0 || len(r.Members) > maxMembers {
		c.add(at+".members", payment.CodeRequired, "a group has 1 to "+strconv.Itoa(maxMembers)+" members")
	}
	weigh := g.strategy == split || g.strategy == parallel && g.merge == weighted
	lives, weight := 0, int64(0)
	seen := map[string]bool{}
	for i, m := range r.Members {
		place := at + ".members[" + strconv.Itoa(i) + "]"
		c.known(m.Backend, place+".backend")
		if seen[m.Backend] && m.Backend != "" {
			c.add(place+".backend", payment.CodeDuplicate, "is already a member")
		}
		seen[m.Backend] = true
		if m.Weight < 0 || m.Weight > maxPoints {
			c.add(place+".weight", payment.CodeRange, "must lie between 0 and "+strconv.Itoa(maxPoints))
		}
		if is(m.Live, true) {
			lives, weight = lives+1, weight+m.Weight
		}
		g.members = append(g.members, member{m.Backend, is(m.Live, true), m.Weight})
	}
	switch {
	case len(r.Members) > 0 && lives == 0:
		c.add(at+".members", payment.CodeRequired, "at least one member must be live; make the rule itself shadow to only watch")
	case len(r.Members) > 0 && weigh && weight == 0:
		c.add(at+".members", payment.CodeRequired, "at least one live member needs a weight")
	}
}

// call is a question to a member.
func (g *group) call(m member, live bool, request *payment.Request) Call {
	return Call{RuleID: g.rule, Backend: m.name, Live: live, Timeout: g.timeout, Thresholds: g.thresholds, Request: request}
}

// chosen are the live members that this payment is for: all, or the one that a split gives it to.
func (g *group) chosen(r *run) []member {
	var all []member
	var total int64
	for _, m := range g.members {
		if m.live && (g.strategy != split || m.weight > 0) {
			all, total = append(all, m), total+m.weight
		}
	}
	if g.strategy != split {
		return all
	}
	at := int64(g.draw(r)) * total / draws
	for i, m := range all {
		if at -= m.weight; at < 0 {
			return all[i : i+1]
		}
	}
	return all[:1]
}

// draws is how many numbers a draw is out of.
const draws = 10_000

// draw is the number, from 0 to 9999, that chooses the arm of a split. The rule's id is mixed in, so that two groups split differently.
func (g *group) draw(r *run) int {
	h := hash(hashStart, g.rule)
	if g.sticky >= 0 {
		if key, ok := r.key(g.sticky); ok {
			return int(mix(hash(h, key)) % draws)
		}
	}
	return int((mix(h) + uint64(max(r.in.Draw, 0))) % draws)
}

// hash is FNV-1a with 64 bits: the arm of a customer stays the same over restarts and releases.
func hash(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211 // the end of the text
}

const hashStart = 14695981039346656037

// mix spreads the bits, as FNV leaves the last texts' in the low ones (the finalizer of MurmurHash3).
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// outcome is what one result says; ok is false where it says nothing.
func (g *group) outcome(result *payment.BackendResult) (outcome payment.Outcome, ok bool) {
	switch {
	case result.Error != nil:
		return "", false
	case result.Outcome == payment.Allow || result.Outcome == payment.Review || result.Outcome == payment.Block:
		return result.Outcome, true
	case result.Outcome == "" && result.Score != nil:
		return g.thresholds.outcome(*result.Score), true
	}
	return "", false
}

// decide makes one outcome of the results of live members; ok is false where none said anything.
func (g *group) decide(results []payment.BackendResult) (outcome payment.Outcome, ok bool) {
	var votes [3]int64
	said, weight := 0, int64(1)
	var quickest *payment.BackendResult
	// The members' order counts, not that in which their answers stand.
	for _, m := range g.members {
		result := resultOf(results, g.rule, m.name)
		if !m.live || result == nil {
			continue
		}
		answer, spoke := g.outcome(result)
		if !spoke {
			continue
		}
		if g.strategy != parallel {
			return answer, true
		}
		if g.merge == weighted {
			weight = m.weight
		}
		votes[rank(answer)] += weight
		said |= 1 << rank(answer)
		if quickest == nil || result.LatencyMillis < quickest.LatencyMillis {
			quickest, outcome = result, answer
		}
	}
	if quickest == nil {
		return "", false
	}
	if g.merge == first {
		return outcome, true
	}
	return merged(g.merge, votes, said), true
}

// merged counts votes, by rank; said has a bit for each rank that somebody voted for, if without weight.
func merged(merge string, votes [3]int64, said int) payment.Outcome {
	best := -1
	for n := range votes {
		switch {
		case said&(1<<n) == 0:
		case best < 0 || merge == strictest:
			best = n
		case merge != lenient && votes[n] >= votes[best]: // a tie goes to the stricter
			best = n
		}
	}
	return [3]payment.Outcome{payment.Allow, payment.Review, payment.Block}[max(best, 0)]
}

// rank orders outcomes by how strict they are.
func rank(o payment.Outcome) int {
	switch o {
	case payment.Block:
		return 2
	case payment.Review:
		return 1
	}
	return 0
}

// resultOf is the last result of a backend for a rule.
func resultOf(results []payment.BackendResult, rule, backend string) *payment.BackendResult {
	for i := len(results) - 1; i >= 0; i-- {
		if results[i].RuleID == rule && results[i].Backend == backend {
			return &results[i]
		}
	}
	return nil
}
