package decision

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"wayguard/payment"
)

// TestOnErrorWinsWhateverTheCallersTime: a backend hangs for longer than the caller waits.
func TestOnErrorWinsWhateverTheCallersTime(t *testing.T) {
	for rules, want := range map[string]payment.Outcome{
		`[{"id":"r","type":"backend","backend":"a/b","on_error":"block"}]`:                                                                               payment.Block,
		`[{"id":"r","type":"backend","backend":"a/b","on_error":"review"}]`:                                                                              payment.Review,
		`[{"id":"g","type":"backend_group","strategy":"fallback","on_error":"block","members":[{"backend":"a/1"},{"backend":"a/2"},{"backend":"a/3"}]}]`: payment.Block,
	} {
		b := prepared(t, newMemory(), func(d *Deps) { d.Ledger = &punctual{Ledger: d.Ledger} })
		b.activate("default", rules)
		b.backends.gate = make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		d, err := b.Decide(ctx, b.pay(nil), Caller{Client: "shop", Integration: "interceptor"})
		<-ctx.Done() // even where the time is over before the ledger is asked
		again, err2 := b.Decide(ctx, b.pay(nil), Caller{Client: "shop", Integration: "interceptor"})
		cancel()
		if err != nil || d.Decision != want || b.kept(d.ID).Decision.Decision != want {
			t.Errorf("%s: decided %q, %v", rules, d.Decision, err)
		}
		if err2 != nil || again.Decision != want {
			t.Errorf("%s: after the time %q, %v", rules, again.Decision, err2)
		}
	}
}

// punctual fails where its caller's time is over, as a database does, and counts what it gets.
type punctual struct {
	Ledger
	mu       sync.Mutex
	failures int
}

func (p *punctual) Record(ctx context.Context, e Entry) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures--; p.failures >= 0 {
		return errDisk
	}
	return p.Ledger.Record(ctx, e)
}

func TestNothingIsKeptForACallerWhoHasGone(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id":"often","type":"condition","action":"REVIEW","condition":"velocity($.credential_fingerprint, 3600) > 1"},{"id":"b","type":"backend","backend":"a/b"}]`)
	b.restoreNow(t)
	b.backends.gate = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := b.Decide(ctx, b.pay(nil), Caller{Client: "shop"})
		done <- err
	}()
	eventually(t, "the backend is asked", func() bool { return b.backends.times() == 1 })
	cancel()
	if err := <-done; !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
	if m := b.Metrics(); b.ledger.records != 0 || m.Abandoned != 1 || m.Unavailable != 0 || len(b.ledger.keys()) != 0 {
		t.Errorf("%d decisions were kept, %+v", b.ledger.records, m)
	}
	close(b.backends.gate)
	if d := b.decide(b.pay(nil)); d.Decision != payment.Allow {
		t.Errorf("the next payment, the first one that is decided: %v", d.Decision)
	}
}

func TestOneWhoTriesAgainIsCountedOnce(t *testing.T) {
	ledger := newMemory()
	b := prepared(t, ledger, func(d *Deps) { d.Ledger = &punctual{Ledger: ledger, failures: 4} })
	b.activate("default", `[{"id":"c","type":"condition","action":"BLOCK","condition":"velocity($.credential_fingerprint, 3600) > 1"},
		{"id":"s","type":"condition","action":"BLOCK","condition":"velocity_sum($.customer.id, $.transaction.amount, 3600) > 5000"},
		{"id":"d","type":"condition","action":"BLOCK","condition":"velocity_distinct($.customer.id, $.device.ip, 3600) > 1"}]`)
	b.restoreNow(t)
	for i := range 5 {
		b.clock.advance(time.Second)
		r := b.pay(func(body map[string]any) { body["device"] = map[string]any{"ip": fmt.Sprintf("192.0.2.%d", i)} })
		d, err := b.Decide(t.Context(), r, Caller{Client: "shop", IdempotencyKey: "k", BodyDigest: "d"})
		if i < 4 && !errors.Is(err, ErrUnavailable) {
			t.Errorf("attempt %d: %v", i, err)
		}
		if i == 4 && (err != nil || d.Decision != payment.Allow) {
			t.Errorf("the one payment of this card: %q by %q, %v", d.Decision, fired(d), err)
		}
	}
}
