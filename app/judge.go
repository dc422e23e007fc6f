package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"wayguard/engine"
	"wayguard/event"
	"wayguard/journey"
	"wayguard/mitigation"
	"wayguard/state"
	"wayguard/stream"
)

// errRestoring means that the state is not back yet; visitors are let through and their events wait or are shed.
var errRestoring = errors.New("the state is being restored")

// recordLog is the part of the stream that the judge writes to.
type recordLog interface {
	Enqueue(record event.Record) (stream.Position, error)
}

// judge stands between the data path and the engine. One lock is held around load, judgement, log and commit, so that
// the log's order is the order in which verdicts were given: only then does a replay give the same ones.
type judge struct {
	plan atomic.Pointer[plan]
	// turns are for questions beside the lock.
	turns sync.Pool
	// waiting is closed once the state is back.
	waiting chan struct{}

	// mu guards what follows; state and log do not change once waiting is closed.
	mu       sync.Mutex
	restored bool
	state    state.Store
	log      recordLog
	// turn is the working space of whoever holds the lock.
	turn *state.Turn
	// position is the last record's in the log.
	position stream.Position

	// journeys is told of every record, nil where nobody asks for them.
	journeys atomic.Pointer[journey.Index]

	judged, shed, failed atomic.Uint64
	// unnoted counts records that mitigation failed to note.
	unnoted atomic.Uint64
}

func newJudge(p *plan) *judge {
	j := &judge{waiting: make(chan struct{}), turn: state.NewTurn()}
	j.turns.New = func() any { return state.NewTurn() }
	j.plan.Store(p)
	return j
}

// open lets events in, once the state is back and stands at a position of the log.
func (j *judge) open(store state.Store, log recordLog, position stream.Position) {
	j.mu.Lock()
	j.state, j.log, j.position, j.restored = store, log, position, true
	j.mu.Unlock()
	close(j.waiting)
}

// opened says whether the state is back.
func (j *judge) opened() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.restored
}

// Consider implements proxy.Observer: it judges a held request and changes nothing. It does so beside the lock, because a
// held visitor must not wait for other visitors' events: what it loads is of one moment, and is never written to. That
// moment may lie before an event which is being judged, or between one's commit and its undoing; neither is recorded.
func (j *judge) Consider(ctx context.Context, e event.Event) (mitigation.Judgement, error) {
	judgement, _, err := j.weigh(ctx, &e, false)
	return judgement, err
}

// weigh is Consider, with the labels that the event's entities carry where they are asked for.
func (j *judge) weigh(ctx context.Context, e *event.Event, marked bool) (mitigation.Judgement, []event.EntityLabel, error) {
	select {
	case <-j.waiting: // from here on the state stays the one that was opened
	default:
		return mitigation.Judgement{}, nil, errRestoring
	}
	// Nobody waits any more for an answer that comes too late; working it out would only make the next one late too.
	if err := ctx.Err(); err != nil {
		return mitigation.Judgement{}, nil, err
	}
	turn, _ := j.turns.Get().(*state.Turn)
	defer j.turns.Put(turn)
	step, err := turn.Consider(ctx, j.state, j.plan.Load().engine, e)
	if err != nil {
		j.fail(err)
		return mitigation.Judgement{}, nil, err
	}
	var marks []event.EntityLabel
	if marked {
		marks = turn.Marks(nil)
		for i := range marks {
			m := &marks[i]
			m.Element, m.Value, m.Label, m.Rule = strings.Clone(m.Element), strings.Clone(m.Value), strings.Clone(m.Label), strings.Clone(m.Rule)
		}
	}
	return mitigation.Judgement{Session: cloneSession(&step.Record.Session), Verdict: cloneVerdict(&step.Record.Verdict)}, marks, nil
}

// Observe implements proxy.Observer: it judges a finished event, logs it and commits the state. Nothing of the event is kept.
func (j *judge) Observe(ctx context.Context, e event.Event) error {
	if !j.ready(ctx) {
		j.shed.Add(1)
		return errRestoring
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	step, err := j.commit(ctx, &e)
	if err != nil {
		j.fail(err)
		return err
	}
	position, err := j.log.Enqueue(step.Record)
	if err != nil {
		// An event that the log cannot take must leave no trace in the state, or a replay of the log would see
		// another state than the verdicts were given in.
		j.shed.Add(1)
		return errors.Join(fmt.Errorf("event not logged: %w", err), j.turn.Undo(ctx, j.state))
	}
	j.judged.Add(1)
	j.position = position
	j.note(&step.Record)
	return nil
}

// fail counts an event that could not be judged. One whose session is gone is no failure: whoever made it counts it.
func (j *judge) fail(err error) {
	if !errors.Is(err, engine.ErrUntold) {
		j.failed.Add(1)
	}
}

// note tells mitigation, and who looks for journeys, of a record, in the log's order. What goes wrong there is not the event's failure.
func (j *judge) note(r *event.Record) {
	defer func() {
		if recover() != nil {
			j.unnoted.Add(1)
		}
	}()
	if index := j.journeys.Load(); index != nil {
		index.Note(r)
	}
	if plan := j.plan.Load().measures.Plan; plan != nil {
		plan.Note(r)
	}
}

// ready waits until the state is back; false when ctx ends before that.
func (j *judge) ready(ctx context.Context) bool {
	select {
	case <-j.waiting: // as nearly always: a wait for two things costs more
		return true
	default:
	}
	select {
	case <-j.waiting:
		return true
	case <-ctx.Done():
		return false
	}
}

// commit judges the event and stores what follows. The caller holds the lock; the step is good until the next event.
func (j *judge) commit(ctx context.Context, e *event.Event) (*engine.Step, error) {
	return j.turn.Observe(ctx, j.state, j.plan.Load().engine, e)
}

// freeze marks the state, and what is known of journeys (nil where nobody asks for them), for a snapshot and says at which position of
// the log both stand.
func (j *judge) freeze(m *state.Memory) (at stream.Position, known *journey.Snapshot, frozen bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.restored || !m.Freeze() {
		return 0, nil, false
	}
	if index := j.journeys.Load(); index != nil {
		known = index.Freeze()
	}
	return j.position, known, true
}

// restore folds one record of the log into a state that is not open yet, without judging it anew.
func (j *judge) restore(ctx context.Context, store state.Store, record *event.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.turn.Restore(ctx, store, j.plan.Load().engine, record)
}

// recall notes a record of the log among the journeys. What goes wrong there does not keep the state from being restored.
func (j *judge) recall(record *event.Record) {
	defer func() {
		if recover() != nil {
			j.unnoted.Add(1)
		}
	}()
	if index := j.journeys.Load(); index != nil {
		index.Note(record)
	}
}

// cloneSession is a session that outlives the turn it was worked out in.
func cloneSession(s *event.Session) event.Session {
	c := *s
	c.ID, c.Journey, c.Person, c.Actor = event.ID(strings.Clone(string(s.ID))), event.ID(strings.Clone(string(s.Journey))),
		event.ID(strings.Clone(string(s.Person))), event.ID(strings.Clone(string(s.Actor)))
	c.Absorbed = event.ID(strings.Clone(string(s.Absorbed)))
	c.Labels = slices.Clone(s.Labels)
	for i := range c.Labels {
		c.Labels[i] = strings.Clone(c.Labels[i])
	}
	c.Join.Detail = strings.Clone(s.Join.Detail)
	c.Link.Because = slices.Clone(s.Link.Because)
	for i := range c.Link.Because {
		c.Link.Because[i].Value = strings.Clone(c.Link.Because[i].Value)
	}
	return c
}

// cloneVerdict is a verdict that outlives the turn it was given in. Most have little that needs a copy.
func cloneVerdict(v *event.Verdict) event.Verdict {
	c := *v
	c.Labels, c.EntityLabels = slices.Clone(v.Labels), slices.Clone(v.EntityLabels)
	c.Tipped, c.Actions, c.Errors = slices.Clone(v.Tipped), slices.Clone(v.Actions), slices.Clone(v.Errors)
	for i := range c.Labels {
		c.Labels[i].Because = slices.Clone(c.Labels[i].Because)
		for k := range c.Labels[i].Because {
			c.Labels[i].Because[k].Value = strings.Clone(c.Labels[i].Because[k].Value)
		}
		c.Labels[i].Sentence = strings.Clone(c.Labels[i].Sentence)
	}
	for i := range c.EntityLabels {
		c.EntityLabels[i].Value = strings.Clone(c.EntityLabels[i].Value)
	}
	return c
}
