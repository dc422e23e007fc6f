package integration

import (
	"context"
	"maps"
	"time"

	"wayguard/event"
)

// Postponer is an outbox that can put a message back without counting an attempt. An outbox that cannot keeps messages that must
// wait in its front, where they are read again and again.
type Postponer interface {
	Postpone(ctx context.Context, id event.ID, due time.Time) error
}

// parcel is what goes out as one message: one delivery, or those that a digest stands for.
type parcel struct {
	target  Target
	known   bool
	members []event.Delivery
}

// The reading of the outbox when messages at its front must wait: how many more are read, so that those behind them go on, and how many a
// digest stands for at most. crowded is how long messages wait that fill all that was read.
const (
	readAhead  = 256
	maxDigest  = 200
	crowdPause = time.Second
)

// departures is one look at the outbox.
type departures struct {
	w    *Webhooks
	now  time.Time
	room int
	// full says that there may be more behind what was read.
	full    bool
	parcels []parcel
	// held are those that must wait, with the time until which they are put back; the zero time leaves them where they are.
	held map[event.ID]time.Time
}

// due takes as many messages as may be sent now, and marks them as flying. Who was flying is asked before the outbox is: a
// message that lands while the outbox is read may still stand in what was read, and would be sent twice.
func (w *Webhooks) due(ctx context.Context) ([]parcel, error) {
	w.mu.Lock()
	flying, aloft := maps.Clone(w.flying), w.aloft
	w.mu.Unlock()
	if aloft >= w.config.Concurrency {
		return nil, nil
	}
	// Those on their way are still due for the outbox, hence the greater limit.
	limit := w.config.Concurrency + len(flying) + w.ahead
	list, err := w.outbox.DueDeliveries(ctx, w.now(), limit)
	if err != nil {
		return nil, err
	}
	l := &departures{w: w, now: w.now(), full: len(list) >= limit, held: map[event.ID]time.Time{}}
	w.mu.Lock()
	l.room = w.config.Concurrency - w.aloft
	l.choose(list, flying)
	for _, p := range l.parcels {
		w.aloft++
		for _, d := range p.members {
			w.flying[d.ID] = true
		}
	}
	w.mu.Unlock()
	if w.ahead = 0; len(l.held) > 0 {
		w.ahead = readAhead
	}
	l.postpone(ctx)
	return l.parcels, nil
}

// choose sorts what is due by whom it goes to, in the order in which it came.
func (l *departures) choose(list []event.Delivery, flying map[event.ID]bool) {
	lanes := map[*Notifier][]event.Delivery{}
	var order []*Notifier
	for _, d := range list {
		if flying[d.ID] {
			continue
		}
		target, known := l.w.resolve(d.Action)
		if n := target.Notifier; known && n != nil {
			if lanes[n] == nil {
				order = append(order, n)
			}
			lanes[n] = append(lanes[n], d)
			continue
		}
		l.send(parcel{target: target, known: known, members: []event.Delivery{d}})
	}
	for _, n := range order {
		l.lane(n, lanes[n])
	}
}

// send takes a parcel if there is room for it.
func (l *departures) send(p parcel) bool {
	if l.room <= 0 {
		return false
	}
	l.room--
	l.parcels = append(l.parcels, p)
	return true
}

// lane decides what of one integration's messages goes now: up to its concurrency; and above its limit as a digest or later.
func (l *departures) lane(n *Notifier, list []event.Delivery) {
	byConcurrency, byLimit, next := n.tally.room(l.now, n.config.Concurrency, n.config.PerMinute)
	limited := n.config.PerMinute > 0
	send := func(members []event.Delivery) bool {
		if byConcurrency <= 0 || !l.send(parcel{target: Target{Notifier: n}, known: true, members: members}) {
			return false
		}
		byConcurrency--
		n.tally.takeOff(l.now, limited)
		return true
	}
	singles := list
	if len(list) > byLimit {
		singles = list[:byLimit]
		if rest := list[len(singles):]; n.digests() && byLimit > 0 {
			singles = list[:byLimit-1]
			rest = list[len(singles):]
			digest := rest[:min(len(rest), maxDigest)]
			if send(digest) {
				l.hold(n, rest[len(digest):], l.now.Add(crowdPause), true)
			} else {
				l.wait(n, rest, byConcurrency <= 0) // for a place, and it is made then
			}
		} else {
			l.hold(n, rest, next, true)
		}
	}
	for i, d := range singles {
		if !send([]event.Delivery{d}) {
			l.wait(n, singles[i:], byConcurrency <= 0)
			return
		}
	}
}

// wait keeps messages for which there is no place now. Where those of one integration fill all that was read, most of them are put
// back a little, so that the others' turn comes.
func (l *departures) wait(n *Notifier, list []event.Delivery, crowded bool) {
	keep := len(list)
	if l.full && crowded {
		keep = min(keep, 4*n.config.Concurrency)
	}
	l.hold(n, list[:keep], time.Time{}, false)
	l.hold(n, list[keep:], l.now.Add(crowdPause), false)
}

// hold keeps messages back.
func (l *departures) hold(n *Notifier, list []event.Delivery, until time.Time, limited bool) {
	for _, d := range list {
		l.held[d.ID] = until
		n.tally.hold(d.ID, limited)
	}
}

// postpone puts back what must wait, so that it does not stand in front of others. What cannot be put back stays.
func (l *departures) postpone(ctx context.Context) {
	outbox, ok := l.w.outbox.(Postponer)
	if !ok {
		return
	}
	for id, until := range l.held {
		if until.After(l.now) {
			if err := outbox.Postpone(ctx, id, until); err != nil {
				return // the next look does it
			}
		}
	}
}
