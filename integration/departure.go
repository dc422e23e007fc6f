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

// Fair is an outbox that can be read action by action: at most each of any one, and none of those excepted. From one that cannot, what is
// longest due is read, whoever it is for: a great many messages for one receiver then stand before those for another.
type Fair interface {
	DueByAction(ctx context.Context, now time.Time, each int, except []string) ([]event.Delivery, error)
}

// parcel is what goes out as one message: one delivery, or those that a digest stands for.
type parcel struct {
	target  Target
	known   bool
	members []event.Delivery
	// lane is that of a plain webhook, nil for others; trial says that it was sent to see whether its receiver answers again, stale that it
	// is not sent but given up.
	lane         *lane
	trial, stale bool
}

func (p parcel) action() string { return p.members[0].Action }

// The reading of the outbox when messages at its front must wait: how many more are read, so that those behind them go on, and how many a
// digest stands for at most. crowded is how long messages wait that fill all that was read.
const (
	readAhead  = 256
	maxDigest  = 200
	crowdPause = time.Second
)

// departures is one look at the outbox.
type departures struct {
	w   *Webhooks
	now time.Time
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
	flying, full, closed := maps.Clone(w.flying), w.plain.full() && w.decisions.full(), w.closed(w.now())
	w.mu.Unlock()
	if full {
		return nil, nil
	}
	list, more, err := w.read(ctx, len(flying), closed)
	if err != nil {
		return nil, err
	}
	l := &departures{w: w, now: w.now(), full: more, held: map[event.ID]time.Time{}}
	w.mu.Lock()
	l.choose(list, flying)
	for _, p := range l.parcels {
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

// read reads what is due but for the lanes that are closed, and says whether there may be more that is not for one of them.
func (w *Webhooks) read(ctx context.Context, flying int, closed []string) (list []event.Delivery, more bool, err error) {
	if fair, ok := w.outbox.(Fair); ok {
		// Those on their way are still due for the outbox, and there are as many for each lane at most as it lets through.
		list, err = fair.DueByAction(ctx, w.now(), 2*max(w.plain.each(), w.decisions.each())+w.ahead, closed)
		return list, false, err
	}
	limit := w.plain.most + w.decisions.most + flying + w.ahead
	list, err = w.outbox.DueDeliveries(ctx, w.now(), limit)
	return list, len(list) >= limit, err
}

// choose sorts what is due by whom it goes to, in the order in which it came.
func (l *departures) choose(list []event.Delivery, flying map[event.ID]bool) {
	notifiers := map[*Notifier][]event.Delivery{}
	var order []*Notifier
	for _, d := range list {
		if flying[d.ID] {
			continue
		}
		target, known := l.w.resolve(d.Action)
		if n := target.Notifier; known && n != nil {
			if notifiers[n] == nil {
				order = append(order, n)
			}
			notifiers[n] = append(notifiers[n], d)
			continue
		}
		l.single(parcel{target: target, known: known, members: []event.Delivery{d}})
	}
	for _, n := range order {
		l.lane(n, notifiers[n])
	}
}

// single decides about a plain webhook: it goes when its lane lets it through, and is given up when its receiver has not answered for as
// long as messages are kept. Where those of one lane fill all that was read, they are put back a little, so that the others' turn comes.
func (l *departures) single(p parcel) {
	d := p.members[0]
	room := l.w.roomOf(p.action())
	p.lane = l.w.lanes.of(d.Action)
	p.stale = p.lane.failing() && l.now.Sub(d.Created) > l.w.life
	if p.stale || p.lane.open(l.now, room) {
		l.send(p)
	} else if l.full {
		l.held[d.ID] = l.now.Add(crowdPause)
	}
}

// send takes a parcel if there is room for it.
func (l *departures) send(p parcel) bool {
	room := l.w.roomOf(p.action())
	if room.full() {
		return false
	}
	room.aloft++
	if p.lane != nil {
		p.lane.aloft++
		if p.trial = p.lane.failing() && !p.stale; p.trial {
			room.trials++
		}
	}
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
