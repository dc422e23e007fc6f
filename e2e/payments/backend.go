//go:build e2e

package payments

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"wayguard/e2e"
	"wayguard/event"
)

const (
	// patience is the rule's timeout, slack what a decision may cost beside it.
	patience = 150 * time.Millisecond
	slack    = 50 * time.Millisecond
	// hung is how many decisions wait for an engine that hangs, fewer than make its breaker open; open how many are made after it has.
	hung = 6
	open = 20
)

// outcome is what is read of a decision.
type outcome struct {
	ID       event.ID `json:"id"`
	Decision string   `json:"decision"`
	Initial  string   `json:"initial_decision"`
	Source   string   `json:"source"`
	Micros   int64    `json:"latency_us"`
	Results  []struct {
		Backend string  `json:"backend"`
		Outcome string  `json:"outcome"`
		Error   *string `json:"error"`
	} `json:"backend_results"`
}

// errors are the results' errors, with the outcome of those that have none.
func (o outcome) errors() string {
	var texts []string
	for _, r := range o.Results {
		if r.Error != nil {
			texts = append(texts, *r.Error)
		} else {
			texts = append(texts, r.Outcome)
		}
	}
	return strings.Join(texts, " ")
}

// backends is one instance with the engines that it asks.
type backends struct {
	*instance
	slow, good, late *engine
	receiver         *receiver
	made             *traffic
	figures          []e2e.Figure
}

// CheckBackend measures what engines that hang, fail and come late do to decisions.
func CheckBackend(ctx context.Context) ([]e2e.Figure, error) {
	b := &backends{slow: newEngine("pass"), good: newEngine("look"), late: newEngine("stop"), made: newTraffic(7)}
	for _, e := range []*engine{b.slow, b.good, b.late} {
		defer e.Close()
	}
	b.slow.hangs.Store(true)
	origin := httptest.NewServer(http.NotFoundHandler())
	defer origin.Close()
	var err error
	if b.receiver, err = newReceiver(); err != nil {
		return nil, err
	}
	undo, err := b.receiver.trusted()
	if err != nil {
		return nil, err
	}
	defer undo()
	if err := b.receiver.open(); err != nil {
		return nil, err
	}
	defer b.receiver.close()
	if b.instance, err = start(ctx, origin.URL, "pci_level: SAQ_D\n", promptly); err != nil {
		return nil, err
	}
	defer b.close()
	for _, part := range []func(context.Context) error{b.hanging, b.opened, b.fallback, b.asynchronous} {
		if err := part(ctx); err != nil {
			return b.figures, err
		}
	}
	return b.figures, nil
}

// promptly is a configuration of webhooks that does not wait long.
const promptly = "webhooks: {concurrency: 64, poll: 100ms, first_delay: 100ms, longest_delay: 1s}\n"

// decide sends the next payment in a context, and says how long the whole answer took.
func (i *instance) decide(ctx context.Context, t *traffic, contextName string) (o outcome, took time.Duration, err error) {
	var body map[string]any
	if err := json.Unmarshal(t.append(nil), &body); err != nil {
		return o, 0, err
	}
	body["context"] = contextName
	began := time.Now()
	response, text, err := i.post(ctx, "/api/decisions", body, nil)
	took = time.Since(began)
	if err != nil {
		return o, took, err
	}
	if response.StatusCode/100 != 2 {
		return o, took, fmt.Errorf("a payment is answered %d: %s", response.StatusCode, text)
	}
	return o, took, json.Unmarshal(text, &o)
}

// costs are what decisions cost: by their own measure (latency_us), and as the client saw it, which is with the ledger, the disk and the
// rest of the machine.
type costs struct{ longest, shortest, seen time.Duration }

func newCosts() costs { return costs{shortest: time.Hour} }

func (c *costs) add(o outcome, took time.Duration) {
	own := time.Duration(o.Micros) * time.Microsecond
	c.longest, c.shortest, c.seen = max(c.longest, own), min(c.shortest, own), max(c.seen, took)
}

// within is a figure of the longest.
func (c *costs) within(name string, limit time.Duration) e2e.Figure {
	value := fmt.Sprintf("%s (client %s)", c.longest.Round(time.Millisecond), c.seen.Round(time.Millisecond))
	return e2e.Holds(name, value, c.longest <= limit, "<= "+limit.String())
}

// ask makes decisions in a context, and says how many were answered as they should, and what they cost.
func (b *backends) ask(ctx context.Context, contextName string, n int, want, errors string) (right int, cost costs, err error) {
	cost = newCosts()
	for range n {
		o, took, err := b.decide(ctx, b.made, contextName)
		if err != nil {
			return right, cost, err
		}
		cost.add(o, took)
		if o.Decision == want && o.errors() == errors {
			right++
		}
	}
	return right, cost, nil
}

// backendRule is a rule that asks one backend.
func backendRule(slug, onError string) []map[string]any {
	return []map[string]any{{"id": "ask", "type": "backend", "backend": slug + "/default", "on_error": onError, "timeout_ms": patience.Milliseconds()}}
}

// wants are the outcomes that on_error leads to.
func wants() [][2]string {
	return [][2]string{{"allow", "ALLOW"}, {"review", "REVIEW"}, {"block", "BLOCK"}}
}

// hanging has decisions wait for an engine that hangs. Each on_error has an integration of its own, and so a breaker of its own.
func (b *backends) hanging(ctx context.Context) error {
	for _, w := range wants() {
		slug := "slow-" + w[0]
		if err := b.integrate(ctx, slug, b.slow); err != nil {
			return err
		}
		if _, err := b.rules(ctx, slug, backendRule(slug, w[0]), nil); err != nil {
			return err
		}
		asked := b.slow.asked.Load()
		right, cost, err := b.ask(ctx, slug, hung, w[1], "timeout")
		if err != nil {
			return err
		}
		b.figures = append(b.figures,
			e2e.Count(fmt.Sprintf("an engine that hangs, on_error %s: answered %s, error timeout", w[0], w[1]), right, hung),
			cost.within(fmt.Sprintf("  longest of %d; timeout_ms is %d", hung, patience.Milliseconds()), patience+slack),
			e2e.Holds("  shortest: it is waited for", cost.shortest.Round(time.Millisecond).String(), cost.shortest >= patience, ">= "+patience.String()),
			e2e.Count("  the engine was asked", int(b.slow.asked.Load()-asked), hung))
	}
	return nil
}

// opened goes on until the breakers leave the engine alone, and then until it has come back.
func (b *backends) opened(ctx context.Context) error {
	calls := 0
	for _, w := range wants() {
		slug := "slow-" + w[0]
		for calls = hung; ; calls++ {
			o, _, err := b.decide(ctx, b.made, slug)
			if err != nil {
				return err
			}
			if o.errors() == "circuit_open" {
				break
			}
			if calls > 20 {
				return fmt.Errorf("the breaker of %s does not open: %s", slug, o.errors())
			}
		}
		asked := b.slow.asked.Load()
		right, cost, err := b.ask(ctx, slug, open, w[1], "circuit_open")
		if err != nil {
			return err
		}
		b.figures = append(b.figures,
			e2e.Holds(fmt.Sprintf("left alone, on_error %s: calls that it took", w[0]), fmt.Sprint(calls), calls <= 12, "<= 12"),
			e2e.Count(fmt.Sprintf("  answered %s, error circuit_open", w[1]), right, open),
			cost.within(fmt.Sprintf("  longest of %d", open), slack),
			e2e.Count("  the engine was asked", int(b.slow.asked.Load()-asked), 0))
	}
	b.slow.hangs.Store(false)
	began := time.Now()
	for {
		o, _, err := b.decide(ctx, b.made, "slow-block")
		if err != nil {
			return err
		}
		if o.errors() == "ALLOW" && o.Decision == "ALLOW" {
			break
		}
		if time.Since(began) > 20*time.Second {
			return fmt.Errorf("the engine is not asked again: %s", o.errors())
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.figures = append(b.figures, e2e.Within("  it answers again: asked again after", time.Since(began), 10*time.Second))
	b.slow.hangs.Store(true)
	return nil
}

// fallback has a group whose first member hangs.
func (b *backends) fallback(ctx context.Context) error {
	for slug, e := range map[string]*engine{"first": b.slow, "second": b.good} {
		if err := b.integrate(ctx, slug, e); err != nil {
			return err
		}
	}
	group := []map[string]any{{"id": "either", "type": "backend_group", "strategy": "fallback", "on_error": "block", "timeout_ms": patience.Milliseconds(),
		"members": []map[string]any{{"backend": "first/default"}, {"backend": "second/default"}}}}
	if _, err := b.rules(ctx, "either", group, nil); err != nil {
		return err
	}
	right, cost, err := b.ask(ctx, "either", hung, "REVIEW", "timeout REVIEW")
	if err != nil {
		return err
	}
	b.figures = append(b.figures,
		e2e.Count("a group with fallback, its first member hangs: the second decides", right, hung),
		cost.within("  longest", patience+slack))
	return nil
}

// asynchronous has groups that are asked after the answer: one of an engine that takes its time, one of an engine that hangs.
func (b *backends) asynchronous(ctx context.Context) error {
	const pause, n = 800 * time.Millisecond, 10
	b.late.delay.Store(int64(pause))
	if err := b.integrate(ctx, "late", b.late); err != nil {
		return err
	}
	if err := b.receiver.register(ctx, b.instance, "decision.provisional", "decision.async.allow", "decision.async.review", "decision.async.block"); err != nil {
		return err
	}
	for _, one := range []struct{ member, onError, final, events string }{
		{"late", "allow", "BLOCK", "decision.async.block decision.provisional"},
		{"first", "review", "REVIEW", "decision.async.review decision.provisional"},
	} {
		group := []map[string]any{{"id": "later", "type": "backend_group", "strategy": "fallback", "async": true, "on_error": one.onError,
			"timeout_ms": 3 * pause.Milliseconds(), "members": []map[string]any{{"backend": one.member + "/default"}}}}
		if _, err := b.rules(ctx, "later-"+one.member, group, nil); err != nil {
			return err
		}
		if err := b.afterwards(ctx, one.member, one.final, one.events, n); err != nil {
			return err
		}
	}
	_, again, forged := b.receiver.counts()
	b.figures = append(b.figures, e2e.Count("  webhooks that came twice", again, 0), e2e.Count("  wrong signatures", forged, 0))
	return nil
}

// afterwards makes decisions that are PROVISIONAL and looks what becomes of them.
func (b *backends) afterwards(ctx context.Context, member, final, events string, n int) error {
	before, _, _ := b.receiver.counts()
	var ids []event.ID
	cost, provisional := newCosts(), 0
	for range n {
		o, took, err := b.decide(ctx, b.made, "later-"+member)
		if err != nil {
			return err
		}
		cost.add(o, took)
		if o.Decision == "PROVISIONAL" {
			provisional++
		}
		ids = append(ids, o.ID)
	}
	if err := b.receiver.settle(ctx, before+2*n, 20*time.Second); err != nil {
		return fmt.Errorf("asynchronous, %s: %w\n%s", member, err, b.Printed())
	}
	told, kept := 0, 0
	for _, id := range ids {
		if b.receiver.of(id) == events {
			told++
		}
		var o outcome
		if err := b.get(ctx, "/api/decisions/"+string(id), &o); err != nil {
			return err
		}
		if o.Decision == final && o.Initial == "PROVISIONAL" {
			kept++
		}
	}
	b.figures = append(b.figures,
		e2e.Count(fmt.Sprintf("an asynchronous group (%s): answered PROVISIONAL", map[string]string{"late": "the engine answers late", "first": "the engine hangs"}[member]), provisional, n),
		cost.within("  longest: nobody is waited for", slack),
		e2e.Count("  webhooks "+events, told, n),
		e2e.Count("  then "+final+" in the ledger", kept, n))
	return nil
}
