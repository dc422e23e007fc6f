package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/store"
	"wayguard/store/storetest"
)

// waitFor waits until so many writes wait.
func waitFor(t *testing.T, l *store.Ledger, count int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); l.Metrics().Waiting != count; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d wait, and not %d", l.Metrics().Waiting, count)
		}
	}
}

// TestLockedLedgerKeepsNobodyLongerThanTheyWant: while another process holds the ledger, each caller goes when its own time is over.
func TestLockedLedgerKeepsNobodyLongerThanTheyWant(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{BusyTimeout: time.Minute})
	release := lock(t, path)
	var callers sync.WaitGroup
	for n := range 40 {
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(50+5*n)*time.Millisecond)
			defer cancel()
			if err := l.Record(ctx, storetest.Entry(n)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("caller %d got %v", n, err)
			}
		})
	}
	callers.Wait() // for a minute, if they stayed until the lock's time is over
	if m := l.Metrics(); m.Waiting != 0 || m.Writes != 0 {
		t.Errorf("metrics are %+v", m)
	}
	release()
	if err := l.Record(context.Background(), storetest.Entry(100)); err != nil {
		t.Error(err)
	}
}

// TestLockedLedgerFailsAllAtOnce: where no transaction can be begun, none is begun for each one of the group.
func TestLockedLedgerFailsAllAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.db")
	const busy, count = 500 * time.Millisecond, 60
	l := openLedger(t, path, store.Options{BusyTimeout: busy})
	release := lock(t, path)
	var callers sync.WaitGroup
	start := time.Now()
	for n := range count {
		callers.Go(func() {
			if err := l.Record(context.Background(), storetest.Entry(n)); !errors.Is(err, store.ErrLocked) {
				t.Errorf("caller %d got %v", n, err)
			}
		})
	}
	callers.Wait()
	if took := time.Since(start); took > count*busy/2 {
		t.Errorf("it took %v", took)
	}
	release()
	if err := l.Record(context.Background(), storetest.Entry(1)); err != nil {
		t.Error(err)
	}
}

// TestWorkOfThoseWhoAreGoneIsNotDoneAgain: one of a group fails, and another's caller goes before it is done anew.
func TestWorkOfThoseWhoAreGoneIsNotDoneAgain(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	release := lock(t, path)
	hurried, leave := context.WithCancel(ctx)
	defer leave()
	reason := errors.New("no")
	var callers sync.WaitGroup
	for n, call := range []func() error{
		func() error {
			if err := l.Record(hurried, storetest.Entry(1)); !errors.Is(err, context.Canceled) {
				t.Errorf("the hurried one got %v", err)
			}
			return nil
		},
		func() error {
			if err := l.Fail(ctx, reason, leave); !errors.Is(err, reason) {
				t.Errorf("the failing one got %v", err)
			}
			return nil
		},
		func() error { return l.Record(ctx, storetest.Entry(3)) },
	} {
		callers.Go(func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, l, int64(n+1))
	}
	release()
	callers.Wait()
	for n, want := range map[int]bool{1: false, 3: true} {
		if _, found, err := l.Decision(ctx, storetest.Production, storetest.Entry(n).Decision.ID); found != want || err != nil {
			t.Errorf("decision %d is found: %v, %v", n, found, err)
		}
	}
	if m := l.Metrics(); m.Redone != 1 {
		t.Errorf("metrics are %+v", m)
	}
}

// TestSearchesHoldNobodyUp: while searches take all that they have, everything that a payment needs goes on.
func TestSearchesHoldNobodyUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	l := openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{})
	e := storetest.Entry(1)
	e.Client, e.IdempotencyKey, e.Digest = "shop", "key", "digest"
	release, err := l.OccupySearchers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Record(ctx, e)
	_, _, keyed, err2 := l.Idempotent(ctx, e.Environment, "shop", "key")
	found, err3 := l.Amend(ctx, e.Environment, e.Decision.ID, func(e *decision.Entry) error { e.Assignee = "ann"; return nil })
	_, _, err4 := l.ClientByID(ctx, e.Environment, "shop")
	_, err5 := l.DueDeliveries(ctx, time.Now(), 10)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil || !keyed || !found {
		t.Errorf("keyed %v, found %v, %v", keyed, found, err)
	}
	hurried, leave := context.WithTimeout(ctx, 20*time.Millisecond)
	defer leave()
	if _, err := l.Search(hurried, decision.Query{Environment: e.Environment}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a search without room gave %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if page, err := l.Search(ctx, decision.Query{Environment: e.Environment}); err != nil || len(page.Entries) != 1 {
		t.Errorf("a search with room gave %+v, %v", page, err)
	}
}

// TestClockThatWasAheadEndsNoKey: one decision of the day after tomorrow ends the life of none of today's keys.
func TestClockThatWasAheadEndsNoKey(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	now := storetest.Entry(0).Decision.EvaluatedAt
	record := func(n int, key string, at time.Time) error {
		e := storetest.Entry(n)
		e.Client, e.IdempotencyKey, e.Digest, e.Decision.EvaluatedAt = "shop", key, "digest", at
		return l.Record(ctx, e)
	}
	stands := func(when, key string, want int) {
		t.Helper()
		id, _, found, err := l.Idempotent(ctx, storetest.Production, "shop", key)
		if err != nil || found != (want != 0) || found && id != storetest.Entry(want).Decision.ID {
			t.Errorf("%s the key %s stands: %s, %v, %v", when, key, id, found, err)
		}
	}
	if err := errors.Join(record(1, "order-1", now), record(2, "ahead", now.Add(48*time.Hour)), record(3, "order-3", now.Add(time.Second))); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at once", "after retention", "after a start"} {
		stands(when, "order-1", 1)
		stands(when, "order-3", 3)
		stands(when, "ahead", 2)
		if err := record(4, "order-1", now.Add(2*time.Second)); !errors.Is(err, decision.ErrIdempotency) {
			t.Errorf("%s the key again gave %v", when, err)
		}
		if _, _, err := l.Forget(ctx, now.Add(-time.Hour), now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		if when == "after retention" {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = openLedger(t, path, store.Options{})
		}
	}
	if err := record(5, "order-5", now.Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	stands("a day later", "order-1", 0)
	stands("a day later", "ahead", 2)
	if err := record(6, "order-1", now.Add(25*time.Hour)); err != nil {
		t.Error(err)
	}
	stands("a day later", "order-1", 6)
}

// TestDeliveriesAreReadByIndex fails when reading what is due looks through all deliveries.
func TestDeliveriesAreReadByIndex(t *testing.T) {
	plan, err := openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{}).DuePlan(context.Background())
	if err != nil || strings.Count(plan, "INDEX deliveries_waiting") != 3 || strings.Contains(plan, "SCAN deliveries") {
		t.Errorf("%s, %v", plan, err)
	}
}
