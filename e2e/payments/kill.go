//go:build e2e

package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"wayguard/e2e"
	"wayguard/event"
)

const (
	// untold is how many decisions have their webhooks waiting at the first kill.
	untold = 60
	// streaming is how long payments come at full speed before the second kill, streams over how many connections.
	streaming = 1500 * time.Millisecond
	streams   = 32
	// sendersAtOnce is how many webhooks are on their way at once; see promptly.
	sendersAtOnce = 64
)

// killing is one instance that is killed, with its receiver of webhooks and the engine that asynchronous rules ask.
type killing struct {
	*instance
	receiver *receiver
	late     *engine
	made     *traffic
	figures  []e2e.Figure
}

// CheckKill kills the program between decisions and their webhooks, and in the middle of a stream of decisions.
func CheckKill(ctx context.Context) ([]e2e.Figure, error) {
	k := &killing{late: newEngine("stop"), made: newTraffic(8)}
	defer k.late.Close()
	origin := httptest.NewServer(http.NotFoundHandler())
	defer origin.Close()
	var err error
	if k.receiver, err = newReceiver(); err != nil {
		return nil, err
	}
	undo, err := k.receiver.trusted()
	if err != nil {
		return nil, err
	}
	defer undo()
	defer k.receiver.close()
	if k.instance, err = start(ctx, origin.URL, "pci_level: SAQ_D\n", promptly); err != nil {
		return nil, err
	}
	defer k.close()
	if err := k.prepare(ctx); err != nil {
		return nil, err
	}
	if err := k.between(ctx); err != nil {
		return k.figures, err
	}
	return k.figures, k.midstream(ctx)
}

// prepare makes rules whose outcomes differ, one context that is decided later, and a webhook for everything.
func (k *killing) prepare(ctx context.Context) error {
	rules := []map[string]any{
		{"id": "large", "type": "condition", "action": "REVIEW", "condition": "gte($.transaction.amount, 12000)"},
		{"id": "largest", "type": "condition", "action": "BLOCK", "condition": "gte($.transaction.amount, 18000)"},
		{"id": "often", "type": "condition", "action": "REVIEW", "condition": "gt(velocity($.credential_fingerprint, 1h), 1000)"},
	}
	if _, err := k.rules(ctx, "default", rules, nil); err != nil {
		return err
	}
	if err := k.integrate(ctx, "late", k.late); err != nil {
		return err
	}
	later := []map[string]any{{"id": "later", "type": "backend_group", "strategy": "fallback", "async": true, "on_error": "review", "timeout_ms": 4000,
		"members": []map[string]any{{"backend": "late/default"}}}}
	if _, err := k.rules(ctx, "later", later, nil); err != nil {
		return err
	}
	return k.receiver.register(ctx, k.instance, "decision.allow", "decision.review", "decision.block", "decision.provisional",
		"decision.async.allow", "decision.async.review", "decision.async.block")
}

// between kills the program with the last decision answered and no webhook delivered: the receiver is away.
func (k *killing) between(ctx context.Context) error {
	var mu sync.Mutex
	var answers []answered
	group, within := errgroup.WithContext(ctx)
	for n := range 4 {
		made := newTraffic(uint64(100 + n))
		group.Go(func() error {
			for range untold / 4 {
				o, _, err := k.decide(within, made, "default")
				if err != nil {
					return err
				}
				mu.Lock()
				answers = append(answers, answered{id: o.ID, outcome: o.Decision})
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	k.Kill()
	if err := k.receiver.open(); err != nil {
		return err
	}
	if err := k.run(ctx); err != nil {
		return err
	}
	if err := k.receiver.settle(ctx, untold, 30*time.Second); err != nil {
		return fmt.Errorf("after the first kill: %w\n%s", err, k.Printed())
	}
	found, told, err := k.look(ctx, answers)
	if err != nil {
		return err
	}
	ids, again, forged := k.receiver.counts()
	k.figures = append(k.figures,
		e2e.Count("kill -9 between decision and webhook: decisions found by GET", found, untold),
		e2e.Count("  whose one webhook arrived", told, untold),
		e2e.Count("  webhooks taken, by id", ids, untold),
		e2e.Count("  that came twice", again, 0),
		e2e.Count("  wrong signatures", forged, 0))
	return nil
}

// midstream kills the program while it decides and delivers at full speed.
func (k *killing) midstream(ctx context.Context) error {
	before, _, _ := k.receiver.counts()
	k.late.delay.Store(int64(300 * time.Millisecond))
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	var stream volley
	var provisional []event.ID
	all.Go(func() {
		g := generator{i: k.instance, connections: streams, duration: time.Minute, seed: 9}
		stream = g.fire(within)
	})
	all.Go(func() { provisional = k.later(within) })
	time.Sleep(streaming)
	arrived, again, _ := k.receiver.counts()
	k.Kill()
	k.figures = append(k.figures, e2e.Count("kill -9 in the middle of a stream: webhooks that came twice before it", again, 0))
	cancel()
	all.Wait()
	if stream.errors > 0 {
		return fmt.Errorf("%d payments were refused: %w", stream.errors, stream.first)
	}
	began := time.Now()
	if err := k.run(ctx); err != nil {
		return err
	}
	restarted := time.Since(began)
	if err := k.receiver.settle(ctx, before+len(stream.answers)+2*len(provisional), 120*time.Second); err != nil {
		return fmt.Errorf("after the second kill: %w\n%s", err, tail(k.Printed()))
	}
	return k.account(ctx, stream, provisional, arrived-before, restarted)
}

// later makes PROVISIONAL decisions until it cannot.
func (k *killing) later(ctx context.Context) (ids []event.ID) {
	for ctx.Err() == nil {
		o, _, err := k.decide(ctx, k.made, "later")
		if err != nil {
			return ids // the kill
		}
		ids = append(ids, o.ID)
		time.Sleep(5 * time.Millisecond)
	}
	return ids
}

// account compares what was answered with the ledger and with what the receiver was told.
func (k *killing) account(ctx context.Context, stream volley, provisional []event.ID, arrived int, restarted time.Duration) error {
	found, told, err := k.look(ctx, stream.answers)
	if err != nil {
		return err
	}
	finished, followed := 0, 0
	for _, id := range provisional {
		var o outcome
		if err := k.get(ctx, "/api/decisions/"+string(id), &o); err != nil {
			return fmt.Errorf("a PROVISIONAL decision: %w", err)
		}
		if o.Decision == "BLOCK" && o.Initial == "PROVISIONAL" {
			finished++
		}
		if k.receiver.of(id) == "decision.async.block decision.provisional" {
			followed++
		}
	}
	_, again, forged := k.receiver.counts()
	n, late := len(stream.answers), len(provisional)
	k.figures = append(k.figures,
		e2e.AtLeast("  decisions answered before it", n, 500),
		e2e.Holds("  their webhooks delivered before it", fmt.Sprint(arrived), arrived > 0 && arrived < n+2*late, fmt.Sprintf("some, < %d", n+2*late)),
		e2e.Within("  from the restart until the Hub takes a login", restarted, 5*time.Second),
		e2e.Count("  decisions found by GET as they were answered", found, n),
		e2e.Count("  whose webhook was taken, once", told, n),
		e2e.AtLeast("  PROVISIONAL decisions answered before it", late, 20),
		e2e.Count("  finished, as the engine said", finished, late),
		e2e.Count("  whose two webhooks were taken, once each", followed, late),
		e2e.Holds("  webhooks sent again that the receiver knew by their id", fmt.Sprint(again), again <= sendersAtOnce, fmt.Sprintf("<= %d on their way", sendersAtOnce)),
		e2e.Holds("  most that one of them was sent", fmt.Sprint(k.receiver.most()), k.receiver.most() <= 2, "<= 2, once by each process"),
		e2e.Count("  wrong signatures", forged, 0))
	return nil
}

// look asks for decisions by their ids: found are those that are as they were answered, told those of which the receiver heard once.
func (k *killing) look(ctx context.Context, answers []answered) (found, told int, err error) {
	var mu sync.Mutex
	var missing error
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, a := range answers {
		group.Go(func() error {
			var o outcome
			err := k.get(within, "/api/decisions/"+string(a.id), &o)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				missing = errors.Join(missing, err)
			case o.ID == a.id && o.Decision == a.outcome:
				found++
			}
			if k.receiver.of(a.id) == "decision."+strings.ToLower(a.outcome) {
				told++
			}
			return within.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return found, told, err
	}
	if len(answers)-found == len(answers) {
		return found, told, missing
	}
	return found, told, nil
}

// tail is the end of what a program printed.
func tail(text string) string { return text[max(0, len(text)-4<<10):] }
