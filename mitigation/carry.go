package mitigation

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"wayguard/capture"
	"wayguard/challenge"
	"wayguard/decoy"
	"wayguard/event"
	"wayguard/policy"
)

// longestDelay bounds what several delays of one request add up to.
const longestDelay = 30 * time.Second

// kept is what carrying out actions must remember between requests, whatever the configuration. It locks itself.
type kept struct {
	formats *formats
	buckets *buckets
	delays  *delays

	mu sync.Mutex
	// insertions are those of inject actions, made ready; an action never changes.
	insertions map[*policy.ActionConfig]*insertion
}

// mostInsertions bounds what is kept of configurations that are long gone.
const mostInsertions = 1024

func newKept(_ []byte) *kept {
	return &kept{formats: newFormats(), buckets: newBuckets(mostBuckets), delays: &delays{most: mostDelayed}, insertions: map[*policy.ActionConfig]*insertion{}}
}

// insertion is an inject action made ready.
func (k *kept) insertion(a *policy.ActionConfig) *insertion {
	k.mu.Lock()
	defer k.mu.Unlock()
	ready := k.insertions[a]
	if ready == nil {
		if len(k.insertions) >= mostInsertions {
			clear(k.insertions)
		}
		made := newInsertion(a.HTML, a.Before)
		ready = &made
		k.insertions[a] = ready
	}
	return ready
}

// carry turns one decided action into parts of the measure. It gives a detail for people; ok is false when it cannot be done,
// and then the request goes on as if it had not been decided. A rate_limit that is not exceeded is ok and leaves the measure
// as it is.
func (p *Plan) carry(m *Measure, x effect, head *capture.Request, e *event.Event, j *Judgement) (detail string, ok bool) {
	c := carrier{kept: p.control.kept, checks: p.checks, decoys: p.decoys, now: p.moment(e), action: x.action,
		occasion: occasion{head: head, event: e, because: x.because}, judgement: j}
	return c.carry(m, x.policyName)
}

// refusal is what a request gets when there is no verdict and the policy is closed on failure: the page of the policy's first step that
// is a refusal, else a plain one. It is nobody's fault, so it says that the site cannot answer now.
func (p *Plan) refusal(c *compiled, head *capture.Request) *Answer {
	o := occasion{head: head, because: "no verdict"}
	for i := range c.steps {
		if a := c.steps[i].action; a.Kind == event.Block || a.Kind == event.Maintenance {
			return o.refusal(a, 0)
		}
	}
	return o.refusal(&policy.ActionConfig{Kind: event.Maintenance}, 0)
}

// offerer offers checks.
type offerer interface {
	Offer(a challenge.Ask, head *capture.Request, now time.Time) (challenge.Page, bool)
}

// feigner makes up answers.
type feigner interface {
	Ready(spec, as string) bool
	Feign(spec, as string, t policy.TemplateConfig, head *capture.Request, e *event.Event, session event.ID, now time.Time) (decoy.Answer, bool)
}

// carrier carries out one action on one request.
type carrier struct {
	*kept
	checks offerer
	decoys feigner
	now    time.Time
	action *policy.ActionConfig
	occasion
	judgement *Judgement
}

func (c *carrier) carry(m *Measure, policyName string) (detail string, ok bool) {
	a := c.action
	switch a.Kind {
	case event.Drop:
		m.Answer = &Answer{Drop: true}
	case event.Block, event.Maintenance:
		m.Answer = c.refusal(a, 0)
	case event.Redirect:
		answer, why := c.redirect(a)
		if answer == nil {
			return why, false
		}
		m.Answer = answer
	case event.Feign:
		m.Answer, detail = c.feign()
	case event.Decoy:
		m.Origin = a.Origin
		return c.rewriteRequest(m), true
	case event.Challenge, event.SecondFactor:
		return c.challenge(m)
	case event.RateLimit:
		return c.limit(m, policyName), true
	case event.Delay:
		return c.delay(m)
	case event.Rewrite:
		return c.rewrite(m), true
	case event.Inject:
		c.inject(m)
	case event.Tag:
		m.Tags = true
	default:
		return fmt.Sprintf("%s is nothing that is done to a request", a.Kind), false
	}
	return detail, true
}

// challenge offers a check.
func (c *carrier) challenge(m *Measure) (detail string, ok bool) {
	kind := c.action.Check
	if c.action.Kind == event.SecondFactor {
		kind = "second_factor"
	}
	rating := c.judgement.Verdict.Rating
	last := c.event.Find(resultElement)
	again := last != nil && last.Value == string(challenge.Refused)
	page, ok := c.checks.Offer(challenge.Ask{Kind: kind, Rating: rating, Valid: c.action.Valid, Again: again}, c.head, c.now)
	if !ok {
		return "the request cannot be asked for a check", false
	}
	m.Answer = pageAnswer(page)
	return cmp.Or(kind, challenge.ForRating(rating)), true
}

// delay lets the request wait, unless too many do.
func (c *carrier) delay(m *Measure) (detail string, ok bool) {
	wait := c.action.Wait + spread(c.event.ID, c.action.Spread)
	if wait = min(wait, longestDelay-m.Delay); wait <= 0 {
		return "the request waits for as long as one may already", false
	}
	if !c.delays.enter(c.now, wait) {
		return "skipped: too many requests are being delayed", false
	}
	m.Delay += wait
	return wait.Round(time.Millisecond).String(), true
}

// limit refuses what exceeds the rate.
func (c *carrier) limit(m *Measure, policyName string) (detail string) {
	limit := c.action.Limit
	by := cmp.Or(limit.By, string(policy.ScopeSession))
	key := bucketKey{limit: policyName + "\x00" + c.action.Name, who: by + "\x00" + c.counted(by)}
	level := c.buckets.take(key, rate{limit.Requests, limit.Per}, c.now)
	if level.allowed {
		return "within the limit"
	}
	m.Answer = c.refusal(c.action, level.wait)
	if taker(c.head) == takesJSON {
		m.Answer.Header = append(m.Answer.Header, rateFields(limit, level)...)
	}
	return fmt.Sprintf("more than %d in %s by %s", limit.Requests, limit.Per, by)
}

// counted is whom a limit counts: where the request names nobody of that kind, its session.
func (c *carrier) counted(by string) string {
	session := &c.judgement.Session
	switch scope := policy.Scope(by); scope {
	case policy.ScopeSession, policy.ScopeDevice, policy.ScopePerson, policy.ScopeAccount, policy.ScopeAddress:
		subjects := subjectsOf(scope, session, c.event)
		if all := subjects.all(); len(all) > 0 {
			return all[0].element + "\x00" + all[0].key
		}
	default:
		if found := c.event.Find(by); found != nil && found.Value != "" {
			return found.Value
		}
	}
	return "session\x00" + string(session.ID)
}

// rateFields are the headers of draft-ietf-httpapi-ratelimit-headers-10, which programs read.
func rateFields(limit policy.LimitConfig, level fill) []capture.Field {
	seconds := func(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
	return []capture.Field{
		{Name: "RateLimit-Policy", Value: fmt.Sprintf(`"default";q=%d;w=%d`, limit.Requests, seconds(limit.Per))},
		{Name: "RateLimit", Value: fmt.Sprintf(`"default";r=%d;t=%d`, level.left, seconds(level.wait))},
	}
}

// feign makes up an answer, from those of the origin or, before enough of them were seen, from the operator's template. Where there is
// none it is a refusal: a visitor who is to be deceived must not reach the origin.
func (c *carrier) feign() (*Answer, string) {
	a := c.action
	as := cmp.Or(a.As, policy.AsFailure)
	made, ok := c.decoys.Feign(c.event.Spec, as, a.Template, c.head, c.event, c.judgement.Session.ID, c.now)
	switch {
	case !ok:
		plain := policy.ActionConfig{Kind: event.Block}
		if as == policy.AsFailure && taker(c.head) == takesJSON {
			plain.Status = 401 // what an application says to a call that it does not let in
		}
		return c.refusal(&plain, 0), "refused: too few of the origin's answers were seen, and there is no template"
	case a.Template.Always:
		return feignedAnswer(made), as + " by the template"
	case !c.decoys.Ready(c.event.Spec, as):
		return feignedAnswer(made), as + " by the template: too few of the origin's answers were seen"
	}
	return feignedAnswer(made), as + " as the origin answers"
}

// feignedAnswer is an answer of the decoys' as the data path gives it. The line that frames the body stands among the headers, where
// the origin has it; the data path fills in what it says.
func feignedAnswer(made decoy.Answer) *Answer {
	header := made.Header
	if f := made.Framing; f.Name != "" {
		at := min(max(f.At, 0), len(header))
		header = slices.Insert(slices.Clone(header), at, capture.Field{Name: f.Name})
	}
	return &Answer{Status: made.Status, Header: header, Body: made.Body, After: made.After, Feigned: true}
}
