package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"wayguard/engine"
	"wayguard/event"
	"wayguard/replay"
	"wayguard/state"
	"wayguard/stream"
)

const (
	// replayAhead is how many batches each step of a replay may be ahead of the next.
	replayAhead = 2
	// replayForget is how many events pass between two times at which what has expired is forgotten.
	replayForget = 1 << 16
	// replayTail is how far beyond the end of the time compared the log is read: events that waited in a queue come late.
	replayTail = time.Hour
)

// stretch is some records of the log on their way through a replay.
type stretch struct {
	entries []stream.Entry
	by      [2][]replay.Sighting
	judged  [2]chan struct{}
}

// lane judges the events under one set of rules, from an empty state.
type lane struct {
	plan   *plan
	memory *state.Memory
	turn   *state.Turn
	seen   int
	latest time.Time
	// differ counts the verdicts that were recorded otherwise.
	differ int64
}

// run replays the log under both plans side by side and compares what comes out. The log is read, each set judges, and the
// outcome is gathered at the same time, in the order of the log.
func run(ctx context.Context, world World, log *glance, plans [2]*plan, settings replay.Settings) (replay.Report, time.Duration, error) {
	started := world.Now()
	comparison := replay.New(settings)
	var lanes [2]*lane
	var ways [2]chan *stretch
	group, ctx := errgroup.WithContext(ctx)
	for side, p := range plans {
		lanes[side] = &lane{plan: p, memory: state.NewMemory(p.config.Limits.StateEntries), turn: state.NewTurn()}
		ways[side] = make(chan *stretch, replayAhead)
		group.Go(func() error { return lanes[side].run(ctx, side, ways[side]) })
	}
	judged := make(chan *stretch, replayAhead)
	group.Go(func() error { return deal(ctx, log, settings.To, ways, judged) })
	group.Go(func() error { return gather(ctx, comparison, judged) })
	if err := group.Wait(); err != nil {
		return replay.Report{}, 0, err
	}
	report := comparison.Report()
	report.Active, report.Candidate, report.Differ = plans[0].engine.Rules(), plans[1].engine.Rules(), lanes[0].differ
	return report, world.Now().Sub(started), nil
}

// deal reads the log and hands it to both lanes and to whoever gathers.
func deal(ctx context.Context, log *glance, until time.Time, ways [2]chan *stretch, judged chan<- *stretch) error {
	defer func() {
		for _, way := range ways {
			close(way)
		}
		close(judged)
	}()
	for position := stream.Position(0); ; {
		entries, err := log.next(ctx, position, followBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		if !until.IsZero() && entries[0].Record.Event.Time.After(until.Add(replayTail)) {
			return nil
		}
		position = entries[len(entries)-1].Position
		s := &stretch{entries: entries}
		for side := range s.judged {
			s.judged[side] = make(chan struct{})
		}
		for _, to := range []chan<- *stretch{ways[0], ways[1], judged} {
			select {
			case to <- s:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// run judges what comes its way.
func (l *lane) run(ctx context.Context, side int, way <-chan *stretch) error {
	for s := range way {
		sightings := make([]replay.Sighting, len(s.entries))
		for i := range s.entries {
			if err := l.judge(ctx, &s.entries[i], side == 0, &sightings[i]); err != nil {
				return err
			}
		}
		s.by[side] = sightings
		close(s.judged[side])
	}
	return nil
}

func (l *lane) judge(ctx context.Context, entry *stream.Entry, recorded bool, into *replay.Sighting) error {
	step, err := l.turn.Observe(ctx, l.memory, l.plan.engine, &entry.Record.Event)
	if errors.Is(err, engine.ErrUntold) {
		// Under other settings the session may have ended before the decision that was told into it: nothing is said anew about that.
		*into = replay.SightingOf(&entry.Record)
		return nil
	}
	if err != nil {
		return fmt.Errorf("record %d: %w", entry.Position, err)
	}
	*into = replay.SightingOf(&step.Record)
	if recorded && !sameFindings(&step.Record, &entry.Record) {
		l.differ++
	}
	if at := entry.Record.Event.Time; at.After(l.latest) {
		l.latest = at
	}
	if l.seen++; l.seen%replayForget == 0 {
		l.memory.Expire(l.latest.Add(-expireMargin))
	}
	return nil
}

// sameFindings says whether two verdicts on one event come to the same: session, device, rating, score, labels and actions.
func sameFindings(a, b *event.Record) bool {
	v, w := &a.Verdict, &b.Verdict
	if a.Session.ID != b.Session.ID || a.Session.Journey != b.Session.Journey || v.Rating != w.Rating || v.Score != w.Score ||
		len(v.Labels) != len(w.Labels) || len(v.Actions) != len(w.Actions) {
		return false
	}
	for i := range v.Labels {
		if v.Labels[i].Rule != w.Labels[i].Rule || v.Labels[i].Name != w.Labels[i].Name || v.Labels[i].Shadow != w.Labels[i].Shadow {
			return false
		}
	}
	for i := range v.Actions {
		if v.Actions[i].Name != w.Actions[i].Name {
			return false
		}
	}
	return true
}

// gather compares what both lanes have judged, in the order of the log.
func gather(ctx context.Context, comparison *replay.Comparison, judged <-chan *stretch) error {
	for s := range judged {
		for side := range s.judged {
			select {
			case <-s.judged[side]:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		for i := range s.entries {
			entry := &s.entries[i]
			comparison.Note(uint64(entry.Position), &entry.Record.Event, [2]*replay.Sighting{&s.by[0][i], &s.by[1][i]})
		}
	}
	return nil
}
