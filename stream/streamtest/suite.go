package streamtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/stream"
)

// Opened is an empty log. Reopen closes it and opens the same one again; nil for a log that outlives nothing.
type Opened struct {
	Log    stream.Log
	Reopen func() stream.Log
}

// patience is how long the suite waits for what must happen.
const patience = 30 * time.Second

// Run runs the suite on logs that open makes.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	t.Helper()
	for name, part := range map[string]func(t *testing.T, log stream.Log){
		"append and read": appendAndRead, "positions rise in call order": callOrder, "read in pieces": pieces,
		"enqueue becomes durable": enqueue, "wait": wait, "wait ends": waitEnds, "many writers": manyWriters,
		"readers beside the writer": readersBeside, "trim": trim, "closed": closed, "ended context": endedContext,
	} {
		t.Run(name, func(t *testing.T) { part(t, open(t).Log) })
	}
	if opened := open(t); opened.Reopen != nil {
		t.Run("reopen", func(t *testing.T) { reopen(t, opened) })
	}
}

// Record makes the n-th record of a plausible stream; equal numbers make equal records. It takes about 900 bytes, which
// some tests of a log count with.
func Record(n int) event.Record {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * 1001 * time.Microsecond)
	id := event.DeriveID(at, "record", fmt.Sprint(n))
	return event.Record{
		Event: event.Event{ID: id, Environment: "production", Time: at, Name: "Login through Form",
			Type: event.AuthenticationAttempt, Result: event.Failure, Spec: "login-form",
			HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/login", Status: 200, Duration: time.Millisecond},
			Elements: []event.Element{{Name: "username", Kind: event.Entity, Type: "text", Value: fmt.Sprintf("user%d é<>\x00", n)},
				{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: "192.0.2.7",
					Parts: event.PartsOf(map[string]string{"prefix": "192.0.2.0/24"})}}},
		Session: event.Session{ID: event.DeriveID(at, "session", fmt.Sprint(n/5)), Number: int64(n), Opened: at,
			Join: event.Join{By: "token", Detail: "cookie:sid"}},
		Verdict: event.Verdict{Rating: event.Suspicious, Score: int64(n), Labels: []event.Label{{Name: "Login Velocity",
			Severity: event.SuspiciousLabel, Because: []event.Reason{{Expression: "count", Value: fmt.Sprint(n)}},
			Sentence: strings.Repeat("So many attempts in so little time. ", 17)}}},
	}
}

// Same fails the test unless the entry holds the n-th record.
func Same(t *testing.T, entry stream.Entry, n int) {
	t.Helper()
	got, err := json.Marshal(entry.Record)
	want, err2 := json.Marshal(Record(n))
	if err != nil || err2 != nil || string(got) != string(want) {
		t.Fatalf("position %d holds %s\nwant record %d: %s", entry.Position, got, n, want)
	}
}

// All reads everything durable beyond after, a few records at a time.
func All(t *testing.T, log stream.Reader, after stream.Position) []stream.Entry {
	t.Helper()
	var all []stream.Entry
	for {
		some, err := log.Read(context.Background(), after, 7)
		if err != nil {
			t.Fatalf("read after %d: %v", after, err)
		}
		if len(some) == 0 {
			return all
		}
		if len(some) > 7 {
			t.Fatalf("asked for 7 entries, got %d", len(some))
		}
		for _, entry := range some {
			if entry.Position <= after {
				t.Fatalf("position %d follows %d", entry.Position, after)
			}
			after = entry.Position
		}
		all = append(all, some...)
	}
}

// Fill appends records from to, but not including, to.
func Fill(t *testing.T, log stream.Appender, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if _, err := log.Append(deadline(t), Record(n)); err != nil {
			t.Fatalf("append record %d: %v", n, err)
		}
	}
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// holds fails the test unless the log holds exactly the records 0 to n-1 in order.
func holds(t *testing.T, log stream.Reader, n int) []stream.Entry {
	t.Helper()
	all := All(t, log, 0)
	if len(all) != n {
		t.Fatalf("the log holds %d records, want %d", len(all), n)
	}
	for i, entry := range all {
		Same(t, entry, i)
	}
	return all
}

func appendAndRead(t *testing.T, log stream.Log) {
	if entries, err := log.Read(deadline(t), 0, 10); err != nil || len(entries) != 0 || log.Durable() != 0 {
		t.Fatalf("an empty log gives %v, %v, durable %d", entries, err, log.Durable())
	}
	Fill(t, log, 0, 3)
	last, err := log.Append(deadline(t), Record(3), Record(4), Record(5))
	if err != nil {
		t.Fatal(err)
	}
	if all := holds(t, log, 6); all[5].Position != last || log.Durable() != last {
		t.Errorf("Append answered %d, the last is %d, durable %d", last, all[5].Position, log.Durable())
	}
	if none, err := log.Append(deadline(t)); err != nil || none != last {
		t.Errorf("appending nothing gave %d, %v", none, err)
	}
}

func callOrder(t *testing.T, log stream.Log) {
	var before stream.Position
	for n := range 200 {
		pos, err := log.Enqueue(Record(n))
		if err != nil || pos <= before {
			t.Fatalf("record %d got position %d after %d, %v", n, pos, before, err)
		}
		before = pos
	}
	if err := log.Wait(deadline(t), before-1); err != nil {
		t.Fatal(err)
	}
	holds(t, log, 200)
}

func pieces(t *testing.T, log stream.Log) {
	Fill(t, log, 0, 20)
	all := holds(t, log, 20)
	for i, entry := range all {
		rest := All(t, log, entry.Position)
		if len(rest) != 19-i {
			t.Fatalf("%d records follow number %d", len(rest), i)
		}
	}
	for _, max := range []int{0, -1} {
		if got, err := log.Read(deadline(t), 0, max); err != nil || len(got) != 0 {
			t.Errorf("Read of %d gave %d entries, %v", max, len(got), err)
		}
	}
	if got, err := log.Read(deadline(t), all[19].Position+100, 5); err != nil || len(got) != 0 {
		t.Errorf("Read beyond the end gave %d entries, %v", len(got), err)
	}
}

func enqueue(t *testing.T, log stream.Log) {
	pos, err := log.Enqueue(Record(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Wait(deadline(t), pos-1); err != nil {
		t.Fatal(err)
	}
	if log.Durable() < pos {
		t.Errorf("waited for %d, durable is %d", pos, log.Durable())
	}
	holds(t, log, 1)
}

func wait(t *testing.T, log stream.Log) {
	Fill(t, log, 0, 1)
	if err := log.Wait(deadline(t), 0); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 3)
	after := log.Durable()
	for range cap(done) {
		go func() { done <- log.Wait(deadline(t), after) }()
	}
	select {
	case err := <-done:
		t.Fatalf("Wait came back with nothing new: %v", err)
	case <-time.After(20 * time.Millisecond): // only makes the test stricter
	}
	Fill(t, log, 1, 2)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func waitEnds(t *testing.T, log stream.Log) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- log.Wait(ctx, 99) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("with its context ended Wait gave %v", err)
	}
	go func() { done <- log.Wait(deadline(t), 99) }()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, stream.ErrClosed) {
		t.Errorf("on a closed log Wait gave %v", err)
	}
}

func manyWriters(t *testing.T, log stream.Log) {
	const writers, each = 8, 25
	positions := make([][]stream.Position, writers)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				pos, err := log.Append(deadline(t), Record(w*each+i))
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				positions[w] = append(positions[w], pos)
			}
		})
	}
	group.Wait()
	at := map[stream.Position]stream.Entry{}
	for _, entry := range All(t, log, 0) {
		at[entry.Position] = entry
	}
	if len(at) != writers*each {
		t.Fatalf("%d records, want %d", len(at), writers*each)
	}
	for w, list := range positions {
		for i, pos := range list {
			Same(t, at[pos], w*each+i)
		}
	}
}

func readersBeside(t *testing.T, log stream.Log) {
	const records = 400
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			after, seen := stream.Position(0), 0
			for seen < records {
				if err := log.Wait(deadline(t), after); err != nil {
					t.Errorf("wait after %d: %v", after, err)
					return
				}
				entries, err := log.Read(deadline(t), after, 50)
				if err != nil || len(entries) == 0 {
					t.Errorf("after Wait, read after %d gave %d entries, %v", after, len(entries), err)
					return
				}
				for _, entry := range entries {
					if entry.Record.Session.Number != int64(seen) {
						t.Errorf("read record %d, want %d", entry.Record.Session.Number, seen)
						return
					}
					after, seen = entry.Position, seen+1
				}
			}
		})
	}
	for n := range records {
		if _, err := log.Enqueue(Record(n)); err != nil {
			t.Errorf("enqueue: %v", err)
		}
	}
	group.Wait()
}

func trim(t *testing.T, log stream.Log) {
	Fill(t, log, 0, 30)
	all := holds(t, log, 30)
	for _, i := range []int{0, 10, 5, 25} {
		if err := log.TrimBefore(all[i].Position); err != nil {
			t.Fatal(err)
		}
		for _, after := range []stream.Position{all[25].Position - 1, all[27].Position} {
			for _, entry := range All(t, log, after) {
				Same(t, entry, int(entry.Record.Session.Number))
			}
		}
	}
	rest := All(t, log, 0)
	if len(rest) < 5 {
		t.Fatalf("%d records are left, the last five were not trimmed", len(rest))
	}
	Same(t, rest[len(rest)-1], 29)
	Fill(t, log, 30, 31)
	if rest = All(t, log, all[29].Position); len(rest) != 1 {
		t.Errorf("after trimming an append gave %d records", len(rest))
	}
}

func closed(t *testing.T, log stream.Log) {
	Fill(t, log, 0, 2)
	for range 2 {
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err1 := log.Enqueue(Record(3))
	_, err2 := log.Append(deadline(t), Record(3))
	err3 := log.TrimBefore(1)
	for i, err := range []error{err1, err2, err3} {
		if !errors.Is(err, stream.ErrClosed) {
			t.Errorf("call %d on a closed log gave %v", i+1, err)
		}
	}
}

func endedContext(t *testing.T, log stream.Log) {
	Fill(t, log, 0, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := log.Append(ctx, Record(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Append gave %v", err)
	}
	if _, err := log.Read(ctx, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Read gave %v", err)
	}
	holds(t, log, 1)
}

func reopen(t *testing.T, opened Opened) {
	log := opened.Log
	var last stream.Position
	for round := range 4 {
		Fill(t, log, round*10, round*10+5)
		for n := round*10 + 5; n < round*10+10; n++ { // Close makes these durable
			if _, err := log.Enqueue(Record(n)); err != nil {
				t.Fatal(err)
			}
		}
		log = opened.Reopen()
		all := holds(t, log, round*10+10)
		if now := all[len(all)-1].Position; now <= last || log.Durable() != now {
			t.Errorf("the last position went from %d to %d, durable %d", last, now, log.Durable())
		} else {
			last = now
		}
	}
	if err := log.TrimBefore(last + 1); err != nil {
		t.Fatal(err)
	}
	log = opened.Reopen()
	if pos, err := log.Append(deadline(t), Record(40)); err != nil || pos <= last {
		t.Errorf("after all was trimmed the next position is %d, %v; it was %d", pos, err, last)
	}
}
