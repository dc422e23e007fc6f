package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/store"
)

// same compares an entry with what was read.
func same(t *testing.T, l Ledger, want decision.Entry) {
	t.Helper()
	got, found, err := l.Decision(context.Background(), want.Environment, want.Decision.ID)
	want.Messages = nil
	if err != nil || !found || !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, %v\n%+v\nwant\n%+v", found, err, got, want)
	}
}

// full has every field.
func full(n int) decision.Entry {
	e := Entry(n)
	e.Client, e.IdempotencyKey, e.Digest, e.Assignee = "shop", fmt.Sprint("key ", n), "digest", "ann"
	e.Waiting, e.Deferred = true, []byte(`{"calls": [1]}`)
	e.Decision.Payload = json.RawMessage(`{"card": "411111******4242", "text": "<&>"}`)
	e.Decision.PaymentState, e.Decision.PaymentType = pointer(payment.StateCaptured), pointer("sale")
	e.Decision.Resolution = &payment.Resolution{Resolution: payment.Accepted, ResolvedAt: at(9), ResolvedBy: "ann"}
	e.Decision.ShadowTriggeredRules = []payment.TriggeredRule{{RuleID: "shadow", Action: payment.Block}}
	e.Decision.BackendResults = []payment.BackendResult{{RuleID: "r", Backend: "link/vdm", Live: true, Score: pointer(int64(71)), MissingFields: []string{},
		RawResponse: json.RawMessage(`{"a":"<b>"}`)}}
	e.Decision.Events = []payment.LifecycleEvent{lifecycle(n, e.Decision.ID)}
	e.Messages = []event.Delivery{Message(n)}
	return e
}

func recording(t *testing.T, l Ledger) {
	ctx := context.Background()
	bare := decision.Entry{Environment: "staging", Decision: payment.Decision{ID: id(5), EvaluatedAt: at(1), Events: []payment.LifecycleEvent{}}}
	for _, e := range []decision.Entry{Entry(1), full(2), bare} {
		must(t, l.Record(ctx, e))
		same(t, l, e)
	}
	if _, found, err := l.Decision(ctx, "staging", Entry(1).Decision.ID); found || err != nil {
		t.Errorf("another environment's decision: found %v, %v", found, err)
	}
	if err := l.Record(ctx, Entry(1)); !errors.Is(err, decision.ErrConflict) {
		t.Errorf("the same id again gave %v", err)
	}
	due, err := l.DueDeliveries(ctx, at(0), 10)
	if want := []event.Delivery{Message(2)}; err != nil || !reflect.DeepEqual(due, want) {
		t.Errorf("messages are %+v, %v", due, err)
	}
}

func keys(t *testing.T, l Ledger) {
	ctx := context.Background()
	keyed := func(n int, client, key string, evaluated time.Time) decision.Entry {
		e := Entry(n)
		e.Client, e.IdempotencyKey, e.Digest, e.Decision.EvaluatedAt = client, key, fmt.Sprint("digest ", n), evaluated
		return e
	}
	expect := func(client, key string, want int) {
		t.Helper()
		got, digest, found, err := l.Idempotent(ctx, Production, client, key)
		if err != nil || found != (want != 0) || found && (got != Entry(want).Decision.ID || digest != fmt.Sprint("digest ", want)) {
			t.Errorf("key %s of %s: %s, %s, %v, %v; want decision %d", key, client, got, digest, found, err, want)
		}
	}
	start := at(0)
	expect("shop", "a", 0)
	must(t, l.Record(ctx, keyed(1, "shop", "a", start)))
	must(t, l.Record(ctx, keyed(2, "other shop", "a", start)))
	if err := l.Record(ctx, keyed(3, "shop", "a", start.Add(23*time.Hour))); !errors.Is(err, decision.ErrIdempotency) {
		t.Errorf("a key that was used gave %v", err)
	}
	if _, found, _ := l.Decision(ctx, Production, Entry(3).Decision.ID); found {
		t.Error("the refused decision was kept")
	}
	expect("shop", "a", 1)
	expect("other shop", "a", 2)
	must(t, l.Record(ctx, keyed(4, "shop", "b", start.Add(24*time.Hour))))
	expect("shop", "a", 0) // its life is over
	must(t, l.Record(ctx, keyed(5, "shop", "a", start.Add(25*time.Hour))))
	expect("shop", "a", 5)
	expect("shop", "b", 4)
	same(t, l, keyed(1, "shop", "a", start))
}

// together: a decision that is refused leaves no message and no key behind.
func together(t *testing.T, l Ledger) {
	ctx := context.Background()
	first, second := full(1), full(2)
	second.IdempotencyKey = first.IdempotencyKey
	must(t, l.Record(ctx, first))
	if err := l.Record(ctx, second); !errors.Is(err, decision.ErrIdempotency) {
		t.Errorf("it gave %v", err)
	}
	third := full(3)
	third.Decision.ID = first.Decision.ID
	if err := l.Record(ctx, third); !errors.Is(err, decision.ErrConflict) {
		t.Errorf("it gave %v", err)
	}
	if _, _, found, err := l.Idempotent(ctx, Production, "shop", third.IdempotencyKey); found || err != nil {
		t.Errorf("its key was kept: %v, %v", found, err)
	}
	if due, err := l.DueDeliveries(ctx, at(9), 10); len(due) != 1 || err != nil {
		t.Errorf("messages are %+v, %v", due, err)
	}
}

func amending(t *testing.T, l Ledger) {
	ctx := context.Background()
	e := full(4)
	e.Decision.Resolution, e.Decision.Decision = nil, payment.Provisional
	must(t, l.Record(ctx, e))
	want := e
	change := func(e *decision.Entry) {
		e.Decision.Decision, e.Decision.Initial = payment.Review, payment.Provisional
		e.Decision.TriggeredRules = append(e.Decision.TriggeredRules, payment.TriggeredRule{RuleID: "late"})
		e.Decision.PaymentState, e.Waiting, e.Deferred, e.Assignee = pointer(payment.StateFailed), false, nil, "bob"
	}
	change(&want)
	want.Decision.TriggeredRules = append([]payment.TriggeredRule{}, want.Decision.TriggeredRules...)
	found, err := l.Amend(ctx, Production, e.Decision.ID, func(e *decision.Entry) error {
		change(e)
		e.Messages = append(e.Messages, Message(5))
		return nil
	})
	if !found || err != nil {
		t.Fatalf("found %v, %v", found, err)
	}
	same(t, l, want)
	if due, err := l.DueDeliveries(ctx, at(0), 10); len(due) != 2 || err != nil {
		t.Errorf("messages are %+v, %v", due, err)
	}
	for name, q := range map[string]decision.Query{"open": {Open: true}, "late rule": {RuleID: "late"}, "state": {PaymentState: payment.StateFailed}} {
		q.Environment = Production
		if page, err := l.Search(ctx, q); len(page.Entries) != 1 || err != nil {
			t.Errorf("%s: %d entries, %v", name, len(page.Entries), err)
		}
	}
	odd := errors.New("odd")
	found, err = l.Amend(ctx, Production, e.Decision.ID, func(e *decision.Entry) error {
		e.Assignee = "eve"
		return odd
	})
	if !found || err != odd {
		t.Errorf("an error of change gave %v, %v", found, err)
	}
	same(t, l, want)
	if found, err := l.Amend(ctx, "staging", e.Decision.ID, func(*decision.Entry) error { return nil }); found || err != nil {
		t.Errorf("an absent decision: %v, %v", found, err)
	}
}

// amendingAtOnce loses no change of several at the same moment.
func amendingAtOnce(t *testing.T, l Ledger) {
	ctx, e := context.Background(), Entry(1)
	must(t, l.Record(ctx, e))
	const callers, each = 8, 10
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range each {
				if _, err := l.Amend(ctx, Production, e.Decision.ID, func(e *decision.Entry) error {
					e.Decision.LatencyMicros++
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	e.Decision.LatencyMicros += callers * each
	same(t, l, e)
}

func waiting(t *testing.T, l Ledger) {
	ctx := context.Background()
	for _, n := range []int{3, 1, 2, 4} {
		e := Entry(n)
		e.Waiting = n != 2
		must(t, l.Record(ctx, e))
	}
	list, err := l.Pending(ctx, Production, 2)
	if err != nil || len(list) != 2 || list[0].Decision.ID != Entry(1).Decision.ID || list[1].Decision.ID != Entry(3).Decision.ID {
		t.Errorf("pending are %+v, %v", list, err)
	}
	if list, err := l.Pending(ctx, "staging", 2); len(list) != 0 || err != nil {
		t.Errorf("another environment's: %+v, %v", list, err)
	}
}

// recordingAtOnce has some in every group that cannot be kept, which harms none of the others.
func recordingAtOnce(t *testing.T, l Ledger) {
	ctx := context.Background()
	const callers, each = 16, 25
	must(t, l.Record(ctx, full(1_000_000)))
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for i := range each {
				n := c*each + i
				e, want := Entry(n), error(nil)
				switch n % 10 {
				case 3: // its key was used
					e.Client, e.IdempotencyKey, want = "shop", full(1_000_000).IdempotencyKey, decision.ErrIdempotency
				case 7: // its id exists
					e.Decision.ID, want = Entry(1_000_000).Decision.ID, decision.ErrConflict
				}
				if err := l.Record(ctx, e); !errors.Is(err, want) {
					t.Errorf("decision %d gave %v, want %v", n, err, want)
				}
			}
		})
	}
	group.Wait()
	kept := 0
	must(t, l.Each(ctx, Production, at(0), at(1), func(*decision.Entry) error { kept++; return nil }))
	if kept != callers*each*8/10 {
		t.Errorf("%d decisions were kept", kept)
	}
}

func cancelled(t *testing.T, l Ledger) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Record(ctx, Entry(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gave %v", err)
	}
	must(t, l.Record(context.Background(), Entry(1)))
}

func refusing(t *testing.T, l Ledger) {
	ctx := context.Background()
	odd := Entry(1)
	odd.Tree = payment.Tree{"a": make(chan int)}
	long := Entry(2)
	long.Values = map[string]string{"$.a": strings.Repeat("secret", 1<<20)}
	keyless := Entry(3)
	keyless.Messages = []event.Delivery{{ID: id(1)}}
	for name, e := range map[string]decision.Entry{"no id": {}, "no JSON": odd, "too long": long, "a message without a key": keyless} {
		if err := l.Record(ctx, e); !errors.Is(err, store.ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s gave %v", name, err)
		}
	}
	if _, err := l.Erase(ctx, Production, ""); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("erasing nobody gave %v", err)
	}
}

func stillThere(t *testing.T, l Ledger, again func() Ledger) {
	ctx := context.Background()
	must(t, l.Record(ctx, full(1)))
	l = again()
	same(t, l, full(1))
	if err := l.Record(ctx, full(1)); !errors.Is(err, decision.ErrIdempotency) {
		t.Errorf("after reopening the same key gave %v", err)
	}
	if due, err := l.DueDeliveries(ctx, at(0), 10); len(due) != 1 || err != nil {
		t.Errorf("after reopening messages are %v, %v", due, err)
	}
}
