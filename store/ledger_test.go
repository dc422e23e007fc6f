package store_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/store"
	"wayguard/store/storetest"
)

func openLedger(t *testing.T, path string, opts store.Options) *store.Ledger {
	t.Helper()
	l, err := store.OpenLedger(context.Background(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // may be closed already
	return l
}

func TestLedger(t *testing.T) {
	storetest.RunLedger(t, func(t *testing.T) (storetest.Ledger, func() storetest.Ledger) {
		path := filepath.Join(t.TempDir(), "decisions.db")
		l := openLedger(t, path, store.Options{})
		return l, func() storetest.Ledger {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return openLedger(t, path, store.Options{})
		}
	})
}

func TestClosedLedger(t *testing.T) {
	ctx, l := context.Background(), openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{})
	var group sync.WaitGroup
	kept := make([]bool, 40)
	for n := range kept {
		group.Go(func() {
			err := l.Record(ctx, storetest.Entry(n))
			if kept[n] = err == nil; err != nil && !errors.Is(err, store.ErrClosed) {
				t.Errorf("while closing: %v", err)
			}
		})
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if err := l.Record(ctx, storetest.Entry(99)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a closed ledger gave %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("closing twice gave %v", err)
	}
}

// TestWritesShareCommits lets several wait behind a lock: one commit keeps them all.
func TestWritesShareCommits(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	before := l.Metrics()
	release := lock(t, path)
	const together = 25
	var group sync.WaitGroup
	callers := int64(0)
	for end := time.Now().Add(4 * time.Second); l.Metrics().Waiting < together; callers++ {
		n := int(callers)
		group.Go(func() {
			if err := l.Record(ctx, storetest.Entry(n)); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Millisecond)
		if time.Now().After(end) {
			t.Fatal("they do not wait together")
		}
	}
	release()
	group.Wait()
	m := l.Metrics()
	// One commit for those that were begun, one for those that waited, and some for whoever was slow to come.
	if writes, commits := m.Writes-before.Writes, m.Commits-before.Commits; writes != callers || commits > callers/5 || m.Largest < together || m.Waiting != 0 {
		t.Errorf("%d writes of %d in %d commits: %+v", writes, callers, commits, m)
	}
}

func TestLockedLedgerIsSaidClearlyAndRecovers(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{BusyTimeout: 30 * time.Millisecond})
	release := lock(t, path)
	if err := l.Record(ctx, storetest.Entry(1)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a locked ledger gave %v", err)
	}
	hurried, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	if err := l.Record(hurried, storetest.Entry(2)); err == nil {
		t.Error("a decision was kept in a locked ledger")
	}
	if _, found, err := l.Decision(ctx, storetest.Production, storetest.Entry(1).Decision.ID); found || err != nil {
		t.Errorf("reading while it is locked: %v, %v", found, err)
	}
	release()
	if err := l.Record(ctx, storetest.Entry(1)); err != nil {
		t.Errorf("after the lock was released: %v", err)
	}
}

// TestHurriedCallersTakeTheirWorkBack: what was not begun when the caller went is not done.
func TestHurriedCallersTakeTheirWorkBack(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	release := lock(t, path)
	var group sync.WaitGroup
	group.Go(func() {
		if err := l.Record(ctx, storetest.Entry(0)); err != nil {
			t.Error(err)
		}
	})
	hurried, cancel := context.WithCancel(ctx)
	// The first of these may be begun with the one that the lock holds up, and are kept then.
	for n, end := 1, time.Now().Add(4*time.Second); l.Metrics().Waiting < 5; n++ {
		group.Go(func() {
			err := l.Record(hurried, storetest.Entry(n))
			_, found, err2 := l.Decision(ctx, storetest.Production, storetest.Entry(n).Decision.ID)
			if err2 != nil || found != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("it gave %v, and the decision was found: %v, %v", err, found, err2)
			}
		})
		time.Sleep(time.Millisecond)
		if time.Now().After(end) {
			t.Fatal("they do not wait")
		}
	}
	cancel()
	// The one that nobody hurries may be among those that wait.
	for end := time.Now().Add(4 * time.Second); l.Metrics().Waiting > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("they wait for ever")
		}
	}
	release()
	group.Wait()
}

func TestPanicOfOneIsNotTheOthers(t *testing.T) {
	ctx, l := context.Background(), openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{})
	if err := l.Panic(ctx, "a secret"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("it gave %v", err)
	}
	if err := l.Record(ctx, storetest.Entry(1)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestLogIsFoldedIn waits until what was recorded stands in the file itself, without anything being closed.
func TestLogIsFoldedIn(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	if err := l.Record(ctx, storetest.Entry(1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Sync(); err != nil {
		t.Error(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		// Another process reads: this one would lose its locks on the file when it closes it.
		text, err := exec.Command("cat", path).Output()
		if err != nil || time.Now().After(end) {
			t.Fatal("it never stands in the file", err)
		}
		if bytes.Contains(text, []byte(storetest.Entry(1).Decision.ID)) {
			break
		}
	}
	if m := l.Metrics(); m.SyncFailures != 0 {
		t.Errorf("metrics are %+v", m)
	}
}

func TestFullDiskKeepsTheLedgerWhole(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{})
	if err := l.CapPages(ctx, 120); err != nil {
		t.Fatal(err)
	}
	var kept int
	var err error
	for n := 0; err == nil && n < 1000; n++ {
		if err = l.Record(ctx, storetest.Entry(n)); err == nil {
			kept++
		}
	}
	if !errors.Is(err, store.ErrFull) || kept == 0 {
		t.Fatalf("a full disk gave %v after %d", err, kept)
	}
	if err := l.CapPages(ctx, 4000); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(ctx, storetest.Entry(kept)); err != nil {
		t.Errorf("with space again: %v", err)
	}
	walked := 0
	err = l.Each(ctx, storetest.Production, storetest.Entry(0).Decision.EvaluatedAt, storetest.Entry(5000).Decision.EvaluatedAt,
		func(*decision.Entry) error { walked++; return nil })
	if err != nil || walked != kept+1 {
		t.Errorf("%d decisions are there, %v; want %d", walked, err, kept+1)
	}
}

func TestOpenLedgerRefuses(t *testing.T) {
	ctx := context.Background()
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenLedger(ctx, garbage, store.Options{}); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "decisions ledger") {
		t.Errorf("a file of prose gave %v", err)
	}
}

// TestErasedIsOverwritten looks for a customer's data in the bytes of the file.
func TestErasedIsOverwritten(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	for n := range 50 {
		e := storetest.Entry(n)
		e.Decision.CustomerID = "joe"
		if n%2 == 0 {
			e.Decision.CustomerID = "jane-whose-name-is-odd"
			e.Tree["big"] = strings.Repeat("jane-whose-name-is-odd ", 1000)
		}
		if err := l.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Erase(ctx, storetest.Production, "jane-whose-name-is-odd"); n != 25 || err != nil {
		t.Fatal(n, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte("jane-whose-name-is-odd")) {
			t.Errorf("%s holds what was erased, %v", filepath.Base(file), err)
		}
	}
}

// TestQuestionsUseIndexes fails when a search looks through a table for what has an index.
func TestQuestionsUseIndexes(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{})
	from := time.Unix(1, 0)
	for index, q := range map[string]decision.Query{
		"decisions_by_time": {From: from, After: "x"}, "decisions_by_customer": {CustomerID: "c", From: from}, "decisions_by_reference": {Reference: "o", After: "x"},
		"decisions_by_fingerprint": {Fingerprint: "p", From: from}, "decisions_by_ip": {DeviceIP: "i"}, "decisions_by_device": {DeviceFingerprint: "d"},
		"decisions_by_session": {Sessions: []string{"s"}, Outcome: payment.Block}, "decisions_by_email": {Email: "e", After: "x"}, "decisions_undecided": {Open: true, Context: "c", After: "x"},
		"decisions_by_outcome": {Outcome: payment.Block, Context: "c", From: from}, "decisions_by_context": {Context: "c", Outcome: payment.Allow, After: "x"}, "decision_rules_by_rule": {RuleID: "r", After: "x"},
	} {
		q.Environment = storetest.Production
		plan, err := l.Plan(ctx, q)
		if err != nil || !strings.Contains(plan, "INDEX "+index) || strings.Contains(plan, "SCAN") ||
			strings.Contains(strings.ReplaceAll(plan, "FOR LAST TERM OF ORDER BY", ""), "FOR ORDER BY") {
			t.Errorf("%s: %s, %v", index, plan, err)
		}
	}
}

// TestListQuestionsUseIndexes does so for entries of lists.
func TestListQuestionsUseIndexes(t *testing.T) {
	l := openLedger(t, filepath.Join(t.TempDir(), "decisions.db"), store.Options{})
	for index, q := range map[string]decision.ValueQuery{
		"list_values_by_list": {After: "x"}, "list_values_by_path": {FieldPath: "p", After: "x"}, "list_values_by_value": {Value: "v"},
		"sqlite_autoindex_list_values_2": {FieldPath: "p", Value: "v"},
	} {
		q.List, q.Limit = decision.Blacklist, 20
		plan, err := l.ValuePlan(context.Background(), storetest.Production, q)
		if err != nil || !strings.Contains(plan, "INDEX "+index) || strings.Contains(plan, "SCAN") || strings.Contains(plan, "FOR ORDER BY") {
			t.Errorf("%s: %s, %v", index, plan, err)
		}
	}
}

// TestOlderLedgerLearnsToSearch opens a ledger from before e-mail addresses had a column.
func TestOlderLedgerLearnsToSearch(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "decisions.db")
	l := openLedger(t, path, store.Options{})
	known, unknown := storetest.Entry(1), storetest.Entry(2)
	known.Values["$.customer.email"] = "ada@example.org"
	err := errors.Join(l.Record(ctx, known), l.Record(ctx, unknown), l.Close())
	older, err2 := sql.Open("sqlite", path)
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	_, err = older.ExecContext(ctx, `DROP INDEX list_values_by_value; DROP INDEX list_values_by_path; DROP INDEX decisions_by_email;
		DROP INDEX decisions_by_outcome; DROP INDEX decisions_by_context; DROP INDEX deliveries_waiting;
		ALTER TABLE decisions DROP COLUMN email; DELETE FROM goose_db_version WHERE version_id >= 4`)
	if err = errors.Join(err, older.Close()); err != nil {
		t.Fatal(err)
	}
	l = openLedger(t, path, store.Options{})
	page, err := l.Search(ctx, decision.Query{Environment: storetest.Production, Email: "ada@example.org"})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Decision.ID != known.Decision.ID {
		t.Errorf("found are %+v, %v", page.Entries, err)
	}
}

// FuzzPlaceOfAPage: where a page begins comes from outside.
func FuzzPlaceOfAPage(f *testing.F) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)
	f.Add(string(event.DeriveID(at, "x")), at.UnixMilli())
	f.Add("", int64(0))
	f.Add("not-an-id-at-all", int64(-1))
	f.Add("zzzzzzzz-zzzz-7000", int64(1<<40))
	f.Fuzz(func(t *testing.T, text string, millis int64) {
		if got := store.AtOf(event.ID(text)); got < 0 || got >= 1<<48*1000 {
			t.Errorf("the time of an id is %d", got)
		}
		millis &= 1<<48 - 1
		if got := store.AtOf(event.DeriveID(time.UnixMilli(millis), text)); got != millis*1000 {
			t.Errorf("the time of an id of %d is %d", millis, got)
		}
	})
}

// The child of TestKilledLedger records until it is killed and says what was kept.
func TestLedgerChild(t *testing.T) {
	path := os.Getenv("WAYGUARD_LEDGER_CHILD")
	if path == "" {
		return // it is only run by its parent
	}
	l, err := store.OpenLedger(context.Background(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	for c := range 8 {
		go func() {
			for n := c; ; n += 8 {
				e := storetest.Entry(n)
				e.Client, e.IdempotencyKey, e.Messages = "shop", fmt.Sprint("key ", n), []event.Delivery{storetest.Message(n)}
				if err := l.Record(context.Background(), e); err != nil {
					panic(err)
				}
				mu.Lock()
				fmt.Println("kept", n)
				mu.Unlock()
			}
		}()
	}
	select {} // until it is killed
}

// TestKilledLedger kills a process in the midst of recording, with nothing closed: all that was answered is there.
func TestKilledLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.db")
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestLedgerChild$", "-test.v")
		child.Env = append(os.Environ(), "WAYGUARD_LEDGER_CHILD="+fmt.Sprint(path, round))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var kept []int
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var n int
			if _, err := fmt.Sscanf(lines.Text(), "kept %d", &n); err != nil {
				continue
			}
			if kept = append(kept, n); len(kept) == 300*(round+1) {
				if err := child.Process.Kill(); err != nil { // SIGKILL; what it wrote before is still to be read
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); err == nil || len(kept) < 300 {
			t.Fatalf("the child ended by itself after %d", len(kept))
		}
		checkKept(t, fmt.Sprint(path, round), kept)
	}
}

func checkKept(t *testing.T, path string, kept []int) {
	t.Helper()
	ctx, l := context.Background(), openLedger(t, path, store.Options{})
	for _, n := range kept {
		e := storetest.Entry(n)
		got, found, err := l.Decision(ctx, storetest.Production, e.Decision.ID)
		_, _, keyed, err2 := l.Idempotent(ctx, storetest.Production, "shop", fmt.Sprint("key ", n))
		if err := errors.Join(err, err2); err != nil || !found || !keyed || got.Decision.Amount != e.Decision.Amount {
			t.Fatalf("decision %d: found %v, its key %v, %v", n, found, keyed, err)
		}
	}
	counts, err := l.DeliveryCounts(ctx, storetest.Production)
	decisions := int64(0)
	err2 := l.Each(ctx, storetest.Production, storetest.Entry(0).Decision.EvaluatedAt, storetest.Entry(1<<30).Decision.EvaluatedAt,
		func(*decision.Entry) error { decisions++; return nil })
	if err := errors.Join(err, err2); err != nil || counts.Pending != decisions || decisions < int64(len(kept)) {
		t.Errorf("%d decisions with %d messages, %v; %d were answered", decisions, counts.Pending, err, len(kept))
	}
}
