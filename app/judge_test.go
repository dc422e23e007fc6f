package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"wayguard/config"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/state"
	"wayguard/stream"
)

func planOf(t *testing.T) *plan {
	t.Helper()
	keys, err := trialKeys()
	if err != nil {
		t.Fatal(err)
	}
	p, problems := compileForTrial(config.Default(), keys)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

func attempt(n int) event.Event {
	at := time.Date(2026, 11, 1, 12, 0, n, 0, time.UTC)
	address := fmt.Sprintf("203.0.113.%d", n%7)
	return event.Event{ID: event.DeriveID(at, fmt.Sprint(n)), Environment: "production", Time: at, Name: "Login", Type: event.AuthenticationAttempt,
		Result: event.Failure, Spec: "login", Evidence: event.Evidence{Address: address, HeaderShape: "shape", UserAgent: "agent"},
		Elements: []event.Element{
			{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: address},
			{Name: "username", Kind: event.Entity, Type: "string", Value: fmt.Sprint("user", n%40)},
		}}
}

// However many workers observe at once, the log's order is the order of the verdicts: judging the log again gives the
// same bytes.
func TestConcurrentJudgementReplays(t *testing.T) {
	ctx, p, log := context.Background(), planOf(t), stream.NewMemory(1000)
	live := newJudge(p)
	live.open(state.NewMemory(0), log, 0)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 50 {
				if err := live.Observe(ctx, attempt(w*50+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	entries, err := log.Read(ctx, 0, 1000)
	if err != nil || len(entries) != 400 {
		t.Fatalf("%d records logged, %v", len(entries), err)
	}
	again := newJudge(p)
	again.open(state.NewMemory(0), nil, 0)
	labels := 0
	for _, e := range entries {
		step, err := again.commit(ctx, &e.Record.Event)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := text(t, step.Record), text(t, e.Record); got != want {
			t.Fatalf("record %d is judged otherwise:\n%s\n%s", e.Position, got, want)
		}
		labels += len(e.Record.Verdict.Labels)
	}
	if labels == 0 {
		t.Error("no label was placed; the test shows nothing")
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fullLog refuses every record.
type fullLog struct{}

func (fullLog) Enqueue(event.Record) (stream.Position, error) { return 0, stream.ErrFull }

// An event that the log cannot take leaves no trace in the state.
func TestShedEventLeavesNoTrace(t *testing.T) {
	ctx, p, memory := context.Background(), planOf(t), state.NewMemory(0)
	j := newJudge(p)
	j.open(memory, stream.NewMemory(1000), 0)
	for i := range 5 {
		if err := j.Observe(ctx, attempt(i)); err != nil {
			t.Fatal(err)
		}
	}
	e := attempt(5)
	keys := new(engine.Desk).Lay(&e)
	before := values(t, memory, keys)
	j.log = fullLog{}
	if err := j.Observe(ctx, attempt(5)); !errors.Is(err, stream.ErrFull) {
		t.Fatalf("a full log gave %v", err)
	}
	if after := values(t, memory, keys); after != before {
		t.Errorf("state before\n%s\nafter\n%s", before, after)
	}
	if j.shed.Load() != 1 {
		t.Errorf("%d events counted as shed", j.shed.Load())
	}
}

func values(t *testing.T, m *state.Memory, keys []string) string {
	t.Helper()
	entries, err := m.Load(context.Background(), keys)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, e := range entries[:len(keys)] {
		out += fmt.Sprintf("%q %x %q\n", e.Key, e.Value, e.Ref)
	}
	return out
}

func TestNothingIsJudgedBeforeTheStateIsBack(t *testing.T) {
	j := newJudge(planOf(t))
	if _, err := j.Consider(context.Background(), attempt(1)); !errors.Is(err, errRestoring) {
		t.Errorf("an inline question got %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Observe(ended, attempt(1)); !errors.Is(err, errRestoring) {
		t.Errorf("an event got %v", err)
	}
	if j.shed.Load() != 1 {
		t.Errorf("%d events counted as shed", j.shed.Load())
	}
}

// A consumer that fails is asked again where it stands, and gets every record once.
func TestFollowerTriesAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := stream.NewMemory(1000)
	for i := range 10 {
		if _, err := log.Append(ctx, event.Record{Event: attempt(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var taken []stream.Position
	failures := 3
	f := &follower{name: "test", log: log, logger: slog.New(slog.DiscardHandler),
		start: func(context.Context) (stream.Position, error) { return stream.Position(len(taken)), nil },
		take: func(_ context.Context, entries []stream.Entry) error {
			if failures--; failures >= 0 {
				return errors.New("not now")
			}
			for _, e := range entries {
				taken = append(taken, e.Position)
			}
			if len(taken) == 10 {
				cancel()
			}
			return nil
		}}
	f.run(ctx)
	if fmt.Sprint(taken) != "[1 2 3 4 5 6 7 8 9 10]" || f.at() != 10 || f.trouble() != "" {
		t.Errorf("taken %v, at %d, trouble %q", taken, f.at(), f.trouble())
	}
}
