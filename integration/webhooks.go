package integration

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/event"
	"wayguard/walls"
)

// Queue gives the messages whose time has come, the longest due first.
type Queue interface {
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]event.Delivery, error)
}

// Ledger keeps what became of a message. Marking one that has ended already must change nothing and be no error.
type Ledger interface {
	MarkDelivered(ctx context.Context, id event.ID, at time.Time) error
	// MarkFailed counts an attempt and puts the message back until due.
	MarkFailed(ctx context.Context, id event.ID, reason string, due time.Time) error
	// MarkDead counts an attempt and gives the message up.
	MarkDead(ctx context.Context, id event.ID, reason string, at time.Time) error
}

// Outbox keeps messages until they are delivered or given up, through crashes.
type Outbox interface {
	Queue
	Ledger
}

// Webhooks sends the outbox's messages, plain webhooks and those of notifiers alike. Each action of plain webhooks has a lane, so that a
// receiver that hangs or fails holds up its own messages only.
type Webhooks struct {
	config  Config
	outbox  Outbox
	resolve func(action string) (Target, bool)
	now     func() time.Time
	logger  *slog.Logger
	client  *http.Client
	// wake asks for a look at the outbox at once.
	wake chan struct{}

	// ahead is how many more messages are read, because some that were read had to wait; only Run uses it.
	ahead int

	mu sync.Mutex
	// flying are the messages on their way; their parcels are counted in the two rooms, and in their lanes.
	flying           map[event.ID]bool
	plain, decisions room
	lanes            lanes
	// life is how long a message is kept for a receiver that does not answer.
	life time.Duration

	attempts, delivered, failed, dead, unmarked atomic.Int64
}

// New makes a sender. resolve says where an action's messages go, asked anew for each attempt, so that a changed
// configuration counts at once; an action it does not know is tried again later, as one that does not answer.
func New(config Config, outbox Outbox, resolve func(action string) (Target, bool), now func() time.Time,
	logger *slog.Logger) (*Webhooks, error) {
	if err := config.Validate().Err(); err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	w, err := walls.New(config.AllowPrivate)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	calls := config
	calls.Concurrency = max(config.Concurrency, decisionRoom)
	return &Webhooks{config: config, outbox: outbox, resolve: resolve, now: now, logger: logger,
		client: newClient(w, calls), wake: make(chan struct{}, 1), flying: map[event.ID]bool{},
		plain: room{most: config.Concurrency}, decisions: room{most: calls.Concurrency}, lanes: lanes{}, life: lifeOf(config)}, nil
}

// Wake makes Run look at the outbox at once instead of at the next poll. It never blocks.
func (w *Webhooks) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Metrics are counts since the start.
type Metrics struct {
	// Attempts is how often a message was posted: Delivered, Failed (and put back) or Dead (given up), or cut off by a stop.
	Attempts, Delivered, Failed, Dead int64
	// Unmarked counts outcomes the outbox could not keep at the first try.
	Unmarked int64
	// InFlight is how many are on their way now.
	InFlight int64
}

// Metrics tells the counts.
func (w *Webhooks) Metrics() Metrics {
	w.mu.Lock()
	flying := len(w.flying)
	w.mu.Unlock()
	return Metrics{Attempts: w.attempts.Load(), Delivered: w.delivered.Load(), Failed: w.failed.Load(), Dead: w.dead.Load(),
		Unmarked: w.unmarked.Load(), InFlight: int64(flying)}
}

// grace is how long messages on their way may take to end when Run is stopped.
const grace = 3 * time.Second

// Run sends until ctx ends, then waits for what is on its way, a few seconds at most. What it had to cut off stays in the
// outbox and is sent again at the next start.
func (w *Webhooks) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var group sync.WaitGroup
	defer func() {
		stop := time.AfterFunc(grace, cut)
		group.Wait()
		stop.Stop()
		w.client.CloseIdleConnections()
	}()
	poll := time.NewTicker(w.config.Poll)
	defer poll.Stop()
	for failing := false; ctx.Err() == nil; {
		due, err := w.due(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			w.logger.Error("outbox cannot be read; messages wait", "error", err)
		}
		failing = err != nil
		for _, p := range due {
			group.Go(func() { w.deliver(ctx, sending, p) })
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-w.wake:
		}
	}
}

// deliver makes one attempt and keeps its outcome. ctx ends when Run is stopped, sending when its grace is over.
func (w *Webhooks) deliver(ctx, sending context.Context, p parcel) {
	defer w.landed(p)
	if p.stale {
		w.settle(ctx, p.members[0], outcome{reason: "the receiver has not answered for as long as messages are kept", final: true})
		return
	}
	w.attempts.Add(1)
	o := w.attempt(sending, p)
	if o.reason != "" && sending.Err() != nil {
		return // cut off by the stop, which is not the receiver's failure
	}
	w.note(p, o)
	if n := p.target.Notifier; n != nil {
		n.tally.note(p.members, o, func(d event.Delivery) bool { return o.final || d.Attempts+1 >= w.config.Attempts }, w.now())
	}
	for _, d := range p.members {
		w.settle(ctx, d, o)
	}
}

// settle keeps what became of a message.
func (w *Webhooks) settle(ctx context.Context, d event.Delivery, o outcome) {
	number := d.Attempts + 1
	log := w.logger.With("action", d.Action, "delivery", string(d.ID), "attempt", number)
	switch {
	case o.reason == "":
		w.delivered.Add(1)
		w.keep(ctx, log, func(ctx context.Context) error { return w.outbox.MarkDelivered(ctx, d.ID, w.now()) })
	case o.final || number >= w.config.Attempts:
		w.dead.Add(1)
		log.Error("message given up", "reason", o.reason)
		w.keep(ctx, log, func(ctx context.Context) error { return w.outbox.MarkDead(ctx, d.ID, o.reason, w.now()) })
	default:
		w.failed.Add(1)
		due := w.now().Add(w.delay(number, o.after))
		log.Warn("message failed and is tried again", "reason", o.reason, "due", due)
		w.keep(ctx, log, func(ctx context.Context) error { return w.outbox.MarkFailed(ctx, d.ID, o.reason, due) })
	}
}

// note tells a lane how its receiver fares. One that refuses a message for good is there.
func (w *Webhooks) note(p parcel, o outcome) {
	if p.lane == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	p.lane.note(o.reason == "" || o.final, w.now(), func(number int) time.Duration { return w.delay(number, o.after) })
}

func (w *Webhooks) landed(p parcel) {
	if n := p.target.Notifier; n != nil {
		n.tally.land()
	}
	w.mu.Lock()
	r := w.roomOf(p.action())
	r.aloft--
	if p.lane != nil {
		p.lane.aloft--
		p.lane.stale = p.lane.stale || p.stale // there may be more, which could not be seen while it was on its way
	}
	if p.trial {
		r.trials--
	}
	for _, d := range p.members {
		delete(w.flying, d.ID)
	}
	w.mu.Unlock()
	w.Wake() // there may be more
}

// The limits of keeping an outcome.
const (
	keepTimeout   = 10 * time.Second
	keepFirstWait = 50 * time.Millisecond
	keepLastWait  = 5 * time.Second
)

// keep writes an outcome down, again and again while the outbox refuses, because a message that was sent and is not marked
// would be sent again. It gives up only when Run is stopped.
func (w *Webhooks) keep(ctx context.Context, log *slog.Logger, mark func(ctx context.Context) error) {
	for wait := keepFirstWait; ; wait = min(2*wait, keepLastWait) {
		marking, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
		err := mark(marking)
		cancel()
		if err == nil {
			return
		}
		w.unmarked.Add(1)
		log.Error("outcome of a message could not be kept", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// delay is the pause after a failed attempt, by its number from 1: the first delay doubled each time, or what the receiver
// asked for when that is longer, never above the longest, a fifth more or less by chance.
func (w *Webhooks) delay(number int, asked time.Duration) time.Duration {
	delay := w.config.FirstDelay
	for i := 1; i < number && delay < w.config.LongestDelay; i++ {
		delay *= 2
	}
	delay = min(max(delay, asked), w.config.LongestDelay)
	spread := delay / 5
	return delay - spread + rand.N(2*spread+1)
}
